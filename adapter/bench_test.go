package adapter

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// connections is how many clients a benchmark over HTTP has.
const connections = 64

// BenchmarkHTTP gives the yardsticks for what the engine costs: requests per
// second over real HTTP on loopback.
func BenchmarkHTTP(b *testing.B) {
	request := sendMessage("127.0.0.1")
	b.Run("empty", func(b *testing.B) {
		load(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
		}), func() []byte { return request })
	})
	b.Run("signed", func(b *testing.B) {
		load(b, wire(Config{Keys: keys()}, noop), func() []byte { return request })
	})
}

// BenchmarkSignedRequest is one request through the handler, without HTTP's own work.
func BenchmarkSignedRequest(b *testing.B) {
	a := wire(Config{Keys: keys()}, noop)
	_, body, _ := strings.Cut(string(sendMessage("127.0.0.1")), "\r\n\r\n")
	reader := strings.NewReader(body)
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/v2/index.php", reader)
	w := nowhere{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		reader.Reset(body)
		a.ServeHTTP(w, r)
	}
}

type nowhere struct{ header http.Header }

func (w nowhere) Header() http.Header         { return w.header }
func (w nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (w nowhere) WriteHeader(int)             {}

// sendMessage is the Python SDK's request with a message of 1 kB.
func sendMessage(host string) []byte {
	form := signed(http.MethodPost, host, "/v2/index.php", map[string]string{
		"Action": "SendMessage", "RequestClient": "SDK_Python_1.3", "SignatureMethod": "HmacSHA1",
		"queueName": "bench", "delaySeconds": "0", "msgBody": strings.Repeat("0123456789abcdef", 64),
	})
	return post(host, "/v2/index.php", form.Encode())
}

// load has all connections send what next returns, and reports their rate.
func load(b *testing.B, h http.Handler, next func() []byte) {
	b.Helper()
	addr := serve(b, h)
	clients := make([]*client, connections)
	for i := range clients {
		clients[i] = dial(b, addr)
		if _, err := clients[i].do(next()); err != nil {
			b.Fatal(err)
		}
	}
	var taken atomic.Int64
	done := make(chan error, connections)
	b.ResetTimer()
	for _, c := range clients {
		go func() {
			var err error
			for taken.Add(1) <= int64(b.N) && err == nil {
				_, err = c.do(next())
			}
			done <- err
		}()
	}
	for range clients {
		if err := <-done; err != nil {
			b.Error(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}
