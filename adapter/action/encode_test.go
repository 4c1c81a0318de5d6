package action

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jetcmq/jetcmq/mapping"
)

// encoded is what out looks like in an answer.
func encoded(out any) string {
	v := reflect.ValueOf(out)
	return string(compileMembers(v.Type()).append(nil, v))
}

func TestEncode(t *testing.T) {
	t.Parallel()
	seven := 7
	policy := &mapping.DeadLetterPolicy{Queue: "queue-1", Policy: mapping.ByCount, MaxReceiveCount: 3}
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
			if got := encoded(test.out); got != test.want {
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
	if err := json.Unmarshal([]byte("{"+encoded(d)+"}"), &got); err != nil {
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

var awkward = []string{"", "a", `"\/`, "<a href='x'>&</a>", "line\r\n\ttab", "\x00\x01\x1f\x7f\b\f", "你好 😀",
	"\u2028\u2029\ufeff\ufffd", "bad \xff\xc3 bytes", "\xed\xa0\x80", "%s", strings.Repeat("x\n", 5000)}

func TestAppendString(t *testing.T) {
	t.Parallel()
	for _, text := range awkward {
		holdsText(t, text)
	}
	if got, want := string(appendString(nil, "<&>\u2028")), "\"<&>\u2028\""; got != want {
		t.Errorf("got %s, want %s: only what JSON asks for is escaped", got, want)
	}
}

func FuzzAppendString(f *testing.F) {
	for _, text := range awkward {
		f.Add(text)
	}
	f.Fuzz(holdsText)
}

// holdsText checks that text survives as JSON, its bad bytes as U+FFFD.
func holdsText(t *testing.T, text string) {
	t.Helper()
	line := appendString([]byte("{"), text)[1:]
	var got string
	if err := json.Unmarshal(line, &got); err != nil || !utf8.Valid(line) {
		t.Fatalf("%q: %s is no JSON: %v", text, line, err)
	}
	if want := strings.ToValidUTF8(text, "\ufffd"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCompileMembersPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("got no panic for a member that JSON cannot have")
		}
	}()
	compileMembers(reflect.TypeFor[struct {
		A chan int `cmq:"a"`
	}]())
}
