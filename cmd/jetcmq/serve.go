package main

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

// run serves until ctx ends, then stops gracefully. It calls ready once.
func run(ctx context.Context, c config, log *slog.Logger, ready func(place)) error {
	e, err := open(ctx, c, log)
	if err != nil {
		return err
	}
	server := adapter.NewServer(e.adapter(c, log), log)
	server.RegisterOnShutdown(e.endPolls)
	listener, err := listen(c, server)
	if err != nil {
		return errors.Join(err, stop(server, e, c))
	}
	failed := make(chan error, 1)
	go func() { failed <- serve(server, listener) }()
	ready(place{addr: listener.Addr(), nats: e.url, data: e.data})
	select {
	case err = <-failed:
	case <-ctx.Done():
		log.Info("stopping", "within", c.StopTimeout)
	}
	return errors.Join(err, stop(server, e, c))
}

// listen opens the address and, with TLS, reads the certificate.
func listen(c config, server *http.Server) (net.Listener, error) {
	if c.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("JETCMQ_TLS_CERT and JETCMQ_TLS_KEY: %w", err)
		}
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	l, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return nil, fmt.Errorf("JETCMQ_ADDR=%s: %w", c.Addr, err)
	}
	return l, nil
}

func serve(server *http.Server, l net.Listener) (err error) {
	if server.TLSConfig != nil {
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
// it: nothing acknowledged is lost.
func stop(server *http.Server, e *engine, c config) error {
	ctx, cancel := context.WithTimeout(context.Background(), c.StopTimeout)
	defer cancel()
	err := server.Shutdown(ctx)
	if err != nil {
		server.Close()
		err = fmt.Errorf("calls are still under way after JETCMQ_STOP_TIMEOUT=%s: %w", c.StopTimeout, err)
	}
	return errors.Join(err, e.close(ctx))
}
