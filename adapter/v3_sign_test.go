package adapter

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/adapter/action"
)

// Vectors that the vendor's SDKs made, recomputed by an independent program.
const (
	vectorTime  = 1795400103 // of the Go SDK's
	nodeTime    = 1795400121
	vectorJSON  = `{"TopicName":"topic-a","SubscriptionName":"sub_1","Protocol":"http","Endpoint":"http://127.0.0.1:9000/hook?a=1&b=2","FilterTag":["red","蓝"]}`
	vectorQuery = "Endpoint=http%3A%2F%2F127.0.0.1%3A9000%2Fhook%3Fa%3D1%26b%3D2&FilterTag.0=red&FilterTag.1=%E8%93%9D&Protocol=http&SubscriptionName=sub_1&TopicName=topic-a"
	nodeQuery   = "TopicName=topic-a&SubscriptionName=sub_1&Protocol=http&Endpoint=http%3A%2F%2F127.0.0.1%3A9000%2Fhook%3Fa%3D1%26b%3D2&FilterTag.0=red&FilterTag.1=%E8%93%9D"
)

func vectorRequest(method, host, query, body string, stamp int64, service, signature string) *http.Request {
	r := httptest.NewRequest(method, "http://"+host+"/"+query, strings.NewReader(body))
	r.Header.Set("X-TC-Action", "CreateCmqSubscribe")
	r.Header.Set("X-TC-Version", "2020-02-17")
	r.Header.Set("X-TC-Timestamp", strconv.FormatInt(stamp, 10))
	r.Header.Set("Content-Type", "application/json")
	if method == http.MethodGet {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Authorization", "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE/2026-11-23/"+service+
		"/tc3_request, SignedHeaders=content-type;host, Signature="+signature)
	return r
}

func TestVectors3(t *testing.T) {
	t.Parallel()
	const (
		form = "Action=CreateCmqSubscribe&" + vectorQuery + "&Language=zh-CN&Region=ap-guangzhou&RequestClient=SDK_GO_1.0.162" +
			"&SecretId=AKIDEXAMPLE&Timestamp=1795400103&Version=2020-02-17"
		sha1   = form + "&Nonce=1377971705495508941&SignatureMethod=HmacSHA1&Signature=4t8QyL7L2wJEm44BVCfA3I8sSu4%3D"
		sha256 = form + "&Nonce=8754436734140986901&SignatureMethod=HmacSHA256&Signature=y%2BDN6JfD0CbEFKmmG%2BKaNGofYkySKudT8ZxFOHpke%2FM%3D"
	)
	goJSON := strings.ReplaceAll(vectorJSON, "&", `\u0026`)
	for name, r := range map[string]*http.Request{
		"Go, POST": vectorRequest("POST", "127.0.0.1:18099", "", goJSON, vectorTime, "tdmq",
			"c50f2b53913316cff27baf38f221dfd2586e7bbe1500e7301447b1cf95dd0d61"),
		"Go, GET": vectorRequest("GET", "127.0.0.1:18099", "?"+vectorQuery, "", vectorTime, "tdmq",
			"2c6f99579ef03c763fcf83db7d0ae41012eafe1a797c2a055f93b42c1188e30b"),
		"Node, POST": vectorRequest("POST", "127.0.0.1:18098", "", vectorJSON, nodeTime, "127",
			"2a9c44f988dbf3e4b26ba4e63f028813d1f695f62c55a76583bf8befcf883550"),
		"Node, POST to localhost": vectorRequest("POST", "localhost:18098", "", vectorJSON, nodeTime, "localhost:18098",
			"fdc46b2a607843fdcb3705a8497be730748f944c6892d98220d8769ac688a42c"),
		"Node, GET": vectorRequest("GET", "127.0.0.1:18098", "?"+nodeQuery, "", nodeTime, "127",
			"e349aa2ad3011185d453d70f6d5ba659e01b2691eabd583e8de42f2ba065b012"),
		"Go, HmacSHA1, POST":  httptest.NewRequest("POST", "http://127.0.0.1:18099/", strings.NewReader(sha1)),
		"Go, HmacSHA256, GET": httptest.NewRequest("GET", "http://127.0.0.1:18099/?"+sha256, nil),
	} {
		a := at(wire(Config{Keys: keys()}, func(_ context.Context, name string, p action.Params) (action.Answer, error) {
			if name != "CreateCmqSubscribe" || p.API != action.TDMQ || value(p, "FilterTag.1") != "蓝" || value(p, "Endpoint") != "http://127.0.0.1:9000/hook?a=1&b=2" {
				t.Errorf("got %s %v", name, p)
			}
			return action.Answer{}, nil
		}), vectorTime)
		wantReply3(t, name, ask3(t, a, r), "", "")
	}
}

