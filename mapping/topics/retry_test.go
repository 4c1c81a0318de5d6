package topics_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/topics"
)

// The vendor's pages: 1, 2, 4 ... 256 s, then 512 s, 176 times, 86,015 s in all.
func TestExponentialDecayRetry(t *testing.T) {
	t.Parallel()
	var sum time.Duration
	for attempt := 1; attempt <= 176; attempt++ {
		want := 512 * time.Second
		if attempt <= 9 {
			want = time.Second << (attempt - 1)
		}
		got, again := topics.Wait(mapping.ExponentialDecayRetry, attempt)
		if got != want || !again {
			t.Errorf("after attempt %d: got %v, %v, want %v", attempt, got, again, want)
		}
		sum += got
	}
	if sum != 86015*time.Second {
		t.Errorf("got %v in all, want 86,015 s", sum)
	}
	for _, attempt := range []int{177, 178, 1000, 1 << 40} {
		if _, again := topics.Wait(mapping.ExponentialDecayRetry, attempt); again {
			t.Errorf("there is an attempt after %d", attempt)
		}
	}
}

// Three retries after 10 to 20 s each, at random.
func TestBackoffRetry(t *testing.T) {
	t.Parallel()
	least, most := time.Hour, time.Duration(0)
	for range 10_000 {
		for attempt := 1; attempt <= 3; attempt++ {
			got, again := topics.Wait(mapping.BackoffRetry, attempt)
			if !again {
				t.Fatalf("there is no attempt after %d", attempt)
			}
			least, most = min(least, got), max(most, got)
		}
	}
	if least < 10*time.Second || least > 10100*time.Millisecond || most > 20*time.Second || most < 19900*time.Millisecond {
		t.Errorf("got waits from %v to %v, want all from 10 to 20 s", least, most)
	}
	if _, again := topics.Wait(mapping.BackoffRetry, 4); again {
		t.Error("there is an attempt after 4")
	}
}

// attempts are the numbers of the attempts with one body.
func (w *web) attempts(url, body string) (all []int) {
	for _, v := range w.visits(url) {
		if v.Body == body {
			all = append(all, v.Attempt)
		}
	}
	return all
}

func upTo(n int) (all []int) {
	for i := range n {
		all = append(all, i+1)
	}
	return all
}

// A day of failures, and a restart in the middle of it.
func TestAllAttemptsAreMadeAcrossARestart(t *testing.T) {
	n := newWeb()
	n.put("http://web", fails)
	c := topics.Config{Deliver: n.deliver, TimeScale: 1e-5}
	w := start(t, c)
	w.topic("news", mapping.FilterTag)
	w.toWeb("news", "web", mapping.Subscription{})
	ids := w.publish("news", mapping.Labels{}, "a", "b", "c")
	eventually(t, func() bool { return n.came("http://web", "b") >= 60 }, func() string { return "no 60 attempts" })
	w.restart(c)
	w.pending("news", "web", 0)
	for _, body := range []string{"a", "b", "c"} {
		if got := n.attempts("http://web", body); !slices.Equal(got, upTo(177)) {
			t.Errorf("%s: got attempts %v, want 1 to 177", body, got)
		}
	}
	for _, v := range n.visits("http://web") {
		if !slices.Contains(ids, v.ID) {
			t.Fatalf("attempt %d of %s has id %s, published were %v", v.Attempt, v.Body, v.ID, ids)
		}
	}
	n.put("http://web", takes)
	w.publish("news", mapping.Labels{}, "d")
	n.await(t, "http://web", "d", 1)
	if got := n.count("http://web"); got != 3*177+1 {
		t.Errorf("got %d pushes, want none after the last attempts", got)
	}
}

