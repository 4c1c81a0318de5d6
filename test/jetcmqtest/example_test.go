package jetcmqtest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"testing"

	"github.com/testcontainers/testcontainers-go"

	"github.com/jetcmq/jetcmq/test/jetcmqtest"
)

// A server without a test, such as TestMain wants it, and the client that every
// server has.
func ExampleOpen() {
	ctx := context.Background()
	service, err := jetcmqtest.Open(ctx, jetcmqtest.WithImage(""))
	if err != nil {
		log.Fatal(err)
	}
	defer service.Close()
	client := service.Client()
	if _, err := client.Call(ctx, "CreateQueue", "queueName=orders"); err != nil {
		log.Fatal(err)
	}
	if _, err := client.Call(ctx, "SendMessage", "queueName=orders", "msgBody=one tea"); err != nil {
		log.Fatal(err)
	}
	m, err := client.Call(ctx, "ReceiveMessage", "queueName=orders")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Text("msgBody"), m.Text("dequeueCount"))
	_, err = client.Call(ctx, "ReceiveMessage", "queueName=orders")
	var refused *jetcmqtest.Error
	if errors.As(err, &refused) && refused.Code == jetcmqtest.NoMessage {
		fmt.Println(refused.Message)
	}
	// Output:
	// one tea 1
	// (10200)no message
}

func ExampleStart() {
	var t *testing.T // of func TestOrders(t *testing.T)

	s := jetcmqtest.Start(t, jetcmqtest.WithTimeScale(0.001))
	s.CreateQueue("orders", "visibilityTimeout=30")
	s.CreateTopic("sales")
	s.Subscribe("sales", "tea", "orders", "filterTag.1=tea")
	s.Publish("sales", "one coffee", "coffee")
	s.Publish("sales", "one tea", "tea")

	m := s.WaitFor("orders", jetcmqtest.Body("one tea")) // it stays there
	fmt.Println(m.State, m.Topic, m.Tags)
	s.ExpectNone("orders", jetcmqtest.Containing("coffee"))
}

func ExampleServer_Subscriber() {
	var t *testing.T

	s := jetcmqtest.Start(t, jetcmqtest.WithTimeScale(0.001))
	web := s.Subscriber()
	web.Answer("/sales", 500, 200) // the first push fails
	s.CreateTopic("sales")
	s.Subscribe("sales", "web", web.URL("/sales"), "notifyStrategy=BACKOFF_RETRY")
	s.Publish("sales", "one tea")

	web.WaitFor(func(p jetcmqtest.Push) bool { return p.Body == "one tea" && p.Status == 200 })
}

func ExampleRun() {
	ctx := context.Background()
	c, err := jetcmqtest.Run(ctx, "jetcmq:latest",
		jetcmqtest.WithCredentials(jetcmqtest.Credentials{SecretID: "AKIDme", SecretKey: "secret"}),
		testcontainers.WithLabels(map[string]string{"suite": "orders"}),
	)
	defer func() {
		if err := testcontainers.TerminateContainer(c); err != nil {
			log.Print(err)
		}
	}()
	if err != nil {
		log.Print(err)
		return
	}
	endpoint, err := c.CMQEndpoint(ctx)
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println("point your SDK at", endpoint)
}
