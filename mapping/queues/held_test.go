package queues_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
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
	m := a.receive("q", 20*time.Second)
	if time.Since(began) < 3*time.Second || time.Since(given) > 5*time.Second {
		t.Errorf("it came %v after the first receive, want about 3 s", time.Since(given))
	}
	if m.Dequeues != 2 {
		t.Errorf("got %+v, want the second delivery to somebody", m)
	}
	a.delete("q", m.Handle)
	a.counts("q", 0, 0, 0, 0)
}

// A timeout that is made shorter ends what is held sooner, also for those who wait
// in that moment at whatever server.
func TestWhatIsHeldComesSoonerByAShorterTimeout(t *testing.T) {
	a := newAccount(t)
	b := a.join()
	for i, by := range []*broker{a.broker, b} {
		queue := mapping.QueueName(fmt.Sprint("q", i))
		a.create(queue, mapping.QueueAttributes{VisibilityTimeout: num(43200)})
		for range 20 {
			a.send(queue, "x")
			a.receive(queue, 0)
		}
		polls, leave := context.WithCancel(ctx)
		var came atomic.Int64
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				for polls.Err() == nil {
					ms, _ := a.Receive(polls, queue, 16, 20*time.Second)
					came.Add(int64(len(ms)))
				}
			})
		}
		waitForReceivers(a, string(queue), 5)
		<-time.After(1200 * time.Millisecond) // longer than the new timeout: it ends at once
		if _, err := by.SetQueue(ctx, queue, mapping.QueueAttributes{VisibilityTimeout: num(1)}); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() bool { return came.Load() >= 20 }, func() string { return "what was held does not come" })
		leave()
		all.Wait()
	}
}
