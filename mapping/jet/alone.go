package jet

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// JetStream replaces the configuration of a stream or consumer whole and
// without a condition: of two who read, change and write it at once, one loses
// what it wrote. So whoever changes one puts a message under its name here
// first, of which there can be one at a time, and takes it away afterwards.
const (
	turnStream  = "cmq-turns"
	turnSubject = "cmq.turn." // + what is changed
)

// OpenTurns makes what Alone needs in the account. It is good to have and need
// not succeed: Alone tries again.
func (c *Conn) OpenTurns(ctx context.Context) error {
	c.OnReconnect(func(int64) { // a server that was started anew has forgotten what was in memory
		go c.restoreTurns()
	})
	c.Replicate(turnStream) // made with fewer, perhaps
	return c.makeTurns(ctx)
}

func (c *Conn) restoreTurns() {
	ctx, cancel := c.Within(c.life)
	defer cancel()
	if err := c.makeTurns(ctx); err != nil {
		c.Log.Debug("make turns", "error", err)
	}
}

func (c *Conn) makeTurns(ctx context.Context) error {
	want := jetstream.StreamConfig{
		Name:        turnStream,
		Description: "CMQ: who is changing a configuration just now",
		Subjects:    []string{turnSubject + ">"},
		Storage:     jetstream.MemoryStorage, // a turn need not outlive the servers it is taken at
		Replicas:    c.Replicas,
		MaxAge:      time.Hour,
		AllowMsgTTL: true,
	}
	if c.clustered() {
		want.Replicas = max(3, c.Replicas) // whatever is kept at one server only, changes of the rest go on
	}
	var err error
	for range 3 {
		var refused *jetstream.APIError
		_, err = c.JS.CreateStream(ctx, want)
		if !errors.As(err, &refused) {
			return err
		}
		switch refused.ErrorCode {
		case jetstream.JSErrCodeStreamNameInUse:
			return nil
		case noMemory:
			want.Storage = c.Storage()
		case noPeers:
			want.Replicas = c.Replicas
		default:
			return err
		}
	}
	return err
}

// Alone has f work while nobody else in the account, in whatever process, works
// under that name, which has the form of a stream's. A caller who goes away
// does not end it. The turn of one who died ends by itself, half a second after
// the longest call.
func (c *Conn) Alone(ctx context.Context, name string, f func(context.Context) error) error {
	ctx, cancel := c.Through(ctx)
	defer cancel()
	ctx, cancel = c.Within(ctx)
	defer cancel()
	leave, err := c.line.enter(ctx, name)
	if err != nil {
		return fmt.Errorf("wait for another change of %s: %w", name, err)
	}
	defer leave()
	turn, err := c.takeTurn(ctx, name)
	if err != nil {
		return fmt.Errorf("wait for another change of %s: %w", name, err)
	}
	if err = f(ctx); errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return err // it may still be done: until the turn ends by itself nobody else should begin
	}
	c.endTurn(ctx, turn)
	return err
}

func (c *Conn) takeTurn(ctx context.Context, name string) (seq uint64, err error) {
	m := nats.NewMsg(turnSubject + name)
	m.Header.Set(jetstream.ExpectedLastSubjSeqHeader, "0")
	m.Header.Set(jetstream.MsgTTLHeader, strconv.Itoa(int((c.CallTimeout+time.Second/2+time.Second-1)/time.Second)))
	for {
		seq, err = c.Publish(ctx, m)
		pause := turnPause
		switch {
		case err == nil:
			return seq, nil
		case errors.Is(err, nats.ErrNoResponders): // between two leaders, or removed
			if err := c.makeTurns(ctx); err != nil && !Lost(err) {
				return 0, err
			}
			pause = pauseAgain
		case errors.Is(err, context.DeadlineExceeded):
			go c.restoreTurns() // where somebody listens to everything, nobody says that there is no stream
			return 0, err
		case !Between(err) && !taken(err):
			return 0, err
		}
		if err := Pause(ctx, pause+rand.N(pause)); err != nil {
			return 0, err
		}
	}
}

// turnPause is between two attempts to get a turn: changes take milliseconds.
const turnPause = 4 * time.Millisecond

func taken(err error) bool {
	var refused *jetstream.APIError
	return errors.As(err, &refused) && slices.Contains([]jetstream.ErrorCode{wrongLastSequence, wrongLastSequenceSoon, wrongLastSequenceNow}, refused.ErrorCode)
}

const (
	wrongLastSequence     = 10071 // "wrong last sequence: 7"
	wrongLastSequenceSoon = 10163 // "temporarily unavailable"
	wrongLastSequenceNow  = 10164 // the same, said of a message that is only being stored
	noMemory              = 10028 // "insufficient memory resources available"
)

// endTurn gives a turn back, and does not wait long for it. One that is not
// given back ends by itself.
func (c *Conn) endTurn(ctx context.Context, seq uint64) {
	m := nats.NewMsg("$JS.API.STREAM.MSG.DELETE." + turnStream)
	m.Data = fmt.Appendf(nil, `{"seq":%d,"no_erase":true}`, seq)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ctx, cancel := c.Within(c.life)
		defer cancel()
		if _, err := c.Request(ctx, m); err != nil {
			c.Log.Debug("give a turn back", "error", err)
		}
	}()
	select {
	case <-ended:
	case <-time.After(turnEnds):
	case <-ctx.Done():
	}
}

const turnEnds = 100 * time.Millisecond

// line has those of this process who want the same turn wait for each other, in
// the order in which they came.
type line struct {
	mu    sync.Mutex
	names map[string]*waiters
}

type waiters struct {
	number int // who has it and who waits
	turn   chan struct{}
}

func (l *line) enter(ctx context.Context, name string) (leave func(), err error) {
	l.mu.Lock()
	w := l.names[name]
	if w == nil {
		w = &waiters{turn: make(chan struct{}, 1)}
		if l.names == nil {
			l.names = map[string]*waiters{}
		}
		l.names[name] = w
	}
	w.number++
	l.mu.Unlock()
	forget := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if w.number--; w.number == 0 {
			delete(l.names, name)
		}
	}
	select {
	case w.turn <- struct{}{}:
		return func() { <-w.turn; forget() }, nil
	case <-ctx.Done():
		forget()
		return nil, ctx.Err()
	}
}
