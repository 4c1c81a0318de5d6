package crash

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// maxForgotten is how long before a kill a delete may have been acknowledged
// and be forgotten all the same: JetStream writes down what was deleted ten
// times a second, not before it acknowledges. 0.1 s were seen.
const maxForgotten = time.Second

// journal is what all clients together know: what they sent, and what became
// of it. It finds what must not be.
type journal struct {
	mu       sync.Mutex
	sends    []*sending
	messages []*message  // by number
	ends     []time.Time // when each run was killed; zero: it stopped in order

	deletes int
	again   int           // deliveries of messages received before
	undone  int           // deliveries of messages deleted less than maxForgotten before a kill
	window  time.Duration // the longest time from such a delete to its kill
	doubled int           // see returned
	faults  []string
}

// sending is one call of SendMessage or BatchSendMessage.
type sending struct {
	messages     []*message
	due          time.Time // no receiver may have them before
	delayed      bool
	acknowledged bool
	elsewhere    bool // to a topic: what comes into the queue has ids of its own
}

type message struct {
	number   int
	sending  *sending
	id       string // msgId, as the sender was told
	received string // msgId, as receivers were told
	deleted  time.Time
	run      int // in which it was deleted
}

// body tells the message's number and is hard to take for another's.
func (m *message) body() string {
	n := strconv.Itoa(m.number)
	return n + ":" + strings.Repeat(n+" 你好+&=%", m.number%40)
}

// runs tells how many runs have ended.
func (j *journal) runs() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.ends)
}

// end notes when a run was killed, or zero if it stops in order.
func (j *journal) end(at time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ends = append(j.ends, at)
}

// plan notes that n messages are about to be sent.
func (j *journal) plan(n int, later time.Duration) *sending {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := &sending{due: time.Now().Add(later), delayed: later > 0}
	for range n {
		m := &message{number: len(j.messages), sending: s}
		j.messages = append(j.messages, m)
		s.messages = append(s.messages, m)
	}
	j.sends = append(j.sends, s)
	return s
}

// sent notes how a send was answered.
func (j *journal) sent(s *sending, a answer) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if a.Code != 0 || len(a.MsgList) != len(s.messages) {
		j.add("a send of %d got %d %s, %d ids", len(s.messages), a.Code, a.Message, len(a.MsgList))
		return
	}
	s.acknowledged = true
	for i, m := range s.messages {
		m.id = a.MsgList[i].MsgID
	}
}

// received notes the messages of a receive in the numbered run.
func (j *journal) received(run int, a answer) (hs []held) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if a.Code != 0 && a.Code != 7000 {
		j.add("a receive got %d %s", a.Code, a.Message)
	}
	for _, d := range a.MsgInfoList {
		if m := j.find(d.MsgBody); m != nil {
			j.delivered(run, m, d.MsgID)
			hs = append(hs, held{m, d.ReceiptHandle, time.Now(), run})
		}
	}
	return hs
}

// find gives the message with that body; it is a fault if there is none.
func (j *journal) find(body string) *message {
	digits, _, _ := strings.Cut(body, ":")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 || n >= len(j.messages) || j.messages[n].body() != body {
		j.add("nobody sent %q", body)
		return nil
	}
	return j.messages[n]
}

func (j *journal) delivered(run int, m *message, id string) {
	if early := time.Until(m.sending.due); early > 0 {
		j.add("message %d comes %s early", m.number, early)
	}
	if m.received != "" {
		j.again++
	}
	if m.received != "" && m.received != id {
		j.add("message %d has ids %s and %s", m.number, m.received, id)
	}
	m.received = id
	if !m.deleted.IsZero() {
		j.returned(run, m)
		m.deleted = time.Time{}
	}
}

// returned judges the delivery of a deleted message. JetStream fires a delayed
// message in two steps: it stores the message and removes the schedule. A kill
// in between makes it fire again, whatever became of the first.
func (j *journal) returned(run int, m *message) {
	gap := maxForgotten
	if m.run < run && !j.ends[m.run].IsZero() {
		gap = max(j.ends[m.run].Sub(m.deleted), 0) // the answer may be read after the kill
	}
	switch {
	case gap < maxForgotten:
		j.undone++
		j.window = max(j.window, gap)
	case m.sending.delayed:
		j.doubled++
	default:
		j.add("message %d returns %s after its delete in run %d", m.number, time.Since(m.deleted), m.run)
	}
}

// deleted notes how a delete in the numbered run was answered. A handle may be
// refused if it is of an earlier run or nearly over.
func (j *journal) deleted(run int, h held, code int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case code == 0:
		j.deletes++
		h.m.deleted, h.m.run = time.Now(), run
	case code != 4430 || h.number == run && time.Since(h.since) < visibility*3/4:
		j.add("a delete %s after a receive in run %d got %d", time.Since(h.since), h.number, code)
	}
}

func (j *journal) fault(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.add(format, args...)
}

func (j *journal) add(format string, args ...any) {
	j.faults = append(j.faults, fmt.Sprintf("run %d: ", len(j.ends))+fmt.Sprintf(format, args...))
}

// judge wants that everybody received what was acknowledged, and of what was
// not acknowledged all or nothing.
func (j *journal) judge(t *testing.T) {
	t.Helper()
	acknowledged, lost, torn := 0, 0, 0
	for _, s := range j.sends {
		arrived := 0
		for _, m := range s.messages {
			if m.received != "" {
				arrived++
			}
			if s.acknowledged && !s.elsewhere && m.received != "" && m.received != m.id {
				j.add("message %d was sent as %s and received as %s", m.number, m.id, m.received)
			}
		}
		if s.acknowledged {
			acknowledged += len(s.messages)
			lost += len(s.messages) - arrived
		} else if arrived > 0 && arrived < len(s.messages) {
			torn++
		}
	}
	t.Logf("%d runs: %d messages sent, %d of them acknowledged, %d lost; %d batches torn", len(j.ends), len(j.messages), acknowledged, lost, torn)
	t.Logf("%d deletes, of which kills undid %d, the earliest %s before its kill; %d messages received again, %d fired twice",
		j.deletes, j.undone, j.window.Round(time.Millisecond), j.again, j.doubled)
	if lost > 0 || torn > 0 || acknowledged == 0 || j.deletes == 0 {
		t.Error("want messages acknowledged and deleted, none lost, no batch torn")
	}
	if j.doubled > len(j.ends) {
		t.Errorf("%d delayed messages fired twice, want one a kill at most", j.doubled)
	}
	if n := len(j.faults); n > 0 {
		t.Errorf("%d faults:\n%s", n, strings.Join(j.faults[:min(n, 20)], "\n"))
	}
}
