package cluster

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"
)

const visibility = 15 * time.Second

// history is what clients were told of each message, by its body.
type history struct {
	t       *testing.T
	mu      sync.Mutex
	sent    map[string]sent
	got     map[string]int       // how often it was received
	deleted map[string]time.Time // when a delete was answered with success
	faults  int
}

type sent struct {
	known bool      // the send was answered with success
	due   time.Time // not before
	batch string    // sent together with the others of this name
}

func newHistory(t *testing.T) *history {
	return &history{t: t, sent: map[string]sent{}, got: map[string]int{}, deleted: map[string]time.Time{}}
}

func (h *history) send(s sent, bodies ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, body := range bodies {
		h.sent[body] = s
	}
}

// receive judges a message that was asked for at a time.
func (h *history) receive(body string, asked time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.got[body]++
	s, ours := h.sent[body]
	if gone, deleted := h.deleted[body]; deleted && asked.After(gone) {
		h.t.Errorf("%s was received %v after it was deleted", body, asked.Sub(gone))
		h.faults++
	}
	if ours && time.Now().Before(s.due) {
		h.t.Errorf("%s was received %v before its delay was over", body, time.Until(s.due))
		h.faults++
	}
}

func (h *history) delete(body string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.deleted[body] = time.Now()
}

// judge is the end, when nothing is left in the queues.
func (h *history) judge() {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	known, lost, unsure, doubled := 0, 0, 0, 0
	parts := map[string][2]int{} // of each batch: messages that came, and all
	for body, s := range h.sent {
		came := h.got[body] > 0
		switch {
		case s.known && !came:
			lost++
			h.t.Errorf("%s was acknowledged and never came", body)
		case s.known:
			known++
		default:
			unsure++
		}
		if h.got[body] > 1 {
			doubled++
		}
		if s.batch != "" {
			p := parts[s.batch]
			if came {
				p[0]++
			}
			p[1]++
			parts[s.batch] = p
		}
	}
	for name, p := range parts {
		if p[0] != 0 && p[0] != p[1] {
			h.t.Errorf("of batch %s %d messages of %d came", name, p[0], p[1])
		}
	}
	h.t.Logf("%d messages acknowledged, %d of unknown fate, %d lost, %d received more than once", known, unsure, lost, doubled)
}

// load is clients of two adapters.
type load struct {
	*history
	adapters []*adapter
	over     chan struct{} // closed: no more sends
	drained  chan struct{} // closed: no more receives
	senders  sync.WaitGroup
	all      sync.WaitGroup
}

func newLoad(t *testing.T, adapters ...*adapter) *load {
	return &load{history: newHistory(t), adapters: adapters, over: make(chan struct{}), drained: make(chan struct{})}
}

// prepare makes the queues and the topic.
func (l *load) prepare() {
	l.t.Helper()
	a := l.adapters[0]
	a.must("CreateQueue", "queueName", "load", "visibilityTimeout", fmt.Sprint(visibility.Seconds()))
	a.must("CreateQueue", "queueName", "copies", "visibilityTimeout", fmt.Sprint(visibility.Seconds()))
	a.must("CreateTopic", "topicName", "news")
	a.must("Subscribe", "topicName", "news", "subscriptionName", "s", "protocol", "queue", "endpoint", "copies",
		"notifyStrategy", "EXPONENTIAL_DECAY_RETRY", "notifyContentFormat", "SIMPLIFIED")
}

func (l *load) begin() {
	for i, a := range l.adapters {
		for kind, send := range map[string]func(*adapter, string){"one": l.one, "many": l.many, "late": l.late, "news": l.news} {
			l.senders.Go(func() { l.repeat(fmt.Sprintf("%s-%d", kind, i), func(name string) { send(a, name) }) })
		}
		for _, queue := range []string{"load", "load", "copies"} {
			l.all.Go(func() { l.receiveAll(a, queue) })
		}
	}
}

// repeat makes calls with a pause between, until it is over.
func (l *load) repeat(name string, call func(name string)) {
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-l.over:
			return
		case <-tick.C:
			call(name + "-" + strconv.Itoa(n))
		}
	}
}

func (l *load) one(a *adapter, name string) {
	l.send(sent{}, name)
	got, err := a.call("SendMessage", "queueName", "load", "msgBody", name)
	l.send(sent{known: err == nil && got.Code == 0}, name)
}

func (l *load) many(a *adapter, name string) {
	bodies := []string{name + "-a", name + "-b", name + "-c"}
	l.send(sent{batch: name}, bodies...)
	got, err := a.call("BatchSendMessage", "queueName", "load", "msgBody.1", bodies[0], "msgBody.2", bodies[1], "msgBody.3", bodies[2])
	l.send(sent{known: err == nil && got.Code == 0, batch: name}, bodies...)
}

func (l *load) late(a *adapter, name string) {
	due := time.Now().Add(3 * time.Second)
	l.send(sent{due: due}, name)
	got, err := a.call("SendMessage", "queueName", "load", "msgBody", name, "delaySeconds", "3")
	l.send(sent{known: err == nil && got.Code == 0, due: due}, name)
}

func (l *load) news(a *adapter, name string) {
	l.send(sent{}, name)
	got, err := a.call("PublishMessage", "topicName", "news", "msgBody", name)
	l.send(sent{known: err == nil && got.Code == 0}, name)
}

// receiveAll receives and deletes until all is drained.
func (l *load) receiveAll(a *adapter, queue string) {
	for {
		asked := time.Now()
		m, err := a.call("ReceiveMessage", "queueName", queue, "pollingWaitSeconds", "2")
		if err != nil || m.Code != 0 {
			select {
			case <-l.drained:
				return
			case <-time.After(10 * time.Millisecond):
				continue
			}
		}
		l.receive(m.MsgBody, asked)
		for time.Since(asked) < visibility {
			got, err := a.call("DeleteMessage", "queueName", queue, "receiptHandle", m.ReceiptHandle)
			if err == nil && got.Code == 0 {
				l.delete(m.MsgBody)
			}
			if err == nil && got.Code != 6000 {
				break
			}
		}
	}
}

// end waits until nothing is left, and judges.
func (l *load) end() {
	l.t.Helper()
	close(l.over)
	l.senders.Wait()
	began := time.Now()
	a := l.adapters[0]
	// A leader that was cut off may count for a moment what it remembers.
	const quiet = 5 * time.Second
	empty := time.Now()
	eventually(l.t, "nothing is left", func() bool {
		if !l.empty(a) {
			empty = time.Now()
		}
		return time.Since(empty) >= quiet
	})
	l.t.Log("drained after", time.Since(began))
	close(l.drained)
	l.all.Wait()
	l.judge()
}

// empty tells whether a counts nothing that is still to come.
func (l *load) empty(a *adapter) bool {
	for _, queue := range []string{"load", "copies"} {
		left, err := a.call("GetQueueAttributes", "queueName", queue)
		if err != nil || left.Code != 0 || left.ActiveMsgNum+left.InactiveMsgNum+left.DelayMsgNum > 0 {
			return false
		}
	}
	topic, err := a.call("GetTopicAttributes", "topicName", "news")
	return err == nil && topic.Code == 0 && topic.MsgCount == 0
}

// Servers die and hang under load, each time the one that leads. Nothing that
// was acknowledged is lost, nothing that was deleted comes again, batches are
// whole, and delays are kept.
func TestLeadersDieUnderLoad(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	l := newLoad(t, c.join("a"), c.join("b"))
	l.prepare()
	l.begin()
	rounds, _ := strconv.Atoi(os.Getenv("ROUNDS"))
	for round := range max(rounds, 3) {
		one := c.leader([]string{"cmq-queue-load", "cmq-queue-load", "cmq-topic-news"}[round%3], []string{"", "receivers-", ""}[round%3])
		began := time.Now()
		if hangs := round%3 == 1; hangs {
			one.pause()
			l.recovers(began, one.name+" hangs")
			one.resume()
		} else {
			one.kill()
			l.recovers(began, one.name+" is killed")
			one.start()
		}
		eventually(t, "all servers have all", func() bool { return c.replicas("cmq-queue-load") == 3 && c.replicas("cmq-topic-news") == 3 })
	}
	l.end()
}

// recovers waits until both adapters serve again.
func (l *load) recovers(began time.Time, why string) {
	l.t.Helper()
	n := 0
	var text string
	for _, a := range l.adapters {
		for what, call := range map[string][]string{"sends": {"SendMessage", "queueName", "load"}, "publishes": {"PublishMessage", "topicName", "news"}} {
			eventually(l.t, a.name+" "+what, func() bool {
				n++ // one of unknown fate is not sent again
				got, err := a.call(call[0], append(call[1:], "msgBody", fmt.Sprintf("probe-%d-%d", began.UnixNano(), n))...)
				return err == nil && got.Code == 0
			})
			text += fmt.Sprintf(", %s %s after %v", a.name, what, time.Since(began).Round(time.Millisecond))
		}
	}
	l.t.Log(why + text)
}
