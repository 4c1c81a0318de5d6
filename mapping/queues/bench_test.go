package queues_test

import (
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/embedded"
	"github.com/jetcmq/jetcmq/mapping/jet"
)

// benchBroker opens a broker for a benchmark, with a queue "q".
func benchBroker(b *testing.B) *broker {
	b.Helper()
	s, err := embedded.Start(embedded.Config{Dir: b.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Stop(ctx) })
	door, err := s.InProcess("default")
	if err != nil {
		b.Fatal(err)
	}
	broker, err := open(config{Config: jet.Config{InProcess: door, User: door.User, Password: door.Password}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { broker.Close(ctx) })
	if _, err := broker.CreateQueue(ctx, "q", mapping.QueueAttributes{}); err != nil {
		b.Fatal(err)
	}
	return broker
}

var kilobyte = strings.Repeat("x", 1000)

func BenchmarkSend(b *testing.B) {
	broker := benchBroker(b)
	b.SetParallelism(32)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := broker.Send(ctx, "q", kilobyte, 0); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkSendBatch16(b *testing.B) {
	broker := benchBroker(b)
	batch := make([]string, 16)
	for i := range batch {
		batch[i] = kilobyte
	}
	b.SetParallelism(32)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := broker.SendBatch(ctx, "q", batch, 0); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(16*b.N)/b.Elapsed().Seconds(), "msg/s")
}

func BenchmarkReceiveDelete(b *testing.B) {
	broker := benchBroker(b)
	batch := make([]string, 16)
	for i := range batch {
		batch[i] = kilobyte
	}
	var fill sync.WaitGroup
	for range 64 {
		fill.Go(func() {
			for range b.N/16/64 + 1 {
				if _, err := broker.SendBatch(ctx, "q", batch, 0); err != nil {
					b.Error(err)
				}
			}
		})
	}
	fill.Wait()
	b.SetParallelism(32)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			ms, err := broker.Receive(ctx, "q", 1, 0)
			if err == nil {
				err = broker.Delete(ctx, "q", ms[0].Handle)
			}
			if err != nil {
				b.Error(err)
			}
		}
	})
}
