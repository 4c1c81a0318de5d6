// Package topics gives CMQ's topics and subscriptions their JetStream shape: a
// stream with the messages, and one consumer for each subscription. It also
// delivers: every broker works for every subscription of the account.
package topics

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/jet"
	"github.com/jetcmq/jetcmq/mapping/queues"
)

// Config says how the topics of an account may behave, and how pushes leave.
type Config struct {
	Max              int   // topics in the account; 0 = 1000, the vendor's limit
	MaxSubscriptions int   // of one topic; 0 = 500, the vendor's limit
	Owner            int64 // the account's number, told to subscribers; 0 = 1250000000
	AcceptUnrouted   bool  // a publish that reaches nobody succeeds

	// Deliver pushes to HTTP endpoints; nil = every push fails.
	Deliver mapping.Deliver
	// CheckEndpoint refuses URLs that can never be pushed to; nil = none.
	CheckEndpoint func(url string) error
	Pushes        int // under way for one subscription and broker; 0 = 32

	// PushTimeout bounds one attempt; 0 = 15 s. TimeScale multiplies it and all
	// waits between attempts, so that tests need no day; 0 = 1.
	PushTimeout time.Duration
	TimeScale   float64

	lookEvery time.Duration // of the keeper; tests set it
}

func (c Config) withDefaults() Config {
	if c.Max == 0 {
		c.Max = 1000
	}
	if c.MaxSubscriptions == 0 {
		c.MaxSubscriptions = 500
	}
	if c.Owner == 0 {
		c.Owner = 1250000000
	}
	if c.Pushes == 0 {
		c.Pushes = 32
	}
	if c.PushTimeout == 0 {
		c.PushTimeout = 15 * time.Second
	}
	if c.TimeScale == 0 {
		c.TimeScale = 1
	}
	if c.lookEvery == 0 {
		c.lookEvery = lookEvery
	}
	if c.Deliver == nil {
		c.Deliver = func(context.Context, mapping.Push) error { return fmt.Errorf("pushes are switched off") }
	}
	if c.CheckEndpoint == nil {
		c.CheckEndpoint = func(string) error { return nil }
	}
	return c
}

// Broker speaks for the topics of one account and delivers what is published
// to them. All methods may be used at once. Any number of brokers, in any
// number of processes, may serve one account: they share the work, and what
// they must know of each other lives in JetStream.
type Broker struct {
	conf    Config
	conn    *jet.Conn
	queues  *queues.Broker
	log     *slog.Logger
	notices *nats.Subscription // of changes that other brokers made

	mu     sync.RWMutex
	topics map[string]*topic // by key
	news   chan struct{}     // has room for one: something has to be read
	link   context.Context   // ends when the connection is made anew
	relink context.CancelFunc

	life context.Context // ends with Close: no new deliveries
	stop context.CancelFunc
	end  context.Context // ends when deliveries under way must end too
	kill context.CancelFunc
	done sync.WaitGroup // what Close waits for
}

// Open begins to deliver what the account's subscriptions have to get.
func Open(ctx context.Context, conn *jet.Conn, q *queues.Broker, c Config) (*Broker, error) {
	b := &Broker{conf: c.withDefaults(), conn: conn, queues: q, log: conn.Log,
		topics: map[string]*topic{}, news: make(chan struct{}, 1)}
	b.life, b.stop = context.WithCancel(context.Background())
	b.end, b.kill = context.WithCancel(context.Background())
	b.link, b.relink = context.WithCancel(context.Background())
	if err := b.listen(); err != nil {
		return nil, fmt.Errorf("listen for changes: %w", err)
	}
	conn.OnReconnect(func(int64) { b.reconnected() })
	b.done.Go(b.keep)
	return b, nil
}

// listen hears of changes: from other brokers by their notices, of what NATS
// programs do by JetStream's advisories.
func (b *Broker) listen() (err error) {
	if b.notices, err = b.conn.NC.Subscribe(changeSubject+"*", b.noticed); err != nil {
		return err
	}
	for _, subject := range []string{
		"$JS.EVENT.ADVISORY.STREAM.UPDATED.*", "$JS.EVENT.ADVISORY.STREAM.DELETED.*",
		"$JS.EVENT.ADVISORY.CONSUMER.CREATED.*.*", "$JS.EVENT.ADVISORY.CONSUMER.DELETED.*.*",
	} {
		if _, err := b.conn.NC.Subscribe(subject, b.advised); err != nil {
			return err
		}
	}
	_, err = b.conn.NC.Subscribe("$JS.EVENT.ADVISORY.CONSUMER.LEADER_ELECTED.*.*", b.elected)
	return err
}

