package topics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/jet"
)

// care is the keeper's memory of one topic; only the keeper uses it.
type care struct {
	next    time.Time     // look again
	pause   time.Duration // between looks, longer while nothing happens
	trimmed time.Time

	// What stood in the stream up to settled, stood there settle ago. Later
	// messages may be unknown to consumers that will get them.
	settled, mark uint64
	marked        time.Time
}

const (
	lookEvery   = time.Second      // at a topic in use
	lookSeldom  = 30 * time.Second // at one where nothing happens
	surveyEvery = 30 * time.Second // at every topic of the account
	readEvery   = 50 * time.Millisecond
	settle      = time.Second

	// trimVolume is worth a purge by itself; less waits until the topic is
	// quiet or for trimEvery looks, because every purge leaves a part-filled
	// file behind for a moment.
	trimVolume = 8 << 20
	trimEvery  = 10
)

// keep looks after the topics: it reads what has changed, so that deliveries
// begin and end, and gives back the space of what everybody got. Any number of
// brokers may do so at once.
func (b *Broker) keep() {
	tick := time.NewTicker(b.conf.lookEvery)
	defer tick.Stop()
	var surveyed time.Time
	pause := readEvery
	for {
		if b.conn.Connected() {
			if time.Since(surveyed) > surveyEvery && b.survey() == nil {
				surveyed = time.Now()
			}
			began := time.Now()
			b.catchUp()
			pause = max(readEvery, 4*time.Since(began)) // news that cost much come seldom
			b.look()
		}
		select {
		case <-b.news:
			// News come in bursts; one reading is good for all of one.
			if jet.Pause(b.life, pause) != nil {
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
	var few []string // with fewer replicas than they should have
	for key, s := range all {
		b.entry(key)
		if s.source.Replicas < b.conn.Replicas {
			few = append(few, streamPrefix+key)
		}
	}
	b.conn.Replicate(few...)
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

// look trims the topics in which there may be something to trim.
func (b *Broker) look() {
	for _, t := range b.used() {
		now, c := time.Now(), &t.care
		if t.reading.Load() == nil || now.Before(c.next) && !(t.active.Load() && c.pause > b.conf.lookEvery) {
			continue
		}
		active := t.active.Swap(false)
		moved, err := t.trim(b.life, now)
		former, e := t.settleAll(b.life)
		if err = errors.Join(err, e); err != nil && b.life.Err() == nil {
			b.log.Debug("look after", "topic", t.key, "error", err)
		}
		c.pause = min(2*c.pause, lookSeldom)
		if moved || former || active || c.pause == 0 {
			c.pause = b.conf.lookEvery
		}
		c.next = now.Add(c.pause)
	}
}

// counts is one reading of how far a topic's consumers are.
type counts struct {
	info  *jetstream.StreamInfo
	floor uint64 // everything up to here everybody has got
	ours  uint64 // and up to here all subscriptions
	sum   uint64 // messages that subscriptions have still to get, each counted for each
	subs  int    // subscriptions
}

// waiting is how many messages some subscription has still to get: no more than
// stand above the floor, nor than all subscriptions together have to get.
func (c counts) waiting() int64 {
	if c.ours >= c.info.State.LastSeq {
		return 0
	}
	return int64(min(c.info.State.LastSeq-c.ours, c.info.State.Msgs, c.sum))
}

func (t *topic) count(ctx context.Context) (c counts, err error) {
	ctx, cancel := t.b.conn.Within(ctx)
	defer cancel()
	if c, err = jet.Again(ctx, t.tryCount); err != nil {
		return c, t.failed(ctx, err)
	}
	return c, nil
}

func (t *topic) tryCount(ctx context.Context) (c counts, err error) {
	stream, err := t.b.conn.JS.Stream(ctx, t.stream)
	if err != nil {
		return c, err
	}
	c.info = stream.CachedInfo() // before the consumers: what comes between counts as not got
	c.floor, c.ours = c.info.State.LastSeq, c.info.State.LastSeq
	infos, err := t.consumersOf(ctx, stream)
	if err != nil {
		return c, err
	}
	for _, info := range infos {
		floor := c.info.State.LastSeq
		// The floor of one who filters stands where its last message did.
		if info.NumPending > 0 || info.NumAckPending > 0 || unfiltered(info.Config) {
			floor = info.AckFloor.Stream
		}
		c.floor = min(c.floor, floor)
		if _, ours := readSubscription(info.Config); ours {
			c.subs++
			c.sum += info.NumPending + uint64(info.NumAckPending)
			c.ours = min(c.ours, floor)
		}
	}
	return c, nil
}

func unfiltered(c jetstream.ConsumerConfig) bool {
	all := c.FilterSubjects
	if c.FilterSubject != "" {
		all = append(all, c.FilterSubject)
	}
	return len(all) == 0 || slices.Contains(all, everything)
}

func (t *topic) failed(ctx context.Context, err error) error {
	_, err = t.missing(ctx, err)
	return fmt.Errorf("count topic %s: %w", t.key, err)
}

// trim purges what everybody has got, native consumers included, and tells
// whether there may soon be more. Messages that nobody reads at all, published
// while that is allowed, stay until they are too old.
func (t *topic) trim(ctx context.Context, now time.Time) (moved bool, err error) {
	ctx, cancel := t.b.conn.Within(ctx)
	defer cancel()
	stream, err := t.b.conn.JS.Stream(ctx, t.stream)
	if err != nil {
		return false, err
	}
	state, c := stream.CachedInfo().State, &t.care
	if now.Sub(c.marked) >= settle {
		c.settled, c.mark, c.marked = c.mark, state.LastSeq, now
	}
	quiet := c.settled == state.LastSeq
	late := now.Sub(c.trimmed) > trimEvery*t.b.conf.lookEvery
	if state.Msgs == 0 || state.Consumers == 0 || !quiet && !late && state.Bytes <= trimVolume {
		return !quiet, nil
	}
	count, err := t.count(ctx)
	if err != nil {
		return !quiet, err
	}
	floor := min(count.floor, c.settled)
	if floor < state.FirstSeq || !count.complete(c.settled) {
		return !quiet, nil
	}
	freed := float64(state.Bytes) / float64(state.LastSeq-state.FirstSeq+1) * float64(floor-state.FirstSeq+1)
	if !quiet && !late && freed < trimVolume {
		return true, nil
	}
	c.trimmed = now
	return true, stream.Purge(ctx, jetstream.WithPurgeSequence(floor+1))
}

// complete tells whether every server that may speak for a consumer has the
// stream up to there. A consumer's count of what it has still to get goes by
// what its own server has.
func (c counts) complete(upTo uint64) bool {
	if c.info.State.Consumers == 0 {
		return false // removed meanwhile
	}
	if c.info.Cluster == nil {
		return true
	}
	return !slices.ContainsFunc(c.info.Cluster.Replicas, func(r *jetstream.PeerInfo) bool {
		return !r.Offline && (!r.Current || r.Lag > c.info.State.LastSeq-upTo)
	})
}
