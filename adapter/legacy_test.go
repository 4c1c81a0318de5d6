package adapter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/adapter/action"
	"github.com/jetcmq/jetcmq/mapping"
)

// reply is an answer's envelope.
type reply struct {
	Code            int
	Message         string
	RequestID       string
	ClientRequestID *uint64
}

func parse(t *testing.T, text []byte) (r reply) {
	t.Helper()
	if err := json.Unmarshal(text, &r); err != nil {
		t.Errorf("got %q: %v", text, err)
	}
	return r
}

// ask has h answer one request, and checks what holds for all answers.
func ask(t *testing.T, h http.Handler, r *http.Request) reply {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Errorf("got status %d, want 200", w.Code)
	}
	if got := w.Header().Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("got Content-Type %q", got)
	}
	return parse(t, w.Body.Bytes())
}

func wantReply(t *testing.T, what string, got reply, code int, message string) {
	t.Helper()
	if got.Code != code || got.Message != message {
		t.Errorf("%s: got %d %q, want %d %q", what, got.Code, got.Message, code, message)
	}
}

func value(p action.Params, name string) string {
	for _, pair := range p.Pairs {
		if pair.Name == name {
			return pair.Value
		}
	}
	return ""
}

// pairs writes what an action gets as name=value, one a line.
func pairs(p action.Params) string {
	var b strings.Builder
	for _, pair := range p.Pairs {
		b.WriteString(pair.Name + "=" + pair.Value + "\n")
	}
	return b.String()
}

func TestForms(t *testing.T) {
	t.Parallel()
	for form, want := range map[string]string{
		"":                        "",
		"&&":                      "",
		"a=b=c&d":                 "a=b=c\nd=\n",
		"=x":                      "=x\n",
		"a=1;b=2":                 "a=1;b=2\n",
		"a=1+2%2B3%20":            "a=1 2+3 \n",
		"a=100%&b=%zz&c=%4":       "a=100%\nb=%zz\nc=%4\n",
		"a=%41+%":                 "a=%41+%\n",
		"a=%e4%bd%A0%F0%9F%98%80": "a=你😀\n",
		"limit =1&+name+=2":       "limit=1\nname=2\n",
		"m%73gBody.1=x":           "msgBody.1=x\n",
		"a=1&a=2":                 "a=1\na=2\n",
		"a=x\r\ny&b= z ":          "a=x\r\ny\nb= z \n",
		"a=?#/":                   "a=?#/\n",
	} {
		var got string
		a := wire(Config{}, func(_ context.Context, _ string, p action.Params) (action.Answer, error) {
			got = pairs(p)
			return action.Answer{}, nil
		})
		r := httptest.NewRequest(http.MethodPost, "/?Action=X", strings.NewReader(form))
		wantReply(t, form, ask(t, a, r), 0, "")
		if want = "Action=X\n" + want; got != want {
			t.Errorf("%q: got %q, want %q", form, got, want)
		}
	}
}

// TestTransports has the same parameters in every place where SDKs put them.
func TestTransports(t *testing.T) {
	t.Parallel()
	echo := func(_ context.Context, name string, p action.Params) (action.Answer, error) {
		return action.Answer{Fields: []byte(`"got":"` + name + value(p, "x") + `"`)}, nil
	}
	addr := serve(t, Probes(wire(Config{}, echo), nil))
	const form, length = "Action=A&x=1", "Content-Length: 12\r\n"
	for name, request := range map[string]string{
		"query":             "GET /v2/index.php?" + form + " HTTP/1.1\r\nHost: h\r\n\r\n",
		"query and body":    "POST /?x=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\nAction=A",
		"no Content-Type":   "POST /v2/index.php HTTP/1.1\r\nHost: h\r\n" + length + "\r\n" + form,
		"Java":              "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: */*;charset=utf-8\r\n" + length + "\r\n" + form,
		"form":              "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n" + length + "\r\n" + form,
		"text/json":         "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: text/json\r\n" + length + "\r\n" + form,
		"multipart":         "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=x\r\n" + length + "\r\n" + form,
		"GET with a body":   "GET /v2/index.php HTTP/1.1\r\nHost: h\r\n" + length + "\r\n" + form,
		"GET as a form":     "GET /?" + form + " HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n",
		"chunked":           "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nAction=\r\n5\r\nA&x=1\r\n0\r\n\r\n",
		"HTTP/1.0":          "POST / HTTP/1.0\r\n" + length + "\r\n" + form,
		"two slashes":       "POST //v2/index.php HTTP/1.1\r\nHost: h\r\n" + length + "\r\n" + form,
		"path twice":        "POST /v2/index.php/v2/index.php HTTP/1.1\r\nHost: h\r\n" + length + "\r\n" + form,
		"trailing slash":    "POST /v2/index.php/ HTTP/1.1\r\nHost: h\r\n" + length + "\r\n" + form,
		"dots":              "POST /a/../b/./ HTTP/1.1\r\nHost: h\r\n" + length + "\r\n" + form,
		"absolute":          "POST http://h/v2/index.php HTTP/1.1\r\nHost: h\r\n" + length + "\r\n" + form,
		"probe's path":      "GET /healthz?" + form + " HTTP/1.1\r\nHost: h\r\n\r\n",
		"probe's path body": "GET /healthz HTTP/1.1\r\nHost: h\r\n" + length + "\r\n" + form,
		"bogus encoding":    "GET /?" + form + " HTTP/1.1\r\nHost: h\r\nAccept-Encoding: UTF-8\r\nConnection: Array\r\n\r\n",
	} {
		answer, err := dial(t, addr).do([]byte(request))
		if err != nil || !bytes.Contains(answer, []byte(`"got":"A1"`)) {
			t.Errorf("%s: got %s, %v", name, answer, err)
		}
	}
}

