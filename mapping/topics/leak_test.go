package topics_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/topics"
)

// Subscriptions that come and go leave nothing behind, nor does a broker that
// is closed. Not parallel: it counts goroutines.
func TestNothingIsLeftBehind(t *testing.T) {
	n := newWeb()
	n.put("http://sub", takes)
	before := runtime.NumGoroutine()
	var engine, open, subscriptions int
	func() {
		w := startOn(t, t.TempDir(), topics.Config{Deliver: n.deliver})
		engine = runtime.NumGoroutine()
		cycle := func(i int) {
			topic := mapping.TopicName(fmt.Sprint("topic", i))
			w.topic(topic, mapping.FilterTag)
			w.toWeb(topic, "sub", mapping.Subscription{})
			w.toQueue(topic, "q", mapping.Subscription{})
			had := n.count("http://sub")
			w.publish(topic, mapping.Labels{}, "x")
			n.awaitAll(t, "http://sub", had+1)
			w.take("q", 1)
			w.unsubscribe(t, topic, "sub")
			w.unsubscribe(t, topic, "q")
			if err := w.DeleteTopic(ctx, topic); err != nil {
				t.Fatal(err)
			}
		}
		cycle(0)
		settled := func() bool {
			open, subscriptions = runtime.NumGoroutine(), w.conn.NC.NumSubscriptions()
			return open <= engine+8 // what the queue needs, and what a first use makes
		}
		eventually(t, settled, func() string { return fmt.Sprintf("%d goroutines, %d before the first cycle", open, engine) })
		had, hadSubscriptions := open, subscriptions
		for i := range 15 {
			cycle(i + 1)
		}
		eventually(t, func() bool { return settled() && open <= had+2 && subscriptions <= hadSubscriptions+2 }, func() string {
			return fmt.Sprintf("%d goroutines and %d NATS subscriptions, %d and %d after the first cycle", open, subscriptions, had, hadSubscriptions)
		})
		for i := range 20 {
			w.toWebs(i)
		}
		w.close()
		if err := w.server.Stop(ctx); err != nil {
			t.Error(err)
		}
	}()
	eventually(t, func() bool { open = runtime.NumGoroutine(); return open <= before+2 },
		func() string {
			stacks := make([]byte, 1<<20)
			return fmt.Sprintf("%d goroutines, %d before:\n%s", open, before, stacks[:runtime.Stack(stacks, true)])
		})
}

// toWebs makes a topic with three subscriptions.
func (w *world) toWebs(i int) {
	w.t.Helper()
	topic := mapping.TopicName(fmt.Sprint("many", i))
	w.topic(topic, mapping.FilterTag)
	for k := range 3 {
		w.toWeb(topic, fmt.Sprint("sub", k), mapping.Subscription{})
	}
}
