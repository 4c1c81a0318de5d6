// Package fault makes what goes wrong in the field, one kind at a time: processes
// that are killed, held or restarted, networks that are cut.
//
// Every strike heals what it did, also when its context ends on the way, but does
// not wait until the adapters are well again: how long that takes is for the caller
// to see.
package fault

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jetcmq/jetcmq/test/checker/stand"
)

// Fault is one kind of trouble.
type Fault struct {
	Name, Doc string
	// Open starts the service that is to suffer. An error that wraps
	// errors.ErrUnsupported says that this machine cannot make the fault, and why.
	Open func(context.Context, stand.Options) (*stand.Stand, error)
	// Strike makes the fault once and heals it.
	Strike func(context.Context, *stand.Stand) error
	// Calm is how long the service should be left alone between strikes.
	Calm time.Duration
	// Loss is how old an acknowledged message may be that a power cut loses.
	Loss time.Duration
	// Forget is how old an acknowledged delete may be that a strike undoes; 0 is a
	// second.
	Forget time.Duration
}

// All is every kind there is.
var All = slices.Concat(process, network, disk)

// wait is a while, or less if ctx ends.
func wait(ctx context.Context, while time.Duration) {
	t := time.NewTimer(while)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// between is any time from low to high, the short ones as likely as those of ten
// times the length: a fault of a second finds other bugs than one of 20.
func between(low, high time.Duration) time.Duration {
	ratio := float64(high) / float64(low)
	return time.Duration(float64(low) * math.Pow(ratio, rand.Float64()))
}

func oneOf(all []*stand.Process) *stand.Process { return all[rand.IntN(len(all))] }
