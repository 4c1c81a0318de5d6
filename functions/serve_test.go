package functions

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func fine(context.Context, Message) error { return nil }

func TestMap(t *testing.T) {
	t.Parallel()
	m := Map{"hello": New(fine), "a/b": New(fine), "": New(fine)}
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{"POST", "/hello", 200}, {"POST", "/hello/", 200}, {"POST", "/hello?x=y", 200}, {"POST", "/a/b", 200}, {"GET", "/hello", 405},
		{"GET", "/", 200}, {"HEAD", "/", 200}, {"POST", "/", 404}, {"GET", "/nobody", 404}, {"POST", "/hello/x", 404}, {"POST", "/Hello", 404},
	} {
		w := httptest.NewRecorder()
		m.ServeHTTP(w, httptest.NewRequest(c.method, c.path, strings.NewReader("hi")))
		if w.Code != c.want {
			t.Errorf("%s %s: got %d, want %d", c.method, c.path, w.Code, c.want)
		}
		if c.want == 404 && !strings.Contains(w.Body.String(), "/a/b, /hello") {
			t.Errorf("%s %s: got %q without the names", c.method, c.path, w.Body)
		}
	}
}

func TestServeRefuses(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]Map{
		"no function": nil,
		`function ""`: {"": New(fine)}, `function "/a"`: {"/a": New(fine)}, `function "a/"`: {"a/": New(fine)}, `function "a": want a handler`: {"a": nil},
	} {
		if err := Serve(t.Context(), m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for port, want := range map[string]string{"": "127.0.0.1:8000", "9000": ":9000", "0": ":0", "10.0.0.1:9000": "10.0.0.1:9000", "[::1]:80": "[::1]:80"} {
		if got := address(port); got != want {
			t.Errorf("PORT=%s: got %s, want %s", port, got, want)
		}
	}
}

func TestServePort(t *testing.T) {
	taken := listen(t)
	t.Setenv("PORT", taken.Addr().String())
	if err := Serve(t.Context(), Map{"a": New(fine)}); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("got %v, want a port in use", err)
	}
	t.Setenv("PORT", "127.0.0.1:0")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Serve(ctx, Map{"a": New(fine)}); err != nil {
		t.Errorf("got %v, want an orderly stop", err)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// running serves a function that runs until release is closed, and pushes to it.
type running struct {
	addr           string
	served, pushed chan error
	release        chan struct{}
}

func start(ctx context.Context, t *testing.T, grace time.Duration) running {
	t.Helper()
	l := listen(t)
	r := running{addr: l.Addr().String(), served: make(chan error, 1), pushed: make(chan error, 1), release: make(chan struct{})}
	began := make(chan struct{})
	h := New(func(context.Context, Message) error {
		close(began)
		<-r.release
		return nil
	})
	go func() { r.served <- serve(ctx, l, Map{"slow": h}, grace) }()
	go func() {
		resp, err := http.Post("http://"+r.addr+"/slow", "text/plain", strings.NewReader("hi"))
		if err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
		if err == nil && resp.StatusCode != 200 {
			err = errors.New(resp.Status)
		}
		r.pushed <- err
	}()
	<-began
	return r
}

// waitClosed waits until nobody can connect any more: the stop has begun.
func (r running) waitClosed(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		c, err := net.DialTimeout("tcp", r.addr, time.Second)
		if err != nil {
			return
		}
		c.Close()
	}
	t.Fatal("still listens")
}

// A function that runs when the stop comes is answered for.
func TestServeStopsGracefully(t *testing.T) {
	for name, stop := range map[string]func(cancel func()){
		"context": func(cancel func()) { cancel() },
		"SIGTERM": func(func()) { syscall.Kill(os.Getpid(), syscall.SIGTERM) },
		"SIGINT":  func(func()) { syscall.Kill(os.Getpid(), syscall.SIGINT) },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r := start(ctx, t, time.Minute)
			stop(cancel)
			r.waitClosed(t)
			select {
			case err := <-r.served:
				t.Fatalf("stopped while a function ran: %v", err)
			case err := <-r.pushed:
				t.Fatalf("answered while the function ran: %v", err)
			default:
			}
			close(r.release)
			if err := <-r.pushed; err != nil {
				t.Errorf("push: %v", err)
			}
			if err := <-r.served; err != nil {
				t.Errorf("serve: %v", err)
			}
		})
	}
}

// A function that does not end is cut off when the grace is over.
func TestServeStopsAtLast(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	r := start(ctx, t, time.Millisecond)
	defer close(r.release)
	cancel()
	if err := <-r.served; err == nil || !strings.Contains(err.Error(), "still ran after 1ms") {
		t.Errorf("got %v", err)
	}
	if err := <-r.pushed; err == nil {
		t.Error("the push was answered")
	}
}

func TestServeTellsABrokenListener(t *testing.T) {
	t.Parallel()
	l := listen(t)
	l.Close()
	if err := serve(t.Context(), l, Map{}, 0); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want a closed listener", err)
	}
}
