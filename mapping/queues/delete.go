package queues

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/jet"
)

// Delete removes the message whose delivery handle names, and answers once
// JetStream has acknowledged it. ErrHandle: the handle is not that of the
// message's latest delivery, its time is over, or it was used before; nothing
// is deleted then.
func (b *Broker) Delete(ctx context.Context, name mapping.QueueName, handle string) error {
	ctx, cancel := b.conn.Within(ctx)
	defer cancel()
	q, err := b.queue(ctx, name)
	if err != nil {
		return err
	}
	return q.delete(ctx, handle)
}

// DeleteBatch deletes each: one error, or nil, a handle. The second result is
// for the call as a whole.
func (b *Broker) DeleteBatch(ctx context.Context, name mapping.QueueName, handles []string) ([]error, error) {
	ctx, cancel := b.conn.Within(ctx)
	defer cancel()
	q, err := b.queue(ctx, name)
	if err != nil {
		return nil, err
	}
	errs := make([]error, len(handles))
	var wait sync.WaitGroup
	for i, h := range handles {
		wait.Go(func() { errs[i] = q.delete(ctx, h) })
	}
	wait.Wait()
	return errs, nil
}

func (q *queue) delete(ctx context.Context, text string) error {
	// The answer must be true even if the caller has just gone away.
	ctx, cancel := q.b.conn.Through(ctx)
	defer cancel()
	s := q.now()
	h, ok := openHandle(text, s.secret)
	if !ok || h.generation != s.generation || !time.Now().Before(h.diesAt(s.visibility)) {
		return mapping.ErrHandle
	}
	if h.session != q.b.session {
		q.remind(ctx, s)
	}
	ok, own := q.leases.claim(h)
	if !ok {
		return mapping.ErrHandle
	}
	err := q.acknowledge(ctx, s, h, own)
	q.leases.settle(h, err == nil)
	return err
}

// acknowledge has JetStream take the message out of the queue. JetStream
// answers an acknowledgement of a message that is gone like any other, so for
// a handle this broker did not give out it is asked first.
func (q *queue) acknowledge(ctx context.Context, s *settings, h handle, own bool) error {
	for {
		err := q.tryAcknowledge(ctx, s, h, own)
		if err == nil || errors.Is(err, mapping.ErrHandle) {
			return err
		}
		again, err := q.explain(ctx, err)
		if q.now().generation != s.generation {
			return mapping.ErrHandle // rewound or cleared by another broker a moment ago
		}
		if !again || jet.Pause(ctx, 50*time.Millisecond) != nil {
			return fmt.Errorf("delete from queue %s: %w", s.name, err)
		}
		if !time.Now().Before(h.diesAt(s.visibility)) {
			return mapping.ErrHandle
		}
	}
}

func (q *queue) tryAcknowledge(ctx context.Context, s *settings, h handle, own bool) error {
	if !own {
		if err := q.stillHeld(ctx, s, h); err != nil {
			return err
		}
	}
	_, err := q.b.conn.Request(ctx, nats.NewMsg(ackSubject(q.stream, s.consumer, h.delivery, h.seq, h.turn)))
	return err
}

// stillHeld refuses a handle whose message JetStream knows to be deleted, or
// does not know to be delivered: a kill makes it forget the deliveries of the
// last moment, and it does not answer an acknowledgement of what waits.
func (q *queue) stillHeld(ctx context.Context, s *settings, h handle) error {
	info, err := s.receivers.Info(ctx)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return mapping.ErrHandle
	}
	if err != nil {
		return err
	}
	if h.seq <= info.AckFloor.Stream || h.seq > info.Delivered.Stream || info.NumAckPending == 0 {
		return mapping.ErrHandle
	}
	return nil
}

// ackSubject is where one delivery is acknowledged. JetStream finds the
// message by seq alone; for a negative acknowledgement it also wants the
// consumer's own sequence, turn.
func ackSubject(stream, consumer string, delivery, seq, turn uint64) string {
	var b strings.Builder
	b.Grow(len(stream) + len(consumer) + 64)
	b.WriteString("$JS.ACK.")
	b.WriteString(stream)
	b.WriteByte('.')
	b.WriteString(consumer)
	b.WriteByte('.')
	b.WriteString(strconv.FormatUint(delivery, 10))
	b.WriteByte('.')
	b.WriteString(strconv.FormatUint(seq, 10))
	b.WriteByte('.')
	b.WriteString(strconv.FormatUint(turn, 10))
	b.WriteString(".0.0") // time and pending are not looked at
	return b.String()
}

// returned makes deliveries visible again at once: nobody got them. One whose
// time is over may be somebody else's by now and is left.
func (q *queue) returned(s *settings, deliveries ...handle) {
	now := time.Now()
	deliveries = slices.DeleteFunc(deliveries, func(h handle) bool { return !q.leases.unhear(h.seq, h.delivery, now) })
	if len(deliveries) > 0 && s.attributes.DeadLetter != nil {
		// The next broker that delivers them must know that this did not count.
		q.record(q.b.life)
	}
	for _, h := range deliveries {
		if err := q.visible(s, h.seq, h.delivery, h.turn); err != nil {
			q.b.log.Warn("a message could not be handed back, it returns with its visibility timeout", "queue", s.name, "error", err)
		}
	}
}

// visible ends the time a delivery is hidden.
func (q *queue) visible(s *settings, seq, delivery, turn uint64) error {
	return q.b.conn.NC.Publish(ackSubject(q.stream, s.consumer, delivery, seq, turn), []byte("-NAK"))
}

// later hides a message that JetStream has just delivered for another while.
func (q *queue) later(s *settings, d delivery, wait time.Duration) error {
	text := fmt.Sprintf(`-NAK {"delay":%d}`, wait)
	return q.b.conn.NC.Publish(ackSubject(q.stream, s.consumer, d.number, d.seq, d.turn), []byte(text))
}

// Return makes messages visible again at once: their receiver went away before
// it got them. These deliveries do not count as received.
func (b *Broker) Return(name mapping.QueueName, ms []mapping.Message) {
	q := b.known(name.Key())
	if q == nil {
		return
	}
	s := q.now()
	var back []handle
	for _, m := range ms {
		if h, ok := openHandle(m.Handle, s.secret); ok && h.generation == s.generation {
			back = append(back, h)
		}
	}
	q.returned(s, back...)
}
