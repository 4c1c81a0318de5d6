package jetcmqtest_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/test/jetcmqtest"
)

// TestInspect looks into a queue in which everything is at once.
func TestInspect(t *testing.T) {
	both(t, func(t *testing.T, s *jetcmqtest.Server) {
		s.CreateQueue("Orders", "visibilityTimeout=600")
		s.CreateTopic("news")
		s.Subscribe("news", "s", "Orders")
		s.Send("Orders", "held")
		s.Receive("Orders")
		s.Send("Orders", "gone")
		s.Take("Orders")
		s.Send("Orders", "also held")
		s.Receive("Orders")
		id := s.Send("Orders", "waits")
		s.Send("Orders", "later", "delaySeconds=600")
		published := s.Publish("news", "copy", "red", "big")
		s.Settle()
		all := s.Inspect("orders")
		if got, want := bodies(all), "inactive held, inactive also held, active waits, active copy, delayed later"; got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
		if all[0].DequeueCount != 1 || all[2].DequeueCount != 0 || all[2].ID != id || time.Since(all[2].EnqueueTime) > time.Minute {
			t.Errorf("got %v", all)
		}
		if m := all[3]; m.Topic != "news" || m.TopicID != published || strings.Join(m.Tags, " ") != "red big" {
			t.Errorf("got %+v, want where it comes from", m)
		}
		if m := s.Receive("Orders"); m.Body != "waits" || m.ID != id || m.DequeueCount != 1 {
			t.Errorf("inspecting has consumed: got %v", m)
		}
		s.Clear("orders")
		wantQueue(t, s, "orders", "")
	})
}

func TestInspectDeadLetters(t *testing.T) {
	both(t, func(t *testing.T, s *jetcmqtest.Server) {
		s.CreateQueue("dead")
		s.CreateQueue("q", "visibilityTimeout=5", `deadLetterPolicy={"deadLetterQueue":"dead","policy":0,"maxReceiveCount":1}`)
		s.Send("q", "cursed")
		s.Receive("q")
		wantQueue(t, s, "q", "inactive cursed")
		if m := s.WaitFor("dead", jetcmqtest.Any); m.DeadFrom != "q" || m.Body != "cursed" {
			t.Errorf("got %v, want it from q", m)
		}
		s.WaitFor("dead", func(m jetcmqtest.Message) bool { return m.State == jetcmqtest.Active })
	})
}

// A message whose visibility timeout is over is active again.
func TestInspectExpired(t *testing.T) {
	both(t, func(t *testing.T, s *jetcmqtest.Server) {
		s.CreateQueue("q", "visibilityTimeout=1")
		s.Send("q", "x")
		s.Receive("q")
		m := s.WaitFor("q", func(m jetcmqtest.Message) bool { return m.State == jetcmqtest.Active })
		if m.DequeueCount != 1 {
			t.Errorf("got %v, want to be received once", m)
		}
	})
}

// WaitFor finds what others receive and delete at once, and what was not there
// when it began, the queue included.
func TestWaitForWithReceivers(t *testing.T) {
	both(t, func(t *testing.T, s *jetcmqtest.Server) {
		client, found, done := s.Client(), make(chan struct{}), make(chan error, 1)
		go func() {
			_, err := client.Call(t.Context(), "CreateQueue", "queueName=q")
			for i := 0; err == nil; i++ { // messages that came before WaitFor it does not see
				select {
				case <-found:
					done <- nil
					return
				default:
				}
				err = passOn(t.Context(), client, []string{"one", "two", "three"}[i%3])
			}
			done <- err
		}()
		s.WaitFor("q", jetcmqtest.Body("two"))
		close(found)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		wantQueue(t, s, "q", "")
	})
}

