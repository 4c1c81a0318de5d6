// Package judge finds in a history what must not be. It is strict where a client
// can be certain, and says nothing where it cannot: of two calls that were under
// way at the same time, either may have come first.
package judge

import (
	"fmt"
	"iter"
	"time"

	"github.com/jetcmq/jetcmq/test/checker/history"
)

// Verdict is what a history shows. What is named "near" lies at a kill, a cut or
// a partition, where the documents allow it.
type Verdict struct {
	Name   string
	Whole  bool // the history has its end
	Cycles int  // strikes of the fault

	Acknowledged int // messages
	Received     int // deliveries
	Deleted      int // deletes that were acknowledged

	Lost       int // acknowledged, and never seen again
	LostNear   int
	LossWindow time.Duration // the longest from such an acknowledgement to the cut

	Returned     int // delivered after their delete was acknowledged
	ReturnedNear int
	ForgetWindow time.Duration // the longest from such a delete to the kill

	Doubled     int // stored twice by the server
	DoubledNear int
	FiredNear   int // delayed messages that came once more, due at a kill
	SentTwice   int // stored twice because their sender was not sure

	Shared     int // held by two receivers at once
	SharedNear int

	Denied     int // deletes that were refused their only holder
	DeniedNear int

	Early     int
	Torn      int // batches of which a part arrived
	Refused   int // not sent, by the server's word, and delivered all the same
	Foreign   int // bodies that nobody sent
	Late      int // first seen after the queue said that it was empty
	Miscount  int // counters that are not what was there
	Undecided int // deliveries of which nobody can say whether they came before the delete

	Unavailable time.Duration // all spans together that were longer than a second and saw no send succeed
	Longest     time.Duration // the longest of them

	Violations []string // all in words
}

// Judge reads a history to its end.
func Judge(ops iter.Seq2[history.Op, error]) (Verdict, error) {
	c := newCourt()
	for op, err := range ops {
		if err != nil {
			return c.verdict, err
		}
		c.hear(op)
	}
	return c.decide(), nil
}

// court is what has been heard so far.
type court struct {
	verdict  Verdict
	rules    history.Rules
	phase    string
	visible  map[string]time.Duration // by queue
	events   []history.Op
	alive    []time.Duration // at each event, when a call had last succeeded
	messages map[int]*message
	batches  []*batch
	copies   map[key]*stored
	drained  map[string]int // distinct messages, by queue
	counts   []history.Op   // at rest, before the drain
	suspects []suspect
	lastSent time.Duration

	lastAnswer time.Duration // of any call that succeeded
}

// key names one stored message: a msgId is its queue's own.
type key struct{ queue, id string }

func newCourt() *court {
	return &court{visible: map[string]time.Duration{}, messages: map[int]*message{}, copies: map[key]*stored{}, drained: map[string]int{}}
}

func (c *court) hear(op history.Op) {
	if op.Outcome == history.OK && op.Kind != history.Queue {
		c.lastAnswer = max(c.lastAnswer, op.Ended)
	}
	switch op.Kind {
	case history.Begin:
		c.verdict.Name = op.Why
		if op.Rules != nil {
			c.rules = *op.Rules
		}
	case history.Queue:
		c.visible[op.Queue] = op.Visible
	case history.Send, history.Publish:
		c.sent(op)
	case history.Receive:
		c.received(op)
	case history.Delete:
		c.deleted(op)
	case history.Counters:
		c.counted(op)
	case history.Strike:
		c.verdict.Cycles++
	case history.Event:
		c.happened(op)
	case history.Phase:
		c.enter(op)
	}
}

func (c *court) enter(op history.Op) {
	if c.phase == history.Load {
		c.success(op.Ended) // the last span without a success ends with the load
	}
	c.phase, c.lastSent = op.Why, op.Ended
	c.verdict.Whole = op.Why == history.End
}

// success notes that a send succeeded, for spans in which none did.
func (c *court) success(at time.Duration) {
	if gap := at - c.lastSent; c.phase == history.Load && gap > time.Second {
		c.verdict.Unavailable += gap
		c.verdict.Longest = max(c.verdict.Longest, gap)
	}
	c.lastSent = max(c.lastSent, at)
}

// counted hears of counters at rest. After the drain there is nothing to count.
func (c *court) counted(op history.Op) {
	switch {
	case op.Outcome != history.OK || op.Counts == nil:
		c.violate(&c.verdict.Miscount, "server %d does not tell its counters of %s at rest: %d %s", op.Server, op.Queue, op.Code, op.Why)
	case c.phase == history.Quiet:
		c.counts = append(c.counts, op)
	case c.phase == history.Silent && op.Counts.Sum() != 0:
		c.violate(&c.verdict.Miscount, "server %d counts %+v in %s, of which all was deleted", op.Server, *op.Counts, op.Queue)
	}
}

// violate counts one violation, and says it in words.
func (c *court) violate(count *int, format string, args ...any) {
	*count++
	c.verdict.Violations = append(c.verdict.Violations, fmt.Sprintf(format, args...))
}

// decide judges what can be judged only when everything is known.
func (c *court) decide() Verdict {
	for _, s := range c.suspects {
		c.judgeSuspect(s)
	}
	c.judgeMessages()
	c.judgeBatches()
	for _, op := range c.counts {
		if got, want := op.Counts.Sum(), c.drained[op.Queue]; got != want {
			c.violate(&c.verdict.Miscount, "server %d counted %+v in %s, of which %d messages came", op.Server, *op.Counts, op.Queue, want)
		}
	}
	if !c.verdict.Whole {
		c.verdict.Violations = append(c.verdict.Violations, "the history breaks off: it has no end")
	}
	return c.verdict
}
