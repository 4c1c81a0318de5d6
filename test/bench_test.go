package test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/adapter/push"
	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/account"
	"github.com/jetcmq/jetcmq/mapping/embedded"
	"github.com/jetcmq/jetcmq/mapping/jet"
	"github.com/jetcmq/jetcmq/mapping/topics"
)

// publishers is how many clients publish at once in a benchmark.
const publishers = 64

// benchAccount is an engine with a topic "t".
type benchAccount struct {
	b    *testing.B
	door embedded.Door
	*account.Account
	copies atomic.Int64 // what arrived at subscribers
}

func openBench(b *testing.B, c topics.Config) *benchAccount {
	b.Helper()
	ctx := context.Background()
	s, err := embedded.Start(embedded.Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	door, err := s.InProcess("default")
	if err != nil {
		b.Fatal(err)
	}
	a, err := account.Open(ctx, account.Config{Config: jet.Config{InProcess: door, User: door.User, Password: door.Password}, Topics: c})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		a.Close(ctx)
		s.Stop(ctx)
	})
	if _, err := a.Topics.CreateTopic(ctx, "t", mapping.TopicAttributes{}); err != nil {
		b.Fatal(err)
	}
	return &benchAccount{b: b, door: door, Account: a}
}

// queues subscribes n queues, and counts what the engine stores in them.
func (a *benchAccount) queues(n int) {
	a.b.Helper()
	for i := range n {
		name := fmt.Sprintf("q%d", i)
		if _, err := a.Queues.CreateQueue(a.b.Context(), mapping.QueueName(name), mapping.QueueAttributes{}); err != nil {
			a.b.Fatal(err)
		}
		a.subscribe(name, mapping.ProtocolQueue, name)
	}
	nc := a.native()
	if _, err := nc.Subscribe("cmq.queue.*", func(*nats.Msg) { a.copies.Add(1) }); err != nil {
		a.b.Fatal(err)
	}
}

func (a *benchAccount) subscribe(name string, p mapping.Protocol, endpoint string, tags ...string) {
	a.b.Helper()
	_, err := a.Topics.Subscribe(a.b.Context(), "t", mapping.SubscriptionName(name), mapping.Subscription{Protocol: p, Endpoint: endpoint,
		Strategy: mapping.BackoffRetry, Format: mapping.FormatJSON, FilterTags: tags})
	if err != nil {
		a.b.Fatal(err)
	}
}

func (a *benchAccount) native() *nats.Conn {
	nc, err := nats.Connect("", nats.InProcessServer(a.door), nats.UserInfo(a.door.User, a.door.Password))
	if err != nil {
		a.b.Fatal(err)
	}
	a.b.Cleanup(nc.Close)
	return nc
}

// measure has many clients publish b.N messages and waits for all copies.
func (a *benchAccount) measure(copies int, labels func(i int) mapping.Labels) {
	a.b.Helper()
	a.b.ResetTimer()
	began := time.Now()
	share(a.b.N, func(i int) {
		if _, err := a.Topics.Publish(a.b.Context(), "t", []string{strconv.Itoa(int(time.Now().UnixMicro()))}, labels(i)); err != nil {
			a.b.Error(err)
		}
	})
	published := time.Since(began)
	a.await(int64(a.b.N * copies))
	a.b.StopTimer()
	a.b.ReportMetric(float64(a.b.N)/published.Seconds(), "publishes/s")
	a.b.ReportMetric(float64(a.b.N*copies)/time.Since(began).Seconds(), "copies/s")
}

func (a *benchAccount) await(copies int64) {
	a.b.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(2 * time.Minute); a.copies.Load() < copies; <-tick.C {
		if time.Now().After(deadline) {
			a.b.Fatalf("%d of %d copies arrived", a.copies.Load(), copies)
		}
	}
}

// share does n things from many goroutines.
func share(n int, do func(i int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(publishers, n) {
		all.Go(func() {
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				do(i)
			}
		})
	}
	all.Wait()
}

func none(int) mapping.Labels { return mapping.Labels{} }

