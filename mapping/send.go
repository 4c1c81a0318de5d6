package mapping

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Send stores one message, visible after delay, and gives its msgId once
// JetStream has acknowledged it. Errors: ErrNoQueue, ErrBodyTooLarge,
// ErrHeapFull, ErrDelay, ErrSendRefused while the disk is nearly full.
func (b *Broker) Send(ctx context.Context, name QueueName, body string, delay time.Duration) (id string, err error) {
	ids, err := b.SendBatch(ctx, name, []string{body}, delay)
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// SendBatch stores all bodies or none; delay holds for each. Errors are those
// of Send, and ErrBatchTooLarge.
func (b *Broker) SendBatch(ctx context.Context, name QueueName, bodies []string, delay time.Duration) (ids []string, err error) {
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
	if err := b.disk.take(size); err != nil {
		return nil, err
	}
	// Whoever has begun to store goes through with it: a caller that hangs up
	// must not leave it unknown whether the batch is there.
	ctx, cancel := b.within(context.WithoutCancel(ctx))
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
	if delay < 0 || delay > MaxDelay {
		return 0, ErrDelay
	}
	for _, body := range bodies {
		if len(body) == 0 {
			return 0, ErrEmptyBody
		}
		if len(body) > *s.attributes.MaxMessageSize {
			return 0, ErrBodyTooLarge
		}
		size += len(body)
	}
	if size > MaxBodySize {
		return 0, ErrBatchTooLarge
	}
	return size, nil
}

// headroom is what headers of ours may take in a message.
const headroom = 2048

// carries tells whether NATS takes messages so large. The embedded server
// does; an external one refuses the largest at its default max_payload.
func (b *Broker) carries(bodies []string) error {
	limit := b.nc.MaxPayload()
	for _, body := range bodies {
		if int64(len(body)+headroom) > limit {
			return ErrSendRefused.Because("larger than the NATS server takes, set its max_payload to 2MB")
		}
	}
	return nil
}

// store publishes bodies, trying again while a cluster is between two leaders.
func (q *queue) store(ctx context.Context, bodies []string, delay time.Duration) ([]string, error) {
	for {
		s := q.now()
		ms, ids := q.outgoing(s, bodies, delay)
		first, err := q.group.publish(ctx, ms)
		if err == nil {
			return s.numbered(ids, first, len(bodies)), nil
		}
		again, err := q.explain(ctx, err)
		if !again || pause(ctx, 50*time.Millisecond) != nil {
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

// readAck reads JetStream's answer to a publish: the sequence of the (last)
// message. It is read by hand because every send passes here.
func readAck(data []byte) (seq uint64, err error) {
	if i := bytes.Index(data, []byte(`"seq":`)); i >= 0 && !bytes.Contains(data, []byte(`"error":`)) {
		digits := data[i+len(`"seq":`):]
		n := 0
		for n < len(digits) && digits[n] >= '0' && digits[n] <= '9' {
			n++
		}
		return strconv.ParseUint(string(digits[:n]), 10, 64)
	}
	var refused struct {
		Error *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(data, &refused); err != nil {
		return 0, fmt.Errorf("JetStream answered %.100q", data)
	}
	if refused.Error == nil {
		return 0, errors.New("JetStream neither stored nor refused")
	}
	return 0, refused.Error
}
