package topics_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/embedded"
	"github.com/jetcmq/jetcmq/mapping/jet"
	"github.com/jetcmq/jetcmq/mapping/queues"
	"github.com/jetcmq/jetcmq/mapping/topics"
)

var ctx = context.Background()

// world is a real engine with an account and one broker on it.
type world struct {
	t      *testing.T
	server *embedded.Server
	door   embedded.Door
	*broker
}

// broker is all of an account in one process.
type broker struct {
	*topics.Broker
	queues *queues.Broker
	conn   *jet.Conn
	once   sync.Once
}

// close ends the broker as a process that stops in order does.
func (b *broker) close() {
	b.once.Do(func() {
		b.Broker.Close(ctx)
		b.queues.Close(ctx)
		b.conn.Close(ctx)
	})
}

// start runs everything on a directory of the test.
func start(t *testing.T, c topics.Config) *world {
	t.Helper()
	t.Parallel()
	return startOn(t, t.TempDir(), c)
}

func startOn(t *testing.T, dir string, c topics.Config) *world {
	t.Helper()
	s, err := embedded.Start(embedded.Config{Dir: dir, Log: testLog()})
	if err != nil {
		t.Fatal(err)
	}
	door, err := s.InProcess("default")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, server: s, door: door}
	t.Cleanup(func() { // after the brokers have closed
		stop, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		if err := s.Stop(stop); err != nil {
			t.Error(err)
		}
	})
	w.broker = w.join(c)
	return w
}

// join opens one more broker on the account, as another process would.
func (w *world) join(c topics.Config, adjust ...func(*jet.Config)) *broker {
	w.t.Helper()
	j := jet.Config{InProcess: w.door, User: w.door.User, Password: w.door.Password, CallTimeout: patience, Log: testLog()}
	for _, f := range adjust {
		f(&j)
	}
	conn, err := jet.Open(j)
	if err != nil {
		w.t.Fatal(err)
	}
	b := &broker{conn: conn}
	if b.queues, err = queues.Open(ctx, conn, queues.Config{}); err != nil {
		w.t.Fatal(err)
	}
	if b.Broker, err = topics.Open(ctx, conn, b.queues, c); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(b.close)
	return b
}

// restart stops engine and broker in order and starts both again.
func (w *world) restart(c topics.Config) {
	w.t.Helper()
	dir := w.server.Dir()
	w.broker.close()
	if err := w.server.Stop(ctx); err != nil {
		w.t.Fatal(err)
	}
	next := startOn(w.t, dir, c)
	w.server, w.door, w.broker = next.server, next.door, next.broker
}

// native connects as a NATS program of the account does.
func (w *world) native() (*nats.Conn, jetstream.JetStream) {
	w.t.Helper()
	nc, err := nats.Connect("", nats.InProcessServer(w.door), nats.UserInfo(w.door.User, w.door.Password))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		w.t.Fatal(err)
	}
	return nc, js
}

// js is JetStream as a NATS program of the account sees it.
func (w *world) js() jetstream.JetStream {
	w.t.Helper()
	_, js := w.native()
	return js
}

