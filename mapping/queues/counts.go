package queues

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/jet"
)

// counts is one reading of a queue's stream and consumer.
type counts struct {
	messages  int64 // on the message subject, deleted ones that are kept included
	delayed   int64
	pending   int64 // never delivered
	unacked   int64 // delivered, not deleted
	bytes     uint64
	all       uint64 // messages in the stream
	first     uint64 // sequences
	last      uint64
	delivered uint64 // the cursor: everything up to here was delivered once
	floor     uint64 // everything up to here is deleted
	consumers int    // ours and native ones
	changed   bool   // the configuration is not the one that was read
}

// kept is what counts against maxMsgHeapNum.
func (c counts) kept() int64 { return c.pending + c.unacked + c.delayed }

// deleted is how many deleted messages the stream still keeps.
func (c counts) deleted() int64 { return max(c.messages-c.pending-c.unacked, 0) }

func (q *queue) counts(ctx context.Context) (c counts, err error) {
	ctx, cancel := q.b.conn.Within(ctx)
	defer cancel()
	if c, err = jet.Again(ctx, q.tryCounts); err != nil {
		return c, q.failed(ctx, "count", err)
	}
	return c, nil
}

func (q *queue) tryCounts(ctx context.Context) (c counts, err error) {
	s := q.now()
	subject := messageSubject + q.key
	info, err := s.source.Info(ctx, jetstream.WithSubjectFilter(subject))
	if err != nil {
		return c, err
	}
	ci, err := s.receivers.Info(ctx)
	if err != nil {
		return c, err
	}
	c.messages = int64(info.State.Subjects[subject])
	c.delayed = max(int64(info.State.Msgs)-c.messages, 0) // the two are not counted in one moment
	c.pending, c.unacked = int64(ci.NumPending), int64(ci.NumAckPending)
	c.bytes, c.all, c.first, c.last = info.State.Bytes, info.State.Msgs, info.State.FirstSeq, info.State.LastSeq
	c.delivered, c.floor = ci.Delivered.Stream, ci.AckFloor.Stream
	c.consumers = info.State.Consumers
	c.changed = !maps.Equal(info.Config.Metadata, s.metadata)
	return c, nil
}

// countsNear is counts, but for what waits exact where kept messages come near
// a limit: a consumer learns of a new message a moment after its sender.
func (q *queue) countsNear(ctx context.Context, limit int64) (counts, error) {
	const near = 1000
	c, err := q.counts(ctx)
	if err != nil || c.kept()+near < limit {
		return c, err
	}
	first, err := q.ranked(ctx, `"seq":`+strconv.FormatUint(c.delivered+1, 10))
	if err != nil {
		return c, err
	}
	if q.now().replicas <= 1 {
		c.pending = 0 // else the consumer may know of more than the replica that answers
	}
	if first != nil {
		c.pending = max(c.pending, first.behind+1)
	}
	return c, nil
}

// failed gives an error its meaning: the queue may be gone.
func (q *queue) failed(ctx context.Context, doing string, err error) error {
	if _, err = q.explain(ctx, err); err != nil {
		return fmt.Errorf("%s queue %s: %w", doing, q.key, err)
	}
	return nil
}

// DescribeQueue tells a queue's attributes and counts, and whose dead letters
// it takes. Messages whose visibility timeout is over count as active, received
// or not.
func (b *Broker) DescribeQueue(ctx context.Context, name mapping.QueueName) (mapping.QueueDescription, error) {
	ctx, cancel := b.conn.Within(ctx)
	defer cancel()
	d, err := b.describe(ctx, name)
	q := b.known(name.Key())
	if err != nil || q == nil || q.now().memory < letterMemory { // never a dead-letter queue
		return d, err
	}
	all, err := b.allQueues(ctx)
	d.Sources = sources(all, q.key)
	return d, err
}

