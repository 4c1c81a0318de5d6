package adapter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/adapter/action"
	"github.com/jetcmq/jetcmq/mapping"
)

// TestOrderOfChecks has requests that are wrong in several ways: the first in
// this list is the one reported.
func TestOrderOfChecks(t *testing.T) {
	t.Parallel()
	a := wire(Config{Keys: keys(), MaxBody: 1000}, func(context.Context, string, action.Params) (action.Answer, error) {
		return action.Answer{}, mapping.ErrNoQueue
	})
	a.find = func(api action.API, name string) *action.Action {
		if api != action.Legacy || name != "SendMessage" {
			return nil
		}
		return &action.Action{Name: name}
	}
	good := signed(http.MethodPost, "h", "/", map[string]string{"Action": "SendMessage"}).Encode()
	for _, c := range []struct {
		method, body string
		code         int
		message      string
	}{
		{"PUT", strings.Repeat("x", 2000), 4000, "(10410)unexpected http PUT only GET or POST is supported"},
		{"HEAD", good, 4000, "(10410)unexpected http HEAD only GET or POST is supported"},
		{"OPTIONS", good, 4000, "(10410)unexpected http OPTIONS only GET or POST is supported"},
		{"BREW", good, 4000, "(10410)unexpected http BREW only GET or POST is supported"},
		{"POST", "Action=x&" + strings.Repeat("x", 2000), 4000, "(10420)cannot parse request body, or request size is more than 1MB"},
		{"POST", "", 4000, "(10390)lacked of required parameter Action"},
		{"POST", "Action=", 4000, "(10390)lacked of required parameter Action"},
		{"POST", "action=SendMessage", 4000, "(10390)lacked of required parameter Action"},
		{"POST", `{"Action":"SendMessage"}`, 4000, "(10390)lacked of required parameter Action"},
		{"POST", "Action=Foo&Signature=x", 4000, "(10280)action is not existed"},
		{"POST", "Action=SendMessage&Signature=x", 4000, "(10390)lacked of required parameter SecretId"},
		{"POST", "Action=SendMessage&Signature=x&SecretId=x&Nonce=1&Timestamp=1", 4100, "(10270)secret id is not existed"},
		{"POST", good + "&queueName=q", 4100, "(10030)authentication failed"},
		{"POST", good, 4440, "(10100)queue is not existed, or deleted"},
	} {
		r := httptest.NewRequest(c.method, "http://h/", strings.NewReader(c.body))
		wantReply(t, c.method+" "+c.body[:min(len(c.body), 40)], ask(t, a, r), c.code, c.message)
	}
}

// TestUnknownAction is about the real table of actions, not the tests' own.
func TestUnknownAction(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/?Action=MakeTea", nil)
	wantReply(t, "MakeTea", ask(t, New(Config{Log: slog.New(slog.DiscardHandler)}), r), 4000, "(10280)action is not existed")
}

func TestOwnFaultsAreLoggedAndHidden(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err   error
		panic any
		code  int
		text  string
		lines int
	}{
		"unknown error": {err: errors.New("disk on fire"), code: 6000, text: "(10050)server internal error", lines: 1},
		"panic":         {panic: "disk on fire", code: 6000, text: "(10050)server internal error", lines: 1},
		"wrapped":       {err: fmt.Errorf("look up: %w", mapping.ErrNoQueue), code: 4440, text: "(10100)queue is not existed, or deleted"},
		"internal":      {err: mapping.ErrInternal, code: 6000, text: "(10050)server internal error"},
		"no error":      {},
	} {
		var log bytes.Buffer
		a := wire(Config{Log: slog.New(slog.NewTextHandler(&log, nil))}, func(context.Context, string, action.Params) (action.Answer, error) {
			if c.panic != nil {
				panic(c.panic)
			}
			return action.Answer{}, c.err
		})
		answer := ask(t, a, httptest.NewRequest(http.MethodGet, "/?Action=A", nil))
		wantReply(t, name, answer, c.code, c.text)
		line := log.String()
		if strings.Count(line, "\n") != c.lines {
			t.Errorf("%s: got log %q", name, line)
		}
		if c.lines > 0 && (!strings.Contains(line, "disk on fire") || !strings.Contains(line, answer.RequestID)) {
			t.Errorf("%s: got log %q, want the reason and %s", name, line, answer.RequestID)
		}
	}
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	a := wire(Config{}, noop)
	seen := map[string]bool{}
	for range 100 {
		id := ask(t, a, httptest.NewRequest(http.MethodGet, "/?Action=A", nil)).RequestID
		if _, err := strconv.ParseInt(id, 10, 64); err != nil || len(id) > 19 || seen[id] {
			t.Errorf("got request id %q", id)
		}
		seen[id] = true
	}
}

