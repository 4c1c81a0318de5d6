package queues_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
)

// hangUp lets n receivers wait at a broker and then go away.
func (a *account) hangUp(b *broker, name mapping.QueueName, n int) {
	a.t.Helper()
	polls, leave := context.WithCancel(ctx)
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			if ms, err := b.Receive(polls, name, 1, 20*time.Second); err == nil {
				a.t.Errorf("got %+v from an empty queue", ms)
			}
		})
	}
	waitForReceivers(a, string(name), n)
	leave()
	all.Wait()
}

// Handing back went by the message alone: the third receiver got what the
// second held, and the second could not delete it.
func TestReturnAfterTheTimeIsOverTakesNothingFromTheNextReceiver(t *testing.T) {
	a := newAccount(t)
	a.create("q", quick)
	a.send("q", "x")
	first := a.receive("q", 0)
	if _, err := a.SetQueue(ctx, "q", mapping.QueueAttributes{VisibilityTimeout: num(60)}); err != nil {
		t.Fatal(err)
	}
	second := a.receive("q", 20*time.Second)
	a.Return("q", []mapping.Message{first})
	a.none("q", 0)
	a.delete("q", second.Handle)
}

// The delivery that nobody got dated the message's first receive.
func TestFirstReceiveIsDatedByWhoReceived(t *testing.T) {
	a := newAccount(t)
	a.create("q", mapping.QueueAttributes{})
	a.send("q", "x")
	unheard := a.receive("q", 0)
	a.Return("q", []mapping.Message{unheard})
	eventually(t, func() bool { return time.Now().Unix() > unheard.FirstDequeued },
		func() string { return "the clock stands still" })
	if m := a.receive("q", time.Second); m.FirstDequeued <= unheard.FirstDequeued || m.Dequeues != 1 {
		t.Errorf("got %+v, want it first received after %d", m, unheard.FirstDequeued)
	}
}

// The pulls of receivers who had left stayed open: each took the message once,
// and at another broker it looked as received so often that it had died.
func TestReceiversWhoLeftTakeNothingFromAnotherBroker(t *testing.T) {
	a := newAccount(t)
	b := a.join()
	a.create("dead", mapping.QueueAttributes{})
	a.create("q", mapping.QueueAttributes{
		DeadLetter: &mapping.DeadLetterPolicy{Queue: "dead", Policy: mapping.ByCount, MaxReceiveCount: 3}})
	a.hangUp(a.broker, "q", 10)
	a.send("q", "x")
	ms, err := b.Receive(ctx, "q", 1, 20*time.Second)
	if err != nil || ms[0].Dequeues != 1 {
		t.Errorf("got %+v, %v, want a first delivery", ms, err)
	}
	a.none("dead", 0)
}

