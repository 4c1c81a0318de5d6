package action

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/account"
)

// tag is a word that a message carries, or that a subscription asks for. How
// long it may be differs between the APIs.
type tag string

func (t tag) Check() error {
	if !plain(t) {
		return mapping.ErrOutOfRange
	}
	return nil
}

// key is words with dots between them: a routing key, or the pattern of one.
type key string

func (k key) Check() error {
	switch {
	case len(k) > mapping.MaxKeyLength || !plain(k):
		return mapping.ErrOutOfRange
	case strings.Count(string(k), ".") >= mapping.MaxKeyWords:
		return mapping.ErrTooManyDelimiters
	default:
		return nil
	}
}

// plain tells that a text fits where tags and keys go: into subjects, headers
// of messages, and headers of HTTP requests.
func plain[T ~string](text T) bool {
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	return utf8.ValidString(string(text)) && !strings.ContainsFunc(string(text), control)
}

// distinct are those of list that are not empty, each once: to send an empty
// tag or key is to send none.
func distinct[T ~string](list []T) []string {
	var all []string
	for _, t := range list {
		if t != "" && !slices.Contains(all, string(t)) {
			all = append(all, string(t))
		}
	}
	return all
}

// labels are what a publish is filtered by.
type labels struct {
	Tags       messageTags `cmq:"msgTag,filterTag" range:"0..16" default:""` // a community PHP SDK sends the second
	RoutingKey key         `cmq:"routingKey" default:""`
}

type messageTags []tag

func (messageTags) Most() (int, error) { return mapping.MaxTags, mapping.ErrTooManyTags }

func (l labels) words() mapping.Labels {
	return mapping.Labels{Tags: distinct(l.Tags), RoutingKey: string(l.RoutingKey)}
}

var PublishMessage = define(Action{
	Name: "PublishMessage",
	Doc: "Hands one message to every subscription of a topic that asks for it. The topic's filterType tells " +
		"whether tags or the routing key decide. The message is stored when the answer comes; one that nobody would get is refused.",
	Errors: []*mapping.Error{mapping.ErrNoTopic, mapping.ErrBodyTooLarge, mapping.ErrNoSubscribers, mapping.ErrNoMatch,
		mapping.ErrSendRefused},
}, func(ctx context.Context, a *account.Account, in struct {
	Topic mapping.TopicName `cmq:"topicName"`
	Body  body              `cmq:"msgBody"`
	labels
}) (out struct {
	ID string `cmq:"msgId"`
}, err error) {
	ids, err := a.Topics.Publish(ctx, in.Topic, []string{string(in.Body)}, in.words())
	if err != nil {
		return out, err
	}
	out.ID = ids[0]
	return out, nil
})

var PublishCmqMsg = define(Action{
	TDMQ: "PublishCmqMsg",
	Doc: "Publishes one message as PublishMessage does. Where the topic filters by routing key, the first tag is the key, " +
		"and the others mean nothing.",
	Errors: []*mapping.Error{mapping.ErrNoTopic.Named("ResourceNotFound"), mapping.ErrBodyTooLarge, mapping.ErrNoSubscribers,
		mapping.ErrNoMatch, mapping.ErrTooManyDelimiters, mapping.ErrSendRefused},
}, func(ctx context.Context, a *account.Account, in struct {
	Topic mapping.TopicName `v3:"TopicName"`
	Body  body              `v3:"MsgContent"`
	Tags  messageTags       `v3:"MsgTag" range:"0..64" default:""`
}) (out struct {
	ID string `v3:"MsgId"`
	OK bool   `v3:"Result"`
}, err error) {
	filter, err := a.Topics.Filter(ctx, in.Topic)
	if err != nil {
		return out, err
	}
	labels := labels{Tags: in.Tags}
	if filter == mapping.FilterKey && len(in.Tags) > 0 {
		labels.Tags, labels.RoutingKey = nil, key(in.Tags[0])
		if err := labels.RoutingKey.Check(); err != nil {
			return out, mapping.Reply(err).Of("MsgTag")
		}
	}
	ids, err := a.Topics.Publish(ctx, in.Topic, []string{string(in.Body)}, labels.words())
	if err != nil {
		return out, err
	}
	out.ID, out.OK = ids[0], true
	return out, nil
})

var BatchPublishMessage = define(Action{
	Name: "BatchPublishMessage",
	Doc: "Publishes up to 16 messages, all or none, under the same tags and routing key. " +
		"Ids are answered in the order of the bodies.",
	Errors: []*mapping.Error{mapping.ErrNoTopic, mapping.ErrBatchTooLarge, mapping.ErrBodyTooLarge,
		mapping.ErrNoSubscribers, mapping.ErrNoMatch, mapping.ErrSendRefused},
}, func(ctx context.Context, a *account.Account, in struct {
	Topic  mapping.TopicName `cmq:"topicName"`
	Bodies []body            `cmq:"msgBody"`
	labels
}) (out struct {
	Messages []sent `cmq:"msgList"`
}, err error) {
	bodies := texts(in.Bodies)
	if size(bodies) > mapping.MaxBodySize {
		return out, mapping.ErrBatchTooLarge
	}
	ids, err := a.Topics.Publish(ctx, in.Topic, bodies, in.words())
	for _, id := range ids {
		out.Messages = append(out.Messages, sent{id})
	}
	return out, err
})
