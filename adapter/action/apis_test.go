package action

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// A queue is one queue, whoever made it; its id begins as each API writes it.
func TestQueueInAllAPIs(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	for api, made := range map[API]reply{
		Legacy: u.does(Legacy, "CreateQueue", "queueName=by-0"),
		CMQ:    u.does(CMQ, "CreateQueue", "QueueName=by-1"),
		TDMQ:   u.does(TDMQ, "CreateCmqQueue", "QueueName=by-2"),
	} {
		name := fmt.Sprint("by-", int(api))
		legacy := u.does(Legacy, "GetQueueAttributes", "queueName="+name)
		cmq := u.does(CMQ, "DescribeQueueDetail", "QueueName="+name)
		tdmq := u.does(TDMQ, "DescribeCmqQueueDetail", "QueueName="+name)
		ids := []string{legacy.at("queueId"), cmq.at("QueueSet.0.QueueId"), tdmq.at("QueueDescribe.QueueId")}
		random := strings.TrimPrefix(ids[0], "queue-")
		if random == ids[0] || ids[1] != ids[0] || ids[2] != "cmqq-"+random {
			t.Errorf("%s: got ids %q, want one under two names", name, ids)
		}
		if got := made.at([]string{"queueId", "QueueId", "QueueId"}[api]); got != ids[api] {
			t.Errorf("%s: got id %s when it was made, want %s", name, got, ids[api])
		}
		size := []string{"65536", "65536", "1048576"}[api] // who makes it decides
		legacy.has("maxMsgSize="+size, "msgRetentionSeconds=345600", "maxMsgHeapNum=100000000")
		cmq.has("TotalCount=1", "QueueSet.0.MaxMsgSize="+size, "QueueSet.0.Trace=null", "QueueSet.0.Transaction=null", "QueueSet.0.TransactionPolicy=null",
			"QueueSet.0.DeadLetterPolicy=null", "QueueSet.0.Tags=[]", "QueueSet.0.DeadLetterSource=[]", "QueueSet.0.RetentionSizeInMB=absent")
		tdmq.has("QueueDescribe.MaxMsgSize="+size, "QueueDescribe.CreateTime="+legacy.at("createTime")+"000")
		cmq.has("QueueSet.0.CreateTime="+legacy.at("createTime"), "QueueSet.0.LastModifyTime="+legacy.at("lastModifyTime"))

		u.does(CMQ, "ModifyQueueAttribute", "QueueName="+name, "VisibilityTimeout=7")
		u.does(Legacy, "SetQueueAttributes", "queueName="+name).has("visibilityTimeout=7", "queueId="+ids[0], "Trace=absent")
		u.does(TDMQ, "SendCmqMsg", "QueueName="+name, "MsgContent=hello", "DelaySeconds=0").has("Result=true")
		u.does(Legacy, "ReceiveMessage", "queueName="+name, "pollingWaitSeconds=5").has("msgBody=hello")
		u.does(Legacy, "SendMessage", "queueName="+name, "msgBody=hello").has("Result=absent")
		u.does(CMQ, "ClearQueue", "QueueName="+name)
		u.does(TDMQ, "DescribeCmqQueueDetail", "QueueName="+name).has("QueueDescribe.ActiveMsgNum=0", "QueueDescribe.InactiveMsgNum=0")
		u.does(CMQ, "DeleteQueue", "QueueName="+name)
	}
}

func TestTopicInAllAPIs(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	for api, made := range map[API]reply{
		Legacy: u.does(Legacy, "CreateTopic", "topicName=by-0"),
		CMQ:    u.does(CMQ, "CreateTopic", "TopicName=by-1"),
		TDMQ:   u.does(TDMQ, "CreateCmqTopic", "TopicName=by-2"),
	} {
		name := fmt.Sprint("by-", int(api))
		legacy := u.does(Legacy, "GetTopicAttributes", "topicName="+name)
		cmq := u.does(CMQ, "DescribeTopicDetail", "TopicName="+name)
		tdmq := u.does(TDMQ, "DescribeCmqTopicDetail", "TopicName="+name)
		ids := []string{legacy.at("topicId"), cmq.at("TopicSet.0.TopicId"), tdmq.at("TopicDescribe.TopicId")}
		random := strings.TrimPrefix(ids[0], "topic-")
		if random == ids[0] || ids[1] != ids[0] || ids[2] != "cmqt-"+random {
			t.Errorf("%s: got ids %q, want one under two names", name, ids)
		}
		if got := made.at([]string{"topicId", "TopicId", "TopicId"}[api]); got != ids[api] {
			t.Errorf("%s: got id %s when it was made, want %s", name, got, ids[api])
		}
		size := []string{"65536", "65536", "1048576"}[api]
		legacy.has("maxMsgSize="+size, "msgRetentionSeconds=86400", "tags=[]", "Trace=absent")
		cmq.has("TotalCount=1", "TopicSet.0.MaxMsgSize="+size, "TopicSet.0.CreateTime="+legacy.at("createTime"), "TopicSet.0.Trace=null", "TopicSet.0.Tags=[]")
		tdmq.has("TopicDescribe.MaxMsgSize="+size, "TopicDescribe.CreateTime="+legacy.at("createTime")+"000", "TopicDescribe.MsgRetentionSeconds=86400")
		u.does(CMQ, "ModifyTopicAttribute", "TopicName="+name, "MaxMsgSize=2048", "MsgRetentionSeconds=3600", "Trace=true")
		u.does(Legacy, "GetTopicAttributes", "topicName="+name).has("maxMsgSize=2048", "msgRetentionSeconds=3600")
		u.does(CMQ, "DeleteTopic", "TopicName="+name)
	}
}

