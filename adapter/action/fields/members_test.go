package fields

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jetcmq/jetcmq/mapping"
)

// encoded is what out looks like in an answer.
func encoded(api API, out any) string {
	v := reflect.ValueOf(out)
	return string(MembersOf(v.Type(), api).Append(nil, v))
}

type inside struct {
	A int    `cmq:"a"`
	B string `v3:"Bee"`
}

func TestAppend(t *testing.T) {
	t.Parallel()
	yes, seven := true, 7
	policy := &mapping.DeadLetterPolicy{Queue: "Dead", ID: "queue-1", Policy: mapping.ByCount, MaxReceiveCount: 3}
	type three struct{ legacy, cmq, tdmq string }
	for _, test := range []struct {
		why  string
		out  any
		want three
	}{
		{"nothing", struct{}{}, three{}},
		{"a name", inside{1, "b"}, three{`"a":1`, `"A":1,"Bee":"b"`, `"A":1,"Bee":"b"`}},
		{"two names", struct {
			A int `cmq:"a,aa" v3:"A,Aa"`
		}{1}, three{`"a":1,"aa":1`, `"A":1`, `"A":1`}},
		{"a name of one product", struct {
			A int `tdmq:"A"`
			B int `v3:"B" tdmq:"-"`
			C int `v3:"C" tdmq:"See"`
			D int `cmq:"d" v3:"-"`
			E int `cmq:"-"`
		}{1, 2, 3, 4, 5}, three{`"d":4`, `"B":2,"C":3`, `"A":1,"See":3`}},
		{"an object", struct {
			inside `v3:"In"`
		}{inside{1, "b"}}, three{`"a":1`, `"In":{"A":1,"Bee":"b"}`, `"In":{"A":1,"Bee":"b"}`}},
		{"an object without anything", struct {
			inside `v3:"In"`
		}{}, three{`"a":0`, `"In":null`, `"In":null`}},
		{"a struct taken away", struct {
			inside `v3:"-"`
		}{inside{1, "b"}}, three{`"a":1`, ``, ``}},
		{"pointers", struct {
			A *int  `cmq:"a"`
			B *bool `v3:"B"`
		}{&seven, &yes}, three{`"a":7`, `"A":7,"B":true`, `"A":7,"B":true`}},
		{"pointers to nothing", struct {
			A *int  `cmq:"a"`
			B *bool `v3:"B"`
		}{}, three{``, `"A":null,"B":null`, `"A":null,"B":null`}},
		{"no list", struct {
			A []int    `cmq:"a"`
			B []inside `v3:"B"`
		}{}, three{`"a":[]`, `"A":[],"B":[]`, `"A":[],"B":[]`}},
		{"objects", struct {
			A []inside `cmq:"list" v3:"Set"`
		}{[]inside{{1, "b"}, {2, ""}}}, three{`"list":[{"a":1},{"a":2}]`,
			`"Set":[{"A":1,"Bee":"b"},{"A":2,"Bee":""}]`, `"Set":[{"A":1,"Bee":"b"},{"A":2,"Bee":""}]`}},
		{"ids and times", struct {
			Q mapping.QueueID `cmq:"queueId"`
			T mapping.TopicID `cmq:"topicId"`
			C mapping.Time    `cmq:"createTime"`
			O mapping.Owner   `cmq:"topicOwner"`
		}{"queue-x", "topic-y", 12, 34}, three{`"queueId":"queue-x","topicId":"topic-y","createTime":12,"topicOwner":"34"`,
			`"QueueId":"queue-x","TopicId":"topic-y","CreateTime":12,"TopicOwner":34`,
			`"QueueId":"cmqq-x","TopicId":"cmqt-y","CreateTime":12000,"TopicOwner":34`}},
		{"a dead-letter policy", struct {
			P *mapping.DeadLetterPolicy `cmq:"deadLetterPolicy"`
		}{policy}, three{`"deadLetterPolicy":"{\"deadLetterQueue\":\"queue-1\",\"policy\":0,\"maxReceiveCount\":3}"`,
			`"DeadLetterPolicy":{"DeadLetterQueueName":"Dead","DeadLetterQueue":"queue-1","Policy":0,"MaxReceiveCount":3,"MaxTimeToLive":0}`,
			`"DeadLetterPolicy":{"DeadLetterQueue":"Dead","Policy":0,"MaxReceiveCount":3,"MaxTimeToLive":0}`}},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			got := three{encoded(Legacy, test.out), encoded(CMQ, test.out), encoded(TDMQ, test.out)}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestAbsentWhenEmpty(t *testing.T) {
	t.Parallel()
	type list struct {
		A []int `cmq:"a" absent:"empty"`
	}
	if got := encoded(Legacy, list{}); got != `` {
		t.Errorf("got %s, want nothing", got)
	}
	if got := encoded(Legacy, list{[]int{1}}); got != `"a":[1]` {
		t.Errorf("got %s, want the list", got)
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

func TestMembersOfPanics(t *testing.T) {
	t.Parallel()
	for why, bad := range map[string]any{
		"no JSON": struct {
			A chan int `cmq:"a"`
		}{},
		"no name": struct{ A int }{},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("got no panic")
				}
			}()
			MembersOf(reflect.TypeOf(bad), Legacy)
		})
	}
}
