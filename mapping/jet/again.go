package jet

import (
	"context"
	"time"
)

const (
	// hedge is how long an answer may take before the question is put once
	// more: it may have gone to a server that died.
	hedge     = 600 * time.Millisecond
	maxHedges = 3 // under way at once
	// pauseAgain is between two questions that were answered by "no leader".
	pauseAgain = 30 * time.Millisecond
)

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
