package queues_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/embedded"
	"github.com/jetcmq/jetcmq/mapping/jet"
)

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	server, err := embedded.Start(embedded.Config{Dir: dir})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Stop(context.Background())
	door, err := server.InProcess("default")
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	b, err := open(config{Config: jet.Config{InProcess: door, User: door.User, Password: door.Password}})
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close(ctx)

	if _, err := b.CreateQueue(ctx, "orders", mapping.QueueAttributes{}); err != nil {
		log.Fatal(err)
	}
	if _, err := b.Send(ctx, "orders", "hello", 0); err != nil {
		log.Fatal(err)
	}
	ms, err := b.Receive(ctx, "orders", 16, 5*time.Second)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ms[0].Body, ms[0].Dequeues, b.Delete(ctx, "orders", ms[0].Handle))
	// Output: hello 1 <nil>
}
