package action

import (
	"context"
	"errors"
	"unicode/utf8"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/account"
)

// endpoint is where a subscription's messages go. Whether it suits the protocol
// is the broker's to say.
type endpoint string

func (e endpoint) Check() error {
	if e == "" || utf8.RuneCountInString(string(e)) > mapping.MaxEndpoint || !utf8.ValidString(string(e)) {
		return mapping.ErrEndpointFormat
	}
	return nil
}

// subscriptionOf says which subscription an action is about.
type subscriptionOf struct {
	Topic        mapping.TopicName        `cmq:"topicName"`
	Subscription mapping.SubscriptionName `cmq:"subscriptionName"`
}

// filters are what a subscription asks for. The topic's filterType decides
// which of the two counts.
type filters struct {
	Tags filterTags  `cmq:"filterTag" v3:"FilterTag,FilterTags" range:"0..16" tdmq-range:"0..64" default:""` // 3.0 calls it both
	Keys bindingKeys `cmq:"bindingKey,bindindKey" v3:"BindingKey" default:""`                                // sic: the PHP SDK sends the second
}

type filterTags []tag

func (filterTags) Most() (int, error) { return mapping.MaxTags, mapping.ErrTooManyFilterTags }

type bindingKeys []key

func (bindingKeys) Most() (int, error) { return mapping.MaxBindingKeys, mapping.ErrTooManyBindingKeys }

// newSubscription is what a subscription is made with.
type newSubscription struct {
	Protocol mapping.Protocol `cmq:"protocol"`
	Endpoint endpoint         `cmq:"endpoint"`
	Strategy mapping.Strategy `cmq:"notifyStrategy" default:"EXPONENTIAL_DECAY_RETRY"`
	Format   mapping.Format   `cmq:"notifyContentFormat" default:"JSON"`
	filters
}

func (n newSubscription) settings() mapping.Subscription {
	return mapping.Subscription{Protocol: n.Protocol, Endpoint: string(n.Endpoint), Strategy: n.Strategy, Format: n.Format,
		FilterTags: distinct(n.Tags), BindingKeys: distinct(n.Keys)}
}

// judge refuses an endpoint that does not suit the protocol.
func (n newSubscription) judge() error { return n.settings().CheckEndpoint() }

var Subscribe = define(Action{
	Name: "Subscribe",
	CMQ:  "CreateSubscribe",
	TDMQ: "CreateCmqSubscribe",
	Doc: "Has a topic's messages delivered to a queue or to a URL, from now on. " +
		"A queue gets the bare message, whatever the format, as one with an id of its own. A name is unique within its topic, whatever its case.",
	Errors: []*mapping.Error{mapping.ErrNoTopic, mapping.ErrSubscriptionExists, mapping.ErrTooManySubscriptions,
		mapping.ErrEndpointFormat, mapping.ErrEndpointBlank, mapping.ErrEndpoint, mapping.ErrNoBindingKey},
}, func(ctx context.Context, a *account.Account, in struct {
	subscriptionOf
	newSubscription
}) (out struct {
	ID string `cmq:"subscriptionId"`
}, err error) {
	out.ID, err = a.Topics.Subscribe(ctx, in.Topic, in.Subscription, in.settings())
	return out, err
})

var Unsubscribe = define(Action{
	Name:   "Unsubscribe",
	CMQ:    "DeleteSubscribe",
	TDMQ:   "DeleteCmqSubscribe",
	Doc:    "Ends a subscription. What it was still to be given is dropped.",
	Errors: []*mapping.Error{mapping.ErrNoTopic, mapping.ErrNoSubscription},
}, func(ctx context.Context, a *account.Account, in struct{ subscriptionOf }) (struct{}, error) {
	return struct{}{}, a.Topics.Unsubscribe(ctx, in.Topic, in.Subscription)
})

var SetSubscriptionAttributes = define(Action{
	Name: "SetSubscriptionAttributes",
	CMQ:  "ModifySubscriptionAttribute",
	TDMQ: "ModifyCmqSubscriptionAttribute",
	Doc: "Changes those attributes of a subscription that are sent; a list takes the place of the former one. " +
		"Protocol and endpoint cannot change and are ignored.",
	Errors: []*mapping.Error{mapping.ErrNoTopic, mapping.ErrNoSubscription},
}, func(ctx context.Context, a *account.Account, in struct {
	subscriptionOf
	Strategy *mapping.Strategy `cmq:"notifyStrategy"`
	Format   *mapping.Format   `cmq:"notifyContentFormat"`
	filters
}) (struct{}, error) {
	return struct{}{}, a.Topics.SetSubscription(ctx, in.Topic, in.Subscription, mapping.SubscriptionChange{
		Strategy: in.Strategy, Format: in.Format, FilterTags: distinct(in.Tags), BindingKeys: distinct(in.Keys),
	})
})

