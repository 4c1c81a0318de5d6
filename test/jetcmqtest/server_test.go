package jetcmqtest_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/test/jetcmqtest"
)

func TestRestartKeepsDataAndAddresses(t *testing.T) {
	both(t, func(t *testing.T, s *jetcmqtest.Server) {
		s.CreateQueue("orders")
		s.Send("orders", "hello")
		endpoint, nats := s.Endpoint(), s.NATSURL()
		s.Stop()
		if _, err := s.Client().Call(t.Context(), "ListQueue"); err == nil {
			t.Error("a stopped server answers")
		}
		s.Stop() // once more is nothing
		s.Restart()
		if s.Endpoint() != endpoint || s.NATSURL() != nats {
			t.Errorf("moved from %s and %s to %s and %s", endpoint, nats, s.Endpoint(), s.NATSURL())
		}
		wantQueue(t, s, "orders", "active hello")
		if m := s.Take("orders"); m.Body != "hello" || m.DequeueCount != 1 {
			t.Errorf("got %v, want hello", m)
		}
	})
}

func TestAccounts(t *testing.T) {
	callers := jetcmqtest.WithCredentials(
		jetcmqtest.Credentials{SecretID: "AKIDours", SecretKey: "our/secret+key"},
		jetcmqtest.Credentials{SecretID: "AKIDtheirs", SecretKey: "their-secret", Account: "other"},
	)
	both(t, func(t *testing.T, s *jetcmqtest.Server) {
		theirs := s.As("AKIDtheirs")
		s.CreateQueue("q")
		theirs.CreateQueue("q")
		s.Send("q", "ours")
		theirs.Send("q", "theirs")
		wantQueue(t, s, "q", "active ours")
		wantQueue(t, theirs, "q", "active theirs")
		theirs.Reset()
		if err := theirs.Refused("GetQueueAttributes", "queueName=q"); err.Code != 4440 {
			t.Errorf("got %v, want 4440", err)
		}
		wantQueue(t, s, "q", "active ours")
		forged := s.Client()
		forged.Credentials.SecretKey = "wrong"
		var refused *jetcmqtest.Error
		if _, err := forged.Call(t.Context(), "ListQueue"); !errors.As(err, &refused) || refused.Code != 4100 {
			t.Errorf("a wrong key: got %v, want 4100", err)
		}
		if got := s.Credentials().SecretID + theirs.Credentials().SecretID; got != "AKIDoursAKIDtheirs" {
			t.Errorf("got %s", got)
		}
		wantText(t, failure(t, s, func(s *jetcmqtest.Server) { s.As("nobody") }), "WithCredentials did not name nobody")
	}, callers)
}

func TestSeeds(t *testing.T) {
	const text = "queues: [{name: orders, visibilityTimeout: 7}]\ntopics: [{name: news, subscriptions: [{name: s, protocol: queue, endpoint: orders}]}]\n"
	both(t, func(t *testing.T, s *jetcmqtest.Server) {
		s.Publish("news", "hello")
		s.WaitFor("orders", jetcmqtest.Body("hello"))
		if got := s.Call("GetQueueAttributes", "queueName=orders").Text("visibilityTimeout"); got != "7" {
			t.Errorf("visibilityTimeout is %s, want 7", got)
		}
		s.Reset()
		s.Refused("GetQueueAttributes", "queueName=orders")
		s.Restart()
		s.Call("GetQueueAttributes", "queueName=orders")
	}, jetcmqtest.WithSeeds(text))
}

func TestSeedsFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "seeds.yaml")
	if err := os.WriteFile(name, []byte("queues: [{name: orders}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := jetcmqtest.Start(t, jetcmqtest.WithSeedsFile(name), jetcmqtest.WithImage(""))
	wantQueue(t, s, "orders", "")
}

func TestSettings(t *testing.T) {
	both(t, func(t *testing.T, s *jetcmqtest.Server) {
		s.CreateQueue("one")
		if err := s.Refused("CreateQueue", "queueName=two"); err.Code != 4000 && err.Code != 4500 && !strings.Contains(err.Message, "10220") {
			t.Errorf("got %v, want the limit of queues", err)
		}
		s.CreateTopic("t")
		for _, allowed := range []string{"http://10.1.2.3/", "http://hooks.internal/"} {
			s.Call("Subscribe", "topicName=t", "subscriptionName=s"+allowed[7:9], "protocol=http", "endpoint="+allowed)
		}
		s.Refused("Subscribe", "topicName=t", "subscriptionName=s", "protocol=http", "endpoint=http://10.2.0.1/")
	}, jetcmqtest.WithSetting("JETCMQ_MAX_QUEUES", "1"), jetcmqtest.WithDurability("memory"),
		jetcmqtest.WithPushAllow("10.1.0.0/16", "hooks.internal"))
}

func TestBadOptions(t *testing.T) {
	t.Parallel()
	for want, opt := range map[string]jetcmqtest.Option{
		"JETCMQ_ADDR cannot be set: Endpoint tells": jetcmqtest.WithSetting("JETCMQ_ADDR", ":80"),
		"JETCMQ_QUEUES is not a setting":            jetcmqtest.WithSetting("JETCMQ_QUEUES", "1"),
		"JETCMQ_DURABILITY=forever is not one of":   jetcmqtest.WithDurability("forever"),
		"no patience":  jetcmqtest.WithPatience(0),
		"no such file": jetcmqtest.WithSeedsFile("nowhere.yaml"),
		"seeds:1:":     jetcmqtest.WithSeeds("queues: 7"),
		"JETCMQ_CREDENTIALS: entry 1 is not secretId":   jetcmqtest.WithCredentials(jetcmqtest.Credentials{SecretID: "a,b"}),
		"JETCMQ_PUSH_ALLOW: \"http://x\" is not like 1": jetcmqtest.WithPushAllow("http://x"),
	} {
		s, err := jetcmqtest.Open(t.Context(), jetcmqtest.WithImage(""), opt)
		if err == nil {
			s.Close()
			t.Errorf("got no error, want %s", want)
			continue
		}
		wantText(t, err.Error(), want)
	}
}

// A server in a container that cannot start says why.
func TestBadSettingInContainer(t *testing.T) {
	t.Parallel()
	_, err := jetcmqtest.Open(t.Context(), jetcmqtest.WithImage(needImage(t)), jetcmqtest.WithSetting("JETCMQ_QUEUES", "1"))
	if err == nil {
		t.Fatal("got no error")
	}
	wantText(t, err.Error(), "JETCMQ_QUEUES is not a setting")
}

func TestOpen(t *testing.T) {
	t.Parallel()
	service, err := jetcmqtest.Open(t.Context(), jetcmqtest.WithImage(""))
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	if _, err := service.Client().Call(t.Context(), "CreateQueue", "queueName=q"); err != nil {
		t.Fatal(err)
	}
	service.For(t).Send("q", "hello")
	if err := service.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantQueue(t, service.For(t), "q", "active hello")
	if err := service.Close(); err != nil {
		t.Fatal(err)
	}
	if reply, err := http.Get(service.Endpoint()); err == nil {
		reply.Body.Close()
		t.Error("a closed server answers")
	}
}

// TestQuickStart keeps servers in process what suites can afford for each test.
// A server waits for its NATS server forever, a test does not.
func TestStartWithoutNATS(t *testing.T) {
	t.Parallel()
	s, err := jetcmqtest.Open(t.Context(), jetcmqtest.WithImage(""), jetcmqtest.WithNATS("nats://127.0.0.1:1"),
		jetcmqtest.WithPatience(50*time.Millisecond))
	if err == nil {
		s.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "not ready within 300ms: does the NATS server") {
		t.Errorf("got %v, want it to give up", err)
	}
}

func TestQuickStart(t *testing.T) {
	t.Parallel()
	best := time.Minute
	for range 5 {
		began := time.Now()
		service, err := jetcmqtest.Open(context.Background(), jetcmqtest.WithImage(""), jetcmqtest.WithDurability("memory"))
		if err != nil {
			t.Fatal(err)
		}
		best = min(best, time.Since(began))
		if err := service.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if best > 500*time.Millisecond {
		t.Errorf("a start takes %v", best)
	}
	t.Logf("a start takes %v", best)
}
