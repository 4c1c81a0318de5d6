package jet

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
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

// OpenTurns makes what Alone needs in the account.
func (c *Conn) OpenTurns(ctx context.Context) error {
	want := jetstream.StreamConfig{
		Name:        turnStream,
		Description: "CMQ: who is changing a configuration just now",
		Subjects:    []string{turnSubject + ">"},
		Storage:     jetstream.MemoryStorage, // a turn need not outlive the servers it is taken at
		Replicas:    c.Replicas,
		MaxAge:      time.Hour,
		AllowMsgTTL: true,
	}
	_, err := c.JS.CreateStream(ctx, want)
	var refused *jetstream.APIError
	if errors.As(err, &refused) && refused.ErrorCode != jetstream.JSErrCodeStreamNameInUse && !Between(err) {
		want.Storage = c.Storage() // an account may be without memory
		_, err = c.JS.CreateStream(ctx, want)
	}
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		c.Replicate(turnStream)
		return nil
	}
	return err
}

// Alone has f work while nobody else in the account, in whatever process, works
// under that name, which has the form of a stream's. The turn of one who died
// ends by itself, half a second after the longest call.
func (c *Conn) Alone(ctx context.Context, name string, f func(context.Context) error) error {
	ctx, cancel := c.Within(ctx)
	defer cancel()
	turn, err := c.takeTurn(ctx, name)
	if err != nil {
		return fmt.Errorf("wait for another change of %s: %w", name, err)
	}
	if err = f(ctx); err != nil && Lost(err) {
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
		switch {
		case err == nil:
			return seq, nil
		case errors.Is(err, nats.ErrNoResponders): // between two leaders, or removed
			if err := c.OpenTurns(ctx); err != nil && !Lost(err) {
				return 0, err
			}
		case !Between(err) && !taken(err):
			return 0, err
		}
		if err := Pause(ctx, turnPause+rand.N(turnPause)); err != nil {
			return 0, err
		}
	}
}

// turnPause is between two attempts to get a turn: changes take milliseconds.
const turnPause = 4 * time.Millisecond

func taken(err error) bool {
	var refused *jetstream.APIError
	return errors.As(err, &refused) && slices.Contains([]jetstream.ErrorCode{wrongLastSequence, wrongLastSequenceNow}, refused.ErrorCode)
}

const (
	wrongLastSequence    = 10071 // "wrong last sequence: 7"
	wrongLastSequenceNow = 10164 // the same, said of a message that is only being stored
)

// endTurn gives a turn back. One that is not given back ends by itself.
func (c *Conn) endTurn(ctx context.Context, seq uint64) {
	ctx, cancel := c.Within(context.WithoutCancel(ctx))
	defer cancel()
	m := nats.NewMsg("$JS.API.STREAM.MSG.DELETE." + turnStream)
	m.Data = fmt.Appendf(nil, `{"seq":%d,"no_erase":true}`, seq)
	if _, err := c.Request(ctx, m); err != nil {
		c.Log.Debug("give a turn back", "error", err)
	}
}
