package process

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/adapter/seeds"
)

const seeded = `queues:
  - name: dead
  - name: orders
    visibilityTimeout: 60
    deadLetterPolicy:
      deadLetterQueue: dead
      policy: 0
      maxReceiveCount: 3
topics:
  - name: news
    subscriptions:
      - name: red
        protocol: queue
        endpoint: orders
        filterTags: [red]
`

// seedFile writes a file and gives the setting that points at it.
func seedFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "s.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return "JETCMQ_SEEDS=" + name
}

// exports wants the text that the server with those settings exports.
func (s service) exports(t *testing.T, want string, environ ...string) {
	t.Helper()
	c, err := Load(append(environ, "JETCMQ_ADDR="+s.Addr.String()))
	if err != nil {
		t.Fatal(err)
	}
	got, err := ExportSeeds(t.Context(), c)
	if err != nil || string(got) != want {
		t.Errorf("got\n%sand %v, want\n%s", got, err, want)
	}
}

func TestSeeds(t *testing.T) {
	t.Parallel()
	dir, file := "JETCMQ_DATA_DIR="+t.TempDir(), seedFile(t, seeded)
	for range 2 {
		s := launch(t, dir, file)
		s.expect(t, "Action=PublishMessage&topicName=news&msgBody=hello&msgTag.1=red", `"code":0`)
		s.expect(t, "Action=ReceiveMessage&queueName=orders&pollingWaitSeconds=10", `"msgBody":"hello"`)
		s.exports(t, seeded)
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSeedsOfSeveralAccounts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certificate(t, dir)
	who := []string{"JETCMQ_CREDENTIALS=ann:secret,bob:hidden:b,eve:other:b,zoe:third:1",
		"JETCMQ_TLS_CERT=" + dir + "/cert.pem", "JETCMQ_TLS_KEY=" + dir + "/key.pem"}
	text := "queues:\n  - name: q\naccounts:\n  b:\n    topics:\n      - name: t\n        subscriptions:\n" +
		"          - name: s\n            protocol: http\n            endpoint: \"https://a.example/b?c=d&e=f+g\"\n  1:\n    queues:\n      - name: b\n"
	s := launch(t, append(who, seedFile(t, text))...)
	s.exports(t, text, who...)
	c, err := Load([]string{who[1], who[2], "JETCMQ_ADDR=" + s.Addr.String(), "JETCMQ_CREDENTIALS=ann:wrong"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ExportSeeds(t.Context(), c); err == nil || !strings.Contains(err.Error(), "account default: list queues: AuthFailure.SignatureFailure") {
		t.Errorf("with the wrong key: got %v, want a failed signature", err)
	}
}

// Two servers that start together on one NATS server quarrel about nothing.
func TestSeedsOfServersTogether(t *testing.T) {
	t.Parallel()
	home := launch(t, "JETCMQ_NATS_ADDR=127.0.0.1:0")
	file := seedFile(t, seeded)
	t.Run("servers", func(t *testing.T) { // which have ended when it returns
		for range 3 {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				launch(t, "JETCMQ_NATS_URL="+home.NATS, file).expect(t, "Action=ListQueue", `"totalCount":2`)
			})
		}
	})
	home.exports(t, seeded)
}

func TestWithSeeds(t *testing.T) {
	t.Parallel()
	c, err := Load([]string{"JETCMQ_ADDR=127.0.0.1:0", "JETCMQ_NATS_ADDR=off", "JETCMQ_DURABILITY=memory"})
	if err != nil {
		t.Fatal(err)
	}
	launchWith(t, c.WithSeeds([]byte(seeded))).exports(t, seeded)
}

func TestNoStartWithBadSeeds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := launch(t, "JETCMQ_DATA_DIR="+dir)
	s.expect(t, "Action=CreateTopic&topicName=t", `"code":0`)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	unused := filepath.Join(t.TempDir(), "unused")
	for want, c := range map[string]struct{ dir, text string }{
		":1:20: visibilityTimeout: 50000 is above 43200":                                    {unused, "queues: [{name: q, visibilityTimeout: 50000}]"},
		":1:1: this is not YAML: ":                                                          {unused, "\tqueues:"},
		":1:12: the settings do not have the account b (but default)":                       {unused, "accounts: {b: {queues: [{name: q}]}}"},
		":2:20: topic t exists with filterType 1, which cannot become 2: delete the topic ": {dir, "queues: [{name: q}]\ntopics: [{name: t, filterType: 2}]"},
		":1:62: endpoint: \"http://10.0.0.1/\": ":                                           {dir, "topics: [{name: x, subscriptions: [{name: s, protocol: http, endpoint: http://10.0.0.1/}]}]"},
		":1:22: the account would have 2 queues, more than 1 (JETCMQ_MAX_QUEUES)":           {dir, "queues: [{name: a}, {name: b}]"},
	} {
		setting := seedFile(t, c.text)
		config, err := Load([]string{"JETCMQ_ADDR=127.0.0.1:0", "JETCMQ_NATS_ADDR=off", "JETCMQ_DATA_DIR=" + c.dir, "JETCMQ_MAX_QUEUES=1", setting})
		if err != nil {
			t.Fatal(err)
		}
		err = Run(t.Context(), config, slog.New(slog.DiscardHandler), func(Place) { t.Error("it is ready") })
		_, file, _ := strings.Cut(setting, "=")
		var faults seeds.Faults
		if !errors.As(err, &faults) || !strings.HasPrefix(err.Error(), file+want) {
			t.Errorf("%s\ngot %v\nwant %s", c.text, err, want)
		}
	}
	if _, err := os.Stat(unused); !errors.Is(err, os.ErrNotExist) {
		t.Error("a data directory was made")
	}
	s = launch(t, "JETCMQ_DATA_DIR="+dir)
	s.exports(t, "topics:\n  - name: t\n")
}

func TestMissingSeeds(t *testing.T) {
	t.Parallel()
	c, err := Load([]string{"JETCMQ_ADDR=127.0.0.1:0", "JETCMQ_SEEDS=/none/s.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	const want = "seeds: open /none/s.yaml"
	if err := Run(t.Context(), c, slog.New(slog.DiscardHandler), nil); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestExportNeedsAServer(t *testing.T) {
	t.Parallel()
	c, err := Load([]string{"JETCMQ_ADDR=127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ExportSeeds(t.Context(), c); err == nil || !strings.Contains(err.Error(), "no server with these settings answers") {
		t.Errorf("got %v", err)
	}
}

// While JetStream does not work seeds are tried again, as long as nobody stops it.
func TestSeedsWaitForJetStream(t *testing.T) {
	t.Parallel()
	home := launch(t, "JETCMQ_NATS_ADDR=127.0.0.1:0")
	c, err := Load([]string{"JETCMQ_NATS_URL=" + home.NATS})
	if err != nil {
		t.Fatal(err)
	}
	e, err := open(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.close(t.Context()); err != nil { // so that every call fails
		t.Fatal(err)
	}
	file, err := seeds.Parse("s.yaml", []byte(seeded))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	log := slog.New(slog.NewTextHandler(writerFunc(func(line string) {
		if !strings.Contains(line, "seeds cannot be applied yet") {
			t.Errorf("got %s", line)
		}
		stop()
	}), nil))
	if err := e.seed(ctx, c, file, log); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want it stopped", err)
	}
}

type writerFunc func(string)

func (f writerFunc) Write(p []byte) (int, error) {
	f(string(p))
	return len(p), nil
}
