package topics_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/jet"
	"github.com/jetcmq/jetcmq/mapping/queues"
	"github.com/jetcmq/jetcmq/mapping/topics"
)

func TestACopySaysWhereItComesFrom(t *testing.T) {
	w := start(t, topics.Config{})
	nc, js := w.native()
	w.topic("News", mapping.FilterTag)
	w.toQueue("News", "q", mapping.Subscription{})
	before := time.Now().UnixMilli()
	id := w.publish("News", mapping.Labels{Tags: []string{"b", "红"}, RoutingKey: "x.y"}, "body")[0]
	w.copies("q", 1) // first: there is no order
	m := nats.NewMsg("cmq.topic.news")
	m.Data = []byte("native")
	m.Header = nats.Header{"Cmq-Tags": {"one, two"}, "My-Own": {"1", "2"}, "Nats-Expected-Stream": {"cmq-topic-news"},
		"Cmq-Origin-Topic": {"forged"}, "Cmq-Message-Id": {"1"}}
	if err := nc.PublishMsg(m); err != nil {
		t.Fatal(err)
	}
	w.copies("q", 2)
	stream, err := js.Stream(ctx, "cmq-queue-q")
	if err != nil {
		t.Fatal(err)
	}
	for seq, want := range []nats.Header{1: {"Cmq-Tags": {"b, 红"}, "Cmq-Routing-Key": {"x.y"}, "Cmq-Origin-Topic": {"News"}},
		2: {"Cmq-Tags": {"one, two"}, "Cmq-Origin-Topic": {"News"}, "My-Own": {"1", "2"}}} {
		if want == nil {
			continue
		}
		m, err := stream.GetMsg(ctx, uint64(seq))
		if err != nil {
			t.Fatal(err)
		}
		published, err := strconv.ParseInt(m.Header.Get("Cmq-Origin-Publish-Time"), 10, 64)
		if err != nil || published < before || published > time.Now().UnixMilli() {
			t.Errorf("published at %d, %v, want from %d to now", published, err, before)
		}
		if seq == 1 && (m.Header.Get("Cmq-Origin-Message-Id") != id || string(m.Data) != "body") {
			t.Errorf("got id %s and body %s, want id %s", m.Header.Get("Cmq-Origin-Message-Id"), m.Data, id)
		}
		for _, name := range []string{"Cmq-Origin-Publish-Time", "Cmq-Origin-Message-Id", "Nats-Msg-Id"} {
			if len(m.Header[name]) != 1 || m.Header.Get(name) == "" {
				t.Errorf("%s is %q", name, m.Header[name])
			}
			m.Header.Del(name)
		}
		maps.DeleteFunc(m.Header, func(name string, _ []string) bool { return strings.HasPrefix(name, "Nats-") }) // a direct get adds some
		if got := fmt.Sprint(m.Header); got != fmt.Sprint(want) {
			t.Errorf("got headers %s, want %s", got, fmt.Sprint(want))
		}
	}
}

// replay has a subscription get everything again that is in the topic from a
// sequence on, as after a crash that lost what was acknowledged.
func (w *world) replay(topic, name string, from uint64) {
	w.t.Helper()
	nc, js := w.native()
	consumer, err := js.Consumer(ctx, "cmq-topic-"+topic, "subscription-"+name)
	if err != nil {
		w.t.Fatal(err)
	}
	c := consumer.CachedInfo().Config
	c.DeliverPolicy, c.OptStartSeq = jetstream.DeliverByStartSequencePolicy, from
	if err := js.DeleteConsumer(ctx, "cmq-topic-"+topic, c.Durable); err != nil {
		w.t.Fatal(err)
	}
	if _, err := js.CreateConsumer(ctx, "cmq-topic-"+topic, c); err != nil {
		w.t.Fatal(err)
	}
	if err := nc.Publish("cmq.change.topic."+topic, nil); err != nil { // as brokers tell each other
		w.t.Fatal(err)
	}
}

