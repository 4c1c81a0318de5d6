package queues

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/jet"
)

// queue is what this broker knows of one queue: a reading of its settings, the
// receivers that wait here and the deliveries it has handed out.
type queue struct {
	b      *Broker
	key    string
	stream string

	read       chan struct{} // holds one while somebody reads
	reading    atomic.Pointer[settings]
	stale      atomic.Bool // somebody changed the configuration
	retired    chan struct{}
	retire     sync.Once
	touched    atomic.Int64 // Unix s of the last call
	recalled   atomic.Int64 // Unix ms of the last look into the ledger
	raised     atomic.Int64 // Unix ms until when deliveries from before a longer timeout may be under way
	recording  sync.Mutex
	recovering atomic.Bool
	astray     atomic.Bool   // its consumer could not be found again so far
	partial    atomic.Bool   // the ledger does not tell of all messages in flight
	purged     atomic.Int64  // Unix s of the last purge, or of the first time there was one to make
	trimmed    atomic.Uint64 // everything deleted before this sequence was purged

	line   line
	leases leases
	room   room
	group  *jet.Group
	care   care
}

func (b *Broker) newQueue(key string, s *settings) *queue {
	q := &queue{b: b, key: key, stream: streamPrefix + key, retired: make(chan struct{}), read: make(chan struct{}, 1),
		group: b.conn.NewGroup()}
	q.reading.Store(s)
	q.line.q, q.leases.q, q.room.q = q, q, q
	return q
}

// queue finds a queue, reading its configuration where it is not known here or
// may have changed. ErrNoQueue tells that there is none.
func (b *Broker) queue(ctx context.Context, name mapping.QueueName) (*queue, error) {
	if !b.conn.Connected() {
		return nil, jet.ErrNotConnected
	}
	key := name.Key()
	q := b.known(key)
	if q == nil || q.stale.Load() {
		var err error
		if q, err = b.read(ctx, key); err != nil {
			return nil, err
		}
	}
	q.touched.Store(time.Now().Unix())
	return q, nil
}

// known gives a queue that was used here before, or nil.
func (b *Broker) known(key string) *queue {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.queues[key]
}

// read reads a queue's configuration from JetStream and puts what this broker
// knows in line with it.
// Of one queue there is one reading at a time: an older one must not come last.
func (b *Broker) read(ctx context.Context, key string) (*queue, error) {
	ctx, cancel := b.conn.Within(ctx) // the wait for the turn included
	defer cancel()
	known := b.known(key)
	turn := b.turn(key)
	if known != nil {
		turn = known.read
	}
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if known != nil {
		known.stale.Store(false) // before the reading: a change during it counts
	}
	s, err := b.readQueue(ctx, key)
	if errors.Is(err, mapping.ErrNoQueue) {
		b.forget(key)
		return nil, err
	}
	if err != nil {
		if known != nil {
			known.stale.Store(true)
		}
		return nil, err
	}
	return b.remember(ctx, key, s), nil
}

// turn is held by who reads a queue that is not known yet. Some queues share
// one, so that names nobody has created cost no memory.
func (b *Broker) turn(key string) chan struct{} {
	return b.first[crc32.ChecksumIEEE([]byte(key))%uint32(len(b.first))]
}

// readQueue reads stream and consumer. A consumer that is missing (its state
// was damaged, or its creator died in between) is made anew and redelivers.
func (b *Broker) readQueue(ctx context.Context, key string) (*settings, error) {
	return jet.Again(ctx, func(ctx context.Context) (*settings, error) { return b.tryReadQueue(ctx, key) })
}

func (b *Broker) tryReadQueue(ctx context.Context, key string) (*settings, error) {
	stream, err := b.conn.LookUp(ctx, streamPrefix+key)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, mapping.ErrNoQueue
	}
	if err != nil {
		return nil, fmt.Errorf("read queue %s: %w", key, err)
	}
	s, err := readSettings(stream.CachedInfo().Config)
	if err != nil {
		return nil, err
	}
	err = readConsumer(ctx, stream, key, &s)
	if errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, jetstream.ErrConsumerNotFound) {
		err = jet.ErrUnsettled // it was made, or deleted, a moment ago
	}
	if err != nil {
		return nil, fmt.Errorf("read receivers of queue %s: %w", key, err)
	}
	return &s, nil
}

