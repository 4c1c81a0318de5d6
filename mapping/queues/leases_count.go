package queues

import (
	"time"
)

// live counts the messages somebody holds now: handed out here or, by records,
// elsewhere.
func (ls *leases) live(now time.Time, records []record) int {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ms, current := now.UnixMilli(), ls.q.now().visibility
	count := 0
	for _, l := range ls.held {
		if l.until(current) > ms && l.session == ls.q.b.session {
			count++
		}
	}
	return count + ls.elsewhere(ms, current, records)
}

// elsewhere counts what only others know: each message once, unless somebody
// says it is gone.
func (ls *leases) elsewhere(ms int64, current time.Duration, records []record) int {
	gone := map[uint64]bool{}
	for _, r := range records {
		for _, seq := range r.Gone {
			gone[seq] = true
		}
	}
	seen := map[uint64]bool{}
	count := 0
	for _, r := range records {
		for _, e := range r.Leases {
			mine := ls.held[e.Seq].session == ls.q.b.session
			_, buried := ls.gone[e.Seq]
			if e.lease(r.session).until(current) > ms && !mine && !buried && !gone[e.Seq] && !seen[e.Seq] {
				seen[e.Seq] = true
				count++
			}
		}
		for _, m := range r.More {
			if m[0] > ms {
				count += int(m[1])
			}
		}
	}
	return count
}

// overdue takes the deliveries made here whose promised time is over, though
// JetStream hides them by a timeout that was made longer since.
func (ls *leases) overdue(now time.Time) map[uint64]lease {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ms, current := now.UnixMilli(), ls.q.now().visibility
	found := map[uint64]lease{}
	for seq, l := range ls.held {
		ours := l.session == ls.q.b.session && !l.deleting && l.given != 0
		if ours && l.promised < current.Milliseconds() && l.until(current) <= ms {
			found[seq] = l
			l.given = 0
			ls.held[seq] = l
			ls.dirty = true
		}
	}
	return found
}
