package adapter

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/account"
	"github.com/jetcmq/jetcmq/mapping/embedded"
	"github.com/jetcmq/jetcmq/mapping/jet"
)

// connections is how many clients a benchmark over HTTP has.
const connections = 64

// rates remembers what the yardsticks of this run did, so that the others can
// be told as a part of it: machines differ, ratios less.
var rates struct{ empty, signed float64 }

// BenchmarkHTTP is requests per second over real HTTP on loopback, client
// included. Its first two are yardsticks: a handler that reads the body and
// does nothing, and all of our way of a signed request without the engine.
func BenchmarkHTTP(b *testing.B) {
	request := sendMessage("127.0.0.1")
	same := func(int) exchange {
		return func(c *client) error { _, err := c.do(request); return err }
	}
	b.Run("empty", func(b *testing.B) {
		rates.empty = load(b, serve(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
		})), same)
	})
	b.Run("signed", func(b *testing.B) {
		rates.signed = load(b, serve(b, wire(Config{Keys: keys()}, noop)), same)
	})
	b.Run("signed, API 3.0", func(b *testing.B) {
		request := sendCmqMsg(time.Now().Unix())
		load(b, serve(b, wire(Config{Keys: keys()}, noop)), func(int) exchange {
			return func(c *client) error { _, err := c.do(request); return err }
		})
	})
	for _, level := range []struct {
		name       string
		durability jet.Durability
		sync       embedded.Sync
	}{{"process", jet.Process, embedded.SyncEverySecond}, {"power", jet.Power, embedded.SyncAlways}, {"memory", jet.Memory, embedded.Memory}} {
		b.Run(level.name+"/send", func(b *testing.B) {
			load(b, engine(b, level.durability, level.sync), same)
		})
		b.Run(level.name+"/batchsend16", func(b *testing.B) {
			batch := batchSend()
			load(b, engine(b, level.durability, level.sync), func(int) exchange {
				return func(c *client) error { _, err := c.do(batch); return err }
			})
		})
		b.Run(level.name+"/receive+delete", func(b *testing.B) {
			addr := engine(b, level.durability, level.sync)
			fill(b, addr, b.N)
			load(b, addr, func(int) exchange { return receiveAndDelete })
		})
		b.Run(level.name+"/batchreceive+batchdelete16", func(b *testing.B) {
			addr := engine(b, level.durability, level.sync)
			fill(b, addr, 16*b.N)
			load(b, addr, func(int) exchange { return batchReceiveAndDelete })
		})
	}
}

// BenchmarkWake is the time from a send's request to the answer of a poll that
// waited for it.
func BenchmarkWake(b *testing.B) {
	addr := engine(b, jet.Process, embedded.SyncEverySecond)
	sender, receiver := dial(b, addr), dial(b, addr)
	poll, send := plain("Action=ReceiveMessage", "pollingWaitSeconds=30&queueName=bench"), sendMessage("127.0.0.1")
	var took []time.Duration
	for b.Loop() {
		answered := make(chan error, 1)
		ready := make(chan struct{})
		go func() {
			close(ready)
			answer, err := receiver.do(poll)
			if err == nil {
				err = remove(receiver, answer)
			}
			answered <- err
		}()
		<-ready
		b.StopTimer()
		pause := time.NewTimer(20 * time.Millisecond) // until the poll waits at the engine
		<-pause.C
		b.StartTimer()
		began := time.Now()
		if _, err := sender.do(send); err != nil {
			b.Fatal(err)
		}
		if err := <-answered; err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "µs-p50")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "µs-p99")
}

// BenchmarkBacklog is receive+delete beside a million messages that wait.
func BenchmarkBacklog(b *testing.B) {
	for _, backlog := range []int{0, 1_000_000} {
		b.Run(fmt.Sprint(backlog), func(b *testing.B) {
			addr := engine(b, jet.Process, embedded.SyncEverySecond)
			fill(b, addr, backlog+b.N)
			load(b, addr, func(int) exchange { return receiveAndDelete })
		})
	}
}

