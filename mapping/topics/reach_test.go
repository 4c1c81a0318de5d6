package topics_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/topics"
)

func red() mapping.Labels { return mapping.Labels{Tags: []string{"red"}} }

// refused wants a publish to fail like that.
func (b *broker) refused(t *testing.T, topic mapping.TopicName, l mapping.Labels, want error) {
	t.Helper()
	if ids, err := b.Publish(ctx, topic, []string{"x", "y"}, l); !errors.Is(err, want) || ids != nil {
		t.Errorf("publish with %v: got %v, %v, want %v", l, ids, err, want)
	}
}

func (b *broker) accepted(t *testing.T, topic mapping.TopicName, l mapping.Labels, body string) {
	t.Helper()
	if _, err := b.Publish(ctx, topic, []string{body}, l); err != nil {
		t.Errorf("publish with %v: %v", l, err)
	}
}

func (b *broker) unsubscribe(t *testing.T, topic mapping.TopicName, name mapping.SubscriptionName) {
	t.Helper()
	if err := b.Unsubscribe(ctx, topic, name); err != nil {
		t.Fatal(err)
	}
}

func TestAPublishThatReachesNobodyFails(t *testing.T) {
	w := start(t, topics.Config{})
	w.refused(t, "none", red(), mapping.ErrNoTopic)
	w.topic("tags", mapping.FilterTag)
	w.refused(t, "tags", red(), mapping.ErrNoSubscribers)
	w.toQueue("tags", "red", mapping.Subscription{FilterTags: []string{"red"}})
	w.accepted(t, "tags", red(), "r")
	w.refused(t, "tags", mapping.Labels{Tags: []string{"blue"}}, mapping.ErrNoMatch)
	w.refused(t, "tags", mapping.Labels{}, mapping.ErrNoMatch)
	w.refused(t, "tags", mapping.Labels{RoutingKey: "red"}, mapping.ErrNoMatch)
	w.topic("keys", mapping.FilterKey)
	w.refused(t, "keys", mapping.Labels{RoutingKey: "a"}, mapping.ErrNoSubscribers)
	w.toQueue("keys", "a", mapping.Subscription{BindingKeys: []string{"a.*"}})
	w.accepted(t, "keys", mapping.Labels{RoutingKey: "a.b"}, "ab")
	for _, key := range []string{"", "a", "a.b.c", "a."} { // the last one meets JetStream's filter, which is wider
		w.refused(t, "keys", mapping.Labels{RoutingKey: key}, mapping.ErrNoMatch)
	}
	w.done("tags")
	w.done("keys")
	w.exactly("red", "r")
	w.exactly("a", "ab")
	if s, err := w.js().Stream(ctx, "cmq-topic-keys"); err != nil || s.CachedInfo().State.LastSeq != s.CachedInfo().Config.FirstSeq {
		t.Errorf("a refused publish was stored: %+v, %v", s, err)
	}
}

func TestUnroutedPublishesCanBeAccepted(t *testing.T) {
	w := start(t, topics.Config{AcceptUnrouted: true})
	w.topic("news", mapping.FilterTag)
	w.refused(t, "none", red(), mapping.ErrNoTopic)
	w.accepted(t, "news", red(), "r")
	w.toQueue("news", "blue", mapping.Subscription{FilterTags: []string{"blue"}})
	w.accepted(t, "news", red(), "r")
	w.accepted(t, "news", mapping.Labels{Tags: []string{"blue"}}, "b")
	w.done("news")
	w.exactly("blue", "b")
}

// Consumers of NATS programs count as far as their filters go.
func TestNativeConsumersAreInterest(t *testing.T) {
	w := start(t, topics.Config{})
	js := w.js()
	w.topic("news", mapping.FilterTag)
	w.topic("all", mapping.FilterTag)
	for stream, c := range map[string]jetstream.ConsumerConfig{
		"cmq-topic-all":  {Durable: "native"},
		"cmq-topic-news": {Durable: "native", FilterSubjects: []string{"cmq.topic.news.red", "cmq.topic.news.*.big.>"}},
	} {
		if _, err := js.CreateConsumer(ctx, stream, c); err != nil {
			t.Fatal(err)
		}
	}
	w.accepted(t, "all", mapping.Labels{}, "x")
	w.accepted(t, "news", red(), "x")
	w.accepted(t, "news", mapping.Labels{Tags: []string{"green", "big", "sale"}}, "x")
	for _, tags := range [][]string{nil, {"blue"}, {"red", "blue"}, {"green", "big"}} {
		w.refused(t, "news", mapping.Labels{Tags: tags}, mapping.ErrNoSubscribers)
	}
	if err := js.DeleteConsumer(ctx, "cmq-topic-all", "native"); err != nil {
		t.Fatal(err)
	}
	w.soonRefused(w.broker, "all", mapping.Labels{}, mapping.ErrNoSubscribers)
}

// soonRefused wants publishes at a broker to fail before long.
func (w *world) soonRefused(b *broker, topic mapping.TopicName, l mapping.Labels, want error) {
	w.t.Helper()
	var got error
	eventually(w.t, func() bool {
		_, got = b.Publish(ctx, topic, []string{"x"}, l)
		return errors.Is(got, want)
	}, func() string { return fmt.Sprintf("publish: got %v, want %v", got, want) })
}

// catchUp has everything come in that the server has on its way to a broker,
// which takes some 50 µs.
func (b *broker) catchUp(t *testing.T) {
	t.Helper()
	if err := b.conn.NC.Flush(); err != nil {
		t.Fatal(err)
	}
}

// What one broker answers, all others know as soon as it can reach them.
func TestBrokersSeeEachOthersSubscriptionsAtOnce(t *testing.T) {
	w := start(t, topics.Config{})
	other := w.join(topics.Config{})
	w.topic("news", mapping.FilterTag)
	w.toQueue("news", "rest", mapping.Subscription{FilterTags: []string{"blue"}})
	other.refused(t, "news", red(), mapping.ErrNoMatch)
	for i := range 10 {
		name := fmt.Sprint("q", i%2)
		w.toQueue("news", name, mapping.Subscription{FilterTags: []string{"red"}})
		other.accepted(t, "news", red(), fmt.Sprint(i))
		w.accepted(t, "news", red(), fmt.Sprint(i, " here"))
		w.done("news")
		w.exactly(mapping.QueueName(name), fmt.Sprint(i), fmt.Sprint(i, " here"))
		w.unsubscribe(t, "news", mapping.SubscriptionName(name))
		other.catchUp(t)
		other.refused(t, "news", red(), mapping.ErrNoMatch)
		w.refused(t, "news", red(), mapping.ErrNoMatch)
	}
	w.unsubscribe(t, "news", "rest")
	other.catchUp(t)
	other.refused(t, "news", red(), mapping.ErrNoSubscribers)
	if n, _, err := other.Subscriptions(ctx, "news", "", 0, 10); n != 0 || err != nil {
		t.Errorf("got %d subscriptions, %v, want none", n, err)
	}
}
