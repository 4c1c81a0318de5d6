//go:build linux

package test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/account"
	"github.com/jetcmq/jetcmq/mapping/embedded"
	"github.com/jetcmq/jetcmq/mapping/jet"
)

// A disk that runs full must not be filled: JetStream would fail until a
// restart and has lost messages so. Sends are refused, the rest goes on, and
// what is deleted makes room again.
func TestANearlyFullDisk(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, "96m")
	s, err := embedded.Start(embedded.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop(context.Background()) })
	door, err := s.InProcess("default")
	if err != nil {
		t.Fatal(err)
	}
	const reserve = 32 << 20
	free := func() (int64, error) { free, _, err := s.Free(); return free, err }
	b, err := account.Open(context.Background(), account.Config{Config: jet.Config{
		InProcess: door, User: door.User, Password: door.Password, DiskFree: free, DiskReserve: reserve}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close(context.Background()) })
	if _, err := b.Queues.CreateQueue(context.Background(), "q", mapping.QueueAttributes{}); err != nil {
		t.Fatal(err)
	}
	stored := sendUntilRefused(t, b)
	if left, err := free(); err != nil || left < reserve*3/4 {
		t.Errorf("%d MiB are left of a reserve of %d, %v", left>>20, reserve>>20, err)
	}
	if received := drain(t, b); received != stored {
		t.Errorf("%d messages came back, %d were acknowledged", received, stored)
	}
	deadline := time.Now().Add(time.Minute)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := b.Queues.Send(context.Background(), "q", "room again", 0); err == nil {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("sending does not recover: %v", err)
		}
		<-tick.C
	}
}

// sendUntilRefused fills the queue with eight clients and tells how many
// messages were acknowledged.
func sendUntilRefused(t *testing.T, b *account.Account) (stored int) {
	t.Helper()
	body := strings.Repeat("x", 50_000)
	var mu sync.Mutex
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for range 1000 {
				_, err := b.Queues.Send(context.Background(), "q", body, 0)
				if errors.Is(err, mapping.ErrSendRefused) {
					return
				}
				if err != nil {
					t.Errorf("got %v, want a refusal", err)
					return
				}
				mu.Lock()
				stored++
				mu.Unlock()
			}
			t.Error("the disk never filled")
		})
	}
	clients.Wait()
	return stored
}

func drain(t *testing.T, b *account.Account) (received int) {
	t.Helper()
	for {
		ms, err := b.Queues.Receive(context.Background(), "q", 16, 0)
		if errors.Is(err, mapping.ErrNoMessage) {
			return received
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range ms {
			if err := b.Queues.Delete(context.Background(), "q", m.Handle); err != nil {
				t.Fatal(err)
			}
			received++
		}
	}
}

// smallDisk mounts a file system of its own, which takes root.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("mounting a small file system needs root")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("this machine does not mount: %s", out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Logf("umount: %s", out)
		}
	})
	return dir
}
