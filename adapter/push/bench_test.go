package push_test

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
)

// callers is how many push at once.
const callers = 32

// BenchmarkDeliver pushes messages of 1 kB to an endpoint in this process, and
// for comparison posts as many bytes with net/http's client.
func BenchmarkDeliver(b *testing.B) {
	endpoint := serve(b, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	m := message(endpoint + "/hook")
	m.Body, m.Tags = strings.Repeat("x", 1000), []string{"red", "green"}
	b.Run("push", func(b *testing.B) {
		p := local(b, 0)
		atOnce(b, func() error { return p.Deliver(b.Context(), m) })
	})
	b.Run("simplified", func(b *testing.B) {
		p, m := local(b, 0), m
		m.Format = mapping.FormatSimplified
		atOnce(b, func() error { return p.Deliver(b.Context(), m) })
	})
	b.Run("bare client", func(b *testing.B) {
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}
		defer client.CloseIdleConnections()
		body := bytes.Repeat([]byte("x"), 1150)
		atOnce(b, func() error {
			answer, err := client.Post(m.Endpoint, "text/plain", bytes.NewReader(body))
			if err != nil {
				return err
			}
			return answer.Body.Close()
		})
	})
}

// atOnce does b.N things from all callers and reports rate and 99th percentile.
func atOnce(b *testing.B, do func() error) {
	b.ReportAllocs()
	took := make([]time.Duration, b.N)
	next := make(chan int, b.N)
	for i := range b.N {
		next <- i
	}
	close(next)
	var all sync.WaitGroup
	b.ResetTimer()
	for range callers {
		all.Go(func() {
			for i := range next {
				began := time.Now()
				if err := do(); err != nil {
					b.Error(err)
				}
				took[i] = time.Since(began)
			}
		})
	}
	all.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pushes/s")
	b.ReportMetric(float64(took[b.N*99/100].Microseconds()), "p99-µs")
}

// BenchmarkCheck judges a new subscription's endpoint.
func BenchmarkCheck(b *testing.B) {
	p := local(b, 0)
	for b.Loop() {
		if err := p.Check("http://hooks.example.com:8080/orders?key=1"); err != nil {
			b.Fatal(err)
		}
	}
}