// TestCanonical holds the steps on the way to the first vector.
func TestCanonical(t *testing.T) {
	t.Parallel()
	r := vectorRequest("POST", "127.0.0.1:18099", "", "", vectorTime, "tdmq", "")
	auth, err := parseAuthorization(r.Header.Get("Authorization"))
	if err != nil {
		t.Fatal(err)
	}
	q := &request{Request: r, body: strings.ReplaceAll(vectorJSON, "&", `\u0026`)}
	text := tc3Text{q: q, auth: auth, payload: payloadHash(q)}
	text.write(r.Host, "/", asSent)
	sum := sha256.Sum256(text.canonical)
	if got, want := hex.EncodeToString(sum[:]), "0496d4d8258eefeb6cdcb2cfe30997824b7b2213c0ffd630cc5b75bad7c682c3"; got != want {
		t.Errorf("got %s of %q, want %s", got, text.canonical, want)
	}
	if want := "bce6db355a72b004453340d6a581cc83fbfeaac1dabf7905d7fa969dae5beacd"; text.payload != want {
		t.Errorf("got %s, want %s", text.payload, want)
	}
}

// tc3Call is a request and what its client signed, where that is another thing.
type tc3Call struct {
	config                   Config
	method, target           string // POST http://cmq.example:8080/ unless said
	body, signedBody         string
	contentType, signedType  string
	signedPath, signedQuery  string
	signedHost               string
	service                  string
	headers                  string // signed ones
	extra                    map[string]string
	signedExtra              map[string]string
	stamp                    int64
	date, secret, scopeEnd   string
	forwarded, authorization string
}

// request signs by a code of its own.
func (c tc3Call) request() *http.Request {
	r := httptest.NewRequest(or(c.method, "POST"), or(c.target, "http://cmq.example:8080/"), strings.NewReader(c.body))
	stamp := strconv.FormatInt(c.stamp, 10)
	if c.stamp == 0 {
		stamp = strconv.Itoa(vectorTime)
	}
	kind := or(c.contentType, "application/json")
	for name, value := range map[string]string{"X-TC-Action": "CreateCmqQueue", "X-TC-Version": "2020-02-17", "X-TC-Timestamp": stamp, "Content-Type": kind} {
		r.Header.Set(name, value)
	}
	for name, value := range c.extra {
		r.Header.Set(name, value)
	}
	if c.forwarded != "" {
		r.Header.Set("X-Forwarded-Host", c.forwarded)
	}
	headers := or(c.headers, "content-type;host")
	canonical := r.Method + "\n" + or(c.signedPath, "/") + "\n" + or(c.signedQuery, r.URL.RawQuery) + "\n"
	for name := range strings.SplitSeq(headers, ";") {
		value := map[string]string{"host": or(c.signedHost, r.Host), "content-type": or(c.signedType, kind)}[name]
		canonical += name + ":" + or(value, or(c.signedExtra[name], r.Header.Get(name))) + "\n"
	}
	canonical += "\n" + headers + "\n" + hexHash(or(c.signedBody, c.body))
	date, service, end := or(c.date, "2026-11-23"), or(c.service, "tdmq"), or(c.scopeEnd, "tc3_request")
	key := []byte("TC3" + or(c.secret, testSecret))
	for _, piece := range []string{date, service, end, "TC3-HMAC-SHA256\n" + stamp + "\n" + date + "/" + service + "/" + end + "\n" + hexHash(canonical)} {
		mac := hmac.New(sha256.New, key)
		io.WriteString(mac, piece)
		key = mac.Sum(nil)
	}
	if c.authorization == "" {
		c.authorization = "TC3-HMAC-SHA256 Credential=%s/%s/%s/%s, SignedHeaders=%s, Signature=%x"
	}
	r.Header.Set("Authorization", fmt.Sprintf(c.authorization, testID, date, service, end, headers, key))
	return r
}

func hexHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// TestTolerances has clients that sign another text than the vendor's pages say.
func TestTolerances(t *testing.T) {
	t.Parallel()
	const wrong = "AuthFailure.SignatureFailure"
	for name, c := range map[string]struct {
		tc3Call
		want string
	}{
		"as sent":                {tc3Call{body: "{}"}, ""},
		"empty body":             {tc3Call{}, ""},
		"Java's content type":    {tc3Call{contentType: "application/json; charset=utf-8"}, ""},
		"service of an address":  {tc3Call{service: "127"}, ""},
		"service with a port":    {tc3Call{service: "localhost:8080"}, ""},
		"service with a slash":   {tc3Call{service: "http://localhost:8080"}, ""},
		"service of IPv6":        {tc3Call{service: "[::1]:8080"}, ""},
		"service of the other":   {tc3Call{service: "cmq"}, ""},
		"host without port":      {tc3Call{signedHost: "cmq.example"}, ""},
		"IPv6 without port":      {tc3Call{target: "http://[::1]:8080/", signedHost: "[::1]"}, ""},
		"port 443 left out":      {tc3Call{target: "http://cmq.example/", signedHost: "cmq.example:443"}, ""},
		"other host":             {tc3Call{signedHost: "other.example:8080"}, wrong},
		"other port":             {tc3Call{signedHost: "cmq.example:8081"}, wrong},
		"host in capitals":       {tc3Call{target: "http://CMQ.Example:8080/", signedHost: "cmq.example:8080"}, ""},
		"configured host":        {tc3Call{config: Config{Hosts: []string{"front"}}, signedHost: "front"}, ""},
		"forwarded host":         {tc3Call{config: Config{TrustForwarded: true}, forwarded: "front", signedHost: "front"}, ""},
		"forwarded, not trusted": {tc3Call{forwarded: "front", signedHost: "front"}, wrong},
		"endpoint with a path":   {tc3Call{target: "http://cmq.example:8080/v3/x"}, ""},
		"path signed":            {tc3Call{target: "http://cmq.example:8080/v3/x", signedPath: "/v3/x"}, ""},
		"escaped path signed":    {tc3Call{target: "http://cmq.example:8080/v3%2fx", signedPath: "/v3%2fx"}, ""},
		"other path":             {tc3Call{target: "http://cmq.example:8080/v3/x", signedPath: "/v3"}, wrong},
		"query as sent":          {tc3Call{method: "GET", target: "http://h/?b=1&a=%e4+%20"}, ""},
		"query sorted":           {tc3Call{method: "GET", target: "http://h/?b=1&a=2", signedQuery: "a=2&b=1"}, wrong},
		"query escaped again":    {tc3Call{method: "GET", target: "http://h/?a=%e4", signedQuery: "a=%E4"}, wrong},
		"action signed":          {tc3Call{headers: "content-type;host;x-tc-action"}, ""},
		"action signed, lowered": {tc3Call{headers: "content-type;host;x-tc-action", signedExtra: map[string]string{"x-tc-action": "createcmqqueue"}}, ""},
		"other order":            {tc3Call{headers: "x-tc-version;host;x-tc-timestamp;content-type"}, ""},
		"host alone":             {tc3Call{headers: "host"}, ""},
		"absent header signed":   {tc3Call{headers: "content-type;host;x-tc-token"}, ""},
		"content type lowered":   {tc3Call{contentType: "application/json; charset=UTF-8", signedType: "application/json; charset=utf-8"}, ""},
		"other content type":     {tc3Call{signedType: "text/plain"}, wrong},
		"unsigned payload":       {tc3Call{body: "{}", signedBody: "UNSIGNED-PAYLOAD", extra: map[string]string{"X-TC-Content-SHA256": "UNSIGNED-PAYLOAD"}}, ""},
		"unsigned, not said":     {tc3Call{body: "{}", signedBody: "UNSIGNED-PAYLOAD"}, wrong},
		"other words":            {tc3Call{body: "{}", signedBody: "UNSIGNED", extra: map[string]string{"X-TC-Content-SHA256": "UNSIGNED"}}, wrong},
		"token":                  {tc3Call{extra: map[string]string{"X-TC-Token": "any"}}, ""},
		"other day":              {tc3Call{date: "2026-11-22"}, wrong},
		"other end of scope":     {tc3Call{scopeEnd: "tc4_request"}, "AuthFailure.InvalidAuthorization"},
		"other secret":           {tc3Call{secret: "x"}, wrong},
		"no blanks":              {tc3Call{authorization: "TC3-HMAC-SHA256 Credential=%s/%s/%s/%s,SignedHeaders=%s,Signature=%x"}, ""},
		"capital digits":         {tc3Call{authorization: "TC3-HMAC-SHA256 Credential=%s/%s/%s/%s, SignedHeaders=%s, Signature=%X"}, ""},
		"form":                   {tc3Call{body: "QueueName=q", contentType: "application/x-www-form-urlencoded"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.config.Keys = keys()
			if got := ask3(t, at(wire(c.config, noop), vectorTime), c.request()); got.Error.Code != c.want {
				t.Errorf("got %+v, want %q", got, c.want)
			}
		})
	}
}

