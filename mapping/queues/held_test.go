package queues_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
)

// deliverAgain has JetStream deliver the first message of a queue once more,
// although its receiver holds it: what it counts as expired after a disk hung.
func (a *account) deliverAgain(queue string, delivery, turn int) {
	a.t.Helper()
	nc, js := a.native()
	stream, err := js.Stream(ctx, "cmq-queue-"+queue)
	if err != nil {
		a.t.Fatal(err)
	}
	for name := range stream.ConsumerNames(ctx).Name() {
		if strings.HasPrefix(name, "receivers-") {
			subject := fmt.Sprintf("$JS.ACK.cmq-queue-%s.%s.%d.1.%d.0.0", queue, name, delivery, turn)
			if err := nc.Publish(subject, []byte("-NAK")); err != nil {
				a.t.Fatal(err)
			}
		}
	}
	if err := nc.Flush(); err != nil {
		a.t.Fatal(err)
	}
}

// After a disk had hung JetStream delivered messages and, as their time had run
// while it hung, delivered them again at once: two held them, and the first could
// not delete.
func TestWhatIsHeldIsGivenToNobodyElse(t *testing.T) {
	for what, wait := range map[string]time.Duration{"at once": 0, "to one who waits": time.Second} {
		t.Run(what, func(t *testing.T) {
			a := newAccount(t)
			a.create("q", mapping.QueueAttributes{VisibilityTimeout: num(60)})
			a.send("q", "x")
			m := a.receive("q", 0)
			for n := range 3 {
				a.deliverAgain("q", n+1, n+1)
				a.none("q", wait)
			}
			a.counts("q", 0, 1, 0, 0)
			a.delete("q", m.Handle)
			a.counts("q", 0, 0, 0, 0)
		})
	}
}

// It comes when the receiver's time is over, neither earlier nor later, and what
// came before does not count as received.
func TestWhatWasHeldComesInItsTime(t *testing.T) {
	a := newAccount(t)
	a.create("q", mapping.QueueAttributes{VisibilityTimeout: num(3)})
	a.send("q", "x")
	began := time.Now()
	a.receive("q", 0)
	given := time.Now()
	for n := range 2 {
		a.deliverAgain("q", n+1, n+1)
		a.none("q", time.Second)
	}
	m := a.receive("q", 10*time.Second)
	if time.Since(began) < 3*time.Second || time.Since(given) > 5*time.Second {
		t.Errorf("it came %v after the first receive, want about 3 s", time.Since(given))
	}
	if m.Dequeues != 2 {
		t.Errorf("got %+v, want the second delivery to somebody", m)
	}
	a.delete("q", m.Handle)
	a.counts("q", 0, 0, 0, 0)
}
