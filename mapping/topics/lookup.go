package topics

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/jetcmq/jetcmq/mapping"
)

// DescribeTopics describes the topics that l asks for, in its order: total of
// them, and the page of at most limit from offset on.
func (b *Broker) DescribeTopics(ctx context.Context, l mapping.Lookup, offset, limit int) (total int, page []mapping.TopicDescription, err error) {
	all, err := b.allTopics(ctx)
	if err != nil {
		return 0, nil, err
	}
	var found []string
	for _, s := range all {
		if l.Wants(s.name, s.tags) {
			found = append(found, s.name)
		}
	}
	slices.SortFunc(found, l.Order)
	for _, name := range pageOf(found, offset, limit) {
		d, err := b.DescribeTopic(ctx, mapping.TopicName(name))
		if errors.Is(err, mapping.ErrNoTopic) {
			continue // deleted meanwhile
		}
		if err != nil {
			return 0, nil, err
		}
		page = append(page, d)
	}
	return len(found), page, nil
}

// Filter tells what a topic filters by: FilterTag or FilterKey.
func (b *Broker) Filter(ctx context.Context, name mapping.TopicName) (int, error) {
	_, r, err := b.topic(ctx, name)
	if err != nil {
		return 0, err
	}
	return r.filterType, nil
}

// DescribeSubscriptions describes a topic's subscriptions that l asks for, in
// its order: total of them, and the page of at most limit from offset on.
func (b *Broker) DescribeSubscriptions(ctx context.Context, topicName mapping.TopicName, l mapping.Lookup, offset, limit int) (total int, page []mapping.SubscriptionDescription, err error) {
	t, r, err := b.reread(ctx, topicName)
	if err != nil {
		return 0, nil, err
	}
	return describeAll(ctx, t.bound(r, func(s *subscription) bool { return l.Wants(s.name, nil) }), l, offset, limit)
}

// SubscriptionsTo describes likewise the subscriptions of all topics that
// deliver to a queue.
func (b *Broker) SubscriptionsTo(ctx context.Context, queue mapping.QueueName, l mapping.Lookup, offset, limit int) (total int, page []mapping.SubscriptionDescription, err error) {
	all, err := b.allTopics(ctx)
	if err != nil {
		return 0, nil, err
	}
	var found []bound
	for _, s := range all {
		t, r, err := b.reread(ctx, mapping.TopicName(s.name))
		if errors.Is(err, mapping.ErrNoTopic) {
			continue
		}
		if err != nil {
			return 0, nil, err
		}
		found = append(found, t.bound(r, func(s *subscription) bool {
			return s.Protocol == mapping.ProtocolQueue && strings.EqualFold(s.Endpoint, string(queue)) && l.Wants(s.name, nil)
		})...)
	}
	return describeAll(ctx, found, l, offset, limit)
}

// bound is a subscription with its topic.
type bound struct {
	*subscription
	topic *topic
	of    string // the topic's name
}

func (t *topic) bound(r *reading, want func(*subscription) bool) (found []bound) {
	for _, s := range r.subs {
		if want(s) {
			found = append(found, bound{s, t, r.name})
		}
	}
	return found
}

func describeAll(ctx context.Context, found []bound, l mapping.Lookup, offset, limit int) (total int, page []mapping.SubscriptionDescription, err error) {
	slices.SortFunc(found, func(a, b bound) int {
		if byName := l.Order(a.name, b.name); byName != 0 {
			return byName
		}
		return strings.Compare(a.of, b.of)
	})
	for _, s := range pageOf(found, offset, limit) {
		d, err := s.topic.describe(ctx, s.subscription)
		if errors.Is(err, mapping.ErrNoSubscription) {
			continue // deleted meanwhile
		}
		if err != nil {
			return 0, nil, err
		}
		d.Topic = s.of
		page = append(page, d)
	}
	return len(found), page, nil
}