func TestSendAndPublishByTDMQ(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.does(TDMQ, "CreateCmqQueue", "QueueName=q")
	receive := func(want string) {
		t.Helper()
		got := u.does(Legacy, "ReceiveMessage", "queueName=q", "pollingWaitSeconds=10")
		got.has("msgBody=" + want)
		u.does(Legacy, "DeleteMessage", "queueName=q", "receiptHandle="+got.at("receiptHandle"))
	}
	sent := u.does(TDMQ, "SendCmqMsg", "QueueName=q", "MsgContent=hello") // without DelaySeconds
	if _, err := strconv.ParseUint(sent.at("MsgId"), 10, 63); err != nil || sent.at("Result") != "true" {
		t.Errorf("got %v, want a result and an id", sent.answer)
	}
	receive("hello")
	u.fails(TDMQ, "ResourceNotFound", 10100, "SendCmqMsg", "QueueName=nobody", "MsgContent=hello")
	u.fails(TDMQ, "InvalidParameterValue", 10120, "SendCmqMsg", "QueueName=q", "MsgContent=")
	u.fails(TDMQ, "MissingParameter", 10390, "SendCmqMsg", "QueueName=q")
	u.fails(TDMQ, "InvalidParameterValue", 10230, "SendCmqMsg", "QueueName=q", "MsgContent="+strings.Repeat("x", 1<<20+1))

	long := strings.Repeat("界", 64)
	u.does(TDMQ, "CreateCmqTopic", "TopicName=tags")
	u.does(TDMQ, "CreateCmqSubscribe", "TopicName=tags", "SubscriptionName=s", "Protocol=queue", "Endpoint=q", "FilterTags.0="+long)
	u.does(TDMQ, "PublishCmqMsg", "TopicName=tags", "MsgContent=tagged", "MsgTag.0=other", "MsgTag.1="+long).has("Result=true")
	receive("tagged")
	u.fails(TDMQ, "FailedOperation", 10730, "PublishCmqMsg", "TopicName=tags", "MsgContent=m", "MsgTag.0=other")
	u.fails(TDMQ, "FailedOperation", 10730, "PublishCmqMsg", "TopicName=tags", "MsgContent=m")
	u.fails(CMQ, "InvalidParameterValue", 10350, "CreateSubscribe", "TopicName=tags", "SubscriptionName=t", "Protocol=queue", "Endpoint=q", "FilterTag.0="+long)

	u.does(TDMQ, "CreateCmqTopic", "TopicName=keys", "FilterType=2")
	u.fails(TDMQ, "FailedOperation", 10650, "PublishCmqMsg", "TopicName=keys", "MsgContent=m", "MsgTag.0=a.b")
	u.does(TDMQ, "CreateCmqSubscribe", "TopicName=keys", "SubscriptionName=s", "Protocol=queue", "Endpoint=q", "BindingKey.0=a.*")
	u.does(TDMQ, "PublishCmqMsg", "TopicName=keys", "MsgContent=routed", "MsgTag.0=a.b", "MsgTag.1=c").has("Result=true")
	receive("routed")
	u.fails(TDMQ, "FailedOperation", 10730, "PublishCmqMsg", "TopicName=keys", "MsgContent=m", "MsgTag.0=b.a")
	u.fails(TDMQ, "InvalidParameterValue", 10691, "PublishCmqMsg", "TopicName=keys", "MsgContent=m", "MsgTag.0="+strings.Repeat(".", 16))
	u.fails(TDMQ, "InvalidParameterValue", 10350, "PublishCmqMsg", "TopicName=keys", "MsgContent=m", "MsgTag.0="+long)
	u.fails(TDMQ, "ResourceNotFound", 10600, "PublishCmqMsg", "TopicName=nobody", "MsgContent=m")
	u.fails(TDMQ, "InvalidParameterValue", 10720, "PublishCmqMsg", "TopicName=tags", "MsgContent=m", "MsgTag.0=1", "MsgTag.1=2", "MsgTag.2=3", "MsgTag.3=4", "MsgTag.4=5", "MsgTag.5=6")
	u.fails(TDMQ, "MissingParameter", 10710, "CreateCmqSubscribe", "TopicName=keys", "SubscriptionName=t", "Protocol=queue", "Endpoint=q")
	u.fails(TDMQ, "InvalidParameterValue", 10630, "CreateCmqSubscribe", "TopicName=tags", "SubscriptionName=t", "Protocol=queue", "Endpoint=nobody")
}

