package queues

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/embedded"
	"github.com/jetcmq/jetcmq/mapping/jet"
)

// newBroker opens a broker on an engine of its own, with a queue q.
func newBroker(t *testing.T, d jet.Durability) *Broker {
	t.Helper()
	t.Parallel()
	ctx := context.Background()
	s, err := embedded.Start(embedded.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	door, err := s.InProcess("default")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := jet.Open(jet.Config{InProcess: door, User: door.User, Password: door.Password, Durability: d})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(ctx) })
	b, err := Open(ctx, conn, Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close(ctx) })
	if _, err := b.CreateQueue(ctx, "q", mapping.QueueAttributes{}); err != nil {
		t.Fatal(err)
	}
	return b
}

// newLeases are those of a broker whose session is "here", in a queue with a
// visibility timeout of 12 hours.
func newLeases() *leases {
	q := (&Broker{session: "here"}).newQueue("q", &settings{visibility: 12 * time.Hour})
	return &q.leases
}

// A message was delivered twice, and deleted by its first receiver while the second
// delivery was on its way: it was handed out then.
func TestASecondDeliveryOnItsWayEndsWithADelete(t *testing.T) {
	b := newBroker(t, jet.Process)
	ctx := context.Background()
	if _, err := b.Send(ctx, "q", "x", 0); err != nil {
		t.Fatal(err)
	}
	q, s := b.known("q"), b.known("q").now()
	first, err := q.take(ctx, 1)
	if err != nil || len(first) != 1 {
		t.Fatal(first, err)
	}
	if err := q.visible(s, 1, 1, 1); err != nil {
		t.Fatal(err)
	}
	second, err := q.pull(ctx, 1, 2*time.Second)
	if err != nil || len(second) != 1 {
		t.Fatal(second, err)
	}
	if err := b.Delete(ctx, "q", first[0].Handle); err != nil {
		t.Fatal(err)
	}
	if got := q.handOut(ctx, second); len(got) > 0 {
		t.Errorf("what was deleted is handed out: %+v", got)
	}
	d, err := readDelivery(second[0])
	if err != nil {
		t.Fatal(err)
	}
	if d.clock += moment.Milliseconds(); q.leases.deleted(d) {
		t.Error("a message is refused for longer than a moment")
	}
}

// After a disk had hung a message was delivered twice within a moment, and two
// receivers, neither of whom saw that the other one was getting it, got it.
func TestOfTwoDeliveriesAtOnceOneIsHandedOut(t *testing.T) {
	b := newBroker(t, jet.Process)
	ctx := context.Background()
	q := b.known("q")
	for i := range uint64(20) {
		if _, err := b.Send(ctx, "q", "x", 0); err != nil {
			t.Fatal(err)
		}
		var deliveries [2][]*nats.Msg
		for n := range deliveries {
			var err error
			if deliveries[n], err = q.pull(ctx, 1, 2*time.Second); err != nil || len(deliveries[n]) != 1 {
				t.Fatal(deliveries[n], err)
			}
			d, err := readDelivery(deliveries[n][0])
			if err != nil || d.seq != i+1 {
				t.Fatal(d, err)
			}
			if n == 0 {
				if err := q.visible(q.now(), d.seq, d.number, d.turn); err != nil {
					t.Fatal(err)
				}
			}
		}
		var receivers sync.WaitGroup
		var got [2][]mapping.Message
		for n, raw := range deliveries {
			receivers.Go(func() { got[n] = q.handOut(ctx, raw) })
		}
		receivers.Wait()
		if len(got[0])+len(got[1]) != 1 {
			t.Fatalf("got %d and %d messages, want one", len(got[0]), len(got[1]))
		}
		if err := b.Delete(ctx, "q", append(got[0], got[1]...)[0].Handle); err != nil {
			t.Fatal(err)
		}
	}
}

// A delivery is early while its receiver's time runs by both clocks: one of them may
// have been set, and the other one stands still while the machine sleeps.
func TestHeldIsWhatBothClocksSay(t *testing.T) {
	t.Parallel()
	const hour = 3_600_000
	mine := lease{given: 100 * hour, clock: 50 * hour, promised: 2 * hour, delivery: 3, session: "here"}
	for _, c := range []struct {
		why   string
		known lease
		d     delivery
		left  time.Duration
	}{
		{"soon", mine, delivery{number: 4, at: 101 * hour, clock: 51 * hour}, time.Hour},
		{"overtaken", mine, delivery{number: 2, at: 100 * hour, clock: 50 * hour}, 2 * time.Hour},
		{"in time", mine, delivery{number: 4, at: 102 * hour, clock: 52 * hour}, 0},
		{"the time was set back", mine, delivery{number: 4, at: 10 * hour, clock: 52 * hour}, 0},
		{"the machine slept", mine, delivery{number: 4, at: 102 * hour, clock: 50 * hour}, 0},
		{"handed back", lease{session: "here", clock: 50 * hour, promised: 2 * hour}, delivery{at: hour, clock: 50 * hour}, 0},
		{"another's", lease{given: 100 * hour, promised: 2 * hour, session: "there"}, delivery{at: 101 * hour}, 0},
	} {
		ls := newLeases()
		c.d.seq = 1
		ls.held = map[uint64]lease{1: c.known}
		if left, held := ls.holds(c.d); left != c.left || held != (c.left > 0) {
			t.Errorf("%s: got %v, %v, want %v", c.why, left, held, c.left)
		}
	}
}

