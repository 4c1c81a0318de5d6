// Package account opens all that CMQ keeps for one account.
package account

import (
	"context"
	"time"

	"github.com/jetcmq/jetcmq/mapping/jet"
	"github.com/jetcmq/jetcmq/mapping/queues"
	"github.com/jetcmq/jetcmq/mapping/topics"
)

// Config tells where the account lives in NATS, and how its parts may behave.
type Config struct {
	jet.Config
	Queues queues.Config
	Topics topics.Config
}

// Account is one account: its queues and topics.
type Account struct {
	Queues *queues.Broker
	Topics *topics.Broker
	conn   *jet.Conn
}

// Open connects to the account and makes what the service needs there. It
// fails when NATS cannot be reached or JetStream is off.
func Open(ctx context.Context, c Config) (*Account, error) {
	conn, err := jet.Open(c.Config)
	if err != nil {
		return nil, err
	}
	a := &Account{conn: conn}
	if a.Queues, err = queues.Open(ctx, conn, c.Queues); err != nil {
		conn.Close(ctx)
		return nil, err
	}
	if a.Topics, err = topics.Open(ctx, conn, a.Queues, c.Topics); err != nil {
		a.Queues.Close(ctx)
		conn.Close(ctx)
		return nil, err
	}
	return a, nil
}

// Ready tells why the account can not be used at the moment, or nil.
func (a *Account) Ready(ctx context.Context) error { return a.Queues.Ready(ctx) }

// EndPolls makes every waiting receive, and all later ones, answer without
// waiting. It is for shutdown.
func (a *Account) EndPolls() { a.Queues.EndPolls() }

// Close ends the polls and the deliveries and leaves, giving back what it
// holds. Deliveries under way are waited for, but endpoints that hang leave the
// rest a quarter of the time until ctx ends.
func (a *Account) Close(ctx context.Context) {
	brief, cancel := ctx, context.CancelFunc(func() {})
	if end, limited := ctx.Deadline(); limited {
		brief, cancel = context.WithTimeout(ctx, time.Until(end)*3/4)
	}
	defer cancel()
	a.Topics.Close(brief)
	a.Queues.Close(ctx)
	a.conn.Close(ctx)
}
