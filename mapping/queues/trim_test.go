package queues_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
)

// Giving back the space of deleted messages takes no message that waits, and
// above all none in its delay, wherever it stands.
func TestTrimLeavesWhatIsDelayed(t *testing.T) {
	for at, bodies := range map[string][2]int{"first": {0, 20}, "between": {20, 20}, "last": {20, 0}} {
		t.Run(at, func(t *testing.T) {
			a := newAccount(t)
			a.create("q", mapping.QueueAttributes{})
			for i := range bodies[0] {
				a.send("q", fmt.Sprint(i))
			}
			if _, err := a.Send(ctx, "q", "late", 4*time.Second); err != nil {
				t.Fatal(err)
			}
			for i := range bodies[1] {
				a.send("q", fmt.Sprint(i))
			}
			if got, want := len(a.drain("q")), bodies[0]+bodies[1]; got != want {
				t.Fatalf("got %d messages, want %d", got, want)
			}
			_, js := a.native()
			var left uint64
			eventually(t, func() bool {
				s, err := js.Stream(ctx, "cmq-queue-q")
				if err != nil {
					t.Fatal(err)
				}
				left = s.CachedInfo().State.Msgs
				return left == 1
			}, func() string { return fmt.Sprintf("%d messages are stored, want the delayed one only", left) })
			if m := a.receive("q", 20*time.Second); m.Body != "late" {
				t.Errorf("got %s, want the delayed message", m.Body)
			}
		})
	}
}