// A new leader of the consumer may not have heard of a delivery, and gives the
// message to another broker under the same number: its delete was refused here.
func TestADeliveryCountedAgainIsTheLater(t *testing.T) {
	t.Parallel()
	now := time.Now().UnixMilli()
	for _, c := range []struct {
		why   string
		known lease
		h     handle
		want  bool
	}{
		{"another's, later", lease{turn: 5, delivery: 1, session: "here"}, handle{turn: 9, delivery: 1}, true},
		{"another's, earlier", lease{turn: 9, delivery: 1, session: "here"}, handle{turn: 5, delivery: 1}, false},
		{"another's, earlier, though it counts more", lease{turn: 9, delivery: 1, session: "here"}, handle{turn: 5, delivery: 2}, false},
		{"another's, of which we know", lease{turn: 9, delivery: 1, session: "there"}, handle{turn: 9, delivery: 1}, true},
		{"another's, of which we doubt our own", lease{turn: 9, delivery: 1}, handle{turn: 5, delivery: 1}, true},
		{"our own, given once more", lease{turn: 9, delivery: 1, session: "here"}, handle{turn: 5, delivery: 1, session: "here"}, false},
		{"being deleted", lease{turn: 5, delivery: 1, session: "here", deleting: true}, handle{turn: 9, delivery: 1}, false},
	} {
		ls := newLeases()
		c.known.given, c.h.seq = now, 1
		if c.h.session == "" {
			c.h.session = "there"
		}
		ls.held = map[uint64]lease{1: c.known}
		if ok, _ := ls.claim(c.h); ok != c.want {
			t.Errorf("%s: got %v, want %v", c.why, ok, c.want)
		}
	}
}

// A message noted as gone (by a sweep, or by another broker before a rewind)
// stayed so when it was delivered again: its own handle was refused.
func TestADeliveredMessageIsNotGone(t *testing.T) {
	t.Parallel()
	ls := newLeases()
	ls.drop(1)
	ls.open(delivery{seq: 1, number: 1}, lease{delivery: 1, session: "here"})
	ls.learn(record{session: "there", Gone: []uint64{1}})
	if ok, own := ls.claim(handle{seq: 1, delivery: 1, session: "here"}); !ok || !own {
		t.Errorf("the handle of the latest delivery: got %v, %v", ok, own)
	}
}

// A delete that a kill undid stayed in the memory of the broker that made it: the
// holder of the next delivery, from another broker, was refused there.
func TestADeleteUndoneByAKillIsForgotten(t *testing.T) {
	t.Parallel()
	ls := newLeases()
	old := handle{session: "there", seq: 1, delivery: 1, given: 1_000, visibility: 30_000}
	if ok, _ := ls.claim(old); !ok {
		t.Fatal("the first handle is refused")
	}
	ls.settle(old, true)
	if ok, _ := ls.claim(old); ok {
		t.Error("the first handle works twice")
	}
	again := handle{session: "there", seq: 1, delivery: 1, given: 5_000, visibility: 30_000}
	if ok, own := ls.claim(again); !ok || own {
		t.Errorf("the handle of a later delivery: got %v, %v", ok, own)
	}
}

// With the table full, a second delivery was not noted, and the first one's
// entry refused its handle.
func TestAFullTableKeepsUpWithTheMessagesInIt(t *testing.T) {
	t.Parallel()
	ls := newLeases()
	ls.held = make(map[uint64]lease, maxLeases)
	for seq := range uint64(maxLeases) {
		ls.held[seq] = lease{delivery: 1, session: "here"}
	}
	if l, _, _ := ls.open(delivery{seq: 7, number: 2}, lease{delivery: 2, session: "here"}); l.session != "here" {
		t.Errorf("second delivery of a message in the table: got %+v", l)
	}
	if ok, _ := ls.claim(handle{seq: 7, delivery: 2, session: "here"}); !ok {
		t.Error("its handle is refused")
	}
	if l, _, _ := ls.open(delivery{seq: maxLeases, number: 1}, lease{delivery: 1, session: "here"}); l.session != untracked {
		t.Errorf("a message beyond: got %+v, want it untracked", l)
	}
}

