package topics_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/topics"
)

// Three brokers deliver each message once, and each of them a good part.
func TestBrokersShareTheWork(t *testing.T) {
	w := start(t, topics.Config{})
	webs := []*web{newWeb(), newWeb(), newWeb()}
	w.broker.close()
	for i, n := range webs {
		n.put("http://web", takesAfter(20*time.Millisecond)) // so that one broker alone cannot keep up
		b := w.join(topics.Config{Deliver: n.deliver})
		if i == 0 {
			w.broker = b
		}
	}
	w.topic("news", mapping.FilterTag)
	w.toWeb("news", "web", mapping.Subscription{})
	w.toQueue("news", "q", mapping.Subscription{})
	const publishers, each = 4, 150
	var want []string
	var all sync.WaitGroup
	for p := range publishers {
		for i := range each {
			want = append(want, fmt.Sprint(p, ".", i))
		}
		mine := want[p*each:]
		all.Go(func() {
			for _, body := range mine {
				w.accepted(t, "news", mapping.Labels{}, body)
			}
		})
	}
	all.Wait()
	w.exactly("q", want...)
	w.done("news")
	var got []string
	for i, n := range webs {
		for _, v := range n.visits("http://web") {
			got = append(got, v.Body)
		}
		if part := n.count("http://web"); part < len(want)/10 {
			t.Errorf("broker %d delivered %d of %d messages", i, part, len(want))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %d pushes, want each of %d messages once", len(got), len(want))
	}
}

// No more pushes than allowed are under way for one subscription, and those of
// a subscription with slow endpoints run side by side.
func TestPushesAreBounded(t *testing.T) {
	n := newWeb()
	var mu sync.Mutex
	now, most := 0, 0
	count := func(by int) {
		mu.Lock()
		defer mu.Unlock()
		now += by
		most = max(most, now)
	}
	slow := takesAfter(20 * time.Millisecond)
	n.put("http://web", func(ctx context.Context, p mapping.Push) error {
		count(1)
		defer count(-1)
		return slow(ctx, p)
	})
	w := start(t, topics.Config{Deliver: n.deliver, Pushes: 7})
	w.topic("news", mapping.FilterTag)
	w.toWeb("news", "web", mapping.Subscription{})
	for range 10 {
		w.publish("news", mapping.Labels{}, slices.Repeat([]string{"x"}, 7)...)
	}
	n.awaitAll(t, "http://web", 70)
	w.done("news")
	mu.Lock()
	defer mu.Unlock()
	if most != 7 {
		t.Errorf("%d pushes were under way at once, want 7", most)
	}
}
