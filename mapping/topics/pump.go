package topics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/jet"
	"github.com/jetcmq/jetcmq/mapping/queues"
)

// pump delivers what one subscription gets, as far as this broker takes part.
// It asks JetStream for as many messages as it has places free, so each is
// begun when it comes, and JetStream gives the rest to other brokers.
type pump struct {
	t        *topic
	key, id  string // of the subscription; another one of that name has another id
	consumer string
	places   chan struct{} // one for each delivery that may be under way
	life     context.Context
	stop     context.CancelFunc
	failing  atomic.Bool // the last attempt failed; it is logged once

	asking sync.Mutex
	heard  time.Time // when said was asked for
	said   *subscription

	pacing atomic.Bool // somebody sees to the filters, or has just done so

	givenUp   atomic.Int64 // messages, since it was logged last
	givenUpAt atomic.Int64 // Unix s of that
}

const (
	copies = 256 // to a queue under way at once
	// pullSpan bounds one request for messages. A leader that dies takes
	// requests along without a word.
	pullSpan = 5 * time.Second
	silence  = 100 * time.Millisecond // tells that JetStream sends nothing more
)

// startPump starts delivering to s.
func (t *topic) startPump(s *subscription) *pump {
	places := copies
	if s.Protocol == mapping.ProtocolHTTP {
		places = t.b.conf.Pushes
	}
	p := &pump{t: t, key: s.key, id: s.id, consumer: consumerPrefix + s.key, places: make(chan struct{}, min(places, jet.MaxPull))}
	p.life, p.stop = context.WithCancel(t.b.life)
	t.b.done.Go(func() { p.run(s) })
	return p
}

// run asks for messages until the subscription, which began as s says, or the
// broker ends.
func (p *pump) run(s *subscription) {
	p.patient(s)
	rest := 20 * time.Millisecond
	for p.life.Err() == nil {
		n := p.take()
		err := p.round(n)
		if err == nil || p.life.Err() != nil {
			rest = 20 * time.Millisecond
			continue
		}
		// The consumer is gone, or between two leaders, or NATS is away. If it
		// is gone for good, the reading that finds so stops this pump.
		p.t.b.log.Debug("deliver", "topic", p.t.key, "subscription", p.key, "error", err)
		if errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jet.ErrConsumerMoved) {
			p.t.told.Add(1)
			p.t.b.tell()
		}
		_ = jet.Pause(p.life, rest) // ended: so is the loop
		rest = min(2*rest, time.Second)
	}
}

// take waits for a free place and takes all that are.
func (p *pump) take() (n int) {
	select {
	case p.places <- struct{}{}:
	case <-p.life.Done():
		return 0
	}
	for n = 1; n < cap(p.places); n++ {
		select {
		case p.places <- struct{}{}:
		default:
			return n
		}
	}
	return n
}

func (p *pump) free(n int) {
	for range n {
		<-p.places
	}
}

// round asks for n messages, for which there are places, and has each
// delivered as it comes.
func (p *pump) round(n int) error {
	if n == 0 {
		return nil
	}
	patience, cancel := context.WithTimeout(p.life, pullSpan+time.Second)
	defer cancel()
	defer context.AfterFunc(p.t.b.linked(), cancel)()
	pull, err := p.t.b.conn.Stream(p.t.stream, p.consumer, n, pullSpan)
	if err != nil {
		p.free(n)
		return err
	}
	defer func() { p.free(n) }()
	for {
		m, err := p.next(patience, pull)
		switch {
		case m != nil:
			n--
			p.t.b.done.Go(func() {
				defer p.free(1)
				p.deliver(m)
			})
		case patience.Err() != nil:
			pull.Withdraw(p.handBack)
			return nil
		default:
			pull.Release(p.t.b.end, p.handBack)
			return err
		}
	}
}

// next gives the next message of a pull. At the end of the broker the pull is
// heard out, as far as it was asked: what JetStream sends to somebody who has
// just gone, or is handed back while it stops itself, waits for the whole ack
// wait after its next start.
func (p *pump) next(patience context.Context, pull *jet.Pull) (*nats.Msg, error) {
	m, err := pull.Next(patience)
	if m != nil || patience.Err() == nil || p.t.b.life.Err() == nil {
		return m, err
	}
	ctx, cancel := context.WithTimeout(p.t.b.end, silence)
	defer cancel()
	return pull.Next(ctx)
}

// handBack makes a message that was not begun come again at once, at whichever
// broker.
func (p *pump) handBack(m *nats.Msg) { p.answer(m, []byte("-NAK")) }

func (p *pump) answer(m *nats.Msg, what []byte) {
	if err := p.t.b.conn.NC.Publish(m.Reply, what); err != nil {
		p.t.b.log.Debug("answer JetStream", "topic", p.t.key, "error", err) // it comes again after its ack wait
	}
}

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
	r, s, err := p.settings()
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
	case again:
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
// says that it is gone.
func (p *pump) settings() (*reading, *subscription, error) {
	r := p.t.current()
	if r == nil {
		ctx, cancel := p.t.b.conn.Within(p.t.b.end)
		defer cancel()
		var err error
		if r, err = p.t.fresh(ctx, time.Now()); errors.Is(err, mapping.ErrNoTopic) {
			return nil, nil, nil
		} else if err != nil {
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
			Once:      fmt.Sprintf("%s.%s.%d", r.id, s.id, meta.Sequence.Stream),
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

// report logs when a subscriber begins to fail and when it works again.
func (p *pump) report(s *subscription, err error) {
	switch failed := err != nil; {
	case p.failing.Load() == failed || p.t.b.end.Err() != nil:
	case failed:
		p.failing.Store(true)
		p.t.b.log.Warn("a subscriber fails, its messages are tried again", "topic", p.t.key, "subscription", s.name,
			"endpoint", s.place(), "error", err)
	default:
		p.failing.Store(false)
		p.t.b.log.Info("a subscriber works again", "topic", p.t.key, "subscription", s.name)
	}
}
