package cluster

import (
	"strings"
	"testing"
	"time"
)

// A receive that waits at one adapter when the server dies that would have
// answered it gets what is sent through another adapter afterwards, as soon as
// there is a new leader.
func TestAPollOutlivesTheLeader(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	a, b := c.join("a"), c.join("b")
	a.must("CreateQueue", "queueName", "q")
	dead := c.leader("cmq-queue-q", "receivers-")
	poll := make(chan time.Time, 1)
	go func() {
		got, err := a.call("ReceiveMessage", "queueName", "q", "pollingWaitSeconds", "30")
		if err != nil || got.MsgBody != "x" {
			t.Errorf("the poll got %+v, %v", got, err)
		}
		poll <- time.Now()
	}()
	c.waiting("cmq-queue-q", 1)
	dead.kill()
	began := time.Now()
	_, sent := b.soon("SendMessage", "queueName", "q", "msgBody", "x")
	for c.leader("cmq-queue-q", "receivers-") == dead {
	}
	led := time.Now()
	got := <-poll
	t.Logf("after the kill: sent after %v, a leader after %v, received after %v", sent, led.Sub(began), got.Sub(began))
	if got.Sub(led) > 2*time.Second {
		t.Errorf("the poll was answered %v after there was a leader", got.Sub(led))
	}
}

// inTime is when the most impatient SDK still waits: 3 s.
const inTime = 2900 * time.Millisecond

// While the majority is away every call answers in time, and readiness is red;
// soon after it is back all is well.
func TestAMajorityGoesAndComes(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	a := c.join("a")
	a.must("CreateQueue", "queueName", "q")
	a.must("SendMessage", "queueName", "q", "msgBody", "kept")
	m := a.must("ReceiveMessage", "queueName", "q")
	received := time.Now()
	a.must("CreateTopic", "topicName", "t")
	a.must("Subscribe", "topicName", "t", "subscriptionName", "s", "protocol", "queue", "endpoint", "q", "notifyStrategy", "BACKOFF_RETRY", "notifyContentFormat", "SIMPLIFIED")
	<-time.After(time.Until(received.Add(1200 * time.Millisecond))) // a handle of the last second before a server dies is void: 4430
	c.nodes[0].kill()
	c.nodes[1].kill()
	eventually(t, "it is not ready", func() bool { return strings.Contains(a.ready(), "account default") })
	for _, call := range [][]string{
		{"SendMessage", "queueName", "q", "msgBody", "x"},
		{"BatchSendMessage", "queueName", "q", "msgBody.1", "x", "msgBody.2", "y"},
		{"ReceiveMessage", "queueName", "q", "pollingWaitSeconds", "0"},
		{"DeleteMessage", "queueName", "q", "receiptHandle", m.ReceiptHandle},
		{"GetQueueAttributes", "queueName", "q"},
		{"SetQueueAttributes", "queueName", "q", "visibilityTimeout", "20"},
		{"CreateQueue", "queueName", "new"},
		{"ListQueue"},
		{"PublishMessage", "topicName", "t", "msgBody", "x"},
		{"CreateTopic", "topicName", "new"},
		{"GetSubscriptionAttributes", "topicName", "t", "subscriptionName", "s"},
	} {
		reads := strings.HasPrefix(call[0], "Get") || call[0] == "ReceiveMessage" || call[0] == "ListQueue"
		late := 0
		eventually(t, call[0]+" is answered by 6000 in time", func() bool {
			began := time.Now()
			got, err := a.call(call[0], call[1:]...)
			took := time.Since(began)
			if err != nil || got.Code != 6000 && !reads {
				t.Errorf("%s without a majority: got %d %s, %v, want 6000", call[0], got.Code, got.Message, err)
				return true
			}
			if took <= inTime {
				return got.Code == 6000 // a leader answers who reads until it finds that it has no followers
			}
			if late++; late == 3 { // on a busy machine once is no proof
				t.Errorf("%s without a majority: answered after %v, want at most %v", call[0], took, inTime)
			}
			return late == 3
		})
	}
	c.nodes[0].start()
	c.ready()
	_, took := a.soon("SendMessage", "queueName", "q", "msgBody", "after")
	t.Log("a send succeeds after", took)
	took = eventually(t, "it is ready", func() bool { return a.ready() == "ok" })
	t.Log("it is ready after", took, "more")
	_, took = a.soon("GetTopicAttributes", "topicName", "t")
	t.Log("and the topic is described after", took)
	c.nodes[1].start()
}
