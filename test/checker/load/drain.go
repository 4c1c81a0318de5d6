package load

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/jetcmq/jetcmq/test/checker/history"
)

// longest is how long to wait for queues that do not come to rest. What is wrong
// with them then is for the judge to say.
const longest = time.Minute

// Settle waits until everything that was sent is visible, and what was published
// is copied. It follows Work.
func (c *Clients) Settle(ctx context.Context) {
	if !pause(ctx, max(Visibility, MaxDelay)+time.Second) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	for equal, before := 0, -1; equal < 4 && pause(ctx, 250*time.Millisecond); equal++ {
		now := c.left(ctx)
		if now < 0 || now != before {
			equal = 0
		}
		before = now
	}
}

// left is how many messages are still to be copied or received, or -1 if that
// cannot be said or is about to change.
func (c *Clients) left(ctx context.Context) (sum int) {
	a, err := c.call(ctx, c.server(), "GetTopicAttributes", "topicName", topic)
	if err != nil || a.Code != 0 || a.MsgCount > 0 {
		return -1
	}
	for _, q := range queues {
		n, o := c.counts(ctx, c.server(), q)
		if o != history.OK || n.Inactive+n.Delayed > 0 {
			return -1
		}
		sum += n.Sum()
	}
	return sum
}

func (c *Clients) counts(ctx context.Context, server int, queue string) (history.Counts, history.Outcome) {
	a, err := c.call(ctx, server, "GetQueueAttributes", "queueName", queue)
	return history.Counts{Active: a.ActiveMsgNum, Inactive: a.InactiveMsgNum, Delayed: a.DelayMsgNum}, outcome(a, err)
}

// Count writes down what every server says of every queue, while nobody calls.
func (c *Clients) Count(ctx context.Context) {
	for server := range c.endpoints {
		for _, q := range queues {
			began := c.log.Now()
			n, o := c.counts(ctx, server, q)
			c.log.Add(history.Op{Kind: history.Counters, Server: server, Queue: q, Invoked: began, Outcome: o, Counts: &n})
		}
	}
}

// Drain receives and deletes until the queues say that they are empty.
func (c *Clients) Drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	var all sync.WaitGroup
	for i, q := range queues {
		for j := range 2 {
			r := newReceiver(c, 100+2*i+j)
			all.Go(func() { r.drain(ctx, q) })
		}
	}
	all.Wait()
}

func (r *receiver) drain(ctx context.Context, queue string) {
	for ctx.Err() == nil {
		hs, o := r.receive(ctx, queue, 16, 1)
		if len(hs) > 0 {
			r.delete(ctx, hs)
			continue
		}
		n, told := r.counts(ctx, r.server(), queue)
		if o == history.OK && told == history.OK && n.Sum() == 0 {
			return
		}
		pause(ctx, 20*time.Millisecond)
	}
}

// Listen receives, without deleting, until everything that could return has had
// the time to.
func (c *Clients) Listen(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, Visibility+time.Second)
	defer cancel()
	var all sync.WaitGroup
	for i, q := range queues {
		r := newReceiver(c, 100+2*i)
		all.Go(func() {
			for pause(ctx, 20*time.Millisecond) {
				r.receive(ctx, q, 16, 1)
			}
		})
	}
	all.Wait()
}

// Strings for a display.
func (c *Clients) String() string {
	n := func(i int64) string { return strconv.FormatInt(i, 10) }
	return n(c.Sent.Load()) + " sent, " + n(c.Received.Load()) + " received, " + n(c.Deleted.Load()) + " deleted"
}
