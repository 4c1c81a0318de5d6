package judge

import (
	"slices"
	"strings"
	"time"

	"github.com/jetcmq/jetcmq/test/checker/history"
)

// happened hears of an event. What ends another makes that one last till now.
func (c *court) happened(op history.Op) {
	kind, of, _ := strings.Cut(op.Why, " ")
	begun := map[string]string{"resume": "pause", "heal": "partition"}[kind]
	for i, e := range slices.Backward(c.events) {
		if begun != "" && e.Why == begun+" "+of {
			c.events[i].Ended = op.Ended
			return
		}
	}
	c.events = append(c.events, op)
	c.alive = append(c.alive, c.lastAnswer)
}

// before tells whether what was acknowledged by a call lies so shortly before the
// end of a server that held messages that it may be forgotten, and how shortly.
// That end was before it was noticed. Of a machine that stands still for a second
// and is killed then nobody wants more: the window ends with its last answer.
func (c *court) before(done span, noticed, window time.Duration, ends ...string) (gap time.Duration, ok bool) {
	for i, e := range c.events {
		last := min(e.Invoked, c.alive[i])
		if !e.Holds || !oneOf(e, ends...) || e.Ended < done.from || e.Invoked > noticed || last-done.to > window || window == 0 {
			continue
		}
		if this := max(0, e.Invoked-done.to); !ok || this < gap {
			gap, ok = this, true
		}
	}
	return gap, ok
}

// troubled tells whether something happened between done, or a while after it, and
// the time noticed to a server that held messages, by which the others, or its next
// life, may not know what it did.
func (c *court) troubled(done span, noticed, while time.Duration) bool {
	return slices.ContainsFunc(c.events, func(e history.Op) bool {
		return apart(e) && done.from <= e.Ended && e.Invoked <= noticed && e.Invoked-done.to <= while
	})
}

// unsettled is troubled, or shortly after a trouble of one of several nodes. One
// that comes back leads on until it hears that it does not; a new leader is elected
// within seconds, and has not heard of the last deliveries.
func (c *court) unsettled(done span, noticed, while time.Duration) bool {
	return c.troubled(done, noticed, while) || slices.ContainsFunc(c.events, func(e history.Op) bool {
		return apart(e) && strings.Contains(e.Why, "node") && e.Ended <= noticed && noticed-e.Ended <= settling
	})
}

// settling is how long an election takes at most, and a while.
const settling = 10 * time.Second

// apart tells whether an event separates a server that held messages from others.
func apart(e history.Op) bool {
	return e.Holds && (oneOf(e, "kill", "cut", "partition") || oneOf(e, "pause", "stop") && strings.Contains(e.Why, "node"))
}

// oneOf tells whether an event is one of those kinds.
func oneOf(e history.Op, kinds ...string) bool {
	kind, _, _ := strings.Cut(e.Why, " ")
	return slices.Contains(kinds, kind)
}