// TestForgeries changes what was signed, one thing at a time.
func TestForgeries(t *testing.T) {
	t.Parallel()
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	inAuthorization := func(old, with string) func(*http.Request) {
		return func(r *http.Request) {
			before := r.Header.Get("Authorization")
			r.Header.Set("Authorization", strings.Replace(before, old, with, 1))
			if r.Header.Get("Authorization") == before {
				panic("nothing replaced")
			}
		}
	}
	for name, forge := range map[string]func(*http.Request){
		"method":              func(r *http.Request) { r.Method = "GET" },
		"host":                func(r *http.Request) { r.Host = "evil.example" },
		"query added":         func(r *http.Request) { r.URL.RawQuery = "QueueName=x" },
		"body":                func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`{"QueueName":"r"}`)) },
		"body longer":         func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`{"QueueName":"q"} `)) },
		"body gone":           func(r *http.Request) { r.Body = http.NoBody },
		"content type":        set("Content-Type", "text/plain"),
		"content type gone":   func(r *http.Request) { r.Header.Del("Content-Type") },
		"content type twice":  func(r *http.Request) { r.Header.Add("Content-Type", "text/plain") },
		"unsigned payload":    set("X-TC-Content-SHA256", "UNSIGNED-PAYLOAD"),
		"time stamp":          set("X-TC-Timestamp", strconv.Itoa(vectorTime+1)),
		"time stamp, written": set("X-TC-Timestamp", "+"+strconv.Itoa(vectorTime)),
		"signed action":       set("X-TC-Action", "DeleteCmqQueue"),
		"day":                 inAuthorization("2026-11-23", "2026-11-24"),
		"service":             inAuthorization("/tdmq/", "/cmq/"),
		"other key":           inAuthorization(testID, "AKIDEXAMPLE"),
		"header left out":     inAuthorization(";x-tc-action", ""),
		"header added":        inAuthorization(";x-tc-action", ";x-tc-action;x-tc-version"),
		"headers swapped":     inAuthorization("content-type;host", "host;content-type"),
		"header in capitals":  inAuthorization("content-type;host", "Content-Type;host"),
		"signature cut":       func(r *http.Request) { r.Header.Set("Authorization", cut(r, 2)) },
		"signature gone":      func(r *http.Request) { r.Header.Set("Authorization", cut(r, 64)) },
		"signature odd":       func(r *http.Request) { r.Header.Set("Authorization", cut(r, 1)) },
		"signature longer":    func(r *http.Request) { r.Header.Set("Authorization", cut(r, 0)+"00") },
		"signature no hex":    func(r *http.Request) { r.Header.Set("Authorization", cut(r, 1)+"g") },
		"signature zero":      func(r *http.Request) { r.Header.Set("Authorization", cut(r, 64)+strings.Repeat("0", 64)) },
		"last bit":            func(r *http.Request) { r.Header.Set("Authorization", cut(r, 1)+flip(cut(r, 0))) },
	} {
		a := at(wire(Config{Keys: keys()}, noop), vectorTime)
		c := tc3Call{body: `{"QueueName":"q"}`, headers: "content-type;host;x-tc-action"}
		wantReply3(t, name+", before", ask3(t, a, c.request()), "", "")
		r := c.request()
		forge(r)
		wantReply3(t, name, ask3(t, a, r), errSigned.V3, errSigned.Text)
	}
}

