// Package queues gives CMQ's queues their JetStream shape: a stream with its
// messages, and one consumer that all receivers share.
package queues

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/jetcmq/jetcmq/mapping/jet"
)

// Config says how the queues of an account may behave.
type Config struct {
	Max        int           // queues in the account; 0 = 1000, the vendor's limit
	PollMargin time.Duration // how long before its end an empty poll answers; negative = at the end, 0 = 150 ms
}

func (c Config) withDefaults() Config {
	if c.Max == 0 {
		c.Max = 1000
	}
	if c.PollMargin == 0 {
		c.PollMargin = 150 * time.Millisecond
	}
	c.PollMargin = max(c.PollMargin, 0)
	return c
}

// Broker speaks for the queues of one account. All methods may be used at
// once. Any number of brokers, in any number of processes, may serve one
// account: what they share lives in JetStream.
type Broker struct {
	conf    Config
	conn    *jet.Conn
	log     *slog.Logger
	session string // names this broker in handles and in the ledger

	mu     sync.RWMutex
	queues map[string]*queue // by key; only those used since the start

	first      [64]chan struct{} // each holds one while a queue of its share is read for the first time
	setup      chan struct{}     // holds one while a queue's configuration is changed
	pollsEnded chan struct{}
	endPolls   sync.Once

	life context.Context // ends with Close
	stop context.CancelFunc
	done sync.WaitGroup // what Close waits for
}

// Open makes what the service needs in the account. It fails when JetStream is
// off.
func Open(ctx context.Context, conn *jet.Conn, c Config) (*Broker, error) {
	b := &Broker{conf: c.withDefaults(), conn: conn, log: conn.Log, session: newSession(),
		queues: map[string]*queue{}, pollsEnded: make(chan struct{}), setup: make(chan struct{}, 1)}
	for i := range b.first {
		b.first[i] = make(chan struct{}, 1)
	}
	b.life, b.stop = context.WithCancel(context.Background())
	if err := b.prepare(ctx); err != nil {
		return nil, err
	}
	conn.OnReconnect(b.reconnected)
	conn.Watch(b.Ready)
	b.done.Go(b.keep)
	return b, nil
}

// prepare makes the account's ledger and listens for changes that other
// brokers make.
func (b *Broker) prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if err := b.openLedger(ctx); err != nil {
		return fmt.Errorf("open JetStream of the account: %w", err)
	}
	if err := b.conn.OpenTurns(ctx); err != nil {
		b.log.Error("attributes of queues, topics and subscriptions cannot be changed: the account has no room for one more stream", "error", err)
	}
	for _, subject := range []string{
		"$JS.EVENT.ADVISORY.STREAM.UPDATED.*", "$JS.EVENT.ADVISORY.STREAM.DELETED.*",
		"$JS.EVENT.ADVISORY.CONSUMER.CREATED.*.*", "$JS.EVENT.ADVISORY.CONSUMER.DELETED.*.*",
	} {
		if _, err := b.conn.NC.Subscribe(subject, b.changed); err != nil {
			return fmt.Errorf("listen for changes: %w", err)
		}
	}
	if _, err := b.conn.NC.Subscribe("$JS.EVENT.ADVISORY.CONSUMER.LEADER_ELECTED.*.*", b.elected); err != nil {
		return fmt.Errorf("listen for leaders: %w", err)
	}
	return nil
}

// changed marks the queue an advisory speaks of, so that its next use reads it anew.
func (b *Broker) changed(m *nats.Msg) {
	if q := b.advised(m); q != nil {
		q.stale.Store(true)
	}
}

// elected has those who wait at a queue ask its consumer's new leader: the
// former one, if it died, took their pulls along without a word.
func (b *Broker) elected(m *nats.Msg) {
	if q := b.advised(m); q != nil && strings.HasSuffix(m.Subject, "."+q.now().consumer) {
		q.line.reset()
	}
}

// advised gives the queue an advisory speaks of, if it is known here.
func (b *Broker) advised(m *nats.Msg) *queue {
	const before = 5 // tokens in front of the stream's name
	tokens := strings.Split(m.Subject, ".")
	if len(tokens) <= before {
		return nil
	}
	key, ok := strings.CutPrefix(tokens[before], streamPrefix)
	if !ok {
		return nil
	}
	return b.known(key)
}

// reconnected forgets what the old connection owed us.
func (b *Broker) reconnected(lost int64) {
	for _, q := range b.used() {
		q.stale.Store(true)
		q.line.reset()
		q.leases.doubt(lost)
	}
}

// configure waits until nobody else here changes a queue's configuration.
func (b *Broker) configure(ctx context.Context) (done func(), err error) {
	ctx, cancel := b.conn.Within(ctx)
	defer cancel()
	select {
	case b.setup <- struct{}{}:
		return func() { <-b.setup }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for another change: %w", ctx.Err())
	}
}

// used lists the queues in use here.
func (b *Broker) used() []*queue {
	b.mu.RLock()
	defer b.mu.RUnlock()
	all := make([]*queue, 0, len(b.queues))
	for _, q := range b.queues {
		all = append(all, q)
	}
	return all
}

// EndPolls makes every waiting Receive, and all later ones, answer without
// waiting. It is for shutdown.
func (b *Broker) EndPolls() { b.endPolls.Do(func() { close(b.pollsEnded) }) }

// Close ends the polls and writes down what other brokers need to know.
func (b *Broker) Close(ctx context.Context) {
	b.EndPolls()
	b.stop()
	b.done.Wait()
	for _, q := range b.used() {
		q.record(ctx)
	}
}
