package queues

import (
	"sync"
	"time"
)

// leases is what a broker remembers of the deliveries it handed out and of
// those it learnt of from others: who holds a message until when, and since
// when it is known. It decides nothing that JetStream decides; it refuses
// handles early, tells waiting from held messages, and dates first deliveries.
type leases struct {
	q *queue

	mu   sync.Mutex
	held map[uint64]lease // by stream sequence; entries outlive their deadline until the message is gone
	gone map[uint64]int64 // deleted here though handed out elsewhere: until when (Unix ms) that matters
	// What was deleted here a moment ago, and when by our own clock: a second
	// delivery of it may still be on its way to us.
	fresh, older map[uint64]int64
	turned       int64
	// dirty tells that the ledger does not yet know all of the above.
	dirty bool
}

type lease struct {
	first    int64  // Unix ms of the first delivery
	stored   int64  // Unix ms when the message came into the stream
	given    int64  // Unix ms of the latest delivery; 0 = handed back
	clock    int64  // the same by our own clock, which nobody sets
	promised int64  // ms of invisibility its receiver was promised
	delivery uint64 // JetStream's number of the latest delivery
	turn     uint64 // the consumer's sequence of it
	unheard  uint64 // deliveries nobody received: the receiver was gone
	refused  uint64 // deliveries after the latest, which came while this one was held
	session  string // who handed it out
	deleting bool   // an acknowledgement is on its way
}

// until is when the message becomes visible again (Unix ms): when its receiver
// was promised, or sooner where the queue's timeout is shorter by now. JetStream
// itself goes by the current timeout; the keeper hands back what that would
// hide for longer than was promised.
func (l lease) until(current time.Duration) int64 {
	if l.given == 0 {
		return 0
	}
	return l.given + min(l.promised, current.Milliseconds()) + grace.Milliseconds()
}

// received is how often somebody truly received the message.
func (l lease) received() int { return int(l.delivery - min(l.unheard, l.delivery)) }

const (
	// maxLeases bounds the memory for messages in flight. Handles given out
	// beyond it are checked against JetStream only, like another broker's.
	maxLeases = 1 << 20
	untracked = "--------" // session in such a handle
)

// open notes a delivery and gives what is known of the message; nothing if it
// is held, or was deleted a moment ago.
func (ls *leases) open(d delivery, l lease) (_ lease, left time.Duration, held bool) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if left, held = ls.left(d); held || ls.deleted(d) {
		return lease{}, left, held
	}
	seq := d.seq
	if ls.held == nil {
		ls.held = map[uint64]lease{}
	}
	delete(ls.gone, seq) // JetStream delivers it, so it is not
	old, known := ls.held[seq]
	if known && l.delivery > 1 {
		l.unheard = old.unheard + old.refused
		if old.received() > 0 {
			l.first = old.first
		}
	}
	if !known && len(ls.held) >= maxLeases {
		l.session = untracked
		ls.q.partial.Store(true)
		return l, 0, false
	}
	ls.held[seq] = l
	ls.dirty = true
	return l, 0, false
}

// holds tells whether somebody still holds by our word a message that JetStream
// delivers again, and for how much longer. That happens when JetStream was held up
// (a disk that hung) and delivers late what it then counts as expired, when
// deliveries overtake each other on their way to us, and when the next leader of a
// consumer has not heard of the last ones.
func (ls *leases) holds(d delivery) (left time.Duration, held bool) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return ls.left(d)
}

// left is holds, under the lock.
func (ls *leases) left(d delivery) (left time.Duration, held bool) {
	l, known := ls.held[d.seq]
	if !known || l.session != ls.q.b.session || l.given == 0 {
		return 0, false
	}
	promised := min(l.promised, ls.q.now().visibility.Milliseconds())
	ms := promised - max(d.at-l.given, d.clock-l.clock) // either clock may have stood still
	if ms <= 0 {
		return 0, false
	}
	return time.Duration(ms) * time.Millisecond, true
}

// moment is how long a delivery may be on its way to its receiver within this process.
const moment = 2 * time.Second

// remember notes that a message was deleted, under the lock. Two maps take turns,
// so that nothing has to be looked for to be forgotten.
func (ls *leases) remember(seq uint64, now int64) {
	if now-ls.turned > moment.Milliseconds() || ls.fresh == nil {
		ls.older, ls.fresh, ls.turned = ls.fresh, map[uint64]int64{}, now
	}
	if len(ls.fresh) < maxLeases {
		ls.fresh[seq] = now
	}
}

// deleted tells whether a delivery is of a message that was deleted while it was
// on its way, under the lock.
func (ls *leases) deleted(d delivery) bool {
	at, known := ls.fresh[d.seq]
	if !known {
		at, known = ls.older[d.seq]
	}
	return known && d.clock-at < moment.Milliseconds()
}

