package sdk

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	cmq "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/cmq/v20190304"

	"github.com/jetcmq/jetcmq/test/sdk/check"
)

func create(t *testing.T, c *cmq.Client, params string) (id string) {
	t.Helper()
	id = *check.Must(t, c.CreateQueue, cmq.NewCreateQueueRequest(), params).Response.QueueId
	if !strings.HasPrefix(id, "queue-") {
		t.Errorf("got id %s", id)
	}
	return id
}

func named(name string) string { return fmt.Sprintf(`{"QueueName":%q}`, name) }

// describe gives a queue, without what is different each time after it checked that.
func describe(t *testing.T, c *cmq.Client, name string) cmq.QueueSet {
	t.Helper()
	all := check.Must(t, c.DescribeQueueDetail, cmq.NewDescribeQueueDetailRequest(), named(name)).Response.QueueSet
	if len(all) != 1 || !strings.HasPrefix(*all[0].QueueId, "queue-") {
		t.Fatalf("%s: got %s", name, check.Spell(all))
	}
	q := *all[0]
	recent(t, "CreateTime", q.CreateTime)
	recent(t, "LastModifyTime", q.LastModifyTime)
	q.QueueId, q.CreateTime, q.LastModifyTime = nil, nil, nil
	return q
}

// with puts more members, or others, into a JSON object.
func with(object string, more string) string {
	all := map[string]any{}
	for _, text := range []string{object, more} {
		if err := json.Unmarshal([]byte(text), &all); err != nil {
			return err.Error()
		}
	}
	text, _ := json.Marshal(all)
	return string(text)
}

// fixed is what is told of every queue that nothing was sent to.
const fixed = `{"Qps":5000,"Bps":52428800,"MaxDelaySeconds":6048000,"ActiveMsgNum":0,"InactiveMsgNum":0,"DelayMsgNum":0,
	"RewindMsgNum":0,"MinMsgTime":0,"DeadLetterSource":[],"Tags":[],"CreateUin":100000000001}`

func TestQueue(t *testing.T) {
	t.Parallel()
	c := client(t)
	create(t, c, named("plain"))
	check.Equal(t, "defaults", describe(t, c, "plain"), with(fixed, `{"QueueName":"plain","MaxMsgHeapNum":100000000,"PollingWaitSeconds":0,
		"VisibilityTimeout":30,"MaxMsgSize":65536,"MsgRetentionSeconds":345600,"RewindSeconds":0}`))
	const said = `{"QueueName":"full","MaxMsgHeapNum":1000000,"PollingWaitSeconds":3,"VisibilityTimeout":60,"MaxMsgSize":2048,
		"MsgRetentionSeconds":7200,"RewindSeconds":3600,"Trace":true}`
	create(t, c, with(said, `{"Transaction":1,"FirstQueryInterval":10,"MaxQueryCount":3}`))
	told := with(with(fixed, said), `{"Transaction":true,"TransactionPolicy":{"FirstQueryInterval":10,"MaxQueryCount":3}}`)
	check.Equal(t, "as created", describe(t, c, "full"), told)

	const all = `{"MaxMsgHeapNum":5000000,"PollingWaitSeconds":30,"VisibilityTimeout":1,"MaxMsgSize":65536,"MsgRetentionSeconds":60,"RewindSeconds":0,"Trace":false}`
	check.Must(t, c.ModifyQueueAttribute, cmq.NewModifyQueueAttributeRequest(), with(with(named("full"), all), `{"FirstQueryInterval":0}`))
	check.Equal(t, "changed", describe(t, c, "full"), with(with(told, all), `{"TransactionPolicy":{"FirstQueryInterval":0,"MaxQueryCount":3}}`))

	check.Must(t, c.ClearQueue, cmq.NewClearQueueRequest(), named("full"))
	check.Must(t, c.DeleteQueue, cmq.NewDeleteQueueRequest(), named("full"))
	answer := check.Must(t, c.DescribeQueueDetail, cmq.NewDescribeQueueDetailRequest(), named("full")).Response
	check.Equal(t, "deleted", answer.QueueSet, `[]`)
	check.Equal(t, "deleted", *answer.TotalCount, `0`)
}

