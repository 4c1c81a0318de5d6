package topics_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/topics"
)

// stored wants the stream of a topic to hold n messages, soon.
func (w *world) stored(js jetstream.JetStream, topic string, n uint64) {
	w.t.Helper()
	var got uint64
	eventually(w.t, func() bool {
		s, err := js.Stream(ctx, "cmq-topic-"+topic)
		if err != nil {
			w.t.Fatal(err)
		}
		got = s.CachedInfo().State.Msgs
		return got == n
	}, func() string { return fmt.Sprintf("the stream of %s has %d messages, want %d", topic, got, n) })
}

// waiting wants a topic's msgCount to become that, soon.
func (w *world) waiting(topic mapping.TopicName, want int64) {
	w.t.Helper()
	var got int64
	eventually(w.t, func() bool {
		d, err := w.DescribeTopic(ctx, topic)
		if err != nil {
			w.t.Fatal(err)
		}
		got = d.Messages
		return got == want
	}, func() string { return fmt.Sprintf("topic %s: msgCount %d, want %d", topic, got, want) })
}

// What everybody got goes, what somebody has still to get stays.
func TestTrim(t *testing.T) {
	n := newWeb()
	w := start(t, topics.Hasty(topics.Config{Deliver: n.deliver, TimeScale: 0.005}))
	js := w.js()
	w.topic("news", mapping.FilterTag)
	w.toQueue("news", "red", mapping.Subscription{FilterTags: []string{"red"}})
	w.toWeb("news", "all", mapping.Subscription{})
	w.toWeb("news", "again", mapping.Subscription{})
	n.put("http://all", takes)
	n.put("http://again", takes)
	native, err := js.CreateConsumer(ctx, "cmq-topic-news", jetstream.ConsumerConfig{Durable: "native",
		AckPolicy: jetstream.AckExplicitPolicy, FilterSubject: "cmq.topic.news.red.>"})
	if err != nil {
		t.Fatal(err)
	}
	silent, err := js.CreateConsumer(ctx, "cmq-topic-news", jetstream.ConsumerConfig{Durable: "silent", AckPolicy: jetstream.AckNonePolicy})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		w.publish("news", red(), fmt.Sprint("red ", i))
		w.publish("news", mapping.Labels{}, fmt.Sprint("plain ", i))
	}
	n.awaitAll(t, "http://all", 200)
	n.awaitAll(t, "http://again", 200)
	w.take("red", 100)
	w.waiting("news", 0)

	n.put("http://all", fails)
	n.put("http://again", fails)
	w.publish("news", red(), "stuck") // both have to get it, and it counts once
	w.publish("news", red(), "as well")
	w.take("red", 2)
	w.pending("news", "all", 2)
	w.pending("news", "again", 2)
	w.pending("news", "red", 0)
	w.waiting("news", 2)
	w.stored(js, "news", 202) // nobody else has got them
	if got := fetch(t, silent, 300); got != 202 {
		t.Errorf("the native consumer got %d messages, want 202", got)
	}
	w.stored(js, "news", 2)
	n.put("http://all", takes)
	n.put("http://again", takes)
	w.pending("news", "all", 0)
	w.pending("news", "again", 0)
	w.waiting("news", 0)
	w.stored(js, "news", 0)

	w.publish("news", mapping.Labels{Tags: []string{"red", "big"}}, "for the native one too")
	w.publish("news", red(), "not for it")
	w.take("red", 2)
	n.awaitAll(t, "http://all", 204)
	w.done("news")
	w.stored(js, "news", 2)
	fetch(t, silent, 10)
	w.stored(js, "news", 2)
	if got := fetch(t, native, 10); got != 1 {
		t.Errorf("the native consumer got %d messages, want 1", got)
	}
	w.stored(js, "news", 0)
}

