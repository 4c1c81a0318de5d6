package adapter

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/adapter/action"
)

type vector struct {
	Name, Method, Host, Path         string
	StringToSign, Signature, Encoded string
	Params                           map[string]string
}

func vectors(t *testing.T) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(text, &file); err != nil || len(file.Vectors) == 0 {
		t.Fatal(len(file.Vectors), err)
	}
	return file.Vectors
}

func (v vector) request() *http.Request {
	if v.Method == http.MethodGet {
		return httptest.NewRequest(v.Method, "http://"+v.Host+v.Path+"?"+v.Encoded, nil)
	}
	return httptest.NewRequest(v.Method, "http://"+v.Host+v.Path, strings.NewReader(v.Encoded))
}

func TestVectors(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		var got action.Params
		a := wire(Config{Keys: keys()}, func(_ context.Context, _ string, p action.Params) (action.Answer, error) {
			got = p
			return action.Answer{}, nil
		})
		wantReply(t, v.Name, ask(t, a, v.request()), 0, "")
		if len(got.Pairs) != len(v.Params)+1 {
			t.Errorf("%s: got %d parameters, want %d", v.Name, len(got.Pairs), len(v.Params)+1)
		}
		for _, p := range got.Pairs {
			if want := v.Params[p.Name]; p.Name != "Signature" && p.Value != want {
				t.Errorf("%s: got %s %q, want %q", v.Name, p.Name, p.Value, want)
			}
		}
	}
}

func TestVectorChanged(t *testing.T) {
	t.Parallel()
	a := wire(Config{Keys: keys()}, noop)
	v := vectors(t)[0]
	for i := range v.Encoded {
		if i%7 != 0 {
			continue
		}
		changed := []byte(v.Encoded)
		if changed[i] ^= 1; strings.ContainsRune("%&=+", rune(v.Encoded[i])) || strings.ContainsRune("%&=+", rune(changed[i])) {
			continue // might leave the meaning as it was
		}
		c := v
		c.Encoded = string(changed)
		if got := ask(t, a, c.request()); got.Code == 0 {
			t.Errorf("byte %d changed: got code 0", i)
		}
	}
	v.Encoded = strings.Replace(v.Encoded, "delaySeconds=0", "delaySeconds=1", 1)
	wantReply(t, "delay changed", ask(t, a, v.request()), 4100, "(10030)authentication failed")
}

