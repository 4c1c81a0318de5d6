package topics_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
)

// web stands for all HTTP endpoints there are. Nobody is at an address at
// which nothing was put.
type web struct {
	mu  sync.Mutex
	at  map[string]mapping.Deliver
	log map[string][]visit
}

// visit is one push that came.
type visit struct {
	mapping.Push
	at time.Time
}

func newWeb() *web { return &web{at: map[string]mapping.Deliver{}, log: map[string][]visit{}} }

// put answers what is pushed to an address with f.
func (w *web) put(url string, f mapping.Deliver) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at[url] = f
}

func (w *web) deliver(ctx context.Context, p mapping.Push) error {
	w.mu.Lock()
	w.log[p.Endpoint] = append(w.log[p.Endpoint], visit{p, time.Now()})
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
	got := map[string]int{}
	for _, v := range w.visits(url) {
		got[v.Body]++
	}
	return got
}

func (w *web) count(url string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.log[url])
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
