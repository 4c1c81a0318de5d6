package action

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

func TestListsOfQueues(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	for i, name := range []string{"order-b", "order", "Order-c", "an-order", "other"} {
		u.does(TDMQ, "CreateCmqQueue", "QueueName="+name, "Tags.0.TagKey=n", fmt.Sprint("Tags.0.TagValue=", i%2), "Tags.1.TagKey="+name)
	}
	names := func(list string, r reply) string {
		all := r.at("TotalCount") + ":"
		for i := 0; r.at(fmt.Sprint(list, ".", i)) != "absent"; i++ {
			all += " " + r.at(fmt.Sprint(list, ".", i, ".QueueName"))
		}
		return all
	}
	const all = "5: Order-c an-order order order-b other"
	for _, test := range []struct {
		api              API
		parameters, want string
	}{
		{TDMQ, "", all},
		{TDMQ, "QueueName=order", "3: order an-order order-b"},
		{TDMQ, "QueueName=Order", "1: Order-c"},
		{TDMQ, "QueueName=order Offset=1 Limit=1", "3: an-order"},
		{TDMQ, "Offset=9", "5:"},
		{TDMQ, "Limit=0", "5:"},
		{TDMQ, "Limit=51", all},
		{TDMQ, "QueueNameList.0=ORDER QueueNameList.1=other QueueNameList.2=nobody", "2: order other"},
		{TDMQ, "Filters.0.Name=tag:n Filters.0.Values.0=1", all},
		{TDMQ, "IsTagFilter=false Filters.0.Name=tag:n Filters.0.Values.0=1", all},
		{TDMQ, "IsTagFilter=true Filters.0.Name=tag:n Filters.0.Values.0=1", "2: an-order order"},
		{TDMQ, "IsTagFilter=true Filters.0.Name=tag:n Filters.0.Values.0=1 Filters.0.Values.1=0", all},
		{TDMQ, "IsTagFilter=true Filters.0.Name=tag:n Filters.0.Values.0=1 Filters.1.Name=tag:order", "1: order"},
		{TDMQ, "IsTagFilter=true Filters.0.Name=tag:nobody", "0:"},
		{TDMQ, "IsTagFilter=true Filters.0.Name=nobody", all},
		{TDMQ, "IsTagFilter=true QueueName=der Filters.0.Name=tag:n Filters.0.Values.0=0", "2: Order-c order-b"},
		{CMQ, "", all},
		{CMQ, "QueueName=ORDER", "1: order"},
		{CMQ, "QueueName=nobody", "0:"},
		{CMQ, "Filters.0.Name=QueueName Filters.0.Values.0=order-", "1: order-b"},
		{CMQ, "Filters.0.Name=QueueName", all},
		{CMQ, "Filters.0.Name=Other Filters.0.Values.0=order-", all},
		{CMQ, "TagKey=order Offset=0 Limit=10", "1: order"},
		{CMQ, "TagKey=nobody", "0:"},
	} {
		action, list := "DescribeCmqQueues", "QueueList"
		if test.api == CMQ {
			action, list = "DescribeQueueDetail", "QueueSet"
		}
		if got := names(list, u.does(test.api, action, strings.Fields(test.parameters)...)); got != test.want {
			t.Errorf("%s %s: got %s, want %s", action, test.parameters, got, test.want)
		}
	}
}

