package cluster

import (
	"fmt"
	"sync"
	"testing"
)

// What two administrators change at two adapters at once is all changed, though
// servers and an adapter die in the middle of it.
func TestChangesAtOnceAreAllMade(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	a, b, third := c.join("a"), c.join("b"), c.join("c")
	a.must("CreateQueue", "queueName", "q")
	for i := range 12 {
		var changes sync.WaitGroup
		visibility, retention := 40+i, 1000+i
		changes.Go(func() { a.soon("SetQueueAttributes", "queueName", "q", "visibilityTimeout", fmt.Sprint(visibility)) })
		changes.Go(func() { b.soon("SetQueueAttributes", "queueName", "q", "msgRetentionSeconds", fmt.Sprint(retention)) })
		switch i {
		case 3:
			c.nodes[0].kill()
		case 6:
			c.nodes[0].start()
			eventually(t, "all servers have the turns", func() bool { return c.replicas("cmq-turns") == 3 })
		case 7:
			changes.Go(func() { _, _ = third.call("SetQueueAttributes", "queueName", "q", "maxMsgSize", "2048") })
			third.kill()
		}
		changes.Wait()
		for _, adapter := range []*adapter{a, b} {
			got, _ := adapter.soon("GetQueueAttributes", "queueName", "q")
			if got.VisibilityTimeout != visibility || got.MsgRetentionSeconds != retention {
				t.Errorf("round %d at %s: got %d s and %d s, want %d and %d", i, adapter.name,
					got.VisibilityTimeout, got.MsgRetentionSeconds, visibility, retention)
			}
		}
	}
}

// With one replica a queue of a server that lives can be changed, whichever
// other server is away.
func TestChangesWithOneReplicaNeedNoOtherServer(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	a := c.join("a", "JETCMQ_REPLICAS=1")
	a.must("CreateQueue", "queueName", "q")
	home := c.leader("cmq-queue-q", "")
	for _, dead := range c.nodes {
		if dead != home {
			c.lead(dead, "cmq-turns")
			dead.kill()
			break
		}
	}
	_, took := a.soon("SetQueueAttributes", "queueName", "q", "visibilityTimeout", "31")
	t.Logf("changed %v after the kill", took)
}
