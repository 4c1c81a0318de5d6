// Package topics gives CMQ's topics and subscriptions their JetStream shape.
package topics

import (
	"context"
	"errors"

	"github.com/jetcmq/jetcmq/mapping"
)

type Broker struct{ Owner int64 }

var errNotYet = errors.New("not yet")

func (b *Broker) CreateTopic(ctx context.Context, name mapping.TopicName, a mapping.TopicAttributes) (id string, err error) {
	return "", errNotYet
}
func (b *Broker) SetTopic(ctx context.Context, name mapping.TopicName, a mapping.TopicAttributes) error {
	return errNotYet
}
func (b *Broker) DescribeTopic(ctx context.Context, name mapping.TopicName) (mapping.TopicDescription, error) {
	return mapping.TopicDescription{}, errNotYet
}
func (b *Broker) Topics(ctx context.Context, search string, offset, limit int) (total int, page []mapping.TopicRef, err error) {
	return 0, nil, errNotYet
}
func (b *Broker) DeleteTopic(ctx context.Context, name mapping.TopicName) error { return errNotYet }
func (b *Broker) Publish(ctx context.Context, name mapping.TopicName, bodies []string, l mapping.Labels) (ids []string, err error) {
	return nil, errNotYet
}
func (b *Broker) Subscribe(ctx context.Context, topic mapping.TopicName, name mapping.SubscriptionName, s mapping.Subscription) (id string, err error) {
	return "", errNotYet
}
func (b *Broker) Unsubscribe(ctx context.Context, topic mapping.TopicName, name mapping.SubscriptionName) error {
	return errNotYet
}
func (b *Broker) SetSubscription(ctx context.Context, topic mapping.TopicName, name mapping.SubscriptionName, c mapping.SubscriptionChange) error {
	return errNotYet
}
func (b *Broker) ClearFilterTags(ctx context.Context, topic mapping.TopicName, name mapping.SubscriptionName) error {
	return errNotYet
}
func (b *Broker) DescribeSubscription(ctx context.Context, topic mapping.TopicName, name mapping.SubscriptionName) (mapping.SubscriptionDescription, error) {
	return mapping.SubscriptionDescription{}, errNotYet
}
func (b *Broker) Subscriptions(ctx context.Context, topic mapping.TopicName, search string, offset, limit int) (total int, page []mapping.SubscriptionRef, err error) {
	return 0, nil, errNotYet
}
