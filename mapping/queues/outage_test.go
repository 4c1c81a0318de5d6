package queues_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/embedded"
	"github.com/jetcmq/jetcmq/mapping/jet"
)

// external starts a server that is reached by TCP, as a separate NATS is.
func external(t *testing.T, dir, addr string) *embedded.Server {
	t.Helper()
	s, err := embedded.Start(embedded.Config{Dir: dir, Addr: addr, Open: true, Log: testLog()})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOutageIsAnsweredInTimeAndEndsByItself(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := external(t, dir, "127.0.0.1:0")
	addr := strings.TrimPrefix(s.URL(), "nats://")
	b, err := open(config{Config: jet.Config{URL: s.URL(), Log: testLog()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close(ctx) })
	if _, err := b.CreateQueue(ctx, "q", mapping.QueueAttributes{VisibilityTimeout: num(60)}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Send(ctx, "q", "before", 0); err != nil {
		t.Fatal(err)
	}
	poll := make(chan string, 1)
	if ms, err := b.Receive(ctx, "q", 1, 0); err != nil || b.Delete(ctx, "q", ms[0].Handle) != nil {
		t.Fatal(ms, err)
	}
	go func() {
		ms, err := b.Receive(ctx, "q", 1, 20*time.Second)
		if err != nil {
			poll <- err.Error()
			return
		}
		poll <- ms[0].Body
	}()
	nc, err := nats.Connect(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	waitForPulls(t, js, "q", 1)
	nc.Close()
	stop(t, s)

	for what, call := range map[string]func() error{
		"send":     func() error { _, err := b.Send(ctx, "q", "x", 0); return err },
		"batch":    func() error { _, err := b.SendBatch(ctx, "q", []string{"x", "y"}, 0); return err },
		"receive":  func() error { _, err := b.Receive(ctx, "q", 1, 0); return err },
		"describe": func() error { _, err := b.DescribeQueue(ctx, "q"); return err },
		"list":     func() error { _, _, err := b.Queues(ctx, "", 0, 20); return err },
		"create":   func() error { _, err := b.CreateQueue(ctx, "new", mapping.QueueAttributes{}); return err },
	} {
		took, err := timed(call)
		if err == nil || mapping.Reply(err) != mapping.ErrInternal || took > inTime {
			t.Errorf("%s without a server: got %v after %v, want an internal error before 3 s are over", what, err, took)
		}
	}
	s = external(t, dir, addr)
	t.Cleanup(func() { stop(t, s) })
	eventually(t, func() bool { _, err := b.Send(ctx, "q", "after", 0); return err == nil },
		func() string { return "sending does not recover" })
	select {
	case got := <-poll:
		if got != "after" {
			t.Errorf("the poll that waited through the outage got %q", got)
		}
	case <-time.After(10 * time.Second):
		t.Error("the poll that waited through the outage got nothing")
	}
}

func stop(t *testing.T, s *embedded.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func TestOpenFailsWithoutAServer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	if _, err := open(config{Config: jet.Config{URL: "nats://" + addr}}); err == nil || !strings.Contains(err.Error(), addr) {
		t.Errorf("got %v, want an error that names %s", err, addr)
	}
}

func TestSendsAreRefusedWhileTheDiskIsNearlyFull(t *testing.T) {
	var free atomic.Int64
	free.Store(100 << 20)
	a := newAccount(t, func(c *config) {
		c.DiskFree = func() (int64, error) { return free.Load(), nil }
		c.DiskReserve = 10 << 20
	})
	a.create("q", mapping.QueueAttributes{})
	a.send("q", "x")
	free.Store(9 << 20)
	refused := func() bool {
		_, err := a.Send(ctx, "q", "y", 0)
		return errors.Is(err, mapping.ErrSendRefused) && strings.Contains(err.Error(), "disk")
	}
	eventually(t, refused, func() string { return "a send to a full disk is not refused" })
	a.delete("q", a.receive("q", 0).Handle)
	free.Store(50 << 20)
	eventually(t, func() bool { return !refused() }, func() string { return "sending does not recover" })
}

func TestAddressHoldsNoPassword(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"nats://a:4222": "nats://a:4222",
		"tls://ann:p@ss@a:4222, nats://token@b:4222": "tls://a:4222,nats://b:4222",
		"ann:pass@a:4222": "nats://a:4222",
	} {
		if got := (jet.Config{URL: url}).Address(); got != want {
			t.Errorf("%s: got %s, want %s", url, got, want)
		}
	}
}

// inTime is when the most impatient SDK still waits: 3 s.
const inTime = 2800 * time.Millisecond

// timed makes a call that fails. One that took too long is made again: on a
// busy machine once is no proof.
func timed(call func() error) (took time.Duration, err error) {
	for range 3 {
		began := time.Now()
		err = call()
		if took = time.Since(began); took <= inTime {
			break
		}
	}
	return took, err
}
