package judge

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/jetcmq/jetcmq/test/checker/history"
)

const forever = math.MaxInt64

// message is what was sent under one number, in one or several attempts.
type message struct {
	number int
	queue  string
	topic  bool     // it was published: its ids in the queue are not its sender's
	tries  []try    // those that may have stored it
	ids    []string // of what is stored of it, as receivers were told
}

// try is one call that sent a message. One that was surely refused is none.
type try struct {
	invoked, ended time.Duration
	delay          time.Duration
	id             string // "" if it was not acknowledged, or is a topic's
	acknowledged   bool
}

// batch is messages that were always sent in one call.
type batch struct{ messages []*message }

func (c *court) message(number int, queue string) *message {
	m := c.messages[number]
	if m == nil {
		m = &message{number: number, queue: queue}
		c.messages[number] = m
	}
	return m
}

func (c *court) sent(op history.Op) {
	b := &batch{}
	first := false
	for i, n := range op.Numbers {
		m := c.message(n, op.Queue)
		first = first || !m.sent()
		m.topic = op.Kind == history.Publish
		b.messages = append(b.messages, m)
		if op.Outcome == history.Failed {
			continue
		}
		t := try{invoked: op.Invoked, ended: op.Ended, delay: op.Delay, acknowledged: op.Outcome == history.OK}
		if t.acknowledged && !m.topic && i < len(op.IDs) {
			t.id = op.IDs[i]
		}
		m.tries = append(m.tries, t)
	}
	if first && len(b.messages) > 1 && op.Outcome != history.Failed {
		c.batches = append(c.batches, b)
	}
	if op.Outcome == history.OK {
		c.verdict.Acknowledged += len(op.Numbers)
		c.success(op.Ended)
		if len(op.IDs) != len(op.Numbers) {
			c.violate(&c.verdict.Lost, "a send of %d messages was answered with %d ids", len(op.Numbers), len(op.IDs))
		}
	}
}

func (m *message) sent() bool { return len(m.tries) > 0 }

// due is the earliest that a receiver may have m, and the latest that it becomes
// due by its last try.
func (m *message) due() (earliest, latest time.Duration) {
	for i, t := range m.tries {
		if i == 0 || t.invoked+t.delay < earliest {
			earliest = t.invoked + t.delay
		}
		latest = max(latest, t.ended+t.delay)
	}
	return earliest, latest
}

func (m *message) delayed() bool {
	return slices.ContainsFunc(m.tries, func(t try) bool { return t.delay > 0 })
}

func (c *court) judgeMessages() {
	numbers := slices.Sorted(maps.Keys(c.messages))
	for _, n := range numbers {
		m := c.messages[n]
		if !m.sent() {
			if len(m.ids) > 0 {
				c.violate(&c.verdict.Refused, "message %d was refused, or never sent, and is received", n)
			}
			continue
		}
		c.judgeEarly(m)
		c.judgeLost(m)
		c.judgeDoubled(m)
	}
}

func (c *court) judgeEarly(m *message) {
	due, _ := m.due()
	for _, id := range m.ids {
		if s := c.copies[key{m.queue, id}]; s.first < due {
			c.violate(&c.verdict.Early, "message %d comes %s early", m.number, due-s.first)
		}
	}
}

// judgeLost wants each acknowledged try received. Of what was published, as many
// copies as tries were acknowledged: their ids are the queue's.
func (c *court) judgeLost(m *message) {
	missing := []try{}
	for _, t := range m.tries {
		if t.acknowledged && !m.topic && !slices.Contains(m.ids, t.id) || t.acknowledged && m.topic {
			missing = append(missing, t)
		}
	}
	if m.topic {
		missing = missing[:max(0, len(missing)-len(m.ids))]
	}
	for _, t := range missing {
		if gap, ok := c.before(span{t.invoked, t.ended}, forever, c.rules.Loss, "cut"); ok {
			c.verdict.LostNear++
			c.verdict.LossWindow = max(c.verdict.LossWindow, gap)
			continue
		}
		c.violate(&c.verdict.Lost, "message %d in %s, acknowledged at %s as %s, is lost", m.number, m.queue, t.ended, cmp.Or(t.id, "published"))
	}
}

// judgeDoubled tells what the server stored twice from what was sent twice.
func (c *court) judgeDoubled(m *message) {
	ids := slices.Clone(m.ids)
	for _, t := range m.tries {
		if t.id != "" && !slices.Contains(ids, t.id) {
			ids = append(ids, t.id)
		}
	}
	c.verdict.SentTwice += max(0, min(len(m.ids), len(m.tries))-1)
	for range len(ids) - len(m.tries) {
		last := c.lastSeen(m)
		if c.troubled(span{m.tries[0].invoked, last}, last, c.rules.Forget) {
			c.verdict.DoubledNear++
			continue
		}
		c.violate(&c.verdict.Doubled, "message %d was sent %d times and is stored as %v", m.number, len(m.tries), ids)
	}
}

// lastSeen is when the last of a message's copies was seen first.
func (c *court) lastSeen(m *message) (last time.Duration) {
	for _, id := range m.ids {
		last = max(last, c.copies[key{m.queue, id}].first)
	}
	return last
}

// judgeBatches wants all of a batch or nothing, unless a cut may lose its end.
func (c *court) judgeBatches() {
	for _, b := range c.batches {
		none, some := 0, 0
		for _, m := range b.messages {
			if len(m.ids) == 0 {
				none++
			} else {
				some++
			}
		}
		acknowledged := slices.ContainsFunc(b.messages[0].tries, func(t try) bool { return t.acknowledged })
		if none > 0 && some > 0 && !acknowledged && c.rules.Loss == 0 {
			c.violate(&c.verdict.Torn, "of the batch of %d that begins with message %d only %d arrived", none+some, b.messages[0].number, some)
		}
	}
}
