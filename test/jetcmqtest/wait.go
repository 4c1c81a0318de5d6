package jetcmqtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping"
)

// WaitFor waits until a message that matches is in a queue, and consumes
// nothing. It also finds one that comes after the call and is received and
// deleted by somebody else at once. The queue may be made meanwhile.
func (s *Server) WaitFor(queue string, match Match) (found Message) {
	s.t.Helper()
	from, err := s.next(queue)
	if err != nil {
		s.t.Fatal(err)
	}
	ok, err := s.until(func(ctx context.Context) (bool, error) {
		all, sure, err := s.look(ctx, queue, from)
		for _, m := range all {
			if found = m; (sure || m.seq >= from) && match(m) {
				return true, nil
			}
		}
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			return false, nil
		}
		return false, err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if !ok {
		s.t.Fatalf("no such message within %v. %s", s.service.options.patience, s.whatIsIn(queue))
	}
	return found
}

// next is the sequence after the last message of a queue; 1 if there is no queue.
func (s *Server) next(queue string) (uint64, error) {
	js, err := s.jetStream()
	if err != nil {
		return 0, err
	}
	stream, err := js.Stream(s.t.Context(), "cmq-queue-"+mapping.QueueName(queue).Key())
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return 1, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look into queue %s: %w", queue, err)
	}
	return stream.CachedInfo().State.LastSeq + 1, nil
}

// until asks again and again; not ok means that patience has ended.
func (s *Server) until(ask func(context.Context) (bool, error)) (ok bool, err error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), s.service.options.patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := ask(ctx); ok || err != nil && ctx.Err() == nil {
			return ok, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false, nil
		}
	}
}

// ExpectNone fails if a message that matches is in a queue, once all that was
// published before has arrived: it waits for that, and not a moment longer.
// What others send later it cannot know.
func (s *Server) ExpectNone(queue string, match Match) {
	s.t.Helper()
	s.Settle()
	for _, m := range s.Inspect(queue) {
		if match(m) {
			s.t.Fatalf("queue %s should not have\n\t%v\n%s", queue, m, s.whatIsIn(queue))
		}
	}
}

// Settle waits until all that was published before is delivered to every
// subscription that wants it, by queue or by push, or has been dropped.
func (s *Server) Settle() {
	s.t.Helper()
	var open []string
	ok, err := s.until(func(ctx context.Context) (bool, error) {
		now, err := s.undelivered(ctx)
		if err == nil {
			open = now
		}
		return err == nil && len(now) == 0, err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if !ok {
		s.t.Fatalf("not all that was published is delivered within %v:\n\t%s", s.service.options.patience, strings.Join(open, "\n\t"))
	}
}

// undelivered lists the subscriptions that have something to deliver.
func (s *Server) undelivered(ctx context.Context) (list []string, err error) {
	js, err := s.jetStream()
	if err != nil {
		return nil, err
	}
	topics := js.StreamNames(ctx, jetstream.WithStreamListSubject("cmq.topic.>"))
	for name := range topics.Name() {
		topic, err := js.Stream(ctx, name)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		consumers := topic.ListConsumers(ctx)
		for c := range consumers.Info() {
			subscription, ours := strings.CutPrefix(c.Name, "subscription-")
			if n := c.NumPending + uint64(c.NumAckPending); ours && n > 0 {
				list = append(list, fmt.Sprintf("subscription %s of topic %s has %d messages to deliver",
					subscription, strings.TrimPrefix(name, "cmq-topic-"), n))
			}
		}
		if err := consumers.Err(); err != nil {
			return nil, err
		}
	}
	return list, topics.Err()
}

// Reset deletes all topics, subscriptions and queues of the caller's account,
// what WithSeeds made included.
func (s *Server) Reset() {
	s.t.Helper()
	for _, topic := range s.names("ListTopic", "topicList", "topicName") {
		for _, name := range s.names("ListSubscriptionByTopic", "subscriptionList", "subscriptionName", "topicName="+topic) {
			s.Call("Unsubscribe", "topicName="+topic, "subscriptionName="+name)
		}
		s.Call("DeleteTopic", "topicName="+topic)
	}
	queues := s.names("ListQueue", "queueList", "queueName")
	for _, queue := range queues { // a dead-letter queue in use cannot be deleted
		s.Call("UnbindDeadLetter", "queueName="+queue)
	}
	for _, queue := range queues {
		s.Call("DeleteQueue", "queueName="+queue)
	}
}

// names lists all there is of a kind, page by page.
func (s *Server) names(action, list, member string, params ...string) (names []string) {
	s.t.Helper()
	for {
		answer := s.Call(action, append(params, fmt.Sprintf("offset=%d", len(names)), "limit=50")...)
		page, _ := answer[list].([]any)
		for _, one := range page {
			if entry, ok := one.(map[string]any); ok {
				names = append(names, Answer(entry).Text(member))
			}
		}
		if len(page) < 50 {
			return names
		}
	}
}