// cut is the authorization without its last letters.
func cut(r *http.Request, n int) string {
	text := r.Header.Get("Authorization")
	return text[:len(text)-n]
}

func flip(text string) string {
	if text[len(text)-1] == '0' {
		return "1"
	}
	return "0"
}

func TestAuthorization(t *testing.T) {
	t.Parallel()
	const invalid, rest = "AuthFailure.InvalidAuthorization", "SignedHeaders=content-type;host, Signature=00"
	many := make([]string, maxSigned+1)
	for i := range many {
		many[i] = fmt.Sprintf("x-%d", i)
	}
	signed := func(headers []string) string {
		return "TC3-HMAC-SHA256 Credential=" + testID + "/2026-11-23/tdmq/tc3_request, SignedHeaders=" + strings.Join(headers, ";") + ", Signature=00"
	}
	for text, want := range map[string]string{
		"":                         invalid,
		"SKIP":                     invalid,
		"TC3-HMAC-SHA256":          invalid,
		"TC3-HMAC-SHA256 ":         invalid,
		"tc3-hmac-sha256 " + rest:  invalid,
		"TC3-HMAC-SHA256x " + rest: invalid,
		"TC3-HMAC-SHA256 " + rest:  invalid,
		"TC3-HMAC-SHA256 Credential=" + testID + ", " + rest:                                                  invalid,
		"TC3-HMAC-SHA256 Credential=" + testID + "/2026-11-23/tc3_request, " + rest:                           invalid,
		"TC3-HMAC-SHA256 Credential=" + testID + "/2026-11-23//tc3_request, " + rest:                          invalid,
		"TC3-HMAC-SHA256 Credential=" + testID + "//tdmq/tc3_request, " + rest:                                invalid,
		"TC3-HMAC-SHA256 Credential=/2026-11-23/tdmq/tc3_request, " + rest:                                    invalid,
		"TC3-HMAC-SHA256 Credential=" + testID + "/2026-11-23/tdmq/tc4_request, " + rest:                      invalid,
		"TC3-HMAC-SHA256 Credential=" + testID + "/2026-11-23/tdmq/tc3_request, Signature=00":                 invalid,
		"TC3-HMAC-SHA256 Credential=" + testID + "/2026-11-23/tdmq/tc3_request, SignedHeaders=, Signature=00": invalid,
		"TC3-HMAC-SHA256 Credential=AKIDx/2026-11-23/tdmq/tc3_request, " + rest:                               "AuthFailure.SecretIdNotFound",
		"TC3-HMAC-SHA256 Credential=" + testID + "/2026-11-23/tdmq/tc3_request, SignedHeaders=host":           "AuthFailure.SignatureFailure",
		signed([]string{"host", "host"}):                                                                      invalid,
		signed([]string{"host", ""}):                                                                          invalid,
		signed(many):                                                                                          invalid,
		signed(many[1:]):                                                                                      "AuthFailure.SignatureFailure",
		signed([]string{"host"}):                                                                              "AuthFailure.SignatureFailure",
	} {
		r := tc3Call{}.request()
		r.Header.Set("Authorization", text)
		if got := ask3(t, at(wire(Config{Keys: keys()}, noop), vectorTime), r); got.Error.Code != want {
			t.Errorf("%s: got %+v, want %s", text, got, want)
		}
		wantReply3(t, "nobody has to sign: "+text, ask3(t, wire(Config{}, noop), r), "", "")
	}
}

