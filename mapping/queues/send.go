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
	q, err := b.queue(ctx, name)
	if err != nil {
		return nil, err
	}
	size, err := q.now().fits(bodies, delay)
	if err != nil {
		return nil, err
	}
	if err := b.carries(bodies); err != nil {
		return nil, err
	}
	if !b.conn.DiskHasRoom(size) {
		return nil, errDiskFull
	}
	// Whoever has begun to store goes through with it: a caller that hangs up
	// must not leave it unknown whether the batch is there.
	ctx, cancel := b.conn.Within(context.WithoutCancel(ctx))
	defer cancel()
	if err := q.room.reserve(ctx, len(bodies)); err != nil {
		return nil, err
	}
	defer q.room.stored(len(bodies))
	return q.store(ctx, bodies, delay)
}

// fits checks what the queue's configuration says of messages. The largest
// body decides; TDMQ counts bytes of UTF-8.
func (s *settings) fits(bodies []string, delay time.Duration) (size int, err error) {
	if delay < 0 || delay > mapping.MaxDelay {
		return 0, mapping.ErrDelay
	}
	for _, body := range bodies {
		if len(body) == 0 {
			return 0, mapping.ErrEmptyBody
		}
		if len(body) > *s.attributes.MaxMessageSize {
			return 0, mapping.ErrBodyTooLarge
		}
		size += len(body)
	}
	if size > mapping.MaxBodySize {
		return 0, mapping.ErrBatchTooLarge
	}
	return size, nil
}

var errDiskFull = mapping.ErrSendRefused.Because("the disk is nearly full, delete messages or make room")

// carries tells whether NATS takes messages so large.
func (b *Broker) carries(bodies []string) error {
	for _, body := range bodies {
		if !b.conn.Carries(len(body)) {
			return mapping.ErrSendRefused.Because("larger than the NATS server takes, set its max_payload to 2MB")
		}
	}
	return nil
}

// store publishes bodies, trying again while a cluster is between two leaders.
func (q *queue) store(ctx context.Context, bodies []string, delay time.Duration) ([]string, error) {
	for {
		s := q.now()
		ms, ids := q.outgoing(s, bodies, delay)
		first, err := q.group.Publish(ctx, ms)
		if err == nil {
			return s.numbered(ids, first, len(bodies)), nil
		}
		again, err := q.explain(ctx, err)
		if !again || jet.Pause(ctx, 50*time.Millisecond) != nil {
			return nil, fmt.Errorf("send to queue %s: %w", s.name, err)
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
			id := newMessageID()
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
		ids = append(ids, messageID(first+uint64(i), s.salt))
	}
	return ids
}
