package crash

import (
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const loadTopic = "news"

// publishers is clients of one run of the program who publish to a topic and
// receive from one of the queues that are subscribed.
type publishers struct {
	*load
	n *news
}

func newPublishers(t *testing.T, r *run, n *news) *publishers {
	return &publishers{newLoad(t, r, n.journal), n}
}

// subscribe makes the topic and all who read it.
func (p *publishers) subscribe(t *testing.T, url string) {
	t.Helper()
	p.must(t, "CreateTopic", "topicName", loadTopic)
	subscribe := func(s *subscriber, endpoint string) {
		pairs := []string{"topicName", loadTopic, "subscriptionName", s.name, "protocol", s.protocol,
			"endpoint", endpoint, "notifyContentFormat", s.format}
		if s.tag != "" {
			pairs = append(pairs, "filterTag.1", s.tag)
		}
		p.must(t, "Subscribe", pairs...)
	}
	p.create(t, loadQueue)
	subscribe(&subscriber{name: loadQueue, protocol: "queue", format: "SIMPLIFIED"}, loadQueue)
	for _, s := range p.n.subscribers {
		if s.protocol == "queue" {
			p.create(t, s.name)
			subscribe(s, s.name)
		} else {
			subscribe(s, url+"/"+s.name)
		}
	}
}

// begin sets publishers and receivers to work.
func (p *publishers) begin(kept []held) {
	for range 6 {
		p.clients.Go(func() { p.repeat(p.publish) })
	}
	p.beginReceiving(kept)
}

func (p *publishers) kill() {
	p.n.killed()
	p.load.kill()
}

var tagged = [][]string{nil, {"red"}, {"blue"}, {"blue", "red"}}

// publish makes one call of PublishMessage or BatchPublishMessage.
func (p *publishers) publish() error {
	count := 1
	if rand.N(3) == 0 {
		count = 2 + rand.N(15)
	}
	i := p.n.plan(count, tagged[rand.N(len(tagged))])
	action, pairs := "PublishMessage", []string{"topicName", loadTopic, "msgBody", i.messages[0].body()}
	if count > 1 {
		action, pairs = "BatchPublishMessage", pairs[:2]
		for at, m := range i.messages {
			pairs = append(pairs, "msgBody."+strconv.Itoa(at+1), m.body())
		}
	}
	for at, tag := range i.tags {
		pairs = append(pairs, "msgTag."+strconv.Itoa(at+1), tag)
	}
	began := time.Now()
	a, err := p.call(action, pairs...)
	if err != nil {
		return err
	}
	if count == 1 {
		a.MsgList = []delivery{{MsgID: a.MsgID}}
	}
	p.n.published(i, a, time.Since(began))
	return nil
}

// serve is the HTTP endpoint of the subscribers who have one, each with a path
// of its own. It fails now and then, and sometimes takes its time.
func (n *news) serve(t *testing.T) (url string) {
	s := httptest.NewServer(http.HandlerFunc(n.push))
	t.Cleanup(s.Close)
	return s.URL
}

func (n *news) push(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the program has died
	}
	n.pushes.Add(1)
	switch chance := rand.N(32); {
	case chance == 0 && !n.reliable:
		w.WriteHeader(http.StatusInternalServerError)
		return
	case chance == 1:
		select {
		case <-time.After(100 * time.Millisecond):
		case <-r.Context().Done():
			return
		}
	}
	s := n.subscribers[r.URL.Path[1:]]
	id, text := r.Header.Get("x-cmq-message-id"), string(body)
	if s.format == "JSON" {
		var p struct{ TopicName, SubscriptionName, MsgID, MsgBody string }
		if err := json.Unmarshal(body, &p); err != nil || p.TopicName != loadTopic || p.SubscriptionName != s.name || p.MsgID != id {
			n.fault("%s is pushed %s as %s", s.name, body, id)
		}
		text = p.MsgBody
	}
	n.arrived(s, text, id, r.Header.Get("x-cmq-message-tag"))
}

// settle waits until nothing is to be delivered any more.
func (p *publishers) settle(t *testing.T, within time.Duration) {
	t.Helper()
	names := []string{loadQueue}
	for name := range p.n.subscribers {
		names = append(names, name)
	}
	began := time.Now()
	for {
		left := p.must(t, "GetTopicAttributes", "topicName", loadTopic).MsgCount
		for _, name := range names {
			left += p.must(t, "GetSubscriptionAttributes", "topicName", loadTopic, "subscriptionName", name).MsgCount
		}
		if left == 0 {
			break
		}
		if time.Since(began) > time.Minute {
			t.Fatalf("%d messages are never delivered", left)
		}
		<-time.After(10 * time.Millisecond)
	}
	took := time.Since(began)
	t.Logf("everything is delivered after %s", took.Round(time.Millisecond))
	if took > within {
		t.Errorf("everything is delivered after %s, want %s at most", took, within)
	}
}

// readQueues reads as a NATS program what was copied to the queues.
func (p *publishers) readQueues(t *testing.T) {
	t.Helper()
	nc, err := nats.Connect(p.nats)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range p.n.subscribers {
		if s.protocol == "queue" {
			p.readQueue(t, js, s)
		}
	}
}

func (p *publishers) readQueue(t *testing.T, js jetstream.JetStream, s *subscriber) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	stream, err := js.Stream(ctx, "cmq-queue-"+s.name)
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	all, err := consumer.Messages()
	if err != nil {
		t.Fatal(err)
	}
	defer all.Stop()
	for range stream.CachedInfo().State.Msgs {
		m, err := all.Next(jetstream.NextContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		p.n.arrived(s, string(m.Data()), m.Headers().Get("Cmq-Origin-Message-Id"), m.Headers().Get("Cmq-Tags"))
	}
}
