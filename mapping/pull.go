package mapping

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// slots are the reply subjects of pulls that take what is there. JetStream
// delivers a message under the message's own subject, so only the subscription
// tells which pull it answers: each pull has one for itself, and the next pull
// gets it when the former was heard out.
type slots struct {
	nc *nats.Conn

	mu   sync.Mutex
	free []*slot
}

type slot struct {
	prefix string
	uses   uint64
	reply  string // of the present pull
	sub    *nats.Subscription
	in     chan *nats.Msg
}

// next gives the slot a reply subject for one pull, which its end bears.
func (s *slot) next() {
	s.uses++
	s.reply = s.prefix + strconv.FormatUint(s.uses, 36)
}

func (ss *slots) take() (*slot, error) {
	ss.mu.Lock()
	if n := len(ss.free); n > 0 {
		s := ss.free[n-1]
		ss.free = ss.free[:n-1]
		ss.mu.Unlock()
		s.next()
		return s, nil
	}
	ss.mu.Unlock()
	s := &slot{prefix: nats.NewInbox() + ".", in: make(chan *nats.Msg, maxPull+8)}
	s.next()
	var err error
	s.sub, err = ss.nc.ChanSubscribe(s.prefix+"*", s.in)
	return s, err
}

// put keeps a slot for the next pull, unless there are plenty.
func (ss *slots) put(s *slot) {
	ss.mu.Lock()
	keep := len(ss.free) < maxFree
	if keep {
		ss.free = append(ss.free, s)
	}
	ss.mu.Unlock()
	if !keep {
		_ = s.sub.Unsubscribe() // heard out: nothing comes any more
	}
}

const maxFree = 256

// maxPull bounds one pull; receivers ask for at most MaxBatch.
const maxPull = 256

// glimpse takes up to most messages that are there now. It asks twice before
// it says that nothing is: at once, which a busy engine answers truly however
// late, and with a short wait, which sees what was sent just before.
func (q *queue) glimpse(ctx context.Context, most int) ([]*nats.Msg, error) {
	got, err := q.pull(ctx, most, 0)
	if len(got) == 0 && err == nil {
		got, err = q.pull(ctx, most, glance)
	}
	return got, err
}

// pull asks the consumer for up to most messages, waits at most expires for
// the first and gives what came.
func (q *queue) pull(ctx context.Context, most int, expires time.Duration) ([]*nats.Msg, error) {
	// JetStream is heard out even if the caller goes away: what it delivers
	// would else be hidden until its visibility timeout ends.
	ctx, cancel := q.b.within(context.WithoutCancel(ctx))
	defer cancel()
	s := q.now()
	slot, err := q.b.slots.take()
	if err != nil {
		return nil, fmt.Errorf("receive from queue %s: %w", s.name, err)
	}
	if err := q.ask(s, slot.reply, most, expires, true); err != nil {
		q.b.slots.put(slot)
		return nil, fmt.Errorf("receive from queue %s: %w", s.name, err)
	}
	got, err := slot.gather(ctx, most)
	if errors.Is(err, context.DeadlineExceeded) {
		q.b.done.Go(func() { q.abandon(slot, most-len(got)) })
	} else {
		q.b.slots.put(slot)
	}
	if len(got) > 0 {
		return got, nil
	}
	if err != nil {
		return nil, fmt.Errorf("receive from queue %s: %w", s.name, err)
	}
	return nil, nil
}

// ask sends one pull request.
func (q *queue) ask(s *settings, reply string, batch int, expires time.Duration, noWait bool) error {
	text := make([]byte, 0, 64)
	text = append(text, `{"batch":`...)
	text = strconv.AppendInt(text, int64(batch), 10)
	if noWait {
		text = append(text, `,"no_wait":true`...)
	}
	if expires > 0 {
		text = append(text, `,"expires":`...)
		text = strconv.AppendInt(text, int64(expires), 10)
	}
	text = append(text, '}')
	return q.b.nc.PublishRequest("$JS.API.CONSUMER.MSG.NEXT."+q.stream+"."+s.consumer, reply, text)
}

// gather reads the answers of one pull until it has ended.
func (s *slot) gather(ctx context.Context, most int) (got []*nats.Msg, err error) {
	for len(got) < most {
		select {
		case m := <-s.in:
			if status, ended := statusOf(m); ended && m.Subject != s.reply {
				continue // of a pull that had ended otherwise
			} else if ended {
				return got, status
			}
			got = append(got, m)
		case <-ctx.Done():
			return got, ctx.Err()
		}
	}
	return got, nil
}

var errConsumerMoved = errors.New("the queue's consumer was replaced or moved")

// statusOf tells whether m ends a pull, and whether by something other than
// "nothing more there".
func statusOf(m *nats.Msg) (err error, ended bool) {
	if m.Header == nil || len(m.Data) > 0 || m.Reply != "" {
		return nil, false // a delivery has a reply subject, to be acknowledged on
	}
	switch status := m.Header.Get("Status"); status {
	case "":
		return nil, false
	case "404", "408":
		return nil, true
	case "503":
		return nats.ErrNoResponders, true
	default:
		return fmt.Errorf("%w: %s %s", errConsumerMoved, status, m.Header.Get("Description")), true
	}
}

// abandon hears out a pull whose answer came too late for its caller (the
// engine stood still), handing every message back.
func (q *queue) abandon(s *slot, most int) {
	ctx, cancel := context.WithTimeout(context.Background(), MaxPolling)
	defer cancel()
	stop := context.AfterFunc(q.b.life, cancel)
	defer stop()
	for range most {
		got, err := s.gather(ctx, 1)
		for _, m := range got {
			q.stray(m)
		}
		if err != nil || len(got) == 0 {
			break
		}
	}
	if err := s.sub.Unsubscribe(); err != nil {
		q.b.log.Debug("unsubscribe", "error", err)
	}
}

// stray hands back a delivery that nobody waits for any more.
func (q *queue) stray(m *nats.Msg) {
	d, err := readDelivery(m)
	s := q.now()
	if err != nil || d.consumer != s.consumer {
		return
	}
	q.leases.open(d.seq, q.newLease(context.Background(), s, d))
	q.returned(s, d.handle())
}