func TestDescriptionsInLists(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.does(TDMQ, "CreateCmqQueue", "QueueName=dead")
	u.does(TDMQ, "CreateCmqQueue", "QueueName=q", "DeadLetterQueueName=DEAD", "MaxReceiveCount=3", "Tags.0.TagKey=k")
	u.does(TDMQ, "SendCmqMsg", "QueueName=q", "MsgContent=m")
	d := u.does(TDMQ, "DescribeCmqQueues", "QueueNameList.0=q")
	alone := u.does(TDMQ, "DescribeCmqQueueDetail", "QueueName=q")
	if got, want := d.at("QueueList.0"), alone.at("QueueDescribe"); got != want {
		t.Errorf("in a list: got  %s\nalone: want %s", got, want)
	}
	// The Java SDK reads these without looking whether they are there.
	for _, name := range strings.Fields(`MaxMsgHeapNum PollingWaitSeconds VisibilityTimeout MaxMsgSize MsgRetentionSeconds CreateTime
		LastModifyTime ActiveMsgNum InactiveMsgNum RewindSeconds`) {
		if _, err := strconv.Atoi(d.at("QueueList.0." + name)); err != nil {
			t.Errorf("%s: got %s, want a number", name, d.at("QueueList.0."+name))
		}
	}
	d.has("QueueList.0.ActiveMsgNum=1", `QueueList.0.Tags=[{"TagKey":"k","TagValue":""}]`)
	u.does(TDMQ, "DescribeCmqQueues", "QueueNameList.0=dead").has("QueueList.0.DeadLetterSource.0.QueueName=q",
		"QueueList.0.DeadLetterSource.0.QueueId="+alone.at("QueueDescribe.QueueId"))

	dead := u.does(CMQ, "DescribeQueueDetail", "QueueName=dead")
	dead.has("QueueSet.0.DeadLetterSource.0.QueueName=q", "QueueSet.0.DeadLetterPolicy=null")
	dead.hasOnly("QueueSet.0", `QueueId QueueName Qps Bps MaxDelaySeconds MaxMsgHeapNum
		PollingWaitSeconds MsgRetentionSeconds VisibilityTimeout MaxMsgSize RewindSeconds CreateTime LastModifyTime ActiveMsgNum InactiveMsgNum
		DelayMsgNum RewindMsgNum MinMsgTime Transaction DeadLetterSource DeadLetterPolicy TransactionPolicy CreateUin Tags Trace Migrate`)
	u.does(CMQ, "DescribeQueueDetail", "QueueName=q").has("QueueSet.0.DeadLetterPolicy.DeadLetterQueueName=dead",
		"QueueSet.0.DeadLetterPolicy.DeadLetterQueue="+dead.at("QueueSet.0.QueueId"), "QueueSet.0.DeadLetterPolicy.MaxReceiveCount=3")
}

func TestListsOfTopics(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	for i, name := range []string{"news-b", "news", "News-c", "other"} {
		u.does(TDMQ, "CreateCmqTopic", "TopicName="+name, "Tags.0.TagKey=n", fmt.Sprint("Tags.0.TagValue=", i%2))
	}
	for _, test := range []struct {
		api              API
		parameters, want string
	}{
		{TDMQ, "", "TotalCount=4 TopicList.length=4 TopicList.0.TopicName=News-c"},
		{TDMQ, "TopicName=news", "TotalCount=2 TopicList.0.TopicName=news TopicList.1.TopicName=news-b"},
		{TDMQ, "TopicName=news Offset=1", "TotalCount=2 TopicList.length=1 TopicList.0.TopicName=news-b"},
		{TDMQ, "TopicNameList.0=NEWS", "TotalCount=1 TopicList.0.TopicName=news"},
		{TDMQ, "IsTagFilter=true Filters.0.Name=tag:n Filters.0.Values.0=1", `TotalCount=2 TopicList.0.TopicName=news TopicList.0.Tags=[{"TagKey":"n","TagValue":"1"}]`},
		{TDMQ, "TopicName=nobody", "TotalCount=0 TopicList=[]"},
		{CMQ, "", "TotalCount=4 TopicSet.length=4"},
		{CMQ, "TopicName=NEWS", "TotalCount=1 TopicSet.0.TopicName=news"},
		{CMQ, "TopicName=nobody", "TotalCount=0 TopicSet=[]"},
		{CMQ, "Filters.0.Name=TopicName Filters.0.Values.0=news-", "TotalCount=1 TopicSet.0.TopicName=news-b"},
		{CMQ, "TagKey=n", "TotalCount=4"},
		{CMQ, "TagKey=m", "TotalCount=0"},
	} {
		action := map[API]string{CMQ: "DescribeTopicDetail", TDMQ: "DescribeCmqTopics"}[test.api]
		u.does(test.api, action, strings.Fields(test.parameters)...).has(strings.Fields(test.want)...)
	}
	u.does(CMQ, "DescribeTopicDetail", "TopicName=news").hasOnly("TopicSet.0", `TopicId TopicName MsgRetentionSeconds MaxMsgSize Qps FilterType
		CreateTime LastModifyTime MsgCount CreateUin Tags Trace Migrate`)
}

