package functions_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/functions"
)

// captured is an event as SCF's CMQ trigger sends it.
const captured = `{"Records":[{"CMQ":{"type":"topic","topicOwner":1200000000,"topicName":"testtopic","subscriptionName":"fn","publishTime":"2019-08-16T10:48:49Z","msgId":"13510798882111490","requestId":"2758374289357404466","msgBody":"Hello from CMQ!","msgTag":"tag1, tag2"}}]}`

// theirs is laid out as scf-go-lib's CMQEvent, with its way of reading tags.
type theirs struct {
	Records []struct {
		Message struct {
			ID               string    `json:"msgId"`
			Body             string    `json:"msgBody"`
			Tags             theirTags `json:"msgTag"`
			PublishTime      string    `json:"publishTime"`
			RequestID        string    `json:"requestId"`
			SubscriptionName string    `json:"subscriptionName"`
			TopicName        string    `json:"topicName"`
			TopicOwner       int64     `json:"topicOwner"`
			Type             string    `json:"type"`
		} `json:"CMQ"`
	} `json:"Records"`
}

type theirTags []string

func (t *theirTags) UnmarshalJSON(text []byte) error {
	switch text[0] {
	case '"': // taken as it stands, escapes and all
		*t = strings.Split(string(text[1:len(text)-1]), ", ")
		return nil
	case '[':
		return json.Unmarshal(text, (*[]string)(t))
	}
	return fmt.Errorf("unexpected %q", text[0])
}

func TestSCFPush(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ body, tags, want string }{
		{pushed, "a, b<&>", `{"Records":[{"CMQ":{"type":"topic","topicOwner":100015036,"topicName":"MyTopic","subscriptionName":"mysubscription","publishTime":"1970-05-10T16:03:52Z","msgId":"6942316962","requestId":"88","msgBody":"test message","msgTag":"a, b<&>"}}]}`},
		{"only text", "", `{"Records":[{"CMQ":{"type":"topic","topicOwner":0,"topicName":"","subscriptionName":"","publishTime":"0001-01-01T00:00:00Z","msgId":"6942316962","requestId":"88","msgBody":"only text","msgTag":""}}]}`},
		// An event that somebody published is a message like others.
		{captured, "", `{"Records":[{"CMQ":{"type":"topic","topicOwner":0,"topicName":"","subscriptionName":"","publishTime":"0001-01-01T00:00:00Z","msgId":"6942316962","requestId":"88","msgBody":` + quoted(captured) + `,"msgTag":""}}]}`},
	} {
		header := []string{"x-cmq-message-id", "6942316962", "x-cmq-request-id", "88", "x-cmq-message-tag", c.tags}
		var raw string
		f := func(_ context.Context, e json.RawMessage) error {
			raw = strings.TrimSpace(string(e))
			return nil
		}
		if got := post(t, functions.SCF(f), c.body, header...); got != 200 || raw != c.want {
			t.Errorf("got %d %s, want %s", got, raw, c.want)
		}
		var ours functions.Event
		read := func(_ context.Context, e functions.Event) error {
			ours = e
			return nil
		}
		if got := post(t, functions.SCF(read), c.body, header...); got != 200 || len(ours.Records) != 1 || ours.Records[0].CMQ.RequestID != "88" {
			t.Errorf("got %d %+v", got, ours)
		}
	}
}

func quoted(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}

// A function for the type that it has already sees what it sees at SCF.
func TestSCFWithTheirType(t *testing.T) {
	t.Parallel()
	var got, want theirs
	f := func(_ context.Context, e theirs) error {
		got = e
		return nil
	}
	if err := json.Unmarshal([]byte(captured), &want); err != nil {
		t.Fatal(err)
	}
	// the same message, as it is pushed
	push := `{"TopicOwner":1200000000,"topicName":"testtopic","subscriptionName":"fn","msgId":"13510798882111490","msgBody":"Hello from CMQ!","publishTime":1565952529}`
	status := post(t, functions.SCF(f), push, "x-cmq-message-id", "13510798882111490", "x-cmq-request-id", "2758374289357404466", "x-cmq-message-tag", "tag1, tag2")
	if status != 200 || !reflect.DeepEqual(got, want) {
		t.Errorf("got %d %+v, want %+v", status, got, want)
	}
}

