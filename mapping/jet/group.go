package jet

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Group publishes to one stream. What must be stored together, and at level
// power everything, goes through atomic batches: whatever comes while one
// batch is under way makes up the next, so concurrent senders share the batch's
// fixed cost (a file made and removed, about 2 ms) and, at level power, its
// one fsync.
type Group struct {
	c *Conn

	mu      sync.Mutex
	waiting []*entry
	running bool
	arrived chan struct{} // has room for one; tells the run that entries came
}

// entry is what one sender wants stored together.
type entry struct {
	ctx    context.Context
	ms     []*nats.Msg
	first  uint64 // sequence of its first message
	result chan error
}

const (
	maxGroup = 1000 // JetStream's limit for an atomic batch
	// gather is how long a batch waits for senders it may expect. Those whose
	// batch has just ended come back within it; without it they would find the
	// next one gone with the few who came first.
	gather = time.Millisecond
)

// NewGroup makes the group of a stream.
func (c *Conn) NewGroup() *Group { return &Group{c: c, arrived: make(chan struct{}, 1)} }

// Publish stores ms, all or none, and gives the sequence of the first.
func (g *Group) Publish(ctx context.Context, ms []*nats.Msg) (first uint64, err error) {
	if len(ms) == 1 && g.c.Durability != Power {
		return g.c.Publish(ctx, ms[0])
	}
	e := &entry{ctx: ctx, ms: ms, result: make(chan error, 1)}
	g.mu.Lock()
	g.waiting = append(g.waiting, e)
	start := !g.running
	g.running = true
	g.mu.Unlock()
	if start {
		g.c.done.Go(g.run)
	} else {
		select {
		case g.arrived <- struct{}{}:
		default:
		}
	}
	select {
	case err := <-e.result:
		return e.first, err
	case <-ctx.Done():
		return 0, ctx.Err() // stored or not: the sender learns that it is not known
	}
}

// run commits group after group while there are any.
func (g *Group) run() {
	last, before := 0, 0 // senders in the last two batches
	for {
		g.await(max(last, before))
		batch := g.next()
		if len(batch) == 0 {
			return
		}
		g.commit(batch)
		last, before = len(batch), last
	}
}

// await waits a moment until that many senders wait, as many as may be expected.
func (g *Group) await(expected int) {
	timer := time.NewTimer(gather)
	defer timer.Stop()
	for {
		g.mu.Lock()
		n := len(g.waiting)
		g.mu.Unlock()
		if n >= expected {
			return
		}
		select {
		case <-g.arrived:
		case <-timer.C:
			return
		}
	}
}

// next takes as many waiting entries as make up one batch; an empty result
// ends the run.
func (g *Group) next() []*entry {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, messages := 0, 0
	g.waiting = slices.DeleteFunc(g.waiting, func(e *entry) bool { return e.ctx.Err() != nil }) // told so already
	for n < len(g.waiting) && messages+len(g.waiting[n].ms) <= maxGroup {
		messages += len(g.waiting[n].ms)
		n++
	}
	batch := g.waiting[:n:n]
	g.waiting = g.waiting[n:]
	g.running = n > 0
	return batch
}

// commit stores the batch's entries with one acknowledgement. If JetStream
// refuses them together, each is tried alone, so that nobody fails for
// another's message.
func (g *Group) commit(batch []*entry) {
	err := g.together(batch)
	var refused *jetstream.APIError
	if len(batch) > 1 && errors.As(err, &refused) && !Between(err) {
		for _, e := range batch {
			e.result <- g.together([]*entry{e})
		}
		return
	}
	for _, e := range batch {
		e.result <- err
	}
}

func (g *Group) together(batch []*entry) error {
	var ms []*nats.Msg
	for _, e := range batch {
		ms = append(ms, e.ms...)
	}
	// Of no single sender: one who gives up must not fail the others.
	ctx, cancel := g.c.Within(context.Background())
	defer cancel()
	last, err := g.atomic(ctx, ms)
	if err != nil {
		return err
	}
	next := last - uint64(len(ms)) + 1
	for _, e := range batch {
		e.first = next
		next += uint64(len(e.ms))
	}
	return nil
}

const (
	batchID       = "Nats-Batch-Id"
	batchSequence = "Nats-Batch-Sequence"
	batchCommit   = "Nats-Batch-Commit"
)

var batchHeaders = []string{batchID, batchSequence, batchCommit}

// atomic publishes ms as one atomic batch and gives the last sequence; the
// batch's sequences are consecutive.
func (g *Group) atomic(ctx context.Context, ms []*nats.Msg) (last uint64, err error) {
	if len(ms) == 1 {
		for _, name := range batchHeaders { // of a batch that was refused
			ms[0].Header.Del(name)
		}
		return g.c.Publish(ctx, ms[0])
	}
	id := rand.Text()
	for i, m := range ms {
		if m.Header == nil {
			m.Header = nats.Header{}
		}
		m.Header[batchID] = []string{id}
		m.Header[batchSequence] = []string{strconv.Itoa(i + 1)}
		delete(m.Header, batchCommit)
		if i == len(ms)-1 {
			m.Header[batchCommit] = []string{"1"}
			return g.c.Publish(ctx, m)
		}
		if err := g.c.NC.PublishMsg(m); err != nil {
			return 0, err
		}
	}
	return 0, nil
}
