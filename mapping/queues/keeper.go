package queues

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping"
)

// care is the keeper's memory of one queue; only the keeper uses it.
type care struct {
	looked   time.Time
	recorded time.Time
	trimmed  time.Time
	before   counts
}

const (
	keeperTick = 250 * time.Millisecond
	lookEvery  = time.Second      // at a queue in use
	surveyAll  = 30 * time.Second // at every queue of the account
	inUse      = 10               // seconds since the last call

	// trimVolume is worth a purge by itself; less waits until the queue is
	// quiet or trimEvery has passed, because every purge leaves a part-filled
	// file behind for a moment.
	trimVolume = 8 << 20
	trimEvery  = 10 * time.Second
)

// keep looks after the queues: it gives back the space of deleted messages,
// moves dead letters nobody asks for, writes the ledger and notices what other
// brokers changed. Any number of brokers may do so at once; each step is safe
// to repeat.
func (b *Broker) keep() {
	tick := time.NewTicker(keeperTick)
	defer tick.Stop()
	var surveyed time.Time
	for {
		if b.conn.Connected() {
			if time.Since(surveyed) > surveyAll {
				b.survey()
				surveyed = time.Now()
			}
			for _, q := range b.used() {
				q.look()
			}
		}
		select {
		case <-tick.C:
		case <-b.life.Done():
			return
		}
	}
}

// survey makes every queue of the account known here and due for a look.
func (b *Broker) survey() {
	all, err := b.allQueues(b.life)
	if err != nil {
		b.log.Debug("survey", "error", err)
		return
	}
	var few []string // with fewer replicas than they should have
	for key, s := range all {
		if s.replicas < b.conn.Replicas {
			few = append(few, streamPrefix+key)
		}
		q := b.known(key)
		if q == nil {
			if q, err = b.read(b.life, key); err != nil {
				b.log.Debug("survey", "queue", key, "error", err)
				continue
			}
		}
		q.care.looked = time.Time{}
	}
	b.conn.Replicate(few...)
	for _, q := range b.used() {
		if _, exists := all[q.key]; !exists {
			q.stale.Store(true)
		}
	}
}

// look does what is due at one queue.
func (q *queue) look() {
	q.line.tend()
	now := time.Now()
	if now.UnixMilli() < q.raised.Load() {
		q.keepPromises(now)
	}
	if q.leases.recordDue(now.Sub(q.care.recorded)) {
		q.care.recorded = now
		q.record(q.b.life)
	}
	idle := now.Unix()-q.touched.Load() > inUse
	if !q.care.looked.IsZero() && (now.Sub(q.care.looked) < lookEvery || idle && !q.moving(now)) {
		return
	}
	q.care.looked = now
	ctx, cancel := q.b.conn.Within(q.b.life)
	defer cancel()
	if err := q.tend(ctx); err != nil && !errors.Is(err, mapping.ErrNoQueue) && q.b.life.Err() == nil {
		q.b.log.Debug("looking after a queue", "queue", q.key, "error", err)
	}
}

// keepPromises makes visible what JetStream hides for longer than its receiver
// was told, because the timeout was made longer since.
func (q *queue) keepPromises(now time.Time) {
	s := q.now()
	for seq, l := range q.leases.overdue(now) {
		if q.visible(s, seq, l.delivery, l.turn) != nil {
			q.leases.restore(seq, l) // tried again at the next tick
		}
	}
}

func (q *queue) tend(ctx context.Context) error {
	if q.stale.Load() {
		if _, err := q.b.read(ctx, q.key); err != nil {
			return err
		}
	}
	began, ended := time.Now(), q.room.settled()
	c, err := q.counts(ctx)
	if err != nil {
		return err
	}
	q.room.set(c, began, ended, 0)
	q.leases.prune(c.floor, began)
	if err := q.sweep(ctx, c); err != nil {
		return err
	}
	quiet := c.floor == q.care.before.floor && c.last == q.care.before.last
	q.care.before = c
	if quiet || c.deletedBytes() > trimVolume || time.Since(q.care.trimmed) > trimEvery {
		q.care.trimmed = time.Now()
		return q.trimUnless(ctx, c, q.now().keeps())
	}
	return nil
}

// trimGently is trim where it can wait.
func (q *queue) trimGently(ctx context.Context, window time.Duration) error {
	c, err := q.counts(ctx)
	if err != nil {
		return err
	}
	return q.trimUnless(ctx, c, window)
}

