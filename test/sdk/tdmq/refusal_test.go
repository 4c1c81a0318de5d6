package sdk

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"
	tdmq "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tdmq/v20200217"

	"github.com/jetcmq/jetcmq/test/sdk/check"
)

func TestMissingThings(t *testing.T) {
	t.Parallel()
	c := client(t)
	createTopic(t, c, topic("there"))
	const queue, noTopic = `{"QueueName":"nowhere"}`, `{"TopicName":"nowhere"}`
	const none, alone = `{"TopicName":"nowhere","SubscriptionName":"s"}`, `{"TopicName":"there","SubscriptionName":"s"}`
	check.Refused(t, c.DescribeCmqQueueDetail, tdmq.NewDescribeCmqQueueDetailRequest(), queue, "ResourceNotFound", "(10100)")
	check.Refused(t, c.ModifyCmqQueueAttribute, tdmq.NewModifyCmqQueueAttributeRequest(), queue, "ResourceNotFound", "(10100)")
	check.Refused(t, c.DeleteCmqQueue, tdmq.NewDeleteCmqQueueRequest(), queue, "ResourceNotFound", "(10100)")
	check.Refused(t, c.ClearCmqQueue, tdmq.NewClearCmqQueueRequest(), queue, "ResourceNotFound", "(10100)")
	check.Refused(t, c.SendCmqMsg, tdmq.NewSendCmqMsgRequest(), with(queue, `{"MsgContent":"x"}`), "ResourceNotFound", "(10100)")
	check.Refused(t, c.RewindCmqQueue, tdmq.NewRewindCmqQueueRequest(), with(queue, `{"StartConsumeTime":1}`), "ResourceNotFound", "(10100)")
	check.Refused(t, c.UnbindCmqDeadLetter, tdmq.NewUnbindCmqDeadLetterRequest(), `{"SourceQueueName":"nowhere"}`, "ResourceNotFound", "(10100)")
	check.Refused(t, c.DescribeCmqDeadLetterSourceQueues, tdmq.NewDescribeCmqDeadLetterSourceQueuesRequest(), `{"DeadLetterQueueName":"nowhere"}`, "ResourceNotFound", "(10100)")
	check.Refused(t, c.DescribeCmqTopicDetail, tdmq.NewDescribeCmqTopicDetailRequest(), noTopic, "ResourceNotFound", "(10600)")
	check.Refused(t, c.PublishCmqMsg, tdmq.NewPublishCmqMsgRequest(), with(noTopic, `{"MsgContent":"x"}`), "ResourceNotFound", "(10600)")
	check.Refused(t, c.ModifyCmqTopicAttribute, tdmq.NewModifyCmqTopicAttributeRequest(), noTopic, "ResourceNotFound.Topic", "(10600)")
	check.Refused(t, c.DeleteCmqTopic, tdmq.NewDeleteCmqTopicRequest(), noTopic, "ResourceNotFound.Topic", "(10600)")
	check.Refused(t, c.CreateCmqSubscribe, tdmq.NewCreateCmqSubscribeRequest(), with(none, `{"Protocol":"http","Endpoint":"http://127.0.0.1:9/"}`), "ResourceNotFound.Topic", "(10600)")
	check.Refused(t, c.DeleteCmqSubscribe, tdmq.NewDeleteCmqSubscribeRequest(), none, "ResourceNotFound.Topic", "(10600)")
	check.Refused(t, c.ClearCmqSubscriptionFilterTags, tdmq.NewClearCmqSubscriptionFilterTagsRequest(), none, "ResourceNotFound.Topic", "(10600)")
	check.Refused(t, c.ModifyCmqSubscriptionAttribute, tdmq.NewModifyCmqSubscriptionAttributeRequest(), none, "ResourceNotFound.Topic", "(10600)")
	check.Refused(t, c.DeleteCmqSubscribe, tdmq.NewDeleteCmqSubscribeRequest(), alone, "ResourceNotFound", "(10560)")
	check.Refused(t, c.ClearCmqSubscriptionFilterTags, tdmq.NewClearCmqSubscriptionFilterTagsRequest(), alone, "ResourceNotFound", "(10560)")
	check.Refused(t, c.ModifyCmqSubscriptionAttribute, tdmq.NewModifyCmqSubscriptionAttributeRequest(), alone, "ResourceNotFound", "(10560)")
}

