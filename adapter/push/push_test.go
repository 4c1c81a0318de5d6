package push_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/adapter/push"
	"github.com/jetcmq/jetcmq/mapping"
)

// patience is for what should not take long at all.
const patience = 20 * time.Second

// TestMain sets a proxy that nobody serves. net/http reads it once only.
func TestMain(m *testing.M) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		_ = os.Setenv(name, "http://127.0.0.1:1")
	}
	os.Exit(m.Run())
}

func newPusher(t testing.TB, c push.Config) *push.Pusher {
	t.Helper()
	p, err := push.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// local pushes to this machine.
func local(t testing.TB, timeout time.Duration) *push.Pusher {
	t.Helper()
	return newPusher(t, push.Config{Loopback: true, Timeout: timeout})
}

func message(endpoint string) mapping.Push {
	return mapping.Push{
		Endpoint: endpoint, Format: mapping.FormatJSON, Owner: 100015036, Topic: "MyTopic", Subscription: "mysubscription",
		ID: "6942316962", Body: "test message", Published: 11203432, Attempt: 1,
	}
}

// want delivers once and compares the error with text; "" is for none.
func want(t testing.TB, p *push.Pusher, endpoint, text string) {
	t.Helper()
	wantText(t, endpoint, p.Deliver(t.Context(), message(endpoint)), text)
}

func wantText(t testing.TB, what string, err error, text string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != text {
		t.Errorf("%s: got %q, want %q", what, got, text)
	}
}

func serve(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// conversation is an endpoint below HTTP. It is given each connection with its
// number, from 1, and what it returns closes it.
func conversation(t testing.TB, talk func(number int, c net.Conn, r *bufio.Reader)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for number := 1; ; number++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(patience))
				talk(number, c, bufio.NewReader(c))
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
	})
	return "http://" + l.Addr().String()
}

// hear reads a request to its end.
func hear(r *bufio.Reader) bool {
	q, err := http.ReadRequest(r)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, q.Body)
	return err == nil
}

func TestStatus(t *testing.T) {
	t.Parallel()
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") })
	for status, text := range map[int]string{
		200: "", 201: "", 202: "", 204: "", 205: "", 226: "", 299: "",
		300: "endpoint answered 300", 301: "endpoint answered 301", 302: "endpoint answered 302", 303: "endpoint answered 303",
		304: "endpoint answered 304", 307: "endpoint answered 307", 308: "endpoint answered 308", 400: "endpoint answered 400",
		401: "endpoint answered 401", 404: "endpoint answered 404", 410: "endpoint answered 410", 429: "endpoint answered 429",
		500: "endpoint answered 500", 503: "endpoint answered 503", 999: "endpoint answered 999",
	} {
		endpoint := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", elsewhere)
			w.WriteHeader(status)
			if status != 204 && status != 304 {
				_, _ = io.WriteString(w, "not to be looked at")
			}
		})
		want(t, local(t, 0), endpoint, text)
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	trickle := func(c net.Conn, first, again string) {
		_, err := io.WriteString(c, first)
		for tick := time.NewTicker(time.Millisecond); err == nil; <-tick.C {
			_, err = io.WriteString(c, again)
		}
	}
	for what, talk := range map[string]func(net.Conn, *bufio.Reader){
		"silence":            func(_ net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) },
		"slow header":        func(c net.Conn, r *bufio.Reader) { hear(r); trickle(c, "HTTP/1.1 200 OK\r\nX: ", "x") },
		"slow first line":    func(c net.Conn, r *bufio.Reader) { hear(r); trickle(c, "HTTP/1.1 200 ", "x") },
		"header without end": func(c net.Conn, r *bufio.Reader) { hear(r); _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n"); hear(r) },
	} {
		endpoint := conversation(t, func(_ int, c net.Conn, r *bufio.Reader) { talk(c, r) })
		began := time.Now()
		wantText(t, what, local(t, 50*time.Millisecond).Deliver(t.Context(), message(endpoint)), "not within 50ms")
		if took := time.Since(began); took < 50*time.Millisecond || took > patience/2 {
			t.Errorf("%s: took %v", what, took)
		}
	}
}

// TestUnreadBody sends more than fits into any buffer to one who does not read.
func TestUnreadBody(t *testing.T) {
	t.Parallel()
	endpoint := conversation(t, func(_ int, _ net.Conn, r *bufio.Reader) {
		_, _ = r.ReadByte()
		<-t.Context().Done()
	})
	m := message(endpoint)
	m.Format, m.Body = mapping.FormatSimplified, strings.Repeat("x", 32<<20)
	wantText(t, "unread", local(t, 100*time.Millisecond).Deliver(t.Context(), m), "not within 100ms")
}

