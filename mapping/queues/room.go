package queues

import (
	"context"
	"sync"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/jet"
)

// room keeps a queue from holding more than maxMsgHeapNum messages that are
// not deleted: waiting, in flight and delayed. It spends what the last count
// left and counts again when that is used up, or a second old, so that near
// the limit every send is checked against JetStream and far from it none is.
// With several brokers at work the limit may be passed by what they send
// within a second.
type room struct {
	q *queue

	counting sync.Mutex // one count at a time

	mu      sync.Mutex
	left    int64     // messages that may still be stored
	counted time.Time // when left was measured
	begun   int64     // messages reserved since the start
	ended   int64     // of those, stored or given up
}

const roomFresh = time.Second

// reserve takes room for n messages, or answers ErrHeapFull. Each success is
// followed by stored.
func (r *room) reserve(ctx context.Context, n int) error {
	if r.take(n) {
		return nil
	}
	r.counting.Lock()
	defer r.counting.Unlock()
	for range 3 {
		if r.take(n) {
			return nil // somebody counted while we waited
		}
		began, ended := time.Now(), r.settled()
		c, err := r.count(ctx, n)
		if jet.Lost(err) && r.presume(n) {
			return nil
		}
		if err != nil {
			return err
		}
		switch exact, taken := r.set(c, began, ended, n); {
		case taken:
			return nil
		case exact:
			return mapping.ErrHeapFull
		}
	}
	return mapping.ErrHeapFull
}

// ample is room enough to go by an old count while no new one can be had: in a
// cluster the consumer may have no leader while the stream has one.
const ample = 1000

// count takes a count, with little patience where the last one left much.
func (r *room) count(ctx context.Context, n int) (counts, error) {
	r.mu.Lock()
	plenty := r.left >= int64(n+ample)
	r.mu.Unlock()
	if plenty {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, roomFresh/2)
		defer cancel()
	}
	return r.q.countsNear(ctx, int64(*r.q.now().attributes.MaxMessages))
}

// presume takes room from an old count that left much, and has it serve for
// another second.
func (r *room) presume(n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left < int64(n+ample) {
		return false
	}
	r.left -= int64(n)
	r.begun += int64(n)
	r.counted = time.Now()
	return true
}

func (r *room) take(n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left < int64(n) || time.Since(r.counted) > roomFresh {
		return false
	}
	r.left -= int64(n)
	r.begun += int64(n)
	return true
}

// stored tells that n messages reserved before are stored, or are not going to be.
func (r *room) stored(n int) {
	r.mu.Lock()
	r.ended += int64(n)
	r.mu.Unlock()
}

// settled is how many messages are surely in a count that begins now, if they
// were stored.
func (r *room) settled() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended
}

// set installs a count that began when ended messages were settled, unless a
// later one is there, and takes room for n. What was under way since then may
// be in the count or not and is taken as not; exact tells that there was
// nothing.
func (r *room) set(c counts, began time.Time, ended int64, n int) (exact, taken bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	unsure := r.begun - ended
	if began.After(r.counted) {
		r.left = int64(*r.q.now().attributes.MaxMessages) - c.kept() - unsure
		r.counted = began
	}
	if r.left < int64(n) {
		return unsure == 0, false
	}
	r.left -= int64(n)
	r.begun += int64(n)
	return unsure == 0, true
}

// measure makes the next reservation count.
func (r *room) measure() {
	r.mu.Lock()
	r.counted = time.Time{}
	r.mu.Unlock()
}
