package queues_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
)

func dying(after int) mapping.QueueAttributes {
	return mapping.QueueAttributes{VisibilityTimeout: num(1),
		DeadLetter: &mapping.DeadLetterPolicy{Queue: "Dead", Policy: mapping.ByCount, MaxReceiveCount: after}}
}

func TestMessageReceivedTooOftenMoves(t *testing.T) {
	a := newAccount(t)
	a.create("Dead", mapping.QueueAttributes{})
	a.create("q", dying(2))
	id := a.send("q", "x")[0]
	a.receive("q", 0)
	last := a.receive("q", 20*time.Second)
	if last.Dequeues != 2 {
		t.Fatalf("got %+v, want the second delivery", last)
	}
	a.none("q", 2*time.Second)
	m := a.receive("dead", 0)
	if m.Body != "x" || m.ID != id || m.Dequeues != 1 {
		t.Errorf("dead letter: got %+v, want x as %s, received once", m, id)
	}
	a.refused("q", last.Handle, "the handle of a message that has moved")
	a.counts("q", 0, 0, 0, 0)
}

func TestDeadLettersMoveThoughNobodyReceives(t *testing.T) {
	a := newAccount(t)
	a.create("dead", mapping.QueueAttributes{})
	a.create("q", dying(1))
	a.send("q", "1", "2", "3")
	ms, err := a.Receive(ctx, "q", 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	a.delete("q", ms[1].Handle)
	if m := a.receive("dead", 20*time.Second); m.Body != "1" {
		t.Errorf("got %+v", m)
	}
	if m := a.receive("q", 0); m.Body != "3" || m.Dequeues != 1 {
		t.Errorf("the message that waits: got %+v, want it untouched", m)
	}
}

func TestDeadLettersMoveAfterARestart(t *testing.T) {
	a := newAccount(t)
	a.create("dead", mapping.QueueAttributes{})
	a.create("q", dying(1))
	a.send("q", "x")
	a.receive("q", 0)
	a.restart()
	if m := a.receive("dead", 20*time.Second); m.Body != "x" {
		t.Errorf("got %+v", m)
	}
}

func TestDeadLetterMovesOnceThoughTheMoverDies(t *testing.T) {
	a := newAccount(t)
	a.create("dead", mapping.QueueAttributes{})
	a.create("q", dying(1))
	a.send("q", "x")
	a.receive("q", 0)
	// A mover that died after the first of its two steps has left the letter
	// in the dead-letter queue and the message where it was.
	nc, js := a.native()
	sub, err := nc.SubscribeSync("cmq.queue.dead")
	if err != nil {
		t.Fatal(err)
	}
	if m := a.receive("dead", 20*time.Second); m.Body != "x" {
		t.Fatalf("got %+v", m)
	}
	letter, err := sub.NextMsg(time.Second)
	if err != nil {
		t.Fatal(err)
	}
	ack, err := js.PublishMsg(ctx, letter)
	if err != nil || !ack.Duplicate {
		t.Errorf("the second move: got %+v, %v, want it known as a duplicate", ack, err)
	}
	if got := letter.Header.Get("Cmq-Origin-Queue"); got != "q" {
		t.Errorf("origin: got %q", got)
	}
	a.counts("dead", 0, 1, 0, 0)
}

func TestHangingUpDoesNotBringAMessageCloserToDeath(t *testing.T) {
	a := newAccount(t)
	a.create("dead", mapping.QueueAttributes{})
	a.create("q", dying(1))
	a.send("q", "x")
	for range 5 {
		ms, err := a.Receive(ctx, "q", 1, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		a.Return("q", ms)
	}
	if m := a.receive("q", time.Second); m.Dequeues != 1 {
		t.Errorf("got %+v, want a first delivery", m)
	}
}

func TestBindingRules(t *testing.T) {
	a := newAccount(t)
	a.create("dead", mapping.QueueAttributes{})
	bad := func(what string, want *mapping.Error, err error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", what, err, want)
		}
	}
	create := func(name mapping.QueueName, dlq string) error {
		_, err := a.CreateQueue(ctx, name, mapping.QueueAttributes{
			DeadLetter: &mapping.DeadLetterPolicy{Queue: mapping.QueueName(dlq), Policy: mapping.ByCount, MaxReceiveCount: 1}})
		return err
	}
	bad("a dead-letter queue that is missing", mapping.ErrNoQueue, create("q", "nope"))
	for i := range mapping.MaxDLSources {
		if err := create(mapping.QueueName(fmt.Sprint("s", i)), "dead"); err != nil {
			t.Fatal(err)
		}
	}
	bad("a seventh source", mapping.ErrParameters, create("s9", "dead"))
	bad("nesting", mapping.ErrParameters, create("q", "s0"))
	_, err := a.SetQueue(ctx, "dead", dying(1))
	bad("a queue as its own", mapping.ErrParameters, err)
	a.create("q", mapping.QueueAttributes{})
	_, err = a.SetQueue(ctx, "dead", mapping.QueueAttributes{DeadLetter: &mapping.DeadLetterPolicy{Queue: "q", MaxReceiveCount: 1}})
	bad("nesting from the other end", mapping.ErrParameters, err)
	bad("deleting a bound one", mapping.ErrParameters, a.DeleteQueue(ctx, "dead"))
	d := a.describe("s0")
	if d.DeadLetter == nil || d.DeadLetter.ID != a.describe("dead").ID {
		t.Errorf("policy shown: got %+v, want the dead-letter queue's id", d.DeadLetter)
	}
	if total, page, err := a.DeadLetterSources(ctx, "dead", "", 4, 10); total != 6 || len(page) != 2 || err != nil {
		t.Errorf("sources: got %d, %v, %v", total, page, err)
	}
	for i := range mapping.MaxDLSources {
		if err := a.UnbindDeadLetter(ctx, mapping.QueueName(fmt.Sprint("s", i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.DeleteQueue(ctx, "dead"); err != nil {
		t.Errorf("deleting an unbound one: %v", err)
	}
	if d := a.describe("s0"); d.DeadLetter != nil {
		t.Errorf("after unbinding: got %+v", d.DeadLetter)
	}
}
