package queues_test

import (
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
)

// The look for messages that are too old took young ones, where some of them
// were in flight, and lost them until their visibility timeout ended.
func TestTheLookForOldMessagesTakesNoYoungOnes(t *testing.T) {
	a := newAccount(t)
	a.create("dead", mapping.QueueAttributes{})
	a.create("q", mapping.QueueAttributes{VisibilityTimeout: num(60),
		DeadLetter: &mapping.DeadLetterPolicy{Queue: "dead", Policy: mapping.ByAge, MaxTimeToLive: 300}})
	a.send("q", "1", "2", "3", "4", "5")
	a.receive("q", 0)
	a.receive("q", 0)
	_, js := a.native()
	stream, err := js.Stream(ctx, "cmq-queue-q")
	if err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(2500 * time.Millisecond); time.Now().Before(end); <-tick.C { // two looks, one a second
		for info := range stream.ListConsumers(ctx).Info() {
			if info.NumAckPending != 2 {
				t.Fatalf("%d messages are in flight, want 2", info.NumAckPending)
			}
		}
	}
}