var GetSubscriptionAttributes = define(Action{
	Name:   "GetSubscriptionAttributes",
	Doc:    "Tells how a subscription is set up and what it is still to be given.",
	Errors: []*mapping.Error{mapping.ErrNoTopic, mapping.ErrNoSubscription},
}, func(ctx context.Context, a *account.Account, in struct{ subscriptionOf }) (mapping.SubscriptionDescription, error) {
	return a.Topics.DescribeSubscription(ctx, in.Topic, in.Subscription)
})

var ListSubscriptionByTopic = define(Action{
	Name: "ListSubscriptionByTopic",
	Doc:  "Lists a topic's subscriptions by name, a page at a time. A topic that does not exist has none.",
}, func(ctx context.Context, a *account.Account, in struct {
	Topic  mapping.TopicName `cmq:"topicName"`
	Search string            `cmq:"searchWord" default:""`
	Offset int               `cmq:"offset" range:"0..1000" default:"0"`
	Limit  pageLimit         `cmq:"limit" range:"0..100" default:"20"`
}) (out struct {
	Total         int                       `cmq:"totalCount"`
	Subscriptions []mapping.SubscriptionRef `cmq:"subscriptionList"`
}, err error) {
	out.Total, out.Subscriptions, err = a.Topics.Subscriptions(ctx, in.Topic, in.Search, in.Offset, int(in.Limit))
	if errors.Is(err, mapping.ErrNoTopic) {
		return out, nil // the Java SDK's own tests read 0 of a topic that they have deleted
	}
	return out, err
})

// queryType is what DescribeCmqSubscriptionDetail is asked by.
type queryType string

func (q *queryType) UnmarshalText(text []byte) error {
	*q = queryType(text)
	if *q != "topic" && *q != "queue" {
		return mapping.ErrOutOfRange
	}
	return nil
}

var DescribeSubscriptionDetail = define(Action{
	CMQ:  "DescribeSubscriptionDetail",
	TDMQ: "DescribeCmqSubscriptionDetail",
	Doc: "Describes a topic's subscriptions, a page at a time: the one of the very name first, then by name. " +
		"With QueryType queue, those of all topics that deliver to a queue. A topic that does not exist has none, " +
		"which Terraform expects after it deleted a topic. Product cmq's Filters know SubscriptionName.",
}, func(ctx context.Context, a *account.Account, in struct {
	Topic   *mapping.TopicName `v3:"TopicName"`
	Part    string             `tdmq:"SubscriptionName" default:""`
	Filters wordFilters        `v3:"Filters" tdmq:"-" default:""`
	By      queryType          `tdmq:"QueryType" default:"topic"`
	Queue   *mapping.QueueName `tdmq:"QueueName"`
	page
}) (out struct {
	Total         int                               `v3:"TotalCount"`
	Subscriptions []mapping.SubscriptionDescription `v3:"SubscriptionSet"`
}, err error) {
	l := mapping.Lookup{Part: in.Part + in.Filters.word("SubscriptionName")}
	switch {
	case in.By == "queue" && in.Queue == nil:
		err = mapping.ErrMissing.Of("QueueName")
	case in.By == "queue":
		out.Total, out.Subscriptions, err = a.Topics.SubscriptionsTo(ctx, *in.Queue, l, in.Offset, int(in.Limit))
	case in.Topic == nil:
		err = mapping.ErrMissing.Of("TopicName")
	default:
		out.Total, out.Subscriptions, err = a.Topics.DescribeSubscriptions(ctx, *in.Topic, l, in.Offset, int(in.Limit))
	}
	if errors.Is(err, mapping.ErrNoTopic) {
		err = nil
	}
	return out, err
})

var ClearSubscriptionFilterTags = define(Action{
	Name:   "ClearSubscriptionFilterTags",
	CMQ:    "ClearSubscriptionFilterTags",
	TDMQ:   "ClearCmqSubscriptionFilterTags",
	Doc:    "Empties a subscription's filterTag, so that it gets every message of a topic that filters by tags. Binding keys stay.",
	Errors: []*mapping.Error{mapping.ErrNoTopic, mapping.ErrNoSubscription},
}, func(ctx context.Context, a *account.Account, in struct{ subscriptionOf }) (struct{}, error) {
	return struct{}{}, a.Topics.ClearFilterTags(ctx, in.Topic, in.Subscription)
})