func testLog() *slog.Logger {
	level := slog.LevelError
	if os.Getenv("TEST_LOG") != "" {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}

func num(n int) *int { return &n }

func (w *world) topic(name mapping.TopicName, filterType int) (id string) {
	w.t.Helper()
	id, err := w.CreateTopic(ctx, name, mapping.TopicAttributes{FilterType: num(filterType)})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// toQueue makes a queue and subscribes it, both with the same name.
func (w *world) toQueue(topic mapping.TopicName, queue string, s mapping.Subscription) (id string) {
	w.t.Helper()
	if _, err := w.queues.CreateQueue(ctx, mapping.QueueName(queue), mapping.QueueAttributes{}); err != nil && !errors.Is(err, mapping.ErrQueueExists) {
		w.t.Fatal(err)
	}
	s.Protocol, s.Endpoint = mapping.ProtocolQueue, queue
	return w.subscribe(topic, mapping.SubscriptionName(queue), s)
}

func (w *world) subscribe(topic mapping.TopicName, name mapping.SubscriptionName, s mapping.Subscription) (id string) {
	w.t.Helper()
	if s.Strategy == "" {
		s.Strategy = mapping.ExponentialDecayRetry
	}
	if s.Format == "" {
		s.Format = mapping.FormatJSON
	}
	id, err := w.Subscribe(ctx, topic, name, s)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) publish(topic mapping.TopicName, l mapping.Labels, bodies ...string) []string {
	w.t.Helper()
	ids, err := w.Publish(ctx, topic, bodies, l)
	if err != nil {
		w.t.Fatal(err)
	}
	return ids
}

// toWeb subscribes the endpoint http://name, under that name.
func (w *world) toWeb(topic mapping.TopicName, name string, s mapping.Subscription) {
	w.t.Helper()
	s.Protocol, s.Endpoint = mapping.ProtocolHTTP, "http://"+name
	w.subscribe(topic, mapping.SubscriptionName(name), s)
}

// take receives and deletes n messages of a queue and gives what they are and
// how often.
func (w *world) take(queue mapping.QueueName, n int) map[string]int {
	w.t.Helper()
	got := map[string]int{}
	for deadline := time.Now().Add(20 * time.Second); n > 0; {
		if time.Now().After(deadline) {
			w.t.Fatalf("queue %s: %d messages do not come, got %.300v", queue, n, got)
		}
		ms, err := w.queues.Receive(ctx, queue, min(n, mapping.MaxBatch), time.Second)
		if err != nil && !errors.Is(err, mapping.ErrNoMessage) {
			w.t.Fatal(err)
		}
		for _, m := range ms {
			n--
			got[m.Body]++
			if err := w.queues.Delete(ctx, queue, m.Handle); err != nil {
				w.t.Error(err)
			}
		}
	}
	return got
}

// exactly wants a queue to hold these messages, each once, and no others. All
// that was published has to be delivered by now, or to be among them.
func (w *world) exactly(queue mapping.QueueName, bodies ...string) {
	w.t.Helper()
	got := w.take(queue, len(bodies))
	for _, body := range bodies {
		got[body]--
	}
	for body, n := range got {
		if n != 0 {
			w.t.Errorf("queue %s: %q came %d times too often", queue, body, n)
		}
	}
	if ms, err := w.queues.Receive(ctx, queue, 1, 0); !errors.Is(err, mapping.ErrNoMessage) {
		w.t.Errorf("queue %s: got %v, %v beyond what it should have", queue, ms, err)
	}
}

// copies wants a queue to hold so many messages or more, soon.
func (w *world) copies(queue mapping.QueueName, n int64) {
	w.t.Helper()
	var got int64
	eventually(w.t, func() bool {
		d, err := w.queues.DescribeQueue(ctx, queue)
		if err != nil {
			w.t.Fatal(err)
		}
		got = d.Active
		return got >= n
	}, func() string { return fmt.Sprintf("queue %s has %d messages, want %d", queue, got, n) })
}

// done wants all subscriptions of a topic to have got what is theirs, soon.
func (w *world) done(topic mapping.TopicName) {
	w.t.Helper()
	_, all, err := w.Subscriptions(ctx, topic, "", 0, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range all {
		w.pending(topic, mapping.SubscriptionName(s.Name), 0)
	}
}

// pending wants a subscription to have n messages still to get, soon.
func (w *world) pending(topic mapping.TopicName, name mapping.SubscriptionName, n int64) {
	w.t.Helper()
	var got int64
	eventually(w.t, func() bool {
		d, err := w.DescribeSubscription(ctx, topic, name)
		if err != nil {
			w.t.Fatal(err)
		}
		got = d.Messages
		return got == n
	}, func() string {
		return fmt.Sprintf("subscription %s has still to get %d messages, want %d", name, got, n)
	})
}

// patience is for what has no limit of its own; the machine may be busy.
const patience = time.Minute

// eventually waits for a condition.
func eventually(t *testing.T, ok func() bool, otherwise func() string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatal(otherwise())
		}
		<-tick.C
	}
}
