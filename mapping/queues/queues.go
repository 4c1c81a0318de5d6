package queues

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping"
)

// CreateQueue makes a queue with a over the defaults. Errors: ErrQueueExists,
// also for a name that differs only in case, ErrTooManyQueues,
// ErrRewindOverRetain, ErrNoQueue for a dead-letter queue that does not exist,
// ErrParameters for a binding that is not allowed.
func (b *Broker) CreateQueue(ctx context.Context, name mapping.QueueName, a mapping.QueueAttributes) (id string, err error) {
	ctx, cancel := b.conn.Through(ctx)
	defer cancel()
	key := name.Key()
	s := settings{name: string(name), id: "queue-" + mapping.RandomText(10), secret: newSecret(), attributes: a.Over(mapping.DefaultAttributes()),
		storage: b.conn.Storage(), replicas: b.conn.Replicas}
	s.created = time.Now().Unix()
	s.modified = s.created
	if err := s.attributes.Check(); err != nil {
		return "", err
	}
	err = b.binding(ctx, a.Binds(), func(ctx context.Context) error {
		done, err := b.configure(ctx)
		if err != nil {
			return err
		}
		defer done()
		if err := b.vacant(ctx, key); err != nil {
			return err
		}
		if err := b.bind(ctx, key, &s); err != nil {
			return err
		}
		return b.create(ctx, key, s)
	})
	if err != nil {
		return "", err
	}
	return s.id, nil
}

// vacant tells whether the name is free and the account has room for a queue.
func (b *Broker) vacant(ctx context.Context, key string) error {
	ctx, cancel := b.conn.Within(ctx)
	defer cancel()
	queues := 0
	list := b.conn.JS.StreamNames(ctx, jetstream.WithStreamListSubject(messageSubject+"*"))
	for name := range list.Name() {
		if name == streamPrefix+key {
			return mapping.ErrQueueExists
		}
		queues++
	}
	if err := list.Err(); err != nil {
		return fmt.Errorf("list queues: %w", err)
	}
	if queues >= b.conf.Max {
		return mapping.ErrTooManyQueues
	}
	return nil
}

// create makes the stream, then the consumer. The stream decides: if we die
// in between, the next reader of the queue makes the consumer.
func (b *Broker) create(ctx context.Context, key string, s settings) error {
	ctx, cancel := b.conn.Within(ctx)
	defer cancel()
	_, err := b.conn.JS.CreateStream(ctx, b.streamConfig(key, s))
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		return mapping.ErrQueueExists // somebody was faster; ids differ, so configurations do
	}
	if err != nil {
		return fmt.Errorf("create stream of queue %s: %w", s.name, err)
	}
	_, err = b.read(ctx, key)
	return err
}

// allQueues reads every queue of the account, by key. Of one that is without a
// leader it gives what was known of it.
func (b *Broker) allQueues(ctx context.Context) (map[string]settings, error) {
	ctx, cancel := b.conn.Within(ctx)
	defer cancel()
	infos, silent, err := b.conn.Streams(ctx, messageSubject+"*")
	if err != nil {
		return nil, fmt.Errorf("list queues: %w", err)
	}
	all := map[string]settings{}
	for name, info := range infos {
		key, ours := strings.CutPrefix(name, streamPrefix)
		if !ours {
			continue
		}
		s, err := readSettings(info.Config)
		if err != nil {
			b.log.Error("a queue cannot be read and is left out", "error", err)
			continue
		}
		all[key] = s
	}
	for _, name := range silent {
		key, ours := strings.CutPrefix(name, streamPrefix)
		if q := b.known(key); ours && q != nil {
			all[key] = *q.now()
		} else if ours {
			return nil, fmt.Errorf("list queues: %s does not answer", key)
		}
	}
	return all, nil
}

// Queues lists the queues whose name contains search, whatever the case, by
// name: total of them, and the page of at most limit from offset on.
func (b *Broker) Queues(ctx context.Context, search string, offset, limit int) (total int, page []mapping.QueueRef, err error) {
	return b.list(ctx, search, offset, limit, func(settings) bool { return true })
}

// DeadLetterSources lists likewise the queues whose dead letters go to name.
func (b *Broker) DeadLetterSources(ctx context.Context, name mapping.QueueName, search string, offset, limit int) (total int, page []mapping.QueueRef, err error) {
	if _, err := b.queue(ctx, name); err != nil {
		return 0, nil, err
	}
	return b.list(ctx, search, offset, limit, func(s settings) bool {
		return s.buriesIn(name.Key())
	})
}