// JetStream counts a delivery to a pull that was taken back in the same moment.
// No broker had noted such a one, and it counted as received.
func TestADeliveryNoBrokerSawDoesNotCount(t *testing.T) {
	a := newAccount(t)
	a.create("q", mapping.QueueAttributes{})
	a.send("q", "x")
	_, js := a.native()
	stream, err := js.Stream(ctx, "cmq-queue-q")
	if err != nil {
		t.Fatal(err)
	}
	for name := range stream.ConsumerNames(ctx).Name() {
		receivers, err := stream.Consumer(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		lost, err := receivers.Next()
		if err != nil {
			t.Fatal(err)
		}
		if err := lost.Nak(); err != nil {
			t.Fatal(err)
		}
	}
	if m := a.receive("q", 20*time.Second); m.Dequeues != 1 {
		t.Errorf("got %+v, want a first delivery", m)
	}
}

// Close cut the connection while deliveries were on their way: they were hidden
// for the visibility timeout though nobody got them.
func TestAClosedBrokerHidesNothing(t *testing.T) {
	a := newAccount(t)
	a.create("q", mapping.QueueAttributes{VisibilityTimeout: num(600)})
	sent, came := 0, 0
	for range 5 {
		b := a.join()
		var got, stored atomic.Int64
		var polls, senders sync.WaitGroup
		for range 40 {
			polls.Go(func() {
				ms, _ := b.Receive(ctx, "q", 1, 20*time.Second) // ends with the polls
				got.Add(int64(len(ms)))
			})
		}
		waitForReceivers(a, "q", 40)
		first := make(chan struct{}, 4)
		for range 4 {
			senders.Go(func() {
				for i := range 50 {
					if _, err := a.Send(ctx, "q", "x", 0); err != nil {
						t.Error(err)
						return
					}
					if stored.Add(1); i == 0 {
						first <- struct{}{}
					}
				}
			})
		}
		<-first
		b.EndPolls()
		polls.Wait()
		b.Close(ctx)
		senders.Wait()
		sent += int(stored.Load())
		came += int(got.Load()) + len(a.drain("q"))
	}
	if came != sent {
		t.Errorf("%d of %d messages came", came, sent)
	}
}

// A restarted or another broker took any handle whose time was not over by
// itself, though it was the handle of an older delivery.
func TestAnOlderHandleIsDeadAtEveryBroker(t *testing.T) {
	a := newAccount(t)
	other := a.join()
	set := func(seconds int) {
		t.Helper()
		if _, err := a.SetQueue(ctx, "q", mapping.QueueAttributes{VisibilityTimeout: num(seconds)}); err != nil {
			t.Fatal(err)
		}
	}
	a.create("q", mapping.QueueAttributes{VisibilityTimeout: num(30)})
	if _, err := other.DescribeQueue(ctx, "q"); err != nil {
		t.Fatal(err)
	}
	a.send("q", "x")
	old := a.receive("q", 0)
	set(1)
	if again := a.receive("q", 20*time.Second); again.Dequeues != 2 {
		t.Fatalf("got %+v, want the second delivery", again)
	}
	set(30) // by itself, the old handle is good again
	a.broker.Close(ctx)
	a.broker = other
	a.refused("q", old.Handle, "an older delivery's handle, at a broker that ran all along")
	a.broker = a.join()
	a.refused("q", old.Handle, "an older delivery's handle, after a restart")
	if d := a.describe("q"); d.Active+d.Inactive != 1 {
		t.Errorf("got %d active and %d inactive messages, want one", d.Active, d.Inactive)
	}
}

// A broker refused the handle of another's delivery for ever if it had delivered
// the message before: with several adapters, nobody could delete there what had
// once come back.
func TestANewerHandleIsGoodAtEveryBroker(t *testing.T) {
	a := newAccount(t)
	other := a.join()
	a.create("q", mapping.QueueAttributes{VisibilityTimeout: num(1)})
	a.send("q", "x")
	old := a.receive("q", 0)
	again, err := other.Receive(ctx, "q", 1, 20*time.Second)
	if err != nil || again[0].Dequeues != 2 {
		t.Fatalf("got %v, %v, want the second delivery", again, err)
	}
	a.refused("q", old.Handle, "the older delivery's handle")
	a.delete("q", again[0].Handle)
	a.refused("q", again[0].Handle, "the newer handle, a second time")
	a.none("q", 2*time.Second)
}

// Stream and subject are not counted in one moment, so the difference between
// them could be less than nothing.
func TestCountersNeverFallBelowZero(t *testing.T) {
	a := newAccount(t)
	a.create("q", mapping.QueueAttributes{})
	load, end := context.WithCancel(ctx)
	var senders sync.WaitGroup
	for range 8 {
		senders.Go(func() {
			for load.Err() == nil {
				if _, err := a.Send(ctx, "q", "x", 0); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 200 {
		if d := a.describe("q"); d.Active < 0 || d.Inactive != 0 || d.Delayed < 0 {
			t.Errorf("got active %d, inactive %d, delayed %d", d.Active, d.Inactive, d.Delayed)
		}
	}
	end()
	senders.Wait()
}

// A hang-up at one broker must not count at another that knows the message
// from before.
func TestHangUpElsewhereDoesNotCountHere(t *testing.T) {
	a := newAccount(t)
	a.create("dead", mapping.QueueAttributes{})
	a.create("q", dying(2))
	b := a.join()
	a.send("q", "x")
	a.receive("q", 0)
	ms, err := b.Receive(ctx, "q", 1, 20*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	b.Return("q", ms)
	if m := a.receive("q", 20*time.Second); m.Dequeues != 2 {
		t.Errorf("got %+v, want a second reception", m)
	}
}
