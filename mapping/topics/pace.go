package topics

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping/jet"
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
	if s.catchingUp && behind > caughtUp || !s.catchingUp && (behind < farBehind || s.subjects(&r.settings)[0] == everything) {
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
	return p.t.amend(p.life, p.key, p.id, func(s *subscription) bool {
		changed := s.catchingUp != on
		s.catchingUp = on
		return changed
	})
}

// settle forgets former filters, the last of which holds up to a sequence.
func (t *topic) settle(ctx context.Context, s *subscription, until uint64) error {
	return t.amend(ctx, s.key, s.id, func(s *subscription) bool {
		if len(s.Former) == 0 || s.Former[len(s.Former)-1].Until != until {
			return false
		}
		s.Former = nil
		return true
	})
}

// amend changes a subscription, if it is still there and set finds something to
// change.
func (t *topic) amend(ctx context.Context, key, id string, set func(*subscription) bool) error {
	return t.b.conn.Alone(ctx, t.stream, func(ctx context.Context) error {
		if err := t.lock(ctx); err != nil {
			return err
		}
		defer t.unlock()
		if t.gone {
			return nil
		}
		r, err := t.read(ctx)
		if err != nil {
			return err
		}
		s := r.subs[key]
		if s == nil || s.id != id {
			return nil
		}
		next := *s
		if !set(&next) {
			return nil
		}
		err = t.put(ctx, r, next)
		t.notice(ctx)
		return err
	})
}

// put makes the subscription what s says, under the turn.
func (t *topic) put(ctx context.Context, r *reading, s subscription) error {
	config, err := t.updateConsumer(ctx, t.b.consumerConfig(&r.settings, s))
	if err != nil {
		return fmt.Errorf("update consumer of subscription %s: %w", s.name, err)
	}
	if changed, ours := readSubscription(config); ours {
		t.with(r, s.key, changed)
	}
	return nil
}

// updateConsumer gives a consumer's configuration once it is in force. In a
// cluster any server with the consumer may answer an update, and the one that
// delivers for it may hear of it later.
func (t *topic) updateConsumer(ctx context.Context, c jetstream.ConsumerConfig) (jetstream.ConsumerConfig, error) {
	consumer, err := t.b.conn.JS.UpdateConsumer(ctx, t.stream, c)
	for err == nil {
		var info *jetstream.ConsumerInfo
		if info, err = consumer.Info(ctx); err == nil && info.Config.Metadata[metaAttributes] == c.Metadata[metaAttributes] &&
			info.Config.Metadata[metaCatchingUp] == c.Metadata[metaCatchingUp] {
			return info.Config, nil
		}
		if err == nil {
			err = jet.Pause(ctx, 5*time.Millisecond)
		}
	}
	return c, err
}

// settleAll has subscriptions forget the former filters under which nothing is
// left to be delivered, and tells whether there were any.
func (t *topic) settleAll(ctx context.Context) (found bool, err error) {
	for _, s := range t.reading.Load().changed() {
		found = true
		within, cancel := t.b.conn.Within(ctx)
		consumer, err := t.b.conn.JS.Consumer(within, t.stream, consumerPrefix+s.key)
		cancel()
		if err != nil {
			return found, err
		}
		// JetStream counts a message a moment after it was published.
		info, until := consumer.CachedInfo(), s.Former[len(s.Former)-1].Until
		idle := info.NumPending+uint64(info.NumAckPending) == 0 && time.Since(time.Unix(s.modified, 0)) > 3*time.Second
		if !idle && info.AckFloor.Stream < until {
			continue
		}
		if err := t.settle(ctx, s, until); err != nil {
			return found, err
		}
	}
	return found, nil
}

// changed lists the subscriptions that have former filters.
func (r *reading) changed() (all []*subscription) {
	if r == nil {
		return nil
	}
	for _, s := range r.subs {
		if len(s.Former) > 0 {
			all = append(all, s)
		}
	}
	return all
}

// patient has JetStream wait for an attempt as long as one may take here. A
// broker with a shorter JETCMQ_TIME_SCALE may have made the consumer, and its
// wait would have JetStream give out messages anew whose pushes still run.
func (p *pump) patient(s *subscription) {
	short := func(s *subscription) bool { return s.consumer.AckWait < p.t.b.ackWait(s.Protocol) }
	if !short(s) {
		return
	}
	if err := p.t.amend(p.life, p.key, p.id, short); err != nil {
		p.t.b.log.Debug("lengthen the wait", "topic", p.t.key, "subscription", p.key, "error", err)
	}
}
