package queues_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/embedded"
	"github.com/jetcmq/jetcmq/mapping/jet"
)

// A server refuses a message over its max_payload by cutting the connection,
// with all that is under way on it.
func TestAMessageLargerThanTheServerTakesFailsAlone(t *testing.T) {
	t.Parallel()
	s, err := embedded.Start(embedded.Config{Dir: t.TempDir(), Addr: "127.0.0.1:0", Open: true, MaxPayload: 1 << 20, Log: testLog()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	b, err := open(config{Config: jet.Config{URL: s.URL(), Durability: jet.Power, Log: testLog()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close(ctx) })
	if _, err := b.CreateQueue(ctx, "q", mapping.QueueAttributes{MaxMessageSize: num(1 << 20)}); err != nil {
		t.Fatal(err)
	}
	big := strings.Repeat("x", 1<<20)
	var senders sync.WaitGroup
	for range 4 {
		senders.Go(func() {
			for range 10 {
				if _, err := b.Send(ctx, "q", "small", 0); err != nil {
					t.Errorf("a small message: %v", err)
				}
			}
		})
	}
	for range 10 {
		for _, delay := range []time.Duration{0, time.Second} {
			_, err := b.Send(ctx, "q", big, delay)
			if !errors.Is(err, mapping.ErrSendRefused) || !strings.Contains(err.Error(), "max_payload") {
				t.Errorf("a large message, delayed by %v: got %v, want %v that names max_payload", delay, err, mapping.ErrSendRefused)
			}
		}
	}
	senders.Wait()
}

// A change wrote the changing broker's own storage, which JetStream refuses for
// a stream that is there.
func TestABrokerOfAnotherDurabilityChangesAQueue(t *testing.T) {
	a := newAccount(t)
	b := a.join(func(c *config) { c.Durability = jet.Memory })
	a.create("q", quick)
	if d, err := b.SetQueue(ctx, "q", mapping.QueueAttributes{VisibilityTimeout: num(3)}); err != nil || *d.VisibilityTimeout != 3 {
		t.Errorf("got %+v, %v", d, err)
	}
}
