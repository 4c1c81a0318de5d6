package action

import (
	"context"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/account"
)

// creator is the createUin of every topic: there are no users below an account.
const creator = 100000000001

var CreateTopic = define(Action{
	Name: "CreateTopic",
	Doc: "Creates a topic. A name that is taken is an error even if all attributes agree; " +
		"names that differ only in case are the same name.",
	Errors: []*mapping.Error{mapping.ErrTopicExists, mapping.ErrTooManyTopics},
}, func(ctx context.Context, a *account.Account, in struct {
	Topic          mapping.TopicName `cmq:"topicName"`
	MaxMessageSize int               `cmq:"maxMsgSize" range:"1024..1048576" default:"65536"`
	FilterType     int               `cmq:"filterType" range:"1..2" default:"1"`
}) (out struct {
	ID string `cmq:"topicId"`
}, err error) {
	attributes := mapping.TopicAttributes{MaxMessageSize: &in.MaxMessageSize, FilterType: &in.FilterType}
	out.ID, err = a.Topics.CreateTopic(ctx, in.Topic, attributes)
	return out, err
})

var SetTopicAttributes = define(Action{
	Name:   "SetTopicAttributes",
	Doc:    "Changes the one attribute of a topic that can change, if it is sent.",
	Errors: []*mapping.Error{mapping.ErrNoTopic},
}, func(ctx context.Context, a *account.Account, in struct {
	Topic          mapping.TopicName `cmq:"topicName"`
	MaxMessageSize *int              `cmq:"maxMsgSize" range:"1024..1048576"`
}) (struct{}, error) {
	return struct{}{}, a.Topics.SetTopic(ctx, in.Topic, mapping.TopicAttributes{MaxMessageSize: in.MaxMessageSize})
})

var GetTopicAttributes = define(Action{
	Name:   "GetTopicAttributes",
	Doc:    "Tells how a topic is set up and what is in it.",
	Errors: []*mapping.Error{mapping.ErrNoTopic},
}, func(ctx context.Context, a *account.Account, in struct {
	Topic mapping.TopicName `cmq:"topicName"`
}) (out struct {
	mapping.TopicDescription
	Creator int64    `cmq:"createUin"`
	QPS     int      `cmq:"qps"`
	Tags    []string `cmq:"tags"`
}, err error) {
	out.Creator, out.QPS = creator, mapping.TopicsQPS
	out.TopicDescription, err = a.Topics.DescribeTopic(ctx, in.Topic)
	return out, err
})

var ListTopic = define(Action{
	Name: "ListTopic",
	Doc:  "Lists the account's topics by name, a page at a time.",
}, func(ctx context.Context, a *account.Account, in struct {
	Search string `cmq:"searchWord" default:""`
	page
}) (out struct {
	Total  int                `cmq:"totalCount"`
	Topics []mapping.TopicRef `cmq:"topicList"`
}, err error) {
	out.Total, out.Topics, err = a.Topics.Topics(ctx, in.Search, in.Offset, int(in.Limit))
	return out, err
})

var DeleteTopic = define(Action{
	Name:   "DeleteTopic",
	Doc:    "Deletes a topic with all its messages. Its subscriptions must be gone before.",
	Errors: []*mapping.Error{mapping.ErrNoTopic, mapping.ErrTopicInUse},
}, func(ctx context.Context, a *account.Account, in struct {
	Topic mapping.TopicName `cmq:"topicName"`
}) (struct{}, error) {
	return struct{}{}, a.Topics.DeleteTopic(ctx, in.Topic)
})

var QueryTopicRoute = define(Action{
	Name: "QueryTopicRoute",
	Doc: "Lists the TCP gateways of a topic, of which there are none: CMQ's TCP protocol is not served. " +
		"It tells whether a topic exists.",
	Errors: []*mapping.Error{mapping.ErrNoTopic},
}, func(ctx context.Context, a *account.Account, in struct {
	Topic mapping.TopicName `cmq:"topicName"`
}) (out struct {
	Addresses []string `cmq:"addr"`
}, err error) {
	_, err = a.Topics.DescribeTopic(ctx, in.Topic)
	return out, err
})