func TestCallerGivesUp(t *testing.T) {
	t.Parallel()
	reached := make(chan struct{})
	endpoint := conversation(t, func(_ int, _ net.Conn, r *bufio.Reader) {
		hear(r)
		close(reached)
		_, _ = r.ReadByte()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-reached
		cancel()
	}()
	if err := local(t, 0).Deliver(ctx, message(endpoint)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// TestAnswers has endpoints that answer oddly. What they say must not be in any
// error, since errors are logged.
func TestAnswers(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	for _, c := range []struct{ what, answer, text string }{
		{"garbage", "secret\r\n\r\n", "no valid HTTP answer"},
		{"binary", "\x16\x03\x01\x00\xff\x00\x00\r\n", "no valid HTTP answer"},
		{"no status", "HTTP/1.1 secret\r\n\r\n", "no valid HTTP answer"},
		{"negative status", "HTTP/1.1 -20 secret\r\n\r\n", "no valid HTTP answer"},
		{"bad header", "HTTP/1.1 200 OK\r\nsecret\r\n\r\n", "no valid HTTP answer"},
		{"bad length", "HTTP/1.1 200 OK\r\nContent-Length: secret\r\n\r\n", "no valid HTTP answer"},
		{"nothing", "", "connection closed without an answer"},
		{"half a line", "HTTP/1.1 2", "no valid HTTP answer"},
		{"half a header", "HTTP/1.1 200 OK\r\nX: y\r\n", "connection closed without an answer"},
		{"header too large", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", 65<<10) + "\r\n\r\n", "no valid HTTP answer"},
		{"upgrade", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "endpoint answered 101"},
		{"continue, then a failure", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 secret\r\nContent-Length: 0\r\n\r\n", "endpoint answered 500"},
		{"early hints", strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", 20) + ok, ""},
		{"continue", "HTTP/1.1 100 Continue\r\n\r\n" + ok, ""},
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nhello", ""},
		{"more than one answer", ok + ok, ""},
		{"body shorter than said", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", ""},
		{"bad chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", ""},
		{"gzip that is none", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", ""},
	} {
		endpoint := conversation(t, func(_ int, conn net.Conn, r *bufio.Reader) {
			hear(r)
			_, _ = io.WriteString(conn, c.answer)
		})
		wantText(t, c.what, local(t, 0).Deliver(t.Context(), message(endpoint)), c.text)
	}
}

// TestFloods has endpoints that never stop. A status that arrived counts.
func TestFloods(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct{ first, again, text string }{
		"continue":     {"", "HTTP/1.1 100 Continue\r\n\r\n", "no valid HTTP answer"},
		"early hints":  {"", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", "no valid HTTP answer"},
		"header":       {"HTTP/1.1 200 OK\r\n", "X: y\r\n", "no valid HTTP answer"},
		"body":         {"HTTP/1.1 200 OK\r\n\r\n", "x", ""},
		"chunks":       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", ""},
		"failing body": {"HTTP/1.1 500 No\r\n\r\n", "x", "endpoint answered 500"},
	} {
		closed := make(chan struct{})
		endpoint := conversation(t, func(_ int, conn net.Conn, r *bufio.Reader) {
			defer close(closed)
			hear(r)
			_, err := io.WriteString(conn, c.first)
			for again := strings.Repeat(c.again, 100); err == nil; {
				_, err = io.WriteString(conn, again)
			}
		})
		wantText(t, what, local(t, 0).Deliver(t.Context(), message(endpoint)), c.text)
		wait(t, what+": end of the connection", closed)
	}
}

// TestSlowBody has a body that never comes: the push is done nevertheless.
func TestSlowBody(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	endpoint := conversation(t, func(_ int, c net.Conn, r *bufio.Reader) {
		defer close(closed)
		hear(r)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nx")
		_, _ = r.ReadByte()
	})
	began := time.Now()
	want(t, local(t, time.Hour), endpoint, "")
	if took := time.Since(began); took > patience/2 {
		t.Errorf("took %v", took)
	}
	wait(t, "end of the connection", closed)
}

func TestReset(t *testing.T) {
	t.Parallel()
	endpoint := conversation(t, func(_ int, c net.Conn, r *bufio.Reader) {
		hear(r)
		_ = c.(*net.TCPConn).SetLinger(0) // closes with a reset
	})
	want(t, local(t, 0), endpoint, "connection reset by peer")
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	want(t, local(t, 0), "http://"+l.Addr().String(), "connection refused")
}

// TestEarlyAnswer answers before the message is read.
func TestEarlyAnswer(t *testing.T) {
	t.Parallel()
	endpoint := conversation(t, func(_ int, c net.Conn, r *bufio.Reader) {
		_, _ = r.ReadByte()
		_, _ = io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
		_, _ = io.Copy(io.Discard, r)
	})
	m := message(endpoint)
	m.Body = strings.Repeat("x", 1<<20)
	wantText(t, "early answer", local(t, 0).Deliver(t.Context(), m), "endpoint answered 413")
}

func wait(t testing.TB, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("%s: not within %v", what, patience)
	}
}