func TestListsOfSubscriptions(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	for _, queue := range []string{"In", "out"} {
		u.does(CMQ, "CreateQueue", "QueueName="+queue)
	}
	for _, topic := range []string{"b", "a"} {
		u.does(CMQ, "CreateTopic", "TopicName="+topic)
		u.does(CMQ, "CreateSubscribe", "TopicName="+topic, "SubscriptionName=one", "Protocol=queue", "Endpoint=in")
		u.does(CMQ, "CreateSubscribe", "TopicName="+topic, "SubscriptionName=two", "Protocol=queue", "Endpoint=out")
	}
	u.does(CMQ, "CreateSubscribe", "TopicName=a", "SubscriptionName=web", "Protocol=http", "Endpoint=http://127.0.0.1/in")
	for _, test := range []struct{ parameters, want string }{
		{"TopicName=a", "TotalCount=3 SubscriptionSet.0.SubscriptionName=one SubscriptionSet.0.TopicName=a"},
		{"TopicName=a SubscriptionName=w", "TotalCount=2 SubscriptionSet.0.SubscriptionName=two SubscriptionSet.1.SubscriptionName=web"},
		{"TopicName=a Offset=1 Limit=1", "TotalCount=3 SubscriptionSet.length=1 SubscriptionSet.0.SubscriptionName=two"},
		{"TopicName=a QueryType=topic QueueName=out", "TotalCount=3"},
		{"QueryType=queue QueueName=IN", "TotalCount=2 SubscriptionSet.0.TopicName=a SubscriptionSet.1.TopicName=b SubscriptionSet.1.SubscriptionName=one"},
		{"QueryType=queue QueueName=out TopicName=b Offset=1", "TotalCount=2 SubscriptionSet.length=1 SubscriptionSet.0.TopicName=b"},
		{"QueryType=queue QueueName=out SubscriptionName=on", "TotalCount=0 SubscriptionSet=[]"},
		{"QueryType=queue QueueName=nobody", "TotalCount=0 SubscriptionSet=[]"},
	} {
		u.does(TDMQ, "DescribeCmqSubscriptionDetail", strings.Fields(test.parameters)...).has(strings.Fields(test.want)...)
	}
	d := u.does(CMQ, "DescribeSubscriptionDetail", "TopicName=a", "Filters.0.Name=SubscriptionName", "Filters.0.Values.0=two")
	d.has("TotalCount=1", "SubscriptionSet.0.SubscriptionName=two", "SubscriptionSet.0.TopicName=absent")
	legacy := u.does(Legacy, "GetSubscriptionAttributes", "topicName=a", "subscriptionName=two")
	d.has("SubscriptionSet.0.CreateTime="+legacy.at("createTime"), "SubscriptionSet.0.SubscriptionId="+legacy.at("subscriptionId"))
	legacy.has("topicOwner=1250000000", "topicName=absent")
	u.does(TDMQ, "DescribeCmqSubscriptionDetail", "TopicName=a", "SubscriptionName=two").has("SubscriptionSet.0.CreateTime=" + legacy.at("createTime") + "000")
	u.fails(TDMQ, "MissingParameter", 10390, "DescribeCmqSubscriptionDetail")
	u.fails(TDMQ, "MissingParameter", 10390, "DescribeCmqSubscriptionDetail", "QueryType=queue", "TopicName=a")
	u.fails(CMQ, "MissingParameter", 10390, "DescribeSubscriptionDetail")
}
