package functions

import (
	"container/list"
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
)

// Once answers 200 without calling the function if the message is among the last
// n that succeeded or were dropped. A message is told by endpoint, topic,
// subscription and id. SIMPLIFIED does not name topic and subscription: give
// each subscription an endpoint of its own there, by path or query. Without an id,
// as from curl, every push runs.
//
// A duplicate that arrives while the first still runs waits for it, and runs if
// the first fails.
func Once(n int) Option {
	return func(h *handler) {
		if h.once = nil; n > 0 {
			h.once = &once{size: n, running: map[key]chan struct{}{}, seen: map[key]*list.Element{}, order: list.New()}
		}
	}
}

// key is a digest, so that what is remembered has a size that no caller chooses.
type key [sha256.Size]byte

func keyOf(uri string, m Message) key {
	return sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q", uri, m.Topic, m.Subscription, m.ID))
}

// once remembers what succeeded, and lets one at a time run.
type once struct {
	size int

	mu      sync.Mutex
	running map[key]chan struct{} // closed when the run ends
	seen    map[key]*list.Element
	order   *list.List // of key, the latest first
}

// do calls f unless k succeeded before, and tells whether k has succeeded now.
// While another runs k it waits, until ctx ends.
func (o *once) do(ctx context.Context, k key, f func() bool) (done bool) {
	for {
		other, seen := o.claim(k)
		if seen {
			return true
		}
		if other == nil {
			break
		}
		select {
		case <-other:
		case <-ctx.Done():
			return false
		}
	}
	defer func() { o.end(k, done) }() // also if f ends the goroutine
	return f()
}

// claim makes the caller the one who runs k, unless it succeeded or another runs it.
func (o *once) claim(k key) (other <-chan struct{}, seen bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if e, ok := o.seen[k]; ok {
		o.order.MoveToFront(e)
		return nil, true
	}
	if end, ok := o.running[k]; ok {
		return end, false
	}
	o.running[k] = make(chan struct{})
	return nil, false
}

func (o *once) end(k key, done bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.running[k])
	delete(o.running, k)
	if !done {
		return
	}
	o.seen[k] = o.order.PushFront(k)
	if o.order.Len() > o.size {
		delete(o.seen, o.order.Remove(o.order.Back()).(key))
	}
}