func TestSCFReplay(t *testing.T) {
	t.Parallel()
	two := strings.Replace(captured, `]}`, `,{"CMQ":{"msgId":"2","msgTag":["x"],"type":"queue"}}]}`, 1)
	for _, body := range []string{captured, two} {
		var got, want functions.Event
		runs := 0
		h := functions.SCF(func(_ context.Context, e functions.Event) error {
			got, runs = e, runs+1
			return nil
		}, functions.Once(1))
		if err := json.Unmarshal([]byte(body), &want); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if status := post(t, h, body); status != 200 || !reflect.DeepEqual(got, want) {
				t.Errorf("got %d %+v, want %+v", status, got, want)
			}
		}
		if runs != 2 {
			t.Errorf("got %d runs, want each replay to run", runs)
		}
	}
}

// What only looks like an event is a message's text.
func TestSCFText(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"hi", "null", "{}", `{"Records":[]}`, `{"Records":[{}]}`, `{"Records":[{"CMQ":{"msgId":""}}]}`, `{"Records":7}`, captured + "x"} {
		var got functions.Event
		status := post(t, functions.SCF(func(_ context.Context, e functions.Event) error {
			got = e
			return nil
		}), body)
		if status != 200 || len(got.Records) != 1 || got.Records[0].CMQ.MsgBody != body {
			t.Errorf("%s: got %d %+v", body, status, got)
		}
	}
}

func TestSCFFailures(t *testing.T) {
	t.Parallel()
	failing := functions.SCF(func(context.Context, functions.Event) error { return errors.New("no") }, quiet())
	if got := post(t, failing, "hi"); got != 500 {
		t.Errorf("got %d, want 500", got)
	}
	misfit := functions.SCF(func(context.Context, []int) error { return nil }, quiet())
	if got := post(t, misfit, "hi"); got != 500 {
		t.Errorf("got %d for a type that no event fits, want 500", got)
	}
	if got := post(t, functions.SCF(func(context.Context, functions.Event) error { return nil }, quiet(), functions.JSON()), captured); got != 400 {
		t.Errorf("got %d for an event where only JSON may come, want 400", got)
	}
	late := strings.Replace(pushed, "11203432", "253402300800", 1) // the year 10000
	if got := post(t, functions.SCF(func(context.Context, functions.Event) error { return nil }, quiet()), late); got != 500 {
		t.Errorf("got %d for a time that JSON cannot tell, want 500", got)
	}
}

func TestEventJSON(t *testing.T) {
	t.Parallel()
	var e functions.Event
	if err := json.Unmarshal([]byte(captured), &e); err != nil {
		t.Fatal(err)
	}
	m := e.Records[0].CMQ
	if want := time.Date(2019, 8, 16, 10, 48, 49, 0, time.UTC); !m.PublishTime.Equal(want) || m.TopicOwner != 1200000000 || m.Type != "topic" {
		t.Errorf("got %+v", m)
	}
	if text, err := json.Marshal(e); err != nil || string(text) != captured {
		t.Errorf("got %s, %v, want %s", text, err, captured)
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	for wire, want := range map[string]functions.Tags{
		`""`: nil, `null`: nil, `[]`: {}, `"a"`: {"a"}, `"a, b"`: {"a", "b"}, `["a","b"]`: {"a", "b"}, `["a, b"]`: {"a, b"}, `"\u0061"`: {"a"},
	} {
		var got functions.Tags
		if err := json.Unmarshal([]byte(wire), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q, %v, want %q", wire, got, err, want)
		}
	}
	for _, wire := range []string{"1", "{}", "[1]", "true"} {
		if err := json.Unmarshal([]byte(wire), new(functions.Tags)); err == nil {
			t.Errorf("%s: got no error", wire)
		}
	}
	for want, tags := range map[string]functions.Tags{`""`: nil, `"a"`: {"a"}, `"a, b"`: {"a", "b"}} {
		if got, err := json.Marshal(tags); err != nil || string(got) != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
}