// BenchmarkTopic is a topic without HTTP in front: publishes and the copies of
// them that arrive. "raw" is the same work as a NATS program would do it: a
// stream, and for each subscriber a consumer that copies into another stream.
func BenchmarkTopic(b *testing.B) {
	for _, n := range []int{1, 10} {
		b.Run(fmt.Sprintf("raw/queues=%d", n), func(b *testing.B) { rawCopies(b, n) })
		b.Run(fmt.Sprintf("queues=%d", n), func(b *testing.B) {
			a := openBench(b, topics.Config{})
			a.queues(n)
			a.measure(n, none)
		})
	}
	b.Run("routing=1000", func(b *testing.B) {
		// 1,000 subscriptions with a tag of their own each; every message is for one.
		a := openBench(b, topics.Config{MaxSubscriptions: 1000, Deliver: func(context.Context, mapping.Push) error { return nil }})
		a.queues(1)
		for i := range 999 {
			a.subscribe(fmt.Sprintf("s%d", i), mapping.ProtocolHTTP, "http://unused/", fmt.Sprintf("tag%d", i))
		}
		a.measure(1, func(i int) mapping.Labels { return mapping.Labels{Tags: []string{fmt.Sprintf("tag%d", i%999)}} })
	})
}

// rawCopies is the yardstick of BenchmarkTopic.
func rawCopies(b *testing.B, n int) {
	a := openBench(b, topics.Config{})
	ctx := b.Context()
	nc := a.native()
	js, err := jetstream.New(nc)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "raw", Subjects: []string{"raw"}}); err != nil {
		b.Fatal(err)
	}
	for i := range n {
		name := fmt.Sprintf("copy%d", i)
		if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: name, Subjects: []string{name}}); err != nil {
			b.Fatal(err)
		}
		consumer, err := js.CreateConsumer(ctx, "raw", jetstream.ConsumerConfig{Durable: name, AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: 10_000})
		if err != nil {
			b.Fatal(err)
		}
		places := make(chan struct{}, 256)
		running, err := consumer.Consume(func(m jetstream.Msg) {
			places <- struct{}{}
			go func() {
				defer func() { <-places }()
				if _, err := js.Publish(ctx, name, m.Data()); err == nil && m.Ack() == nil {
					a.copies.Add(1)
				}
			}()
		}, jetstream.PullMaxMessages(256))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(running.Stop)
	}
	b.ResetTimer()
	began := time.Now()
	share(b.N, func(int) {
		if _, err := js.Publish(ctx, "raw", []byte("0123456789")); err != nil {
			b.Error(err)
		}
	})
	published := time.Since(began)
	a.await(int64(b.N * n))
	b.StopTimer()
	b.ReportMetric(float64(b.N)/published.Seconds(), "publishes/s")
	b.ReportMetric(float64(b.N*n)/time.Since(began).Seconds(), "copies/s")
}

// BenchmarkPush is pushes to one fast HTTP endpoint: as many as go, and the
// time from publish to push when there are 1,000 a second.
func BenchmarkPush(b *testing.B) {
	pusher, err := push.New(push.Config{Loopback: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pusher.Close)
	serve := func(b *testing.B, each func(body string)) *benchAccount {
		a := openBench(b, topics.Config{Deliver: pusher.Deliver})
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err == nil {
				each(string(body))
			}
			a.copies.Add(1)
		}))
		b.Cleanup(s.Close)
		if _, err := a.Topics.Subscribe(b.Context(), "t", "web", mapping.Subscription{Protocol: mapping.ProtocolHTTP, Endpoint: s.URL,
			Strategy: mapping.BackoffRetry, Format: mapping.FormatSimplified}); err != nil {
			b.Fatal(err)
		}
		return a
	}
	b.Run("flood", func(b *testing.B) { serve(b, func(string) {}).measure(1, none) })
	b.Run("paced", func(b *testing.B) {
		var mu sync.Mutex
		var took []time.Duration
		a := serve(b, func(body string) {
			sent, _ := strconv.ParseInt(body, 10, 64)
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(time.UnixMicro(sent)))
		})
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for range b.N {
			<-tick.C
			if _, err := a.Topics.Publish(b.Context(), "t", []string{strconv.FormatInt(time.Now().UnixMicro(), 10)}, mapping.Labels{}); err != nil {
				b.Fatal(err)
			}
		}
		a.await(int64(b.N))
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)/2].Microseconds()), "µs-p50")
		b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "µs-p99")
	})
}