// BenchmarkIdlePolls is the processor time that a thousand waiting polls cost.
func BenchmarkIdlePolls(b *testing.B) {
	addr := engine(b, jet.Process, embedded.SyncEverySecond)
	poll := plain("Action=ReceiveMessage", "pollingWaitSeconds=30&queueName=bench")
	for range 1000 {
		c := dial(b, addr)
		if _, err := c.conn.Write(poll); err != nil {
			b.Fatal(err)
		}
	}
	settled := time.NewTimer(2 * time.Second)
	<-settled.C
	before, began := processorTime(), time.Now()
	b.ResetTimer()
	span := time.NewTimer(10 * time.Second)
	<-span.C
	b.ReportMetric(100*(processorTime()-before).Seconds()/time.Since(began).Seconds(), "%-of-a-core")
}

func processorTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// engine serves a queue "bench" by all of the product, and returns its address.
func engine(b *testing.B, d jet.Durability, sync embedded.Sync) string {
	b.Helper()
	quiet := slog.New(slog.DiscardHandler)
	s, err := embedded.Start(embedded.Config{Dir: b.TempDir(), Sync: sync, Log: quiet})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Stop(context.Background()) })
	door, err := s.InProcess("default")
	if err != nil {
		b.Fatal(err)
	}
	broker, err := account.Open(context.Background(), account.Config{Config: jet.Config{InProcess: door, User: door.User, Password: door.Password, Durability: d}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { broker.Close(context.Background()) })
	n := 600 // nothing comes back during a benchmark
	if _, err := broker.Queues.CreateQueue(context.Background(), "bench", mapping.QueueAttributes{VisibilityTimeout: &n}); err != nil {
		b.Fatal(err)
	}
	return serve(b, New(Config{Keys: map[string]Key{testID: {Secret: testSecret, Account: broker}}, Log: quiet}))
}

// exchange is what one client does once.
type exchange func(*client) error

// load has all connections repeat their exchange and returns the rate.
func load(b *testing.B, addr string, each func(i int) exchange) float64 {
	b.Helper()
	b.ResetTimer()
	before := processorTime()
	rate := repeat(b, addr, b.N, each)
	b.ReportMetric(float64((processorTime()-before).Nanoseconds())/1000/float64(b.N), "µs-cpu")
	b.ReportMetric(rate, "req/s")
	if b.N < 1000 {
		return 0 // the framework is still feeling its way
	}
	if rates.empty > 0 {
		b.ReportMetric(rate/rates.empty, "x-empty")
	}
	if rates.signed > 0 {
		b.ReportMetric(rate/rates.signed, "x-signed")
	}
	return rate
}