func TestTaken(t *testing.T) {
	t.Parallel()
	c := client(t)
	create(t, c, named("taken"))
	createTopic(t, c, topic("taken"))
	subscribe(t, c, "taken", `{"SubscriptionName":"s","Protocol":"queue","Endpoint":"taken"}`)
	for _, name := range []string{"taken", "TAKEN"} {
		check.Refused(t, c.CreateCmqQueue, tdmq.NewCreateCmqQueueRequest(), named(name), "ResourceInUse.Queue", "(10210)")
		check.Refused(t, c.CreateCmqTopic, tdmq.NewCreateCmqTopicRequest(), topic(name), "ResourceInUse.Topic", "(10550)")
	}
	check.Refused(t, c.CreateCmqSubscribe, tdmq.NewCreateCmqSubscribeRequest(), `{"TopicName":"taken","SubscriptionName":"S","Protocol":"queue","Endpoint":"taken"}`,
		"ResourceInUse.Subscription", "(10470)")
}

func TestLimits(t *testing.T) {
	t.Parallel()
	c := client(t, func(p *profile.ClientProfile) { p.HttpProfile.Endpoint = *smallHost })
	create(t, c, `{"QueueName":"one","MaxMsgHeapNum":1}`)
	createTopic(t, c, topic("one"))
	check.Refused(t, c.CreateCmqQueue, tdmq.NewCreateCmqQueueRequest(), named("two"), "LimitExceeded", "(10220)")
	check.Refused(t, c.CreateCmqTopic, tdmq.NewCreateCmqTopicRequest(), topic("two"), "LimitExceeded.Topics", "(10610)")
	check.Must(t, c.SendCmqMsg, tdmq.NewSendCmqMsgRequest(), `{"QueueName":"one","MsgContent":"x"}`)
	check.Refused(t, c.SendCmqMsg, tdmq.NewSendCmqMsgRequest(), `{"QueueName":"one","MsgContent":"x"}`, "LimitExceeded", "(10240)")
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	create(t, client(t), named("ours"))
	theirs := clientOf(t, *otherID, *otherSecret)
	check.Refused(t, theirs.DescribeCmqQueueDetail, tdmq.NewDescribeCmqQueueDetailRequest(), named("ours"), "ResourceNotFound", "(10100)")
}

