package sdk

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	tdmq "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tdmq/v20200217"

	"github.com/jetcmq/jetcmq/test/sdk/check"
)

func create(t *testing.T, c *tdmq.Client, params string) string {
	t.Helper()
	return *check.Must(t, c.CreateCmqQueue, tdmq.NewCreateCmqQueueRequest(), params).Response.QueueId
}

func named(name string) string { return fmt.Sprintf(`{"QueueName":%q}`, name) }

// describe gives a queue, without what is different each time after it checked that.
func describe(t *testing.T, c *tdmq.Client, name string) *tdmq.CmqQueue {
	t.Helper()
	q := check.Must(t, c.DescribeCmqQueueDetail, tdmq.NewDescribeCmqQueueDetailRequest(), named(name)).Response.QueueDescribe
	if q == nil || q.QueueId == nil || !strings.HasPrefix(*q.QueueId, "cmqq-") {
		t.Fatalf("got %s", check.Spell(q))
	}
	recent(t, "CreateTime", q.CreateTime)
	recent(t, "LastModifyTime", q.LastModifyTime)
	q.QueueId, q.CreateTime, q.LastModifyTime = nil, nil, nil
	return q
}

// counts waits until a queue has that many messages.
func counts(t *testing.T, c *tdmq.Client, name string, active, delayed int) {
	t.Helper()
	check.Eventually(t, fmt.Sprintf("%s has %d messages and %d delayed", name, active, delayed), func() bool {
		q := describe(t, c, name)
		return *q.ActiveMsgNum == uint64(active) && *q.DelayMsgNum == uint64(delayed)
	})
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
	"RewindMsgNum":0,"MinMsgTime":0,"DeadLetterSource":[],"Tags":[],"CreateUin":100000000001,"TenantId":"cmq-1250000000"}`

func TestQueueOfDefaults(t *testing.T) {
	t.Parallel()
	c := client(t)
	if id := create(t, c, named("plain")); !strings.HasPrefix(id, "cmqq-") {
		t.Errorf("got id %s", id)
	}
	check.Equal(t, "defaults", *describe(t, c, "plain"), with(fixed, `{"QueueName":"plain","NamespaceName":"CMQ_QUEUE-plain",
		"MaxMsgHeapNum":100000000,"PollingWaitSeconds":0,"VisibilityTimeout":30,"MaxMsgSize":1048576,"MsgRetentionSeconds":345600,"RewindSeconds":0}`))
}

func TestQueue(t *testing.T) {
	t.Parallel()
	c := client(t)
	const said = `{"QueueName":"full","MaxMsgHeapNum":1000000,"PollingWaitSeconds":3,"VisibilityTimeout":60,"MaxMsgSize":2048,
		"MsgRetentionSeconds":7200,"RewindSeconds":3600,"Trace":true}`
	create(t, c, with(said, `{"Transaction":1,"FirstQueryInterval":10,"MaxQueryCount":3}`))
	told := with(with(fixed, said), `{"NamespaceName":"CMQ_QUEUE-full","Transaction":true,"TransactionPolicy":{"FirstQueryInterval":10,"MaxQueryCount":3}}`)
	check.Equal(t, "as created", *describe(t, c, "full"), told)

	modify := func(changes string) {
		t.Helper()
		check.Must(t, c.ModifyCmqQueueAttribute, tdmq.NewModifyCmqQueueAttributeRequest(), with(named("full"), changes))
	}
	modify(`{"PollingWaitSeconds":0,"Trace":false}`)
	told = with(told, `{"PollingWaitSeconds":0,"Trace":false}`)
	check.Equal(t, "two changed", *describe(t, c, "full"), told)
	const all = `{"MaxMsgHeapNum":5000000,"PollingWaitSeconds":30,"VisibilityTimeout":1,"MaxMsgSize":65536,"MsgRetentionSeconds":60,"RewindSeconds":0}`
	modify(with(all, `{"Transaction":0,"FirstQueryInterval":0,"MaxQueryCount":0}`))
	told = with(with(told, all), `{"Transaction":false,"TransactionPolicy":{"FirstQueryInterval":0,"MaxQueryCount":0}}`)
	check.Equal(t, "all changed", *describe(t, c, "full"), told)
	modify(`{}`)
	check.Equal(t, "nothing changed", *describe(t, c, "full"), told)

	check.Must(t, c.DeleteCmqQueue, tdmq.NewDeleteCmqQueueRequest(), named("full"))
	check.Refused(t, c.DescribeCmqQueueDetail, tdmq.NewDescribeCmqQueueDetailRequest(), named("full"), "ResourceNotFound", "(10100)")
}

func TestSendAndClear(t *testing.T) {
	t.Parallel()
	c := client(t)
	create(t, c, named("mail"))
	ids := map[string]bool{}
	for _, params := range []string{
		`{"MsgContent":"@all 你好 a+b&c=d%20 😀 \"</script>\"","DelaySeconds":0}`, `{"MsgContent":"x"}`, `{"MsgContent":"later","DelaySeconds":3600}`,
	} {
		answer := check.Must(t, c.SendCmqMsg, tdmq.NewSendCmqMsgRequest(), with(named("mail"), params)).Response
		ids[*answer.MsgId] = *answer.Result
	}
	if len(ids) != 3 || ids[""] {
		t.Errorf("got %v, want three ids", ids)
	}
	counts(t, c, "mail", 2, 1)
	if q := describe(t, c, "mail"); time.Since(time.Unix(int64(*q.MinMsgTime), 0)).Abs() > time.Minute {
		t.Errorf("MinMsgTime: got %d", *q.MinMsgTime)
	}
	check.Must(t, c.ClearCmqQueue, tdmq.NewClearCmqQueueRequest(), named("mail"))
	counts(t, c, "mail", 0, 0)
	check.Must(t, c.DeleteCmqQueue, tdmq.NewDeleteCmqQueueRequest(), named("mail"))
}

func TestQueuesByPage(t *testing.T) {
	t.Parallel()
	c := client(t)
	for _, name := range []string{"list-b", "a-list-b", "list-bb", "list-c"} {
		create(t, c, named(name))
	}
	for params, want := range map[string]string{
		`{"QueueName":"list-b"}`:                       "3 list-b a-list-b list-bb",
		`{"QueueName":"list-","Limit":2}`:              "4 a-list-b list-b",
		`{"QueueName":"list-","Limit":2,"Offset":2}`:   "4 list-bb list-c",
		`{"QueueName":"list-","Limit":2,"Offset":4}`:   "4",
		`{"QueueName":"list-","Limit":0}`:              "4",
		`{"QueueName":"list-","Limit":1000}`:           "4 a-list-b list-b list-bb list-c",
		`{"QueueName":"list-b","Limit":1,"Offset":1}`:  "3 a-list-b",
		`{"QueueName":"LIST-","Limit":50,"Offset":0}`:  "0",
		`{"QueueName":"list-nothing","Limit":1}`:       "0",
		`{"QueueName":"-list","Offset":0,"Limit":100}`: "1 a-list-b",
	} {
		answer := check.Must(t, c.DescribeCmqQueues, tdmq.NewDescribeCmqQueuesRequest(), params).Response
		got := fmt.Sprint(*answer.TotalCount)
		for _, q := range answer.QueueList {
			got += " " + *q.QueueName
		}
		if got != want || answer.QueueList == nil {
			t.Errorf("%s: got %s, want %s", params, got, want)
		}
	}
	answer := check.Must(t, c.DescribeCmqQueues, tdmq.NewDescribeCmqQueuesRequest(), named("list-c")).Response
	detail := check.Must(t, c.DescribeCmqQueueDetail, tdmq.NewDescribeCmqQueueDetailRequest(), named("list-c")).Response
	if got, want := check.Spell(answer.QueueList[0]), check.Spell(detail.QueueDescribe); got != want {
		t.Errorf("in a list: got  %s\nwant %s", got, want)
	}
}

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	c := client(t)
	letters := create(t, c, named("letters"))
	one := create(t, c, `{"QueueName":"source-one","DeadLetterQueueName":"letters","Policy":0,"MaxReceiveCount":5,"MaxTimeToLive":300}`)
	check.Equal(t, "by count", *describe(t, c, "source-one").DeadLetterPolicy, `{"DeadLetterQueue":"letters","Policy":0,"MaxReceiveCount":5,"MaxTimeToLive":300}`)
	two := create(t, c, `{"QueueName":"source-two","Policy":0,"MaxReceiveCount":50,"MaxTimeToLive":300}`)
	if got := describe(t, c, "source-two").DeadLetterPolicy; got != nil {
		t.Errorf("numbers alone: got %s, want null", check.Spell(got))
	}
	check.Must(t, c.ModifyCmqQueueAttribute, tdmq.NewModifyCmqQueueAttributeRequest(), `{"QueueName":"source-two","DeadLetterQueueName":"letters","Policy":1,"MaxTimeToLive":600}`)
	check.Equal(t, "by age", *describe(t, c, "source-two").DeadLetterPolicy, `{"DeadLetterQueue":"letters","Policy":1,"MaxReceiveCount":50,"MaxTimeToLive":600}`)
	both := fmt.Sprintf(`[{"QueueId":%q,"QueueName":"source-one"},{"QueueId":%q,"QueueName":"source-two"}]`, one, two)
	check.Equal(t, "sources", describe(t, c, "letters").DeadLetterSource, both)

	sources := func(params, total, want string) {
		t.Helper()
		answer := check.Must(t, c.DescribeCmqDeadLetterSourceQueues, tdmq.NewDescribeCmqDeadLetterSourceQueuesRequest(), with(`{"DeadLetterQueueName":"letters"}`, params)).Response
		check.Equal(t, params, answer.QueueSet, want)
		check.Equal(t, params, *answer.TotalCount, total)
	}
	sources(`{}`, "2", both)
	sources(`{"SourceQueueName":"two"}`, "1", fmt.Sprintf(`[{"QueueId":%q,"QueueName":"source-two"}]`, two))
	sources(`{"Limit":1,"Offset":0}`, "2", fmt.Sprintf(`[{"QueueId":%q,"QueueName":"source-one"}]`, one))
	sources(`{"Offset":2}`, "2", `[]`)
	check.Refused(t, c.DeleteCmqQueue, tdmq.NewDeleteCmqQueueRequest(), named("letters"), "FailedOperation", "")

	for _, name := range []string{"source-one", "source-two"} {
		check.Must(t, c.UnbindCmqDeadLetter, tdmq.NewUnbindCmqDeadLetterRequest(), fmt.Sprintf(`{"SourceQueueName":%q}`, name))
		if got := describe(t, c, name).DeadLetterPolicy; got != nil {
			t.Errorf("unbound: got %s, want null", check.Spell(got))
		}
	}
	sources(`{}`, "0", `[]`)
	check.Must(t, c.DeleteCmqQueue, tdmq.NewDeleteCmqQueueRequest(), named("letters"))
	if letters == "" {
		t.Error("got no id")
	}
}
