package queues_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
)

var rewindable = mapping.QueueAttributes{Rewind: num(3600), VisibilityTimeout: num(60)}

func (a *account) rewind(name mapping.QueueName, start time.Time) {
	a.t.Helper()
	if err := a.RewindQueue(ctx, name, start); err != nil {
		a.t.Fatalf("rewind %s: %v", name, err)
	}
}

// drain receives and deletes all that is there, and gives the bodies.
func (a *account) drain(name mapping.QueueName) (bodies []string) {
	a.t.Helper()
	for {
		ms, err := a.Receive(ctx, name, 16, 0)
		if errors.Is(err, mapping.ErrNoMessage) {
			return bodies
		}
		if err != nil {
			a.t.Fatal(err)
		}
		for _, m := range ms {
			a.delete(name, m.Handle)
			bodies = append(bodies, m.Body)
		}
	}
}

func TestRewindDeliversDeletedMessagesAgain(t *testing.T) {
	a := newAccount(t)
	a.create("q", rewindable)
	started := time.Now()
	ids := a.send("q", "1", "2", "3")
	if got := fmt.Sprint(a.drain("q")); got != "[1 2 3]" {
		t.Fatalf("got %s", got)
	}
	a.counts("q", 0, 0, 0, 3)
	a.rewind("q", started)
	a.counts("q", 3, 0, 0, 0)
	m := a.receive("q", 0)
	if m.Body != "1" || m.ID != ids[0] {
		t.Errorf("got %+v, want 1 as %s", m, ids[0])
	}
	a.delete("q", m.Handle)
	if got := fmt.Sprint(a.drain("q")); got != "[2 3]" {
		t.Errorf("got %s, want the rest in the order they were sent", got)
	}
}

func TestRewindVoidsHandlesAndKeepsDelays(t *testing.T) {
	a := newAccount(t)
	other := a.join()
	a.create("q", rewindable)
	a.send("q", "x")
	held := a.receive("q", 0)
	if _, err := a.Send(ctx, "q", "late", 2*time.Second); err != nil {
		t.Fatal(err)
	}
	poll := make(chan error, 1)
	ready := make(chan struct{})
	go func() {
		close(ready)
		ms, err := other.Receive(ctx, "q", 1, 20*time.Second)
		if err == nil && ms[0].Body != "x" {
			err = fmt.Errorf("got %+v", ms[0])
		}
		poll <- err
	}()
	<-ready
	waitForReceivers(a, "q", 1)
	a.rewind("q", time.Now().Add(-time.Minute))
	if err := <-poll; err != nil {
		t.Errorf("a poll that waits at another broker: %v", err)
	}
	a.refused("q", held.Handle, "a handle from before the rewind")
	if m := a.receive("q", 20*time.Second); m.Body != "late" {
		t.Errorf("got %+v, want the delayed message", m)
	}
}

func TestRewindWindow(t *testing.T) {
	a := newAccount(t)
	a.create("plain", mapping.QueueAttributes{})
	if err := a.RewindQueue(ctx, "plain", time.Now()); !errors.Is(err, mapping.ErrNoRewind) {
		t.Errorf("queue without a window: got %v, want %v", err, mapping.ErrNoRewind)
	}
	a.create("q", rewindable)
	a.rewind("q", time.Now().Add(-2*time.Hour)) // a young queue has lost nothing
	if err := a.RewindQueue(ctx, "q", time.Now().Add(time.Minute)); !errors.Is(err, mapping.ErrRewindTime) {
		t.Errorf("to the future: got %v, want %v", err, mapping.ErrRewindTime)
	}
	before := time.Now().Unix()
	a.send("q", "waits")
	sent := a.describe("q").MinMessageTime
	if now := time.Now().Unix(); sent < before || sent > now {
		t.Errorf("minMsgTime: got %d, want %d to %d", sent, before, now)
	}
	if err := a.RewindQueue(ctx, "q", time.Unix(sent+1, 0)); !errors.Is(err, mapping.ErrRewindTime) {
		t.Errorf("past a message that waits: got %v, want %v", err, mapping.ErrRewindTime)
	}
	a.rewind("q", time.Unix(sent, 0))
	a.counts("q", 1, 0, 0, 0)
}

func TestRewindSecondsChangesOnALiveQueue(t *testing.T) {
	a := newAccount(t)
	a.create("q", mapping.QueueAttributes{})
	set := func(seconds int) {
		t.Helper()
		if _, err := a.SetQueue(ctx, "q", mapping.QueueAttributes{Rewind: num(seconds)}); err != nil {
			t.Fatal(err)
		}
	}
	a.send("q", "before")
	a.drain("q")
	set(600)
	a.counts("q", 0, 0, 0, 0) // what was deleted before stays deleted
	a.send("q", "inside")
	a.drain("q")
	a.counts("q", 0, 0, 0, 1)
	set(0)
	a.counts("q", 0, 0, 0, 0)
	set(600)
	a.counts("q", 0, 0, 0, 0)
	a.rewind("q", time.Now().Add(-time.Minute))
	a.none("q", 0)
}

