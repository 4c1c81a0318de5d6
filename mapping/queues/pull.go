package queues

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// glimpse takes up to most messages that are there now. It asks twice before
// it says that nothing is: at once, which a busy engine answers truly however
// late, and with a short wait, which sees what was sent just before.
func (q *queue) glimpse(ctx context.Context, most int) ([]*nats.Msg, error) {
	got, err := q.pull(ctx, most, 0)
	if len(got) == 0 && err == nil {
		got, err = q.pull(ctx, most, q.now().glance())
	}
	return got, err
}

// pull asks the consumer for up to most messages, waits at most expires for
// the first and gives what came.
func (q *queue) pull(ctx context.Context, most int, expires time.Duration) (got []*nats.Msg, err error) {
	// JetStream is heard out even if the caller goes away: what it delivers
	// would else be hidden until its visibility timeout ends.
	ctx, cancel := q.b.conn.Within(context.WithoutCancel(ctx))
	defer cancel()
	s := q.now()
	pull, err := q.b.conn.Pull(q.stream, s.consumer, most, expires)
	if err != nil {
		return nil, fmt.Errorf("receive from queue %s: %w", s.name, err)
	}
	defer pull.Release(q.b.life, q.stray) // answers that come too late are handed back
	for {
		m, err := pull.Next(ctx)
		switch {
		case m != nil:
			got = append(got, m)
		case err != nil && len(got) == 0:
			return nil, fmt.Errorf("receive from queue %s: %w", s.name, err)
		default:
			return got, nil
		}
	}
}

// stray hands back a delivery that nobody waits for any more.
func (q *queue) stray(m *nats.Msg) {
	d, err := readDelivery(m)
	s := q.now()
	if err != nil || d.consumer != s.consumer {
		return
	}
	if _, free := q.open(context.Background(), s, d); free {
		q.returned(s, d.handle())
	}
}
