package topics_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/topics"
)

// send publishes as a NATS program does.
func (w *world) send(js jetstream.JetStream, subject, body string, header nats.Header) {
	w.t.Helper()
	if _, err := js.PublishMsg(ctx, &nats.Msg{Subject: subject, Data: []byte(body), Header: header}); err != nil {
		w.t.Fatalf("publish to %s: %v", subject, err)
	}
}

func TestNativePublishersReachSubscribersByTags(t *testing.T) {
	n := newWeb()
	n.put("http://web", takes)
	w := start(t, topics.Config{Deliver: n.deliver})
	js := w.js()
	w.topic("News", mapping.FilterTag)
	w.toWeb("News", "web", mapping.Subscription{})
	for _, tag := range []string{"red", "big", "blue", "a.b", "big.", "50%"} {
		w.toQueue("News", queueOf(tag), mapping.Subscription{FilterTags: []string{tag}})
	}
	want := map[string]mapping.Labels{}
	send := func(body, subject string, header nats.Header, l mapping.Labels) {
		w.send(js, subject, body, header)
		want[body] = l
	}
	send("header", "cmq.topic.news", nats.Header{"Cmq-Tags": {"red, big"}}, mapping.Labels{Tags: []string{"red", "big"}})
	send("tight header", "cmq.topic.news", nats.Header{"Cmq-Tags": {" big ,a.b,, 50%"}}, mapping.Labels{Tags: []string{"big", "a.b", "50%"}})
	send("subject", "cmq.topic.news.red.big", nil, mapping.Labels{Tags: []string{"red", "big"}})
	send("both", "cmq.topic.news.red", nats.Header{"Cmq-Tags": {"blue"}, "Cmq-Routing-Key": {"x.y"}}, mapping.Labels{Tags: []string{"red"}, RoutingKey: "x.y"})
	send("none", "cmq.topic.news", nil, mapping.Labels{})
	send("key", "cmq.topic.news", nats.Header{"Cmq-Routing-Key": {"red"}}, mapping.Labels{RoutingKey: "red"})
	send("no tags", "cmq.topic.news.%", nil, mapping.Labels{})
	send("escaped", "cmq.topic.news.a%2Eb.50%25", nil, mapping.Labels{Tags: []string{"a.b", "50%"}})
	w.publish("News", mapping.Labels{Tags: []string{"big."}}, "cmq") // must not look like two tags
	want["cmq"] = mapping.Labels{Tags: []string{"big."}}
	n.awaitAll(t, "http://web", len(want))
	for _, v := range n.visits("http://web") {
		if l := want[v.Body]; !slices.Equal(v.Tags, l.Tags) || v.RoutingKey != l.RoutingKey {
			t.Errorf("%s: got tags %q and routing key %q, want %+v", v.Body, v.Tags, v.RoutingKey, l)
		}
	}
	w.done("News")
	for _, tag := range []string{"red", "big", "blue", "a.b", "big.", "50%"} {
		var bodies []string
		for body, l := range want {
			if slices.Contains(l.Tags, tag) {
				bodies = append(bodies, body)
			}
		}
		w.exactly(mapping.QueueName(queueOf(tag)), bodies...)
	}
}

// queueOf is a name of a queue that is legal whatever the tag.
func queueOf(tag string) string { return fmt.Sprintf("q-%x", tag) }

