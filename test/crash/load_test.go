package crash

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	loadQueue  = "load"
	visibility = 2 * time.Second // of the messages in it
	delay      = time.Second     // of those that are delayed
)

// answer is what the API answers, whatever the action.
type answer struct {
	Code                                      int
	Message                                   string
	MsgID                                     string `json:"msgId"`
	MsgList                                   []delivery
	MsgInfoList                               []delivery
	ErrorList                                 []refusal
	ActiveMsgNum, InactiveMsgNum, DelayMsgNum int
	MsgCount                                  int
}

type delivery struct {
	MsgID         string `json:"msgId"`
	MsgBody       string
	ReceiptHandle string
}

type refusal struct {
	Code          int
	ReceiptHandle string
}

// load is clients of one run of the program.
type load struct {
	*run
	http    *http.Client
	ctx     context.Context
	j       *journal
	number  int // of the run
	clients sync.WaitGroup

	enough atomic.Bool // they end

	mu      sync.Mutex
	goodbye bool   // the program may be gone from here on
	kept    []held // what a receiver took last without deleting it
}

// held is a message that a receiver has not deleted yet.
type held struct {
	m      *message
	handle string
	since  time.Time
	number int // of the run that delivered it
}

func newLoad(t *testing.T, r *run, j *journal) *load {
	l := &load{run: r, ctx: t.Context(), j: j, number: j.runs()}
	l.http = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	t.Cleanup(l.http.CloseIdleConnections)
	return l
}

