package topics

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

// CreateTopic makes a topic and gives its id. Errors: ErrTopicExists, also for
// a name that differs only in case, and ErrTooManyTopics.
func (b *Broker) CreateTopic(ctx context.Context, name mapping.TopicName, a mapping.TopicAttributes) (id string, err error) {
	ctx, cancel := b.conn.Within(ctx)
	defer cancel()
	s := settings{key: name.Key(), name: string(name), id: "topic-" + mapping.RandomText(10), created: time.Now().Unix(),
		maxSize: defaultMaxSize, filterType: mapping.FilterTag, retention: mapping.TopicRetention}
	s.source.Storage = b.conn.Storage()
	s.modified = s.created
	s.set(a)
	if a.FilterType != nil {
		s.filterType = *a.FilterType
	}
	s.tags = a.Tags
	if err := b.vacant(ctx, s.key); err != nil {
		return "", err
	}
	_, err = b.conn.JS.CreateStream(ctx, b.streamConfig(s))
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		return "", mapping.ErrTopicExists // somebody was faster; ids differ, so configurations do
	}
	if err != nil {
		return "", fmt.Errorf("create stream of topic %s: %w", s.name, err)
	}
	return s.id, nil
}

// vacant tells whether the name is free and the account has room for a topic.
func (b *Broker) vacant(ctx context.Context, key string) error {
	ctx, cancel := b.conn.Within(ctx)
	defer cancel()
	topics := 0
	list := b.conn.JS.StreamNames(ctx, jetstream.WithStreamListSubject(subjectPrefix+">"))
	for name := range list.Name() {
		switch {
		case name == streamPrefix+key:
			return mapping.ErrTopicExists
		case strings.HasPrefix(name, streamPrefix):
			topics++
		}
	}
	if err := list.Err(); err != nil {
		return fmt.Errorf("list topics: %w", err)
	}
	if topics >= b.conf.Max {
		return mapping.ErrTooManyTopics
	}
	return nil
}

// set puts in what a says, but for the filter and the tags, which are fixed.
func (s *settings) set(a mapping.TopicAttributes) {
	if a.MaxMessageSize != nil {
		s.maxSize = *a.MaxMessageSize
	}
	if a.Retention != nil {
		s.retention = *a.Retention
	}
	if a.Trace != nil {
		s.trace = a.Trace
	}
}

// SetTopic changes what a says and leaves the rest; what it says of the filter
// is not looked at. A shorter retention also holds for messages already there.
func (b *Broker) SetTopic(ctx context.Context, name mapping.TopicName, a mapping.TopicAttributes) error {
	ctx, cancel := b.conn.Through(ctx)
	defer cancel()
	return b.alter(ctx, name, func(t *topic, _ *reading) error {
		r, err := t.read(ctx) // what was known may be a moment old
		if err != nil {
			return err
		}
		s := r.settings
		s.set(a)
		s.modified = time.Now().Unix()
		if _, err := b.conn.JS.UpdateStream(ctx, b.streamConfig(s)); err != nil {
			return fmt.Errorf("update topic %s: %w", t.key, err)
		}
		_, err = t.read(ctx)
		return err
	})
}

// DescribeTopic tells a topic's attributes and how many messages are under way.
func (b *Broker) DescribeTopic(ctx context.Context, name mapping.TopicName) (mapping.TopicDescription, error) {
	ctx, cancel := b.conn.Within(ctx)
	defer cancel()
	t, _, err := b.topic(ctx, name)
	if err != nil {
		return mapping.TopicDescription{}, err
	}
	c, err := t.count(ctx)
	if err != nil {
		return mapping.TopicDescription{}, err
	}
	r, err := readSettings(c.info.Config) // what we knew may be a moment old
	if err != nil {
		return mapping.TopicDescription{}, err
	}
	return mapping.TopicDescription{
		TopicRef:       r.ref(),
		Messages:       c.waiting(),
		MaxMessageSize: r.maxSize,
		Retention:      r.retention,
		FilterType:     r.filterType,
		Created:        mapping.Time(r.created),
		Modified:       mapping.Time(r.modified),
		Trace:          r.trace,
		Tags:           r.tags,
		Subscriptions:  c.subs,
	}, nil
}

func (s *settings) ref() mapping.TopicRef {
	return mapping.TopicRef{ID: mapping.TopicID(s.id), Name: s.name}
}

// Topics lists the topics whose name contains search, whatever the case, by
// name: total of them, and the page of at most limit from offset on.
func (b *Broker) Topics(ctx context.Context, search string, offset, limit int) (total int, page []mapping.TopicRef, err error) {
	all, err := b.allTopics(ctx)
	if err != nil {
		return 0, nil, err
	}
	found := []mapping.TopicRef{}
	search = strings.ToLower(search)
	for key, s := range all {
		if strings.Contains(key, search) {
			found = append(found, s.ref())
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].Name < found[j].Name })
	return len(found), pageOf(found, offset, limit), nil
}

// pageOf cuts at most limit elements from offset on.
func pageOf[T any](all []T, offset, limit int) []T {
	from := min(max(offset, 0), len(all))
	return all[from : from+min(max(limit, 0), len(all)-from)]
}

// allTopics reads every topic of the account, by key. Of one that is without a
// leader it gives what was known of it.
func (b *Broker) allTopics(ctx context.Context) (map[string]*settings, error) {
	ctx, cancel := b.conn.Within(ctx)
	defer cancel()
	infos, silent, err := b.conn.Streams(ctx, subjectPrefix+">")
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	all := map[string]*settings{}
	for name, info := range infos {
		if !strings.HasPrefix(name, streamPrefix) {
			continue
		}
		s, err := readSettings(info.Config)
		if err != nil {
			b.log.Error("a topic cannot be read and is left out", "error", err)
			continue
		}
		all[s.key] = &s
	}
	for _, name := range silent {
		key, ours := strings.CutPrefix(name, streamPrefix)
		if !ours {
			continue
		}
		r := b.entry(key).reading.Load()
		if r == nil {
			return nil, fmt.Errorf("list topics: %s does not answer", key)
		}
		all[key] = &r.settings
	}
	return all, nil
}

// DeleteTopic removes a topic with its messages. Errors: ErrNoTopic, and
// ErrTopicInUse while it has subscriptions.
func (b *Broker) DeleteTopic(ctx context.Context, name mapping.TopicName) error {
	ctx, cancel := b.conn.Through(ctx)
	defer cancel()
	return b.alter(ctx, name, func(t *topic, _ *reading) error {
		r, err := t.read(ctx)
		if err != nil {
			return err
		}
		if len(r.subs) > 0 {
			return mapping.ErrTopicInUse
		}
		err = b.conn.JS.DeleteStream(ctx, t.stream)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			err = mapping.ErrNoTopic
		} else if err != nil {
			return fmt.Errorf("delete topic %s: %w", t.key, err)
		}
		t.forget()
		return err
	})
}
