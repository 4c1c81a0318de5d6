package sdk

import (
	"testing"

	tdmq "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tdmq/v20200217"

	"github.com/jetcmq/jetcmq/test/sdk/check"
)

// The calls of Terraform's provider tencentcloud for tencentcloud_tcmq_queue,
// _topic and _subscribe: it creates with every attribute, zeros included, reads
// at once, compares value by value what is not null with what it set (a
// difference would be planned for ever), sends only what has changed, and looks
// at the end whether everything is gone.

func TestTerraformQueue(t *testing.T) {
	t.Parallel()
	c := client(t)
	const set = `{"QueueName":"test_queue","MaxMsgHeapNum":10000000,"PollingWaitSeconds":0,"VisibilityTimeout":30,"MaxMsgSize":65536,
		"MsgRetentionSeconds":3600,"RewindSeconds":0,"Trace":false}`
	create(t, c, with(set, `{"Transaction":0,"FirstQueryInterval":0,"MaxQueryCount":0,"Policy":0,"MaxReceiveCount":50,"MaxTimeToLive":300}`))
	told := with(with(fixed, set), `{"NamespaceName":"CMQ_QUEUE-test_queue","Transaction":false,"TransactionPolicy":{"FirstQueryInterval":0,"MaxQueryCount":0}}`)
	check.Equal(t, "after apply", *describe(t, c, "test_queue"), told)
	check.Equal(t, "in the plan", *describe(t, c, "test_queue"), told)

	create(t, c, named("test_letters"))
	change := func(params, now string) {
		t.Helper()
		check.Must(t, c.ModifyCmqQueueAttribute, tdmq.NewModifyCmqQueueAttributeRequest(), with(named("test_queue"), params))
		told = with(told, now)
		check.Equal(t, params, *describe(t, c, "test_queue"), told)
	}
	change(`{"VisibilityTimeout":45,"RewindSeconds":1800,"Trace":true}`, `{"VisibilityTimeout":45,"RewindSeconds":1800,"Trace":true}`)
	change(`{"Transaction":1,"MaxQueryCount":3}`, `{"Transaction":true,"TransactionPolicy":{"FirstQueryInterval":0,"MaxQueryCount":3}}`)
	change(`{"MaxReceiveCount":60}`, `{}`) // means nothing without a queue
	change(`{"DeadLetterQueueName":"test_letters","Policy":1,"MaxTimeToLive":600,"MaxReceiveCount":50}`,
		`{"DeadLetterPolicy":{"DeadLetterQueue":"test_letters","Policy":1,"MaxTimeToLive":600,"MaxReceiveCount":50}}`)
	change(`{"Policy":0}`, `{"DeadLetterPolicy":{"DeadLetterQueue":"test_letters","Policy":0,"MaxTimeToLive":600,"MaxReceiveCount":50}}`)
	change(`{"MaxReceiveCount":7}`, `{"DeadLetterPolicy":{"DeadLetterQueue":"test_letters","Policy":0,"MaxTimeToLive":600,"MaxReceiveCount":7}}`)

	check.Must(t, c.DeleteCmqQueue, tdmq.NewDeleteCmqQueueRequest(), named("test_queue"))
	check.Must(t, c.DeleteCmqQueue, tdmq.NewDeleteCmqQueueRequest(), named("test_letters"))
	check.Refused(t, c.DescribeCmqQueueDetail, tdmq.NewDescribeCmqQueueDetailRequest(), named("test_queue"), "ResourceNotFound", "")
}