func TestBadValues(t *testing.T) {
	t.Parallel()
	c := client(t)
	create(t, c, `{"QueueName":"strict","MaxMsgSize":1024}`)
	const missing, value = "MissingParameter", "InvalidParameterValue"
	check.Refused(t, c.CreateCmqQueue, tdmq.NewCreateCmqQueueRequest(), `{}`, missing, "QueueName")
	check.Refused(t, c.SendCmqMsg, tdmq.NewSendCmqMsgRequest(), `{"QueueName":"strict"}`, missing, "MsgContent")
	check.Refused(t, c.RewindCmqQueue, tdmq.NewRewindCmqQueueRequest(), `{"QueueName":"strict"}`, missing, "StartConsumeTime")
	check.Refused(t, c.DescribeCmqTopicDetail, tdmq.NewDescribeCmqTopicDetailRequest(), `{}`, missing, "TopicName")
	check.Refused(t, c.DescribeCmqSubscriptionDetail, tdmq.NewDescribeCmqSubscriptionDetailRequest(), `{}`, missing, "TopicName")
	check.Refused(t, c.CreateCmqSubscribe, tdmq.NewCreateCmqSubscribeRequest(), `{"TopicName":"x","SubscriptionName":"s"}`, missing, "Protocol")
	for _, params := range []string{`{"QueueName":"1"}`, `{"QueueName":"a b"}`, `{"QueueName":"x","PollingWaitSeconds":31}`, `{"QueueName":"x","VisibilityTimeout":0}`,
		`{"QueueName":"x","MaxMsgSize":1023}`, `{"QueueName":"x","MsgRetentionSeconds":29}`, `{"QueueName":"x","Transaction":2}`,
		`{"QueueName":"x","RewindSeconds":1296001}`, `{"QueueName":"x","DeadLetterQueueName":"strict","MaxReceiveCount":1001}`} {
		check.Refused(t, c.CreateCmqQueue, tdmq.NewCreateCmqQueueRequest(), params, value, "")
	}
	check.Refused(t, c.CreateCmqQueue, tdmq.NewCreateCmqQueueRequest(), `{"QueueName":"x","DeadLetterQueueName":"nowhere"}`, "ResourceNotFound", "(10100)")
	check.Refused(t, c.SendCmqMsg, tdmq.NewSendCmqMsgRequest(), `{"QueueName":"strict","MsgContent":""}`, value, "(10120)")
	check.Refused(t, c.SendCmqMsg, tdmq.NewSendCmqMsgRequest(), `{"QueueName":"strict","MsgContent":"x","DelaySeconds":-1}`, value, "(10692)")
	check.Refused(t, c.SendCmqMsg, tdmq.NewSendCmqMsgRequest(), `{"QueueName":"strict","MsgContent":"`+strings.Repeat("x", 1025)+`"}`, value, "(10230)")
	check.Refused(t, c.CreateCmqTopic, tdmq.NewCreateCmqTopicRequest(), `{"TopicName":"x","FilterType":3}`, value, "FilterType")
	check.Refused(t, c.CreateCmqSubscribe, tdmq.NewCreateCmqSubscribeRequest(), `{"TopicName":"x","SubscriptionName":"s","Protocol":"ftp","Endpoint":"e"}`, value, "(10510)")
	check.Refused(t, c.RewindCmqQueue, tdmq.NewRewindCmqQueueRequest(), `{"QueueName":"strict","StartConsumeTime":1}`, "FailedOperation", "(10670)")
	check.Refused(t, c.DescribeCmqQueueDetail, tdmq.NewDescribeCmqQueueDetailRequest(), named("x"), "ResourceNotFound", "") // nothing of all this was made
}

// call is a request that the SDK has no model for.
type call struct {
	*tchttp.BaseRequest
	QueueName  *string `json:"QueueName,omitempty"`
	MaxMsgSize any     `json:"MaxMsgSize,omitempty"`
}

func send(c *tdmq.Client, version, action string, maxMsgSize any) error {
	r := &call{BaseRequest: &tchttp.BaseRequest{}, QueueName: common.StringPtr("other"), MaxMsgSize: maxMsgSize}
	r.Init().WithApiInfo("tdmq", version, action)
	return c.Send(r, &tchttp.BaseResponse{})
}

func TestUnknown(t *testing.T) {
	t.Parallel()
	c := client(t)
	const version = "2020-02-17"
	_, err := c.CreateTopic(tdmq.NewCreateTopicRequest())
	check.Error(t, "an action of Pulsar", err, "InvalidAction", "Pulsar")
	check.Error(t, "an action of product cmq", send(c, version, "CreateQueue", nil), "InvalidAction", "CreateQueue")
	check.Error(t, "no such version", send(c, "2020-02-18", "CreateCmqQueue", nil), "NoSuchVersion", "2020-02-18")
	for _, wrong := range []any{"x", 1.5, true} {
		check.Error(t, "wrong type", send(c, version, "CreateCmqQueue", wrong), "InvalidParameter", "MaxMsgSize")
	}
	check.Error(t, "a list", send(c, version, "CreateCmqQueue", []int{1024}), "InvalidParameter", "MaxMsgSize")
	if err := send(c, version, "CreateCmqQueue", "2048"); err != nil {
		t.Errorf("a number in quotes: %v", err)
	}
}

// damage changes requests after the SDK signed them.
type damage func(http.Header)

