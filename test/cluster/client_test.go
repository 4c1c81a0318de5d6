package cluster

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// adapter is a run of cmd/jetcmq on a cluster, and a client of it.
type adapter struct {
	*process
	endpoint string
	http     *http.Client
}

// newAdapter makes an adapter and does not start it.
func newAdapter(t *testing.T, name, natsURL string, environ ...string) *adapter {
	t.Helper()
	addr := fmt.Sprintf("127.0.0.1:%d", freePorts(t, 1)[0])
	a := &adapter{endpoint: "http://" + addr, http: &http.Client{Timeout: 40 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	a.process = newProcess(t, name, nil, append([]string{"JETCMQ_ADDR=" + addr, "JETCMQ_NATS_URL=" + natsURL, "JETCMQ_REPLICAS=3",
		"JETCMQ_LOG_FORMAT=json", "JETCMQ_LOG_LEVEL=debug"}, environ...))
	t.Cleanup(a.http.CloseIdleConnections)
	return a
}

// join starts an adapter on the whole cluster.
func (c *cluster) join(name string, environ ...string) *adapter {
	c.t.Helper()
	a := newAdapter(c.t, name, c.url, environ...)
	a.start()
	a.serves()
	return a
}

// serves waits until the adapter is ready.
func (a *adapter) serves() {
	a.t.Helper()
	eventually(a.t, a.name+" is ready", func() bool { return a.ready() == "ok" })
}

// ready is what the adapter says of itself, or "" if it says nothing.
func (a *adapter) ready() string {
	r, err := a.http.Get(a.endpoint + "/readyz")
	if err != nil {
		return ""
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	return strings.TrimSpace(string(text))
}

// answer is what the API answers, whatever the action.
type answer struct {
	Code          int
	Message       string
	MsgID         string `json:"msgId"`
	MsgBody       string
	ReceiptHandle string
	DequeueCount  int
	MsgList       []struct {
		MsgID string `json:"msgId"`
	}
	MsgInfoList                               []struct{ MsgBody, ReceiptHandle string }
	ActiveMsgNum, InactiveMsgNum, DelayMsgNum int
	RewindMsgNum                              int
	MsgCount                                  int
	VisibilityTimeout, MsgRetentionSeconds    int
}

// call makes an unsigned request of names and values. An error tells that no
// answer came.
func (a *adapter) call(action string, pairs ...string) (got answer, err error) {
	form := url.Values{"Action": {action}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r, err := a.http.Post(a.endpoint, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	if err != nil {
		return got, err
	}
	defer r.Body.Close()
	return got, json.NewDecoder(r.Body).Decode(&got)
}

// must makes a call that has to succeed, again while JetStream does not answer in
// time: on a busy machine three new servers may take long to agree.
func (a *adapter) must(action string, pairs ...string) (got answer) {
	a.t.Helper()
	made := 0 // of what was not answered some is done: the next attempt finds it
	eventually(a.t, a.name+" answers "+action, func() bool {
		var err error
		if got, err = a.call(action, pairs...); err != nil {
			a.t.Fatalf("%s %s %v: %v", a.name, action, pairs, err)
		}
		made++
		return got.Code != 6000
	})
	exists := made > 1 && (got.Code == 4460 || got.Code == 4490)
	if got.Code != 0 && !exists {
		a.t.Fatalf("%s %s %v: got %+v", a.name, action, pairs, got)
	}
	return got
}

// soon makes a call until it succeeds, and tells how long that took.
func (a *adapter) soon(action string, pairs ...string) (got answer, took time.Duration) {
	a.t.Helper()
	return a.soonEither(0, action, pairs...)
}

// soonEither is soon where another code is success, too.
func (a *adapter) soonEither(code int, action string, pairs ...string) (got answer, took time.Duration) {
	a.t.Helper()
	took = eventually(a.t, a.name+" answers "+action, func() bool {
		var err error
		got, err = a.call(action, pairs...)
		return err == nil && (got.Code == 0 || got.Code == code)
	})
	return got, took
}
