package jet

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// MaxPull bounds the answers to one request.
const MaxPull = 256

// Pull is one request that JetStream answers with any number of messages, and
// those answers.
type Pull struct {
	c    *Conn
	slot *slot
	from string // part of what deliveries of the consumer are acknowledged on
	left int    // answers that may still come
	over bool   // JetStream has told that none comes any more
}

// Ask sends a request that is answered with up to most messages, at most
// MaxPull. Every Pull must be released.
func (c *Conn) Ask(subject string, request []byte, most int) (*Pull, error) {
	s, err := c.slots.take()
	if err != nil {
		return nil, err
	}
	if err := c.NC.PublishRequest(subject, s.reply, request); err != nil {
		c.slots.put(s)
		return nil, err
	}
	return &Pull{c: c, slot: s, left: most}, nil
}

// Pull asks a consumer for up to most messages and waits up to expires for
// the first; zero takes what is there.
func (c *Conn) Pull(stream, consumer string, most int, expires time.Duration) (*Pull, error) {
	return c.pull(stream, consumer, most, PullRequest(most, expires, true))
}

// Stream asks a consumer for the next most messages, as they come until
// expires has passed.
func (c *Conn) Stream(stream, consumer string, most int, expires time.Duration) (*Pull, error) {
	return c.pull(stream, consumer, most, PullRequest(most, expires, false))
}

func (c *Conn) pull(stream, consumer string, most int, request []byte) (*Pull, error) {
	p, err := c.Ask(NextSubject(stream, consumer), request, most)
	if err != nil {
		return nil, err
	}
	p.from = "." + stream + "." + consumer + "."
	return p, nil
}

// NextSubject is where a consumer is asked for messages.
func NextSubject(stream, consumer string) string {
	return "$JS.API.CONSUMER.MSG.NEXT." + stream + "." + consumer
}

// PullRequest asks for batch messages until expires has passed; with noWait the
// request ends as soon as it has given what was there.
func PullRequest(batch int, expires time.Duration, noWait bool) []byte {
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
	return append(text, '}')
}

// Next gives the next message; nil without an error tells that there are no
// more. The end of ctx leaves the pull as it is.
func (p *Pull) Next(ctx context.Context) (*nats.Msg, error) {
	for p.left > 0 && !p.over {
		select {
		case m := <-p.slot.in:
			if status, ended := Status(m); ended && m.Subject != p.slot.reply {
				continue // of a pull that had ended otherwise
			} else if ended {
				p.over = true
				return nil, status
			}
			if p.foreign(m) {
				p.c.handBack(m)
				continue
			}
			p.left--
			return m, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, nil
}

// foreign tells whether m is a delivery of another consumer, which a pull on
// the same slot had asked before. It comes after the end of that pull when, in a
// cluster, one server told the end and another one delivered.
func (p *Pull) foreign(m *nats.Msg) bool {
	return strings.HasPrefix(m.Reply, "$JS.ACK.") && (p.from == "" || !strings.Contains(m.Reply, p.from))
}

// handBack has JetStream deliver a message again at once.
func (c *Conn) handBack(m *nats.Msg) {
	if err := c.NC.Publish(m.Reply, []byte("-NAK")); err != nil {
		c.Log.Debug("hand back", "error", err) // it comes again after its ack wait
	}
}

// Release ends the use of a pull. What may still come is heard out in the
// background, for half a minute at most, and given to stray: JetStream thinks
// it delivered.
func (p *Pull) Release(ctx context.Context, stray func(*nats.Msg)) {
	if p.left == 0 || p.over {
		p.c.slots.put(p.slot)
		return
	}
	p.c.done.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, lateAnswers)
		defer cancel()
		for {
			m, err := p.Next(ctx)
			if m == nil || err != nil {
				break
			}
			stray(m)
		}
		if err := p.slot.sub.Unsubscribe(); err != nil {
			p.c.Log.Debug("unsubscribe", "error", err)
		}
	})
}

// Withdraw ends a pull before its time and gives stray what was on its way. A
// message that JetStream sends in this very moment may be missed, and comes
// again when its ack wait is over.
func (p *Pull) Withdraw(stray func(*nats.Msg)) {
	if p.left == 0 || p.over {
		p.c.slots.put(p.slot)
		return
	}
	if err := p.slot.sub.Drain(); err != nil || p.c.NC.FlushTimeout(p.c.CallTimeout) != nil {
		return // not connected: nothing comes
	}
	for {
		select {
		case m := <-p.slot.in:
			if _, ended := Status(m); ended {
				continue
			}
			if p.foreign(m) || p.left == 0 { // two leaders may have answered
				p.c.handBack(m)
				continue
			}
			p.left--
			stray(m)
		default:
			return
		}
	}
}

const lateAnswers = 30 * time.Second

// ErrConsumerMoved tells that a pull ended because its consumer was deleted,
// replaced, or has another leader.
var ErrConsumerMoved = errors.New("the consumer was replaced or moved")

// Status tells whether m ends a request, and whether by something other than
// "nothing more there".
func Status(m *nats.Msg) (err error, ended bool) {
	if m.Header == nil || len(m.Data) > 0 || m.Reply != "" {
		return nil, false // a delivery has a reply subject, to be acknowledged on
	}
	switch status := m.Header.Get("Status"); status {
	case "":
		return nil, false
	case "204", "404", "408":
		return nil, true
	case "503":
		return nats.ErrNoResponders, true
	default:
		return fmt.Errorf("%w: %s %s", ErrConsumerMoved, status, m.Header.Get("Description")), true
	}
}

// slots are the reply subjects of pulls. JetStream delivers a message under the
// message's own subject, so only the subscription tells which pull it answers:
// each pull has one for itself, and the next pull gets it when the former was
// heard out.
//
// Between two leaders nothing is ever heard out: one that was cut off may have
// answered a pull, too, and its deliveries come when it is back, long after those
// messages were given to others, and deleted. So no subscription outlives a
// change of leaders.
type slots struct {
	nc *nats.Conn

	mu   sync.Mutex
	free []*slot
	era  uint64 // grows with each change
}

type slot struct {
	prefix string
	era    uint64
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
	era := ss.era
	if n := len(ss.free); n > 0 {
		s := ss.free[n-1]
		ss.free = ss.free[:n-1]
		ss.mu.Unlock()
		s.next()
		return s, nil
	}
	ss.mu.Unlock()
	s := &slot{prefix: nats.NewInbox() + ".", era: era, in: make(chan *nats.Msg, MaxPull+8)}
	s.next()
	var err error
	s.sub, err = ss.nc.ChanSubscribe(s.prefix+"*", s.in)
	return s, err
}

const maxFree = 256

// put keeps a slot for the next pull, unless there are plenty or it is of another era.
func (ss *slots) put(s *slot) {
	ss.mu.Lock()
	keep := len(ss.free) < maxFree && s.era == ss.era
	if keep {
		ss.free = append(ss.free, s)
	}
	ss.mu.Unlock()
	if !keep {
		_ = s.sub.Unsubscribe() // what comes now is old
	}
}

// renew keeps no slot that was used until now for later pulls.
func (ss *slots) renew() {
	ss.mu.Lock()
	old := ss.free
	ss.free = nil
	ss.era++
	ss.mu.Unlock()
	for _, s := range old {
		_ = s.sub.Unsubscribe()
	}
}
