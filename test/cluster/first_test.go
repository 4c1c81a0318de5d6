package cluster

import (
	"testing"
	"time"
)

func TestFirst(t *testing.T) {
	began := time.Now()
	c := startCluster(t, 3)
	a, b := c.join("a"), c.join("b")
	t.Log("all up", time.Since(began))
	a.must("CreateQueue", "queueName", "q")
	a.must("SendMessage", "queueName", "q", "msgBody", "x")
	m := b.must("ReceiveMessage", "queueName", "q")
	b.must("DeleteMessage", "queueName", "q", "receiptHandle", m.ReceiptHandle)
	l := c.leader("cmq-queue-q", "receivers-")
	t.Log("consumer leader", l.name, "stream leader", c.leader("cmq-queue-q", "").name)

	poll := make(chan answer, 1)
	go func() {
		got, _ := a.call("ReceiveMessage", "queueName", "q", "pollingWaitSeconds", "30")
		poll <- got
	}()
	time.Sleep(500*time.Millisecond)
	l.kill()
	began = time.Now()
	_, took := b.soon(20*time.Second, "SendMessage", "queueName", "q", "msgBody", "y")
	t.Log("send after kill", took)
	got := <-poll
	t.Logf("poll %+v after %v", got, time.Since(began))
}
