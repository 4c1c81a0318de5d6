package queues

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
)

// readySubject is of the ledger, and no queue's: those have two words behind.
const readySubject = ledgerSubject + "ready"

// Ready stores a word in JetStream, as a send would, and tells why that fails.
// A disk that is nearly full is no reason: receives and deletes, which make
// room, go on.
func (b *Broker) Ready(ctx context.Context) error {
	ctx, cancel := b.conn.Within(ctx)
	defer cancel()
	if _, err := b.conn.Publish(ctx, &nats.Msg{Subject: readySubject, Data: []byte(b.session)}); err != nil {
		return fmt.Errorf("JetStream takes no write: %w", err)
	}
	return nil
}
