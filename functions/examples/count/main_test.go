package main

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

func push(t *testing.T, c *counter, topic, id string) {
	t.Helper()
	body := fmt.Sprintf(`{"TopicOwner":1,"topicName":%q,"subscriptionName":"count","msgId":%q,"msgBody":"x","publishTime":1795400199}`, topic, id)
	r := httptest.NewRequest("POST", "/count", strings.NewReader(body))
	r.Header.Set("x-cmq-message-id", id)
	w := httptest.NewRecorder()
	if c.ServeHTTP(w, r); w.Code != 200 {
		t.Errorf("push: got %d", w.Code)
	}
}

func counts(t *testing.T, c *counter) string {
	t.Helper()
	w := httptest.NewRecorder()
	c.ServeHTTP(w, httptest.NewRequest("GET", "/count", nil))
	return w.Body.String()
}

// Two topics push from many connections, each message three times.
func TestFanIn(t *testing.T) {
	t.Parallel()
	c := newCounter()
	if got := counts(t, c); got != "{}\n" {
		t.Errorf("got %s, want nothing", got)
	}
	var all sync.WaitGroup
	for i := range 300 {
		id := fmt.Sprint(i / 3)
		all.Go(func() {
			push(t, c, "news", id)
			push(t, c, "orders", id)
		})
	}
	all.Wait()
	if got, want := counts(t, c), "{\"news\":100,\"orders\":100}\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTopicsAreBounded(t *testing.T) {
	t.Parallel()
	c := newCounter()
	for i := range maxTopics + 1 {
		push(t, c, fmt.Sprint("t", i), "1")
	}
	push(t, c, "t0", "2")
	if len(c.counts) != maxTopics || c.counts["t0"] != 2 {
		t.Errorf("got %d topics and %d, want %d and 2", len(c.counts), c.counts["t0"], maxTopics)
	}
}