// call makes an unsigned request of names and values. An error tells that no
// answer came.
func (l *load) call(action string, pairs ...string) (a answer, err error) {
	form := url.Values{"Action": {action}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequestWithContext(l.ctx, http.MethodPost, l.endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return a, err
	}
	got, err := l.http.Do(r)
	if err != nil {
		return a, err
	}
	defer got.Body.Close()
	return a, json.NewDecoder(got.Body).Decode(&a)
}

// must makes a call that has to succeed.
func (l *load) must(t *testing.T, action string, pairs ...string) answer {
	t.Helper()
	a, err := l.call(action, pairs...)
	if err != nil || a.Code != 0 {
		t.Fatalf("%s %v: got %+v, %v", action, pairs, a, err)
	}
	return a
}

func (l *load) create(t *testing.T, queue string) {
	t.Helper()
	l.must(t, "CreateQueue", "queueName", queue, "visibilityTimeout", fmt.Sprint(visibility.Seconds()))
}

// begin sets senders and receivers to work.
func (l *load) begin(kept []held) {
	for range 3 {
		l.clients.Go(func() { l.repeat(l.send) })
	}
	l.beginReceiving(kept)
}

// beginReceiving sets receivers to work. First it deletes what they kept when
// the run before ended.
func (l *load) beginReceiving(kept []held) {
	for _, h := range kept {
		if err := l.deleteOne(h); err != nil {
			l.j.fault("with a handle of the run before: %v", err)
		}
	}
	for range 4 {
		l.clients.Go(func() { l.repeat(l.receive) })
	}
}

// repeat works until the program is gone, or there is enough.
func (l *load) repeat(work func() error) {
	for !l.enough.Load() {
		if err := work(); err != nil {
			l.mu.Lock()
			defer l.mu.Unlock()
			if !l.goodbye {
				l.j.fault("while the program runs: %v", err)
			}
			return
		}
	}
}

// expectEnd tells clients and journal that the run ends: killed at a moment, or
// in order if that is zero.
func (l *load) expectEnd(at time.Time) {
	l.mu.Lock()
	l.goodbye = true
	l.mu.Unlock()
	l.j.end(at)
}

func (l *load) kill() {
	l.expectEnd(time.Now())
	l.run.kill()
}

// finish has clients end after what they are at.
func (l *load) finish() { l.enough.Store(true) }

// join waits until all clients have noticed, and tells what they kept.
func (l *load) join() []held {
	l.clients.Wait()
	return l.kept
}

// send makes one call of SendMessage or BatchSendMessage.
func (l *load) send() error {
	n, later := 1, time.Duration(0)
	if rand.N(3) == 0 {
		n = 2 + rand.N(15)
	}
	if rand.N(4) == 0 {
		later = delay
	}
	s := l.j.plan(n, later)
	action, pairs := "SendMessage", []string{"queueName", loadQueue, "delaySeconds", fmt.Sprint(later.Seconds())}
	if n == 1 {
		pairs = append(pairs, "msgBody", s.messages[0].body())
	} else {
		action = "BatchSendMessage"
		for i, m := range s.messages {
			pairs = append(pairs, "msgBody."+strconv.Itoa(i), m.body())
		}
	}
	a, err := l.call(action, pairs...)
	if err != nil {
		return err
	}
	if n == 1 {
		a.MsgList = []delivery{{MsgID: a.MsgID}}
	}
	l.j.sent(s, a)
	return nil
}

// receive takes some messages and deletes most of them.
func (l *load) receive() error {
	a, err := l.call("BatchReceiveMessage", "queueName", loadQueue, "numOfMsg", strconv.Itoa(1+rand.N(16)), "pollingWaitSeconds", "1")
	if err != nil {
		return err
	}
	hs := l.j.received(l.number, a)
	switch {
	case len(hs) == 0:
		return nil
	case rand.N(8) == 0:
		l.mu.Lock()
		l.kept = hs
		l.mu.Unlock()
		return nil
	case rand.N(2) == 0:
		return l.deleteBatch(hs)
	}
	for _, h := range hs {
		if err := l.deleteOne(h); err != nil {
			return err
		}
	}
	return nil
}

func (l *load) deleteOne(h held) error {
	a, err := l.call("DeleteMessage", "queueName", loadQueue, "receiptHandle", h.handle)
	if err != nil {
		return err
	}
	l.j.deleted(l.number, h, a.Code)
	return nil
}

func (l *load) deleteBatch(hs []held) error {
	if len(hs) == 0 {
		return nil
	}
	pairs := []string{"queueName", loadQueue}
	for i, h := range hs {
		pairs = append(pairs, "receiptHandle."+strconv.Itoa(i), h.handle)
	}
	a, err := l.call("BatchDeleteMessage", pairs...)
	if err != nil {
		return err
	}
	refused := map[string]int{}
	for _, e := range a.ErrorList {
		refused[e.ReceiptHandle] = e.Code
	}
	for _, h := range hs {
		l.j.deleted(l.number, h, refused[h.handle])
	}
	return nil
}

// drain receives and deletes until the queue holds nothing, waiting, in flight
// or delayed. That takes longer than the visibility timeout: JetStream, when it
// finds many deliveries expired at a start, keeps the distances in time between
// them, and hides the later ones anew if it is killed once more before it has
// delivered them.
func (l *load) drain(t *testing.T) {
	t.Helper()
	for began := time.Now(); ; {
		a := l.poll(t, 1)
		if err := l.deleteBatch(l.j.received(l.number, a)); err != nil {
			t.Fatal(err)
		}
		if a.Code == 0 {
			continue
		}
		c := l.must(t, "GetQueueAttributes", "queueName", loadQueue)
		if c.ActiveMsgNum+c.InactiveMsgNum+c.DelayMsgNum == 0 {
			t.Logf("drained within %s", time.Since(began).Round(time.Millisecond))
			return
		}
		if time.Since(began) > time.Minute {
			t.Fatalf("nothing comes, and yet there are %d active, %d inactive, %d delayed messages", c.ActiveMsgNum, c.InactiveMsgNum, c.DelayMsgNum)
		}
	}
}

// wantNothing wants that no message returns.
func (l *load) wantNothing(t *testing.T) {
	t.Helper()
	if a := l.poll(t, 1); a.Code != 7000 {
		t.Errorf("the last kill was a second after the last delete, and yet messages return: %+v", a)
	}
}

func (l *load) poll(t *testing.T, seconds int) answer {
	t.Helper()
	a, err := l.call("BatchReceiveMessage", "queueName", loadQueue, "numOfMsg", "16", "pollingWaitSeconds", strconv.Itoa(seconds))
	if err != nil {
		t.Fatal(err)
	}
	return a
}
