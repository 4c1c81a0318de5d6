package cluster

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"
)

// A server is away while queues and topics are deleted and made anew, rewound
// and cleared. It comes back with what it knew, becomes the leader, and nothing
// of the old is there; then it comes back with an empty disk.
func TestAServerComesBackWithOldData(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	a, b := c.join("a"), c.join("b")
	for _, queue := range []string{"again", "back", "empty"} {
		a.must("CreateQueue", "queueName", queue, "rewindSeconds", "1000", "visibilityTimeout", "600")
		for i := range 3 {
			a.must("SendMessage", "queueName", queue, "msgBody", fmt.Sprint("old", i))
		}
	}
	a.must("SendMessage", "queueName", "again", "msgBody", "late", "delaySeconds", "10")
	old := map[string]answer{}
	for _, queue := range []string{"again", "back", "empty"} {
		old[queue] = b.must("ReceiveMessage", "queueName", queue)
	}
	b.must("DeleteMessage", "queueName", "back", "receiptHandle", old["back"].ReceiptHandle)
	a.must("CreateTopic", "topicName", "again")
	a.must("Subscribe", "topicName", "again", "subscriptionName", "s", "protocol", "queue", "endpoint", "empty", "notifyStrategy", "BACKOFF_RETRY", "notifyContentFormat", "SIMPLIFIED")

	away := c.nodes[2]
	away.kill() // a change of unknown fate may have been made
	a.soonEither(4440, "DeleteQueue", "queueName", "again")
	a.soonEither(4460, "CreateQueue", "queueName", "again", "visibilityTimeout", "600")
	a.soon("SendMessage", "queueName", "again", "msgBody", "new")
	a.soon("RewindQueue", "queueName", "back", "startConsumeTime", fmt.Sprint(time.Now().Add(-time.Minute).Unix()))
	a.soon("ClearQueue", "queueName", "empty")
	a.soonEither(4440, "Unsubscribe", "topicName", "again", "subscriptionName", "s")
	a.soonEither(4440, "DeleteTopic", "topicName", "again")
	a.soonEither(4460, "CreateTopic", "topicName", "again")
	a.soonEither(4490, "Subscribe", "topicName", "again", "subscriptionName", "s", "protocol", "queue", "endpoint", "empty", "notifyStrategy", "BACKOFF_RETRY", "notifyContentFormat", "SIMPLIFIED")

	returns := func() {
		t.Helper()
		away.start()
		for _, stream := range []string{"cmq-queue-again", "cmq-queue-back", "cmq-queue-empty", "cmq-topic-again"} {
			eventually(t, stream+" is on all servers", func() bool { return c.replicas(stream) == 3 })
			c.lead(away, stream)
		}
	}
	returns()
	for queue, m := range old {
		if got, _ := b.soonEither(4430, "DeleteMessage", "queueName", queue, "receiptHandle", m.ReceiptHandle); got.Code != 4430 {
			t.Errorf("%s: a handle of the time before: got %+v, want 4430", queue, got)
		}
	}
	wantBodies(t, b, "again", "new")
	wantBodies(t, b, "back", "old0", "old1", "old2")
	wantBodies(t, b, "empty")

	away.kill()
	if err := os.RemoveAll(away.dir); err != nil {
		t.Fatal(err)
	}
	a.soon("SendMessage", "queueName", "again", "msgBody", "newer")
	returns()
	a.soon("PublishMessage", "topicName", "again", "msgBody", "news")
	wantBodies(t, b, "again", "newer")
	wantBodies(t, b, "empty", "news")
}

// wantBodies receives all that a queue gives out, and deletes nothing.
func wantBodies(t *testing.T, a *adapter, queue string, want ...string) {
	t.Helper()
	var got []string
	for range len(want) + 1 {
		m, _ := a.soonEither(7000, "ReceiveMessage", "queueName", queue, "pollingWaitSeconds", "2")
		if m.Code == 0 && !slices.Contains(got, m.MsgBody) { // a send of unknown fate was repeated
			got = append(got, m.MsgBody)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s gives out %v, want %v", queue, got, want)
	}
}
