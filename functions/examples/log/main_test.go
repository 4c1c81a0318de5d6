package main

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/functions"
)

func TestLog(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := httptest.NewRequest("POST", "/log", strings.NewReader(`{"TopicOwner":1,"topicName":"news","subscriptionName":"log","msgId":"7","msgBody":"two\nlines","publishTime":1795400199}`))
	r.Header.Set("x-cmq-message-id", "7")
	r.Header.Set("x-cmq-message-tag", "red, blue")
	w := httptest.NewRecorder()
	functions.New(logTo(&out)).ServeHTTP(w, r)
	if want := "7 news [red blue] \"two\\nlines\"\n"; w.Code != 200 || out.String() != want {
		t.Errorf("got %d %q, want %q", w.Code, &out, want)
	}
}