// passOn sends a message to the queue q, receives it and deletes it.
func passOn(ctx context.Context, client *jetcmqtest.Client, body string) error {
	if _, err := client.Call(ctx, "SendMessage", "queueName=q", "msgBody="+body); err != nil {
		return err
	}
	m, err := client.Call(ctx, "ReceiveMessage", "queueName=q", "pollingWaitSeconds=5")
	if err != nil {
		return err
	}
	_, err = client.Call(ctx, "DeleteMessage", "queueName=q", "receiptHandle="+m.Text("receiptHandle"))
	return err
}

// ExpectNone knows of messages that are still on their way through topics.
func TestExpectNone(t *testing.T) {
	both(t, func(t *testing.T, s *jetcmqtest.Server) {
		s.CreateQueue("q")
		s.CreateTopic("t")
		s.Subscribe("t", "s", "q", "filterTag.1=red")
		for range 50 {
			s.Publish("t", "no", "red")
			if got := failure(t, s, func(s *jetcmqtest.Server) { s.ExpectNone("q", jetcmqtest.Body("no")) }); got == "" {
				t.Fatal("a message on its way was overlooked")
			}
			s.Clear("q")
		}
		s.Send("q", "yes")
		s.ExpectNone("q", jetcmqtest.Body("no"))
	}, jetcmqtest.WithSetting("JETCMQ_PUBLISH_UNROUTED", "accept"))
}

// What fails tells what there was.
func TestFailures(t *testing.T) {
	both(t, func(t *testing.T, s *jetcmqtest.Server) {
		s.CreateQueue("orders")
		s.CreateQueue("empty")
		s.Send("orders", "a\nb")
		const there = "In queue orders (1):\n\tactive \"a\\nb\" msgId="
		for _, c := range []struct {
			do   func(*jetcmqtest.Server)
			want []string
		}{
			{func(s *jetcmqtest.Server) { s.WaitFor("orders", jetcmqtest.Body("x")) }, []string{"no such message within 300ms", there}},
			{func(s *jetcmqtest.Server) { s.ExpectNone("orders", jetcmqtest.Containing("a")) }, []string{"should not have", there}},
			{func(s *jetcmqtest.Server) { s.Receive("empty") }, []string{"nothing could be received from empty", "In queue empty is nothing."}},
			{func(s *jetcmqtest.Server) { s.Inspect("nope") }, []string{"queue nope: there is no such queue"}},
			{func(s *jetcmqtest.Server) { s.WaitFor("nope", jetcmqtest.Any) }, []string{"no such message within 300ms", "there is no such queue"}},
			{func(s *jetcmqtest.Server) { s.Receive("nope") }, []string{"code 4440: (10100)"}},
			{func(s *jetcmqtest.Server) { s.Call("CreateQueue") }, []string{"CreateQueue", "code 4000: (10390)"}},
			{func(s *jetcmqtest.Server) { s.Call("CreateQueue", "queueName") }, []string{`"queueName" is not name=value`}},
			{func(s *jetcmqtest.Server) { s.CreateQueue("q", "visiblityTimeout=3") }, []string{"CreateQueue has no parameter visiblityTimeout: did you mean visibilityTimeout?"}},
			{func(s *jetcmqtest.Server) { s.Refused("ListQueue") }, []string{"ListQueue", "want to be refused"}},
		} {
			wantText(t, failure(t, s, c.do), c.want...)
		}
	}, quick)
}

func TestResetOfManyThings(t *testing.T) {
	both(t, func(t *testing.T, s *jetcmqtest.Server) {
		s.CreateQueue("a")
		s.CreateQueue("b", `deadLetterPolicy={"deadLetterQueue":"a","policy":0,"maxReceiveCount":1}`)
		for i := range 60 {
			name := "q" + strings.Repeat("x", i+1)
			s.CreateQueue(name)
			s.CreateTopic(name)
			s.Subscribe(name, "s", name)
		}
		s.Reset()
		for action, list := range map[string]string{"ListQueue": "queueList", "ListTopic": "topicList"} {
			if left, _ := s.Call(action)[list].([]any); len(left) > 0 {
				t.Errorf("%s: %v is left", action, left)
			}
		}
	})
}
