package topics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping"
)

// Subscribe makes a subscription, which gets what is published from now on,
// and gives its id. Errors: ErrNoTopic, ErrSubscriptionExists,
// ErrTooManySubscriptions, ErrNoBindingKey where the topic filters by routing
// key; of the endpoint ErrEndpointFormat, ErrEndpointBlank, and ErrEndpoint for
// a queue that does not exist or an address that must not be pushed to.
func (b *Broker) Subscribe(ctx context.Context, topicName mapping.TopicName, name mapping.SubscriptionName, in mapping.Subscription) (id string, err error) {
	ctx, cancel := b.conn.Through(ctx)
	defer cancel()
	if err := b.checkEndpoint(in); err != nil {
		return "", err
	}
	if _, _, err := b.topic(ctx, topicName); err != nil {
		return "", err // before the queue is looked for
	}
	if in.Protocol == mapping.ProtocolQueue {
		if err := b.queues.Expect(ctx, mapping.QueueName(in.Endpoint)); errors.Is(err, mapping.ErrNoQueue) {
			return "", mapping.ErrEndpoint.Because("there is no queue of that name")
		} else if err != nil {
			return "", err
		}
	}
	now := time.Now().Unix()
	s := subscription{key: name.Key(), name: string(name), id: "subsc-" + mapping.RandomText(10), created: now, modified: now,
		storedSubscription: storedSubscription{Protocol: in.Protocol, Endpoint: in.Endpoint, Strategy: in.Strategy, Format: in.Format,
			filter: filter{FilterTags: in.FilterTags, BindingKeys: in.BindingKeys}}}
	err = b.alter(ctx, topicName, func(t *topic, r *reading) error {
		if r.filterType == mapping.FilterKey && len(s.BindingKeys) == 0 {
			return mapping.ErrNoBindingKey
		}
		if r.subs[s.key] != nil || len(r.subs) >= b.conf.MaxSubscriptions {
			if r, err = t.read(ctx); err != nil { // perhaps another broker has just removed some
				return err
			}
		}
		switch {
		case r.subs[s.key] != nil:
			return mapping.ErrSubscriptionExists
		case len(r.subs) >= b.conf.MaxSubscriptions:
			return mapping.ErrTooManySubscriptions
		}
		return t.create(ctx, r, s)
	})
	if err != nil {
		return "", err
	}
	return s.id, nil
}

// create makes the consumer of a new subscription.
func (t *topic) create(ctx context.Context, r *reading, s subscription) error {
	ctx, cancel := t.b.conn.Within(ctx)
	defer cancel()
	consumer, err := t.b.conn.JS.CreateConsumer(ctx, t.stream, t.b.consumerConfig(&r.settings, s))
	switch {
	case errors.Is(err, jetstream.ErrConsumerExists):
		return mapping.ErrSubscriptionExists // somebody was faster; ids differ, so configurations do
	case errors.Is(err, jetstream.ErrStreamNotFound):
		t.forget()
		return mapping.ErrNoTopic
	case err != nil:
		return fmt.Errorf("create consumer of subscription %s: %w", s.name, err)
	}
	if made, ours := readSubscription(consumer.CachedInfo().Config); ours {
		t.with(r, s.key, made)
	}
	return nil
}

// checkEndpoint judges an endpoint without looking whether anybody is there.
func (b *Broker) checkEndpoint(s mapping.Subscription) error {
	if err := s.CheckEndpoint(); err != nil || s.Protocol == mapping.ProtocolQueue {
		return err
	}
	if err := b.conf.CheckEndpoint(s.Endpoint); err != nil {
		return mapping.ErrEndpoint.Because(err.Error())
	}
	return nil
}

// Unsubscribe removes a subscription with what was still to be delivered to
// it. Errors: ErrNoTopic, ErrNoSubscription.
func (b *Broker) Unsubscribe(ctx context.Context, topicName mapping.TopicName, name mapping.SubscriptionName) error {
	ctx, cancel := b.conn.Through(ctx)
	defer cancel()
	return b.alter(ctx, topicName, func(t *topic, r *reading) error {
		err := b.conn.JS.DeleteConsumer(ctx, t.stream, consumerPrefix+name.Key())
		switch {
		case errors.Is(err, jetstream.ErrStreamNotFound):
			t.forget()
			return mapping.ErrNoTopic
		case errors.Is(err, jetstream.ErrConsumerNotFound):
			err = mapping.ErrNoSubscription
		case err != nil:
			return fmt.Errorf("delete consumer of subscription %s: %w", name, err)
		}
		t.with(r, name.Key(), nil)
		return err
	})
}

// SetSubscription changes what c says and leaves the rest. A new filter holds
// for what is published from now on, strategy and format for every attempt from
// now on. Errors: ErrNoTopic, ErrNoSubscription.
func (b *Broker) SetSubscription(ctx context.Context, topicName mapping.TopicName, name mapping.SubscriptionName, c mapping.SubscriptionChange) error {
	return b.update(ctx, topicName, name, func(s *subscription) {
		if c.Strategy != nil {
			s.Strategy = *c.Strategy
		}
		if c.Format != nil {
			s.Format = *c.Format
		}
		if c.FilterTags != nil {
			s.FilterTags = c.FilterTags
		}
		if c.BindingKeys != nil {
			s.BindingKeys = c.BindingKeys
		}
	})
}