func TestTerraformQueueWithDeadLetters(t *testing.T) {
	t.Parallel()
	c := client(t)
	create(t, c, named("tf_letters"))
	create(t, c, `{"QueueName":"tf_source","MaxMsgHeapNum":10000000,"PollingWaitSeconds":0,"VisibilityTimeout":30,"MaxMsgSize":65536,
		"MsgRetentionSeconds":3600,"RewindSeconds":0,"Transaction":0,"FirstQueryInterval":0,"MaxQueryCount":0,"Trace":false,
		"DeadLetterQueueName":"tf_letters","Policy":0,"MaxReceiveCount":50,"MaxTimeToLive":300}`)
	check.Equal(t, "after apply", *describe(t, c, "tf_source").DeadLetterPolicy, `{"DeadLetterQueue":"tf_letters","Policy":0,"MaxReceiveCount":50,"MaxTimeToLive":300}`)
}

func TestTerraformTopicAndSubscription(t *testing.T) {
	t.Parallel()
	c := client(t)
	const set = `{"TopicName":"test_topic","MaxMsgSize":65536,"FilterType":1,"MsgRetentionSeconds":86400,"Trace":true}`
	createTopic(t, c, set)
	told := with(with(fixedTopic, set), `{"NamespaceName":"CMQ_TOPIC-test_topic"}`)
	check.Equal(t, "topic after apply", describeTopic(t, c, "test_topic"), told)
	check.Must(t, c.ModifyCmqTopicAttribute, tdmq.NewModifyCmqTopicAttributeRequest(), `{"TopicName":"test_topic","Trace":false}`)
	told = with(told, `{"Trace":false}`)
	check.Equal(t, "changed topic", describeTopic(t, c, "test_topic"), told)

	create(t, c, named("test_target"))
	const usual = `{"TopicOwner":1250000000,"MsgCount":0,"NotifyStrategy":"EXPONENTIAL_DECAY_RETRY","NotifyContentFormat":"JSON"}`
	for _, name := range []string{"a_test_subscribe", "test_subscribe", "test_subscribe2"} {
		subscribe(t, c, "test_topic", `{"SubscriptionName":"`+name+`","Protocol":"queue","Endpoint":"test_target","FilterTag":["b","a"],
			"NotifyStrategy":"EXPONENTIAL_DECAY_RETRY","NotifyContentFormat":"JSON"}`)
	}
	const which = `{"TopicName":"test_topic","SubscriptionName":"test_subscribe"}`
	read := func(what, changes string) {
		t.Helper()
		_, got := subscriptions(t, c, which)
		if len(got) == 0 {
			t.Fatalf("%s: got nothing", what)
		}
		check.Equal(t, what, *got[0], with(with(usual, `{"SubscriptionName":"test_subscribe","Protocol":"queue","Endpoint":"test_target","FilterTags":["b","a"],"BindingKey":[]}`), changes))
	}
	read("subscription after apply", `{}`)
	check.Must(t, c.ModifyCmqSubscriptionAttribute, tdmq.NewModifyCmqSubscriptionAttributeRequest(), with(which, `{"NotifyStrategy":"BACKOFF_RETRY"}`))
	read("changed subscription", `{"NotifyStrategy":"BACKOFF_RETRY"}`)
	check.Must(t, c.ModifyCmqSubscriptionAttribute, tdmq.NewModifyCmqSubscriptionAttributeRequest(), which)
	read("subscription not changed", `{"NotifyStrategy":"BACKOFF_RETRY"}`)

	for _, name := range []string{"a_test_subscribe", "test_subscribe2", "test_subscribe"} {
		check.Must(t, c.DeleteCmqSubscribe, tdmq.NewDeleteCmqSubscribeRequest(), `{"TopicName":"test_topic","SubscriptionName":"`+name+`"}`)
	}
	check.Must(t, c.DeleteCmqTopic, tdmq.NewDeleteCmqTopicRequest(), topic("test_topic"))
	_, got := subscriptions(t, c, which) // asked for when the topic is gone, too, and an error fails the check
	check.Equal(t, "after destroy", got, "[]")
	check.Refused(t, c.DescribeCmqTopicDetail, tdmq.NewDescribeCmqTopicDetailRequest(), topic("test_topic"), "ResourceNotFound", "")
}
