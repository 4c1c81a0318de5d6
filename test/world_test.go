package test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/adapter"
	"github.com/jetcmq/jetcmq/adapter/push"
	"github.com/jetcmq/jetcmq/mapping/account"
	"github.com/jetcmq/jetcmq/mapping/embedded"
	"github.com/jetcmq/jetcmq/mapping/jet"
	"github.com/jetcmq/jetcmq/mapping/queues"
	"github.com/jetcmq/jetcmq/mapping/topics"
)

// world is all of the service in this process: engine, brokers, HTTP server.
type world struct {
	pusher   *push.Pusher
	engine   *embedded.Server
	accounts []*account.Account
	server   *httptest.Server
	native   *nats.Conn   // into the first account
	serving  atomic.Int64 // requests
	caller
}

// timeScale makes a BACKOFF_RETRY come after 10 to 20 ms.
const timeScale = 0.001

// accounts are worlds of their own in the engine; the SecretId of "first" is AKIDfirst.
var accounts = []string{"first", "second"}

// most is how many queues and how many topics an account may have; 0 is the usual.
var most = map[string]int{"second": 1}

// start runs the service on dir.
func start(t *testing.T, dir string) *world {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	pusher, err := push.New(push.Config{Loopback: true})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{pusher: pusher}
	config := embedded.Config{Dir: dir, Log: slog.New(slog.DiscardHandler)}
	for _, name := range accounts {
		config.Accounts = append(config.Accounts, embedded.Account{Name: name})
	}
	if w.engine, err = embedded.Start(config); err != nil {
		t.Fatal(err)
	}
	keys := map[string]adapter.Key{}
	for _, name := range accounts {
		b := w.open(t, name, log)
		w.accounts = append(w.accounts, b)
		keys["AKID"+name] = adapter.Key{Secret: secrets["AKID"+name], Account: b}
	}
	handler := adapter.New(adapter.Config{Keys: keys, Log: log})
	w.server = httptest.NewUnstartedServer(handler)
	w.server.Config = adapter.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.serving.Add(1)
		defer w.serving.Add(-1)
		handler.ServeHTTP(rw, r)
	}), log)
	w.server.Start()
	w.caller = caller{w.server.Client(), w.server.Listener.Addr().String()}
	return w
}

// open opens an account for the adapter and, if it is the first, for NATS programs.
func (w *world) open(t *testing.T, name string, log *slog.Logger) *account.Account {
	t.Helper()
	door, err := w.engine.InProcess(name)
	if err != nil {
		t.Fatal(err)
	}
	if w.native == nil {
		if w.native, err = nats.Connect("", nats.InProcessServer(door), nats.UserInfo(door.User, door.Password)); err != nil {
			t.Fatal(err)
		}
	}
	b, err := account.Open(t.Context(), account.Config{
		Config: jet.Config{InProcess: door, User: door.User, Password: door.Password, Log: log},
		Queues: queues.Config{Max: most[name]},
		Topics: topics.Config{Max: most[name], Deliver: w.pusher.Deliver, CheckEndpoint: w.pusher.Check, TimeScale: timeScale},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// stop ends it in order, as the program does.
func (w *world) stop(t *testing.T) {
	t.Helper()
	for _, b := range w.accounts {
		b.EndPolls()
	}
	w.server.Close()
	w.native.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for _, b := range w.accounts {
		b.Close(ctx)
	}
	w.pusher.Close()
	if err := w.engine.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// waitForPoll returns when a receive waits in the queue's stream, or when the
// poll is over. A receive that only looks what is there waits for a moment,
// too, so it has to be seen twice.
func (w *world) waitForPoll(t *testing.T, queue string, over <-chan struct{}) {
	t.Helper()
	seen := 0
	eventually(t, "a receive waits at "+queue, func() bool {
		select {
		case <-over:
			return true
		default:
		}
		if seen++; w.waiting(t, queue) == 0 {
			seen = 0
		}
		return seen == 2
	})
}

// waitForIdle returns when no request is under way.
func (w *world) waitForIdle(t *testing.T) {
	t.Helper()
	eventually(t, "all requests are done", func() bool { return w.serving.Load() == 0 })
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not so within 10 s: %s", what)
		}
	}
}

func (w *world) waiting(t *testing.T, queue string) (n int) {
	t.Helper()
	js, err := jetstream.New(w.native)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), "cmq-queue-"+strings.ToLower(queue))
	if err != nil {
		t.Fatal(err)
	}
	for consumer := range stream.ListConsumers(t.Context()).Info() {
		n += consumer.NumWaiting
	}
	return n
}

// nativeDo does what a NATS program of the account may do:
//
//	publish <subject> <body>     with <header>=<value>…; the answer is JetStream's acknowledgement
//	stream <name>                the answer is the stream's configuration and state
//	expire <name> <duration>     makes the stream drop what is older
func (w *world) nativeDo(ctx context.Context, words []string, headers []pair) (answer, error) {
	js, err := jetstream.New(w.native)
	if err != nil {
		return answer{}, err
	}
	switch {
	case len(words) == 3 && words[0] == "publish":
		m := nats.NewMsg(words[1])
		m.Data = []byte(words[2])
		for _, h := range headers {
			m.Header.Set(h.name, h.value)
		}
		ack, err := js.PublishMsg(ctx, m)
		return answerOf(ack, err)
	case len(words) == 2 && words[0] == "stream":
		return streamOf(ctx, js, words[1])
	case len(words) == 3 && words[0] == "expire":
		stream, err := js.Stream(ctx, words[1])
		if err != nil {
			return answer{}, err
		}
		config := stream.CachedInfo().Config
		if config.MaxAge, err = time.ParseDuration(words[2]); err != nil {
			return answer{}, err
		}
		config.Duplicates = min(config.Duplicates, config.MaxAge)
		return answerOf(js.UpdateStream(ctx, config))
	}
	return answer{}, fmt.Errorf("native has no %q", words)
}

func streamOf(ctx context.Context, js jetstream.JetStream, name string) (answer, error) {
	stream, err := js.Stream(ctx, name)
	if err != nil {
		return answer{}, err
	}
	return answerOf(stream.CachedInfo(), nil)
}

// answerOf makes an answer of what JetStream said.
func answerOf(said any, err error) (a answer, _ error) {
	if err != nil {
		return a, err
	}
	text, err := json.Marshal(said)
	if err != nil {
		return a, err
	}
	a.text = string(text)
	if err := decode(a.text, &a.fields); err != nil {
		return a, err
	}
	if a.fields == nil {
		a.fields = map[string]any{}
	}
	a.fields["code"] = json.Number("0")
	return a, nil
}
