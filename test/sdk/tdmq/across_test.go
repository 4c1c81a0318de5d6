package sdk

import (
	"fmt"
	"testing"
	"time"

	tdmq "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tdmq/v20200217"

	"github.com/jetcmq/jetcmq/test/sdk/check"
)

// TestAcross uses what TestGoSDK made by API 2.0, and makes what it then uses
// there: queues by2 and by3 and topics of the same names. Each says there what
// it expects of the other.
func TestAcross(t *testing.T) {
	t.Parallel()
	c := client(t)
	check.Equal(t, "made by API 2.0", *describe(t, c, "by2"), with(fixed, `{"QueueName":"by2","NamespaceName":"CMQ_QUEUE-by2","MaxMsgHeapNum":100000000,
		"PollingWaitSeconds":0,"VisibilityTimeout":45,"MaxMsgSize":65536,"MsgRetentionSeconds":345600,"RewindSeconds":3600,"RewindMsgNum":2}`))
	check.Equal(t, "topic made by API 2.0", describeTopic(t, c, "by2"), with(fixedTopic, `{"TopicName":"by2","NamespaceName":"CMQ_TOPIC-by2",
		"MsgRetentionSeconds":86400,"MaxMsgSize":65536,"FilterType":1}`))
	check.Must(t, c.RewindCmqQueue, tdmq.NewRewindCmqQueueRequest(), with(named("by2"), fmt.Sprintf(`{"StartConsumeTime":%d}`, time.Now().Add(-time.Minute).UnixMilli())))
	counts(t, c, "by2", 2, 0)
	check.Must(t, c.SendCmqMsg, tdmq.NewSendCmqMsgRequest(), `{"QueueName":"by2","MsgContent":"你好 from 3.0","DelaySeconds":0}`)
	publish(t, c, `{"TopicName":"by2","MsgContent":"published by 3.0","MsgTag":["red"]}`)
	counts(t, c, "by2", 4, 0)

	create(t, c, `{"QueueName":"by3","VisibilityTimeout":60,"MsgRetentionSeconds":60,"Trace":true,"DeadLetterQueueName":"by2","Policy":0,"MaxReceiveCount":9}`)
	createTopic(t, c, `{"TopicName":"by3","Trace":true}`)
	subscribe(t, c, "by3", `{"SubscriptionName":"s","Protocol":"queue","Endpoint":"by3","FilterTag":["red"]}`)
}
