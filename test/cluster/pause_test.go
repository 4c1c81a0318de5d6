package cluster

import (
	"testing"
	"time"
)

// A server that hangs closes no connection. Adapters that hold to it go to
// another one, and none goes on asking it.
func TestAServerHangs(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	a, b := c.join("a"), c.join("b")
	a.must("CreateQueue", "queueName", "q", "rewindSeconds", "1000")
	a.must("SendMessage", "queueName", "q", "msgBody", "x")
	m := a.must("ReceiveMessage", "queueName", "q")
	hung := c.leader("cmq-queue-q", "")
	hung.pause()
	for _, one := range []*adapter{a, b} {
		_, sent := one.soon("SendMessage", "queueName", "q", "msgBody", "y")
		_, received := one.soon("ReceiveMessage", "queueName", "q", "pollingWaitSeconds", "0")
		t.Logf("%s sends after %v and receives after %v more", one.name, sent, received)
	}
	b.soon("DeleteMessage", "queueName", "q", "receiptHandle", m.ReceiptHandle)
	// A third of all direct gets would go to the server that hangs.
	for range 12 {
		began := time.Now()
		b.must("GetQueueAttributes", "queueName", "q")
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("a look at the queue took %v", took)
		}
	}
	hung.resume()
	a.soon("SendMessage", "queueName", "q", "msgBody", "z")
	eventually(t, "both are ready", func() bool { return a.ready() == "ok" && b.ready() == "ok" })
}
