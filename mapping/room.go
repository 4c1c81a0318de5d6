package mapping

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// room keeps a queue from holding more than maxMsgHeapNum messages that are
// not deleted: waiting, in flight and delayed. It spends what the last count
// left and counts again when that is used up, or a second old, so that near
// the limit every send is checked against JetStream and far from it none is.
// With several brokers at work the limit may be passed by what they send
// within a second.
type room struct {
	q *queue

	left   atomic.Int64 // messages that may still be stored
	counts atomic.Int64 // when left was measured (Unix ms); 0 = never
	flying atomic.Int64 // reserved, perhaps not yet in a count

	mu sync.Mutex // one count at a time
}

const roomFresh = time.Second

// reserve takes room for n messages, or answers ErrHeapFull. Each success is
// followed by stored.
func (r *room) reserve(ctx context.Context, n int) error {
	if r.fresh() && r.take(n) {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fresh() && r.take(n) {
		return nil // somebody counted while we waited
	}
	if err := r.count(ctx); err != nil {
		return err
	}
	if !r.take(n) {
		return ErrHeapFull
	}
	return nil
}

func (r *room) take(n int) bool {
	if r.left.Add(-int64(n)) >= 0 {
		r.flying.Add(int64(n))
		return true
	}
	r.left.Add(int64(n))
	return false
}

// stored tells that n messages reserved before are stored, or are not going to be.
func (r *room) stored(n int) { r.flying.Add(-int64(n)) }

func (r *room) fresh() bool {
	return time.Now().UnixMilli()-r.counts.Load() < roomFresh.Milliseconds()
}

// measure makes the next reservation count.
func (r *room) measure() { r.counts.Store(0) }

func (r *room) count(ctx context.Context) error {
	flying := r.flying.Load() // before the count: those may be in it or not
	began := time.Now()
	c, err := r.q.counts(ctx)
	if err != nil {
		return err
	}
	r.set(c, flying, began)
	return nil
}

// set installs a count taken at began, while flying messages were under way.
func (r *room) set(c counts, flying int64, began time.Time) {
	limit := int64(*r.q.now().attributes.MaxMessages)
	r.left.Store(limit - c.kept() - flying)
	r.counts.Store(began.UnixMilli())
}
