package test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/test/internal/docker"
	"github.com/jetcmq/jetcmq/test/jetcmqtest"
)

// image is what the suites also run against, besides the service in this process.
var image = flag.String("image", os.Getenv(jetcmqtest.ImageVariable), "an image of jetcmq to test")

// TestMain lets more stories run at a time than there are processors: what
// they mostly do is wait.
func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", "12") // unless the command line says otherwise
	docker.Prepare()
	os.Exit(m.Run())
}

// both runs a suite in this process and against the image.
func both(t *testing.T, suite func(t *testing.T, img string)) {
	t.Helper()
	t.Run("process", func(t *testing.T) { suite(t, "") })
	t.Run("image", func(t *testing.T) {
		if *image == "" {
			t.Skip("no image is named: go test ./test -image NAME, or " + jetcmqtest.ImageVariable)
		}
		suite(t, *image)
	})
}

// world is the service and who uses it.
type world struct {
	*jetcmqtest.Server
	native *nats.Conn // into the first account
	caller
}

// start runs the service with two accounts. A BACKOFF_RETRY comes after 10 to
// 20 ms.
func start(t *testing.T, img string, more ...jetcmqtest.Option) *world {
	t.Helper()
	return startFor(t, img, []string{"first", "second"}, more...)
}

// startFor is start with other accounts; their callers are AKID and the name.
func startFor(t *testing.T, img string, accounts []string, more ...jetcmqtest.Option) *world {
	t.Helper()
	options := []jetcmqtest.Option{jetcmqtest.WithImage(img), jetcmqtest.WithTimeScale(0.001),
		jetcmqtest.WithSetting("JETCMQ_CALL_TIMEOUT", "30s")} // the machine may be busy, and NATS elect a leader
	for _, account := range accounts {
		id := "AKID" + account
		options = append(options, jetcmqtest.WithCredentials(jetcmqtest.Credentials{SecretID: id, SecretKey: secrets[id], Account: account}))
	}
	s := jetcmqtest.Start(t, append(options, more...)...)
	host := strings.TrimPrefix(s.Endpoint(), "http://")
	return &world{Server: s, native: s.Native(), caller: caller{http.DefaultClient, host}}
}

// meeting tells where a program of this machine listens for pushes, and by
// what host the service finds it.
func (w *world) meeting(t *testing.T) (listen, reach string) {
	t.Helper()
	l := w.Listen()
	defer l.Close()
	listen, _, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(w.PushURL(l.Addr(), "/"))
	if err != nil {
		t.Fatal(err)
	}
	return listen, u.Hostname()
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

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not so within a minute: %s", what)
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
