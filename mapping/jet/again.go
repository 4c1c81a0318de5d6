package jet

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// hedge is how long an answer may take before the question is put once
	// more: it may have gone to a server that died.
	hedge     = 600 * time.Millisecond
	maxHedges = 3 // under way at once
	// pauseAgain is between two questions that were answered by "no leader".
	pauseAgain = 30 * time.Millisecond
)

// ErrUnsettled tells that the servers of a cluster do not agree yet on what
// exists.
var ErrUnsettled = errors.New("the servers of the cluster do not agree yet")

// LookUp finds a stream. That there is none is believed only when it is said
// twice: of one that was just made some servers of a cluster hear a moment later.
func (c *Conn) LookUp(ctx context.Context, name string) (jetstream.Stream, error) {
	s, err := c.JS.Stream(ctx, name)
	if !errors.Is(err, jetstream.ErrStreamNotFound) || !c.clustered() || Pause(ctx, unsettled) != nil {
		return s, err
	}
	return c.JS.Stream(ctx, name)
}

const unsettled = 100 * time.Millisecond

// Again calls f, which only reads or may be repeated, until it succeeds, fails
// for a reason other than a lost answer or the lack of a leader, or ctx ends.
// Where an answer is late f is called again beside the first call, and the first
// answer counts; the other calls end with the context they were given.
func Again[T any](ctx context.Context, f func(context.Context) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan answer, maxHedges)
	running := 0
	begin := func() {
		running++
		go func() {
			value, err := f(within)
			answers <- answer{value, err}
		}()
	}
	begin()
	late := time.NewTicker(hedge)
	defer late.Stop()
	for {
		select {
		case a := <-answers:
			running--
			if a.err == nil || !Lost(a.err) || ctx.Err() != nil {
				return a.value, a.err
			}
			if Pause(ctx, pauseAgain) != nil {
				return a.value, a.err
			}
			if running == 0 {
				begin()
			}
		case <-late.C:
			if running < maxHedges {
				begin()
			}
		}
	}
}
