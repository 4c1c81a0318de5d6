package sdk

import (
	"testing"

	cmq "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/cmq/v20190304"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	c := client(t)
	create(t, c, named("taken"))
	createTopic(t, c, topic("taken"))
	subscribe(t, c, "taken", `{"SubscriptionName":"s","Protocol":"queue","Endpoint":"taken"}`)
	const queue, none, alone = `{"QueueName":"nowhere"}`, `{"TopicName":"nowhere","SubscriptionName":"s"}`, `{"TopicName":"taken","SubscriptionName":"none"}`
	refused(t, c.ModifyQueueAttribute, cmq.NewModifyQueueAttributeRequest(), queue, "ResourceNotFound", "(10100)")
	refused(t, c.DeleteQueue, cmq.NewDeleteQueueRequest(), queue, "ResourceNotFound", "(10100)")
	refused(t, c.ClearQueue, cmq.NewClearQueueRequest(), queue, "ResourceNotFound", "(10100)")
	refused(t, c.RewindQueue, cmq.NewRewindQueueRequest(), with(queue, `{"StartConsumeTime":1}`), "ResourceNotFound", "(10100)")
	refused(t, c.UnbindDeadLetter, cmq.NewUnbindDeadLetterRequest(), queue, "ResourceNotFound", "(10100)")
	refused(t, c.DescribeDeadLetterSourceQueues, cmq.NewDescribeDeadLetterSourceQueuesRequest(), `{"DeadLetterQueueName":"nowhere"}`, "ResourceNotFound", "(10100)")
	refused(t, c.ModifyTopicAttribute, cmq.NewModifyTopicAttributeRequest(), topic("nowhere"), "ResourceNotFound.Topic", "(10600)")
	refused(t, c.DeleteTopic, cmq.NewDeleteTopicRequest(), topic("nowhere"), "ResourceNotFound.Topic", "(10600)")
	refused(t, c.CreateSubscribe, cmq.NewCreateSubscribeRequest(), with(none, `{"Protocol":"queue","Endpoint":"taken"}`), "ResourceNotFound.Topic", "(10600)")
	refused(t, c.ModifySubscriptionAttribute, cmq.NewModifySubscriptionAttributeRequest(), none, "ResourceNotFound.Topic", "(10600)")
	refused(t, c.ModifySubscriptionAttribute, cmq.NewModifySubscriptionAttributeRequest(), alone, "ResourceNotFound", "(10560)")
	refused(t, c.ClearSubscriptionFilterTags, cmq.NewClearSubscriptionFilterTagsRequest(), alone, "ResourceNotFound", "(10560)")
	refused(t, c.DeleteSubscribe, cmq.NewDeleteSubscribeRequest(), alone, "ResourceNotFound", "(10560)")
	refused(t, c.CreateQueue, cmq.NewCreateQueueRequest(), named("Taken"), "ResourceInUse.Queue", "(10210)")
	refused(t, c.CreateTopic, cmq.NewCreateTopicRequest(), topic("Taken"), "ResourceInUse.Topic", "(10550)")
	refused(t, c.CreateSubscribe, cmq.NewCreateSubscribeRequest(), `{"TopicName":"taken","SubscriptionName":"S","Protocol":"queue","Endpoint":"taken"}`,
		"ResourceInUse.Subscription", "(10470)")
	refused(t, c.RewindQueue, cmq.NewRewindQueueRequest(), `{"QueueName":"taken","StartConsumeTime":1}`, "FailedOperation", "(10670)")
	refused(t, c.CreateQueue, cmq.NewCreateQueueRequest(), `{}`, "MissingParameter", "QueueName")
	refused(t, c.DescribeSubscriptionDetail, cmq.NewDescribeSubscriptionDetailRequest(), `{}`, "MissingParameter", "TopicName")
	for _, params := range []string{`{"QueueName":"1"}`, `{"QueueName":"x","PollingWaitSeconds":31}`, `{"QueueName":"x","MsgRetentionSeconds":59}`} {
		refused(t, c.CreateQueue, cmq.NewCreateQueueRequest(), params, "InvalidParameterValue", "")
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	c := client(t, func(p *profile.ClientProfile) { p.HttpProfile.Endpoint = *smallHost })
	create(t, c, named("one"))
	createTopic(t, c, topic("one"))
	refused(t, c.CreateQueue, cmq.NewCreateQueueRequest(), named("two"), "LimitExceeded", "(10220)")
	refused(t, c.CreateTopic, cmq.NewCreateTopicRequest(), topic("two"), "LimitExceeded.Topics", "(10610)")
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	create(t, client(t), named("ours"))
	theirs := clientOf(t, *otherID, *otherSecret)
	refused(t, theirs.ClearQueue, cmq.NewClearQueueRequest(), named("ours"), "ResourceNotFound", "(10100)")
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
				if got := must(t, client(t, way).DescribeQueueDetail, cmq.NewDescribeQueueDetailRequest(), params).Response.QueueSet; len(got) != 1 {
					t.Errorf("got %s", spell(got))
				}
				refused(t, clientOf(t, *id, "wrong", way).DescribeQueueDetail, cmq.NewDescribeQueueDetailRequest(), params, "AuthFailure.SignatureFailure", "")
			})
		}
	}
}