// TestExpired3 has time stamps on both sides of what is tolerated.
func TestExpired3(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		skew   time.Duration
		offset int64
		want   string
	}{
		{0, 0, ""}, {0, 300, ""}, {0, -300, ""}, {0, 301, errExpired.V3}, {0, -301, errExpired.V3},
		{time.Minute, 60, ""}, {time.Minute, 61, errExpired.V3}, {time.Hour, -3600, ""}, {time.Hour, 3601, errExpired.V3},
	} {
		const now = 1795400103 // more than an hour from the ends of its day
		a := at(wire(Config{Keys: keys(), Skew: c.skew}, noop), now)
		if got := ask3(t, a, tc3Call{stamp: now + c.offset}.request()); got.Error.Code != c.want {
			t.Errorf("skew %v, offset %d: got %+v, want %q", c.skew, c.offset, got, c.want)
		}
		form := signed(http.MethodPost, "h", "/", map[string]string{"Action": "A", "Version": "2020-02-17", "Timestamp": strconv.FormatInt(now+c.offset, 10)})
		r := httptest.NewRequest(http.MethodPost, "http://h/", strings.NewReader(form.Encode()))
		if got := ask3(t, a, r); got.Error.Code != c.want {
			t.Errorf("form, skew %v, offset %d: got %+v, want %q", c.skew, c.offset, got, c.want)
		}
	}
	for stamp, want := range map[string]string{"": "MissingParameter", "x": errExpired.V3, "9223372036854775807": errExpired.V3,
		"-9223372036854775808": errExpired.V3, "99999999999999999999": errExpired.V3, strings.Repeat("1", 10_000): errExpired.V3} {
		var log bytes.Buffer
		r := tc3Call{}.request()
		r.Header.Set("X-TC-Timestamp", stamp)
		a := at(wire(Config{Keys: keys(), Log: slog.New(slog.NewTextHandler(&log, nil))}, noop), vectorTime)
		if got := ask3(t, a, r); got.Error.Code != want || log.Len() > 500 {
			t.Errorf("%.30s: got %+v and log of %d bytes", stamp, got, log.Len())
		}
	}
}

// TestDay3 has a request signed before and checked after midnight, UTC.
func TestDay3(t *testing.T) {
	t.Parallel()
	midnight := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC).Unix()
	a := at(wire(Config{Keys: keys()}, noop), midnight+10)
	wantReply3(t, "before", ask3(t, a, tc3Call{stamp: midnight - 1, date: "2026-11-23"}.request()), "", "")
	wantReply3(t, "after", ask3(t, a, tc3Call{stamp: midnight, date: "2026-11-24"}.request()), "", "")
	wantReply3(t, "wrong zone", ask3(t, a, tc3Call{stamp: midnight - 1, date: "2026-11-24"}.request()), errSigned.V3, errSigned.Text)
}

