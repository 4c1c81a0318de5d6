package queues_test

import (
	"errors"
	"sync"
	"testing"

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
