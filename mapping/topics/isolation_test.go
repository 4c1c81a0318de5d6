package topics_test

import (
	"context"
	"flag"
	"net"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/topics"
)

var isolationRounds = flag.Int("isolation.rounds", 0,
	"rounds of TestASubscriberDoesNotFeelAnother, of 100 messages for each kind of neighbour, on a machine that does nothing else; 0 = 5 on one that does")

// A subscriber's latency, from publish to delivery, is the same beside a
// healthy neighbour and beside one that is dead, fails, resets or is slow. Each
// kind is measured in turn, round after round, and its best round counts: what
// else the machine does makes some rounds slow, a neighbour would make all.
func TestASubscriberDoesNotFeelAnother(t *testing.T) {
	neighbours := map[string]mapping.Deliver{
		"healthy": takes,
		"hanging": hangs,
		"failing": fails,
		"slow":    takesAfter(300 * time.Millisecond),
		"resetting": func(context.Context, mapping.Push) error {
			return &net.OpError{Op: "read", Net: "tcp", Err: net.ErrClosed}
		},
	}
	p := &probe{took: make(chan time.Duration, 1)}
	n := newWeb()
	w := start(t, topics.Config{Deliver: n.deliver})
	for kind, answer := range neighbours {
		n.put("http://neighbour-"+kind, answer)
		n.put("http://probe-"+kind, p.deliver)
		w.topic(mapping.TopicName(kind), mapping.FilterTag)
		w.toWeb(mapping.TopicName(kind), "neighbour-"+kind, mapping.Subscription{})
		w.toWeb(mapping.TopicName(kind), "probe-"+kind, mapping.Subscription{})
	}
	kinds := []string{"healthy", "hanging", "failing", "slow", "resetting"}
	p99 := map[string][]time.Duration{}
	p50 := map[string][]time.Duration{}
	rounds, most := *isolationRounds, func(base time.Duration) time.Duration { return base + max(base/10, 3*time.Millisecond) }
	if rounds == 0 {
		// Other tests run beside this one. To wait for a neighbour would still
		// cost 300 ms and more.
		rounds, most = 5, func(base time.Duration) time.Duration { return 3*base + 20*time.Millisecond }
	}
	for range rounds {
		for _, kind := range kinds {
			var all []time.Duration
			for range 100 {
				w.publish(mapping.TopicName(kind), mapping.Labels{}, strconv.FormatInt(time.Now().UnixNano(), 10))
				all = append(all, p.next(t))
			}
			slices.Sort(all)
			p99[kind] = append(p99[kind], all[len(all)*99/100])
			p50[kind] = append(p50[kind], all[len(all)/2])
		}
	}
	base := slices.Min(p99["healthy"])
	for _, kind := range kinds {
		got := slices.Min(p99[kind])
		t.Logf("beside a %s one: p50 %v, p99 %v", kind, slices.Min(p50[kind]).Round(time.Microsecond), got.Round(time.Microsecond))
		if got > most(base) {
			t.Errorf("p99 is %v beside a %s neighbour, %v beside a healthy one", got, kind, base)
		}
	}
	w.cut()
}

// cut closes the broker without waiting for endpoints that hang.
func (w *world) cut() {
	w.t.Helper()
	now, cancel := context.WithCancel(ctx)
	cancel()
	w.Broker.Close(now)
}

// probe is a healthy endpoint that tells how old each message is.
type probe struct {
	took chan time.Duration
}

func (p *probe) deliver(_ context.Context, m mapping.Push) error {
	sent, err := strconv.ParseInt(m.Body, 10, 64)
	if err != nil {
		return err
	}
	p.took <- time.Since(time.Unix(0, sent))
	return nil
}

func (p *probe) next(t *testing.T) time.Duration {
	t.Helper()
	select {
	case d := <-p.took:
		return d
	case <-time.After(10 * time.Second):
		t.Fatal("a message does not come")
		return 0
	}
}
