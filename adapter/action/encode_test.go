package action

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/adapter/action/fields"
	"github.com/jetcmq/jetcmq/mapping"
)

// encoded is what out looks like in an answer.
func encoded(api API, out any) string {
	v := reflect.ValueOf(out)
	return string(fields.MembersOf(v.Type(), api).Append(nil, v))
}

func TestEncode(t *testing.T) {
	t.Parallel()
	seven := 7
	policy := &mapping.DeadLetterPolicy{ID: "queue-1", Policy: mapping.ByCount, MaxReceiveCount: 3}
	for _, test := range []struct {
		why  string
		out  any
		want string
	}{
		{"nothing", struct{}{}, ``},
		{"a received message", struct {
			mapping.Message
			handedOut
		}{Message: mapping.Message{Body: "a\"b", ID: "12", Handle: "h", Enqueued: 1, NextVisible: 3, FirstDequeued: 2, Dequeues: 1}},
			`"msgBody":"a\"b","msgId":"12","receiptHandle":"h","enqueueTime":1,"nextVisibleTime":3,"firstDequeueTime":2,"dequeueCount":1`},
		{"a page", queueList{2, []mapping.QueueRef{{ID: "queue-1", Name: "a"}, {ID: "queue-2", Name: "b"}}},
			`"totalCount":2,"queueList":[{"queueId":"queue-1","queueName":"a"},{"queueId":"queue-2","queueName":"b"}]`},
		{"an empty page", queueList{}, `"totalCount":0,"queueList":[]`},
		{"attributes", mapping.QueueAttributes{MaxMessages: &seven, DeadLetter: policy},
			`"maxMsgHeapNum":7,"deadLetterPolicy":"{\"deadLetterQueue\":\"queue-1\",\"policy\":0,\"maxReceiveCount\":3}"`},
		{"failures", struct {
			F []failure `cmq:"errorList" absent:"empty"`
		}{[]failure{{4430, "(10260)x", "h"}}}, `"errorList":[{"code":4430,"message":"(10260)x","receiptHandle":"h"}]`},
		{"no failures", struct {
			F []failure `cmq:"errorList" absent:"empty"`
		}{}, ``},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			if got := encoded(Legacy, test.out); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// All thirteen numbers must be there: the Java SDK throws and the NETkiddy SDK
// panics on a missing one, and SDKs disagree on how rewindMsgNum is spelled.
func TestDescriptionHasEveryAttribute(t *testing.T) {
	t.Parallel()
	d := mapping.QueueDescription{QueueAttributes: mapping.DefaultAttributes(), Rewindable: 5}
	d.ID, d.Name = "queue-1", "q"
	var got map[string]any
	if err := json.Unmarshal([]byte("{"+encoded(Legacy, d)+"}"), &got); err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(`maxMsgHeapNum pollingWaitSeconds visibilityTimeout maxMsgSize
		msgRetentionSeconds rewindSeconds createTime lastModifyTime activeMsgNum inactiveMsgNum
		rewindmsgNum rewindMsgNum minMsgTime delayMsgNum`) {
		if _, ok := got[name].(float64); !ok {
			t.Errorf("%s: got %v, want a number", name, got[name])
		}
		delete(got, name)
	}
	want := map[string]any{"queueId": "queue-1", "queueName": "q"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v besides the numbers, want %v", got, want)
	}
}
