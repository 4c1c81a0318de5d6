// Beside runs a function and all of JetCMQ in one process: a CMQ server at
// http://127.0.0.1:8080, without NATS clients and without credentials, that
// pushes the topic "greetings" to the function hello.
//
//	go run ./functions/examples/beside
//	curl http://127.0.0.1:8080/ -d Action=PublishMessage -d topicName=greetings -d msgBody=world
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/jetcmq/jetcmq/adapter"
	"github.com/jetcmq/jetcmq/adapter/push"
	"github.com/jetcmq/jetcmq/functions"
	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/account"
	"github.com/jetcmq/jetcmq/mapping/embedded"
	"github.com/jetcmq/jetcmq/mapping/jet"
	"github.com/jetcmq/jetcmq/mapping/topics"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	hello := func(_ context.Context, m functions.Message) error {
		fmt.Println("hello,", m.Body)
		return nil
	}
	if err := run(ctx, "127.0.0.1:8080", "jetcmq-data", hello, func(string) {}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves until ctx ends; ready is told the address.
func run(ctx context.Context, addr, dir string, hello func(context.Context, functions.Message) error, ready func(addr string)) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	nats, err := embedded.Start(embedded.Config{Dir: dir})
	if err != nil {
		return err
	}
	defer nats.Stop(context.WithoutCancel(ctx))
	cmq, err := openAccount(ctx, nats)
	if err != nil {
		return err
	}
	defer closeAccount(cmq)

	// One listener for both: functions have paths of their own.
	mux := http.NewServeMux()
	mux.Handle("/", adapter.New(adapter.Config{Account: cmq}))
	mux.Handle("/functions/hello", functions.New(hello))
	server := adapter.NewServer(mux, slog.Default())
	stop := context.AfterFunc(ctx, func() {
		cmq.EndPolls()
		_ = server.Shutdown(context.WithoutCancel(ctx))
	})
	defer stop()
	if err := subscribe(ctx, cmq, "http://"+listener.Addr().String()+"/functions/hello"); err != nil {
		return err
	}
	ready(listener.Addr().String())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func openAccount(ctx context.Context, nats *embedded.Server) (*account.Account, error) {
	door, err := nats.InProcess("default")
	if err != nil {
		return nil, err
	}
	pusher, err := push.New(push.Config{Loopback: true})
	if err != nil {
		return nil, err
	}
	return account.Open(ctx, account.Config{
		Config: jet.Config{InProcess: door, User: door.User, Password: door.Password},
		Topics: topics.Config{Deliver: pusher.Deliver, CheckEndpoint: pusher.Check},
	})
}

// closeAccount waits a little longer than a push may take.
func closeAccount(cmq *account.Account) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmq.Close(ctx)
}

// subscribe makes the topic and its subscription, unless an earlier run did.
func subscribe(ctx context.Context, cmq *account.Account, endpoint string) error {
	_, err := cmq.Topics.CreateTopic(ctx, "greetings", mapping.TopicAttributes{})
	if err != nil && !errors.Is(err, mapping.ErrTopicExists) {
		return err
	}
	_, err = cmq.Topics.Subscribe(ctx, "greetings", "hello", mapping.Subscription{
		Protocol: mapping.ProtocolHTTP,
		Endpoint: endpoint,
		Strategy: mapping.ExponentialDecayRetry,
		Format:   mapping.FormatJSON,
	})
	if err != nil && !errors.Is(err, mapping.ErrSubscriptionExists) {
		return err
	}
	return nil
}