// A reading begun before a change could end after it: the old settings then
// stayed in force.
func TestAnOlderReadingNeverComesLast(t *testing.T) {
	b := newBroker(t, jet.Process)
	ctx := context.Background()
	for size := 2000; size < 2040; size++ {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if _, err := b.read(ctx, "q"); err != nil {
					t.Error(err)
				}
			})
		}
		if _, err := b.SetQueue(ctx, "q", mapping.QueueAttributes{MaxMessageSize: &size}); err != nil {
			t.Fatal(err)
		}
		all.Wait()
		if got := *b.known("q").now().attributes.MaxMessageSize; got != size {
			t.Fatalf("got %d in force, want %d", got, size)
		}
	}
}

// A receive without wait went on through a backlog of dead letters long after
// its client had left.
func TestAReceiverWhoLeftDoesNotWorkOffTheDead(t *testing.T) {
	b := newBroker(t, jet.Process)
	ctx := context.Background()
	one, n := 1, 20
	if _, err := b.CreateQueue(ctx, "mortal", mapping.QueueAttributes{VisibilityTimeout: &one,
		DeadLetter: &mapping.DeadLetterPolicy{Queue: "q", Policy: mapping.ByCount, MaxReceiveCount: 1}}); err != nil {
		t.Fatal(err)
	}
	b.stop() // the keeper would move them meanwhile
	for range n {
		if _, err := b.Send(ctx, "mortal", "x", 0); err != nil {
			t.Fatal(err)
		}
	}
	if ms, err := b.Receive(ctx, "mortal", n, 0); err != nil || len(ms) != n {
		t.Fatalf("got %d messages, %v, want %d", len(ms), err, n)
	}
	left, leave := context.WithCancel(ctx)
	leave()
	deadline, tick := time.After(5*time.Second), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for moved := int64(0); moved == 0; {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("no message dies")
		}
		if _, err := b.known("mortal").take(left, 1); err != nil {
			t.Fatal(err)
		}
		c, err := b.known("q").counts(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if moved = c.messages; moved > 1 {
			t.Errorf("%d dead letters moved for a receiver of one who had left", moved)
		}
	}
}

// What was left of a refused batch in the messages' headers made JetStream
// refuse each alone, too.
func TestSendersAreServedOneByOneWhereBatchesAreRefused(t *testing.T) {
	b := newBroker(t, jet.Power)
	for range 60 { // JetStream allows a stream 50 open batches
		m := nats.NewMsg(messageSubject + "q")
		m.Header.Set("Nats-Batch-Id", nats.NewInbox())
		m.Header.Set("Nats-Batch-Sequence", "1")
		if err := b.conn.NC.PublishMsg(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.conn.NC.Flush(); err != nil {
		t.Fatal(err)
	}
	errs := make(chan error)
	for range 8 {
		go func() { _, err := b.Send(context.Background(), "q", "x", 0); errs <- err }()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

// A record of a full table was larger than a NATS server takes by default, so
// it cut the connection.
func TestTheLargestRecordFitsAMessage(t *testing.T) {
	t.Parallel()
	ls := newLeases()
	now := time.Now().UnixMilli()
	ls.held, ls.gone = map[uint64]lease{}, map[uint64]int64{}
	for i := range uint64(50_000) { // one for each second there is, and more
		given := now - int64(i%43_200)*1000
		ls.held[1e12+i] = lease{first: given, stored: given, given: given, promised: 43_200_000,
			delivery: 1e6, turn: 1e12 + i, unheard: 1e6, session: "here"}
		ls.gone[1e12+i] = now
	}
	data, err := json.Marshal(ls.record(newGeneration(), time.Now()))
	if err != nil || len(data) > 1<<20-2048 {
		t.Errorf("got %d bytes, %v", len(data), err)
	}
}

// A purge made JetStream forget which messages wait to be delivered again: they
// were hidden for another visibility timeout.
func TestTrimmingHidesNothing(t *testing.T) {
	b := newBroker(t, jet.Process)
	ctx := context.Background()
	one := 1
	if _, err := b.SetQueue(ctx, "q", mapping.QueueAttributes{VisibilityTimeout: &one}); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if _, err := b.Send(ctx, "q", "x", 0); err != nil {
			t.Fatal(err)
		}
	}
	ms, err := b.Receive(ctx, "q", 10, time.Second)
	if err != nil || len(ms) != 10 {
		t.Fatal(len(ms), err)
	}
	<-time.After(700 * time.Millisecond)
	for _, m := range ms[:5] {
		if err := b.Delete(ctx, "q", m.Handle); err != nil {
			t.Fatal(err)
		}
	}
	<-time.After(300*time.Millisecond + 2*grace) // the others are visible again
	q := b.known("q")
	b.stop()
	b.done.Wait() // or the keeper tends at the same time
	for range 3 { // the second and third find the queue quiet
		if err := q.tend(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if ms, err = b.Receive(ctx, "q", 10, 0); len(ms) != 5 {
		t.Errorf("got %d messages, %v, want the 5 that came back", len(ms), err)
	}
}
