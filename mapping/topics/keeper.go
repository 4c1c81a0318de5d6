package topics

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping"
)

// care is the keeper's memory of one topic; only the keeper uses it.
type care struct {
	looked  time.Time
	trimmed time.Time
	last    uint64 // sequence at the last look
}

const (
	lookEvery   = time.Second
	surveyEvery = 30 * time.Second // at every topic of the account
	readEvery   = 50 * time.Millisecond

	// trimVolume is worth a purge by itself; less waits until the topic is
	// quiet or trimEvery has passed, because every purge leaves a part-filled
	// file behind for a moment.
	trimVolume = 8 << 20
	trimEvery  = 10 * time.Second
)

// keep looks after the topics: it reads what has changed, so that deliveries
// begin and end, and gives back the space of what everybody got. Any number of
// brokers may do so at once.
func (b *Broker) keep() {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var surveyed time.Time
	for {
		if b.conn.Connected() {
			if time.Since(surveyed) > surveyEvery && b.survey() == nil {
				surveyed = time.Now()
			}
			b.catchUp()
			b.look()
		}
		select {
		case <-b.news:
			// News come in bursts; one reading is good for all of one.
			select {
			case <-time.After(readEvery):
			case <-b.life.Done():
				return
			}
		case <-tick.C:
		case <-b.life.Done():
			return
		}
	}
}

// survey makes every topic of the account known here and due to be read, in case
// that something was not told.
func (b *Broker) survey() error {
	all, err := b.allTopics(b.life)
	if err != nil {
		b.log.Debug("survey", "error", err)
		return err
	}
	for key := range all {
		b.entry(key)
	}
	for _, t := range b.used() {
		t.due.Store(true)
	}
	return nil
}

// catchUp reads the topics that were changed.
func (b *Broker) catchUp() {
	for _, t := range b.used() {
		if !t.due.Swap(false) && t.current() != nil {
			continue
		}
		if _, err := t.fresh(b.life, time.Now()); err != nil && !errors.Is(err, mapping.ErrNoTopic) && b.life.Err() == nil {
			t.due.Store(true)
			b.log.Debug("read", "topic", t.key, "error", err)
		}
	}
}

// look trims the topics in which there is something to trim.
func (b *Broker) look() {
	for _, t := range b.used() {
		if time.Since(t.care.looked) < lookEvery || t.reading.Load() == nil {
			continue
		}
		t.care.looked = time.Now()
		if err := errors.Join(t.trim(b.life), t.settleAll(b.life)); err != nil && b.life.Err() == nil {
			b.log.Debug("look after", "topic", t.key, "error", err)
		}
	}
}

// counts is one reading of how far a topic's consumers are.
type counts struct {
	state jetstream.StreamState
	floor uint64 // everything up to here everybody has got
	sum   uint64 // messages that subscriptions have still to get, each counted for each
	none  bool   // nobody reads the topic
}

// waiting is how many messages somebody has still to get: no more than stand
// above the floor, nor than all subscriptions together have to get.
func (c counts) waiting() int64 {
	if c.floor >= c.state.LastSeq {
		return 0
	}
	above := min(c.state.LastSeq-c.floor, c.state.Msgs)
	return int64(min(above, c.sum))
}

func (t *topic) count(ctx context.Context) (c counts, err error) {
	ctx, cancel := t.b.conn.Within(ctx)
	defer cancel()
	stream, err := t.b.conn.JS.Stream(ctx, t.stream)
	if err != nil {
		return c, t.failed(ctx, err)
	}
	c.state = stream.CachedInfo().State // before the consumers: what comes between counts as not got
	c.floor, c.none = c.state.LastSeq, c.state.Consumers == 0
	infos, err := consumersOf(ctx, stream)
	if err != nil {
		return c, t.failed(ctx, err)
	}
	for _, info := range infos {
		if _, ours := readSubscription(info.Config); ours {
			c.sum += info.NumPending + uint64(info.NumAckPending)
		}
		// The floor of one who filters stands where its last message did.
		if info.NumPending > 0 || info.NumAckPending > 0 {
			c.floor = min(c.floor, info.AckFloor.Stream)
		}
	}
	return c, nil
}

func (t *topic) failed(ctx context.Context, err error) error {
	_, err = t.missing(ctx, err)
	return fmt.Errorf("count topic %s: %w", t.key, err)
}

// trim purges what everybody has got, native consumers included. Messages that
// nobody reads at all, published while that is allowed, stay until they are
// too old.
func (t *topic) trim(ctx context.Context) error {
	within, cancel := t.b.conn.Within(ctx)
	defer cancel()
	stream, err := t.b.conn.JS.Stream(within, t.stream)
	if err != nil {
		return err
	}
	state := stream.CachedInfo().State
	quiet := state.LastSeq == t.care.last
	t.care.last = state.LastSeq
	due := quiet || state.Bytes > trimVolume || time.Since(t.care.trimmed) > trimEvery
	if state.Msgs == 0 || state.Consumers == 0 || !due {
		return nil
	}
	c, err := t.count(ctx)
	if err != nil || c.none || c.floor < c.state.FirstSeq {
		return err
	}
	t.care.trimmed = time.Now()
	return stream.Purge(within, jetstream.WithPurgeSequence(c.floor+1))
}

// settleAll has subscriptions forget the former filters under which nothing is
// left to be delivered.
func (t *topic) settleAll(ctx context.Context) error {
	for _, s := range t.reading.Load().changed() {
		within, cancel := t.b.conn.Within(ctx)
		consumer, err := t.b.conn.JS.Consumer(within, t.stream, consumerPrefix+s.key)
		cancel()
		if err != nil {
			return err
		}
		// JetStream counts a message a moment after it was published.
		info, until := consumer.CachedInfo(), s.Former[len(s.Former)-1].Until
		idle := info.NumPending+uint64(info.NumAckPending) == 0 && time.Since(time.Unix(s.modified, 0)) > 3*time.Second
		if !idle && info.AckFloor.Stream < until {
			continue
		}
		if err := t.settle(ctx, s, until); err != nil {
			return err
		}
	}
	return nil
}

// changed lists the subscriptions that have former filters.
func (r *reading) changed() (all []*subscription) {
	if r == nil {
		return nil
	}
	for _, s := range r.subs {
		if len(s.Former) > 0 {
			all = append(all, s)
		}
	}
	return all
}
