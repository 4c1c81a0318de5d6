package sdk

import (
	"fmt"
	"strings"
	"testing"

	cmq "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/cmq/v20190304"

	"github.com/jetcmq/jetcmq/test/sdk/check"
)

func topic(name string) string { return fmt.Sprintf(`{"TopicName":%q}`, name) }

func createTopic(t *testing.T, c *cmq.Client, params string) {
	t.Helper()
	if id := *check.Must(t, c.CreateTopic, cmq.NewCreateTopicRequest(), params).Response.TopicId; !strings.HasPrefix(id, "topic-") {
		t.Errorf("got id %s", id)
	}
}

func subscribe(t *testing.T, c *cmq.Client, topicName, params string) {
	t.Helper()
	id := *check.Must(t, c.CreateSubscribe, cmq.NewCreateSubscribeRequest(), with(topic(topicName), params)).Response.SubscriptionId
	if !strings.HasPrefix(id, "subsc-") {
		t.Errorf("got id %s", id)
	}
}

// topics gives those that fit, without what is different each time, which it checked.
func topics(t *testing.T, c *cmq.Client, params string) []*cmq.TopicSet {
	t.Helper()
	answer := check.Must(t, c.DescribeTopicDetail, cmq.NewDescribeTopicDetailRequest(), params).Response
	for _, d := range answer.TopicSet {
		recent(t, "CreateTime", d.CreateTime)
		recent(t, "LastModifyTime", d.LastModifyTime)
		d.TopicId, d.CreateTime, d.LastModifyTime = nil, nil, nil
	}
	return answer.TopicSet
}

func TestTopic(t *testing.T) {
	t.Parallel()
	c := client(t)
	const usual = `{"Qps":5000,"MsgCount":0,"CreateUin":100000000001,"Tags":[],"MsgRetentionSeconds":86400}`
	createTopic(t, c, topic("news"))
	plain := with(usual, `{"TopicName":"news","MaxMsgSize":65536,"FilterType":1}`)
	check.Equal(t, "defaults", topics(t, c, topic("news")), "["+plain+"]")
	const said = `{"TopicName":"a-news","MaxMsgSize":1024,"FilterType":2,"Trace":true}`
	createTopic(t, c, said)
	check.Equal(t, "exact name first", topics(t, c, `{"Filters":[{"Name":"TopicName","Values":["news"]}]}`), "["+plain+","+with(usual, said)+"]")
	check.Equal(t, "second page", topics(t, c, `{"Filters":[{"Name":"TopicName","Values":["news"]}],"Limit":1,"Offset":1}`), "["+with(usual, said)+"]")
	const changes = `{"MaxMsgSize":2048,"MsgRetentionSeconds":60,"Trace":false}`
	check.Must(t, c.ModifyTopicAttribute, cmq.NewModifyTopicAttributeRequest(), with(topic("news"), changes))
	check.Equal(t, "changed", topics(t, c, topic("news")), "["+with(plain, changes)+"]")
	check.Must(t, c.DeleteTopic, cmq.NewDeleteTopicRequest(), topic("news"))
	check.Equal(t, "deleted", topics(t, c, topic("news")), "[]")
}

// subscriptions gives those that fit, without what is different each time, which it checked.
func subscriptions(t *testing.T, c *cmq.Client, params string) []*cmq.Subscription {
	t.Helper()
	answer := check.Must(t, c.DescribeSubscriptionDetail, cmq.NewDescribeSubscriptionDetailRequest(), params).Response
	for _, s := range answer.SubscriptionSet {
		recent(t, "CreateTime", s.CreateTime)
		recent(t, "LastModifyTime", s.LastModifyTime)
		s.SubscriptionId, s.CreateTime, s.LastModifyTime = nil, nil, nil
	}
	return answer.SubscriptionSet
}

func TestSubscription(t *testing.T) {
	t.Parallel()
	c := client(t)
	create(t, c, named("inbox"))
	createTopic(t, c, topic("subs"))
	const usual = `{"TopicOwner":1250000000,"MsgCount":0,"NotifyStrategy":"EXPONENTIAL_DECAY_RETRY","NotifyContentFormat":"JSON","FilterTags":[],"BindingKey":[]}`
	const web = `{"SubscriptionName":"a-box","Protocol":"http","Endpoint":"http://127.0.0.1:9/hook?a=1&b=2"}`
	subscribe(t, c, "subs", web)
	const box = `{"SubscriptionName":"box","Protocol":"queue","Endpoint":"inbox","NotifyStrategy":"BACKOFF_RETRY","NotifyContentFormat":"SIMPLIFIED"}`
	subscribe(t, c, "subs", with(box, `{"FilterTag":["red"],"BindingKey":["a.*"]}`))
	told := with(with(usual, box), `{"FilterTags":["red"],"BindingKey":["a.*"]}`)
	const find = `{"TopicName":"subs","Filters":[{"Name":"SubscriptionName","Values":["box"]}]}`
	check.Equal(t, "exact name first", subscriptions(t, c, find), "["+told+","+with(usual, web)+"]")

	const which, changes = `{"TopicName":"subs","SubscriptionName":"box"}`, `{"NotifyStrategy":"EXPONENTIAL_DECAY_RETRY","NotifyContentFormat":"JSON","FilterTags":["pear"],"BindingKey":["#"]}`
	check.Must(t, c.ModifySubscriptionAttribute, cmq.NewModifySubscriptionAttributeRequest(), with(which, changes))
	check.Equal(t, "changed", subscriptions(t, c, with(find, `{"Limit":1}`)), "["+with(told, changes)+"]")
	check.Must(t, c.ClearSubscriptionFilterTags, cmq.NewClearSubscriptionFilterTagsRequest(), which)
	check.Equal(t, "cleared", subscriptions(t, c, with(find, `{"Limit":1}`)), "["+with(with(told, changes), `{"FilterTags":[]}`)+"]")
	check.Refused(t, c.DeleteTopic, cmq.NewDeleteTopicRequest(), topic("subs"), "FailedOperation", "(10540)")
	check.Must(t, c.DeleteSubscribe, cmq.NewDeleteSubscribeRequest(), which)
	check.Equal(t, "deleted", subscriptions(t, c, topic("subs")), "["+with(usual, web)+"]")
}
