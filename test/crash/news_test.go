package crash

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// news is what all clients together know of a topic: what they published, and
// what became of it at each subscriber. It shares the journal of the queue
// whose receivers delete what they get, which numbers the messages.
type news struct {
	*journal
	issues      map[*sending]*issue
	subscribers map[string]*subscriber
	reliable    bool // endpoints never fail

	kills   []time.Time
	stopped time.Time     // when it was told to stop in order, if it was
	window  time.Duration // the longest time from a push that comes again to its kill
	twice   int           // pushes taken before
	hasty   int           // of these, pushes without a kill
	slowest time.Duration // that a publish took
	pushes  atomic.Int64
}

// issue is one call of PublishMessage or BatchPublishMessage.
type issue struct {
	*sending
	tags []string
	ids  []string // the msgIds, as its publisher or the first subscriber was told
}

type subscriber struct {
	name, protocol, format string
	tag                    string // that it filters by; "" = all
	got                    map[*message]time.Time
}

// newNews has two queues and two endpoints, one of each by tag. Nobody receives
// from these queues, so what was copied there can be counted at the end.
func newNews() *news {
	n := &news{journal: &journal{}, issues: map[*sending]*issue{}, subscribers: map[string]*subscriber{}}
	for _, s := range []*subscriber{
		{name: "queue", protocol: "queue", format: "SIMPLIFIED"},
		{name: "queue-red", protocol: "queue", format: "JSON", tag: "red"},
		{name: "http", protocol: "http", format: "JSON"},
		{name: "http-red", protocol: "http", format: "SIMPLIFIED", tag: "red"},
	} {
		s.got = map[*message]time.Time{}
		n.subscribers[s.name] = s
	}
	return n
}

func (s *subscriber) wants(i *issue) bool { return s.tag == "" || slices.Contains(i.tags, s.tag) }

// plan notes that count messages are about to be published.
func (n *news) plan(count int, tags []string) *issue {
	i := &issue{sending: n.journal.plan(count, 0), tags: tags, ids: make([]string, count)}
	n.mu.Lock()
	defer n.mu.Unlock()
	i.elsewhere = true
	n.issues[i.sending] = i
	return i
}

// published notes how a publish was answered, and after what time.
func (n *news) published(i *issue, a answer, took time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.slowest = max(n.slowest, took)
	if a.Code != 0 || len(a.MsgList) != len(i.messages) {
		n.add("a publish of %d got %d %s, %d ids", len(i.messages), a.Code, a.Message, len(a.MsgList))
		return
	}
	i.acknowledged = true
	for at, d := range a.MsgList {
		n.identify(i, at, d.MsgID)
	}
}

// identify wants that everybody is told the same msgId of one message.
func (n *news) identify(i *issue, at int, id string) {
	if i.ids[at] == "" {
		i.ids[at] = id
	}
	if id == "" || i.ids[at] != id {
		n.add("message %d has ids %q and %q", i.messages[at].number, i.ids[at], id)
	}
}

// arrived notes that a subscriber has got a message, or another copy of it.
func (n *news) arrived(s *subscriber, body, id, tags string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	m := n.find(body)
	if m == nil {
		return
	}
	i := n.issues[m.sending]
	n.identify(i, slices.Index(i.messages, m), id)
	if !s.wants(i) || tags != strings.Join(i.tags, ", ") {
		n.add("%s gets message %d, published with %q, with %q", s.name, m.number, i.tags, tags)
	}
	if last, again := s.got[m]; again {
		n.repeated(s, m, last)
	}
	s.got[m] = time.Now()
}

// repeated judges that a message comes again after it was taken. The program,
// or JetStream within it, may have been killed before that was written down.
func (n *news) repeated(s *subscriber, m *message, last time.Time) {
	n.twice++
	if s.protocol == "queue" {
		n.add("%s has message %d twice", s.name, m.number)
		return
	}
	for _, kill := range n.kills {
		if gap := kill.Sub(last); gap.Abs() < maxForgotten { // below zero: taken from a dead program
			n.window = max(n.window, gap)
			return
		}
	}
	if n.stopped.IsZero() || last.Before(n.stopped) {
		n.hasty++
	}
}

// killed notes that the program is about to be killed.
func (n *news) killed() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.kills = append(n.kills, time.Now())
}

// told notes that the program is about to be told to stop.
func (n *news) told() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stopped = time.Now()
}

// judge wants that each subscriber got what it wants of what was acknowledged,
// and of what was not acknowledged all or nothing, like every other.
func (n *news) judge(t *testing.T) {
	t.Helper()
	lost, torn, unsure := 0, 0, 0
	for _, s := range n.sends {
		i := n.issues[s]
		got, wanted := n.spread(i)
		switch {
		case s.acknowledged && got < wanted:
			lost += wanted - got
			n.add("messages %d and so on, %q: of %d copies %d arrived", s.messages[0].number, i.tags, wanted, got)
		case got > 0 && got < wanted:
			torn++
		case !s.acknowledged && got > 0:
			unsure++
		}
	}
	t.Logf("%d pushes, %d of them again, of those the earliest %s before its kill; %d publishes without an answer are there",
		n.pushes.Load(), n.twice, n.window.Round(time.Millisecond), unsure)
	if lost > 0 || torn > 0 {
		t.Errorf("%d copies are lost, %d publishes torn", lost, torn)
	}
	if n.hasty > 0 {
		t.Logf("%d pushes come again for no reason; the slowest publish took %s", n.hasty, n.slowest)
		if n.slowest < time.Second { // else the machine may be too slow for the program to see an answer in time
			t.Error("want none")
		}
	}
	n.journal.judge(t)
}

// spread counts the copies of an issue that have arrived, and those that must.
func (n *news) spread(i *issue) (got, wanted int) {
	for _, m := range i.messages {
		wanted++
		if m.received != "" {
			got++
		}
		for _, s := range n.subscribers {
			if !s.wants(i) {
				continue
			}
			wanted++
			if !s.got[m].IsZero() {
				got++
			}
		}
	}
	return got, wanted
}