func (b *Broker) list(ctx context.Context, search string, offset, limit int, want func(settings) bool) (int, []mapping.QueueRef, error) {
	ctx, cancel := b.conn.Within(ctx)
	defer cancel()
	all, err := b.allQueues(ctx)
	if err != nil {
		return 0, nil, err
	}
	refs := []mapping.QueueRef{}
	search = strings.ToLower(search)
	for key, s := range all {
		if want(s) && strings.Contains(key, search) {
			refs = append(refs, s.ref())
		}
	}
	sort.Slice(refs, func(i, j int) bool { return refs[i].Name < refs[j].Name })
	total := len(refs)
	from := min(max(offset, 0), total)
	return total, refs[from : from+min(max(limit, 0), total-from)], nil
}

// SetQueue changes what a says and leaves the rest. New values hold for
// everything that happens from now on; a shorter visibility timeout and a
// shorter retention also for messages already there.
func (b *Broker) SetQueue(ctx context.Context, name mapping.QueueName, a mapping.QueueAttributes) (mapping.QueueDescription, error) {
	ctx, cancel := b.conn.Through(ctx)
	defer cancel()
	q, err := b.queue(ctx, name)
	if err != nil {
		return mapping.QueueDescription{}, err
	}
	err = b.binding(ctx, a.Binds(), func(ctx context.Context) error {
		return b.conn.Alone(ctx, q.stream, func(ctx context.Context) error {
			q, err = b.set(ctx, q.key, a)
			return err
		})
	})
	if err != nil {
		return mapping.QueueDescription{}, err
	}
	return q.now().describe(), nil
}

func (b *Broker) set(ctx context.Context, key string, a mapping.QueueAttributes) (*queue, error) {
	q, err := b.read(ctx, key) // what we knew may be a moment old
	if err != nil {
		return nil, err
	}
	before := q.now()
	s := *before
	s.attributes = a.Over(before.attributes)
	s.modified = time.Now().Unix()
	if err := s.attributes.Check(); err != nil {
		return nil, err
	}
	if s.attributes.DeadLetter != before.attributes.DeadLetter {
		if err := b.bind(ctx, key, &s); err != nil {
			return nil, err
		}
	}
	if err := b.update(ctx, q, s); err != nil {
		return nil, err
	}
	if (*before.attributes.Rewind == 0) != (*s.attributes.Rewind == 0) {
		// Switching the window off drops what it kept; switching it on must
		// not bring back what was deleted before.
		if err := q.trim(ctx, 0); err != nil {
			return nil, err
		}
	}
	return q, nil
}

// update writes the stream's configuration and reads it back, which puts the
// consumer in line.
func (b *Broker) update(ctx context.Context, q *queue, s settings) error {
	ctx, cancel := b.conn.Within(ctx)
	defer cancel()
	if _, err := b.conn.JS.UpdateStream(ctx, b.streamConfig(q.key, s)); err != nil {
		return fmt.Errorf("update queue %s: %w", s.name, err)
	}
	_, err := b.read(ctx, q.key)
	return err
}

// DeleteQueue removes a queue with its messages. A queue that others use for
// their dead letters is kept: ErrParameters.
func (b *Broker) DeleteQueue(ctx context.Context, name mapping.QueueName) error {
	ctx, cancel := b.conn.Through(ctx)
	defer cancel()
	return b.binding(ctx, true, func(ctx context.Context) error {
		all, err := b.allQueues(ctx)
		if err != nil {
			return err
		}
		key := name.Key()
		for _, s := range all {
			if s.buriesIn(key) {
				return mapping.ErrParameters.Because("queue is the dead-letter queue of " + s.name + ", unbind it first")
			}
		}
		err = b.conn.Alone(ctx, streamPrefix+key, func(ctx context.Context) error { // nobody writes what he read before into a queue made anew
			return b.conn.JS.DeleteStream(ctx, streamPrefix+key)
		})
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			err = mapping.ErrNoQueue
		} else if err != nil {
			return fmt.Errorf("delete queue %s: %w", name, err)
		}
		b.forget(key)
		return err
	})
}

// describe gives the configured half of a queue's description.
func (s settings) describe() mapping.QueueDescription {
	return mapping.QueueDescription{QueueRef: s.ref(), QueueAttributes: s.attributes, Tags: s.attributes.Tags,
		Created: mapping.Time(s.created), Modified: mapping.Time(s.modified)}
}

func (s settings) ref() mapping.QueueRef {
	return mapping.QueueRef{ID: mapping.QueueID(s.id), Name: s.name}
}