// fetch reads what is there for a native consumer.
func fetch(t *testing.T, c jetstream.Consumer, most int) (n int) {
	t.Helper()
	batch, err := c.FetchNoWait(most)
	if err != nil {
		t.Fatal(err)
	}
	for m := range batch.Messages() {
		n++
		if c.CachedInfo().Config.AckPolicy == jetstream.AckExplicitPolicy {
			if err := m.DoubleAck(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	return n
}

// JetStream's count of what a consumer has still to get runs behind what the
// stream has. Trimming by it took messages that nobody had got.
func TestTrimTakesNothingThatIsStillToCome(t *testing.T) {
	w := start(t, topics.Hasty(topics.Config{}))
	w.topic("news", mapping.FilterTag)
	w.toQueue("news", "red", mapping.Subscription{FilterTags: []string{"red"}})
	n := int64(0)
	for began := time.Now(); time.Since(began) < 1500*time.Millisecond; n++ {
		w.accepted(t, "news", red(), "x")
	}
	w.copies("red", n)
}

// A message that nobody gets stays for those who come later, where that is
// allowed.
func TestAMessageForNobodyStays(t *testing.T) {
	w := start(t, topics.Hasty(topics.Config{AcceptUnrouted: true}))
	js := w.js()
	w.topic("news", mapping.FilterTag)
	w.accepted(t, "news", red(), "x")
	w.topic("other", mapping.FilterTag) // shows that the keeper has been at work since
	w.toQueue("other", "q", mapping.Subscription{})
	w.accepted(t, "other", red(), "x")
	w.take("q", 1)
	w.stored(js, "other", 0)
	w.stored(js, "news", 1)
	w.waiting("news", 0)
}

// At the end of its retention a message is gone, however often it was tried.
func TestRetention(t *testing.T) {
	n := newWeb()
	w := start(t, topics.Config{Deliver: n.deliver, TimeScale: 0.2})
	if _, err := w.CreateTopic(ctx, "news", mapping.TopicAttributes{Retention: num(1)}); err != nil {
		t.Fatal(err)
	}
	w.toWeb("news", "web", mapping.Subscription{})
	w.toQueue("news", "q", mapping.Subscription{})
	if err := w.queues.DeleteQueue(ctx, "q"); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		w.publish("news", mapping.Labels{}, fmt.Sprint(i))
	}
	published := time.Now()
	n.awaitAll(t, "http://web", 40)
	w.waiting("news", 20)
	w.pending("news", "q", 20)
	w.pending("news", "web", 0)
	w.pending("news", "q", 0)
	w.waiting("news", 0)
	if took := time.Since(published); took < 900*time.Millisecond {
		t.Errorf("the messages were gone after %v", took)
	}
	tried := n.count("http://web")
	n.put("http://web", takes)
	w.publish("news", mapping.Labels{}, "later")
	n.await(t, "http://web", "later", 1)
	if got := n.count("http://web"); got != tried+1 {
		t.Errorf("%d pushes of messages that were too old", got-tried-1)
	}
}

func TestAShorterRetentionHoldsForWhatIsThere(t *testing.T) {
	n := newWeb()
	w := start(t, topics.Config{Deliver: n.deliver})
	w.topic("news", mapping.FilterTag)
	w.toWeb("news", "web", mapping.Subscription{})
	w.publish("news", mapping.Labels{}, "x")
	n.awaitAll(t, "http://web", 1)
	w.pending("news", "web", 1)
	if err := w.SetTopic(ctx, "news", mapping.TopicAttributes{Retention: num(1)}); err != nil {
		t.Fatal(err)
	}
	w.pending("news", "web", 0)
	if d, err := w.DescribeTopic(ctx, "news"); err != nil || d.Retention != 1 || d.MaxMessageSize != 65536 || d.FilterType != mapping.FilterTag {
		t.Errorf("got %+v, %v", d, err)
	}
}

// hold keeps what comes from now on in a topic: a native consumer wants it.
func (w *world) hold(js jetstream.JetStream, topic string) {
	w.t.Helper()
	if _, err := js.CreateConsumer(ctx, "cmq-topic-"+topic, jetstream.ConsumerConfig{Durable: "holder"}); err != nil {
		w.t.Fatal(err)
	}
}
