package adapter_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"net/url"
	"os"

	"github.com/jetcmq/jetcmq/adapter"
	"github.com/jetcmq/jetcmq/mapping/account"
	"github.com/jetcmq/jetcmq/mapping/embedded"
	"github.com/jetcmq/jetcmq/mapping/jet"
)

// A whole CMQ server inside a Go test: no port of NATS, no file left behind.
func Example() {
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
	broker, err := account.Open(context.Background(), account.Config{Config: jet.Config{InProcess: door, User: door.User, Password: door.Password}})
	if err != nil {
		log.Fatal(err)
	}
	defer broker.Close(context.Background())
	api := httptest.NewServer(adapter.New(adapter.Config{Account: broker}))
	defer api.Close()

	// From here on any CMQ client does; this one has no SDK at hand.
	call := func(params url.Values) {
		answer, err := api.Client().PostForm(api.URL, params)
		if err != nil {
			log.Fatal(err)
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		fmt.Println(answer.Status, string(text[:len(`{"code":0`)]))
	}
	call(url.Values{"Action": {"CreateQueue"}, "queueName": {"orders"}})
	call(url.Values{"Action": {"SendMessage"}, "queueName": {"orders"}, "msgBody": {"hello"}})
	// Output:
	// 200 OK {"code":0
	// 200 OK {"code":0
}
