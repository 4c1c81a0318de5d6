package queues

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping"
)

// RewindQueue delivers every message sent at or after start once more, deleted
// ones included, to all receivers. Receipt handles given out before are void.
// Errors: ErrNoRewind when the queue keeps nothing for it; ErrRewindTime when
// start is older than the window (a queue younger than its window has lost
// nothing and takes any older time) or later than the oldest message that
// still waits, which would skip it.
func (b *Broker) RewindQueue(ctx context.Context, name mapping.QueueName, start time.Time) error {
	ctx, cancel := b.conn.Within(ctx)
	defer cancel()
	done, err := b.configure(ctx)
	if err != nil {
		return err
	}
	defer done()
	q, c, err := b.count(ctx, name)
	if err != nil {
		return err
	}
	s := q.now()
	if *s.attributes.Rewind == 0 {
		return mapping.ErrNoRewind
	}
	now := time.Now()
	earliest := now.Add(-mapping.Seconds(s.attributes.Rewind)).Unix()
	// What was stored a moment ago the consumer may not know of yet.
	latest, from := now.Unix(), c.delivered+1
	if c.pending+c.unacked > 0 {
		from = c.floor + 1
	}
	oldest, err := q.oldest(ctx, c)
	if err != nil {
		return err
	}
	if oldest != nil {
		latest, from = oldest.at.Unix(), oldest.seq // within its second nothing may be skipped either
	}
	if start.Unix() > latest || start.Unix() < earliest && s.created < earliest {
		return mapping.ErrRewindTime
	}
	if m, err := q.stored(ctx, startTime(start)); err != nil {
		return err
	} else if m != nil {
		from = min(from, m.seq)
	}
	return q.turn(ctx, from)
}

// ClearQueue drops all messages: waiting, delayed, in flight and rewindable.
func (b *Broker) ClearQueue(ctx context.Context, name mapping.QueueName) error {
	ctx, cancel := b.conn.Within(ctx)
	defer cancel()
	done, err := b.configure(ctx)
	if err != nil {
		return err
	}
	defer done()
	q, err := b.read(ctx, name.Key())
	if err != nil {
		return err
	}
	// Delayed messages first: one that becomes due meanwhile would stand behind
	// what is counted.
	if err := q.now().source.Purge(ctx, jetstream.WithPurgeSubject(delaySubject+q.key+".*")); err != nil {
		return fmt.Errorf("clear queue %s: %w", name, err)
	}
	c, err := q.counts(ctx)
	if err != nil {
		return err
	}
	// Then the cursor: if we die before the purge, what it skipped counts as
	// deleted. Receipt handles die with the generation.
	if err := q.turn(ctx, c.last+1); err != nil {
		return err
	}
	if err := q.now().source.Purge(ctx, jetstream.WithPurgeSequence(c.last+1)); err != nil {
		return fmt.Errorf("clear queue %s: %w", name, err)
	}
	q.room.measure()
	return nil
}

// count reads a queue freshly, with its counts.
func (b *Broker) count(ctx context.Context, name mapping.QueueName) (*queue, counts, error) {
	q, err := b.read(ctx, name.Key())
	if err != nil {
		return nil, counts{}, err
	}
	c, err := q.counts(ctx)
	return q, c, err
}

// turn starts a new generation of the queue's consumer at sequence from. Its
// creation is the one step that counts; removing the older ones only tells
// other brokers sooner.
func (q *queue) turn(ctx context.Context, from uint64) error {
	ctx, cancel := q.b.conn.Within(ctx)
	defer cancel()
	old := q.now()
	s := *old
	s.generation = max(newGeneration(), old.generation+1)
	s.consumer = consumerName(s.generation)
	config := s.consumerConfig(q.key)
	config.DeliverPolicy, config.OptStartSeq = jetstream.DeliverByStartSequencePolicy, from
	if _, err := s.source.CreateConsumer(ctx, config); err != nil {
		return fmt.Errorf("start anew in queue %s: %w", s.name, err)
	}
	if _, err := q.b.read(ctx, q.key); err != nil {
		return err
	}
	q.dismiss(ctx)
	return nil
}

// dismiss deletes the consumers of generations before the one in force.
func (q *queue) dismiss(ctx context.Context) {
	s := q.now()
	list := s.source.ConsumerNames(ctx)
	for name := range list.Name() {
		if g, ours := generationOf(name); ours && g < s.generation {
			if err := s.source.DeleteConsumer(ctx, name); err != nil {
				q.b.log.Debug("an old consumer stays until the next look", "consumer", name, "error", err)
			}
		}
	}
}