func TestNativePublishersReachSubscribersByRoutingKey(t *testing.T) {
	n := newWeb()
	n.put("http://web", takes)
	w := start(t, topics.Config{Deliver: n.deliver})
	js := w.js()
	w.topic("keys", mapping.FilterKey)
	w.toWeb("keys", "web", mapping.Subscription{BindingKeys: []string{"#"}})
	w.toQueue("keys", "star", mapping.Subscription{BindingKeys: []string{"1.*.0"}})
	w.toQueue("keys", "hash", mapping.Subscription{BindingKeys: []string{"1.#"}})
	want := map[string]string{"subject": "1.test.0", "header": "1.a.0", "empty word": "1..0", "written": "1..0", "other": "2.test.0", "none": "", "bare": ""}
	w.send(js, "cmq.topic.keys.1.test.0", "subject", nats.Header{"Cmq-Routing-Key": {"9.9"}, "Cmq-Tags": {"a, b"}})
	w.send(js, "cmq.topic.keys", "header", nats.Header{"Cmq-Routing-Key": {"1.a.0"}})
	w.send(js, "cmq.topic.keys", "empty word", nats.Header{"Cmq-Routing-Key": {"1..0"}})
	w.send(js, "cmq.topic.keys.1.%.0", "written", nil)
	w.send(js, "cmq.topic.keys.2.test.0", "other", nil)
	w.send(js, "cmq.topic.keys.%", "none", nil)
	w.send(js, "cmq.topic.keys", "bare", nats.Header{"Cmq-Tags": {"1.a.0"}})
	n.awaitAll(t, "http://web", len(want))
	for _, v := range n.visits("http://web") {
		if v.RoutingKey != want[v.Body] {
			t.Errorf("%s: got routing key %q, want %q", v.Body, v.RoutingKey, want[v.Body])
		}
		if v.Body == "subject" && !slices.Equal(v.Tags, []string{"a", "b"}) {
			t.Errorf("got tags %q", v.Tags)
		}
	}
	w.done("keys")
	w.exactly("star", "subject", "header")
	w.exactly("hash", "subject", "header", "empty word", "written")
}

// What CMQ publishers send reads well: the bare body, a plain subject, and in
// headers only what the subject does not say.
func TestNativeReadersGetWhatPublishersSend(t *testing.T) {
	w := start(t, topics.Config{})
	js := w.js()
	w.topic("Tags", mapping.FilterTag)
	w.topic("Keys", mapping.FilterKey)
	for _, c := range []struct {
		topic   mapping.TopicName
		labels  mapping.Labels
		subject string
		header  nats.Header
	}{
		{"Tags", mapping.Labels{Tags: []string{"red", "big"}}, "cmq.topic.tags.red.big", nil},
		{"Tags", mapping.Labels{Tags: []string{"a.b *"}, RoutingKey: "k.l"}, "cmq.topic.tags.a%2Eb%20%2A", nats.Header{"Cmq-Routing-Key": {"k.l"}}},
		{"Tags", mapping.Labels{}, "cmq.topic.tags.%", nil},
		{"Keys", mapping.Labels{RoutingKey: "1.test.0", Tags: []string{"x", "红"}}, "cmq.topic.keys.1.test.0", nats.Header{"Cmq-Tags": {"x, 红"}}},
		{"Keys", mapping.Labels{RoutingKey: "1..0"}, "cmq.topic.keys.1.%.0", nil},
		{"Keys", mapping.Labels{}, "cmq.topic.keys.%", nil},
	} {
		stream := "cmq-topic-" + c.topic.Key()
		consumer, err := js.CreateOrUpdateConsumer(ctx, stream, jetstream.ConsumerConfig{Durable: "native", AckPolicy: jetstream.AckExplicitPolicy})
		if err != nil {
			t.Fatal(err)
		}
		w.publish(c.topic, c.labels, "body")
		m, err := consumer.Next(jetstream.FetchMaxWait(5 * time.Second))
		if err != nil {
			t.Fatal(err)
		}
		if string(m.Data()) != "body" || m.Subject() != c.subject || fmt.Sprint(m.Headers()) != fmt.Sprint(c.header) {
			t.Errorf("%+v: got %s with %v on %s, want %v on %s", c.labels, m.Data(), m.Headers(), m.Subject(), c.header, c.subject)
		}
		if err := m.DoubleAck(ctx); err != nil {
			t.Fatal(err)
		}
	}
}
