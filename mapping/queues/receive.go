package queues

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/jet"
)

// Receive hands out up to most messages, waiting up to wait for the first; a
// negative wait means the queue's own. Without any it is ErrNoMessage. Each is
// invisible to others for the queue's visibility timeout. The end of ctx, the
// end of the polls and the end of the queue end the wait.
func (b *Broker) Receive(ctx context.Context, name mapping.QueueName, most int, wait time.Duration) ([]mapping.Message, error) {
	q, err := b.queue(ctx, name)
	if err != nil {
		return nil, err
	}
	if wait < 0 {
		wait = mapping.Seconds(q.now().attributes.PollingWait)
	}
	wait = min(wait, mapping.MaxPolling)
	if wait > b.conf.PollMargin {
		wait -= b.conf.PollMargin
	}
	deadline := time.Now().Add(wait)
	for {
		// Where others wait already nothing is there, so one more joins them.
		if wait == 0 || !q.line.busy() {
			ms, err := q.take(ctx, most)
			// One who waits waits for a leader, too.
			if len(ms) > 0 || err != nil && (wait == 0 || !jet.Lost(err)) {
				return ms, err
			}
			if err != nil {
				q.recover()
			}
		}
		first, err := q.line.wait(ctx, deadline)
		if errors.Is(err, mapping.ErrNoMessage) && q.astray.Load() {
			return nil, fmt.Errorf("receive from queue %s: %w", q.now().name, nats.ErrNoResponders) // there may be some
		}
		if err != nil {
			return nil, err
		}
		if ms := q.handOut(ctx, []*nats.Msg{first}); len(ms) > 0 {
			return q.fill(ctx, ms, most), nil
		}
	}
}

// fill adds what is there at once to the first message of a batch.
func (q *queue) fill(ctx context.Context, ms []mapping.Message, most int) []mapping.Message {
	if most == len(ms) || q.line.busy() {
		return ms
	}
	more, err := q.take(ctx, most-len(ms))
	if err != nil {
		return ms // what we have is good
	}
	return append(ms, more...)
}

// glance is how long a pull that finds nothing waits for more: JetStream tells
// a consumer of a new message a moment after acknowledging its sender, and a
// pull that does not wait at all misses one message in ten sent just before. In a
// cluster the consumer may be led by another server, which hears of it later.
const (
	glance      = 5 * time.Millisecond
	glanceApart = 25 * time.Millisecond
)

func (s *settings) glance() time.Duration {
	if s.replicas > 1 {
		return glanceApart
	}
	return glance
}

// take hands out what is there now.
func (q *queue) take(ctx context.Context, most int) ([]mapping.Message, error) {
	patience, cancel := q.b.conn.Within(ctx)
	defer cancel()
	for {
		raw, err := q.glimpse(ctx, most)
		if err != nil {
			again, err := q.explain(patience, err)
			if !again || jet.Pause(patience, 20*time.Millisecond) != nil {
				return nil, err
			}
			continue
		}
		ms := q.handOut(ctx, raw)
		if len(ms) > 0 || len(raw) == 0 {
			return ms, nil
		}
		if patience.Err() != nil {
			return nil, nil
		}
		// All of it was dead: look again.
	}
}

// handOut turns deliveries into messages. What has died by the queue's
// dead-letter policy moves on instead.
func (q *queue) handOut(ctx context.Context, raw []*nats.Msg) []mapping.Message {
	s := q.now()
	var ms []mapping.Message
	for _, m := range raw {
		d, err := readDelivery(m)
		if err != nil {
			q.b.log.Error("JetStream delivered what cannot be read", "queue", s.name, "error", err)
			continue
		}
		if d.consumer != s.consumer {
			continue // of an older generation: nobody may hold it any more
		}
		l, free := q.open(ctx, s, d)
		if !free {
			continue
		}
		if cause := s.dead(l, d.at); cause != "" {
			if err := q.bury(ctx, s, m, d, l, cause); err != nil {
				q.b.log.Error("a dead letter stays until its visibility timeout ends", "error", err)
			}
			continue
		}
		ms = append(ms, s.message(q.b.session, m, d, l))
	}
	return ms
}

