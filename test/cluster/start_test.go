package cluster

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// An adapter that is started before its cluster waits, says so, and is not
// ready; one that the cluster will never let in ends at once.
func TestAnAdapterWaitsForItsCluster(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3)
	for _, one := range c.nodes {
		one.args = append(one.args, "--user", "ann", "--pass", "secret")
	}
	a := newAdapter(t, "a", c.url, "JETCMQ_NATS_USER=ann", "JETCMQ_NATS_PASSWORD=secret")
	a.start()
	eventually(t, "it says that it waits", func() bool { return a.said("waiting for NATS") })
	if got := a.ready(); got != "starting" {
		t.Errorf("readiness: got %q, want starting", got)
	}
	c.nodes[0].start() // alone it has no leader
	eventually(t, "the first server takes connections", func() bool { return c.nodes[0].said("Server is ready") })
	stranger := newAdapter(t, "stranger", c.url, "JETCMQ_NATS_USER=ann", "JETCMQ_NATS_PASSWORD=wrong")
	stranger.start()
	ended := make(chan error, 1)
	go func() { ended <- stranger.command.Wait() }()
	select {
	case err := <-ended:
		if err == nil || !stranger.said("account default: ") {
			t.Errorf("a wrong password: it ended with %v", err)
		}
	case <-time.After(patience):
		t.Error("a wrong password: it does not end")
	}
	c.nodes[1].start()
	c.nodes[2].start()
	a.serves()
	a.must("CreateQueue", "queueName", "q")
}

// Queues and topics that are older than the setting get their replicas, with
// all they hold and while they are used.
func TestReplicasAreAdded(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	old := c.join("old", "JETCMQ_REPLICAS=1")
	old.must("CreateQueue", "queueName", "q")
	old.must("SendMessage", "queueName", "q", "msgBody", "x")
	old.must("SendMessage", "queueName", "q", "msgBody", "y")
	m := old.must("ReceiveMessage", "queueName", "q")
	old.must("CreateTopic", "topicName", "t")
	old.must("Subscribe", "topicName", "t", "subscriptionName", "s", "protocol", "queue", "endpoint", "q", "notifyStrategy", "BACKOFF_RETRY", "notifyContentFormat", "SIMPLIFIED")
	a := c.join("a")
	for _, name := range []string{"cmq-queue-q", "cmq-topic-t", "cmq-ledger"} {
		eventually(t, name+" has three replicas", func() bool { return c.replicas(name) == 3 })
	}
	old.soon("SetQueueAttributes", "queueName", "q", "visibilityTimeout", "60")
	if n := c.replicas("cmq-queue-q"); n != 3 {
		t.Errorf("an adapter with a lower setting takes replicas away: %d are left", n)
	}
	c.leader("cmq-queue-q", "").kill()
	old.soon("DeleteMessage", "queueName", "q", "receiptHandle", m.ReceiptHandle)
	got, _ := a.soon("ReceiveMessage", "queueName", "q", "pollingWaitSeconds", "0")
	if got.MsgBody != "y" {
		t.Errorf("got %q, want y", got.MsgBody)
	}
	a.soon("PublishMessage", "topicName", "t", "msgBody", "z")
	if got, _ = a.soon("ReceiveMessage", "queueName", "q", "pollingWaitSeconds", "10"); got.MsgBody != "z" {
		t.Errorf("got %q, want z", got.MsgBody)
	}
}

// replicas counts the servers that have all of a stream and of its consumers.
func (c *cluster) replicas(stream string) int {
	s, err := c.js.Stream(c.t.Context(), stream)
	if err != nil {
		return 0
	}
	n := current(s.CachedInfo().Cluster)
	for info := range s.ListConsumers(c.t.Context()).Info() {
		n = min(n, current(info.Cluster))
	}
	return n
}

func current(c *jetstream.ClusterInfo) int {
	if c == nil || c.Leader == "" {
		return 0
	}
	n := 1
	for _, peer := range c.Replicas {
		if peer.Current {
			n++
		}
	}
	return n
}
