package jetcmqtest

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping"
)

// most is how many messages of a queue are looked at: a test that wants more
// wants counters.
const most = 1000

// Inspect shows the messages of a queue that are not deleted, oldest first, and
// consumes nothing. It waits until it is certain of what it shows: for a second
// at most, and only if some messages of those received are deleted.
func (s *Server) Inspect(queue string) []Message {
	s.t.Helper()
	all, err := s.inspect(s.t.Context(), queue)
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

// inspection is one look at a queue. Its messages are a log in a stream; the
// receivers' consumer has a cursor in it, and between the oldest message that
// is not deleted and the cursor only the server knows which are deleted. What
// it knows it writes down in a stream of its own, a moment later.
type inspection struct {
	key    string
	from   uint64 // deleted messages are shown from this sequence on, too
	stream jetstream.Stream
	salt   uint64
	before jetstream.ConsumerInfo
	held   map[uint64]lease
}

// lease is what the server's ledger tells of a message that was received.
type lease struct {
	Seq      uint64 `json:"s"`
	Given    int64  `json:"g"` // Unix ms of the latest delivery; 0 = handed back
	Promised int64  `json:"p"` // ms
	Delivery uint64 `json:"n"`
	Unheard  uint64 `json:"u"` // deliveries that reached nobody
}

func (s *Server) inspect(ctx context.Context, queue string) ([]Message, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for certain := time.Now().Add(2 * time.Second); ; {
		all, sure, err := s.look(ctx, queue, nobody)
		if err != nil || sure || time.Now().After(certain) {
			return all, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// nobody is later than any message.
const nobody = math.MaxUint64

// look reads a queue once, and tells whether the states are certain: nothing
// moved meanwhile, and the server's records agree with JetStream's counters.
func (s *Server) look(ctx context.Context, queue string, from uint64) (all []Message, sure bool, err error) {
	js, err := s.jetStream()
	if err != nil {
		return nil, false, err
	}
	i := inspection{key: mapping.QueueName(queue).Key(), from: from}
	if all, sure, err = i.do(ctx, js); err != nil {
		err = fmt.Errorf("look into queue %s: %w", queue, err)
	}
	return all, sure, err
}

var errNoQueue = errors.New("there is no such queue")

func (s *Server) jetStream() (jetstream.JetStream, error) {
	conn, err := s.service.connect(s.who)
	if err != nil {
		return nil, err
	}
	return jetstream.New(conn)
}

func (i *inspection) do(ctx context.Context, js jetstream.JetStream) (all []Message, sure bool, err error) {
	i.stream, err = js.Stream(ctx, "cmq-queue-"+i.key)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, false, errNoQueue
	}
	if err != nil {
		return nil, false, err
	}
	secret, err := base64.StdEncoding.DecodeString(i.stream.CachedInfo().Config.Metadata["cmq.secret"])
	if err != nil || len(secret) < 8 {
		return nil, false, errors.New("its stream's metadata is damaged")
	}
	i.salt = binary.BigEndian.Uint64(secret)
	receivers, err := i.receivers(ctx)
	if err != nil {
		return nil, false, err
	}
	i.before = *receivers.CachedInfo()
	agrees, err := i.readLedger(ctx, js)
	if err != nil {
		return nil, false, err
	}
	if all, err = i.read(ctx); err != nil {
		return nil, false, err
	}
	after, err := receivers.Info(ctx)
	if err != nil {
		return nil, false, err
	}
	still := i.before.Delivered.Stream == after.Delivered.Stream && i.before.AckFloor.Stream == after.AckFloor.Stream &&
		i.before.NumAckPending == after.NumAckPending && i.before.NumPending == after.NumPending
	return all, agrees && still, nil
}

// receivers is the consumer of the queue's receivers: that of the greatest
// generation.
func (i *inspection) receivers(ctx context.Context) (jetstream.Consumer, error) {
	for {
		latest, err := i.latest(ctx)
		if err != nil {
			return nil, err
		}
		if latest != "" {
			return i.stream.Consumer(ctx, latest)
		}
		select { // a list may miss a consumer that has just been made
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// latest is the name of the consumer in force, if it is listed.
func (i *inspection) latest(ctx context.Context) (latest string, err error) {
	var greatest uint64
	names := i.stream.ConsumerNames(ctx)
	for name := range names.Name() {
		text, ours := strings.CutPrefix(name, "receivers-")
		if n, err := strconv.ParseUint(text, 36, 64); ours && err == nil && n > greatest {
			greatest, latest = n, name
		}
	}
	return latest, names.Err()
}

// readLedger finds out which messages are received and not deleted, and tells
// whether these are as many as JetStream counts.
func (i *inspection) readLedger(ctx context.Context, js jetstream.JetStream) (agrees bool, err error) {
	i.held = map[uint64]lease{}
	if i.before.NumAckPending == 0 {
		return true, nil
	}
	ledger, err := js.Stream(ctx, "cmq-ledger")
	if err != nil {
		return false, err
	}
	info, err := ledger.Info(ctx, jetstream.WithSubjectFilter("cmq.ledger."+i.key+".*"))
	if err != nil {
		return false, err
	}
	var gone []uint64
	for subject := range info.State.Subjects {
		m, err := ledger.GetLastMsgForSubject(ctx, subject)
		if err != nil {
			return false, err
		}
		gone = append(gone, i.learn(m.Data)...)
	}
	for _, seq := range gone {
		delete(i.held, seq)
	}
	return len(i.held) == i.before.NumAckPending, nil
}

// learn takes over what one server recorded, and gives what it deleted of
// others'.
func (i *inspection) learn(data []byte) (gone []uint64) {
	var r struct {
		Generation uint64   `json:"gen"`
		Leases     []lease  `json:"leases"`
		Gone       []uint64 `json:"gone"`
	}
	if json.Unmarshal(data, &r) != nil || "receivers-"+strconv.FormatUint(r.Generation, 36) != i.before.Name {
		return nil
	}
	for _, l := range r.Leases {
		if l.Seq > i.before.AckFloor.Stream && l.Delivery >= i.held[l.Seq].Delivery {
			i.held[l.Seq] = l
		}
	}
	return r.Gone
}

// read lists what is not deleted.
func (i *inspection) read(ctx context.Context) (all []Message, err error) {
	all, err = i.readSubject(ctx, nil, "cmq.queue."+i.key, min(i.before.AckFloor.Stream+1, i.from))
	if err != nil {
		return nil, err
	}
	return i.readSubject(ctx, all, "cmq.delay."+i.key+".*", 1)
}

func (i *inspection) readSubject(ctx context.Context, all []Message, subject string, seq uint64) ([]Message, error) {
	for len(all) < most {
		m, err := i.stream.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(subject))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		seq = m.Sequence + 1
		if one := i.message(m); one.State != Deleted || one.seq >= i.from {
			all = append(all, one)
		}
	}
	return all, nil
}

// message gives a stored message CMQ's words.
func (i *inspection) message(m *jetstream.RawStreamMsg) Message {
	one := Message{
		seq:         m.Sequence,
		State:       Deleted,
		ID:          m.Header.Get("Cmq-Message-Id"),
		Body:        string(m.Data),
		EnqueueTime: m.Time,
		Topic:       m.Header.Get("Cmq-Origin-Topic"),
		TopicID:     m.Header.Get("Cmq-Origin-Message-Id"),
		Tags:        splitTags(m.Header),
		RoutingKey:  m.Header.Get("Cmq-Routing-Key"),
		DeadFrom:    m.Header.Get("Cmq-Origin-Queue"),
	}
	if one.ID == "" {
		one.ID = mapping.MessageID(m.Sequence, i.salt)
	}
	if ms, err := strconv.ParseInt(m.Header.Get("Cmq-Enqueue-Time"), 10, 64); err == nil {
		one.EnqueueTime = time.UnixMilli(ms)
	}
	l, held := i.held[m.Sequence]
	switch {
	case strings.HasPrefix(m.Subject, "cmq.delay."):
		one.State = Delayed
	case m.Sequence > i.before.Delivered.Stream:
		one.State = Active
	case held:
		one.State = i.stateOf(l)
		one.DequeueCount = int(l.Delivery - min(l.Unheard, l.Delivery))
	}
	return one
}

// stateOf tells whether a message that was received is hidden still: for as
// long as its receiver was promised, or until the queue's timeout if that was
// made shorter meanwhile.
func (i *inspection) stateOf(l lease) State {
	hidden := min(time.Duration(l.Promised)*time.Millisecond+slack, i.before.Config.AckWait)
	if l.Given > 0 && time.Now().Before(time.UnixMilli(l.Given).Add(hidden)) {
		return Inactive
	}
	return Active
}

// slack is by how much messages are hidden longer than their receivers know.
const slack = 100 * time.Millisecond

func splitTags(h nats.Header) []string {
	tags := strings.Split(h.Get("Cmq-Tags"), ",")
	for n := range tags {
		tags[n] = strings.TrimSpace(tags[n])
	}
	return slices.DeleteFunc(tags, func(tag string) bool { return tag == "" })
}

// whatIsIn tells the reader of a failed test what a queue holds.
func (s *Server) whatIsIn(queue string) string {
	all, err := s.inspect(context.WithoutCancel(s.t.Context()), queue)
	if err != nil {
		return fmt.Sprintf("What is in it cannot be told: %v", err)
	}
	return list("In queue "+queue, all)
}

func list[T fmt.Stringer](where string, all []T) string {
	if len(all) == 0 {
		return where + " is nothing."
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%d):", where, len(all))
	for _, one := range all {
		b.WriteString("\n\t" + one.String())
	}
	return b.String()
}
