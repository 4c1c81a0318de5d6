package jetcmqtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// Service is a server without a test that owns it: for TestMain, or for what
// many tests share. Tests use it by For.
type Service struct {
	options options
	engine  engine

	mu     sync.Mutex
	at     place
	native map[string]*nats.Conn // by SecretId
}

// engine is how a server runs: in this process or in a container.
type engine interface {
	// start runs the server on what data there is, at the same place as before.
	start(context.Context) (place, error)
	// stop ends it in order. The data stays.
	stop(context.Context) error
	// end removes it and its data, whether it runs or not.
	end(context.Context) error
	// listen opens a port of this machine that the server can reach.
	listen(context.Context) (net.Listener, error)
	// logs is what the server has said, where it does not go to the test's output.
	logs(context.Context) string
}

// place is where a server is, and by what name it reaches this process.
type place struct{ endpoint, nats, reach string }

// stopTimeout is how long a stop may take, unless the server's setting says so.
const stopTimeout = 30 * time.Second

// Open starts a server that runs until Close: in the image that the
// environment variable JETCMQ_TEST_IMAGE names, or else in this process.
func Open(ctx context.Context, opts ...Option) (*Service, error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	return open(ctx, o)
}

func open(ctx context.Context, o options) (*Service, error) {
	s := &Service{options: o, native: map[string]*nats.Conn{}}
	if o.image == "" {
		s.engine = &inProcess{options: o}
	} else {
		s.engine = &inContainer{options: o}
	}
	var err error
	if s.at, err = s.engine.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start jetcmq: %w", err), s.engine.end(context.WithoutCancel(ctx)))
	}
	return s, nil
}

// Endpoint is what CMQ clients put into their SDK, such as http://127.0.0.1:40123.
// It stays the same through Stop and Restart.
func (s *Service) Endpoint() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at.endpoint
}

// NATSURL is where NATS programs find the same data. The first credentials are
// in it.
func (s *Service) NATSURL() string { return s.natsURL(s.options.first()) }

func (s *Service) natsURL(who Credentials) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.options.natsHere != "" {
		return s.options.natsHere // its users are its own
	}
	return withUser(s.at.nats, who)
}

func withUser(address string, who Credentials) string {
	u, err := url.Parse(address)
	if err != nil || who.SecretID == "" {
		return address
	}
	u.User = url.UserPassword(who.SecretID, who.SecretKey)
	return u.String()
}

// Credentials are the callers the server lets in; none means anybody.
func (s *Service) Credentials() []Credentials { return s.options.credentials }

// Client calls the server as its first credentials.
func (s *Service) Client() *Client {
	return &Client{Endpoint: s.Endpoint(), Credentials: s.options.first()}
}

// Listen opens a port of this machine that the server can reach, for a web
// server that pushes go to.
func (s *Service) Listen(ctx context.Context) (net.Listener, error) { return s.engine.listen(ctx) }

// PushURL is the endpoint for a subscription whose web server listens at addr,
// which Listen gave: the URL under which the server reaches it.
func (s *Service) PushURL(addr net.Addr, path string) string {
	_, port, _ := net.SplitHostPort(addr.String())
	s.mu.Lock()
	defer s.mu.Unlock()
	return "http://" + net.JoinHostPort(s.at.reach, port) + path
}

// Stop ends the server in order; its data stays for Restart.
func (s *Service) Stop(ctx context.Context) error { return s.engine.stop(ctx) }

// Restart stops the server if it runs and starts it on the same data, at the
// same addresses.
func (s *Service) Restart(ctx context.Context) error {
	if err := s.engine.stop(ctx); err != nil {
		return err
	}
	at, err := s.engine.start(ctx)
	if err != nil {
		return fmt.Errorf("start jetcmq again: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = at
	return nil
}

// Close ends the server and removes its data.
func (s *Service) Close() error {
	s.mu.Lock()
	for _, c := range s.native {
		c.Close()
	}
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return s.engine.end(ctx)
}

// connect gives this process's connection to NATS as that caller.
func (s *Service) connect(who Credentials) (*nats.Conn, error) {
	address := s.natsURL(who)
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.native[who.SecretID]; c != nil {
		return c, nil
	}
	c, err := nats.Connect(address, nats.Name("jetcmqtest"), nats.MaxReconnects(-1),
		nats.ReconnectWait(20*time.Millisecond), nats.ReconnectJitter(0, 0))
	if err != nil {
		return nil, fmt.Errorf("enter NATS: %w", err)
	}
	s.native[who.SecretID] = c
	return c, nil
}
