package queues

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/jet"
)

// Send stores one message, visible after delay, and gives its msgId once
// JetStream has acknowledged it. Errors: ErrNoQueue, ErrBodyTooLarge,
// ErrHeapFull, ErrDelay, ErrSendRefused while the disk is nearly full.
func (b *Broker) Send(ctx context.Context, name mapping.QueueName, body string, delay time.Duration) (id string, err error) {
	ids, err := b.SendBatch(ctx, name, []string{body}, delay)
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// SendBatch stores all bodies or none; delay holds for each. Errors are those
// of Send, and ErrBatchTooLarge.
func (b *Broker) SendBatch(ctx context.Context, name mapping.QueueName, bodies []string, delay time.Duration) (ids []string, err error) {
	ctx, cancel := b.conn.Within(ctx)
	defer cancel()
	q, err := b.queue(ctx, name)
	if err != nil {
		return nil, err
	}
	err = q.admit(ctx, bodies, delay, func(ctx context.Context) error {
		ids, err = q.store(ctx, bodies, delay)
		return err
	})
	return ids, err
}

// admit has store store what the queue, the server and the disk have room for.
func (q *queue) admit(ctx context.Context, bodies []string, delay time.Duration, store func(context.Context) error) error {
	if err := q.now().fits(bodies, delay); err != nil {
		return err
	}
	if why := q.b.conn.Refuse(bodies); why != "" {
		return mapping.ErrSendRefused.Because(why)
	}
	// Whoever has begun to store goes through with it: a caller that hangs up
	// must not leave it unknown whether the batch is there.
	ctx, cancel := q.b.conn.Through(ctx)
	defer cancel()
	if err := q.room.reserve(ctx, len(bodies)); err != nil {
		return err
	}
	defer q.room.stored(len(bodies))
	return store(ctx)
}

// fits checks what the queue's configuration says of messages. The largest
// body decides; TDMQ counts bytes of UTF-8.
func (s *settings) fits(bodies []string, delay time.Duration) error {
	size := 0
	if delay < 0 || delay > mapping.MaxDelay {
		return mapping.ErrDelay
	}
	for _, body := range bodies {
		if len(body) == 0 {
			return mapping.ErrEmptyBody
		}
		if len(body) > *s.attributes.MaxMessageSize {
			return mapping.ErrBodyTooLarge
		}
		size += len(body)
	}
	if size > mapping.MaxBodySize {
		return mapping.ErrBatchTooLarge
	}
	return nil
}

// store publishes bodies and gives their ids.
func (q *queue) store(ctx context.Context, bodies []string, delay time.Duration) (ids []string, err error) {
	s := q.now()
	ms, ids := q.outgoing(s, bodies, delay)
	first, err := q.publish(ctx, ms)
	if err != nil {
		return nil, err
	}
	return s.numbered(ids, first, len(bodies)), nil
}

// publish stores ms, trying again while a cluster is between two leaders, and
// gives the sequence of the first.
func (q *queue) publish(ctx context.Context, ms []*nats.Msg) (first uint64, err error) {
	for {
		first, err := q.group.Publish(ctx, ms)
		if err == nil {
			return first, nil
		}
		again, err := q.explain(ctx, err)
		if !again || jet.Pause(ctx, 50*time.Millisecond) != nil {
			return 0, fmt.Errorf("send to queue %s: %w", q.now().name, err)
		}
	}
}

// outgoing gives bodies the form JetStream stores: the bare body, or, for a
// delay, a schedule that becomes such a message when it is due. Only delayed
// messages get their ids here, because their sequence is not yet known.
func (q *queue) outgoing(s *settings, bodies []string, delay time.Duration) (ms []*nats.Msg, ids []string) {
	now := time.Now()
	for _, body := range bodies {
		m := &nats.Msg{Subject: messageSubject + q.key, Data: []byte(body)}
		if delay > 0 {
			id := mapping.NewMessageID()
			ids = append(ids, id)
			m.Subject = delaySubject + q.key + "." + id
			m.Header = nats.Header{
				"Nats-Schedule":        {"@at " + now.Add(delay).UTC().Format(time.RFC3339Nano)},
				"Nats-Schedule-Target": {messageSubject + q.key},
				"Nats-TTL":             {"never"}, // else one delayed for longer than the retention is dropped; JetStream takes it off when due
				headerID:               {id},
				headerEnqueued:         {strconv.FormatInt(now.UnixMilli(), 10)},
			}
		}
		ms = append(ms, m)
	}
	return ms, ids
}

// numbered gives the ids of n messages stored from sequence first on, unless
// they have theirs.
func (s *settings) numbered(ids []string, first uint64, n int) []string {
	for i := len(ids); i < n; i++ {
		ids = append(ids, mapping.MessageID(first+uint64(i), s.salt))
	}
	return ids
}
