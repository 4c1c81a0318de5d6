package process

import (
	"context"
	"testing"
)

// The health command finds the server by the settings both are started with.
func TestHealth(t *testing.T) {
	t.Parallel()
	s := launch(t)
	c := Config{Addr: s.Addr.String()}
	if err := CheckHealth(context.Background(), c); err != nil {
		t.Error(err)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if CheckHealth(context.Background(), c) == nil {
		t.Error("a server that has stopped is well")
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"127.0.0.1:80": "http://127.0.0.1:80/healthz",
		":8080":        "http://127.0.0.1:8080/healthz",
		"0.0.0.0:1":    "http://127.0.0.1:1/healthz",
		"[::]:1":       "http://127.0.0.1:1/healthz",
		"[::1]:1":      "http://[::1]:1/healthz",
	} {
		if got, err := (&Config{Addr: addr}).probe(); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", addr, got, err, want)
		}
	}
}
