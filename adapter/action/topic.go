package action

import (
	"context"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/account"
)

var CreateTopic = define(Action{
	Name: "CreateTopic",
	CMQ:  "CreateTopic",
	TDMQ: "CreateCmqTopic",
	Doc: "Creates a topic. A name that is taken is an error even if all attributes agree; " +
		"names that differ only in case are the same name.",
	Errors: []*mapping.Error{mapping.ErrTopicExists, mapping.ErrTooManyTopics},
}, func(ctx context.Context, a *account.Account, in struct {
	Topic      mapping.TopicName `cmq:"topicName"`
	FilterType int               `cmq:"filterType" range:"1..2" default:"1"`
	mapping.TopicAttributes
	Tags tags `tdmq:"Tags" default:""`
}) (out struct {
	ID mapping.TopicID `cmq:"topicId"`
}, err error) {
	attributes := in.TopicAttributes
	attributes.FilterType, attributes.Tags = &in.FilterType, in.Tags
	id, err := a.Topics.CreateTopic(ctx, in.Topic, attributes)
	out.ID = mapping.TopicID(id)
	return out, err
})

var SetTopicAttributes = define(Action{
	Name:   "SetTopicAttributes",
	CMQ:    "ModifyTopicAttribute",
	TDMQ:   "ModifyCmqTopicAttribute",
	Doc:    "Changes those attributes of a topic that are sent.",
	Errors: []*mapping.Error{mapping.ErrNoTopic},
}, func(ctx context.Context, a *account.Account, in struct {
	Topic                   mapping.TopicName `cmq:"topicName"`
	mapping.TopicAttributes `absent:"unchanged"`
}) (struct{}, error) {
	return struct{}{}, a.Topics.SetTopic(ctx, in.Topic, in.TopicAttributes)
})

var GetTopicAttributes = define(Action{
	Name:   "GetTopicAttributes",
	TDMQ:   "DescribeCmqTopicDetail",
	Doc:    "Tells how a topic is set up and what is in it. (Product cmq's DescribeTopicDetail is a list.)",
	Errors: []*mapping.Error{mapping.ErrNoTopic.Named("ResourceNotFound")},
}, func(ctx context.Context, a *account.Account, in struct {
	Topic mapping.TopicName `cmq:"topicName"`
}) (out struct {
	topicDetail `v3:"TopicDescribe"`
}, err error) {
	d, err := a.Topics.DescribeTopic(ctx, in.Topic)
	if err != nil {
		return out, err
	}
	out.topicDetail = detailOfTopic(a, d)
	return out, nil
})

var ListTopic = define(Action{
	Name: "ListTopic",
	Doc:  "Lists the account's topics by name, a page at a time. API 3.0 describes what it lists: DescribeCmqTopics, DescribeTopicDetail.",
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

var DescribeCmqTopics = define(Action{
	TDMQ: "DescribeCmqTopics",
	Doc: "Describes the account's topics, a page at a time: the one of the very name first, then by name. " +
		"A topic is listed if everything agrees that is asked for.",
}, func(ctx context.Context, a *account.Account, in struct {
	Part  string                      `v3:"TopicName" default:""`
	Names nameList[mapping.TopicName] `v3:"TopicNameList" default:""`
	tagFilters
	page
}) (out struct {
	Total  int           `v3:"TotalCount"`
	Topics []topicDetail `v3:"TopicList"`
}, err error) {
	l := mapping.Lookup{Part: in.Part, Names: texts(in.Names), Tags: in.tags()}
	out.Total, out.Topics, err = topicDetails(ctx, a, l, in.page)
	return out, err
})

var DescribeTopicDetail = define(Action{
	CMQ: "DescribeTopicDetail",
	Doc: "Describes the account's topics by name, a page at a time. Filters know TopicName, with one part of the name; " +
		"a topic is listed if everything agrees that is asked for.",
}, func(ctx context.Context, a *account.Account, in struct {
	Topic   *mapping.TopicName `v3:"TopicName"`
	Filters wordFilters        `v3:"Filters" default:""`
	TagKey  string             `v3:"TagKey" default:""`
	page
}) (out struct {
	Total  int           `v3:"TotalCount"`
	Topics []topicDetail `v3:"TopicSet"`
}, err error) {
	l := mapping.Lookup{Part: in.Filters.word("TopicName"), Names: exactly(in.Topic), Tags: havingTag(in.TagKey)}
	out.Total, out.Topics, err = topicDetails(ctx, a, l, in.page)
	return out, err
})

var DeleteTopic = define(Action{
	Name:   "DeleteTopic",
	CMQ:    "DeleteTopic",
	TDMQ:   "DeleteCmqTopic",
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
