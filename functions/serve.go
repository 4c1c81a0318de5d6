package functions

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Map serves each handler at /<name>. GET / answers 200, for health checks; any
// other path answers 404 with the names that exist.
type Map map[string]http.Handler

func (m Map) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.Trim(r.URL.Path, "/")
	if h, ok := m[name]; ok && name != "" {
		h.ServeHTTP(w, r)
		return
	}
	if name == "" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		answer(w, http.StatusOK)
		return
	}
	http.Error(w, fmt.Sprintf("no function %q here; there is: %s", name, m.names()), http.StatusNotFound)
}

func (m Map) names() string { return "/" + strings.Join(slices.Sorted(maps.Keys(m)), ", /") }

// check finds what could never be called.
func (m Map) check() error {
	if len(m) == 0 {
		return errors.New("no function to serve")
	}
	for name, h := range m {
		if h == nil || name == "" || strings.Trim(name, "/") != name {
			return fmt.Errorf("function %q: want a handler, and a name that neither begins nor ends with /", name)
		}
	}
	return nil
}

// stopTime is a little more than a push may take.
const stopTime = 20 * time.Second

// Serve serves m until ctx ends or SIGINT or SIGTERM arrives, lets running
// functions end, for 20 s at most, and returns nil. A second signal kills.
//
// Without PORT in the environment it listens on 127.0.0.1:8000. PORT=9000 listens
// on all addresses, as platforms that set PORT expect; PORT=10.0.0.1:9000 on one.
func Serve(ctx context.Context, m Map) error {
	if err := m.check(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address(os.Getenv("PORT")))
	if err != nil {
		return fmt.Errorf("serve functions at PORT: %w", err)
	}
	slog.Info("functions are served", "addr", listener.Addr().String(), "paths", m.names())
	return serve(ctx, listener, m, stopTime)
}

// address is PORT as net.Listen wants it.
func address(port string) string {
	if port = cmp.Or(port, "127.0.0.1:8000"); !strings.Contains(port, ":") {
		return ":" + port
	}
	return port
}

func serve(ctx context.Context, listener net.Listener, h http.Handler, grace time.Duration) error {
	ctx, release := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer release()
	server := &http.Server{
		Handler:           h,
		MaxHeaderBytes:    64 << 10,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve functions: %w", err)
	case <-ctx.Done():
	}
	release() // from here on a signal kills
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := server.Shutdown(limited)
	if err != nil {
		err = fmt.Errorf("stop: functions still ran after %s: %w", grace, errors.Join(err, server.Close()))
	}
	<-ended
	return err
}
