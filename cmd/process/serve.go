package process

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/jetcmq/jetcmq/adapter"
)

// Run serves until ctx ends, then stops gracefully: waiting receives are
// answered, pushes under way finish or are handed back, and what was
// acknowledged is kept. It calls ready once, when calls are taken.
//
// It listens before it opens the engine, so that a probe can tell a start that
// takes long from a process that hangs.
func Run(ctx context.Context, c Config, log *slog.Logger, ready func(Place)) error {
	f := newFront()
	server := adapter.NewServer(f.handler(), log)
	listeners, err := listen(c, server)
	if err != nil {
		return err
	}
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { failed <- serve(c, server, l) }()
	}
	e, err := open(ctx, c, log)
	if err != nil {
		if ctx.Err() != nil {
			err = nil // stopped while it waited for NATS
		}
		return errors.Join(err, server.Close())
	}
	server.RegisterOnShutdown(e.endPolls)
	f.open(e, e.adapter(c, log))
	first := listeners[0].Addr()
	ready(Place{Endpoint: c.endpoint(first), Addr: first, NATS: e.url, Data: e.data})
	broken := make(chan error, 1)
	watching, enough := context.WithCancel(ctx)
	defer enough()
	go func() { broken <- e.broken(watching, c, usual, log) }()
	select {
	case err = <-failed:
	case err = <-broken: // or ctx ended
	}
	log.Info("stopping", "within", c.StopTimeout)
	f.close()
	return errors.Join(err, stop(server, e, c, log))
}

// listen opens the addresses and, with TLS, reads the certificate.
func listen(c Config, server *http.Server) (all []net.Listener, err error) {
	if c.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("JETCMQ_TLS_CERT and JETCMQ_TLS_KEY: %w", err)
		}
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	for _, addr := range c.addrs() {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			for _, l := range all {
				l.Close()
			}
			return nil, fmt.Errorf("JETCMQ_ADDR=%s: %w", c.Addr, err)
		}
		all = append(all, l)
	}
	return all, nil
}

func serve(c Config, server *http.Server, l net.Listener) (err error) {
	if c.TLSCert != "" {
		err = server.ServeTLS(l, "", "")
	} else {
		err = server.Serve(l)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve HTTP: %w", err)
}

// stop lets the calls under way finish, waiting polls at once, then closes the
// engine below them. What is not done in time is left as a crash would leave
// it: nothing acknowledged is lost. Clients that dawdle get a quarter of the
// time at most, so that the engine has enough to stop in order.
func stop(server *http.Server, e *engine, c Config, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(context.Background(), c.StopTimeout)
	defer cancel()
	brief, done := context.WithTimeout(ctx, c.StopTimeout/4)
	defer done()
	if err := server.Shutdown(brief); err != nil {
		log.Warn("calls are cut short by the stop", "after", c.StopTimeout/4)
		server.Close()
	}
	return e.close(ctx)
}