func TestQueuesByPage(t *testing.T) {
	t.Parallel()
	c := client(t)
	for _, name := range []string{"list-b", "a-list-b", "list-bb"} {
		create(t, c, named(name))
	}
	for params, want := range map[string]string{
		`{"Filters":[{"Name":"QueueName","Values":["list-b"]}]}`:                      "3 list-b a-list-b list-bb",
		`{"Filters":[{"Name":"QueueName","Values":["list-"]}],"Limit":2}`:             "3 a-list-b list-b",
		`{"Filters":[{"Name":"QueueName","Values":["list-"]}],"Limit":2,"Offset":2}`:  "3 list-bb",
		`{"Filters":[{"Name":"QueueName","Values":["list-"]}],"Limit":2,"Offset":20}`: "3",
		`{"QueueName":"list-b"}`: "1 list-b",
		`{"QueueName":"list-"}`:  "0",
		`{"TagKey":"nobody's"}`:  "0",
	} {
		answer := check.Must(t, c.DescribeQueueDetail, cmq.NewDescribeQueueDetailRequest(), params).Response
		got := fmt.Sprint(*answer.TotalCount)
		for _, q := range answer.QueueSet {
			got += " " + *q.QueueName
		}
		if got != want || answer.QueueSet == nil {
			t.Errorf("%s: got %s, want %s", params, got, want)
		}
	}
}

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	c := client(t)
	letters := create(t, c, named("letters"))
	one := create(t, c, `{"QueueName":"source-one","DeadLetterQueueName":"letters","Policy":0,"MaxReceiveCount":5}`)
	check.Equal(t, "by count", *describe(t, c, "source-one").DeadLetterPolicy,
		`{"DeadLetterQueue":"`+letters+`","DeadLetterQueueName":"letters","Policy":0,"MaxReceiveCount":5,"MaxTimeToLive":0}`)
	two := create(t, c, named("source-two"))
	check.Must(t, c.ModifyQueueAttribute, cmq.NewModifyQueueAttributeRequest(), `{"QueueName":"source-two","DeadLetterQueueName":"letters","Policy":1,"MaxTimeToLive":600}`)
	both := fmt.Sprintf(`[{"QueueId":%q,"QueueName":"source-one"},{"QueueId":%q,"QueueName":"source-two"}]`, one, two)
	check.Equal(t, "sources", describe(t, c, "letters").DeadLetterSource, both)
	for params, want := range map[string]string{
		`{}`: both,
		`{"Filters":[{"Name":"SourceQueueName","Values":["two"]}]}`: fmt.Sprintf(`[{"QueueId":%q,"QueueName":"source-two"}]`, two),
		`{"Limit":1}`:  fmt.Sprintf(`[{"QueueId":%q,"QueueName":"source-one"}]`, one),
		`{"Offset":2}`: `[]`,
	} {
		answer := check.Must(t, c.DescribeDeadLetterSourceQueues, cmq.NewDescribeDeadLetterSourceQueuesRequest(), with(`{"DeadLetterQueueName":"letters"}`, params))
		check.Equal(t, params, answer.Response.QueueSet, want)
	}
	for _, name := range []string{"source-one", "source-two"} {
		check.Must(t, c.UnbindDeadLetter, cmq.NewUnbindDeadLetterRequest(), named(name))
		if got := describe(t, c, name).DeadLetterPolicy; got != nil {
			t.Errorf("unbound: got %s, want null", check.Spell(got))
		}
	}
	check.Must(t, c.DeleteQueue, cmq.NewDeleteQueueRequest(), named("letters"))
}

// TestAcross uses what TestGoSDK made by API 2.0, and makes what it then uses
// there: queues by2 and by3 and topics of the same names.
func TestAcross(t *testing.T) {
	t.Parallel()
	c := client(t)
	check.Equal(t, "made by API 2.0", describe(t, c, "by2"), with(fixed, `{"QueueName":"by2","MaxMsgHeapNum":100000000,"PollingWaitSeconds":0,
		"VisibilityTimeout":45,"MaxMsgSize":65536,"MsgRetentionSeconds":345600,"RewindSeconds":3600,"RewindMsgNum":2}`))
	check.Must(t, c.RewindQueue, cmq.NewRewindQueueRequest(), with(named("by2"), fmt.Sprintf(`{"StartConsumeTime":%d}`, time.Now().Add(-time.Minute).Unix())))
	check.Eventually(t, "by2 has its messages back", func() bool { return *describe(t, c, "by2").ActiveMsgNum == 2 })

	create(t, c, `{"QueueName":"by3","VisibilityTimeout":60,"MsgRetentionSeconds":60,"DeadLetterQueueName":"by2","Policy":0,"MaxReceiveCount":9}`)
	createTopic(t, c, `{"TopicName":"by3"}`)
	subscribe(t, c, "by3", `{"SubscriptionName":"s","Protocol":"queue","Endpoint":"by3","FilterTag":["red"]}`)
}
