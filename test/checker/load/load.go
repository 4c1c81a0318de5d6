// Package load is the clients of a run. They speak CMQ's API 2.0 over HTTP to all
// servers of a stand and write down what they did and saw.
package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jetcmq/jetcmq/test/checker/history"
)

// Visibility is the visibility timeout of all queues, and MaxDelay the longest
// delay of a message.
const (
	Visibility = 2 * time.Second
	MaxDelay   = 2 * time.Second
)

// The queues. What is published to the topic goes into the last.
const topic, topicQueue = "news", "fan"

var queues = []string{"plain", "other", topicQueue}

// Config says where and how much.
type Config struct {
	Endpoints []string // base URLs of the servers
	Log       *history.Log
	Rate      int // messages a second, about
}

// Clients is all clients of a run.
type Clients struct {
	api
	log  *history.Log
	rate int

	numbers atomic.Int64 // of messages

	// What a display shows.
	Sent, Received, Deleted atomic.Int64
}

// New makes clients that do nothing yet.
func New(c Config) *Clients {
	return &Clients{api: newAPI(c.Endpoints), log: c.Log, rate: c.Rate}
}

// Close ends all connections.
func (c *Clients) Close() { c.http.CloseIdleConnections() }

// Prepare makes the queues, and a topic with a subscription.
func (c *Clients) Prepare(ctx context.Context) error {
	for _, q := range queues {
		if err := c.make(ctx, "CreateQueue", "queueName", q, "visibilityTimeout", seconds(Visibility)); err != nil {
			return err
		}
		c.log.Add(history.Op{Kind: history.Queue, Queue: q, Visible: Visibility, Outcome: history.OK})
	}
	if err := c.make(ctx, "CreateTopic", "topicName", topic); err != nil {
		return err
	}
	return c.make(ctx, "Subscribe", "topicName", topic, "subscriptionName", topicQueue,
		"protocol", "queue", "endpoint", topicQueue, "notifyContentFormat", "SIMPLIFIED")
}

// make creates something, again and again until it exists.
func (c *Clients) make(ctx context.Context, action string, pairs ...string) error {
	for {
		a, err := c.call(ctx, 0, action, pairs...)
		if err == nil && (a.Code == 0 || a.Code == codeExists || a.Code == codeSubscribed) {
			return nil
		}
		if outcome(a, err) == history.Failed && err == nil || !pause(ctx, 100*time.Millisecond) {
			return fmt.Errorf("%s: %d %s", action, a.Code, why(a, err))
		}
	}
}

// The clients: so many send, so many receive.
const senders, receivers = 4, 5

// Work sends and receives until ctx is over. Calls that are under way then are
// ended in order. Receiving ends first, so that something is left.
func (c *Clients) Work(ctx context.Context) {
	receiving, cancel := context.WithCancel(ctx)
	defer cancel()
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var all sync.WaitGroup
	for i := range senders {
		all.Go(func() { newSender(c, 1+i).work(sending) })
	}
	for i := range receivers {
		all.Go(func() { newReceiver(c, 1+senders+i).work(receiving) })
	}
	<-ctx.Done()
	pause(sending, 500*time.Millisecond)
	stop()
	all.Wait()
}

// server chooses one of the servers.
func (c *Clients) server() int { return rand.N(len(c.endpoints)) }

// pause waits, and tells whether ctx is still not over.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }
