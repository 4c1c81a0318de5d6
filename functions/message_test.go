package functions_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/jetcmq/jetcmq/functions"
)

// pushed is the vendor page's example of a push in the format JSON.
const pushed = `{"TopicOwner":100015036,"topicName":"MyTopic","subscriptionName":"mysubscription","msgId":"6942316962","msgBody":"test message","publishTime":11203432}`

// opened is what it says.
var opened = functions.Message{
	Body: "test message", ID: "6942316962", Topic: "MyTopic", Subscription: "mysubscription",
	Owner: 100015036, Published: time.Date(1970, 5, 10, 16, 3, 52, 0, time.UTC),
}

// receive pushes a body and returns the message that the function got.
func receive(t *testing.T, options []functions.Option, body string, header ...string) (got functions.Message, status int) {
	t.Helper()
	h := functions.New(func(_ context.Context, m functions.Message) error {
		got = m
		return nil
	}, append(options, quiet())...)
	return got, post(t, h, body, header...)
}

func TestFormats(t *testing.T) {
	t.Parallel()
	onlyJSON, onlyText := []functions.Option{functions.JSON()}, []functions.Option{functions.Simplified()}
	text := func(body, id string) functions.Message { return functions.Message{Body: body, ID: id} }
	change := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(pushed) }
	without := func(body string) string { return strings.Replace(body, `"msgBody":"test message",`, "", 1) }
	for name, c := range map[string]struct {
		options  []functions.Option
		body, id string
		want     functions.Message
	}{
		"JSON":                             {nil, pushed, "6942316962", opened},
		"JSON, blanks":                     {nil, "\n " + change(",", " , ", ":", ": ") + " \r\n", "6942316962", opened},
		"JSON, owner as a string":          {nil, change("100015036", `"100015036"`), "6942316962", opened},
		"JSON, more keys":                  {nil, change(`"TopicOwner"`, `"more":[{}],"TopicOwner"`), "6942316962", opened},
		"JSON without header":              {nil, pushed, "", opened},
		"JSON, another id":                 {onlyJSON, pushed, "1", opened},
		"SIMPLIFIED":                       {nil, "hello, 世界", "7", text("hello, 世界", "7")},
		"SIMPLIFIED by hand":               {nil, "hello", "", text("hello", "")},
		"SIMPLIFIED, empty":                {nil, "", "7", text("", "7")},
		"SIMPLIFIED, not UTF-8":            {nil, "\xff\x00", "7", text("\xff\x00", "7")},
		"a push published again":           {nil, pushed, "7", text(pushed, "7")},
		"a push as text":                   {onlyText, pushed, "6942316962", text(pushed, "6942316962")},
		"an object":                        {nil, `{"msgId":"7"}`, "7", text(`{"msgId":"7"}`, "7")},
		"an object without msgBody":        {nil, without(pushed), "6942316962", text(without(pushed), "6942316962")},
		"null for a name":                  {nil, change(`"MyTopic"`, "null"), "6942316962", text(change(`"MyTopic"`, "null"), "6942316962")},
		"a number for a name":              {nil, change(`"MyTopic"`, "1"), "6942316962", text(change(`"MyTopic"`, "1"), "6942316962")},
		"a word for the owner":             {nil, change("100015036", `"me"`), "6942316962", text(change("100015036", `"me"`), "6942316962")},
		"a fraction for the owner":         {nil, change("100015036", "1.5"), "6942316962", text(change("100015036", "1.5"), "6942316962")},
		"two objects":                      {nil, pushed + pushed, "6942316962", text(pushed+pushed, "6942316962")},
		"a list":                           {nil, "[" + pushed + "]", "6942316962", text("["+pushed+"]", "6942316962")},
		"null":                             {nil, "null", "7", text("null", "7")},
		"a cut push":                       {nil, pushed[:len(pushed)-1], "6942316962", text(pushed[:len(pushed)-1], "6942316962")},
		"SCF's event, which is not for us": {nil, captured, "", text(captured, "")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, status := receive(t, c.options, c.body, "x-cmq-message-id", c.id)
			if status != 200 || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %d %+v, want %+v", status, got, c.want)
			}
		})
	}
}

