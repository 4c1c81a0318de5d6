package topics_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/topics"
)

// A subscriber that comes back reads what has gathered, here with as many
// routing keys as messages, quickly.
func TestABacklogOfManyKeysIsReadQuickly(t *testing.T) {
	const n = 10_000
	up := make(chan struct{})
	var got atomic.Int64
	w := start(t, topics.Config{Deliver: func(ctx context.Context, _ mapping.Push) error {
		select {
		case <-up:
			got.Add(1)
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}})
	w.topic("keys", mapping.FilterKey)
	w.subscribe("keys", "web", mapping.Subscription{Protocol: mapping.ProtocolHTTP, Endpoint: "http://x/", BindingKeys: []string{"a.#", "x.*.y"}})
	var publishers sync.WaitGroup
	for i := range 16 {
		publishers.Go(func() {
			for j := range n / 16 {
				if _, err := w.Publish(ctx, "keys", []string{"x"}, mapping.Labels{RoutingKey: fmt.Sprintf("a.%d.%d", i, j)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	publishers.Wait()
	close(up)
	began := time.Now()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for got.Load() < n {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("got %d of %d messages", got.Load(), n)
		}
	}
	t.Logf("%.0f messages/s", n/time.Since(began).Seconds())
}