// TestCandidates has clients that sign another text than the vendor's pages say.
func TestCandidates(t *testing.T) {
	t.Parallel()
	const host, path = "cmq.example:8080", "/v2/index.php"
	send := func(body string) map[string]string {
		return map[string]string{"Action": "SendMessage", "queueName": "q", "msgBody": body}
	}
	plain := send("a b")
	for name, c := range map[string]struct {
		config             Config
		method             string // POST unless said
		host, path         string // as requested
		signHost, signPath string // as signed
		params             map[string]string
		forwarded          string
		code               int
	}{
		"as sent":                 {params: plain},
		"by GET":                  {method: http.MethodGet, params: plain},
		"other method":            {signHost: "x" + host, params: plain, code: 4100},
		"port 80 left out":        {host: "cmq.example", signHost: "cmq.example:80", params: plain},
		"port 443 left out":       {host: "cmq.example", signHost: "cmq.example:443", params: plain},
		"port 8080 left out":      {host: "cmq.example", signHost: host, params: plain, code: 4100},
		"port not signed":         {signHost: "cmq.example", params: plain},
		"IPv6 port not signed":    {host: "[::1]:8080", signHost: "[::1]", params: plain},
		"IPv6 port 80 left out":   {host: "[::1]", signHost: "[::1]:80", params: plain},
		"configured host":         {config: Config{Hosts: []string{"a", "b:1"}}, signHost: "b:1", params: plain},
		"forwarded host":          {config: Config{TrustForwarded: true}, forwarded: "front, inner", signHost: "front:443", params: plain},
		"forwarded host, no port": {config: Config{TrustForwarded: true}, forwarded: "front:81", signHost: "front", params: plain},
		"forwarded, not trusted":  {forwarded: "front", signHost: "front", params: plain, code: 4100},
		"two slashes":             {path: "//v2/index.php", signPath: path, params: plain},
		"two slashes, both":       {path: "//v2/index.php", signPath: "//v2/index.php", params: plain},
		"path twice":              {path: path + path, signPath: path, params: plain},
		"slashes anywhere":        {path: "/a///b//c", signPath: "/a/b/c", params: plain},
		"root requested":          {path: "/", signPath: path, params: plain},
		"root signed":             {signPath: "/", params: plain},
		"one slash more":          {signPath: "//v2/index.php", params: plain},
		"foreign path":            {path: "/x%20y", signPath: "/x%20y", params: plain},
		"wrong path":              {signPath: "/v3/index.php", params: plain, code: 4100},
		"sha256":                  {params: map[string]string{"Action": "ListQueue", "SignatureMethod": "sha256"}},
		"HmacSHA256":              {params: map[string]string{"Action": "ListQueue", "SignatureMethod": "HmacSHA256"}},
		"sha1":                    {params: map[string]string{"Action": "ListQueue", "SignatureMethod": "sha1"}},
		"underscore":              {params: map[string]string{"Action": "ListQueue", "a_b": "c_d"}},
		"everything at once": {config: Config{Hosts: []string{"front:8080"}}, path: "//v2/index.php", signPath: path,
			signHost: "front:8080", params: map[string]string{"Action": "ListQueue", "a_b": "@c d"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.config.Keys = keys()
			method := or(c.method, http.MethodPost)
			c.host, c.path = or(c.host, host), or(c.path, path)
			form := signed(method, or(c.signHost, c.host), or(c.signPath, c.path), c.params).Encode()
			r := httptest.NewRequest(method, "http://"+c.host+c.path, strings.NewReader(form))
			if c.forwarded != "" {
				r.Header.Set("X-Forwarded-Host", c.forwarded)
			}
			if got := ask(t, wire(c.config, noop), r); got.Code != c.code {
				t.Errorf("got code %d, want %d", got.Code, c.code)
			}
		})
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// TestSpellings has values that clients write in one way into the text and in
// another into the request, and what they then mean.
func TestSpellings(t *testing.T) {
	t.Parallel()
	const before, after = "Action=SendMessage&Nonce=1&SecretId=" + testID + "&Timestamp=1", "&queueName=q"
	for name, c := range map[string]struct {
		method, signedBody, sent string
		bareSignature            bool // not escaped
		want                     string
		code                     int
	}{
		"plain":                     {signedBody: "&msgBody=a b", sent: "&msgBody=a+b", want: "a b"},
		"at kept":                   {signedBody: "&msgBody=@all", sent: "&msgBody=%40all", want: "@all"},
		"at left out":               {signedBody: "", sent: "&msgBody=%40all", want: "@all"},
		"at left out, by GET":       {method: http.MethodGet, signedBody: "", sent: "&msgBody=%40all", code: 4100},
		"other left out":            {signedBody: "", sent: "&msgBody=all", code: 4100},
		"literal":                   {signedBody: "&msgBody=a+b %41 100%", sent: "&msgBody=a+b %41 100%", want: "a+b %41 100%"},
		"literal plus":              {signedBody: "&msgBody=a+b%41", sent: "&msgBody=a+b%41", want: "a+b%41"},
		"escapes signed, by GET":    {method: http.MethodGet, signedBody: "&msgBody=a+b%26", sent: "&msgBody=a+b%26", want: "a b&"},
		"escapes signed, by POST":   {signedBody: "&msgBody=a+b%26", sent: "&msgBody=a+b%26", bareSignature: true, want: "a b&"},
		"plus of a signature":       {signedBody: "&msgBody=1", sent: "&msgBody=1", bareSignature: true, want: "1"},
		"underscore into dot":       {signedBody: "&a.b=1&msgBody=x", sent: "&a_b=1&msgBody=x", want: "x"},
		"underscore kept":           {signedBody: "&a_b=1&msgBody=x", sent: "&a_b=1&msgBody=x", want: "x"},
		"blank behind the name":     {signedBody: "&msgBody =x", sent: "&msgBody =x", want: "x"},
		"blank not signed":          {signedBody: "&msgBody=x", sent: "&msgBody =x", code: 4100},
		"sorted before underscores": {signedBody: "&a-b=1&a.b=2&msgBody=x", sent: "&a_b=2&a-b=1&msgBody=x", want: "x"},
		"not UTF-8":                 {signedBody: "&msgBody=\xff\x00", sent: "&msgBody=%ff%00", want: "\xff\x00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			method := or(c.method, http.MethodPost)
			signature := sign("", method+"h/?"+before+c.signedBody+after)
			if !c.bareSignature {
				signature = url.QueryEscape(signature)
			}
			form := before + c.sent + after + "&Signature=" + signature
			got := ""
			a := wire(Config{Keys: keys()}, func(_ context.Context, _ string, p action.Params) (action.Answer, error) {
				got = value(p, "msgBody")
				return action.Answer{}, nil
			})
			answer := ask(t, a, httptest.NewRequest(method, "http://h/", strings.NewReader(form)))
			if answer.Code != c.code || got != c.want {
				t.Errorf("got code %d and body %q, want %d and %q", answer.Code, got, c.code, c.want)
			}
		})
	}
}

// TestPlusInSignature makes sure of a signature that has a '+'.
func TestPlusInSignature(t *testing.T) {
	t.Parallel()
	a := wire(Config{Keys: keys()}, noop)
	for nonce := 0; nonce < 1000; nonce++ {
		form := "Action=ListQueue&Nonce=" + strconv.Itoa(nonce) + "&SecretId=" + testID + "&Timestamp=1"
		signature := sign("", "POSTh/?"+form)
		if !strings.Contains(signature, "+") {
			continue
		}
		r := httptest.NewRequest(http.MethodPost, "http://h/", strings.NewReader(form+"&Signature="+signature))
		wantReply(t, signature, ask(t, a, r), 0, "")
		return
	}
	t.Error("no signature with a plus")
}

func TestMismatchIsLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	a := wire(Config{Keys: keys(), Log: slog.New(slog.NewTextHandler(&log, nil))}, noop)
	form := signed(http.MethodPost, "elsewhere", "/", map[string]string{"Action": "SendMessage", "msgBody": strings.Repeat("x", 5000)})
	r := httptest.NewRequest(http.MethodPost, "http://h:1/p", strings.NewReader(form.Encode()))
	answer := ask(t, a, r)
	wantReply(t, "mismatch", answer, 4100, "(10030)authentication failed")
	line := log.String()
	for _, want := range []string{"POSTh:1/p?Action=SendMessage&Nonce=4321&SecretId=" + testID, answer.RequestID} {
		if !strings.Contains(line, want) {
			t.Errorf("got log %.200q, want %q in it", line, want)
		}
	}
	if strings.Contains(line, testSecret) || strings.Contains(line, form.Get("Signature")) || len(line) > maxLogged+500 {
		t.Errorf("got log of %d bytes, %q", len(line), line)
	}
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	stamp := func(d time.Duration) string { return strconv.FormatInt(time.Now().Add(d).Unix(), 10) }
	for name, c := range map[string]struct {
		skew    time.Duration
		set     map[string]string
		drop    string
		code    int
		message string
	}{
		"no SecretId":       {drop: "SecretId", code: 4000, message: "(10390)lacked of required parameter SecretId"},
		"no Signature":      {drop: "Signature", code: 4000, message: "(10390)lacked of required parameter Signature"},
		"no Timestamp":      {drop: "Timestamp", code: 4000, message: "(10390)lacked of required parameter Timestamp"},
		"no Nonce":          {drop: "Nonce", code: 4000, message: "(10390)lacked of required parameter Nonce"},
		"unknown SecretId":  {set: map[string]string{"SecretId": "AKIDx"}, code: 4100, message: "(10270)secret id is not existed"},
		"no base64":         {set: map[string]string{"Nonce": "0"}, drop: "-", code: 4100, message: "(10030)authentication failed"},
		"old, any skew":     {set: map[string]string{"Timestamp": stamp(-time.Hour)}},
		"no number":         {set: map[string]string{"Timestamp": "x"}},
		"no number, skew":   {skew: time.Minute, set: map[string]string{"Timestamp": "x"}, code: 4100, message: "(10030)authentication failed"},
		"old within skew":   {skew: time.Minute, set: map[string]string{"Timestamp": stamp(-30 * time.Second)}},
		"old beyond skew":   {skew: time.Minute, set: map[string]string{"Timestamp": stamp(-90 * time.Second)}, code: 4100, message: "(10030)authentication failed"},
		"early beyond skew": {skew: time.Minute, set: map[string]string{"Timestamp": stamp(90 * time.Second)}, code: 4100, message: "(10030)authentication failed"},
		"Nonce 0":           {set: map[string]string{"Nonce": "0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			params := map[string]string{"Action": "ListQueue"}
			for k, v := range c.set {
				params[k] = v
			}
			form := signed(http.MethodPost, "h", "/", params)
			if form.Del(c.drop); c.drop == "-" {
				form.Set("Signature", "?")
			}
			a := wire(Config{Keys: keys(), Skew: c.skew}, noop)
			r := httptest.NewRequest(http.MethodPost, "http://h/", strings.NewReader(form.Encode()))
			wantReply(t, name, ask(t, a, r), c.code, c.message)
		})
	}
}

