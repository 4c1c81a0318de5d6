package queues

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping/jet"
)

// The ledger is a small stream of the account in which every broker keeps, for
// every queue it serves, one message: the deliveries it handed out that are
// not deleted. JetStream knows which messages are in flight, but tells neither
// until when nor since when, and not how many have run out; the ledger lets
// other brokers, and this one after a restart, know too. It is written at most
// once a second and decides nothing: what it lacks costs the precision of a
// counter.

// record is what one broker says of one queue.
type record struct {
	session    string
	written    time.Time
	Generation uint64          `json:"gen"`
	Leases     []recordedLease `json:"leases,omitempty"`
	Cut        bool            `json:"cut,omitempty"`  // there are messages beyond Leases
	More       [][2]int64      `json:"more,omitempty"` // deadline (Unix ms), how many beyond Leases
	Gone       []uint64        `json:"gone,omitempty"` // deleted though another handed it out
}

type recordedLease struct {
	Seq      uint64 `json:"s"`
	First    int64  `json:"f"`
	Stored   int64  `json:"t"`
	Given    int64  `json:"g"`
	Promised int64  `json:"p"`
	Delivery uint64 `json:"n"`
	Turn     uint64 `json:"c"`
	Unheard  uint64 `json:"u,omitempty"`
}

func (e recordedLease) lease(session string) lease {
	return lease{first: e.First, stored: e.Stored, given: e.Given, promised: e.Promised,
		delivery: e.Delivery, turn: e.Turn, unheard: e.Unheard, session: session}
}

// maxRecorded bounds the messages one record tells of one by one (some 100
// bytes each); of more it tells only the number.
const maxRecorded = 4096

// recallEvery bounds how often the ledger is read for a queue.
const recallEvery = 250 * time.Millisecond

// recordLife is how long after its writer a record stays: as long as messages
// may be in flight.
const recordLife = 12*time.Hour + time.Minute

// recordPatience is less than a call's, which goes on without the ledger.
const recordPatience = 1200 * time.Millisecond

func (b *Broker) openLedger(ctx context.Context) error {
	want := jetstream.StreamConfig{
		Name:              ledgerStream,
		Description:       "CMQ: what brokers know of messages in flight",
		Subjects:          []string{ledgerSubject + ">"},
		Storage:           b.conn.Storage(),
		Replicas:          b.conn.Replicas,
		MaxMsgsPerSubject: 1,
		MaxAge:            recordLife,
		AllowDirect:       true,
	}
	_, err := b.conn.JS.CreateStream(ctx, want)
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		b.conn.Replicate(ledgerStream)
		return nil // made with other settings, which serve as well
	}
	return err
}

// record writes down what changed since the last time.
func (q *queue) record(ctx context.Context) {
	q.recording.Lock() // an older record must not be stored last
	defer q.recording.Unlock()
	if !q.leases.takeDirty() {
		return
	}
	r := q.leases.record(q.now().generation, time.Now())
	subject := ledgerSubject + q.key + "." + q.b.session
	if err := q.write(ctx, subject, r); err != nil {
		q.leases.markDirty()
		q.b.log.Debug("ledger", "queue", q.key, "error", err)
	}
}

func (q *queue) write(ctx context.Context, subject string, r record) error {
	ctx, cancel := q.b.conn.Within(ctx)
	defer cancel()
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = q.b.conn.Publish(ctx, &nats.Msg{Subject: subject, Data: data})
	return err
}

// records reads what other brokers say of a queue.
func (b *Broker) records(ctx context.Context, key string) ([]record, error) {
	ctx, cancel := context.WithTimeout(ctx, recordPatience)
	defer cancel()
	ask := `{"multi_last":["` + ledgerSubject + key + `.*"],"batch":` + fmt.Sprint(jet.MaxPull) + `}`
	answers, err := b.conn.All(ctx, ledgerStream, ask)
	if err != nil {
		return nil, fmt.Errorf("read ledger of queue %s: %w", key, err)
	}
	var all []record
	for _, m := range answers {
		if r, ok := readRecord(m); ok && r.session != b.session {
			all = append(all, r)
		}
	}
	return all, nil
}

func readRecord(m *nats.Msg) (r record, ok bool) {
	subject := m.Header.Get("Nats-Subject")
	r.session = subject[strings.LastIndexByte(subject, '.')+1:]
	r.written, _ = time.Parse(time.RFC3339Nano, m.Header.Get("Nats-Time-Stamp"))
	return r, json.Unmarshal(m.Data, &r) == nil
}

// only keeps the records of one generation.
func only(all []record, generation uint64) []record {
	return slices.DeleteFunc(all, func(r record) bool { return r.Generation != generation })
}

