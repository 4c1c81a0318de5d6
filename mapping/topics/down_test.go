package topics_test

import (
	"context"
	"flag"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/topics"
)

var downMessages = flag.Int("down.messages", 0, "messages of TestADeadSubscriberCostsOthersNothing; 0 = 4,000, or 1,600 with -short; in eighties")

// A subscriber that is down for long, while its topic carries many messages for
// others: what it has still to get stays, and costs only its place on the disk.
// This is what decided that a topic is a log. With a retention that removes each
// message as soon as everybody has it, JetStream makes one file a message once
// a single one stays.
func TestADeadSubscriberCostsOthersNothing(t *testing.T) {
	size := *downMessages
	if size == 0 {
		size = 4_000
		if testing.Short() {
			size = 1_600
		}
	}
	for name, c := range map[string]struct {
		answer mapping.Deliver
		left   int64 // of size messages
	}{
		"everything fails":     {fails, int64(size)},
		"everything hangs":     {hangs, int64(size)},
		"one message is stuck": {failsOnce(), 1},
	} {
		t.Run(name, func(t *testing.T) {
			var arrived atomic.Int64
			n := func(ctx context.Context, p mapping.Push) error {
				if p.Endpoint == "http://dead" {
					return c.answer(ctx, p)
				}
				arrived.Add(1)
				return nil
			}
			w := start(t, topics.Config{Deliver: n})
			w.topic("news", mapping.FilterTag)
			w.toWeb("news", "dead", mapping.Subscription{})
			w.toWeb("news", "one", mapping.Subscription{})
			w.toWeb("news", "two", mapping.Subscription{FilterTags: []string{"red"}})
			var took []time.Duration
			for i := range 10 {
				began := time.Now()
				w.flood("news", size/10)
				want := int64(2 * (i + 1) * (size / 10))
				eventually(t, func() bool { return arrived.Load() == want }, func() string { return "the others do not get everything" })
				took = append(took, time.Since(began))
			}
			w.pending("news", "dead", c.left)
			files, bytes := storeSize(t, w.server.Dir(), "cmq-topic-news")
			var mem runtime.MemStats
			runtime.ReadMemStats(&mem)
			rate := func(d time.Duration) float64 { return float64(size/10) / d.Seconds() }
			t.Logf("%d messages of 100 bytes: %.0f/s at first, %.0f/s at last; %d files, %d MiB stored, %d MiB heap",
				size, rate(took[0]), rate(took[9]), files, bytes>>20, mem.HeapInuse>>20)
			if files > 20+size/10_000 {
				t.Errorf("%d files", files)
			}
			if each := bytes / int64(size); each > 300 {
				t.Errorf("%d bytes stored a message", each)
			}
			w.cut()
		})
	}
}

// failsOnce fails with the first message that comes, however often, and with no
// other.
func failsOnce() mapping.Deliver {
	var id atomic.Pointer[string]
	return func(ctx context.Context, p mapping.Push) error {
		id.CompareAndSwap(nil, &p.ID)
		if *id.Load() == p.ID {
			return fails(ctx, p)
		}
		return nil
	}
}

// flood publishes n small messages with eight publishers.
func (w *world) flood(topic mapping.TopicName, n int) {
	body := strings.Repeat("x", 100)
	var publishers sync.WaitGroup
	for range 8 {
		publishers.Go(func() {
			for range n / 8 {
				w.accepted(w.t, topic, red(), body)
			}
		})
	}
	publishers.Wait()
}

// storeSize counts the files and bytes of a stream, without second names of files.
func storeSize(t *testing.T, dir, stream string) (files int, bytes int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(path, stream) || strings.HasSuffix(path, ".kept") {
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
