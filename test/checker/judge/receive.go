package judge

import (
	"slices"
	"time"

	"github.com/jetcmq/jetcmq/test/checker/history"
)

// stored is a message under the id that its queue gave it.
type stored struct {
	number  int
	first   time.Duration // when somebody had it first
	live    []span        // deliveries whose visibility may still run
	deleted *span         // the last delete that was acknowledged
	drained bool
}

// span is a call, from invoked to ended: what it did, it did in between.
type span struct{ from, to time.Duration }

// suspect is a delivery that looks wrong, but for what may have happened to the
// servers meanwhile.
type suspect struct {
	key
	number   int
	returned bool // after a delete; else to a second holder
	before   span // the delete, or the delivery to the first holder
	delivery span
}

func (c *court) received(op history.Op) {
	c.verdict.Received += len(op.Messages)
	for _, m := range op.Messages {
		if m.Number == history.Foreign {
			c.violate(&c.verdict.Foreign, "nobody sent %.60q, which came from %s", m.Foreign, op.Queue)
			continue
		}
		c.delivered(op, m)
	}
}

func (c *court) delivered(op history.Op, got history.Message) {
	k := key{op.Queue, got.ID}
	s := c.copies[k]
	if s == nil {
		s = &stored{number: got.Number, first: op.Ended}
		c.copies[k] = s
		m := c.message(got.Number, op.Queue)
		m.ids = append(m.ids, got.ID)
		if c.phase == history.Silent {
			c.violate(&c.verdict.Late, "message %d comes from %s, which had said that it was empty", got.Number, op.Queue)
		}
	}
	if s.number != got.Number {
		c.violate(&c.verdict.Foreign, "msgId %s of %s is message %d and message %d", got.ID, op.Queue, s.number, got.Number)
	}
	c.suspectReturned(k, s, op)
	c.suspectShared(k, s, op)
	if c.phase == history.Drain && !s.drained {
		s.drained = true
		c.drained[op.Queue]++
	}
}

// suspectReturned looks whether op delivers what was deleted before. It is certain
// if op began after that, or if the message was not yet to be visible again.
func (c *court) suspectReturned(k key, s *stored, op history.Op) {
	if s.deleted == nil {
		return
	}
	held := slices.ContainsFunc(s.live, func(d span) bool { return op.Ended < d.from+c.visible[k.queue] })
	if op.Invoked > s.deleted.to || held {
		c.suspects = append(c.suspects, suspect{k, s.number, true, *s.deleted, span{op.Invoked, op.Ended}})
	} else {
		c.verdict.Undecided++
	}
	s.deleted, s.live = nil, nil
}

// suspectShared looks whether two have the message at once, however long after its
// invocation and before its end each of their calls gave it to them.
func (c *court) suspectShared(k key, s *stored, op history.Op) {
	now, visible := span{op.Invoked, op.Ended}, c.visible[k.queue]
	s.live = slices.DeleteFunc(s.live, func(d span) bool { return d.from+visible <= now.from })
	for _, d := range s.live {
		if now.to < d.from+visible && d.to < now.from+visible {
			c.suspects = append(c.suspects, suspect{k, s.number, false, d, now})
		}
	}
	s.live = append(s.live, now)
}

func (c *court) deleted(op history.Op) {
	for _, h := range op.Handles {
		s := c.copies[key{op.Queue, h.ID}]
		if h.Outcome == history.OK && s != nil {
			c.verdict.Deleted++
			s.deleted = &span{op.Invoked, op.Ended}
		}
	}
}

func (c *court) judgeSuspect(s suspect) {
	if s.returned {
		c.judgeReturned(s)
		return
	}
	if c.troubled(s.before, s.delivery.to) {
		c.verdict.SharedNear++
		return
	}
	c.violate(&c.verdict.Shared, "message %d of %s has two holders, since %s and %s", s.number, s.queue, s.before.to, s.delivery.to)
}

func (c *court) judgeReturned(s suspect) {
	if gap, ok := c.before(s.before, s.delivery.to, c.rules.Forget, "kill", "cut"); ok {
		c.verdict.ReturnedNear++
		c.verdict.ForgetWindow = max(c.verdict.ForgetWindow, gap)
		return
	}
	if c.firedTwice(s) {
		c.verdict.FiredNear++
		return
	}
	c.violate(&c.verdict.Returned, "message %d of %s, whose delete was acknowledged at %s, comes again at %s", s.number, s.queue, s.before.to, s.delivery.to)
}

// firedTwice tells whether a delayed message was stored at the end of its delay
// so shortly before a kill that its removal as a delayed one is forgotten.
func (c *court) firedTwice(s suspect) bool {
	m := c.messages[s.number]
	if !m.delayed() {
		return false
	}
	due, _ := m.due()
	first := c.copies[s.key].first
	return slices.ContainsFunc(c.events, func(e history.Op) bool {
		return e.Holds && oneOf(e, "kill", "cut") && due <= e.Ended && e.Invoked-first <= c.rules.Forget && e.Invoked <= s.delivery.to
	})
}
