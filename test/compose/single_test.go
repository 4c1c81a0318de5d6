package compose

import (
	"errors"
	"fmt"
	"net/http/httptrace"
	"strings"
	"testing"
)

// The profile that docker compose up takes by itself.
const single = "single"

func TestSingle(t *testing.T) {
	t.Parallel()
	p := start(t, single)
	p.must(t, "CreateQueue", "queueName=orders")
	p.must(t, "CreateTopic", "topicName=news")
	p.must(t, "Subscribe", "topicName=news", "subscriptionName=queue", "protocol=queue", "endpoint=orders")
	p.must(t, "Subscribe", "topicName=news", "subscriptionName=push", "protocol=http", "endpoint=http://subscriber:8000/log")
	p.must(t, "PublishMessage", "topicName=news", "msgBody=to everybody")
	eventually(t, "the subscriber prints what is pushed", func() error {
		if text := p.run(t, "logs", "--no-color", "subscriber"); !strings.Contains(text, `news [] "to everybody"`) {
			return errors.New(text)
		}
		return nil
	})
	p.must(t, "SendMessage", "queueName=orders", "msgBody=kept")

	p.run(t, "kill", "jetcmq")
	p.run(t, "up", "-d", "--no-build")
	p.awaitReady(t)
	for _, want := range []string{"to everybody", "kept"} {
		got := p.must(t, "ReceiveMessage", "queueName=orders", "pollingWaitSeconds=3")
		if got.Body != want {
			t.Errorf("after a kill: got %q, want %q", got.Body, want)
		}
		p.must(t, "DeleteMessage", "queueName=orders", "receiptHandle="+got.Handle)
	}
}

// SDKs that take no endpoint call these names, on port 80.
func TestVendorNames(t *testing.T) {
	t.Parallel()
	p := start(t, single)
	for _, at := range []string{"jetcmq:8080", "jetcmq:80", "cmq-queue-gz.api.tencentyun.com:80", "cmq-topic-sh.api.qcloud.com:80"} {
		p.run(t, "run", "--rm", "--no-deps", "-e", "JETCMQ_ADDR="+at, "jetcmq", "health", "--ready")
	}
}

// A stop waits for nobody who waits for messages, and loses nothing.
func TestStop(t *testing.T) {
	t.Parallel()
	p := start(t, single)
	p.must(t, "CreateQueue", "queueName=empty")
	asked, polled := make(chan bool, 1), make(chan error, 1)
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { asked <- true }})
	go func() {
		a, err := p.call(ctx, "ReceiveMessage", "queueName=empty", "pollingWaitSeconds=30") // longer than the client has patience
		if err == nil && a.Code != noMessage {
			err = fmt.Errorf("got %d %s, want %d", a.Code, a.Message, noMessage)
		}
		polled <- err
	}()
	<-asked
	p.must(t, "SendMessage", "queueName=empty", "msgBody=x", "delaySeconds=60") // so the call before has arrived, too
	p.run(t, "stop", "jetcmq")
	if err := <-polled; err != nil {
		t.Errorf("a waiting receive: %v", err)
	}
	if text := p.run(t, "ps", "-a"); !strings.Contains(text, "Exit 0") && !strings.Contains(text, "Exited (0)") {
		t.Errorf("got %s, want an exit with 0", text)
	}
}
