package topics

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/jet"
)

// topic is what this broker knows of one topic, and the pumps that deliver to
// its subscriptions from here.
type topic struct {
	b      *Broker
	key    string
	stream string
	group  *jet.Group

	turn    chan struct{} // holds one while somebody reads or changes the topic
	reading atomic.Pointer[reading]
	told    atomic.Uint64    // changes that were told of: a reading knows those before it
	due     atomic.Bool      // the keeper should read it
	active  atomic.Bool      // something was published or delivered here since the keeper's last look
	pumps   map[string]*pump // by subscription id; under turn
	gone    bool             // no longer in the broker's table; under turn
	rounds  sync.Map         // by consumer: a context.CancelFunc that has its pump ask anew

	care care
}

// entry gives the topic of that key, whether it exists or not.
func (b *Broker) entry(key string) *topic {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.topics[key]
	if t == nil {
		t = &topic{b: b, key: key, stream: streamPrefix + key, group: b.conn.NewGroup(),
			turn: make(chan struct{}, 1), pumps: map[string]*pump{}}
		b.topics[key] = t
	}
	return t
}

// topic finds a topic, reading its configuration where it is not known here or
// may have changed. ErrNoTopic tells that there is none.
func (b *Broker) topic(ctx context.Context, name mapping.TopicName) (*topic, *reading, error) {
	if !b.conn.Connected() {
		return nil, nil, jet.ErrNotConnected
	}
	t := b.entry(name.Key())
	if r := t.current(); r != nil {
		return t, r, nil
	}
	var r *reading
	t, err := b.change(ctx, name, func(_ *topic, now *reading) error {
		r = now
		return nil
	})
	return t, r, err
}

// current gives the latest reading, or nil if something changed since.
func (t *topic) current() *reading {
	r := t.reading.Load()
	if r == nil || !t.b.heard() || r.knows != t.told.Load() {
		return nil
	}
	return r
}

// fresh gives a reading that was begun at or after a time.
func (t *topic) fresh(ctx context.Context, since time.Time) (*reading, error) {
	if err := t.lock(ctx); err != nil {
		return nil, err
	}
	defer t.unlock()
	if t.gone {
		return nil, mapping.ErrNoTopic
	}
	if r := t.reading.Load(); r != nil && !r.began.Before(since) {
		return r, nil
	}
	return t.read(ctx)
}

// reread is topic with a reading that was begun just now: another broker tells
// of its changes before it answers, but we may hear of them a moment later.
func (b *Broker) reread(ctx context.Context, name mapping.TopicName) (*topic, *reading, error) {
	if !b.conn.Connected() {
		return nil, nil, jet.ErrNotConnected
	}
	began := time.Now()
	var r *reading
	t, err := b.change(ctx, name, func(t *topic, now *reading) (err error) {
		if r = now; r.began.Before(began) {
			r, err = t.read(ctx)
		}
		return err
	})
	return t, r, err
}

// change has f work on a topic while nobody else here does, with a reading
// that knows all that was known to be changed.
func (b *Broker) change(ctx context.Context, name mapping.TopicName, f func(*topic, *reading) error) (*topic, error) {
	ctx, cancel := b.conn.Within(ctx) // the wait for the turn included
	defer cancel()
	for {
		t := b.entry(name.Key())
		if err := t.lock(ctx); err != nil {
			return nil, err
		}
		if t.gone {
			t.unlock()
			continue
		}
		defer t.unlock()
		r := t.current()
		if r == nil {
			var err error
			if r, err = t.read(ctx); err != nil {
				return nil, err
			}
		}
		return t, f(t, r)
	}
}

// alter has f change a topic while nobody else does anywhere, and tells the
// other brokers. What f is given may be a moment old. A change that failed may
// have been made all the same, unless the answer says why it was not.
func (b *Broker) alter(ctx context.Context, name mapping.TopicName, f func(*topic, *reading) error) error {
	var t *topic
	err := b.conn.Alone(ctx, streamPrefix+name.Key(), func(ctx context.Context) (err error) {
		t, err = b.change(ctx, name, f)
		return err
	})
	var refused *mapping.Error
	switch {
	case t == nil || errors.As(err, &refused):
		return err
	case err != nil:
		t.told.Add(1)
		b.tell()
	}
	t.notice(context.WithoutCancel(ctx))
	return err
}

func (t *topic) lock(ctx context.Context) error {
	select {
	case t.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *topic) unlock() { <-t.turn }

// read reads the configuration and brings the pumps in line with it, under the
// turn.
func (t *topic) read(ctx context.Context) (*reading, error) {
	ctx, cancel := t.b.conn.Within(ctx)
	defer cancel()
	r, err := t.tryRead(ctx)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		t.forget()
		return nil, mapping.ErrNoTopic
	}
	if err != nil {
		return nil, fmt.Errorf("read topic %s: %w", t.key, err)
	}
	t.install(r)
	return r, nil
}

// install puts a reading in force: new subscriptions get pumps, former ones lose
// theirs. Under the turn.
func (t *topic) install(r *reading) {
	t.reading.Store(r)
	want := make(map[string]*subscription, len(r.subs))
	for _, s := range r.subs {
		want[s.id] = s
	}
	for id, p := range t.pumps {
		if want[id] == nil {
			p.stop()
			delete(t.pumps, id)
		}
	}
	for id, s := range want {
		if t.pumps[id] == nil && t.b.life.Err() == nil {
			t.pumps[id] = t.startPump(s)
		}
	}
}

// with installs the reading r with one subscription more, less, or changed.
func (t *topic) with(r *reading, key string, s *subscription) {
	next := *r
	next.subs, next.routes = maps.Clone(r.subs), &routes{}
	if s == nil {
		delete(next.subs, key)
	} else {
		next.subs[key] = s
	}
	t.install(&next)
}

// forget drops a topic that no longer exists, under the turn.
func (t *topic) forget() {
	for id, p := range t.pumps {
		p.stop()
		delete(t.pumps, id)
	}
	t.reading.Store(nil)
	t.gone = true
	t.b.mu.Lock()
	defer t.b.mu.Unlock()
	if t.b.topics[t.key] == t {
		delete(t.b.topics, t.key)
	}
}

// missing turns JetStream's ways to say that there is no such stream or
// consumer into what it means. "No responders" is also what a cluster says
// between two leaders: the configuration decides, and again tells that trying
// once more may help.
func (t *topic) missing(ctx context.Context, err error) (again bool, _ error) {
	if !jet.Between(err) && !errors.Is(err, jetstream.ErrStreamNotFound) &&
		!errors.Is(err, jetstream.ErrConsumerNotFound) && !errors.Is(err, jet.ErrConsumerMoved) {
		return false, err
	}
	if _, e := t.fresh(ctx, time.Now()); jet.Between(e) {
		return true, e
	} else if e != nil {
		return false, e
	}
	return true, err
}