func repeat(b *testing.B, addr string, n int, each func(i int) exchange) float64 {
	b.Helper()
	var taken atomic.Int64
	var clients sync.WaitGroup
	began := time.Now()
	for i := range connections {
		c, do := dial(b, addr), each(i)
		clients.Go(func() {
			for taken.Add(1) <= int64(n) {
				if err := do(c); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	clients.Wait()
	return float64(n) / time.Since(began).Seconds()
}

// fill sends at least n messages.
func fill(b *testing.B, addr string, n int) {
	b.Helper()
	batch := batchSend()
	repeat(b, addr, n/16+connections, func(int) exchange {
		return func(c *client) error { _, err := c.do(batch); return err }
	})
}

func receiveAndDelete(c *client) error {
	answer, err := c.do(receiveOne)
	if err != nil {
		return err
	}
	return remove(c, answer)
}

var (
	receiveOne   = plain("Action=ReceiveMessage", "pollingWaitSeconds=0&queueName=bench")
	receiveBatch = plain("Action=BatchReceiveMessage", "numOfMsg=16&pollingWaitSeconds=0&queueName=bench")
)

func remove(c *client, answer []byte) error {
	handles := handlesIn(answer)
	if len(handles) != 1 {
		return fmt.Errorf("received %.200s", answer)
	}
	return succeed(c, plain("Action=DeleteMessage", "queueName=bench&receiptHandle="+handles[0]))
}

func batchReceiveAndDelete(c *client) error {
	answer, err := c.do(receiveBatch)
	if err != nil {
		return err
	}
	handles := handlesIn(answer)
	if len(handles) == 0 {
		return fmt.Errorf("received %.200s", answer)
	}
	// The text to sign is sorted by name: receiptHandle.1, .10, .11, …, .2
	pieces := make([]string, len(handles))
	for i, h := range handles {
		pieces[i] = fmt.Sprintf("receiptHandle.%d=%s", i+1, h)
	}
	slices.SortFunc(pieces, func(a, b string) int {
		return strings.Compare(a[:strings.IndexByte(a, 61)], b[:strings.IndexByte(b, 61)])
	})
	return succeed(c, plain("Action=BatchDeleteMessage", "queueName=bench&"+strings.Join(pieces, "&")))
}

func succeed(c *client, request []byte) error {
	answer, err := c.do(request)
	if err == nil && !strings.HasPrefix(string(answer), `{"code":0,`) {
		err = fmt.Errorf("got %.200s", answer)
	}
	return err
}

// handlesIn finds the receipt handles of an answer without reading all of it.
func handlesIn(answer []byte) (handles []string) {
	const name = `"receiptHandle":"`
	text := string(answer)
	for {
		_, rest, found := strings.Cut(text, name)
		if !found {
			return handles
		}
		handle, after, _ := strings.Cut(rest, `"`)
		handles = append(handles, handle)
		text = after
	}
}

// plain signs parameters that need no escaping and stand in order.
func plain(action, rest string) []byte {
	text := action + "&Nonce=4321&SecretId=" + testID + "&SignatureMethod=HmacSHA1&Timestamp=1700000000&" + rest
	signature := sign("HmacSHA1", "POST127.0.0.1/v2/index.php?"+text)
	return post("127.0.0.1", "/v2/index.php", text+"&Signature="+url.QueryEscape(signature))
}

// sendMessage is the Python SDK's request with a message of 1 kB.
func sendMessage(host string) []byte {
	return sdkRequest(host, map[string]string{"Action": "SendMessage", "msgBody": strings.Repeat("0123456789abcdef", 64)})
}

func batchSend() []byte {
	params := map[string]string{"Action": "BatchSendMessage"}
	for i := range 16 {
		params[fmt.Sprintf("msgBody.%d", i+1)] = strings.Repeat("0123456789abcdef", 64)
	}
	return sdkRequest("127.0.0.1", params)
}

func sdkRequest(host string, params map[string]string) []byte {
	for name, value := range map[string]string{
		"RequestClient": "SDK_Python_1.3", "SignatureMethod": "HmacSHA1", "queueName": "bench", "delaySeconds": "0",
	} {
		params[name] = value
	}
	return post(host, "/v2/index.php", signed(http.MethodPost, host, "/v2/index.php", params).Encode())
}

// sendCmqMsg is the Go SDK's request with a message of 1 kB.
func sendCmqMsg(now int64) []byte {
	body := `{"QueueName":"bench","MsgContent":"` + strings.Repeat("0123456789abcdef", 64) + `","DelaySeconds":0}`
	r := tc3Call{body: body, target: "http://127.0.0.1/", stamp: now, date: time.Unix(now, 0).UTC().Format(time.DateOnly)}.request()
	r.Header.Set("X-TC-Action", "SendCmqMsg")
	var text bytes.Buffer
	_ = r.Write(&text)
	return text.Bytes()
}

// BenchmarkSignedRequest is one request through the handler, without HTTP's own work.
func BenchmarkSignedRequest(b *testing.B) {
	for name, request := range map[string][]byte{"legacy": sendMessage("127.0.0.1"), "v3": sendCmqMsg(vectorTime)} {
		b.Run(name, func(b *testing.B) {
			a := at(wire(Config{Keys: keys()}, noop), vectorTime)
			r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(request)))
			if err != nil {
				b.Fatal(err)
			}
			_, body, _ := bytes.Cut(request, []byte("\r\n\r\n"))
			reader := bytes.NewReader(body)
			r.Body = io.NopCloser(reader)
			w := nowhere{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				reader.Reset(body)
				a.ServeHTTP(w, r)
			}
		})
	}
}

// BenchmarkJSON is the reading of a body with a message.
func BenchmarkJSON(b *testing.B) {
	for _, size := range []int{1 << 10, 64 << 10, 1 << 20} {
		body := `{"QueueName":"bench","MsgContent":"` + strings.Repeat("x", size) + `","DelaySeconds":0}`
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				q := new(request)
				if err := q.addJSON(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

type nowhere struct{ header http.Header }

func (w nowhere) Header() http.Header         { return w.header }
func (w nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (w nowhere) WriteHeader(int)             {}
