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
	live    []delivery    // those whose visibility may still run
	deleted *span         // the last delete that was acknowledged
	deletes []span        // all that may have done it
	drained bool
}

// span is a call, from invoked to ended: what it did, it did in between.
type span struct{ from, to time.Duration }

// delivery is a receive, as far as it concerns one message.
type delivery struct {
	span
	handle string
	asked  bool // to delete it
}

// suspect is something that looks wrong, but for what may have happened to the
// servers meanwhile.
type suspect struct {
	key
	kind   suspicion
	number int
	before span // what should have prevented it
	it     span
}

type suspicion int

const (
	returned suspicion = iota // delivered after a delete
	shared                    // delivered to a second holder
	denied                    // a holder's delete was refused
)

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
	if s == nil || s.number != got.Number && c.reused(s, op) {
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
	s.live = append(s.live, delivery{span{op.Invoked, op.Ended}, got.Handle, false})
	if c.phase == history.Drain && !s.drained {
		s.drained = true
		c.drained[op.Queue]++
	}
}

// reused tells whether an id may be that of another message by now: what a cut
// takes from the end of a queue makes room for others of the same ids.
func (c *court) reused(s *stored, op history.Op) bool {
	return c.rules.Loss > 0 && slices.ContainsFunc(c.events, func(e history.Op) bool {
		return oneOf(e, "cut") && s.first <= e.Ended && e.Invoked <= op.Ended
	})
}

// suspectReturned looks whether op delivers what was deleted before. It is certain
// if op began after that. If not, the message may have been given to two.
func (c *court) suspectReturned(k key, s *stored, op history.Op) {
	if s.deleted == nil {
		return
	}
	if op.Invoked <= s.deleted.to {
		c.verdict.Undecided++
		return
	}
	c.suspects = append(c.suspects, suspect{k, returned, s.number, *s.deleted, span{op.Invoked, op.Ended}})
	s.deleted, s.live = nil, nil
}

// suspectShared looks whether two have the message at once, however long after its
// invocation and before its end each of their calls gave it to them.
func (c *court) suspectShared(k key, s *stored, op history.Op) {
	now, visible := span{op.Invoked, op.Ended}, c.visible[k.queue]
	s.live = slices.DeleteFunc(s.live, func(d delivery) bool { return d.from+visible <= now.from })
	for _, d := range s.live {
		if now.to < d.from+visible && d.to < now.from+visible {
			c.suspects = append(c.suspects, suspect{k, shared, s.number, d.span, now})
		}
	}
}

func (c *court) deleted(op history.Op) {
	for _, h := range op.Handles {
		k := key{op.Queue, h.ID}
		s := c.copies[k]
		if s == nil {
			continue
		}
		if h.Outcome != history.Failed {
			s.deletes = append(s.deletes, span{op.Invoked, op.Ended})
		}
		switch h.Outcome {
		case history.OK:
			c.verdict.Deleted++
			s.deleted = &span{op.Invoked, op.Ended}
		default:
			c.suspectDenied(k, s, op, h)
		}
	}
}

// suspectDenied looks whether a handle was refused that is its only holder's, was
// not used before, and is young enough.
func (c *court) suspectDenied(k key, s *stored, op history.Op, h history.Handle) {
	i := slices.IndexFunc(s.live, func(d delivery) bool { return d.handle == h.Handle })
	if i < 0 {
		return
	}
	d := s.live[i]
	s.live[i].asked = true
	if h.Outcome == history.Failed && h.Code == codeHandle && !d.asked && len(s.live) == 1 && op.Ended < d.from+c.visible[k.queue] {
		c.suspects = append(c.suspects, suspect{k, denied, s.number, d.span, span{op.Invoked, op.Ended}})
	}
}

// codeHandle answers a delete with a handle that is not, or no more, good.
const codeHandle = 4430

func (c *court) judgeSuspect(s suspect) {
	visible := c.visible[s.queue]
	switch s.kind {
	case returned:
		c.judgeReturned(s)
	case denied:
		if c.overtaken(s) {
			return
		}
		if c.unsettled(s.before, s.it.to, visible) {
			c.verdict.DeniedNear++
			return
		}
		c.violate(&c.verdict.Denied, "the delete of message %d of %s at %s was refused, which was received at %s", s.number, s.queue, s.it.to, s.before.to)
	case shared:
		early := s.before.from + visible - s.it.to
		if c.unsettled(s.before, s.it.to, c.rules.Forget) || early <= c.rules.Round && c.troubled(s.before, s.it.to, visible) {
			c.verdict.SharedNear++
			return
		}
		if c.firedTwice(s) {
			c.verdict.FiredNear++
			return
		}
		c.violate(&c.verdict.Shared, "message %d of %s has two holders, since %s and %s", s.number, s.queue, s.before.to, s.it.to)
	}
}

// overtaken tells whether another delete, with an older handle, may have come first.
func (c *court) overtaken(s suspect) bool {
	return slices.ContainsFunc(c.copies[s.key].deletes, func(d span) bool { return d.from <= s.it.to && s.before.from <= d.to })
}

func (c *court) judgeReturned(s suspect) {
	if gap, ok := c.before(s.before, s.it.to, c.rules.Forget, "kill", "cut", "fill"); ok {
		c.verdict.ReturnedNear++
		c.verdict.ForgetWindow = max(c.verdict.ForgetWindow, gap)
		return
	}
	if c.firedTwice(s) {
		c.verdict.FiredNear++
		return
	}
	c.violate(&c.verdict.Returned, "message %d of %s, whose delete was acknowledged at %s, comes again at %s", s.number, s.queue, s.before.to, s.it.to)
}

// firedTwice tells whether a delayed message became due in the moment of a kill,
// between being stored as a message and being removed as a delayed one: it comes
// once more, under the same id, whatever became of the first.
func (c *court) firedTwice(s suspect) bool {
	m := c.messages[s.number]
	if !m.delayed() {
		return false
	}
	earliest, latest := m.due()
	latest = max(latest, c.copies[s.key].first) + c.rules.Forget
	return slices.ContainsFunc(c.events, func(e history.Op) bool {
		return e.Holds && oneOf(e, "kill", "cut", "fill") && earliest <= e.Ended && e.Invoked <= min(latest, s.it.to)
	})
}
