package topics_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/embedded"
	"github.com/jetcmq/jetcmq/mapping/jet"
	"github.com/jetcmq/jetcmq/mapping/topics"
)

// external starts a server that is reached by TCP, as a separate NATS is.
func external(t *testing.T, dir, addr string) (s *embedded.Server, stop func()) {
	t.Helper()
	s, err := embedded.Start(embedded.Config{Dir: dir, Addr: addr, Open: true, Log: testLog()})
	if err != nil {
		t.Fatal(err)
	}
	return s, func() {
		if err := s.Stop(ctx); err != nil {
			t.Error(err)
		}
	}
}

func TestDeliveriesGoOnAfterAnOutage(t *testing.T) {
	t.Parallel()
	dir, n := t.TempDir(), newWeb()
	s, stop := external(t, dir, "127.0.0.1:0")
	addr := strings.TrimPrefix(s.URL(), "nats://")
	w := &world{t: t, server: s}
	outside := func(c *jet.Config) { c.InProcess, c.User, c.Password, c.URL = nil, "", "", s.URL() }
	all := []*broker{w.join(topics.Config{Deliver: n.deliver}, outside), w.join(topics.Config{Deliver: n.deliver}, outside)}
	w.broker = all[0]
	n.put("http://web", takes)
	n.put("http://bad", fails)
	w.topic("news", mapping.FilterTag)
	w.toWeb("news", "web", mapping.Subscription{FilterTags: []string{"red"}})
	w.toWeb("news", "bad", mapping.Subscription{FilterTags: []string{"red"}})
	w.toQueue("news", "q", mapping.Subscription{})
	w.publish("news", red(), "before")
	n.await(t, "http://web", "before", 1)
	w.copies("q", 1)
	for round := range 2 {
		stop()
		for _, b := range all[2*round:] {
			for what, call := range map[string]func() error{
				"publish":  func() error { _, err := b.Publish(ctx, "news", []string{"lost"}, red()); return err },
				"describe": func() error { _, err := b.DescribeTopic(ctx, "news"); return err },
				"set":      func() error { return b.SetSubscription(ctx, "news", "web", mapping.SubscriptionChange{}) },
				"subscribe": func() error {
					_, err := b.Subscribe(ctx, "news", "x", mapping.Subscription{Protocol: mapping.ProtocolQueue, Endpoint: "q"})
					return err
				},
			} {
				if took, err := timed(call); err == nil || took > inTime {
					t.Errorf("%s without a server: got %v after %v, want an error before 3 s are over", what, err, took)
				}
			}
		}
		s, stop = external(t, dir, addr)
		for i, b := range all {
			body := fmt.Sprint("after ", round, i)
			eventually(t, func() bool { _, err := b.Publish(ctx, "news", []string{body}, red()); return err == nil },
				func() string { return "publishing does not recover" })
			began := time.Now()
			n.await(t, "http://web", body, 1)
			w.copies("q", int64(2+2*round+i))
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("deliveries went on after %v", took)
			}
		}
		if bad := n.count("http://bad"); bad < 3+2*round {
			t.Errorf("the other subscriber got %d pushes", bad)
		}
	}
	t.Cleanup(func() { stop() })
	for _, b := range all {
		defer b.close()
	}
}

// A change made while a broker was cut off holds there as soon as it is back.
func TestABrokerThatComesBackKnowsWhatChanged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, stop := external(t, dir, "127.0.0.1:0")
	addr := strings.TrimPrefix(s.URL(), "nats://")
	outside := func(c *jet.Config) { c.InProcess, c.User, c.Password, c.URL = nil, "", "", "nats://"+addr }
	n := newWeb()
	n.put("http://web", takes)
	w := &world{t: t}
	away := w.join(topics.Config{Deliver: n.deliver}, outside)
	w.broker = away
	w.topic("news", mapping.FilterTag)
	w.toWeb("news", "web", mapping.Subscription{})
	w.publish("news", red(), "x")
	n.awaitAll(t, "http://web", 1)
	stop()
	s, stop = external(t, dir, "127.0.0.1:0") // where the other one does not find it
	w.broker = w.join(topics.Config{Deliver: n.deliver}, func(c *jet.Config) { outside(c); c.URL = s.URL() })
	w.unsubscribe(t, "news", "web")
	w.broker.close()
	stop()
	_, stop = external(t, dir, addr)
	defer stop()
	defer away.close()
	var got error
	eventually(t, func() bool {
		_, got = away.Publish(ctx, "news", []string{"y"}, red())
		return !errors.Is(got, jet.ErrNotConnected)
	}, func() string { return "it does not come back" })
	if !errors.Is(got, mapping.ErrNoSubscribers) {
		t.Errorf("publish: got %v, want %v", got, mapping.ErrNoSubscribers)
	}
}

// inTime is when the most impatient SDK still waits: 3 s.
const inTime = 2800 * time.Millisecond

// timed makes a call that fails. One that took too long is made again: on a
// busy machine once is no proof.
func timed(call func() error) (took time.Duration, err error) {
	for range 3 {
		began := time.Now()
		err = call()
		if took = time.Since(began); took <= inTime {
			break
		}
	}
	return took, err
}
