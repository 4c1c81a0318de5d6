package jet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// glance is how long one replica is given to answer a look. One that hangs
// gets its share of all looks until the others notice, which takes minutes.
const glance = 150 * time.Millisecond

// Look asks any replica of a stream for one message by a direct get. It may
// lag behind the leader. An answer without a message has the status 404.
func (c *Conn) Look(ctx context.Context, stream, request string) (*nats.Msg, error) {
	for {
		one, cancel := context.WithTimeout(ctx, glance)
		ask := nats.NewMsg(directGet + stream)
		ask.Data = []byte(request)
		m, err := c.Request(one, ask)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			return m, err
		}
	}
}

const directGet = "$JS.API.DIRECT.GET."

// Stored is where a message stands in its stream.
type Stored struct {
	Sequence uint64    `json:"seq"`
	Time     time.Time `json:"time"`
}

// Find asks the leader of a stream for one message; nil tells that there is none.
func (c *Conn) Find(ctx context.Context, stream, request string) (*Stored, error) {
	ask := nats.NewMsg("$JS.API.STREAM.MSG.GET." + stream)
	ask.Data = []byte(request)
	m, err := c.Request(ctx, ask)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Message *Stored             `json:"message"`
		Error   *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(m.Data, &answer); err != nil {
		return nil, fmt.Errorf("JetStream answered %.100q", m.Data)
	}
	if answer.Error != nil && answer.Error.ErrorCode == noMessage {
		return nil, nil
	}
	if answer.Error != nil {
		return nil, answer.Error
	}
	return answer.Message, nil
}

// All asks any replica of a stream for several messages by a direct get, and
// gives those it tells of, at most MaxPull.
func (c *Conn) All(ctx context.Context, stream, request string) (all []*nats.Msg, err error) {
	for {
		all, err = c.all(ctx, stream, request)
		if len(all) > 0 || !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			return all, err
		}
	}
}

func (c *Conn) all(ctx context.Context, stream, request string) (all []*nats.Msg, err error) {
	answers, err := c.Ask(directGet+stream, []byte(request), MaxPull)
	if err != nil {
		return nil, err
	}
	defer answers.Release(ctx, func(*nats.Msg) {}) // late answers have nobody to reach
	first, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	m, err := answers.Next(first)
	for m != nil {
		all = append(all, m)
		m, err = answers.Next(ctx)
	}
	return all, err
}