func (q *queue) trimUnless(ctx context.Context, c counts, window time.Duration) error {
	if later, err := q.postpone(ctx, c); err != nil || later {
		return err
	}
	return q.trimTo(ctx, c, window)
}

const (
	postponeLongest = time.Minute
	postponeVolume  = 64 << 20
)

// postpone tells whether to trim later: messages are visible again and nobody
// has fetched them yet. Any purge makes JetStream 2.15 forget that they wait, and
// they would be hidden for another visibility timeout. It does not wait for ever,
// because with other brokers at work some in flight are always unknown here.
func (q *queue) postpone(ctx context.Context, c counts) (bool, error) {
	now := time.Now()
	q.purged.CompareAndSwap(0, now.Unix())
	if c.unacked == 0 || now.Unix()-q.purged.Load() > int64(postponeLongest/time.Second) || c.deletedBytes() > postponeVolume {
		return false, nil
	}
	records, err := q.b.records(ctx, q.key)
	if err != nil {
		return false, err
	}
	return int64(q.leases.live(now, only(records, q.now().generation))) < c.unacked, nil
}

// keeps is how long deleted messages are kept.
func (s *settings) keeps() time.Duration {
	window := mapping.Seconds(s.attributes.Rewind)
	if s.memory > 0 {
		window = max(window, settled)
	}
	return window
}

// deletedBytes estimates what deleted messages take.
func (c counts) deletedBytes() uint64 {
	if c.all == 0 {
		return 0
	}
	return uint64(c.deleted()) * (c.bytes / c.all)
}

// trim gives back the space of messages deleted and older than window, now.
func (q *queue) trim(ctx context.Context, window time.Duration) error {
	c, err := q.counts(ctx)
	if err != nil {
		return err
	}
	return q.trimTo(ctx, c, window)
}

// trimTo purges what everybody has deleted and nobody may rewind to: messages
// up to the lowest acknowledgement floor, native consumers' included, and
// before the rewind window.
func (q *queue) trimTo(ctx context.Context, c counts, window time.Duration) error {
	if c.deleted() == 0 {
		return nil
	}
	s := q.now()
	end := c.floor + 1
	if c.consumers > 1 {
		q.dismiss(ctx)
		floor, err := s.lowestFloor(ctx, c.floor)
		if err != nil {
			return err
		}
		end = floor + 1
	}
	if window > 0 {
		m, err := q.stored(ctx, startTime(time.Now().Add(-window)))
		if err != nil {
			return err
		}
		if m != nil {
			end = min(end, m.seq)
		}
	}
	if end <= max(q.trimmed.Load(), c.first) {
		return nil
	}
	if err := q.purge(ctx, s, end); err != nil {
		return err
	}
	q.trimmed.Store(end)
	q.purged.Store(time.Now().Unix())
	return nil
}

// purge removes the messages before end and leaves those in their delay. Up to
// the first of these it goes by sequence alone, which takes the records away. A
// purge by subject only notes the removals, as firing a schedule does, and
// after a kill JetStream 2.15 has lost such notes: delayed messages, long
// delivered and deleted, came again. With several replicas the look for the
// first delayed message might ask one that lags, so there it is not relied on.
func (q *queue) purge(ctx context.Context, s *settings, end uint64) error {
	whole := uint64(1)
	if s.source.CachedInfo().Config.Replicas <= 1 {
		m, err := q.find(ctx, `"seq":1`, delaySubject+q.key+".*")
		if err != nil {
			return err
		}
		if whole = end; m != nil {
			whole = min(end, m.seq)
		}
	}
	if whole > 1 {
		if err := s.source.Purge(ctx, jetstream.WithPurgeSequence(whole)); err != nil || whole == end {
			return err
		}
	}
	return s.source.Purge(ctx, jetstream.WithPurgeSubject(messageSubject+q.key), jetstream.WithPurgeSequence(end))
}

// lowestFloor is up to where all consumers of the stream are through.
func (s *settings) lowestFloor(ctx context.Context, floor uint64) (uint64, error) {
	list := s.source.ListConsumers(ctx)
	for info := range list.Info() {
		floor = min(floor, info.AckFloor.Stream)
	}
	return floor, list.Err()
}

// moving tells whether time alone may change something here: a message is
// held, was held and may have died, or the ledger is behind.
func (q *queue) moving(now time.Time) bool {
	ls := &q.leases
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.dirty || len(ls.held) > 0 && q.now().attributes.DeadLetter != nil {
		return true
	}
	current := q.now().visibility
	for _, l := range ls.held {
		if l.until(current) > now.UnixMilli() {
			return true
		}
	}
	return false
}
