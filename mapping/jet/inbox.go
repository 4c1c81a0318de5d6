package jet

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
)

// inbox is the one subscription over which JetStream acknowledges what is
// published and deleted. Every request owns a token below it.
type inbox struct {
	nc     *nats.Conn
	prefix string

	mu    sync.Mutex
	next  uint64
	calls map[uint64]chan *nats.Msg
}

func openInbox(nc *nats.Conn) (*inbox, error) {
	in := &inbox{nc: nc, prefix: nats.NewInbox() + ".", calls: map[uint64]chan *nats.Msg{}}
	sub, err := nc.Subscribe(in.prefix+"*", in.dispatch)
	if err != nil {
		return nil, err
	}
	// Bounded by what is asked; the library's own limit would drop answers.
	return in, sub.SetPendingLimits(-1, -1)
}

func (in *inbox) dispatch(m *nats.Msg) {
	token, err := strconv.ParseUint(strings.TrimPrefix(m.Subject, in.prefix), 36, 64)
	if err != nil {
		return
	}
	in.mu.Lock()
	answer := in.calls[token]
	delete(in.calls, token)
	in.mu.Unlock()
	if answer != nil {
		answer <- m // room for it: a call has one answer
	}
}

// call is a request under way.
type call struct {
	in     *inbox
	token  uint64
	answer chan *nats.Msg
}

// send sends a request without waiting for its answer.
func (in *inbox) send(m *nats.Msg) (call, error) {
	c := call{in: in, answer: make(chan *nats.Msg, 1)}
	in.mu.Lock()
	in.next++
	c.token = in.next
	in.calls[c.token] = c.answer
	in.mu.Unlock()
	m.Reply = in.prefix + strconv.FormatUint(c.token, 36)
	if err := in.nc.PublishMsg(m); err != nil {
		c.drop()
		return call{}, err
	}
	return c, nil
}

// wait waits for the answer. nats.ErrNoResponders tells that nobody serves the
// subject.
func (c call) wait(ctx context.Context) (*nats.Msg, error) {
	select {
	case a := <-c.answer:
		if a == nil {
			return nil, ErrNotConnected
		}
		if len(a.Data) == 0 && a.Header.Get("Status") == "503" {
			return nil, nats.ErrNoResponders
		}
		return a, nil
	case <-ctx.Done():
		c.drop()
		return nil, ctx.Err()
	}
}

// lost ends all requests under way: their answers went with the connection.
func (in *inbox) lost() {
	in.mu.Lock()
	defer in.mu.Unlock()
	for token, answer := range in.calls {
		answer <- nil
		delete(in.calls, token)
	}
}

func (c call) drop() {
	c.in.mu.Lock()
	delete(c.in.calls, c.token)
	c.in.mu.Unlock()
}

// Request sends m and waits for its one answer.
func (c *Conn) Request(ctx context.Context, m *nats.Msg) (*nats.Msg, error) {
	under, err := c.inbox.send(m)
	if err != nil {
		return nil, err
	}
	return under.wait(ctx)
}