func TestBackoffGivesUpAfterFourAttempts(t *testing.T) {
	n := newWeb()
	n.put("http://web", fails)
	var calls atomic.Int32
	n.put("http://third", func(ctx context.Context, p mapping.Push) error {
		if calls.Add(1) < 3 {
			return fails(ctx, p)
		}
		return nil
	})
	w := start(t, topics.Config{Deliver: n.deliver, TimeScale: 0.01})
	w.topic("news", mapping.FilterTag)
	for _, name := range []string{"web", "third"} {
		w.toWeb("news", name, mapping.Subscription{Strategy: mapping.BackoffRetry})
	}
	w.publish("news", mapping.Labels{}, "x")
	n.awaitAll(t, "http://web", 4)
	n.awaitAll(t, "http://third", 3)
	w.done("news")
	for name, want := range map[string]int{"web": 4, "third": 3} {
		if got := n.attempts("http://"+name, "x"); !slices.Equal(got, upTo(want)) {
			t.Errorf("%s: got attempts %v, want 1 to %d", name, got, want)
		}
	}
	visits := n.visits("http://web")
	for i := range visits[1:] {
		if gap := visits[i+1].at.Sub(visits[i].at); gap < 95*time.Millisecond || gap > 2*time.Second {
			t.Errorf("attempt %d came after %v, want 100 to 200 ms", i+2, gap)
		}
	}
}

// A wait goes on while no broker and no engine is there. JetStream writes down
// its end in whole seconds.
func TestARestartKeepsTheWait(t *testing.T) {
	n := newWeb()
	n.put("http://web", fails)
	c := topics.Config{Deliver: n.deliver, TimeScale: 0.2} // 2 to 4 s
	w := start(t, c)
	w.topic("news", mapping.FilterTag)
	w.toWeb("news", "web", mapping.Subscription{Strategy: mapping.BackoffRetry})
	w.publish("news", mapping.Labels{}, "x")
	n.awaitAll(t, "http://web", 1)
	w.restart(c)
	n.awaitAll(t, "http://web", 2)
	visits := n.visits("http://web")
	if gap := visits[1].at.Sub(visits[0].at); gap < time.Second || gap > 10*time.Second || visits[1].Attempt != 2 {
		t.Errorf("attempt %d came after %v, want the second after 2 to 4 s", visits[1].Attempt, gap)
	}
}

// One message that fails does not keep the others from their subscriber.
func TestAFailingMessageBlocksNoOther(t *testing.T) {
	n := newWeb()
	n.put("http://web", func(ctx context.Context, p mapping.Push) error {
		if p.Body == "bad" {
			return fails(ctx, p)
		}
		return nil
	})
	w := start(t, topics.Config{Deliver: n.deliver, Pushes: 2})
	w.topic("news", mapping.FilterTag)
	w.toWeb("news", "web", mapping.Subscription{})
	for range 10 {
		w.publish("news", mapping.Labels{}, "bad")
	}
	for i := range 100 {
		w.publish("news", mapping.Labels{}, fmt.Sprint(i))
	}
	for i := range 100 {
		n.await(t, "http://web", fmt.Sprint(i), 1)
	}
	w.pending("news", "web", 10)
	if v := n.visits("http://web"); v[len(v)-1].at.Sub(v[0].at) > 3*time.Second {
		t.Errorf("the others took %v", v[len(v)-1].at.Sub(v[0].at))
	}
}

// A broker whose pushes may take longer than the one's that made the
// subscription is not given their messages anew meanwhile.
func TestAttemptsOutlastTheWaitOfAShorterScale(t *testing.T) {
	n, begun, finish := newWeb(), make(chan struct{}, 10), make(chan struct{})
	n.put("http://web", func(context.Context, mapping.Push) error {
		begun <- struct{}{}
		<-finish
		return nil
	})
	w := start(t, topics.Config{Deliver: n.deliver, TimeScale: 1e-6})
	w.topic("news", mapping.FilterTag)
	w.toWeb("news", "web", mapping.Subscription{})
	w.restart(topics.Config{Deliver: n.deliver})
	w.publish("news", mapping.Labels{}, "x")
	<-begun
	select {
	case <-begun:
		t.Error("the message came again while its push was under way")
	case <-time.After(7 * time.Second): // longer than the wait of the first broker
	}
	close(finish)
	w.done("news")
}
