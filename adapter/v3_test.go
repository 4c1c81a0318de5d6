package adapter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/adapter/action"
	"github.com/jetcmq/jetcmq/mapping"
)

// reply3 is an answer of API 3.0.
type reply3 struct {
	Error struct{ Code, Message string }
	ID    string `json:"RequestId"`
	Got   string // what echo3 was called with
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func parse3(t *testing.T, text []byte) reply3 {
	t.Helper()
	var answer struct{ Response *reply3 }
	if err := json.Unmarshal(text, &answer); err != nil || answer.Response == nil {
		t.Errorf("got %q: %v", text, err)
		return reply3{}
	}
	if !uuid.MatchString(answer.Response.ID) {
		t.Errorf("got RequestId %q", answer.Response.ID)
	}
	return *answer.Response
}

// ask3 has h answer one request, and checks what holds for all answers.
func ask3(t *testing.T, h http.Handler, r *http.Request) reply3 {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if got := w.Header()["Content-Type"]; w.Code != http.StatusOK || len(got) != 1 || got[0] != "application/json" {
		t.Errorf("got status %d, Content-Type %q", w.Code, got)
	}
	return parse3(t, w.Body.Bytes())
}

func wantReply3(t *testing.T, what string, got reply3, code, message string) {
	t.Helper()
	if got.Error.Code != code || got.Error.Message != message {
		t.Errorf("%s: got %q %q, want %q %q", what, got.Error.Code, got.Error.Message, code, message)
	}
}

// echo3 answers with the API, the action and the parameters that it was called with.
func echo3(_ context.Context, name string, p action.Params) (action.Answer, error) {
	got := [...]string{"Legacy", "CMQ", "TDMQ"}[p.API] + " " + name
	for _, pair := range p.Pairs {
		got += " " + pair.Name + "=" + pair.Value
	}
	return action.Answer{Fields: appendText([]byte(`"Got":`), got)}, nil
}

// v3Request is a request in today's form, not signed.
func v3Request(method, target, action, version, body string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header = http.Header{"X-Tc-Action": {action}, "X-Tc-Version": {version}, "Content-Type": {"application/json"}}
	return r
}

// TestGenerations has one port tell apart what comes to it.
func TestGenerations(t *testing.T) {
	t.Parallel()
	const tdmq, cmq = "2020-02-17", "2019-03-04"
	for name, c := range map[string]struct {
		target        string
		header        map[string]string
		body          string
		want, refused string // what was called, or an error of API 3.0
	}{
		"tdmq":                    {header: map[string]string{"X-TC-Action": "DescribeCmqQueues", "X-TC-Version": tdmq}, body: `{"Limit":1}`, want: "TDMQ DescribeCmqQueues Limit=1"},
		"cmq":                     {header: map[string]string{"X-TC-Action": "CreateQueue", "X-TC-Version": cmq}, want: "CMQ CreateQueue"},
		"header in lower case":    {header: map[string]string{"x-tc-action": "CreateQueue", "x-tc-version": cmq}, want: "CMQ CreateQueue"},
		"any host":                {target: "http://cmq.tencentcloudapi.com/", header: map[string]string{"X-TC-Action": "A", "X-TC-Version": tdmq}, want: "TDMQ A"},
		"path of API 2.0":         {target: "http://h/v2/index.php", header: map[string]string{"X-TC-Action": "A", "X-TC-Version": tdmq}, want: "TDMQ A"},
		"a query as well":         {target: "http://h/?Action=B&Version=v2&x=1", header: map[string]string{"X-TC-Action": "A", "X-TC-Version": tdmq}, want: "TDMQ A Action=B Version=v2 x=1"},
		"TC3 without an action":   {header: map[string]string{"Authorization": "TC3-HMAC-SHA256 Credential=x"}, refused: "MissingParameter"},
		"empty action":            {header: map[string]string{"X-TC-Action": "", "X-TC-Version": tdmq}, refused: "MissingParameter"},
		"no version":              {header: map[string]string{"X-TC-Action": "A"}, refused: "MissingParameter"},
		"unknown version":         {header: map[string]string{"X-TC-Action": "A", "X-TC-Version": "2019-03-05"}, refused: "NoSuchVersion"},
		"query":                   {target: "http://h/?Action=A&Version=2020-02-17", want: "TDMQ A Action=A Version=2020-02-17"},
		"query, no action":        {target: "http://h/?Version=2020-02-17", refused: "MissingParameter"},
		"form":                    {body: "Action=A&Version=2019-03-04&FilterTag.0=x", want: "CMQ A Action=A Version=2019-03-04 FilterTag.0=x"},
		"query and form":          {target: "http://h/?Version=2019-03-04", body: "Action=A", want: "CMQ A Version=2019-03-04 Action=A"},
		"form, first version":     {body: "Action=A&Version=2019-03-04&Version=2020-02-17", want: "CMQ A Action=A Version=2019-03-04 Version=2020-02-17"},
		"API 2.0":                 {body: "Action=A", want: "Legacy A Action=A"},
		"API 2.0 with a version":  {body: "Action=A&Version=v2", want: "Legacy A Action=A Version=v2"},
		"API 2.0, other version":  {body: "Action=A&Version=2017-03-12", want: "Legacy A Action=A Version=2017-03-12"},
		"API 2.0, lower case":     {body: "Action=A&version=2020-02-17", want: "Legacy A Action=A version=2020-02-17"},
		"API 2.0, other scheme":   {header: map[string]string{"Authorization": "Basic eDp5"}, body: "Action=A", want: "Legacy A Action=A"},
		"API 2.0, other header":   {header: map[string]string{"X-TC-Version": tdmq}, body: "Action=A", want: "Legacy A Action=A"},
		"API 2.0, a JSON message": {body: `Action=A&msgBody={"Version":"2020-02-17"}`, want: `Legacy A Action=A msgBody={"Version":"2020-02-17"}`},
	} {
		r := httptest.NewRequest(http.MethodPost, or(c.target, "http://h/"), strings.NewReader(c.body))
		for key, value := range c.header {
			r.Header.Set(key, value)
		}
		w := httptest.NewRecorder()
		wire(Config{}, echo3).ServeHTTP(w, r)
		if c.refused != "" {
			if got := parse3(t, w.Body.Bytes()); got.Error.Code != c.refused {
				t.Errorf("%s: got %s, want %s", name, w.Body, c.refused)
			}
			continue
		}
		if want := appendText([]byte(`"Got":`), c.want); !bytes.Contains(w.Body.Bytes(), want) {
			t.Errorf("%s: got %s, want %s", name, w.Body, want)
		}
		if got := strings.HasPrefix(w.Body.String(), `{"Response":{`); got == strings.HasPrefix(c.want, "Legacy") {
			t.Errorf("%s: got %s", name, w.Body)
		}
	}
}

// TestOrderOfChecks3 has requests that are wrong in several ways: the first in
// this list is the one reported.
func TestOrderOfChecks3(t *testing.T) {
	t.Parallel()
	const tdmq, cmq, size = "2020-02-17", "2019-03-04", "(10420)cannot parse request body, or request size is more than 1MB"
	a := wire(Config{Keys: keys(), MaxBody: 1000}, noop)
	a.find = func(api action.API, name string) *action.Action {
		if api == action.Legacy || name != "Known" {
			return nil
		}
		return &action.Action{Name: name}
	}
	for _, c := range []struct{ method, action, version, body, code, message string }{
		{"PUT", "", "", strings.Repeat("x", 2000), mapping.ErrMethod.V3, "(10410)unexpected http PUT only GET or POST is supported"},
		{"HEAD", "Known", tdmq, "", mapping.ErrMethod.V3, "(10410)unexpected http HEAD only GET or POST is supported"},
		{"POST", "", "", strings.Repeat("x", 2000), mapping.ErrRequestSize.V3, size},
		{"POST", "", "", "{", "InvalidParameter", "The request body is not a valid JSON object"},
		{"POST", "", "", "", "MissingParameter", "The request is missing a required parameter `Action`."},
		{"POST", "X", "", "", "MissingParameter", "The request is missing a required parameter `Version`."},
		{"POST", "X", "v3", "", "NoSuchVersion", "The request version=`v3` does not exist."},
		{"POST", "X", cmq, "", "InvalidAction", "The request action=`X` is invalid or not found"},
		{"POST", "CreateTopic", tdmq, "", "InvalidAction", "The request action=`CreateTopic` is invalid or not found: " +
			"of the actions of tdmq, only those for CMQ are served here, not those for Pulsar and others"},
		{"POST", strings.Repeat("x", 101), cmq, "", "InvalidAction", "The request action=`" + strings.Repeat("x", 100) + "...` is invalid or not found"},
		{"POST", "Known", tdmq, "", "AuthFailure.InvalidAuthorization",
			"The request `Authorization` header does not conform to tencentcloud standards: `TC3-HMAC-SHA256` not valid."},
	} {
		r := v3Request(c.method, "http://h/", c.action, c.version, c.body)
		wantReply3(t, c.method+" "+c.action+" "+c.version, ask3(t, a, r), c.code, c.message)
	}
}

// TestSharedWay holds that what protects API 2.0 protects API 3.0.
func TestSharedWay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config  Config
		outcome error
		panics  bool
		want    string
		logged  bool
	}{
		"our fault":    {outcome: errors.New("disk on fire"), want: "InternalError", logged: true},
		"a panic":      {panics: true, want: "InternalError", logged: true},
		"theirs":       {outcome: mapping.ErrNoQueue, want: "ResourceNotFound"},
		"too many":     {config: Config{MaxCalls: -1}, want: "RequestLimitExceeded"},
		"nothing":      {},
		"parameters":   {outcome: mapping.ErrMissing.Of("QueueName"), want: "MissingParameter"},
		"without keys": {config: Config{Keys: map[string]Key{}}, want: "AuthFailure.InvalidAuthorization"},
	} {
		var log bytes.Buffer
		c.config.Log = slog.New(slog.NewTextHandler(&log, nil))
		a := wire(c.config, func(context.Context, string, action.Params) (action.Answer, error) {
			if c.panics {
				panic("disk on fire")
			}
			return action.Answer{}, c.outcome
		})
		got := ask3(t, a, v3Request(http.MethodPost, "http://h/", "A", "2020-02-17", ""))
		if got.Error.Code != c.want || strings.Contains(got.Error.Message, "fire") {
			t.Errorf("%s: got %+v, want %s", name, got, c.want)
		}
		if line := log.String(); c.logged != (strings.Contains(line, "disk on fire") && strings.Contains(line, got.ID)) {
			t.Errorf("%s: got log %q", name, line)
		}
	}
}

// TestHangUp3 has a client leave while its action is under way.
func TestHangUp3(t *testing.T) {
	t.Parallel()
	begun, ended := make(chan struct{}), make(chan struct{})
	addr := serve(t, wire(Config{}, func(ctx context.Context, _ string, _ action.Params) (action.Answer, error) {
		close(begun)
		<-ctx.Done()
		close(ended)
		return action.Answer{}, ctx.Err()
	}))
	c := dial(t, addr)
	if _, err := io.WriteString(c.conn, "POST / HTTP/1.1\r\nHost: h\r\nX-TC-Action: A\r\nX-TC-Version: 2020-02-17\r\nContent-Length: 2\r\n\r\n{}"); err != nil {
		t.Fatal(err)
	}
	wait(t, begun)
	c.conn.Close()
	wait(t, ended)
}

func TestRequestIDs3(t *testing.T) {
	t.Parallel()
	a, seen := wire(Config{}, noop), map[string]bool{}
	for range 100 {
		id := ask3(t, a, v3Request(http.MethodGet, "/", "A", "2020-02-17", "")).ID
		if seen[id] {
			t.Errorf("got %s twice", id)
		}
		seen[id] = true
	}
}

func TestEnvelope3(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    *mapping.Error
		fields string
		want   string
	}{
		{nil, "", `{"Response":{"RequestId":"u"}}`},
		{nil, `"QueueId":"q<&>"`, `{"Response":{"QueueId":"q<&>","RequestId":"u"}}`},
		{mapping.ErrNoQueue, "", `{"Response":{"Error":{"Code":"ResourceNotFound","Message":"(10100)queue is not existed, or deleted"},"RequestId":"u"}}`},
		{mapping.ErrDeletePartly, `"x":1`, `{"Response":{"Error":{"Code":"FailedOperation","Message":"(10150)delete message partially failed"},"RequestId":"u"}}`},
		{errSigned, "", `{"Response":{"Error":{"Code":"AuthFailure.SignatureFailure",` +
			`"Message":"The provided credentials could not be validated. Please check your signature is correct."},"RequestId":"u"}}`},
		{errVersion.Of("<a&b>\"\xff你"), "", `{"Response":{"Error":{"Code":"NoSuchVersion","Message":"The request version=` + "`<a&b>\\\"\\ufffd你`" + ` does not exist."},"RequestId":"u"}}`},
	} {
		got, contentType := v3{}.envelope(&request{id: "u"}, c.err, []byte(c.fields))
		if string(got) != c.want || contentType[0] != "application/json" {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
		if !json.Valid(got) {
			t.Errorf("not JSON: %s", got)
		}
	}
}
