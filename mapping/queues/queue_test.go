package queues_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping"
)

func TestMessageGoesThrough(t *testing.T) {
	a := newAccount(t)
	a.create("orders", mapping.QueueAttributes{})
	before := time.Now().Unix()
	id := a.send("orders", "你好 😀")[0]
	m := a.receive("orders", 0)
	if m.Body != "你好 😀" || m.ID != id || m.Dequeues != 1 {
		t.Errorf("got %+v, want the message sent as %s, received once", m, id)
	}
	if m.Enqueued < before || m.FirstDequeued < m.Enqueued || m.NextVisible < m.FirstDequeued+29 {
		t.Errorf("times of %+v, sent at %d with a visibility of 30 s", m, before)
	}
	a.none("orders", 0)
	a.delete("orders", m.Handle)
	a.refused("orders", m.Handle, "a used handle")
	a.counts("orders", 0, 0, 0, 0)
}

func TestNamesDifferInMoreThanCase(t *testing.T) {
	a := newAccount(t)
	a.create("Orders", mapping.QueueAttributes{})
	if _, err := a.CreateQueue(ctx, "oRDERS", mapping.QueueAttributes{}); !errors.Is(err, mapping.ErrQueueExists) {
		t.Errorf("create with another case: got %v, want %v", err, mapping.ErrQueueExists)
	}
	a.send("ORDERS", "x")
	if m := a.receive("orders", 0); m.Body != "x" {
		t.Errorf("got %+v", m)
	}
	if d := a.describe("orders"); d.Name != "Orders" {
		t.Errorf("name: got %s, want it as created", d.Name)
	}
}

func TestMissingQueue(t *testing.T) {
	a := newAccount(t)
	_, receive := a.Receive(ctx, "nope", 1, 0)
	_, send := a.Send(ctx, "nope", "x", 0)
	_, describe := a.DescribeQueue(ctx, "nope")
	_, set := a.SetQueue(ctx, "nope", quick)
	for what, err := range map[string]error{
		"receive": receive, "send": send, "describe": describe, "set": set,
		"delete queue": a.DeleteQueue(ctx, "nope"), "delete": a.Delete(ctx, "nope", "x"),
		"rewind": a.RewindQueue(ctx, "nope", time.Now()), "clear": a.ClearQueue(ctx, "nope"),
	} {
		if !errors.Is(err, mapping.ErrNoQueue) {
			t.Errorf("%s: got %v, want %v", what, err, mapping.ErrNoQueue)
		}
	}
}

func TestVisibilityTimeout(t *testing.T) {
	a := newAccount(t)
	a.create("q", quick)
	a.send("q", "x")
	first := a.receive("q", 0)
	a.counts("q", 0, 1, 0, 0)
	again := a.receive("q", 20*time.Second)
	if again.ID != first.ID || again.Dequeues != 2 || again.FirstDequeued != first.FirstDequeued {
		t.Errorf("second delivery: got %+v, first was %+v", again, first)
	}
	a.refused("q", first.Handle, "the handle of an older delivery")
	a.delete("q", again.Handle)
	a.none("q", 1500*time.Millisecond)
}

func TestHandleDiesAtItsTimeThoughNobodyElseHoldsTheMessage(t *testing.T) {
	a := newAccount(t)
	a.create("q", quick)
	a.send("q", "x")
	m := a.receive("q", 0)
	eventually(t, func() bool { return a.describe("q").Active == 1 }, func() string { return "still held" })
	a.refused("q", m.Handle, "an expired handle")
	a.counts("q", 1, 0, 0, 0)
	if m := a.receive("q", 0); m.Dequeues != 2 {
		t.Errorf("got %+v, want a second delivery", m)
	}
}