// ClearFilterTags makes a subscription get everything that its topic's tags
// would keep from it. Binding keys stay. Errors: ErrNoTopic, ErrNoSubscription.
func (b *Broker) ClearFilterTags(ctx context.Context, topicName mapping.TopicName, name mapping.SubscriptionName) error {
	return b.update(ctx, topicName, name, func(s *subscription) { s.FilterTags = nil })
}

func (b *Broker) update(ctx context.Context, topicName mapping.TopicName, name mapping.SubscriptionName, set func(*subscription)) error {
	ctx, cancel := b.conn.Through(ctx)
	defer cancel()
	return b.alter(ctx, topicName, func(t *topic, _ *reading) error {
		r, err := t.read(ctx) // what was known may be a moment old
		if err != nil {
			return err
		}
		s := r.subs[name.Key()]
		if s == nil {
			return mapping.ErrNoSubscription
		}
		written, err := t.written(ctx)
		if err != nil {
			return err
		}
		next := *s
		set(&next)
		next.modified = time.Now().Unix()
		if written > 0 && !s.filter.equal(&next.filter) {
			next.Former = append(slices.Clone(s.Former[max(0, len(s.Former)-maxFormer+1):]), formerFilter{written, s.filter})
		}
		err = t.put(ctx, r, next)
		if errors.Is(err, jetstream.ErrConsumerDoesNotExist) {
			return mapping.ErrNoSubscription
		}
		return err
	})
}

// maxFormer bounds how many former filters a subscription remembers. The
// oldest is forgotten first; what was published under it then goes by the next.
const maxFormer = 16

// written is the sequence of the last message that goes by the filters of now.
func (t *topic) written(ctx context.Context) (seq uint64, err error) {
	stream, err := t.b.conn.JS.Stream(ctx, t.stream)
	if err != nil {
		return 0, fmt.Errorf("read stream of topic %s: %w", t.key, err)
	}
	return stream.CachedInfo().State.LastSeq, nil
}

// subscription finds a subscription of which no change is known.
func (b *Broker) subscription(ctx context.Context, topicName mapping.TopicName, name mapping.SubscriptionName) (*topic, *subscription, error) {
	began := time.Now()
	t, r, err := b.topic(ctx, topicName)
	if err != nil {
		return nil, nil, err
	}
	if r.subs[name.Key()] == nil {
		if r, err = t.fresh(ctx, began); err != nil {
			return nil, nil, err
		}
	}
	s := r.subs[name.Key()]
	if s == nil {
		return nil, nil, mapping.ErrNoSubscription
	}
	return t, s, nil
}

// DescribeSubscription tells a subscription's attributes and how many messages
// it has still to get. Errors: ErrNoTopic, ErrNoSubscription.
func (b *Broker) DescribeSubscription(ctx context.Context, topicName mapping.TopicName, name mapping.SubscriptionName) (mapping.SubscriptionDescription, error) {
	ctx, cancel := b.conn.Within(ctx)
	defer cancel()
	t, s, err := b.subscription(ctx, topicName, name)
	if err != nil {
		return mapping.SubscriptionDescription{}, err
	}
	return t.describe(ctx, s)
}

func (t *topic) describe(ctx context.Context, known *subscription) (mapping.SubscriptionDescription, error) {
	within, cancel := t.b.conn.Within(ctx)
	defer cancel()
	consumer, err := t.b.conn.JS.Consumer(within, t.stream, consumerPrefix+known.key)
	if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
		return mapping.SubscriptionDescription{}, mapping.ErrNoSubscription
	}
	if err != nil {
		return mapping.SubscriptionDescription{}, fmt.Errorf("read consumer of subscription %s: %w", known.name, err)
	}
	info := consumer.CachedInfo()
	s, ours := readSubscription(info.Config) // what we knew may be a moment old
	if !ours {
		return mapping.SubscriptionDescription{}, mapping.ErrNoSubscription
	}
	return mapping.SubscriptionDescription{
		SubscriptionRef: s.ref(),
		Owner:           mapping.Owner(t.b.conf.Owner),
		Messages:        int64(info.NumPending) + int64(info.NumAckPending),
		Strategy:        s.Strategy,
		Format:          s.Format,
		FilterTags:      slices.Clone(s.FilterTags),
		BindingKeys:     slices.Clone(s.BindingKeys),
		Created:         mapping.Time(s.created),
		Modified:        mapping.Time(s.modified),
	}, nil
}

func (s *subscription) ref() mapping.SubscriptionRef {
	return mapping.SubscriptionRef{ID: s.id, Name: s.name, Protocol: s.Protocol, Endpoint: s.Endpoint}
}

// Subscriptions lists a topic's subscriptions whose name contains search,
// whatever the case, by name: total of them, and the page of at most limit
// from offset on.
func (b *Broker) Subscriptions(ctx context.Context, topicName mapping.TopicName, search string, offset, limit int) (total int, page []mapping.SubscriptionRef, err error) {
	_, r, err := b.reread(ctx, topicName)
	if err != nil {
		return 0, nil, err
	}
	found := []mapping.SubscriptionRef{}
	search = strings.ToLower(search)
	for key, s := range r.subs {
		if strings.Contains(key, search) {
			found = append(found, s.ref())
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].Name < found[j].Name })
	return len(found), pageOf(found, offset, limit), nil
}