// first keeps a topic's messages from being trimmed, and gives the sequence of
// the first that is going to come.
func (w *world) first(topic string) uint64 {
	w.t.Helper()
	js := w.js()
	w.hold(js, topic)
	s, err := js.Stream(ctx, "cmq-topic-"+topic)
	if err != nil {
		w.t.Fatal(err)
	}
	return s.CachedInfo().State.LastSeq + 1
}

// A power cut may take the end of a topic, and not the copies that were made of it:
// what was published next, under the same sequences, was taken for copied.
func TestAnotherMessageOfTheSameSequenceIsCopied(t *testing.T) {
	w := start(t, topics.Config{})
	topicID := w.topic("news", mapping.FilterTag)
	id := w.toQueue("news", "q", mapping.Subscription{})
	next := w.first("news")
	for _, once := range []string{fmt.Sprintf("%s.%s.%d", topicID, id, next), fmt.Sprintf("%s.%s.%d.%d", topicID, id, next, time.Now().UnixNano())} {
		if err := w.queues.Copy(ctx, "q", queues.Copy{Once: once, Topic: "news", Body: []byte("lost")}); err != nil {
			t.Fatal(err)
		}
	}
	w.publish("news", mapping.Labels{}, "x", "y")
	w.done("news")
	w.exactly("q", "lost", "lost", "x", "y")
}

// Two subscriptions may have the same queue: then it gets two copies.
func TestEachSubscriptionMakesItsCopy(t *testing.T) {
	w := start(t, topics.Config{})
	w.topic("news", mapping.FilterTag)
	w.toQueue("news", "q", mapping.Subscription{})
	w.subscribe("news", "second", mapping.Subscription{Protocol: mapping.ProtocolQueue, Endpoint: "Q"})
	w.topic("other", mapping.FilterTag)
	w.subscribe("other", "q", mapping.Subscription{Protocol: mapping.ProtocolQueue, Endpoint: "q"})
	w.publish("news", mapping.Labels{}, "x")
	w.publish("other", mapping.Labels{}, "y")
	w.exactly("q", "x", "x", "y")
}

// At either level of durability everything comes once, though the consumer is
// thrown back twice while messages flow. At level power, duplicates and new
// copies share their batches.
func TestCopiesComeOnceAcrossReplays(t *testing.T) {
	for name, level := range map[string]jet.Durability{"process": jet.Process, "power": jet.Power} {
		t.Run(name, func(t *testing.T) {
			w := start(t, topics.Config{})
			w.broker.close()
			w.broker = w.join(topics.Config{}, func(c *jet.Config) { c.Durability = level })
			w.topic("news", mapping.FilterTag)
			w.toQueue("news", "q", mapping.Subscription{})
			first := w.first("news")
			const publishers, each = 4, 100
			var all sync.WaitGroup
			var want []string
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
			for _, n := range []int64{50, 200} {
				w.copies("q", n)
				w.replay("news", "q", first)
			}
			all.Wait()
			w.replay("news", "q", first)
			w.done("news")
			w.exactly("q", want...)
		})
	}
}

