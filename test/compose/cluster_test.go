package compose

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestClusterSurvivesKills kills each NATS node and each adapter, one after the
// other, while clients send and receive through the one address.
func TestClusterSurvivesKills(t *testing.T) {
	t.Parallel()
	p := start(t, "cluster")
	// Short, so that what a killed adapter had given out comes again soon.
	p.must(t, "CreateQueue", "queueName=work", "visibilityTimeout=10")
	w := newWork(t, p.caller)
	w.progress(t, 20)
	for _, service := range []string{"nats-1", "nats-2", "nats-3", "adapter-1", "adapter-2"} {
		began := time.Now()
		p.run(t, "kill", service)
		w.progress(t, 20)
		t.Logf("%s killed: going on within %s", service, time.Since(began).Round(time.Millisecond))
		p.run(t, "start", service)
		p.healthy(t, service)
	}
	w.finish(t)
}

// work is a queue in use: what was acknowledged, and what was received.
type work struct {
	*caller
	stop func() // no more sends
	end  func() // no more receives
	all  sync.WaitGroup

	mu       sync.Mutex
	sent     []string // acknowledged, in order
	received map[string]int
}

const senders, receivers = 3, 3

func newWork(t *testing.T, c *caller) *work {
	t.Helper()
	w := &work{caller: c, received: map[string]int{}}
	sending, stop := context.WithCancel(t.Context())
	receiving, end := context.WithCancel(t.Context())
	w.stop, w.end = stop, end
	for i := range senders {
		w.all.Go(func() { w.send(sending, i) })
	}
	for range receivers {
		w.all.Go(func() { w.receive(receiving) })
	}
	t.Cleanup(func() { stop(); end(); w.all.Wait() })
	return w
}

// send numbers its messages, some twenty a second.
func (w *work) send(ctx context.Context, sender int) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ctx.Err() == nil; i++ {
		body := fmt.Sprintf("%d-%d", sender, i)
		if _, err := w.insist(ctx, nil, "SendMessage", "queueName=work", "msgBody="+body); err != nil {
			return // it was not acknowledged
		}
		w.mu.Lock()
		w.sent = append(w.sent, body)
		w.mu.Unlock()
		<-tick.C
	}
}

func (w *work) receive(ctx context.Context) {
	for {
		m, err := w.insist(ctx, []int{noMessage}, "ReceiveMessage", "queueName=work", "pollingWaitSeconds=3")
		if err != nil {
			return
		}
		if m.Code == noMessage {
			continue
		}
		w.mu.Lock()
		w.received[m.Body]++
		w.mu.Unlock()
		if _, err := w.insist(ctx, []int{badHandle}, "DeleteMessage", "queueName=work", "receiptHandle="+m.Handle); err != nil {
			return
		}
	}
}

// progress waits until as many more were acknowledged, and all of these received.
func (w *work) progress(t *testing.T, more int) {
	t.Helper()
	w.mu.Lock()
	from := len(w.sent)
	w.mu.Unlock()
	eventually(t, "messages flow", func() error {
		w.mu.Lock()
		defer w.mu.Unlock()
		if got := len(w.sent) - from; got < more {
			return fmt.Errorf("%d more were acknowledged, want %d", got, more)
		}
		if missing := w.missing(w.sent[from : from+more]); len(missing) > 0 {
			return fmt.Errorf("%d of them were not received", len(missing))
		}
		return nil
	})
}

func (w *work) missing(bodies []string) []string {
	return slices.DeleteFunc(slices.Clone(bodies), func(body string) bool { return w.received[body] > 0 })
}

// finish waits for what is on its way, and judges.
func (w *work) finish(t *testing.T) {
	t.Helper()
	w.stop()
	eventually(t, "all that was acknowledged is received", func() error {
		w.mu.Lock()
		defer w.mu.Unlock()
		if missing := w.missing(w.sent); len(missing) > 0 {
			return fmt.Errorf("%d of %d are missing: %s", len(missing), len(w.sent), strings.Join(missing, " "))
		}
		return nil
	})
	w.end()
	w.all.Wait()
	twice := 0
	for _, n := range w.received {
		twice += n - 1
	}
	t.Logf("%d acknowledged, all received, %d times twice", len(w.sent), twice)
}
