package topics_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
)

// web stands for all HTTP endpoints there are. Nobody is at an address at
// which nothing was put.
type web struct {
	mu    sync.Mutex
	at    map[string]mapping.Deliver
	log   map[string][]visit
	times map[string]map[string]int // by address and body
}

// visit is one push that came.
type visit struct {
	mapping.Push
	at time.Time
}

func newWeb() *web {
	return &web{at: map[string]mapping.Deliver{}, log: map[string][]visit{}, times: map[string]map[string]int{}}
}

// put answers what is pushed to an address with f.
func (w *web) put(url string, f mapping.Deliver) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at[url] = f
}

func (w *web) deliver(ctx context.Context, p mapping.Push) error {
	w.mu.Lock()
	w.log[p.Endpoint] = append(w.log[p.Endpoint], visit{p, time.Now()})
	if w.times[p.Endpoint] == nil {
		w.times[p.Endpoint] = map[string]int{}
	}
	w.times[p.Endpoint][p.Body]++
	f := w.at[p.Endpoint]
	w.mu.Unlock()
	if f == nil {
		return errors.New("nobody is there")
	}
	return f(ctx, p)
}

// visits are the pushes that came to an address, in their order.
func (w *web) visits(url string) []visit {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]visit(nil), w.log[url]...)
}

// bodies counts how often each body came to an address.
func (w *web) bodies(url string) map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.times[url])
}

// came is how often a body came to an address.
func (w *web) came(url, body string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.times[url][body]
}

func (w *web) count(url string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.log[url])
}

// await waits until a body has come to an address that often.
func (w *web) await(t *testing.T, url, body string, times int) {
	t.Helper()
	eventually(t, func() bool { return w.came(url, body) >= times },
		func() string {
			return fmt.Sprintf("%q came %d times to %s, want %d", body, w.came(url, body), url, times)
		})
}

// awaitAll waits until that many pushes have come to an address.
func (w *web) awaitAll(t *testing.T, url string, n int) {
	t.Helper()
	eventually(t, func() bool { return w.count(url) >= n },
		func() string { return fmt.Sprintf("%d pushes to %s, want %d", w.count(url), url, n) })
}

// Ways to answer.
func takes(context.Context, mapping.Push) error { return nil }

func fails(context.Context, mapping.Push) error { return errors.New("500 Internal Server Error") }

func hangs(ctx context.Context, _ mapping.Push) error {
	<-ctx.Done()
	return ctx.Err()
}

// takesAfter answers well, but late.
func takesAfter(d time.Duration) mapping.Deliver {
	return func(ctx context.Context, _ mapping.Push) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
