package topics_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/topics"
)

func TestBodiesAreBounded(t *testing.T) {
	w := start(t, topics.Config{AcceptUnrouted: true})
	w.topic("small", mapping.FilterTag)
	if err := w.SetTopic(ctx, "small", mapping.TopicAttributes{MaxMessageSize: num(1024)}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.CreateTopic(ctx, "large", mapping.TopicAttributes{MaxMessageSize: num(mapping.MaxBodySize)}); err != nil {
		t.Fatal(err)
	}
	x := func(n int) string { return strings.Repeat("x", n) }
	for what, c := range map[string]struct {
		topic  mapping.TopicName
		bodies []string
		want   error
	}{
		"largest":       {"small", []string{x(1024), "y"}, nil},
		"too large":     {"small", []string{"y", x(1025)}, mapping.ErrBodyTooLarge},
		"empty":         {"small", []string{"y", ""}, mapping.ErrEmptyBody},
		"a megabyte":    {"large", []string{x(1 << 20)}, nil},
		"in two":        {"large", []string{x(1 << 19), x(1 << 19)}, nil},
		"one byte more": {"large", []string{x(1 << 19), x(1<<19 + 1)}, mapping.ErrBatchTooLarge},
	} {
		ids, err := w.Publish(ctx, c.topic, c.bodies, red())
		if !errors.Is(err, c.want) || c.want == nil && (err != nil || len(ids) != len(c.bodies)) {
			t.Errorf("%s: got %d ids, %v, want %v", what, len(ids), err, c.want)
		}
	}
	w.stored(w.js(), "small", 2)
	w.stored(w.js(), "large", 3)
}

// One of many who do the same at different brokers succeeds.
func TestNamesAreTakenOnce(t *testing.T) {
	w := start(t, topics.Config{Max: 3, MaxSubscriptions: 2})
	all := []*broker{w.broker, w.join(topics.Config{}), w.join(topics.Config{})}
	race := func(what string, taken error, call func(b *broker, i int) error) {
		var won atomic.Int32
		var callers sync.WaitGroup
		for i := range 9 {
			callers.Go(func() {
				switch err := call(all[i%3], i); {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, taken):
					t.Errorf("%s: got %v, want %v", what, err, taken)
				}
			})
		}
		callers.Wait()
		if won.Load() != 1 {
			t.Errorf("%s: %d succeeded", what, won.Load())
		}
	}
	create := func(b *broker, name string) error {
		_, err := b.CreateTopic(ctx, mapping.TopicName(name), mapping.TopicAttributes{})
		return err
	}
	subscribe := func(b *broker, name string) error {
		_, err := b.Subscribe(ctx, "news", mapping.SubscriptionName(name), mapping.Subscription{Protocol: mapping.ProtocolHTTP,
			Endpoint: "http://h", Strategy: mapping.BackoffRetry, Format: mapping.FormatJSON})
		return err
	}
	race("create", mapping.ErrTopicExists, func(b *broker, i int) error { return create(b, []string{"news", "News", "NEWS"}[i/3]) })
	race("subscribe", mapping.ErrSubscriptionExists, func(b *broker, i int) error { return subscribe(b, []string{"sub", "Sub", "SUB"}[i/3]) })
	if err := subscribe(w.broker, "second"); err != nil {
		t.Error(err)
	}
	if err := subscribe(w.broker, "third"); !errors.Is(err, mapping.ErrTooManySubscriptions) {
		t.Errorf("a subscription too many: got %v", err)
	}
	for i := range 2 {
		if err := create(w.broker, fmt.Sprint("t", i)); err != nil {
			t.Error(err)
		}
	}
	if err := create(w.broker, "more"); !errors.Is(err, mapping.ErrTooManyTopics) {
		t.Errorf("a topic too many: got %v", err)
	}
	race("unsubscribe", mapping.ErrNoSubscription, func(b *broker, _ int) error { return b.Unsubscribe(ctx, "news", "second") })
	if err := subscribe(w.broker, "third"); err != nil {
		t.Errorf("after one was removed: %v", err)
	}
	race("delete", mapping.ErrNoTopic, func(b *broker, _ int) error { return b.DeleteTopic(ctx, "t0") })
}

// A push ends before JetStream gives its message to somebody else, whatever
// was the time-out of the broker that made the subscription.
func TestNoPushOutlastsItsTurn(t *testing.T) {
	got := make(chan time.Duration, 1)
	long := topics.Config{PushTimeout: time.Hour, Deliver: func(ctx context.Context, _ mapping.Push) error {
		end, _ := ctx.Deadline()
		got <- time.Until(end)
		return nil
	}}
	w := start(t, topics.Config{PushTimeout: time.Second})
	w.topic("news", mapping.FilterTag)
	w.toWeb("news", "web", mapping.Subscription{})
	w.close()
	w.broker = w.join(long)
	w.publish("news", mapping.Labels{}, "x")
	d := <-got // either before or after the broker has had JetStream wait longer
	consumer, err := w.js().Consumer(ctx, "cmq-topic-news", "subscription-web")
	if err != nil {
		t.Fatal(err)
	}
	if given := consumer.CachedInfo().Config.AckWait; d > given {
		t.Errorf("a push may take %v, its message is given away after %v", d, given)
	}
	w.set(t, "news", "web", mapping.SubscriptionChange{})
	w.publish("news", mapping.Labels{}, "x")
	if d := <-got; d < 59*time.Minute {
		t.Errorf("after a change: a push may take %v, want an hour", d)
	}
}
