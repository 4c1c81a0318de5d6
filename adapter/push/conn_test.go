package push_test

import (
	"bufio"
	"context"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/adapter/push"
)

// counted is an endpoint that tells how many connections it had, and has now.
func counted(t testing.TB, h http.HandlerFunc) (endpoint string, had, has *atomic.Int64) {
	t.Helper()
	had, has = new(atomic.Int64), new(atomic.Int64)
	s := httptest.NewUnstartedServer(h)
	s.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		switch s {
		case http.StateNew:
			had.Add(1)
			has.Add(1)
		case http.StateClosed:
			has.Add(-1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s.URL, had, has
}

// TestKeepAlive pushes over one connection, whatever the answers are like.
func TestKeepAlive(t *testing.T) {
	t.Parallel()
	number := new(atomic.Int64)
	endpoint, had, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch number.Add(1) % 4 {
		case 0:
			w.WriteHeader(http.StatusNoContent)
		case 1:
			_, _ = io.WriteString(w, strings.Repeat("x", 60<<10))
		case 2:
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, "no")
		}
	})
	p := local(t, 0)
	for range 100 {
		_ = p.Deliver(t.Context(), message(endpoint)) // every fourth fails
	}
	if got := had.Load(); got != 1 || number.Load() != 100 {
		t.Errorf("got %d connections for %d pushes, want 1 for 100", got, number.Load())
	}
}

func TestConnsPerHost(t *testing.T) {
	t.Parallel()
	const limit, pushes = 3, 12
	arrived, release := make(chan struct{}, pushes), make(chan struct{})
	endpoint, had, _ := counted(t, func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-release
	})
	p := newPusher(t, push.Config{Loopback: true, ConnsPerHost: limit})
	var all sync.WaitGroup
	for range pushes {
		all.Go(func() { want(t, p, endpoint, "") })
	}
	for range limit {
		<-arrived
	}
	// None of the others gets through while the first ones last.
	select {
	case <-arrived:
		t.Errorf("more than %d pushes at once", limit)
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	all.Wait()
	if got := had.Load(); got != limit {
		t.Errorf("got %d connections, want %d", got, limit)
	}
}

// TestDeadConnection keeps a connection that dies before the next push, or
// while it is sent: neither is the fault of that push.
func TestDeadConnection(t *testing.T) {
	t.Parallel()
	for what, end := range map[string]func(c net.Conn, r *bufio.Reader){
		"closed at once":          func(net.Conn, *bufio.Reader) {},
		"closed at the next push": func(_ net.Conn, r *bufio.Reader) { _, _ = r.ReadByte() },
		"closed after the next":   func(_ net.Conn, r *bufio.Reader) { hear(r) },
		"reset at once":           func(c net.Conn, _ *bufio.Reader) { _ = c.(*net.TCPConn).SetLinger(0) },
		"reset after the next": func(c net.Conn, r *bufio.Reader) {
			hear(r)
			_ = c.(*net.TCPConn).SetLinger(0)
		},
	} {
		endpoint := conversation(t, func(number int, c net.Conn, r *bufio.Reader) {
			hear(r)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			end(c, r)
		})
		p := local(t, 0)
		for range 10 {
			wantText(t, what, p.Deliver(t.Context(), message(endpoint)), "")
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	var got atomic.Int64
	endpoint := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil && len(body) > 100 {
			got.Add(1)
		}
	})
	p := local(t, 0)
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			for range 20 {
				want(t, p, endpoint, "")
			}
		})
	}
	all.Wait()
	if got.Load() != 640 {
		t.Errorf("got %d pushes, want 640", got.Load())
	}
}

// TestClose is not parallel, because it looks at the goroutines of all tests.
func TestClose(t *testing.T) {
	endpoint, _, has := counted(t, func(http.ResponseWriter, *http.Request) {})
	p := local(t, 0)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { want(t, p, endpoint, "") })
	}
	all.Wait()
	// A dial that nobody waits for any more.
	stuck := newPusher(t, push.Config{Loopback: true, Timeout: time.Hour, Resolver: unanswered(t)})
	caller, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := stuck.Deliver(caller, message("http://silent.example")); err == nil {
		t.Error("got none, want an error")
	}
	stuck.Close()
	p.Close()
	p.Close() // may be said twice
	until(t, "the end of all connections", func() bool { return has.Load() == 0 })
	until(t, "the end of all goroutines", func() bool {
		var stacks strings.Builder
		_ = pprof.Lookup("goroutine").WriteTo(&stacks, 2)
		return !strings.Contains(stacks.String(), "http.(*persistConn)") && !strings.Contains(stacks.String(), "http.(*Transport)")
	})
}

func TestTLS(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Proto != "HTTP/1.1" || r.TLS == nil || r.TLS.NegotiatedProtocol != "" {
			t.Errorf("got %s and protocol %q, want HTTP/1.1 and none", r.Proto, r.TLS.NegotiatedProtocol)
		}
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	trusting := x509.NewCertPool()
	trusting.AddCert(s.Certificate())
	p := newPusher(t, push.Config{Loopback: true, RootCAs: trusting, Resolver: names(t, map[string]func(int64) string{
		"example.com": always("127.0.0.1"), "other.test": always("127.0.0.1"),
	})})
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	want(t, p, s.URL, "")
	want(t, p, "https://example.com:"+port, "")
	want(t, p, "https://other.test:"+port, "certificate is for another host")
	want(t, p, "http://127.0.0.1:"+port, "endpoint answered 400")
	want(t, local(t, 0), s.URL, "certificate is signed by an unknown authority")
	plain := serve(t, func(http.ResponseWriter, *http.Request) {})
	want(t, p, strings.Replace(plain, "http:", "https:", 1), "endpoint does not speak TLS")
}

// TestSilentTLS never ends its handshake.
func TestSilentTLS(t *testing.T) {
	t.Parallel()
	endpoint := conversation(t, func(_ int, _ net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) })
	want(t, local(t, 50*time.Millisecond), strings.Replace(endpoint, "http:", "https:", 1), "not within 50ms")
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}