// TestFormAuthentication3 is what API 3.0 says of its first kind of signature.
func TestFormAuthentication3(t *testing.T) {
	t.Parallel()
	stamp := strconv.Itoa(vectorTime)
	for name, c := range map[string]struct{ set, drop, code, message string }{
		"right":            {},
		"no SecretId":      {drop: "SecretId", code: "MissingParameter", message: "The request is missing a required parameter `SecretId`."},
		"no Signature":     {drop: "Signature", code: "MissingParameter", message: "The request is missing a required parameter `Signature`."},
		"no Timestamp":     {drop: "Timestamp", code: "MissingParameter", message: "The request is missing a required parameter `Timestamp`."},
		"no Nonce":         {drop: "Nonce", code: "MissingParameter", message: "The request is missing a required parameter `Nonce`."},
		"unknown SecretId": {set: "SecretId", code: errSecretID.V3, message: errSecretID.Text},
		"changed":          {set: "QueueName", code: errSigned.V3, message: errSigned.Text},
		"signature":        {set: "Signature", code: errSigned.V3, message: errSigned.Text},
	} {
		for _, method := range []string{"HmacSHA1", "HmacSHA256"} {
			form := signed(http.MethodPost, "h:1", "/", map[string]string{
				"Action": "CreateCmqQueue", "Version": "2020-02-17", "QueueName": "q", "Timestamp": stamp, "SignatureMethod": method})
			if form.Del(c.drop); c.set != "" {
				form.Set(c.set, "x")
			}
			r := httptest.NewRequest(http.MethodPost, "http://h:1/any", strings.NewReader(form.Encode()))
			wantReply3(t, name, ask3(t, at(wire(Config{Keys: keys()}, noop), vectorTime), r), c.code, c.message)
		}
	}
}

// TestFormForgeries3 uses what API 2.0 puts up with for the sake of some SDKs.
func TestFormForgeries3(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method, change, want string
	}{
		"nothing":               {"POST", "", ""},
		"nothing, by GET":       {"GET", "", ""},
		"an at added":           {"POST", "&TopicName=@all", errSigned.V3},
		"an at added, by GET":   {"GET", "&TopicName=@all", errSigned.V3},
		"a plus meant a plus":   {"POST", "%2B", errSigned.V3},
		"by GET as well":        {"GET", "%2B", errSigned.V3},
		"a name with a blank":   {"POST", "&QueueName =x", errSigned.V3},
		"a second one":          {"POST", "&QueueName=x", errSigned.V3},
		"something unimportant": {"POST", "&x", errSigned.V3},
	} {
		form := signed(c.method, "h", "/", map[string]string{
			"Action": "CreateCmqQueue", "Version": "2020-02-17", "QueueName": "a+b", "Timestamp": strconv.Itoa(vectorTime)}).Encode()
		if form += c.change; c.change == "%2B" {
			form = strings.Replace(strings.TrimSuffix(form, c.change), "a%2Bb", "a+b", 1)
		}
		r := httptest.NewRequest(c.method, "http://h/", strings.NewReader(form))
		if c.method == "GET" {
			r = httptest.NewRequest(c.method, "http://h/?"+form, nil)
		}
		if got := ask3(t, at(wire(Config{Keys: keys()}, noop), vectorTime), r); got.Error.Code != c.want {
			t.Errorf("%s: got %+v, want %q", name, got, c.want)
		}
	}
}

// TestMismatchIsLogged3 shows what to compare, and nothing secret.
func TestMismatchIsLogged3(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	a := at(wire(Config{Keys: keys(), Log: slog.New(slog.NewTextHandler(&log, nil))}, noop), vectorTime)
	r := tc3Call{method: "GET", target: "http://h:1/?x=" + strings.Repeat("y", 2000), signedHost: "elsewhere",
		extra: map[string]string{"X-TC-Token": "hush"}, headers: "host;x-tc-token"}.request()
	answer := ask3(t, a, r)
	r = tc3Call{signedHost: "elsewhere", body: `{"MsgContent":"private"}`, extra: map[string]string{"X-TC-Token": "hush"}, headers: "host;x-tc-token"}.request()
	ask3(t, a, r)
	line := log.String()
	for _, want := range []string{answer.ID, testID, "host:cmq.example:8080", "x-tc-token:***"} {
		if !strings.Contains(line, want) {
			t.Errorf("got log %q, want %q in it", line, want)
		}
	}
	for _, secret := range []string{"hush", "private", testSecret, cut(r, 0)[len(cut(r, 0))-64:]} {
		if strings.Contains(line, secret) {
			t.Errorf("got log %q", line)
		}
	}
	if len(line) > 2*maxLogged+500 {
		t.Errorf("got log of %d bytes", len(line))
	}
}