func TestForeignAndForgedHandles(t *testing.T) {
	a := newAccount(t)
	a.create("q", mapping.QueueAttributes{})
	a.create("other", mapping.QueueAttributes{})
	a.send("q", "x")
	m := a.receive("q", 0)
	a.refused("other", m.Handle, "another queue's handle")
	for i := range m.Handle {
		changed := []byte(m.Handle)
		changed[i] ^= 1
		a.refused("q", string(changed), "a changed handle")
	}
	a.refused("q", "", "no handle")
	a.refused("q", strings.Repeat("A", 300), "a long handle")
	a.delete("q", m.Handle)
}

func TestLongPollWakesOnArrival(t *testing.T) {
	a := newAccount(t)
	a.create("q", mapping.QueueAttributes{})
	got := make(chan mapping.Message)
	go func() { got <- a.receive("q", 20*time.Second) }()
	waitForReceivers(a, "q", 1)
	a.send("q", "x")
	select {
	case m := <-got:
		if m.Body != "x" || m.Dequeues != 1 {
			t.Errorf("got %+v", m)
		}
	case <-time.After(2 * time.Second):
		t.Fatal("the poll did not wake")
	}
}

// waitForReceivers waits until n pulls wait at the queue's consumer.
func waitForReceivers(a *account, queue string, n int) {
	a.t.Helper()
	_, js := a.native()
	waitForPulls(a.t, js, queue, n)
}

// waitForPulls wants to see the pulls twice: one that only looks whether
// something is there is gone by then.
func waitForPulls(t *testing.T, js jetstream.JetStream, queue string, n int) {
	t.Helper()
	waiting, seen := 0, 0
	eventually(t, func() bool {
		s, err := js.Stream(ctx, "cmq-queue-"+queue)
		if err != nil {
			return false
		}
		waiting = 0
		for info := range s.ListConsumers(ctx).Info() {
			waiting += info.NumWaiting
		}
		if waiting < n {
			seen = 0
			return false
		}
		seen++
		return seen > 1
	}, func() string { return fmt.Sprintf("%d receivers wait, want %d", waiting, n) })
}

func TestEmptyPollAnswersJustBeforeItsEnd(t *testing.T) {
	a := newAccount(t)
	a.create("q", mapping.QueueAttributes{PollingWait: num(1)})
	var took time.Duration
	for try := 0; try == 0 || took > 980*time.Millisecond && try < 5; try++ { // the machine may be busy
		began := time.Now()
		a.none("q", -1)
		if took = time.Since(began); took < 700*time.Millisecond {
			break
		}
	}
	if took < 700*time.Millisecond || took > 980*time.Millisecond {
		t.Errorf("the queue's own wait of 1 s took %v", took)
	}
}