// recall takes over, on first use of a queue, what earlier brokers recorded:
// among it this one's own before a restart.
func (q *queue) recall(ctx context.Context, s *settings) {
	all, err := q.b.records(ctx, q.key)
	if err != nil {
		q.b.log.Debug("ledger", "queue", q.key, "error", err)
		q.partial.Store(true)
		return
	}
	partial := false
	for _, r := range only(all, s.generation) {
		partial = partial || r.Cut
		q.leases.learn(r)
	}
	q.partial.Store(partial)
}

// remind looks into the ledger, unless that was done a moment ago.
func (q *queue) remind(ctx context.Context, s *settings) {
	now := time.Now().UnixMilli()
	if last := q.recalled.Load(); now-last >= recallEvery.Milliseconds() && q.recalled.CompareAndSwap(last, now) {
		q.recall(ctx, s)
	}
}

// history tells of a redelivered message that this broker did not see before:
// since when it is known, and how many of the earlier deliveries nobody
// received. One that no broker recorded reached nobody: JetStream counts a
// delivery to a pull that was taken back in the same moment.
func (q *queue) history(ctx context.Context, d delivery) (first int64, unheard uint64) {
	if s := q.now(); s.attributes.DeadLetter != nil {
		q.recall(ctx, s) // the count decides over the message's life
	} else {
		q.remind(ctx, s)
	}
	l, known := q.leases.find(d.seq)
	switch {
	case known && l.received() > 0:
		return l.first, l.unheard + l.refused
	case known:
		return d.at, l.unheard + l.refused
	case q.partial.Load():
		return d.at, 0
	default:
		return d.at, d.number - 1
	}
}

// recordDue tells whether a record is behind and old enough to be written
// anew. Small ones are written at once, so that a killed broker leaves little
// untold; large ones cost more.
func (ls *leases) recordDue(since time.Duration) bool {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	switch n := len(ls.held); {
	case !ls.dirty:
		return false
	case n <= 1024:
		return true
	case n <= 65_536:
		return since >= time.Second
	default:
		return since >= 10*time.Second
	}
}

func (ls *leases) takeDirty() bool {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	was := ls.dirty
	ls.dirty = false
	return was
}

func (ls *leases) markDirty() {
	ls.mu.Lock()
	ls.dirty = true
	ls.mu.Unlock()
}

// learn adds what a record tells and this broker does not know better.
func (ls *leases) learn(r record) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.held == nil {
		ls.held = map[uint64]lease{}
	}
	for _, e := range r.Leases {
		known, have := ls.held[e.Seq]
		_, gone := ls.gone[e.Seq]
		better := e.Delivery > known.delivery || e.Delivery == known.delivery && known.session != ls.q.b.session
		if gone || have && !better || len(ls.held) >= maxLeases {
			continue
		}
		ls.held[e.Seq] = e.lease(r.session)
	}
	for _, seq := range r.Gone {
		if ls.held[seq].session != ls.q.b.session {
			delete(ls.held, seq)
		}
	}
}

// record gives what the ledger should say: the messages received most often
// and longest ago first, because their past is worth most.
func (ls *leases) record(generation uint64, now time.Time) record {
	r := record{Generation: generation}
	r.Leases, r.Gone = ls.copy()
	slices.SortFunc(r.Leases, func(a, b recordedLease) int {
		return cmp.Or(cmp.Compare(b.Delivery, a.Delivery), cmp.Compare(a.Seq, b.Seq))
	})
	if len(r.Leases) > maxRecorded {
		r.Cut = true
		r.More = inBulk(r.Leases[maxRecorded:], ls.q.now().visibility, now)
		r.Leases = r.Leases[:maxRecorded]
	}
	if len(r.Gone) > maxRecorded {
		r.Gone = r.Gone[:maxRecorded]
	}
	return r
}

// copy takes down what there is, so that sorting it holds up nobody.
func (ls *leases) copy() (own []recordedLease, gone []uint64) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for seq, l := range ls.held {
		if l.session != ls.q.b.session {
			continue // its own record tells it
		}
		own = append(own, recordedLease{seq, l.first, l.stored, l.given, l.promised, l.delivery, l.turn, l.unheard})
	}
	for seq := range ls.gone {
		gone = append(gone, seq)
	}
	return own, gone
}

// inBulk counts leases that are not over by when they end. The longer messages
// may be hidden, the coarser: a record must fit in a NATS message.
func inBulk(ls []recordedLease, current time.Duration, now time.Time) (more [][2]int64) {
	grain := max(1000, current.Milliseconds()/2000)
	ends := map[int64]int64{}
	for _, l := range ls {
		if end := l.lease("").until(current); end > now.UnixMilli() {
			ends[end/grain]++
		}
	}
	for end, n := range ends {
		more = append(more, [2]int64{end * grain, n})
	}
	slices.SortFunc(more, func(a, b [2]int64) int { return cmp.Compare(a[0], b[0]) })
	return more
}
