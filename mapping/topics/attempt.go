package topics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/jet"
	"github.com/jetcmq/jetcmq/mapping/queues"
)

// deliver makes one attempt with one message and tells JetStream what came of
// it. How many attempts there were is JetStream's delivery count, and the wait
// for the next a negative acknowledgement with a delay: both outlive brokers.
func (p *pump) deliver(m *nats.Msg) {
	p.t.use()
	meta, err := m.Metadata()
	if err != nil {
		p.t.b.log.Error("JetStream delivered what cannot be read", "topic", p.t.key, "error", err)
		return
	}
	r, s, err := p.settings(m)
	if err != nil {
		p.answer(m, nakAfter(time.Second)) // nothing can be said of it now
		return
	}
	if s == nil {
		p.handBack(m) // for another subscription, which has the name of ours
		return
	}
	p.pace(s, r, meta.NumPending)
	l := r.labels(m.Subject, m.Header.Get)
	if !s.wants(&r.settings, meta.Sequence.Stream, l) {
		p.refuse(m, meta.Sequence.Stream, &r.settings, l)
		return
	}
	err = p.attempt(r, s, m, meta, l)
	p.report(s, err)
	switch next, again := wait(s.Strategy, int(meta.NumDelivered)); {
	case err == nil:
		p.answer(m, []byte("+ACK"))
	case p.t.b.end.Err() != nil:
		p.handBack(m) // cut short by our own end
	case again && !errors.Is(err, mapping.ErrEmptyBody): // of a NATS program; no queue will ever take it
		p.answer(m, nakAfter(p.t.b.scaled(next)))
	default:
		p.giveUp(s, mapping.MessageID(meta.Sequence.Stream, r.salt), err)
		p.answer(m, []byte("+ACK"))
	}
}

// giveUp logs that a message had its last attempt, and every ten seconds how
// many more had theirs.
func (p *pump) giveUp(s *subscription, id string, err error) {
	n, now, last := p.givenUp.Add(1), time.Now().Unix(), p.givenUpAt.Load()
	if now-last < 10 || !p.givenUpAt.CompareAndSwap(last, now) {
		return
	}
	p.givenUp.Add(-n)
	p.t.b.log.Warn("messages are given up after their last attempt", "topic", p.t.key, "subscription", s.name,
		"messages", n, "msgId", id, "error", err)
}

// settings gives what the subscription is, as of all changes that were told; nil
// says that it is gone. While that cannot be read it has JetStream wait on: to
// hand m back would cost it an attempt.
func (p *pump) settings(m *nats.Msg) (*reading, *subscription, error) {
	r := p.t.current()
	for r == nil {
		ctx, cancel := p.t.b.conn.Within(p.t.b.end)
		var err error
		r, err = p.t.fresh(ctx, time.Now())
		cancel()
		if errors.Is(err, mapping.ErrNoTopic) {
			return nil, nil, nil
		}
		if err == nil {
			break
		}
		p.answer(m, []byte("+WPI"))
		if jet.Pause(p.life, 100*time.Millisecond) != nil {
			return nil, nil, err
		}
	}
	if s := r.subs[p.key]; s != nil && s.id == p.id {
		return r, s, nil
	}
	return r, nil, nil
}

// refuse drops a message that the subscription does not want. JetStream's filter
// was wider than ours, or ours is an old one, because the notice of a change is
// still on its way: so the consumer is asked first.
func (p *pump) refuse(m *nats.Msg, seq uint64, t *settings, l mapping.Labels) {
	s, err := p.asked(time.Now())
	if err == nil && s != nil && s.id == p.id && !s.wants(t, seq, l) {
		p.answer(m, []byte("+ACK"))
		return
	}
	if err == nil {
		p.t.told.Add(1)
		p.t.b.tell()
	}
	p.answer(m, nakAfter(readEvery))
}

// asked gives the subscription as its consumer said after a time; nil says that
// it is not one of ours. One answer is good for all who waited for it.
func (p *pump) asked(since time.Time) (*subscription, error) {
	p.asking.Lock()
	defer p.asking.Unlock()
	if p.heard.After(since) {
		return p.said, nil
	}
	ctx, cancel := p.t.b.conn.Within(p.t.b.end)
	defer cancel()
	began := time.Now()
	consumer, err := p.t.b.conn.JS.Consumer(ctx, p.t.stream, p.consumer)
	if err != nil {
		return nil, err
	}
	p.said, _ = readSubscription(consumer.CachedInfo().Config)
	p.heard = began
	return p.said, nil
}

func nakAfter(d time.Duration) []byte {
	text, _ := json.Marshal(map[string]int64{"delay": max(int64(d), 1)}) // a number: cannot fail
	return append([]byte("-NAK "), text...)
}

// attempt brings one message to its subscriber.
func (p *pump) attempt(r *reading, s *subscription, m *nats.Msg, meta *nats.MsgMetadata, l mapping.Labels) error {
	id := mapping.MessageID(meta.Sequence.Stream, r.salt)
	if s.Protocol == mapping.ProtocolQueue {
		ctx, cancel := p.t.b.conn.Within(p.t.b.end)
		defer cancel()
		return p.t.b.queues.Copy(ctx, mapping.QueueName(s.Endpoint), queues.Copy{
			// A power cut may give a sequence to another message, but not its time.
			Once:      fmt.Sprintf("%s.%s.%d.%d", r.id, s.id, meta.Sequence.Stream, meta.Timestamp.UnixNano()),
			Topic:     r.name,
			ID:        id,
			Published: meta.Timestamp.UnixMilli(),
			Labels:    l,
			Body:      m.Data,
			Header:    m.Header,
		})
	}
	// The broker that made the subscription may have had less patience.
	ctx, cancel := context.WithTimeout(p.t.b.end, min(p.t.b.pushTimeout(), s.consumer.AckWait-queueWait/2))
	defer cancel()
	return p.t.b.conf.Deliver(ctx, mapping.Push{
		Endpoint:     s.Endpoint,
		Format:       s.Format,
		Owner:        p.t.b.conf.Owner,
		Topic:        r.name,
		Subscription: s.name,
		ID:           id,
		Body:         string(m.Data),
		Tags:         l.Tags,
		RoutingKey:   l.RoutingKey,
		Published:    meta.Timestamp.Unix(),
		Attempt:      int(meta.NumDelivered),
	})
}

// report logs when a subscriber begins to fail and when it works again; of one
// that does so by turns, not more than a line every ten seconds.
func (p *pump) report(s *subscription, err error) {
	failed, now := err != nil, time.Now().Unix()
	if p.failing.Load() == failed || now-p.reported.Load() < 10 || p.t.b.end.Err() != nil {
		return
	}
	p.failing.Store(failed)
	p.reported.Store(now)
	if failed {
		p.t.b.log.Warn("a subscriber fails, its messages are tried again", "topic", p.t.key, "subscription", s.name,
			"endpoint", s.place(), "error", err)
	} else {
		p.t.b.log.Info("a subscriber works again", "topic", p.t.key, "subscription", s.name)
	}
}