// describe is DescribeQueue without the sources.
func (b *Broker) describe(ctx context.Context, name mapping.QueueName) (mapping.QueueDescription, error) {
	q, err := b.queue(ctx, name)
	if err != nil {
		return mapping.QueueDescription{}, err
	}
	c, err := q.counts(ctx)
	if err == nil && c.changed { // by another broker, and we have not heard of it yet
		if q, err = b.read(ctx, q.key); err != nil {
			return mapping.QueueDescription{}, err
		}
		c, err = q.counts(ctx)
	}
	s := q.now()
	if err == nil && *s.attributes.Rewind > 0 {
		// What has left the rewind window must not be counted as inside it.
		if err = q.trimGently(ctx, mapping.Seconds(s.attributes.Rewind)); err == nil {
			c, err = q.counts(ctx)
		}
	}
	if err != nil {
		return mapping.QueueDescription{}, err
	}
	records, err := b.records(ctx, q.key)
	if err != nil && !jet.Lost(err) { // without it the counts are less exact
		return mapping.QueueDescription{}, err
	}
	records = only(records, s.generation)
	for _, r := range records {
		q.leases.learn(r)
	}
	d := s.describe()
	d.Inactive = min(int64(q.leases.live(time.Now(), records)), c.unacked)
	d.Active = c.pending + c.unacked - d.Inactive
	d.Delayed = c.delayed
	if *s.attributes.Rewind > 0 {
		if d.Rewindable, err = q.rewindable(ctx, s, c); err != nil {
			return mapping.QueueDescription{}, err
		}
	}
	oldest, err := q.oldest(ctx, c)
	if err != nil {
		return mapping.QueueDescription{}, err
	}
	if oldest != nil {
		d.MinMessageTime = oldest.at.Unix()
	}
	return d, nil
}

// oldest is the oldest message not yet deleted; nil if there is none.
func (q *queue) oldest(ctx context.Context, c counts) (*storedMessage, error) {
	if c.pending+c.unacked == 0 {
		return nil, nil
	}
	return q.stored(ctx, `"seq":`+strconv.FormatUint(c.floor+1, 10))
}

// rewindable counts the deleted messages in the rewind window: what stands
// there, less what waits and what is in flight. Before the window there may be
// deleted ones too, behind one that is not.
func (q *queue) rewindable(ctx context.Context, s *settings, c counts) (int64, error) {
	first, err := q.ranked(ctx, startTime(time.Now().Add(-mapping.Seconds(s.attributes.Rewind))))
	if err != nil || first == nil {
		return 0, err
	}
	inside := first.behind + 1
	waiting, flying := c.pending, c.unacked
	if c.delivered+1 < first.seq {
		waiting = min(waiting, inside)
	}
	if c.floor+1 < first.seq {
		flying = min(flying, q.leases.since(first.seq))
	}
	return max(inside-waiting-flying, 0), nil
}

// storedMessage is where a message stands in its stream, and when it came.
type storedMessage struct {
	seq    uint64
	at     time.Time
	behind int64 // messages of the queue that came later, if it is ranked
}

func startTime(t time.Time) string {
	text, _ := json.Marshal(t.UTC()) // a time of this century: cannot fail
	return `"start_time":` + string(text)
}

// stored finds the first message of the queue at or after a sequence or time;
// nil if there is none.
func (q *queue) stored(ctx context.Context, from string) (*storedMessage, error) {
	return q.find(ctx, from, messageSubject+q.key)
}

// find is stored for any subject of the stream. Of several replicas the leader
// is asked, because decisions hang on it and any other may lag.
func (q *queue) find(ctx context.Context, from, subject string) (*storedMessage, error) {
	if q.now().replicas <= 1 {
		return q.rank(ctx, from, subject)
	}
	ctx, cancel := q.b.conn.Within(ctx)
	defer cancel()
	m, err := q.b.conn.Find(ctx, q.stream, `{`+from+`,"next_by_subj":"`+subject+`","no_hdr":true}`)
	if err != nil {
		return nil, q.failed(ctx, "look into", err)
	}
	if m == nil {
		return nil, nil
	}
	return &storedMessage{seq: m.Sequence, at: m.Time}, nil
}

// ranked is stored with the number of messages behind, as some replica counts
// them.
func (q *queue) ranked(ctx context.Context, from string) (*storedMessage, error) {
	return q.rank(ctx, from, messageSubject+q.key)
}

func (q *queue) rank(ctx context.Context, from, subject string) (*storedMessage, error) {
	ctx, cancel := q.b.conn.Within(ctx)
	defer cancel()
	// As a batch of one, because then the number of those behind it is told.
	m, err := q.b.conn.Look(ctx, q.stream, `{`+from+`,"batch":1,"next_by_subj":"`+subject+`"}`)
	if err != nil {
		return nil, q.failed(ctx, "look into", err)
	}
	if m.Header.Get("Status") == "404" {
		return nil, nil
	}
	seq, err := strconv.ParseUint(m.Header.Get("Nats-Sequence"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("look into queue %s: no sequence: %w", q.key, err)
	}
	at, err := time.Parse(time.RFC3339Nano, m.Header.Get("Nats-Time-Stamp"))
	if err != nil {
		return nil, fmt.Errorf("look into queue %s: no time: %w", q.key, err)
	}
	behind, err := strconv.ParseInt(m.Header.Get("Nats-Num-Pending"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("look into queue %s: no number behind: %w", q.key, err)
	}
	return &storedMessage{seq, at, behind}, nil
}
