package embedded_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping/embedded"
)

func TestPlain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := filepath.Join(dir, "nats.conf")
	if err := os.WriteFile(config, []byte("max_connections: 7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- embedded.Plain(ctx, []string{"-c", config, "-a", "127.0.0.1", "-p", "-1", "-sd", dir + "/data", "--ports_file_dir", dir})
	}()
	nc, err := nats.Connect(portsFile(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if got, want := nc.MaxPayload(), int64(embedded.DefaultMaxPayload); got != want {
		t.Errorf("got a payload of %d bytes at most, want %d", got, want)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "s"}); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// portsFile waits for the file in which the server tells its address.
func portsFile(t *testing.T, dir string) string {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); <-tick.C {
		files, _ := filepath.Glob(dir + "/*.ports")
		if len(files) == 0 {
			continue
		}
		var ports struct{ NATS []string }
		if text, err := os.ReadFile(files[0]); err == nil && json.Unmarshal(text, &ports) == nil && len(ports.NATS) > 0 {
			return ports.NATS[0]
		}
	}
	t.Fatal("the server told no address")
	return ""
}

func TestPlainRefuses(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"nats-server: flag provided but not defined: -nonsense": {"--nonsense"},
		"nats-server: open /no/such/file":                       {"-c", "/no/such/file"},
		"nats-server: unrecognized command":                     {"sreve"},
	} {
		if err := embedded.Plain(t.Context(), args); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v: got %v, want %s", args, err, want)
		}
	}
}