// TestExpect has a client that waits for leave to send its body, as curl does
// with large ones.
func TestExpect(t *testing.T) {
	t.Parallel()
	addr := serve(t, wire(Config{}, noop))
	for _, method := range []string{"GET", "POST"} {
		c := dial(t, addr)
		head := method + " / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 8\r\n\r\n"
		if _, err := c.conn.Write([]byte(head)); err != nil {
			t.Fatal(err)
		}
		line, err := c.r.ReadString('\n')
		if err != nil || line != "HTTP/1.1 100 Continue\r\n" {
			t.Fatalf("got %q, %v", line, err)
		}
		if _, err := c.r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		answer, err := c.do([]byte("Action=A"))
		if err != nil || parse(t, answer).Code != 0 {
			t.Errorf("%s: got %s, %v", method, answer, err)
		}
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	const tooLarge = "(10420)cannot parse request body, or request size is more than 1MB"
	addr := serve(t, wire(Config{}, noop))
	for size, want := range map[int]reply{
		defaultMaxBody:     {},
		defaultMaxBody + 1: {Code: 4000, Message: tooLarge},
		3 * defaultMaxBody: {Code: 4000, Message: tooLarge},
	} {
		body := "Action=A&x=" + strings.Repeat("x", size-11)
		answer, err := dial(t, addr).do(post("h", "/", body))
		if err != nil {
			t.Errorf("%d bytes: %v", size, err)
			continue
		}
		wantReply(t, "large body", parse(t, answer), want.Code, want.Message)
	}
	small := wire(Config{MaxBody: 10}, noop)
	for body, code := range map[string]int{"Action=A&x": 0, "Action=A&xy": 4000} {
		if got := ask(t, small, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))); got.Code != code {
			t.Errorf("%q: got code %d, want %d", body, got.Code, code)
		}
	}
}

func TestBrokenBody(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodPost, "/", broken{})
	wantReply(t, "broken", ask(t, wire(Config{}, noop), r), 4000, "(10420)cannot parse request body, or request size is more than 1MB")
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection lost") }

func TestFieldLimit(t *testing.T) {
	t.Parallel()
	a := wire(Config{}, noop)
	for n, code := range map[int]int{maxFields: 0, maxFields + 1: 4000, 100_000: 4000} {
		form := "Action=A" + strings.Repeat("&x=1", n-1)
		if got := ask(t, a, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form))); got.Code != code {
			t.Errorf("%d fields: got code %d, want %d", n, got.Code, code)
		}
	}
}

func TestEnvelope(t *testing.T) {
	t.Parallel()
	with := func(clientRequestID string) *request {
		return &request{id: "1234567890123456789", pairs: []action.Pair{{Name: "clientRequestId", Value: clientRequestID}}}
	}
	for _, c := range []struct {
		request *request
		err     *mapping.Error
		fields  string
		want    string
	}{
		{with(""), nil, "", `{"code":0,"message":"","requestId":"1234567890123456789"}`},
		{with("7"), nil, `"msgId":"1"`, `{"code":0,"message":"","requestId":"1234567890123456789","clientRequestId":7,"msgId":"1"}`},
		{with("18446744073709551615"), nil, "", `{"code":0,"message":"","requestId":"1234567890123456789","clientRequestId":18446744073709551615}`},
		{with("18446744073709551616"), nil, "", `{"code":0,"message":"","requestId":"1234567890123456789"}`},
		{with("007"), nil, "", `{"code":0,"message":"","requestId":"1234567890123456789","clientRequestId":7}`},
		{with("-1"), nil, "", `{"code":0,"message":"","requestId":"1234567890123456789"}`},
		{with("abc"), nil, "", `{"code":0,"message":"","requestId":"1234567890123456789"}`},
		{with(""), mapping.ErrNoMessage, "", `{"code":7000,"message":"(10200)no message","requestId":"1234567890123456789"}`},
		{with(""), mapping.ErrDeletePartly, `"errorList":[]`,
			`{"code":6010,"message":"(10150)delete message partially failed","requestId":"1234567890123456789","errorList":[]}`},
		{with(""), mapping.ErrMissing.Of("a\"\\\n\x00\xff你"), "",
			`{"code":4000,"message":"(10390)lacked of required parameter a\"\\\n\u0000\ufffd你","requestId":"1234567890123456789"}`},
	} {
		got, _ := legacy{}.envelope(c.request, c.err, []byte(c.fields))
		if string(got) != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
		if !json.Valid(got) {
			t.Errorf("not JSON: %s", got)
		}
	}
}

// FuzzForm holds the parser against the standard library's where that has an
// opinion: '&' alone separates, what it can decode is decoded so, and what it
// cannot is left alone.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{"", "a=b&c=d", "a", "=", "&&=&", "a=%zz&b=%", "a=1+2%2b%", "x;y=z", "%41=%e4%bd%a0", "a=b=c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, form string) {
		var want []field
		for piece := range strings.SplitSeq(form, "&") {
			if piece == "" {
				continue
			}
			name, raw, _ := strings.Cut(piece, "=")
			want = append(want, field{decoded(name), decoded(raw), raw})
		}
		if got := split(nil, form); len(want) <= maxFields && !reflect.DeepEqual(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func decoded(s string) string {
	if text, err := url.QueryUnescape(s); err == nil {
		return text
	}
	return s
}
