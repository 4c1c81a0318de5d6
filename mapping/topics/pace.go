package topics

import (
	"context"
	"fmt"
	"time"

	"github.com/jetcmq/jetcmq/mapping/jet"
	"github.com/nats-io/nats.go"
)

// Filter subjects keep from a subscription what it does not want, and cost
// nothing while it keeps up. Behind a backlog JetStream 2.15 looks for the next
// message among all subjects of a file: with two filters and 20,000 routing
// keys it then gives 100 messages a second, without filters 300,000. So a
// subscription that falls behind reads everything, and the pump drops what does
// not match, until it has caught up.
const (
	farBehind = 1000 // messages
	caughtUp  = 100
	paceEvery = time.Second // at most
)

// pace takes the filters off or puts them on again if it is time to.
func (p *pump) pace(s *subscription, r *reading, behind uint64) {
	if s.catchingUp && behind > caughtUp || !s.catchingUp && (behind < farBehind || len(s.subjects(&r.settings)) == 0) {
		return
	}
	if !p.pacing.CompareAndSwap(false, true) {
		return
	}
	p.t.b.done.Go(func() {
		defer p.pacing.Store(false)
		if err := p.catchUp(!s.catchingUp); err != nil {
			p.t.b.log.Debug("catch up", "topic", p.t.key, "subscription", s.name, "error", err)
		}
		_ = jet.Pause(p.life, paceEvery) // ended: so is this
	})
}

// catchUp changes whether the subscription is catching up.
func (p *pump) catchUp(on bool) error {
	ctx, cancel := p.t.b.conn.Within(p.life)
	defer cancel()
	if err := p.t.lock(ctx); err != nil {
		return err
	}
	defer p.t.unlock()
	r, err := p.t.read(ctx)
	if err != nil {
		return err
	}
	s := r.subs[p.now.Load().key]
	if s == nil || s.id != p.now.Load().id || s.catchingUp == on {
		return nil
	}
	return p.t.put(ctx, r, *s, func(s *subscription) { s.catchingUp = on })
}

// put changes a subscription, under the turn, and tells other brokers, whom
// JetStream does not tell of a consumer that was changed.
func (t *topic) put(ctx context.Context, r *reading, s subscription, set func(*subscription)) error {
	set(&s)
	consumer, err := t.b.conn.JS.UpdateConsumer(ctx, t.stream, t.b.consumerConfig(&r.settings, s))
	if err != nil {
		return fmt.Errorf("update consumer of subscription %s: %w", s.name, err)
	}
	if changed, ours := readSubscription(consumer.CachedInfo().Config); ours {
		t.with(r, s.key, changed)
	}
	return t.b.conn.NC.PublishMsg(nats.NewMsg(changeSubject + t.key))
}
