package topics

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/jet"
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
	failing  atomic.Bool  // as was logged last
	reported atomic.Int64 // Unix s of that

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
	p.t.rounds.Store(p.consumer, cancel)
	defer p.t.rounds.Delete(p.consumer)
	pull, err := p.t.b.conn.Stream(p.t.stream, p.consumer, n, pullSpan)
	if err != nil {
		p.free(n)
		return err
	}
	defer func() { p.free(n) }()
	begin := func(m *nats.Msg) {
		n--
		p.t.b.done.Go(func() {
			defer p.free(1)
			p.deliver(m)
		})
	}
	for {
		m, err := p.next(patience, pull)
		switch {
		case m != nil:
			begin(m)
		case p.life.Err() != nil:
			pull.Withdraw(p.handBack)
			return nil
		case patience.Err() != nil:
			pull.Withdraw(begin)
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
