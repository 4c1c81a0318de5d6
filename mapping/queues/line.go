package queues

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/jet"
)

// line is where receivers of one queue wait for a message: first come, first
// served. It keeps as many pulls open as there are receivers, up to maxPulls:
// every open pull costs each sender to the queue a little, and one that is
// answered is asked anew, so more would serve nobody.
type line struct {
	q *queue

	mu      sync.Mutex
	waiting []*waiter
	open    []time.Time        // when each open pull expires, oldest first
	sub     *nats.Subscription // what the open pulls are answered on; a new one after each reset
	reply   string
}

type waiter struct {
	got      chan *nats.Msg // has room for one
	deadline time.Time
}

const (
	maxPulls = 64
	// pullSpan bounds one pull. A leader that dies takes its pulls along
	// without a word, and those who wait should notice before they give up.
	pullSpan = 5 * time.Second
	// pullEarly is how much before its receiver a pull gives up, so that no
	// message comes for a receiver that has just left.
	pullEarly = 20 * time.Millisecond
)

// busy tells whether somebody waits.
func (l *line) busy() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting) > 0
}

// wait waits for one message. ErrNoMessage: none came until the deadline, or
// the broker ends its polls.
func (l *line) wait(ctx context.Context, deadline time.Time) (*nats.Msg, error) {
	left := time.Until(deadline)
	if left <= pullEarly {
		return nil, mapping.ErrNoMessage
	}
	w := &waiter{got: make(chan *nats.Msg, 1), deadline: deadline}
	if err := l.join(w); err != nil {
		return nil, err
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case m := <-w.got:
		return m, nil
	case <-timer.C:
	case <-l.q.b.pollsEnded:
	case <-ctx.Done():
	case <-l.q.retired:
		l.leave(w)
		return nil, mapping.ErrNoQueue
	}
	m := l.leave(w)
	l.recall()
	switch {
	case m == nil:
		return nil, mapping.ErrNoMessage
	case ctx.Err() != nil:
		l.pass(m)
		return nil, mapping.ErrNoMessage
	default:
		return m, nil
	}
}

func (l *line) join(w *waiter) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, w)
	if err := l.replenish(); err != nil {
		l.waiting = l.waiting[:len(l.waiting)-1]
		return err
	}
	return nil
}

// leave takes w out of the line, with the message that may have come for it
// in the same moment.
func (l *line) leave(w *waiter) *nats.Msg {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.waiting, w); i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
	}
	select {
	case m := <-w.got:
		return m
	default:
		return nil
	}
}

// pass gives a delivery to whoever is first in the line, or back to the queue.
func (l *line) pass(m *nats.Msg) {
	l.mu.Lock()
	if len(l.waiting) == 0 {
		l.mu.Unlock()
		l.q.stray(m)
		return
	}
	w := l.waiting[0]
	l.waiting = slices.Delete(l.waiting, 0, 1)
	w.got <- m
	l.mu.Unlock()
}

// answered takes what JetStream says to the line's pulls. What comes for pulls
// that were taken back is as good for those who wait.
func (l *line) answered(m *nats.Msg) {
	status, ended := jet.Status(m)
	l.mu.Lock()
	current := m.Sub == l.sub
	if current && len(l.open) > 0 {
		l.open = l.open[1:]
	}
	l.mu.Unlock()
	switch {
	case !ended:
		l.pass(m)
	case status != nil && current:
		l.q.recover()
		return
	}
	l.tend()
}

// tend sees that enough pulls are open for those who wait.
func (l *line) tend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.replenish(); err != nil {
		l.q.b.log.Debug("pull", "queue", l.q.key, "error", err) // the keeper tries again
	}
}

// replenish opens pulls, under the lock.
func (l *line) replenish() error {
	now := time.Now()
	for len(l.open) > 0 && now.After(l.open[0].Add(time.Second)) {
		l.open = l.open[1:] // its end was never told
	}
	for len(l.open) < min(len(l.waiting), maxPulls) {
		longest := slices.MaxFunc(l.waiting, func(a, b *waiter) int { return a.deadline.Compare(b.deadline) })
		left := min(longest.deadline.Sub(now)-pullEarly, pullSpan)
		if left < time.Millisecond {
			return nil
		}
		if err := l.subscribe(); err != nil {
			return err
		}
		if err := l.q.b.conn.NC.PublishRequest(jet.NextSubject(l.q.stream, l.q.now().consumer), l.reply, jet.PullRequest(1, left, false)); err != nil {
			return err
		}
		l.open = append(l.open, now.Add(left))
	}
	return nil
}

func (l *line) subscribe() error {
	if l.sub != nil {
		return nil
	}
	l.reply = nats.NewInbox()
	sub, err := l.q.b.conn.NC.Subscribe(l.reply, l.answered)
	if err != nil {
		return err
	}
	l.sub = sub
	return sub.SetPendingLimits(-1, -1)
}

// recall takes back the pulls of receivers who went away before their time:
// each would take a message that nobody waits for. JetStream drops a pull when
// its reply subject is gone; what was on its way by then still arrives.
func (l *line) recall() {
	l.mu.Lock()
	excess := len(l.open) > min(len(l.waiting), maxPulls)
	if excess {
		l.drain()
	}
	l.mu.Unlock()
	if excess {
		l.tend()
	}
}

// drain gives up the reply subject, under the lock.
func (l *line) drain() {
	if l.sub != nil {
		if err := l.sub.Drain(); err != nil {
			l.q.b.log.Debug("drain", "error", err)
		}
	}
	l.sub, l.open = nil, nil
}

// reset forgets the open pulls: the connection, or the consumer, they were
// sent to is gone. Those who wait go on waiting.
func (l *line) reset() {
	l.mu.Lock()
	l.drain()
	l.mu.Unlock()
	l.tend()
}
