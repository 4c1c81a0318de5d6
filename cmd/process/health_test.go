package process

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// The health command finds the server by the settings both are started with.
func TestHealth(t *testing.T) {
	t.Parallel()
	s := launch(t)
	c := Config{Addr: s.Addr.String()}
	for _, ready := range []bool{false, true} {
		if err := CheckHealth(context.Background(), c, ready); err != nil {
			t.Error(err)
		}
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if CheckHealth(context.Background(), c, false) == nil {
		t.Error("a server that has stopped is well")
	}
}

// Readiness goes red with JetStream, green with it, and tells why.
func TestReadinessFollowsJetStream(t *testing.T) {
	t.Parallel()
	dir, credentials := "JETCMQ_DATA_DIR="+t.TempDir(), "JETCMQ_CREDENTIALS=ann:secret"
	engine := launch(t, dir, credentials, "JETCMQ_NATS_ADDR=127.0.0.1:0")
	s := launch(t, "JETCMQ_NATS_URL="+engine.NATS, "JETCMQ_NATS_USER=ann", "JETCMQ_NATS_PASSWORD=secret")
	c := Config{Addr: s.Addr.String()}
	if err := CheckHealth(t.Context(), c, true); err != nil {
		t.Fatal(err)
	}
	if err := engine.stop(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is not ready without NATS", func() bool {
		err := CheckHealth(t.Context(), c, true)
		return err != nil && strings.Contains(err.Error(), "account default: JetStream takes no write")
	})
	if err := CheckHealth(t.Context(), c, false); err != nil {
		t.Errorf("it lives without NATS: %v", err)
	}
	launch(t, dir, credentials, "JETCMQ_NATS_ADDR="+strings.TrimPrefix(engine.NATS, "nats://"))
	eventually(t, "it is ready again", func() bool { return CheckHealth(t.Context(), c, true) == nil })
}

// In the same image a plain nats-server is asked as it can answer.
func TestHealthOfNATS(t *testing.T) {
	t.Parallel()
	status := http.StatusOK
	monitor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.WriteHeader(status)
	}))
	defer monitor.Close()
	c := Config{Addr: monitor.Listener.Addr().String()}
	if err := CheckHealth(t.Context(), c, true); err != nil {
		t.Error(err)
	}
	status = http.StatusServiceUnavailable
	if CheckHealth(t.Context(), c, true) == nil {
		t.Error("a nats-server that says it is not well is well")
	}
}

// A listener that has no engine yet lives, and sends callers away.
func TestStarting(t *testing.T) {
	t.Parallel()
	h := newFront().handler()
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503, "/?Action=ListQueue": 503} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != want {
			t.Errorf("%s: got %d %s, want %d", path, w.Code, w.Body, want)
		}
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not so within 20 s: %s", what)
		}
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"127.0.0.1:80": "http://127.0.0.1:80/",
		":8080":        "http://127.0.0.1:8080/",
		"0.0.0.0:1":    "http://127.0.0.1:1/",
		"[::]:1":       "http://127.0.0.1:1/",
		"[::1]:1":      "http://[::1]:1/",
		":8080, :80":   "http://127.0.0.1:8080/",
	} {
		for path, ready := range map[string]bool{"healthz": false, "readyz": true} {
			if got, err := (&Config{Addr: addr}).probe(ready); err != nil || got != want+path {
				t.Errorf("%s: got %s, %v, want %s", addr, got, err, want+path)
			}
		}
	}
}
