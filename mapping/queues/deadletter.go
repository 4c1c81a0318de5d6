package queues

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/jet"
)

// binding has f work, if it may concern bindings between queues, while nobody
// else in the account changes one.
func (b *Broker) binding(ctx context.Context, concerned bool, f func(context.Context) error) error {
	if !concerned {
		return f(ctx)
	}
	return b.conn.Alone(ctx, "dead-letter-queues", f)
}

// bind checks the dead-letter policy s asks for and makes it point at the
// queue itself. The rules are the vendor's; it documents no codes for them.
func (b *Broker) bind(ctx context.Context, key string, s *settings) error {
	p := s.attributes.DeadLetter
	if p == nil {
		return nil
	}
	all, err := b.allQueues(ctx)
	if err != nil {
		return err
	}
	target := p.Queue.Key()
	dlq, exists := all[target]
	switch {
	case !exists:
		return mapping.ErrNoQueue
	case target == key:
		return mapping.ErrParameters.Because("a queue cannot be its own dead-letter queue")
	case dlq.attributes.DeadLetter != nil:
		return mapping.ErrParameters.Because("a dead-letter queue cannot have a dead-letter queue itself")
	}
	sources := 0
	for k, other := range all {
		if k == key {
			continue
		}
		if other.buriesIn(target) {
			sources++
		}
		if other.buriesIn(key) {
			return mapping.ErrParameters.Because("a dead-letter queue cannot have a dead-letter queue itself")
		}
	}
	if sources >= mapping.MaxDLSources {
		return mapping.ErrParameters.Because(fmt.Sprintf("a queue can serve %d others as dead-letter queue, not more", mapping.MaxDLSources))
	}
	if err := b.lengthenMemory(ctx, target, letterMemory); err != nil {
		return err
	}
	bound := *p
	bound.Queue, bound.ID = mapping.QueueName(dlq.name), mapping.QueueID(dlq.id)
	s.attributes.DeadLetter = &bound
	return nil
}

// buriesIn tells whether dead letters go to the queue of that key.
func (s settings) buriesIn(key string) bool {
	return s.attributes.DeadLetter != nil && s.attributes.DeadLetter.Queue.Key() == key
}

// lengthenMemory makes JetStream remember for that long what was moved or copied
// into a queue.
func (b *Broker) lengthenMemory(ctx context.Context, key string, memory time.Duration) error {
	return b.conn.Alone(ctx, streamPrefix+key, func(ctx context.Context) error {
		q, err := b.read(ctx, key)
		if err != nil {
			return err
		}
		s := *q.now()
		if s.memory >= memory {
			return nil
		}
		s.memory = memory
		return b.update(ctx, q, s)
	})
}

// UnbindDeadLetter ends a queue's dead-letter policy. A queue without one is
// left as it is.
func (b *Broker) UnbindDeadLetter(ctx context.Context, source mapping.QueueName) error {
	_, err := b.SetQueue(ctx, source, mapping.QueueAttributes{DeadLetter: &mapping.DeadLetterPolicy{}})
	return err
}

// dead tells why a message just delivered must not be handed out but moved:
// "count", "age", or nothing.
func (s *settings) dead(l lease, now int64) (cause string) {
	p := s.attributes.DeadLetter
	switch {
	case p == nil:
		return ""
	case p.Policy == mapping.ByCount && l.received() > p.MaxReceiveCount:
		return "count"
	case p.Policy == mapping.ByAge && now-l.stored >= int64(p.MaxTimeToLive)*1000:
		return "age"
	}
	return ""
}

// bury moves a message that was just delivered to us into the dead-letter
// queue: first it is stored there, then it leaves here. If we die in between
// it is delivered again and moved again, and JetStream knows the id of the
// first move.
func (q *queue) bury(ctx context.Context, s *settings, m *nats.Msg, d delivery, l lease, cause string) error {
	ctx, cancel := q.b.conn.Within(context.WithoutCancel(ctx))
	defer cancel()
	if _, err := q.b.conn.Publish(ctx, s.letter(m, d, l, cause)); err != nil {
		return fmt.Errorf("store a dead letter of %s in %s: %w", s.name, s.attributes.DeadLetter.Queue, err)
	}
	if _, err := q.b.conn.Request(ctx, nats.NewMsg(ackSubject(q.stream, s.consumer, d.number, d.seq, d.turn))); err != nil {
		return fmt.Errorf("take a dead letter out of %s: %w", s.name, err)
	}
	q.leases.drop(d.seq)
	return nil
}

