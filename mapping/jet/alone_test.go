package jet

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// beside opens one more connection to the account of c.
func beside(t *testing.T, c *Conn) *Conn {
	t.Helper()
	other, err := Open(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close(context.Background()) })
	return other
}

func TestAloneIsOneAtATimeInAllProcesses(t *testing.T) {
	t.Parallel()
	c := newConn(t)
	c.CallTimeout = time.Minute
	conns := []*Conn{c, beside(t, c), beside(t, c)}
	var inside, done atomic.Int32
	var all sync.WaitGroup
	for i := range 30 {
		all.Go(func() {
			err := conns[i%3].Alone(t.Context(), "s", func(context.Context) error {
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d at once", n)
				}
				time.Sleep(time.Millisecond) // long enough for another to come in
				inside.Add(-1)
				done.Add(1)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if done.Load() != 30 {
		t.Errorf("%d of 30 had their turn", done.Load())
	}
}

func TestAloneNamesAreIndependent(t *testing.T) {
	t.Parallel()
	c := newConn(t)
	err := c.Alone(t.Context(), "a", func(ctx context.Context) error {
		return c.Alone(ctx, "b", func(context.Context) error { return nil })
	})
	if err != nil {
		t.Error(err)
	}
}

// Who failed for a known reason gives the turn back at once; after a lost
// answer, or a death, it ends by itself.
func TestAloneAfterAFailure(t *testing.T) {
	t.Parallel()
	c := newConn(t)
	c.CallTimeout = 400 * time.Millisecond
	refused := errors.New("refused")
	if err := c.Alone(t.Context(), "s", func(context.Context) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("got %v, want what the function said", err)
	}
	nothing := func(context.Context) error { return nil }
	if err := c.Alone(t.Context(), "s", nothing); err != nil {
		t.Errorf("after a refusal: %v", err)
	}
	if err := c.Alone(t.Context(), "s", func(context.Context) error { return context.DeadlineExceeded }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want what the function said", err)
	}
	if err := c.Alone(t.Context(), "s", nothing); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("right after a lost answer: %v, want to have waited in vain", err)
	}
	end := time.Now().Add(time.Minute)
	for c.Alone(t.Context(), "s", nothing) != nil {
		if time.Now().After(end) {
			t.Fatal("the turn does not end")
		}
	}
}

func TestAloneMakesWhatItNeeds(t *testing.T) {
	t.Parallel()
	c := newConn(t)
	c.CallTimeout = time.Minute
	for range 2 {
		if err := c.Alone(t.Context(), "s", func(context.Context) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if err := c.JS.DeleteStream(t.Context(), turnStream); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
			t.Fatal(err)
		}
	}
}