func TestOnlyJSONRefusesText(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"hello", "", "{}", "null", pushed + "x", captured} {
		if _, status := receive(t, []functions.Option{functions.JSON()}, body, "x-cmq-message-id", "7"); status != 400 {
			t.Errorf("%s: got %d, want 400", body, status)
		}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	for joined, want := range map[string][]string{
		"": nil, "a": {"a"}, "a, b": {"a", "b"}, "a,b": {"a", "b"}, " a ,, b, ": {"a", "b"}, "红, two words": {"红", "two words"}, ", ": nil,
	} {
		for _, body := range []string{"hi", pushed} {
			got, _ := receive(t, nil, body, "x-cmq-request-id", "88", "x-cmq-message-tag", joined, "X-CMQ-Routing-Key", "1.test.0")
			if !reflect.DeepEqual(got.Tags, want) || got.RequestID != "88" || got.RoutingKey != "1.test.0" {
				t.Errorf("%q: got %+v, want tags %q", joined, got, want)
			}
		}
	}
}

func TestPublished(t *testing.T) {
	t.Parallel()
	for wire, want := range map[string]time.Time{
		"1795400199": time.Date(2026, 11, 23, 2, 16, 39, 0, time.UTC), `"1795400199"`: time.Date(2026, 11, 23, 2, 16, 39, 0, time.UTC),
		"0": {}, "-1": {}, "1.5": {}, "null": {}, "99999999999999999999": {},
	} {
		got, _ := receive(t, nil, strings.Replace(pushed, "11203432", wire, 1))
		if got.ID != opened.ID || !got.Published.Equal(want) || got.Published.Location() != time.UTC {
			t.Errorf("%s: got %v, want %v", wire, got.Published, want)
		}
	}
	got, _ := receive(t, nil, strings.Replace(pushed, `,"publishTime":11203432`, "", 1))
	if got.ID != opened.ID || !got.Published.IsZero() {
		t.Errorf("absent: got %+v", got)
	}
}

// FuzzPush pushes any body with any header: a text is handed on byte for byte,
// and JSON is taken for JSON only when it says what the header says.
func FuzzPush(f *testing.F) {
	for _, body := range []string{pushed, captured, "hello", "{", `{"TopicOwner":"1","topicName":"","subscriptionName":"","msgId":"","msgBody":""}`} {
		f.Add([]byte(body), "6942316962", "a, b")
	}
	f.Fuzz(func(t *testing.T, body []byte, id, tags string) {
		var got functions.Message
		h := functions.New(func(_ context.Context, m functions.Message) error {
			got = m
			return nil
		}, functions.Once(1))
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		r.Header = http.Header{"X-Cmq-Message-Id": {id}, "X-Cmq-Message-Tag": {tags}}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Fatalf("got %d", w.Code)
		}
		if id != "" && got.ID != id {
			t.Errorf("got id %q, want %q", got.ID, id)
		}
		var in map[string]any
		isObject := json.Unmarshal(body, &in) == nil
		if !isObject && got.Body != string(body) {
			t.Errorf("got text %q, want %q", got.Body, body)
		}
		for _, tag := range got.Tags {
			if tag == "" || strings.Contains(tag, ",") {
				t.Errorf("got tag %q of %q", tag, tags)
			}
		}
	})
}

// FuzzRoundTrip renders a push in both formats and reads it back.
func FuzzRoundTrip(f *testing.F) {
	f.Add("hello", "orders", "sub", uint64(7), int64(1250000000), int64(1795400199))
	f.Add(pushed, "t", "s", uint64(1), int64(-1), int64(1))
	f.Fuzz(func(t *testing.T, body, topic, sub string, id uint64, owner, at int64) {
		if !utf8.ValidString(body) || !utf8.ValidString(topic) || !utf8.ValidString(sub) || at < 1 {
			t.Skip("CMQ refuses it")
		}
		want := functions.Message{Body: body, ID: strconv.FormatUint(id, 10), Topic: topic, Subscription: sub, Owner: owner, Published: time.Unix(at, 0).UTC()}
		text, err := json.Marshal(map[string]any{
			"TopicOwner": owner, "topicName": topic, "subscriptionName": sub, "msgId": want.ID, "msgBody": body, "publishTime": at,
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, status := receive(t, nil, string(text), "x-cmq-message-id", want.ID); status != 200 || !reflect.DeepEqual(got, want) {
			t.Errorf("JSON: got %d %+v, want %+v", status, got, want)
		}
		want = functions.Message{Body: body, ID: want.ID}
		if got, status := receive(t, []functions.Option{functions.Simplified()}, body, "x-cmq-message-id", want.ID); status != 200 || !reflect.DeepEqual(got, want) {
			t.Errorf("SIMPLIFIED: got %d %+v, want %+v", status, got, want)
		}
	})
}
