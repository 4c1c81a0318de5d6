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
		if errors.Is(err, errNoQueue) || errors.Is(err, jetstream.ErrStreamNotFound) { // or no ledger
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
		open, err := undeliveredOf(ctx, js, name)
		if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) { // deleted meanwhile
			return nil, err
		}
		list = append(list, open...)
	}
	return list, topics.Err()
}

func undeliveredOf(ctx context.Context, js jetstream.JetStream, name string) (list []string, err error) {
	topic, err := js.Stream(ctx, name)
	if err != nil {
		return nil, err
	}
	consumers := topic.ListConsumers(ctx)
	for c := range consumers.Info() {
		subscription, ours := strings.CutPrefix(c.Name, "subscription-")
		if !ours {
			continue
		}
		n := c.NumPending + uint64(c.NumAckPending)
		if n == 0 {
			if n, err = unnoticed(ctx, topic, c); err != nil {
				return nil, err
			}
		}
		if n > 0 {
			list = append(list, fmt.Sprintf("subscription %s of topic %s has %d messages to deliver",
				subscription, strings.TrimPrefix(name, "cmq-topic-"), n))
		}
	}
	return list, consumers.Err()
}

// unnoticed counts the messages that a consumer has not heard of yet: JetStream
// tells it a moment after it has acknowledged the publisher.
func unnoticed(ctx context.Context, topic jetstream.Stream, c *jetstream.ConsumerInfo) (n uint64, err error) {
	if topic.CachedInfo().State.LastSeq <= c.Delivered.Stream {
		return 0, nil
	}
	filters := c.Config.FilterSubjects
	if len(filters) == 0 {
		filters = []string{c.Config.FilterSubject}
	}
	for _, filter := range filters {
		if filter == "" {
			filter = ">"
		}
		last, err := topic.GetLastMsgForSubject(ctx, filter)
		if err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
			return 0, err
		}
		if err == nil && last.Sequence > c.Delivered.Stream {
			n++
		}
	}
	return n, nil
}
