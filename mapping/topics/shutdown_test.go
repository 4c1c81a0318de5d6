package topics_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/topics"
)

func TestCloseWaitsForWhatIsUnderWay(t *testing.T) {
	n, begun, finish := newWeb(), make(chan struct{}, 10), make(chan struct{})
	n.put("http://web", func(ctx context.Context, _ mapping.Push) error {
		begun <- struct{}{}
		select {
		case <-finish:
			return nil
		case <-ctx.Done():
			return errors.New("cut short")
		}
	})
	w := start(t, topics.Config{})
	b := w.join(topics.Config{Deliver: n.deliver})
	w.broker.close() // b is alone
	w.broker = b
	w.topic("news", mapping.FilterTag)
	w.toWeb("news", "web", mapping.Subscription{})
	w.publish("news", mapping.Labels{}, "1", "2", "3")
	for range 3 {
		<-begun
	}
	closed := make(chan struct{})
	go func() {
		w.close()
		close(closed)
	}()
	select {
	case <-closed:
		t.Error("Close did not wait")
	case <-time.After(100 * time.Millisecond):
	}
	close(finish)
	<-closed
	w.broker = w.join(topics.Config{Deliver: n.deliver})
	w.pending("news", "web", 0)
	if got := n.count("http://web"); got != 3 {
		t.Errorf("got %d pushes of 3 messages", got)
	}
}

// An endpoint that hangs holds Close up only as long as its caller allows, and
// the message comes at once at another broker.
func TestCloseCutsShortAtTheEndOfItsContext(t *testing.T) {
	n, other := newWeb(), newWeb()
	n.put("http://web", hangs)
	other.put("http://web", takes)
	w := start(t, topics.Config{Deliver: n.deliver})
	w.topic("news", mapping.FilterTag)
	w.toWeb("news", "web", mapping.Subscription{})
	var bodies []string
	for i := range 10 {
		bodies = append(bodies, fmt.Sprint(i))
	}
	w.publish("news", mapping.Labels{}, bodies...)
	n.awaitAll(t, "http://web", 10)
	b := w.join(topics.Config{Deliver: other.deliver})
	within, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	w.Close(within)
	if took := time.Since(began); took < 90*time.Millisecond || took > time.Second {
		t.Errorf("Close took %v, its context 100 ms", took)
	}
	other.awaitAll(t, "http://web", 10)
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the messages came elsewhere after %v", took)
	}
	w.broker.close()
	w.broker = b
	w.done("news")
}

// Brokers come and go while messages flow: none is lost, none comes twice, none
// waits for a broker that is not there any more.
func TestRollingRestart(t *testing.T) {
	n := newWeb()
	n.put("http://web", takesAfter(2*time.Millisecond))
	w := start(t, topics.Config{Deliver: n.deliver, Pushes: 8})
	w.topic("news", mapping.FilterTag)
	w.toWeb("news", "web", mapping.Subscription{})
	w.toQueue("news", "q", mapping.Subscription{})
	stop, publisher := make(chan struct{}), sync.WaitGroup{}
	var published []string
	publisher.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				body := strconv.FormatInt(time.Now().UnixMicro(), 10)
				w.accepted(t, "news", mapping.Labels{}, body)
				published = append(published, body)
			}
		}
	})
	for range 10 {
		b := w.join(topics.Config{Deliver: n.deliver, Pushes: 8})
		had := n.count("http://web")
		n.awaitAll(t, "http://web", had+50)
		b.close()
	}
	close(stop)
	publisher.Wait()
	n.awaitAll(t, "http://web", len(published))
	w.exactly("q", published...)
	w.done("news")
	got := n.bodies("http://web")
	for _, body := range published {
		if got[body] != 1 {
			t.Errorf("message %s was pushed %d times", body, got[body])
		}
	}
	var slowest time.Duration
	for _, v := range n.visits("http://web") {
		us, err := strconv.ParseInt(v.Body, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		slowest = max(slowest, v.at.Sub(time.UnixMicro(us)))
	}
	t.Logf("%d messages, the slowest took %v", len(published), slowest)
	if slowest > 2*time.Second {
		t.Errorf("a message took %v", slowest)
	}
}