func (d damage) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	h := http.Header{} // the SDK does not write names as Go does
	for name, values := range r.Header {
		h.Set(name, values[0])
	}
	d(h)
	r.Header = h
	return http.DefaultTransport.RoundTrip(r)
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	ask := func(c *tdmq.Client) error {
		_, err := c.DescribeCmqQueues(tdmq.NewDescribeCmqQueuesRequest())
		return err
	}
	damaged := func(d damage) error {
		c := client(t)
		c.WithHttpTransport(d)
		return ask(c)
	}
	check.Error(t, "wrong key", ask(clientOf(t, *id, "wrong")), "AuthFailure.SignatureFailure", "The provided credentials could not be validated.")
	check.Error(t, "another's key", ask(clientOf(t, *id, *otherSecret)), "AuthFailure.SignatureFailure", "")
	check.Error(t, "unknown id", ask(clientOf(t, "AKIDnobody", *secret)), "AuthFailure.SecretIdNotFound", "SecretId")
	check.Error(t, "not signed", damaged(func(h http.Header) { h.Del("Authorization") }), "AuthFailure.InvalidAuthorization", "")
	check.Error(t, "half signed", damaged(func(h http.Header) { h.Set("Authorization", "TC3-HMAC-SHA256 Signature=00") }), "AuthFailure.InvalidAuthorization", "Credential")
	check.Error(t, "no action", damaged(func(h http.Header) { h.Del("X-TC-Action") }), "MissingParameter", "Action")
	check.Error(t, "no time", damaged(func(h http.Header) { h.Del("X-TC-Timestamp") }), "MissingParameter", "Timestamp")
	for _, minutes := range []time.Duration{-6, 6} {
		stamp := strconv.FormatInt(time.Now().Add(minutes*time.Minute).Unix(), 10)
		check.Error(t, "an old stamp", damaged(func(h http.Header) { h.Set("X-TC-Timestamp", stamp) }), "AuthFailure.SignatureExpire", "expired")
	}
	v1 := func(p *profile.ClientProfile) { p.SignMethod = "HmacSHA256" }
	check.Error(t, "wrong key", ask(clientOf(t, *id, "wrong", v1)), "AuthFailure.SignatureFailure", "")
	check.Error(t, "unknown id", ask(clientOf(t, "AKIDnobody", *secret, v1)), "AuthFailure.SecretIdNotFound", "")
}

// TestWaysToSign makes one call with lists and characters of all kinds in every way that the SDK has.
func TestWaysToSign(t *testing.T) {
	t.Parallel()
	plain := client(t)
	create(t, plain, named("target"))
	createTopic(t, plain, topic("signed"))
	for i, sign := range []string{"TC3-HMAC-SHA256", "HmacSHA1", "HmacSHA256"} {
		for j, method := range []string{"GET", "POST"} {
			name := "s" + strconv.Itoa(2*i+j)
			t.Run(sign+" "+method, func(t *testing.T) {
				t.Parallel()
				c := client(t, func(p *profile.ClientProfile) { p.SignMethod, p.HttpProfile.ReqMethod = sign, method })
				params := `{"SubscriptionName":"` + name + `","Protocol":"http","Endpoint":"http://127.0.0.1:9/hook?a=1&b=2%20+","FilterTag":["red","蓝 +&="]}`
				subscribe(t, c, "signed", params)
				_, got := subscriptions(t, c, `{"TopicName":"signed","SubscriptionName":"`+name+`","Limit":1}`)
				if got, want := check.Spell(got[0].Endpoint)+check.Spell(got[0].FilterTags), check.Spell("http://127.0.0.1:9/hook?a=1&b=2%20+")+check.Spell([]string{"red", "蓝 +&="}); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
				check.Refused(t, c.DescribeCmqQueueDetail, tdmq.NewDescribeCmqQueueDetailRequest(), named("nowhere"), "ResourceNotFound", "(10100)")
			})
		}
	}
	t.Run("unsigned payload", func(t *testing.T) {
		t.Parallel()
		c := client(t, func(p *profile.ClientProfile) { p.UnsignedPayload = true })
		check.Must(t, c.DescribeCmqQueueDetail, tdmq.NewDescribeCmqQueueDetailRequest(), named("target"))
	})
	t.Run("token", func(t *testing.T) {
		t.Parallel()
		c := client(t)
		c.WithCredential(common.NewTokenCredential(*id, *secret, "a token"))
		check.Must(t, c.DescribeCmqQueueDetail, tdmq.NewDescribeCmqQueueDetailRequest(), named("target"))
	})
}
