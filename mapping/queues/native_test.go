package queues_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping"
)

func TestNativePublishReachesCMQReceivers(t *testing.T) {
	a := newAccount(t)
	a.create("Orders", quick)
	_, js := a.native()
	if _, err := js.Publish(ctx, "cmq.queue.orders", []byte("native")); err != nil {
		t.Fatal(err)
	}
	m := a.receive("Orders", time.Second)
	if m.Body != "native" || len(m.ID) == 0 || len(m.ID) > 19 {
		t.Errorf("got %+v", m)
	}
	if again := a.receive("Orders", 20*time.Second); again.ID != m.ID {
		t.Errorf("second delivery: got id %s, first was %s", again.ID, m.ID)
	}
}

func TestNativeConsumerReadsWithoutDisturbing(t *testing.T) {
	a := newAccount(t)
	a.create("q", mapping.QueueAttributes{})
	_, js := a.native()
	native, err := js.CreateConsumer(ctx, "cmq-queue-q", jetstream.ConsumerConfig{
		Durable: "audit", FilterSubject: "cmq.queue.q", AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		a.send("q", fmt.Sprint(i))
	}
	if got := len(a.drain("q")); got != 20 {
		t.Errorf("CMQ received %d messages, want 20", got)
	}
	a.counts("q", 0, 0, 0, 0)
	batch, err := native.Fetch(20, jetstream.FetchMaxWait(2*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for m := range batch.Messages() {
		if string(m.Data()) != fmt.Sprint(n) {
			t.Errorf("native message %d: got %s", n, m.Data())
		}
		if err := m.DoubleAck(ctx); err != nil {
			t.Error(err)
		}
		n++
	}
	if n != 20 {
		t.Errorf("the native consumer got %d messages, want 20", n)
	}
	stream, err := js.Stream(ctx, "cmq-queue-q")
	if err != nil {
		t.Fatal(err)
	}
	a.send("q", "last") // makes the keeper look
	a.drain("q")
	eventually(t, func() bool {
		info, err := stream.Info(ctx)
		return err == nil && info.State.Msgs <= 1 // the native consumer has not read the last
	}, func() string { return "what all have read stays in the stream" })
}
