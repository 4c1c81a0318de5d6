package jetcmqtest

import (
	"context"
	"net"
	"os"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
)

// Server is a server as one test uses it. What goes wrong ends the test, so
// that methods need no error: call them from the test's own goroutine. Client
// and Native are for other goroutines.
type Server struct {
	service *Service
	t       testing.TB
	who     Credentials
}

// Start runs a server for a test and ends it, with its data, when the test
// ends. It runs in this process, which takes some milliseconds, or in the image
// that the environment variable JETCMQ_TEST_IMAGE names. If that cannot be
// because Docker is not there, the test is skipped, but on CI it fails.
func Start(t testing.TB, opts ...Option) *Server {
	t.Helper()
	o, err := newOptions(opts)
	if err != nil {
		t.Fatal(err)
	}
	if o.image != "" {
		needDocker(t)
	}
	o.dir, o.log = t.TempDir(), t.Output()
	service, err := open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if logs := service.engine.logs(context.Background()); t.Failed() && logs != "" {
			t.Logf("the server's log:\n%s", logs)
		}
		if err := service.Close(); err != nil {
			t.Errorf("end jetcmq: %v", err)
		}
	})
	return service.For(t)
}

// docker tells once why there is none.
var docker = sync.OnceValue(func() error {
	p, err := testcontainers.NewDockerProvider(testcontainers.WithLogger(log.NewNoopLogger()))
	if err != nil {
		return err
	}
	return p.Health(context.Background())
})

func needDocker(t testing.TB) {
	t.Helper()
	err := docker()
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatalf("Docker cannot be reached: %v", err)
	}
	if err != nil {
		t.Skipf("Docker cannot be reached: %v", err)
	}
}

// For lets a test use a server that it did not start.
func (s *Service) For(t testing.TB) *Server {
	return &Server{service: s, t: t, who: s.options.first()}
}

// For is the same server for another test, such as a subtest.
func (s *Server) For(t testing.TB) *Server { return &Server{s.service, t, s.who} }

// As is the same server for another of its callers.
func (s *Server) As(secretID string) *Server {
	s.t.Helper()
	who, known := s.service.options.caller(secretID)
	if !known {
		s.t.Fatalf("WithCredentials did not name %s", secretID)
	}
	return &Server{s.service, s.t, who}
}

// Endpoint is what CMQ clients put into their SDK, such as http://127.0.0.1:40123.
// It stays the same through Stop and Restart.
func (s *Server) Endpoint() string { return s.service.Endpoint() }

// Credentials are whom the calls are from; zero where anybody may call.
func (s *Server) Credentials() Credentials { return s.who }

// NATSURL is where NATS programs find the same data, credentials included.
func (s *Server) NATSURL() string { return s.service.natsURL(s.who) }

// Client calls the server as the same caller, and returns errors.
func (s *Server) Client() *Client {
	return &Client{Endpoint: s.Endpoint(), Credentials: s.who}
}

// Native is a connection of a NATS program of the same account. It finds the
// server again after a restart, and is closed with it.
func (s *Server) Native() *nats.Conn {
	s.t.Helper()
	c, err := s.service.connect(s.who)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// Listen opens a port of this machine that the server can reach, for a web
// server of your own that pushes go to; PushURL tells its URL. Subscriber does
// both.
func (s *Server) Listen() net.Listener {
	s.t.Helper()
	l, err := s.service.Listen(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { l.Close() })
	return l
}

// PushURL is the endpoint for a subscription whose web server listens at addr,
// the address of what Listen gave.
func (s *Server) PushURL(addr net.Addr, path string) string { return s.service.PushURL(addr, path) }

// Stop ends the server in order; its data stays for Restart.
func (s *Server) Stop() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*stopTimeout)
	defer cancel()
	if err := s.service.Stop(ctx); err != nil {
		s.t.Fatalf("stop jetcmq: %v", err)
	}
}

// Restart stops the server if it runs and starts it on the same data, at the
// same addresses.
func (s *Server) Restart() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*stopTimeout)
	defer cancel()
	if err := s.service.Restart(ctx); err != nil {
		s.t.Fatal(err)
	}
}