// TestKeys has every key reach its own account, or nobody when there is none.
func TestKeys(t *testing.T) {
	t.Parallel()
	form := signed(http.MethodPost, "h", "/", map[string]string{"Action": "ListQueue"}).Encode()
	ask1 := func(keys map[string]Key) reply {
		return ask(t, wire(Config{Keys: keys}, noop), httptest.NewRequest(http.MethodPost, "http://h/", strings.NewReader(form)))
	}
	wantReply(t, "off", ask1(nil), 0, "")
	wantReply(t, "on without keys", ask1(map[string]Key{}), 4100, "(10270)secret id is not existed")
	wantReply(t, "other secret", ask1(map[string]Key{testID: {Secret: "x"}}), 4100, "(10030)authentication failed")
	wantReply(t, "right secret", ask1(map[string]Key{testID: {Secret: testSecret}}), 0, "")
}

// TestHashingIsBounded counts on both sides of the limit what a large body with a
// signature that only a late candidate explains may cost.
func TestHashingIsBounded(t *testing.T) {
	t.Parallel()
	for size, code := range map[int]int{1 << 10: 0, 1 << 20: 0, maxHashed / 2: 4100} {
		params := map[string]string{"Action": "SendMessage", "msgBody": strings.Repeat("x", size)}
		form := signed(http.MethodPost, "h:443", "/", params).Encode() // the seventh candidate
		a := wire(Config{Keys: keys(), MaxBody: maxHashed}, noop)
		r := httptest.NewRequest(http.MethodPost, "http://h/", strings.NewReader(form))
		if got := ask(t, a, r); got.Code != code {
			t.Errorf("body of %d bytes: got code %d, want %d", size, got.Code, code)
		}
	}
}