// elected has a subscription's messages asked of its consumer's new leader: the
// former one, if it died, took the request along without a word.
func (b *Broker) elected(m *nats.Msg) {
	tokens := strings.Split(m.Subject, ".")
	key, ours := strings.CutPrefix(tokens[len(tokens)-2], streamPrefix)
	b.mu.RLock()
	t := b.topics[key]
	b.mu.RUnlock()
	if !ours || t == nil {
		return
	}
	if again, ok := t.rounds.Load(tokens[len(tokens)-1]); ok {
		again.(context.CancelFunc)()
	}
}

// noticed makes what is known of a topic worthless: nothing is published or
// delivered by it any more.
func (b *Broker) noticed(m *nats.Msg) {
	var name mapping.TopicName
	if name.UnmarshalText([]byte(strings.TrimPrefix(m.Subject, changeSubject))) != nil || string(name) != name.Key() {
		return // not from a broker
	}
	b.entry(name.Key()).told.Add(1)
	b.tell()
}

// advised has the topic that an advisory speaks of read soon. Of subscriptions
// brokers tell each other.
func (b *Broker) advised(m *nats.Msg) {
	const stream, consumer = 5, 6 // tokens of an advisory's subject
	tokens := strings.Split(m.Subject, ".")
	if len(tokens) <= stream || len(tokens) > consumer && strings.HasPrefix(tokens[consumer], consumerPrefix) {
		return
	}
	if key, ok := strings.CutPrefix(tokens[stream], streamPrefix); ok {
		b.entry(key).due.Store(true)
		b.tell()
	}
}

// notice tells the other brokers that this one changed a topic. When it comes
// back, brokers at the same server have the notice in front of everything that
// is published from then on.
func (t *topic) notice(ctx context.Context) {
	ctx, cancel := t.b.conn.Within(ctx)
	defer cancel()
	err := t.b.conn.NC.Publish(changeSubject+t.key, nil)
	if err == nil {
		err = t.b.conn.NC.FlushWithContext(ctx)
	}
	if err != nil { // the change was made; others learn of it at their next survey
		t.b.log.Debug("tell of a change", "topic", t.key, "error", err)
	}
}

// heard tells whether every notice that has come in was taken note of.
func (b *Broker) heard() bool {
	waiting, _, err := b.notices.Pending()
	return err == nil && waiting == 0
}

func (b *Broker) tell() {
	select {
	case b.news <- struct{}{}:
	default:
	}
}

// reconnected has everything read anew: what happened while the connection was
// down was not told. Requests for messages went with the old connection.
func (b *Broker) reconnected() {
	for _, t := range b.used() {
		t.told.Add(1)
	}
	b.tell()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.relink()
	b.link, b.relink = context.WithCancel(context.Background())
}

// linked gives a context that lasts as long as the present connection.
func (b *Broker) linked() context.Context {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.link
}

// used lists the topics known here.
func (b *Broker) used() []*topic {
	b.mu.RLock()
	defer b.mu.RUnlock()
	all := make([]*topic, 0, len(b.topics))
	for _, t := range b.topics {
		all = append(all, t)
	}
	return all
}

// Close ends deliveries. Those under way are waited for until ctx ends; what
// they have not brought to an end comes again at another broker.
func (b *Broker) Close(ctx context.Context) {
	b.stop()
	stopped := make(chan struct{})
	go func() {
		b.done.Wait()
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-ctx.Done():
	}
	b.kill()
	<-stopped
}

// Owner is the account's number, as subscribers are told it.
func (b *Broker) Owner() int64 { return b.conf.Owner }

// scaled is a time of the vendor's pages as this service keeps it.
func (b *Broker) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) * b.conf.TimeScale)
}

// pushTimeout is at least what an attempt on a busy machine needs, however
// short the scale makes it.
func (b *Broker) pushTimeout() time.Duration {
	return max(b.scaled(b.conf.PushTimeout), min(b.conf.PushTimeout, 500*time.Millisecond))
}
