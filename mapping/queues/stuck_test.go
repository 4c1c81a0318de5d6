package queues_test

import (
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
)

// One message that stays in flight must not cost the others anything: this is
// what decided that a queue is a log with a cursor (see ARCHITECTURE.md). With
// a retention that removes each message as it is deleted, JetStream makes one
// file a message after some 65,000.
func TestAStuckMessageCostsNothing(t *testing.T) {
	a := newAccount(t)
	a.create("q", mapping.QueueAttributes{VisibilityTimeout: num(43200)})
	a.send("q", "stuck")
	a.receive("q", 0)
	rounds, size := 10, 20_000
	if testing.Short() || raceEnabled {
		rounds, size = 4, 5_000
	}
	var first, last time.Duration
	for i := range rounds {
		last = a.flow("q", size)
		if i == 0 {
			first = last
		}
	}
	files, bytes := storeSize(t, a.server.Dir(), "cmq-queue-q")
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	flown := rounds * size
	t.Logf("%d messages of 100 bytes past a stuck one: %.0f/s at first, %.0f/s at last; %d files, %d MiB stored, %d MiB heap",
		flown, float64(size)/first.Seconds(), float64(size)/last.Seconds(), files, bytes>>20, mem.HeapInuse>>20)
	if files > 20+flown/10_000 {
		t.Errorf("%d files", files)
	}
	if perMessage := bytes / int64(flown); perMessage > 250 {
		t.Errorf("%d bytes stored a message", perMessage)
	}
	if d := a.describe("q"); d.Active != 0 || d.Inactive != 1 {
		t.Errorf("got %+v, want one message in flight", d)
	}
}

// flow sends, receives and deletes n messages with eight clients.
func (a *account) flow(name mapping.QueueName, n int) time.Duration {
	body := strings.Repeat("x", 100)
	began := time.Now()
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for range n / 8 {
				if _, err := a.Send(ctx, name, body, 0); err != nil {
					a.t.Error(err)
					return
				}
				ms, err := a.Receive(ctx, name, 1, 5*time.Second)
				if err != nil {
					a.t.Error(err)
					return
				}
				if err := a.Delete(ctx, name, ms[0].Handle); err != nil {
					a.t.Error(err)
					return
				}
			}
		})
	}
	clients.Wait()
	return time.Since(began)
}

// storeSize counts the files and bytes of a stream's messages.
func storeSize(t *testing.T, dir, stream string) (files int, bytes int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(path, stream) {
			return nil // a file may vanish while we look
		}
		if info, err := d.Info(); err == nil {
			files++
			bytes += info.Size()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, bytes
}
