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

// described is a server with a client.
type described struct {
	*testing.T
	dir    string
	server *Server
	jetstream.JetStream
}

func newDescribed(t *testing.T) *described {
	d := &described{T: t, dir: t.TempDir()}
	d.start()
	t.Cleanup(func() { d.server.Stop(context.Background()) })
	return d
}

func (d *described) start() {
	d.Helper()
	var err error
	if d.server, err = Start(Config{Dir: d.dir}); err != nil {
		d.Fatal(err)
	}
	door, err := d.server.InProcess("default")
	if err != nil {
		d.Fatal(err)
	}
	nc, err := nats.Connect("", nats.InProcessServer(door), nats.UserInfo(door.User, door.Password))
	if err != nil {
		d.Fatal(err)
	}
	d.Cleanup(nc.Close)
	if d.JetStream, err = jetstream.New(nc); err != nil {
		d.Fatal(err)
	}
}

func (d *described) path(name string) string {
	return filepath.Join(d.dir, "jetstream", "default", "streams", name)
}

// create makes a stream S with five messages and a consumer C that has the first
// two acknowledged.
func (d *described) create() {
	d.Helper()
	ctx := d.Context()
	if _, err := d.CreateStream(ctx, jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}}); err != nil {
		d.Fatal(err)
	}
	c, err := d.CreateConsumer(ctx, "S", jetstream.ConsumerConfig{Durable: "C"})
	if err != nil {
		d.Fatal(err)
	}
	for range 5 {
		if _, err := d.Publish(ctx, "s", nil); err != nil {
			d.Fatal(err)
		}
	}
	batch, err := c.Fetch(2)
	if err != nil {
		d.Fatal(err)
	}
	for m := range batch.Messages() {
		if err := m.DoubleAck(ctx); err != nil {
			d.Fatal(err)
		}
	}
	deadline := time.Now().Add(10 * time.Second)
	for empty(d.path("S/obs/C/o.dat")) && time.Now().Before(deadline) {
		<-time.After(10 * time.Millisecond) // JetStream writes it ten times a second
	}
}

// cut stops the server and empties files in one of the two ways.
func (d *described) cut(zeros int, names ...string) {
	d.Helper()
	if err := d.server.Stop(context.Background()); err != nil {
		d.Fatal(err)
	}
	for _, name := range names {
		// Another file, as JetStream would have made it.
		if err := os.Remove(d.path(name)); err != nil {
			d.Fatal(err)
		}
		if err := os.WriteFile(d.path(name), make([]byte, zeros), 0o600); err != nil {
			d.Fatal(err)
		}
	}
}

func TestSmallFilesAreKept(t *testing.T) {
	t.Parallel()
	d := newDescribed(t)
	by := &describer{dir: d.dir, log: slog.Default()}
	wants := func(why string, want ...string) {
		t.Helper()
		done, err := by.pass()
		if err != nil {
			t.Fatal(err)
		}
		for i := range done {
			done[i] = strings.TrimPrefix(done[i], d.path("")+"/")
			past := time.Now().Add(-time.Minute) // so that it is not fresh any more
			if err := os.Chtimes(d.path(done[i]), past, past); err != nil {
				t.Fatal(err)
			}
			by.seen[d.path(done[i])] = past
		}
		if !slices.Equal(done, want) {
			t.Errorf("%s: got %q kept, want %q", why, done, want)
		}
	}
	stream, consumer := []string{"S/meta.inf", "S/meta.sum"}, []string{"S/obs/C/meta.inf", "S/obs/C/meta.sum"}
	wants("nothing there")
	d.create()
	wants("all", append(append([]string{"S/obs/C/o.dat"}, stream...), consumer...)...)
	wants("and not again")
	if _, err := d.UpdateConsumer(t.Context(), "S", jetstream.ConsumerConfig{Durable: "C", Description: "changed"}); err != nil {
		t.Fatal(err)
	}
	wants("an updated consumer", consumer...)
	if err := d.DeleteStream(t.Context(), "S"); err != nil {
		t.Fatal(err)
	}
	wants("deleted")
}

// After a power cut JetStream did not find queues that were half a minute old, and
// refused consumers whose state was written in the last moment: those queues
// answered "server internal error" from then on.
func TestAPowerCutEmptiesSmallFiles(t *testing.T) {
	t.Parallel()
	for name, files := range map[string][]string{
		"stream": {"S/meta.inf", "S/meta.sum"}, "sum": {"S/meta.sum"},
		"consumer": {"S/obs/C/meta.inf", "S/obs/C/meta.sum"}, "state": {"S/obs/C/o.dat"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDescribed(t)
			d.create()
			d.cut(0)
			if _, err := (&describer{dir: d.dir}).pass(); err != nil {
				t.Fatal(err)
			}
			d.start()
			for _, zeros := range []int{0, 60} {
				d.cut(zeros, files...)
				d.start()
				d.wants(2)
			}
		})
	}
}

// wants that consumer C is there, with so many messages acknowledged.
func (d *described) wants(floor uint64) {
	d.Helper()
	c, err := d.Consumer(d.Context(), "S", "C")
	if err != nil {
		d.Fatal(err)
	}
	info, err := c.Info(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	if info.AckFloor.Stream != floor || info.NumPending != 5-floor {
		d.Errorf("got %d acknowledged and %d pending messages, want %d and %d", info.AckFloor.Stream, info.NumPending, floor, 5-floor)
	}
}

func TestAStateThatWasNeverKeptBeginsAnew(t *testing.T) {
	t.Parallel()
	d := newDescribed(t)
	d.create()
	d.cut(60, "S/obs/C/o.dat")
	if err := ignoreGone(os.Remove(d.path("S/obs/C/o.dat.kept"))); err != nil {
		t.Fatal(err)
	}
	d.start()
	d.wants(0)
}

func TestEmpty(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "file")
	if !empty(name) {
		t.Error("a file that is not there is not empty")
	}
	full := slices.Repeat([]byte{1}, 10_000)
	hole := slices.Clone(full)
	clear(hole[4096:8192])
	shifted := slices.Clone(full)
	clear(shifted[4095:8191])
	for text, want := range map[string]bool{"": true, "\x00\x00": true, "\x00x": false, string(full): false, string(hole): true, string(shifted): false} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := empty(name); got != want {
			t.Errorf("%.10q…: got %v, want %v", text, got, want)
		}
	}
}