func TestManyWaitersGetOneMessageEach(t *testing.T) {
	a := newAccount(t)
	a.create("q", mapping.QueueAttributes{})
	const n = 300
	got := make(chan mapping.Message, n)
	for range n {
		go func() {
			ms, err := a.Receive(ctx, "q", 16, 20*time.Second)
			if err != nil {
				t.Error(err)
			}
			for _, m := range ms {
				got <- m
			}
		}()
	}
	waitForReceivers(a, "q", 64)
	seen := map[string]bool{}
	for i := range n {
		a.send("q", fmt.Sprint(i))
	}
	for len(seen) < n {
		select {
		case m := <-got:
			if seen[m.Body] {
				t.Fatalf("%s came twice", m.Body)
			}
			seen[m.Body] = true
			if m.Dequeues != 1 {
				t.Errorf("%s was received %d times", m.Body, m.Dequeues)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("%d of %d messages came", len(seen), n)
		}
	}
}

func TestPollOfAVanishedReceiverHidesNothing(t *testing.T) {
	a := newAccount(t)
	a.create("q", mapping.QueueAttributes{VisibilityTimeout: num(600)})
	for i := range 200 {
		poll, hangUp := context.WithCancel(ctx)
		done := make(chan []mapping.Message)
		go func() {
			ms, _ := a.Receive(poll, "q", 1, 10*time.Second)
			done <- ms
		}()
		if i%2 == 0 {
			waitForReceivers(a, "q", 1)
		}
		go hangUp()
		a.send("q", fmt.Sprint(i))
		a.Return("q", <-done)
		if m := a.receive("q", time.Second); m.Body != fmt.Sprint(i) || m.Dequeues != 1 {
			t.Fatalf("got %+v, want %d received once", m, i)
		} else {
			a.delete("q", m.Handle)
		}
	}
}

func TestPollsEndAtShutdownAndWithTheirQueue(t *testing.T) {
	a := newAccount(t)
	a.create("q", mapping.QueueAttributes{})
	a.create("gone", mapping.QueueAttributes{})
	ends := make(chan error, 2)
	poll := func(q mapping.QueueName) { _, err := a.Receive(ctx, q, 1, 20*time.Second); ends <- err }
	go poll("gone")
	waitForReceivers(a, "gone", 1)
	if err := a.DeleteQueue(ctx, "gone"); err != nil {
		t.Fatal(err)
	}
	if err := <-ends; !errors.Is(err, mapping.ErrNoQueue) {
		t.Errorf("poll of a deleted queue: got %v, want %v", err, mapping.ErrNoQueue)
	}
	go poll("q")
	waitForReceivers(a, "q", 1)
	a.EndPolls()
	if err := <-ends; !errors.Is(err, mapping.ErrNoMessage) {
		t.Errorf("poll at shutdown: got %v, want %v", err, mapping.ErrNoMessage)
	}
}

func TestDelay(t *testing.T) {
	a := newAccount(t)
	a.create("q", mapping.QueueAttributes{})
	sent := time.Now()
	id, err := a.Send(ctx, "q", "later", time.Second)
	if err != nil {
		t.Fatal(err)
	}
	stored := time.Now()
	a.counts("q", 0, 0, 1, 0)
	m := a.receive("q", 20*time.Second)
	if late := time.Since(sent) - time.Second; late < 0 || late > 3*time.Second {
		t.Errorf("came %v after its time", late)
	}
	if m.ID != id || m.Body != "later" || m.Dequeues != 1 || m.Enqueued < sent.Unix() || m.Enqueued > stored.Unix() {
		t.Errorf("got %+v, want %s sent at %d", m, id, sent.Unix())
	}
	a.delete("q", m.Handle)
	a.counts("q", 0, 0, 0, 0)
	for _, d := range []time.Duration{-time.Second, mapping.MaxDelay + time.Second} {
		if _, err := a.Send(ctx, "q", "x", d); !errors.Is(err, mapping.ErrDelay) {
			t.Errorf("delay %v: got %v, want %v", d, err, mapping.ErrDelay)
		}
	}
}

func TestBatch(t *testing.T) {
	a := newAccount(t)
	a.create("q", mapping.QueueAttributes{MaxMessageSize: num(1024)})
	bodies := []string{"a", "b", "c"}
	ids, err := a.SendBatch(ctx, "q", bodies, 0)
	if err != nil {
		t.Fatal(err)
	}
	ms, err := a.Receive(ctx, "q", 16, 0)
	if err != nil || len(ms) != 3 {
		t.Fatalf("got %v, %v, want 3 messages", ms, err)
	}
	var handles []string
	for i, m := range ms {
		if m.Body != bodies[i] || m.ID != ids[i] {
			t.Errorf("message %d: got %+v, want %s as %s", i, m, bodies[i], ids[i])
		}
		handles = append(handles, m.Handle)
	}
	handles[1] = "stale"
	errs, err := a.DeleteBatch(ctx, "q", handles)
	if err != nil || errs[0] != nil || !errors.Is(errs[1], mapping.ErrHandle) || errs[2] != nil {
		t.Errorf("delete: got %v, %v, want only the second refused", errs, err)
	}
	big := strings.Repeat("x", 1025)
	if _, err := a.SendBatch(ctx, "q", []string{"ok", big}, 0); !errors.Is(err, mapping.ErrBodyTooLarge) {
		t.Errorf("one body too large: got %v", err)
	}
	a.counts("q", 0, 1, 0, 0) // nothing of the refused batch is there
	if _, err := a.SendBatch(ctx, "q", []string{"1", "2"}, time.Hour); err != nil {
		t.Fatal(err)
	}
	a.counts("q", 0, 1, 2, 0)
}

func TestHeapFull(t *testing.T) {
	a := newAccount(t)
	a.create("q", mapping.QueueAttributes{MaxMessages: num(3)})
	a.send("q", "1", "2")
	if _, err := a.Send(ctx, "q", "3", time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Send(ctx, "q", "4", 0); !errors.Is(err, mapping.ErrHeapFull) {
		t.Errorf("a fourth message: got %v, want %v", err, mapping.ErrHeapFull)
	}
	m := a.receive("q", 0)
	if _, err := a.Send(ctx, "q", "4", 0); !errors.Is(err, mapping.ErrHeapFull) {
		t.Errorf("with one in flight: got %v, want %v", err, mapping.ErrHeapFull)
	}
	a.delete("q", m.Handle)
	a.send("q", "4")
	if _, err := a.SetQueue(ctx, "q", mapping.QueueAttributes{MaxMessages: num(4)}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.SendBatch(ctx, "q", []string{"5", "6"}, 0); !errors.Is(err, mapping.ErrHeapFull) {
		t.Errorf("a batch of which half fits: got %v, want %v", err, mapping.ErrHeapFull)
	}
	a.send("q", "5")
}

func TestHeapLimitHoldsUnderLoad(t *testing.T) {
	a := newAccount(t)
	const limit = 100
	a.create("q", mapping.QueueAttributes{MaxMessages: num(limit)})
	var stored atomic.Int64
	var senders sync.WaitGroup
	for range 16 {
		senders.Go(func() {
			for range 20 {
				switch _, err := a.Send(ctx, "q", "x", 0); {
				case err == nil:
					stored.Add(1)
				case !errors.Is(err, mapping.ErrHeapFull):
					t.Error(err)
				}
			}
		})
	}
	senders.Wait()
	for stored.Load() < limit { // some may have been refused for others that were under way
		a.send("q", "x")
		stored.Add(1)
	}
	if _, err := a.Send(ctx, "q", "x", 0); !errors.Is(err, mapping.ErrHeapFull) {
		t.Errorf("beyond the limit: got %v, want %v", err, mapping.ErrHeapFull)
	}
	if d := a.describe("q"); d.Active != limit {
		t.Errorf("got %d messages, want %d", d.Active, limit)
	}
}

func TestRestartKeepsEverything(t *testing.T) {
	a := newAccount(t)
	a.create("q", mapping.QueueAttributes{VisibilityTimeout: num(4)})
	a.send("q", "held", "used", "waiting")
	held, used := a.receive("q", 0), a.receive("q", 0)
	a.delete("q", used.Handle)
	if _, err := a.Send(ctx, "q", "late", 3*time.Second); err != nil {
		t.Fatal(err)
	}
	a.counts("q", 1, 1, 1, 0)
	a.restart()
	a.counts("q", 1, 1, 1, 0)
	if m := a.receive("q", 0); m.Body != "waiting" || m.Dequeues != 1 {
		t.Errorf("got %+v", m)
	}
	for range 2 {
		switch m := a.receive("q", 20*time.Second); m.Body {
		case "late":
		case "held":
			if m.Dequeues != 2 || m.FirstDequeued != held.FirstDequeued {
				t.Errorf("after its time: got %+v, first delivery was %+v", m, held)
			}
			a.refused("q", held.Handle, "a handle from before the restart and before this delivery")
			a.delete("q", m.Handle)
		default:
			t.Errorf("got %+v", m)
		}
	}
}

func TestHandlesLiveThroughARestart(t *testing.T) {
	a := newAccount(t)
	a.create("q", mapping.QueueAttributes{VisibilityTimeout: num(60)})
	a.send("q", "one", "two")
	one, two := a.receive("q", 0), a.receive("q", 0)
	a.delete("q", one.Handle)
	a.restart()
	a.refused("q", one.Handle, "a handle used before the restart")
	a.delete("q", two.Handle)
	a.refused("q", two.Handle, "a handle used after the restart")
	a.counts("q", 0, 0, 0, 0)
}

func TestAttributesOfALiveQueue(t *testing.T) {
	a := newAccount(t)
	a.create("q", mapping.QueueAttributes{VisibilityTimeout: num(60)})
	a.send("q", "x")
	m := a.receive("q", 0)
	d, err := a.SetQueue(ctx, "q", mapping.QueueAttributes{VisibilityTimeout: num(1), MaxMessageSize: num(2048)})
	if err != nil || *d.VisibilityTimeout != 1 || *d.MaxMessageSize != 2048 || *d.Retention != 345600 {
		t.Fatalf("got %+v, %v", d, err)
	}
	again := a.receive("q", 20*time.Second)
	if again.ID != m.ID || again.Dequeues != 2 {
		t.Errorf("after a shorter timeout: got %+v", again)
	}
	a.refused("q", m.Handle, "a handle from before the shorter timeout")
	if _, err := a.Send(ctx, "q", strings.Repeat("x", 2049), 0); !errors.Is(err, mapping.ErrBodyTooLarge) {
		t.Errorf("got %v, want %v", err, mapping.ErrBodyTooLarge)
	}
	if _, err := a.SetQueue(ctx, "q", mapping.QueueAttributes{Rewind: num(345601)}); !errors.Is(err, mapping.ErrRewindOverRetain) {
		t.Errorf("got %v, want %v", err, mapping.ErrRewindOverRetain)
	}
	a.restart()
	if d := a.describe("q"); *d.VisibilityTimeout != 1 || *d.MaxMessageSize != 2048 {
		t.Errorf("after a restart: got %+v", d)
	}
}

func TestTwoBrokersServeOneQueue(t *testing.T) {
	a := newAccount(t)
	b := a.join()
	a.create("q", mapping.QueueAttributes{VisibilityTimeout: num(2)})
	a.send("q", "x", "y", "z")
	x, y := a.receive("q", 0), a.receive("q", 0)
	ms, err := b.Receive(ctx, "q", 16, 0)
	if err != nil || len(ms) != 1 || ms[0].Body != "z" {
		t.Fatalf("the other broker: got %v, %v", ms, err)
	}
	if err := b.Delete(ctx, "q", x.Handle); err != nil {
		t.Fatalf("delete what the other handed out: %v", err)
	}
	if err := b.Delete(ctx, "q", x.Handle); !errors.Is(err, mapping.ErrHandle) {
		t.Errorf("again: got %v, want %v", err, mapping.ErrHandle)
	}
	eventually(t, func() bool {
		d, err := b.DescribeQueue(ctx, "q")
		return err == nil && d.Active == 0 && d.Inactive == 2
	}, func() string { return "the other broker does not see the messages held here" })
	again, err := b.Receive(ctx, "q", 16, 20*time.Second)
	if err != nil || again[0].Dequeues != 2 {
		t.Fatalf("got %v, %v, want y or z again", again, err)
	}
	a.refused("q", y.Handle, "a handle whose message another broker delivers again")
	if _, err := b.SetQueue(ctx, "q", mapping.QueueAttributes{MaxMessageSize: num(1024)}); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool {
		_, err := a.Send(ctx, "q", strings.Repeat("x", 2000), 0)
		return errors.Is(err, mapping.ErrBodyTooLarge)
	}, func() string { return "a change made at one broker does not reach the other" })
}