// Failures that may pass are tried again, by the subscription's strategy.
func TestACopyWaitsForItsQueue(t *testing.T) {
	w := start(t, topics.Config{TimeScale: 0.01})
	w.topic("news", mapping.FilterTag)
	for _, name := range []string{"gone", "full", "small", "fine"} {
		w.toQueue("news", name, mapping.Subscription{})
	}
	for name, a := range map[mapping.QueueName]mapping.QueueAttributes{"full": {MaxMessages: num(1)}, "small": {MaxMessageSize: num(1024)}} {
		if _, err := w.queues.SetQueue(ctx, name, a); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.queues.DeleteQueue(ctx, "gone"); err != nil {
		t.Fatal(err)
	}
	w.publish("news", mapping.Labels{}, "first")
	w.take("fine", 1)
	large := strings.Repeat("x", 1025)
	w.publish("news", mapping.Labels{}, large)
	w.take("fine", 1)
	w.pending("news", "gone", 2)
	w.pending("news", "full", 1)
	w.pending("news", "small", 1)
	if _, err := w.queues.CreateQueue(ctx, "gone", mapping.QueueAttributes{}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.queues.SetQueue(ctx, "small", mapping.QueueAttributes{MaxMessageSize: num(2048)}); err != nil {
		t.Fatal(err)
	}
	w.take("full", 1)
	w.take("full", 1)
	w.done("news")
	w.exactly("gone", "first", large)
	w.exactly("small", "first", large)
	w.exactly("full")
}

func TestSubscribeChecksItsEndpoint(t *testing.T) {
	w := start(t, topics.Config{CheckEndpoint: func(url string) error {
		if strings.Contains(url, "forbidden") {
			return fmt.Errorf("forbidden")
		}
		return nil
	}})
	w.topic("news", mapping.FilterTag)
	w.topic("keys", mapping.FilterKey)
	if _, err := w.queues.CreateQueue(ctx, "q", mapping.QueueAttributes{}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		protocol mapping.Protocol
		endpoint string
		want     error
	}{
		{mapping.ProtocolQueue, "q", nil}, {mapping.ProtocolQueue, "Q", nil}, {mapping.ProtocolQueue, "none", mapping.ErrEndpoint},
		{mapping.ProtocolQueue, "", mapping.ErrEndpointFormat}, {mapping.ProtocolQueue, "a b", mapping.ErrEndpointBlank},
		{mapping.ProtocolQueue, "http://h", mapping.ErrEndpointFormat}, {mapping.ProtocolQueue, "1q", mapping.ErrEndpointFormat},
		{mapping.ProtocolHTTP, "http://h", nil}, {mapping.ProtocolHTTP, "https://h:1/p?a=b", nil}, {mapping.ProtocolHTTP, "q", mapping.ErrEndpointFormat},
		{mapping.ProtocolHTTP, "ftp://h", mapping.ErrEndpointFormat}, {mapping.ProtocolHTTP, "http://", mapping.ErrEndpointFormat},
		{mapping.ProtocolHTTP, "http://h\t/", mapping.ErrEndpointBlank}, {mapping.ProtocolHTTP, "http://h:x/", mapping.ErrEndpointFormat},
		{mapping.ProtocolHTTP, "http://h/" + strings.Repeat("x", 491), nil}, {mapping.ProtocolHTTP, "http://h/" + strings.Repeat("x", 492), mapping.ErrEndpointFormat},
		{mapping.ProtocolHTTP, "http://forbidden/", mapping.ErrEndpoint},
	} {
		_, err := w.Subscribe(ctx, "news", "s", mapping.Subscription{Protocol: c.protocol, Endpoint: c.endpoint,
			Strategy: mapping.BackoffRetry, Format: mapping.FormatJSON})
		if got := mapping.Reply(err); err == nil != (c.want == nil) || c.want != nil && !got.Is(c.want) {
			t.Errorf("%s %.60s: got %v, want %v", c.protocol, c.endpoint, err, c.want)
		}
		if err == nil {
			w.unsubscribe(t, "news", "s")
		}
	}
	s := mapping.Subscription{Protocol: mapping.ProtocolQueue, Endpoint: "q", Strategy: mapping.BackoffRetry, Format: mapping.FormatJSON}
	for what, c := range map[string]struct {
		topic mapping.TopicName
		want  error
	}{"no topic": {"none", mapping.ErrNoTopic}, "no binding key": {"keys", mapping.ErrNoBindingKey}} {
		if _, err := w.Subscribe(ctx, c.topic, "s", s); !slices.Contains([]error{c.want}, error(mapping.Reply(err))) {
			t.Errorf("%s: got %v, want %v", what, err, c.want)
		}
	}
}
