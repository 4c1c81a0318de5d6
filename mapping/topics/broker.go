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

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/jet"
	"github.com/jetcmq/jetcmq/mapping/queues"
	"github.com/nats-io/nats.go"
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
	conf   Config
	conn   *jet.Conn
	queues *queues.Broker
	log    *slog.Logger

	mu     sync.RWMutex
	topics map[string]*topic // by key
	news   chan struct{}     // has room for one: something is stale

	life context.Context // ends with Close: no new deliveries
	stop context.CancelFunc
	end  context.Context // ends when deliveries under way must end too
	kill context.CancelFunc
	done sync.WaitGroup // what Close waits for
}

// Open begins to deliver what the account's subscriptions have to get.
func Open(ctx context.Context, conn *jet.Conn, q *queues.Broker, c Config) (*Broker, error) {
	b := &Broker{conf: c.withDefaults(), conn: conn, queues: q, log: conn.Log, topics: map[string]*topic{},
		news: make(chan struct{}, 1)}
	b.life, b.stop = context.WithCancel(context.Background())
	b.end, b.kill = context.WithCancel(context.Background())
	for _, subject := range []string{
		"$JS.EVENT.ADVISORY.STREAM.CREATED.*", "$JS.EVENT.ADVISORY.STREAM.UPDATED.*", "$JS.EVENT.ADVISORY.STREAM.DELETED.*",
		"$JS.EVENT.ADVISORY.CONSUMER.CREATED.*.*", "$JS.EVENT.ADVISORY.CONSUMER.DELETED.*.*", changeSubject + "*",
	} {
		if _, err := conn.NC.Subscribe(subject, b.changed); err != nil {
			return nil, fmt.Errorf("listen for changes: %w", err)
		}
	}
	conn.OnReconnect(func(int64) { b.doubt() })
	b.done.Go(b.keep)
	return b, nil
}

// changed marks the topic that an advisory or another broker speaks of, and
// has it read at once, so that deliveries begin, change or end.
func (b *Broker) changed(m *nats.Msg) {
	const event, stream = 3, 5 // tokens of an advisory's subject
	tokens := strings.Split(m.Subject, ".")
	key, ok := strings.CutPrefix(m.Subject, changeSubject)
	if !ok && len(tokens) > stream {
		key, ok = strings.CutPrefix(tokens[stream], streamPrefix)
	}
	if !ok {
		return
	}
	t := b.entry(key)
	t.subsStale.Store(true)
	if tokens[event] == "STREAM" {
		t.stale.Store(true)
	}
	b.tell()
}

func (b *Broker) tell() {
	select {
	case b.news <- struct{}{}:
	default:
	}
}

// doubt has everything read anew: what happened while the connection was down
// was not told.
func (b *Broker) doubt() {
	for _, t := range b.used() {
		t.stale.Store(true)
		t.subsStale.Store(true)
	}
	b.tell()
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