// open notes a delivery. It is false, and nobody may get the message, while the
// receiver that has it was promised that nobody else does: JetStream delivers it
// once more when that time is over.
func (q *queue) open(ctx context.Context, s *settings, d delivery) (l lease, free bool) {
	left, held := q.leases.holds(d)
	if held {
		// The queue's timeout may have been made shorter in this moment.
		if _, err := q.b.read(context.WithoutCancel(ctx), q.key); err != nil {
			q.b.log.Debug("read", "queue", s.name, "error", err)
		}
		left, held = q.leases.holds(d)
	}
	if !held {
		// Another delivery of it may be handed out, or deleted, meanwhile.
		l, left, held = q.leases.open(d, q.newLease(ctx, s, d))
	}
	if !held {
		return l, l.delivery > 0
	}
	q.leases.refuse(d)
	q.b.log.Debug("delivered again before its time", "queue", s.name, "sequence", d.seq, "delivery", d.number, "left", left)
	if err := q.later(s, d, left+grace); err != nil {
		q.b.log.Warn("a message that is held could not be put off, it returns with its visibility timeout", "queue", s.name, "error", err)
	}
	return lease{}, false
}

// newLease dates a delivery. A redelivery that this broker did not see before
// may be known to the ledger.
func (q *queue) newLease(ctx context.Context, s *settings, d delivery) lease {
	l := lease{
		first:    d.at,
		stored:   d.stored,
		given:    d.at,
		clock:    d.clock,
		promised: s.visibility.Milliseconds(),
		delivery: d.number,
		turn:     d.turn,
		session:  q.b.session,
	}
	if d.number > 1 {
		// What we know is all there is only if we gave out the last delivery too.
		if last, known := q.leases.find(d.seq); !known || last.session != q.b.session || last.delivery+last.refused != d.number-1 {
			l.first, l.unheard = q.history(ctx, d)
		}
	}
	return l
}

// delivery is what JetStream tells of a message it delivers.
type delivery struct {
	consumer string
	seq      uint64
	turn     uint64 // the consumer's own sequence
	number   uint64 // first = 1
	stored   int64  // Unix ms
	at       int64  // Unix ms: now
	clock    int64  // the same by our own clock
}

// handle names the delivery; it is not one to give out.
func (d delivery) handle() handle { return handle{seq: d.seq, delivery: d.number, turn: d.turn} }

// clock is our own clock, in ms. It goes on evenly whatever the time of day is set to.
func clock() int64 { return time.Since(epoch).Milliseconds() }

var epoch = time.Now()

func readDelivery(m *nats.Msg) (delivery, error) {
	meta, err := m.Metadata()
	if err != nil {
		return delivery{}, err
	}
	return delivery{
		consumer: meta.Consumer,
		seq:      meta.Sequence.Stream,
		turn:     meta.Sequence.Consumer,
		number:   meta.NumDelivered,
		stored:   meta.Timestamp.UnixMilli(),
		at:       time.Now().UnixMilli(),
		clock:    clock(),
	}, nil
}

// message gives a delivery the form receivers know.
func (s *settings) message(session string, m *nats.Msg, d delivery, l lease) mapping.Message {
	h := handle{
		session: l.session, generation: s.generation, seq: d.seq, delivery: d.number, turn: d.turn,
		given: d.at, visibility: s.visibility.Milliseconds(),
	}
	msg := mapping.Message{
		Body:          string(m.Data),
		ID:            s.idOf(m, d.seq),
		Handle:        h.seal(s.secret),
		Enqueued:      d.stored / 1000,
		NextVisible:   (d.at + h.visibility) / 1000,
		FirstDequeued: l.first / 1000,
		Dequeues:      l.received(),
	}
	if sent, err := strconv.ParseInt(m.Header.Get(headerEnqueued), 10, 64); err == nil && sent > 0 {
		msg.Enqueued = sent / 1000
	}
	return msg
}

// idOf gives a message's msgId: the one its sender was told.
func (s *settings) idOf(m *nats.Msg, seq uint64) string {
	if m.Header != nil {
		if id := m.Header.Get(headerID); mapping.ValidMessageID(id) {
			return id
		}
	}
	return mapping.MessageID(seq, s.salt)
}
