package sdk

import (
	"testing"

	cmq "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/cmq/v20190304"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"

	"github.com/jetcmq/jetcmq/test/sdk/check"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	c := client(t)
	create(t, c, named("taken"))
	createTopic(t, c, topic("taken"))
	subscribe(t, c, "taken", `{"SubscriptionName":"s","Protocol":"queue","Endpoint":"taken"}`)
	const queue, none, alone = `{"QueueName":"nowhere"}`, `{"TopicName":"nowhere","SubscriptionName":"s"}`, `{"TopicName":"taken","SubscriptionName":"none"}`
	check.Refused(t, c.ModifyQueueAttribute, cmq.NewModifyQueueAttributeRequest(), queue, "ResourceNotFound", "(10100)")
	check.Refused(t, c.DeleteQueue, cmq.NewDeleteQueueRequest(), queue, "ResourceNotFound", "(10100)")
	check.Refused(t, c.ClearQueue, cmq.NewClearQueueRequest(), queue, "ResourceNotFound", "(10100)")
	check.Refused(t, c.RewindQueue, cmq.NewRewindQueueRequest(), with(queue, `{"StartConsumeTime":1}`), "ResourceNotFound", "(10100)")
	check.Refused(t, c.UnbindDeadLetter, cmq.NewUnbindDeadLetterRequest(), queue, "ResourceNotFound", "(10100)")
	check.Refused(t, c.DescribeDeadLetterSourceQueues, cmq.NewDescribeDeadLetterSourceQueuesRequest(), `{"DeadLetterQueueName":"nowhere"}`, "ResourceNotFound", "(10100)")
	check.Refused(t, c.ModifyTopicAttribute, cmq.NewModifyTopicAttributeRequest(), topic("nowhere"), "ResourceNotFound.Topic", "(10600)")
	check.Refused(t, c.DeleteTopic, cmq.NewDeleteTopicRequest(), topic("nowhere"), "ResourceNotFound.Topic", "(10600)")
	check.Refused(t, c.CreateSubscribe, cmq.NewCreateSubscribeRequest(), with(none, `{"Protocol":"queue","Endpoint":"taken"}`), "ResourceNotFound.Topic", "(10600)")
	check.Refused(t, c.ModifySubscriptionAttribute, cmq.NewModifySubscriptionAttributeRequest(), none, "ResourceNotFound.Topic", "(10600)")
	check.Refused(t, c.ModifySubscriptionAttribute, cmq.NewModifySubscriptionAttributeRequest(), alone, "ResourceNotFound", "(10560)")
	check.Refused(t, c.ClearSubscriptionFilterTags, cmq.NewClearSubscriptionFilterTagsRequest(), alone, "ResourceNotFound", "(10560)")
	check.Refused(t, c.DeleteSubscribe, cmq.NewDeleteSubscribeRequest(), alone, "ResourceNotFound", "(10560)")
	check.Refused(t, c.CreateQueue, cmq.NewCreateQueueRequest(), named("Taken"), "ResourceInUse.Queue", "(10210)")
	check.Refused(t, c.CreateTopic, cmq.NewCreateTopicRequest(), topic("Taken"), "ResourceInUse.Topic", "(10550)")
	check.Refused(t, c.CreateSubscribe, cmq.NewCreateSubscribeRequest(), `{"TopicName":"taken","SubscriptionName":"S","Protocol":"queue","Endpoint":"taken"}`,
		"ResourceInUse.Subscription", "(10470)")
	check.Refused(t, c.RewindQueue, cmq.NewRewindQueueRequest(), `{"QueueName":"taken","StartConsumeTime":1}`, "FailedOperation", "(10670)")
	check.Refused(t, c.CreateQueue, cmq.NewCreateQueueRequest(), `{}`, "MissingParameter", "QueueName")
	check.Refused(t, c.DescribeSubscriptionDetail, cmq.NewDescribeSubscriptionDetailRequest(), `{}`, "MissingParameter", "TopicName")
	for _, params := range []string{`{"QueueName":"1"}`, `{"QueueName":"x","PollingWaitSeconds":31}`, `{"QueueName":"x","MsgRetentionSeconds":59}`} {
		check.Refused(t, c.CreateQueue, cmq.NewCreateQueueRequest(), params, "InvalidParameterValue", "")
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	c := client(t, func(p *profile.ClientProfile) { p.HttpProfile.Endpoint = *smallHost })
	create(t, c, named("one"))
	createTopic(t, c, topic("one"))
	check.Refused(t, c.CreateQueue, cmq.NewCreateQueueRequest(), named("two"), "LimitExceeded", "(10220)")
	check.Refused(t, c.CreateTopic, cmq.NewCreateTopicRequest(), topic("two"), "LimitExceeded.Topics", "(10610)")
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	create(t, client(t), named("ours"))
	theirs := clientOf(t, *otherID, *otherSecret)
	check.Refused(t, theirs.ClearQueue, cmq.NewClearQueueRequest(), named("ours"), "ResourceNotFound", "(10100)")
}

// TestWaysToSign makes one call with a list in every way that the SDK has.
func TestWaysToSign(t *testing.T) {
	t.Parallel()
	create(t, client(t), named("signed"))
	const params = `{"QueueName":"signed","Filters":[{"Name":"QueueName","Values":["sign"]}]}`
	for _, sign := range []string{"TC3-HMAC-SHA256", "HmacSHA1", "HmacSHA256"} {
		for _, method := range []string{"GET", "POST"} {
			t.Run(sign+" "+method, func(t *testing.T) {
				t.Parallel()
				way := func(p *profile.ClientProfile) { p.SignMethod, p.HttpProfile.ReqMethod = sign, method }
				if got := check.Must(t, client(t, way).DescribeQueueDetail, cmq.NewDescribeQueueDetailRequest(), params).Response.QueueSet; len(got) != 1 {
					t.Errorf("got %s", check.Spell(got))
				}
				check.Refused(t, clientOf(t, *id, "wrong", way).DescribeQueueDetail, cmq.NewDescribeQueueDetailRequest(), params, "AuthFailure.SignatureFailure", "")
			})
		}
	}
}