// refuse notes that a delivery came early, and nobody got it.
func (ls *leases) refuse(d delivery) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if l, known := ls.held[d.seq]; known && d.number > l.delivery+l.refused {
		l.refused = d.number - l.delivery
		ls.held[d.seq] = l
	}
}

// claim takes the right to delete what h names, or tells that h is not the
// handle of a live delivery as far as this broker knows. Of several deletes
// with one handle one gets it.
func (ls *leases) claim(h handle) (ok, own bool) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if until, deleted := ls.gone[h.seq]; deleted && h.ends() <= until {
		return false, false // one given later shows that a kill undid the delete
	}
	l, known := ls.held[h.seq]
	if h.session != ls.q.b.session {
		// Handed out elsewhere, or before a restart: what we know of the message
		// may be older. Turns tell, because they grow with each delivery; their
		// numbers do not: a new leader, who has not heard of the last ones, counts
		// again. What we doubt says nothing.
		mine := l.session == ls.q.b.session
		later := l.turn > h.turn || mine && l.turn == h.turn
		if known && (l.deleting || l.session != "" && later) {
			return false, false
		}
		return true, false
	}
	if !known || l.delivery != h.delivery || l.turn != h.turn || l.session != h.session || l.deleting {
		return false, true
	}
	l.deleting = true
	ls.held[h.seq] = l
	return true, true
}

// settle ends what claim began: the message is deleted, or is not after all.
func (ls *leases) settle(h handle, deleted bool) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l, known := ls.held[h.seq]
	switch {
	case !deleted && known:
		l.deleting = false
		ls.held[h.seq] = l
	case deleted:
		delete(ls.held, h.seq)
		ls.remember(h.seq, clock())
		if h.session != ls.q.b.session {
			ls.bury(h.seq, h.ends())
		}
		ls.dirty = true
	}
}

// bury remembers that a message another broker handed out is gone.
func (ls *leases) bury(seq uint64, until int64) {
	if ls.gone == nil {
		ls.gone = map[uint64]int64{}
	}
	if len(ls.gone) < maxLeases {
		ls.gone[seq] = until
	}
}

// unhear notes that nobody received a delivery, so that it does not count.
// False: it is not the latest one, or its time is over.
func (ls *leases) unhear(seq, delivery uint64, now time.Time) bool {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l, known := ls.held[seq]
	if !known || l.delivery != delivery || l.deleting || l.until(ls.q.now().visibility) <= now.UnixMilli() {
		return false
	}
	l.unheard++
	l.given = 0
	ls.held[seq] = l
	ls.dirty = true
	return true
}

// drop forgets a message that has left the queue, though others may record it.
func (ls *leases) drop(seq uint64) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	delete(ls.held, seq)
	ls.bury(seq, time.Now().Add(recordLife).UnixMilli())
	ls.dirty = true
}

// prune forgets everything up to JetStream's acknowledgement floor: it is gone.
func (ls *leases) prune(floor uint64, now time.Time) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for seq := range ls.held {
		if seq <= floor {
			delete(ls.held, seq)
			ls.dirty = true
		}
	}
	for seq, until := range ls.gone {
		if seq <= floor || until < now.UnixMilli() {
			delete(ls.gone, seq)
			ls.dirty = true
		}
	}
}

// clear forgets all: another generation of the consumer counts anew.
func (ls *leases) clear() {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.held, ls.gone, ls.dirty = nil, nil, true
	ls.fresh, ls.older = nil, nil
}

// doubt forgets the deliveries of the last moment before the connection broke:
// a JetStream server that was killed forgets them too, so those messages may
// be anybody's by now and our handles for them must not delete.
func (ls *leases) doubt(lost int64) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	const window = 1000           // ms; 100 to 300 were seen
	ls.fresh, ls.older = nil, nil // and what was deleted then
	begin := lost - window
	for seq, l := range ls.held {
		if l.given >= begin && l.session == ls.q.b.session {
			l.session = "" // its past is still true, its handle is void
			ls.held[seq] = l
		}
	}
	ls.dirty = true
}

// restore undoes what overdue noted.
func (ls *leases) restore(seq uint64, l lease) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if now, known := ls.held[seq]; known && now.delivery == l.delivery {
		ls.held[seq] = l
	}
}

// since counts the messages from a sequence on that are known to be in flight
// or to have been.
func (ls *leases) since(seq uint64) (n int64) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for s := range ls.held {
		if s >= seq {
			n++
		}
	}
	return n
}

// find gives what is known of a message.
func (ls *leases) find(seq uint64) (lease, bool) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l, ok := ls.held[seq]
	return l, ok
}

// over lists the deliveries whose time is over, with what is known of them.
func (ls *leases) over(now time.Time) map[uint64]lease {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ms, current := now.UnixMilli(), ls.q.now().visibility
	ended := map[uint64]lease{}
	for seq, l := range ls.held {
		if l.until(current) <= ms && !l.deleting {
			ended[seq] = l
		}
	}
	return ended
}