// readConsumer finds the generation in force and sees that it keeps the
// queue's visibility timeout: whoever changed that may have died half way.
func readConsumer(ctx context.Context, stream jetstream.Stream, key string, s *settings) (err error) {
	s.source = stream
	list := stream.ConsumerNames(ctx) // tells all, other than the list of infos in a cluster
	for name := range list.Name() {
		if g, ours := generationOf(name); ours {
			s.generation = max(s.generation, g)
		}
	}
	if err := list.Err(); err != nil {
		return err
	}
	if s.generation == 0 {
		// Brokers that find none at once must not make two.
		s.generation = uint64(stream.CachedInfo().Created.UnixNano())
		s.consumer = consumerName(s.generation)
		s.receivers, err = stream.CreateConsumer(ctx, s.consumerConfig(key))
		return err
	}
	s.consumer = consumerName(s.generation)
	if s.receivers, err = stream.Consumer(ctx, s.consumer); err != nil {
		return err
	}
	current, want := s.receivers.CachedInfo().Config, s.consumerConfig(key)
	if current.AckWait != want.AckWait {
		want.DeliverPolicy, want.OptStartSeq = current.DeliverPolicy, current.OptStartSeq
		s.receivers, err = stream.UpdateConsumer(ctx, want)
	}
	return err
}

// remember puts a reading in place. A queue that was deleted and made anew is
// another queue.
func (b *Broker) remember(ctx context.Context, key string, s *settings) *queue {
	b.mu.Lock()
	q := b.queues[key]
	fresh := q == nil || q.reading.Load().id != s.id
	if fresh {
		if q != nil {
			q.leave()
		}
		q = b.newQueue(key, s)
		b.queues[key] = q
	}
	b.mu.Unlock()
	if fresh {
		q.recall(ctx, s)
		return q
	}
	before := q.reading.Swap(s)
	if before.generation != s.generation {
		q.leases.clear()
		q.line.reset()
	}
	if before.visibility < s.visibility {
		q.raised.Store(max(q.raised.Load(), time.Now().Add(before.visibility+time.Second).UnixMilli()))
	}
	if *before.attributes.MaxMessages != *s.attributes.MaxMessages {
		q.room.measure()
	}
	return q
}

// forget drops a queue that no longer exists; those who wait on it learn it.
func (b *Broker) forget(key string) {
	b.mu.Lock()
	q := b.queues[key]
	delete(b.queues, key)
	b.mu.Unlock()
	if q != nil {
		q.leave()
	}
}

func (q *queue) leave() { q.retire.Do(func() { close(q.retired) }) }

func (q *queue) now() *settings { return q.reading.Load() }

// explain turns a failure to reach a queue's stream or consumer into what it
// means. "No responders" is JetStream's way to say that there is none, but
// also what a cluster says between two leaders: the configuration decides, and
// again tells that trying once more may help.
func (q *queue) explain(ctx context.Context, err error) (again bool, _ error) {
	if !jet.Between(err) && !errors.Is(err, jetstream.ErrStreamNotFound) &&
		!errors.Is(err, jetstream.ErrConsumerNotFound) && !errors.Is(err, jet.ErrConsumerMoved) {
		return false, err
	}
	if _, e := q.b.read(ctx, q.key); jet.Between(e) {
		return true, e
	} else if e != nil {
		return false, e
	}
	select {
	case <-q.retired:
		return false, mapping.ErrNoQueue
	default:
		return true, err
	}
}

// recover reads the queue anew after its consumer was replaced or could not be
// reached, until that succeeds, and lets those who wait pull again.
func (q *queue) recover() {
	if !q.recovering.CompareAndSwap(false, true) {
		return
	}
	q.b.done.Go(func() {
		defer q.recovering.Store(false)
		for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
			if jet.Pause(q.b.life, wait) != nil {
				return
			}
			_, err := q.b.read(q.b.life, q.key)
			q.astray.Store(err != nil)
			if err == nil {
				q.line.tend()
				return
			}
			if errors.Is(err, mapping.ErrNoQueue) {
				return
			}
		}
	})
}