func TestRewindByAPI3(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.does(TDMQ, "CreateCmqQueue", "QueueName=q", "RewindSeconds=3600", "RetentionSizeInMB=10240")
	u.does(TDMQ, "SendCmqMsg", "QueueName=q", "MsgContent=hello")
	started := u.does(TDMQ, "DescribeCmqQueueDetail", "QueueName=q").at("QueueDescribe.CreateTime")
	for _, start := range []string{started, strings.TrimSuffix(started, "000")} { // milliseconds, seconds
		got := u.does(Legacy, "ReceiveMessage", "queueName=q", "pollingWaitSeconds=10")
		u.does(Legacy, "DeleteMessage", "queueName=q", "receiptHandle="+got.at("receiptHandle"))
		u.does(TDMQ, "RewindCmqQueue", "QueueName=q", "StartConsumeTime="+start)
	}
	u.does(Legacy, "ReceiveMessage", "queueName=q", "pollingWaitSeconds=10").has("msgBody=hello")
	u.fails(CMQ, "MissingParameter", 10390, "RewindQueue", "QueueName=q")
	u.does(CMQ, "CreateQueue", "QueueName=plain")
	u.fails(CMQ, "FailedOperation", 10670, "RewindQueue", "QueueName=plain", "StartConsumeTime="+started)
	u.fails(TDMQ, "InvalidParameterValue", 10700, "CreateCmqQueue", "QueueName=r", "RewindSeconds=3601", "MsgRetentionSeconds=3600")
	u.does(TDMQ, "CreateCmqQueue", "QueueName=short", "MsgRetentionSeconds=30")
	u.fails(CMQ, "InvalidParameterValue", 10350, "CreateQueue", "QueueName=shorter", "MsgRetentionSeconds=30")
	u.fails(TDMQ, "InvalidParameterValue", 10350, "CreateCmqQueue", "QueueName=shorter", "MsgRetentionSeconds=29")
}

// As many and as long tags as may be fit into what JetStream keeps of a stream.
func TestMostTags(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	var most []string
	value := strings.Repeat("<", 255)
	for i := range 50 {
		most = append(most, fmt.Sprintf("Tags.%d.TagKey=%02d%s", i, i, strings.Repeat("<", 125)), fmt.Sprintf("Tags.%d.TagValue=%s", i, value))
	}
	u.does(TDMQ, "CreateCmqQueue", append(most, "QueueName=q")...)
	u.does(TDMQ, "CreateCmqTopic", append(most, "TopicName=t")...)
	for range 2 {
		u.does(TDMQ, "DescribeCmqQueueDetail", "QueueName=q").has("QueueDescribe.Tags.length=50", "QueueDescribe.Tags.49.TagValue="+value)
		u.does(TDMQ, "DescribeCmqTopicDetail", "TopicName=t").has("TopicDescribe.Tags.length=50", "TopicDescribe.Tags.49.TagValue="+value)
		u.does(TDMQ, "ModifyCmqQueueAttribute", "QueueName=q", "Trace=true", "Tags.0.TagKey=other") // which cannot change
		u.does(TDMQ, "ModifyCmqTopicAttribute", "TopicName=t", "Trace=true", "Tags.0.TagKey=other")
	}
	u.fails(TDMQ, "InvalidParameterValue", 10370, "CreateCmqQueue", append(most, "Tags.50.TagKey=k", "QueueName=r")...)
	u.fails(TDMQ, "MissingParameter", 10390, "CreateCmqQueue", "QueueName=r", "Tags.0.TagValue=v")
}