// TestHangUp has a client leave in the middle of a long poll that then finds a
// message: the poll ends, and the message is taken back.
func TestHangUp(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]string{
		"GET":             "GET /?Action=ReceiveMessage HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET with a body": "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 21\r\n\r\nAction=ReceiveMessage",
		"POST":            string(post("h", "/", "Action=ReceiveMessage")),
		"chunked":         "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n15\r\nAction=ReceiveMessage\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			polling, returned := make(chan struct{}), make(chan struct{})
			addr := serve(t, wire(Config{}, func(ctx context.Context, _ string, _ action.Params) (action.Answer, error) {
				close(polling)
				<-ctx.Done()
				return action.Answer{Fields: []byte(`"msgBody":"x"`), Undelivered: func() { close(returned) }}, nil
			}))
			c := dial(t, addr)
			if _, err := io.WriteString(c.conn, request); err != nil {
				t.Fatal(err)
			}
			wait(t, polling)
			c.conn.Close()
			wait(t, returned)
		})
	}
}

func wait(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing happened for 10 s")
	}
}

// TestUndelivered counts how often messages are taken back when writing them
// fails, at once or when the answer is flushed.
func TestUndelivered(t *testing.T) {
	t.Parallel()
	lost := errors.New("connection reset by peer")
	for name, c := range map[string]struct {
		write, flush error
		want         int
	}{
		"written":         {want: 0},
		"write fails":     {write: lost, want: 1},
		"flush fails":     {flush: lost, want: 1},
		"unknown flusher": {flush: http.ErrNotSupported, want: 0},
	} {
		got := 0
		a := wire(Config{}, func(context.Context, string, action.Params) (action.Answer, error) {
			return action.Answer{Undelivered: func() { got++ }}, nil
		})
		a.ServeHTTP(failing{http.Header{}, c.write, c.flush}, httptest.NewRequest(http.MethodGet, "/?Action=A", nil))
		if got != c.want {
			t.Errorf("%s: taken back %d times, want %d", name, got, c.want)
		}
	}
}

type failing struct {
	header       http.Header
	write, flush error
}

func (f failing) Header() http.Header         { return f.header }
func (f failing) WriteHeader(int)             {}
func (f failing) Write(p []byte) (int, error) { return len(p), f.write }
func (f failing) FlushError() error           { return f.flush }

func TestMaxCalls(t *testing.T) {
	t.Parallel()
	started, end := make(chan struct{}), make(chan struct{})
	a := wire(Config{MaxCalls: 2}, func(_ context.Context, name string, _ action.Params) (action.Answer, error) {
		if name == "Wait" {
			started <- struct{}{}
			<-end
		}
		return action.Answer{}, nil
	})
	var waiting sync.WaitGroup
	for range 2 {
		waiting.Go(func() { ask(t, a, httptest.NewRequest(http.MethodGet, "/?Action=Wait", nil)) })
		wait(t, started)
	}
	once := func() reply { return ask(t, a, httptest.NewRequest(http.MethodGet, "/?Action=A", nil)) }
	wantReply(t, "third", once(), 4420, "(10250)qps throttling")
	close(end)
	waiting.Wait()
	wantReply(t, "later", once(), 0, "")
}

// TestConcurrent has many connections send different messages at a time: each
// gets its own back, whatever buffers they share.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	addr := serve(t, wire(Config{Keys: keys()}, func(_ context.Context, _ string, p action.Params) (action.Answer, error) {
		return action.Answer{Fields: append(appendText([]byte(`"msgBody":`), value(p, "msgBody")), `,"x":1`...)}, nil
	}))
	var all sync.WaitGroup
	for i := range 8 {
		c := dial(t, addr)
		all.Go(func() {
			for j := range 50 {
				method := [...]string{"HmacSHA1", "HmacSHA256"}[j%2]
				body := strings.Repeat(fmt.Sprintf("%d/%d +", i, j), 1+j*i)
				form := signed(http.MethodPost, "h", "/", map[string]string{
					"Action": "SendMessage", "SignatureMethod": method, "msgBody": body, "clientRequestId": strconv.Itoa(j)})
				answer, err := c.do(post("h", "/", form.Encode()))
				if err != nil || !bytes.Contains(answer, appendText([]byte(`"msgBody":`), body)) {
					t.Errorf("%d/%d: got %.200s, %v", i, j, answer, err)
					return
				}
			}
		})
	}
	all.Wait()
}

// TestServerLimits holds those that clients depend on.
func TestServerLimits(t *testing.T) {
	t.Parallel()
	s := NewServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	if s.ReadTimeout <= mapping.MaxPolling || s.WriteTimeout <= s.ReadTimeout || s.IdleTimeout < 10*time.Minute {
		t.Errorf("got read %v, write %v, idle %v", s.ReadTimeout, s.WriteTimeout, s.IdleTimeout)
	}
	addr := serve(t, wire(Config{}, noop))
	answer, err := dial(t, addr).do([]byte("GET /?Action=A&x=" + strings.Repeat("%41", 64<<10) + " HTTP/1.1\r\nHost: h\r\n\r\n"))
	if err != nil || parse(t, answer).Code != 0 {
		t.Errorf("64 KiB escaped in a URL: got %.200s, %v", answer, err)
	}
}