func TestMessagesLeaveTheRewindWindow(t *testing.T) {
	a := newAccount(t)
	a.create("q", mapping.QueueAttributes{Rewind: num(1)})
	a.send("q", "x")
	a.drain("q")
	a.counts("q", 0, 0, 0, 1)
	a.counts("q", 0, 0, 0, 0)
}

func TestClear(t *testing.T) {
	a := newAccount(t)
	a.create("q", rewindable)
	a.send("q", "deleted")
	a.drain("q")
	a.send("q", "held", "waiting")
	held := a.receive("q", 0)
	if _, err := a.Send(ctx, "q", "late", time.Second); err != nil {
		t.Fatal(err)
	}
	a.counts("q", 1, 1, 1, 1)
	if err := a.ClearQueue(ctx, "q"); err != nil {
		t.Fatal(err)
	}
	a.counts("q", 0, 0, 0, 0)
	a.refused("q", held.Handle, "a handle from before the clearing")
	a.none("q", 1500*time.Millisecond)
	a.send("q", "new")
	if m := a.receive("q", 0); m.Body != "new" {
		t.Errorf("got %+v", m)
	}
}

func TestRetention(t *testing.T) {
	a := newAccount(t)
	a.create("q", mapping.QueueAttributes{Retention: num(60)})
	a.send("q", "x", "y")
	held := a.receive("q", 0)
	if _, err := a.SetQueue(ctx, "q", mapping.QueueAttributes{Retention: num(1)}); err != nil {
		t.Fatal(err)
	}
	a.counts("q", 0, 0, 0, 0)
	a.none("q", 0)
	if err := a.Delete(ctx, "q", held.Handle); err != nil && !errors.Is(err, mapping.ErrHandle) {
		t.Errorf("delete of an expired message: %v", err)
	}
}

// The time was looked up to the millisecond, though it is checked by the
// second: a message that nobody had received was skipped.
func TestRewindWithinTheSecondOfAWaitingMessageSkipsNothing(t *testing.T) {
	a := newAccount(t)
	a.create("q", rewindable)
	a.send("q", "waits")
	between := time.Now()
	a.send("q", "too")
	end := time.Unix(a.describe("q").MinMessageTime, int64(time.Second-time.Nanosecond))
	if between.After(end) {
		between = end
	}
	a.rewind("q", between)
	if m := a.receive("q", time.Second); m.Body != "waits" {
		t.Errorf("got %+v", m)
	}
}

// What is deleted behind one in flight stays stored, and was counted for as
// long as that one lasted.
func TestMessagesLeaveTheRewindWindowBehindOneInFlight(t *testing.T) {
	a := newAccount(t)
	a.create("q", mapping.QueueAttributes{Rewind: num(1), VisibilityTimeout: num(600)})
	a.send("q", "held", "b", "c")
	a.receive("q", 0)
	a.drain("q")
	a.counts("q", 0, 1, 0, 0)
	a.send("q", "d")
	a.drain("q")
	a.counts("q", 0, 1, 0, 1)
}

// A rewind, or a clear, that is repeated makes no second consumer.
func TestARepeatedRewindChangesNothing(t *testing.T) {
	a := newAccount(t)
	a.create("q", mapping.QueueAttributes{Rewind: num(600)})
	a.send("q", "1", "2")
	a.delete("q", a.receive("q", 0).Handle)
	start := time.Now().Add(-time.Minute)
	_, js := a.native()
	consumer := func() string {
		t.Helper()
		s, err := js.Stream(ctx, "cmq-queue-q")
		if err != nil {
			t.Fatal(err)
		}
		all := []string{}
		for name := range s.ConsumerNames(ctx).Name() {
			all = append(all, name)
		}
		if len(all) != 1 {
			t.Fatalf("consumers: got %v, want one", all)
		}
		return all[0]
	}
	for what, call := range map[string]func() error{
		"rewind": func() error { return a.RewindQueue(ctx, "q", start) },
		"clear":  func() error { return a.ClearQueue(ctx, "q") },
	} {
		if err := call(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		before := consumer()
		if err := call(); err != nil {
			t.Fatalf("%s once more: %v", what, err)
		}
		if after := consumer(); after != before {
			t.Errorf("%s once more: the consumer is %s, want %s", what, after, before)
		}
	}
}