// letter is a message as it enters the dead-letter queue: the same body and
// msgId, its own headers, and where it comes from.
func (s *settings) letter(m *nats.Msg, d delivery, l lease, cause string) *nats.Msg {
	out := nats.NewMsg(messageSubject + s.attributes.DeadLetter.Queue.Key())
	out.Data = m.Data
	for name, values := range m.Header {
		if !strings.HasPrefix(name, "Nats-") && name != headerEnqueued { // JetStream would act on its own
			out.Header[name] = values
		}
	}
	// A power cut may give a sequence to another message, but not its time.
	out.Header.Set(nats.MsgIdHdr, fmt.Sprintf("%s.%d.%d.%d", s.id, s.generation, d.seq, d.stored))
	out.Header.Set(headerID, s.idOf(m, d.seq))
	out.Header.Set(headerOrigin, s.name)
	out.Header.Set(headerCause, cause)
	out.Header.Set(headerOriginTime, strconv.FormatInt(d.stored, 10))
	out.Header.Set(headerOriginCount, strconv.Itoa(l.received()-1))
	return out
}

// sweep moves dead letters that nobody asks for: without receivers no delivery
// would ever show that a message has died. It takes deliveries only where it
// has reason to, and what it took in error goes back uncounted.
func (q *queue) sweep(ctx context.Context, c counts) error {
	s := q.now()
	if s.attributes.DeadLetter == nil || q.line.busy() {
		return nil
	}
	over := q.leases.over(time.Now())
	due := s.due(over, time.Now())
	old, err := q.untouchedOld(ctx, s, c)
	if err != nil || len(due) == 0 && old == 0 {
		return err
	}
	// Redeliveries come before new messages, so this takes those that ran out,
	// then new ones that are too old.
	raw, err := q.glimpse(ctx, min(len(over)+old, jet.MaxPull))
	if err != nil {
		return err
	}
	var alive []handle
	defer func() { q.returned(s, alive...) }()
	for _, m := range raw {
		d, err := readDelivery(m)
		if err != nil || d.consumer != s.consumer {
			continue
		}
		delete(due, d.seq)
		l, free := q.open(ctx, s, d)
		if !free {
			continue
		}
		if cause := s.dead(l, d.at); cause == "" {
			alive = append(alive, d.handle())
		} else if err := q.bury(ctx, s, m, d, l, cause); err != nil {
			return err
		}
	}
	if len(raw) < jet.MaxPull {
		for seq := range due {
			q.leases.drop(seq) // deleted elsewhere: JetStream did not have it
		}
	}
	return nil
}

// due lists the messages among over that will be dead when delivered again.
func (s *settings) due(over map[uint64]lease, now time.Time) map[uint64]lease {
	dead := map[uint64]lease{}
	for seq, l := range over {
		l.delivery++
		if s.dead(l, now.UnixMilli()) != "" {
			dead[seq] = l
		}
	}
	return dead
}

// untouchedOld counts the messages never delivered that are past the policy's age.
func (q *queue) untouchedOld(ctx context.Context, s *settings, c counts) (int, error) {
	p := s.attributes.DeadLetter
	if p.Policy != mapping.ByAge || c.pending == 0 {
		return 0, nil
	}
	young, err := q.stored(ctx, startTime(time.Now().Add(-time.Duration(p.MaxTimeToLive)*time.Second)))
	if err != nil {
		return 0, err
	}
	end := c.last + 1
	if young != nil {
		end = young.seq
	}
	return int(max(0, min(int64(end)-int64(c.delivered)-1, c.pending))), nil
}
