// Command native is a NATS program for tests: it knows nothing of CMQ but the
// names of streams and subjects. It puts a message into a queue and reads all
// of that queue by a consumer of its own.
//
//	native URL QUEUE BODY
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: native URL QUEUE BODY")
		os.Exit(2)
	}
	if err := run(ctx, os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "native:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, url, queue, body string) error {
	nc, err := nats.Connect(url)
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	if _, err := js.Publish(ctx, "cmq.queue."+queue, []byte(body)); err != nil {
		return err
	}
	audit, err := js.CreateConsumer(ctx, "cmq-queue-"+queue, jetstream.ConsumerConfig{
		Durable: "audit", FilterSubject: "cmq.queue." + queue, AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		return err
	}
	all, err := audit.FetchNoWait(100)
	if err != nil {
		return err
	}
	for m := range all.Messages() {
		fmt.Println("read", string(m.Data()))
		if err := m.DoubleAck(ctx); err != nil {
			return err
		}
	}
	return all.Error()
}
