package embedded

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A power cut half a minute after a queue was made took the queue, because
// JetStream writes descriptions without syncing them.
func TestDescriptionsAreSynced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Start(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop(context.Background()) })
	door, err := s.InProcess("default")
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect("", nats.InProcessServer(door), nats.UserInfo(door.User, door.Password))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	var synced []string
	d := &describer{dir: dir, log: slog.Default(), sync: func(path string) error {
		synced = append(synced, strings.TrimPrefix(path, filepath.Join(dir, "jetstream", "default", "streams")))
		return syncPath(path)
	}}
	wants := func(why string, want ...string) {
		t.Helper()
		synced = nil
		if err := d.pass(); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(synced, want) {
			t.Errorf("%s: got %q synced, want %q", why, synced, want)
		}
	}
	age := func(path string) {
		t.Helper()
		past := time.Now().Add(-time.Minute)
		if err := os.Chtimes(filepath.Join(dir, "jetstream", "default", "streams", path), past, past); err != nil {
			t.Fatal(err)
		}
	}
	stream := []string{"/S/meta.inf", "/S/meta.sum", "/S", ""}
	consumer := []string{"/S/obs/C/meta.inf", "/S/obs/C/meta.sum", "/S/obs/C", "/S/obs"}
	wants("nothing there")
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}}); err != nil {
		t.Fatal(err)
	}
	wants("a stream", stream...)
	age("S/meta.inf")
	age("S/obs")
	wants("changed", stream...)
	wants("and not again")
	if _, err := js.CreateConsumer(t.Context(), "S", jetstream.ConsumerConfig{Durable: "C"}); err != nil {
		t.Fatal(err)
	}
	wants("a consumer", consumer...)
	age("S/obs/C/meta.inf")
	wants("changed", consumer...)
	age("S/obs")
	wants("and not again")
	if _, err := js.UpdateConsumer(t.Context(), "S", jetstream.ConsumerConfig{Durable: "C", Description: "changed"}); err != nil {
		t.Fatal(err)
	}
	wants("an updated consumer", consumer...)
	if err := js.DeleteStream(t.Context(), "S"); err != nil {
		t.Fatal(err)
	}
	wants("deleted")
}
