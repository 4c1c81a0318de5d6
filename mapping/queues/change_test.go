package queues_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
)

// Nobody's change is lost because somebody else, in another process, changes
// something else of the same queue at the same time.
func TestChangesAtOnceAreAllMade(t *testing.T) {
	a := newAccount(t)
	other := a.join()
	a.create("q", mapping.QueueAttributes{})
	a.create("dead", mapping.QueueAttributes{})
	for i := range 30 {
		var changes sync.WaitGroup
		set := func(b *broker, c mapping.QueueAttributes) {
			changes.Go(func() {
				if _, err := b.SetQueue(ctx, "q", c); err != nil {
					t.Error(err)
				}
			})
		}
		set(a.broker, mapping.QueueAttributes{VisibilityTimeout: num(40 + i)})
		set(other, mapping.QueueAttributes{Retention: num(1000 + i)})
		set(other, mapping.QueueAttributes{DeadLetter: &mapping.DeadLetterPolicy{Queue: "dead", MaxReceiveCount: 1 + i}})
		changes.Wait()
		for _, b := range []*broker{a.broker, other} {
			d, err := b.DescribeQueue(ctx, "q")
			if err != nil {
				t.Fatal(err)
			}
			if *d.VisibilityTimeout != 40+i || *d.Retention != 1000+i || d.DeadLetter == nil || d.DeadLetter.MaxReceiveCount != 1+i {
				t.Errorf("round %d: got %d s, %d s, %+v", i, *d.VisibilityTimeout, *d.Retention, d.DeadLetter)
			}
		}
	}
}

// A dead-letter queue has none itself, however the two are bound at once.
func TestBindingsAtOnceMakeNoChain(t *testing.T) {
	a := newAccount(t)
	other := a.join()
	for _, name := range []mapping.QueueName{"a", "b"} {
		a.create(name, mapping.QueueAttributes{})
	}
	for range 20 {
		var bindings sync.WaitGroup
		var errs [2]error
		for i, b := range []*broker{a.broker, other} {
			pair := [][2]mapping.QueueName{{"a", "b"}, {"b", "a"}}[i]
			bindings.Go(func() {
				_, errs[i] = b.SetQueue(ctx, pair[0], mapping.QueueAttributes{DeadLetter: &mapping.DeadLetterPolicy{Queue: pair[1], MaxReceiveCount: 2}})
			})
		}
		bindings.Wait()
		if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs[:]...), mapping.ErrParameters) {
			t.Fatalf("got %v, want one of the two to be refused", errs)
		}
		for _, name := range []mapping.QueueName{"a", "b"} {
			if err := a.UnbindDeadLetter(ctx, name); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// What changes a queue, or who buries in whom, waits for its turn, and holds up
// nothing else meanwhile.
func TestChangesWaitForTheirTurn(t *testing.T) {
	a := newAccount(t)
	for _, name := range []mapping.QueueName{"q", "dead", "copies", "other"} {
		a.create(name, mapping.QueueAttributes{})
	}
	elsewhere := a.join()
	letters := &mapping.DeadLetterPolicy{Queue: "dead", MaxReceiveCount: 1}
	for _, c := range []struct {
		what, turn string
		change     func() error
	}{
		{"SetQueue", "cmq-queue-q", func() error {
			_, err := a.SetQueue(ctx, "q", mapping.QueueAttributes{VisibilityTimeout: num(9)})
			return err
		}},
		{"SetQueue with dead letters", "dead-letter-queues", func() error {
			_, err := a.SetQueue(ctx, "q", mapping.QueueAttributes{DeadLetter: letters})
			return err
		}},
		{"CreateQueue with dead letters", "dead-letter-queues", func() error {
			_, err := a.CreateQueue(ctx, "new", mapping.QueueAttributes{DeadLetter: letters})
			return err
		}},
		{"Expect", "cmq-queue-copies", func() error { return a.Expect(ctx, "copies") }},
		{"DeleteQueue, of bindings", "dead-letter-queues", func() error { return a.DeleteQueue(ctx, "new") }},
		{"DeleteQueue", "cmq-queue-q", func() error { return a.DeleteQueue(ctx, "q") }},
	} {
		done := make(chan error, 1)
		err := elsewhere.conn.Alone(ctx, c.turn, func(context.Context) error {
			go func() { done <- c.change() }()
			select {
			case err := <-done:
				t.Errorf("%s did not wait for the turn of %s: %v", c.what, c.turn, err)
				done <- err
			case <-time.After(100 * time.Millisecond):
			}
			if _, err := a.SetQueue(ctx, "other", mapping.QueueAttributes{VisibilityTimeout: num(9)}); err != nil {
				t.Errorf("beside %s: %v", c.what, err)
			}
			if err := a.ClearQueue(ctx, "other"); err != nil {
				t.Errorf("beside %s: %v", c.what, err)
			}
			return nil
		})
		if err = errors.Join(err, <-done); err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}

// Who is told that a change was made finds it made, whichever server he asks.
func TestAChangeIsSeenEverywhereAtOnce(t *testing.T) {
	a := newAccount(t)
	other := a.join()
	a.create("q", mapping.QueueAttributes{})
	for i := range 300 {
		if _, err := a.DescribeQueue(ctx, "q"); err != nil {
			t.Fatal(err)
		}
		if _, err := other.SetQueue(ctx, "q", mapping.QueueAttributes{VisibilityTimeout: num(1 + i)}); err != nil {
			t.Fatal(err)
		}
		d, err := a.DescribeQueue(ctx, "q")
		if err != nil || *d.VisibilityTimeout != 1+i {
			t.Fatalf("got %+v, %v, want %d s", d.VisibilityTimeout, err, 1+i)
		}
	}
}
