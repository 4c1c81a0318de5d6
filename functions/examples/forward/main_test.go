package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/functions"
)

// A signature of the Python SDK.
func TestSign(t *testing.T) {
	t.Parallel()
	got := sign("testkey0000000000000000000000001", "POSTcmq-queue-gz.api.tencentyun.com/v2/index.php", map[string]string{
		"Action": "SendMessage", "Nonce": "4321", "Region": "gz", "RequestClient": "SDK_Python_1.3",
		"SecretId": "AKIDtestid0000000000000000000000001", "SignatureMethod": "HmacSHA1", "Timestamp": "1700000000",
		"delaySeconds": "0", "msgBody": "你好 a+b&c=d%20_x\n😀", "queueName": "test-queue-1",
	})
	if want := "/dzAZLZkgTmIV7RH3fCkp5IPeCg="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// remote is a CMQ server that checks signatures and keeps what it is sent.
type remote struct {
	*httptest.Server
	got    []url.Values
	answer string
	status int
}

func start(t *testing.T) *remote {
	s := &remote{answer: `{"code":0,"message":"","requestId":"1","msgId":"5"}`, status: http.StatusOK}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		form, parsed := url.ParseQuery(string(text))
		if err != nil || parsed != nil || r.Method != http.MethodPost || r.URL.Path != "/v2/index.php" {
			t.Errorf("got %s %s, %v %v", r.Method, r.URL, err, parsed)
		}
		if got, want := form.Get("Signature"), expected(r, string(text)); got != want {
			t.Errorf("got signature %s, want %s", got, want)
		}
		s.got = append(s.got, form)
		w.WriteHeader(s.status)
		io.WriteString(w, s.answer)
	}))
	t.Cleanup(s.Close)
	return s
}

// expected signs what came over the wire.
func expected(r *http.Request, body string) string {
	var pairs []string
	for pair := range strings.SplitSeq(body, "&") {
		if text, _ := url.QueryUnescape(pair); !strings.HasPrefix(text, "Signature=") {
			pairs = append(pairs, text)
		}
	}
	slices.Sort(pairs)
	mac := hmac.New(sha1.New, []byte("the key"))
	fmt.Fprintf(mac, "%s%s%s?%s", r.Method, r.Host, r.URL.Path, strings.Join(pairs, "&"))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func forwarder(t *testing.T, endpoint string) http.Handler {
	t.Helper()
	env := map[string]string{"CMQ_ENDPOINT": endpoint, "CMQ_QUEUE": "copies", "CMQ_SECRET_ID": "the id", "CMQ_SECRET_KEY": "the key"}
	q, err := configured(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	return handler(q, functions.Log(slog.New(slog.DiscardHandler)))
}

func push(h http.Handler, id, body string) int {
	r := httptest.NewRequest("POST", "/forward", strings.NewReader(body))
	r.Header.Set("x-cmq-message-id", id)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

func TestForward(t *testing.T) {
	t.Parallel()
	s := start(t)
	h := forwarder(t, s.URL+"/")
	bodies := []string{"hello", "a+b&c=d %20\n世界", "@all", strings.Repeat("x", 100_000)}
	for i, body := range bodies {
		for range 2 { // the second is a duplicate
			if got := push(h, fmt.Sprint(i), body); got != 200 {
				t.Errorf("push %d: got %d", i, got)
			}
		}
	}
	if len(s.got) != len(bodies) {
		t.Fatalf("got %d messages, want %d", len(s.got), len(bodies))
	}
	for i, form := range s.got {
		if form.Get("Action") != "SendMessage" || form.Get("queueName") != "copies" || form.Get("SecretId") != "the id" || form.Get("msgBody") != bodies[i] {
			t.Errorf("got %v", form)
		}
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		answer       string
		status, want int
	}{
		{`{"code":4440,"message":"(10100)queue is not existed, or deleted","requestId":"1"}`, 200, 500},
		{`{"code":4400,"message":"(10230)exceed maximum message size","requestId":"1"}`, 200, 200}, // dropped
		{`{"code":0}`, 502, 500},
		{`<html>`, 200, 500},
		{`{}`, 200, 500},
	} {
		s := start(t)
		s.answer, s.status = c.answer, c.status
		if got := push(forwarder(t, s.URL), "1", "hi"); got != c.want {
			t.Errorf("%s: got %d, want %d", c.answer, got, c.want)
		}
	}
	s := start(t)
	s.Close()
	if got := push(forwarder(t, s.URL), "1", "hi"); got != 500 {
		t.Errorf("nobody there: got %d, want 500", got)
	}
}

func TestConfigured(t *testing.T) {
	t.Parallel()
	for endpoint, ok := range map[string]bool{"": true, "http://a:1": true, "https://a/cmq/": true, "a:1": false, "ftp://a": false, "http://": false, "%": false} {
		env := map[string]string{"CMQ_ENDPOINT": endpoint, "CMQ_QUEUE": "q"}
		if _, err := configured(func(name string) string { return env[name] }); (err == nil) != ok {
			t.Errorf("CMQ_ENDPOINT=%s: got %v", endpoint, err)
		}
	}
	if _, err := configured(func(string) string { return "" }); err == nil {
		t.Error("without CMQ_QUEUE: got no error")
	}
}
