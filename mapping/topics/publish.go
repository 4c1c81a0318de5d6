package topics

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/jet"
)

// Publish stores all bodies or none, all with the same labels, and gives their
// msgIds once JetStream has acknowledged them. Errors: ErrNoTopic,
// ErrBodyTooLarge, ErrBatchTooLarge, ErrSendRefused while the disk is nearly
// full; ErrNoSubscribers and ErrNoMatch when no subscription, and no consumer
// of a NATS program, would get them.
func (b *Broker) Publish(ctx context.Context, name mapping.TopicName, bodies []string, l mapping.Labels) (ids []string, err error) {
	began := time.Now()
	ctx, done := b.conn.Within(ctx)
	defer done()
	t, r, err := b.topic(ctx, name)
	if err != nil {
		return nil, err
	}
	if err := r.fits(bodies); err != nil {
		return nil, err
	}
	subject := r.subject(l)
	if err := t.reaches(ctx, r, subject, l, began); err != nil {
		return nil, err
	}
	if why := b.conn.Refuse(bodies); why != "" {
		return nil, mapping.ErrSendRefused.Because(why)
	}
	// Whoever has begun to store goes through with it: a caller that hangs up
	// must not leave it unknown whether the batch is there.
	ctx, cancel := b.conn.Through(ctx)
	defer cancel()
	t.use()
	first, err := t.store(ctx, r.outgoing(subject, bodies, l))
	if err != nil {
		return nil, err
	}
	for i := range bodies {
		ids = append(ids, mapping.MessageID(first+uint64(i), r.salt))
	}
	return ids, nil
}

// use tells the keeper that there may be something to look after.
func (t *topic) use() {
	if !t.active.Load() { // all publishers pass here: writing each time would have them wait for each other
		t.active.Store(true)
	}
}

func (s *settings) fits(bodies []string) error {
	size := 0
	for _, body := range bodies {
		if len(body) == 0 {
			return mapping.ErrEmptyBody
		}
		if len(body) > s.maxSize {
			return mapping.ErrBodyTooLarge
		}
		size += len(body)
	}
	if size > mapping.MaxBodySize {
		return mapping.ErrBatchTooLarge
	}
	return nil
}

// reaches tells whether somebody would get a message. "Nobody" is only said
// after a look that was begun after the call was.
func (t *topic) reaches(ctx context.Context, r *reading, subject string, l mapping.Labels, began time.Time) error {
	if t.b.conf.AcceptUnrouted || r.routes.known(subject) {
		return nil
	}
	if !r.reaches(subject, l) {
		var err error
		if r, err = t.fresh(ctx, began); err != nil {
			return err
		}
		switch {
		case r.reaches(subject, l):
		case len(r.subs) == 0:
			return mapping.ErrNoSubscribers
		default:
			return mapping.ErrNoMatch
		}
	}
	r.routes.learn(subject)
	return nil
}

func (r *reading) reaches(subject string, l mapping.Labels) bool {
	for _, s := range r.subs {
		if s.passes(&r.settings, l) {
			return true
		}
	}
	for _, c := range r.natives {
		filters := c.FilterSubjects
		if c.FilterSubject != "" {
			filters = []string{c.FilterSubject}
		}
		if len(filters) == 0 || slices.ContainsFunc(filters, func(f string) bool { return covers(f, subject) }) {
			return true
		}
	}
	return false
}

// covers tells whether a NATS filter matches a subject.
func covers(filter, subject string) bool {
	f, s := strings.Split(filter, "."), strings.Split(subject, ".")
	for i, token := range f {
		if token == ">" {
			return len(s) > i
		}
		if i >= len(s) || token != "*" && token != s[i] {
			return false
		}
	}
	return len(f) == len(s)
}

// outgoing gives bodies the form JetStream stores: the bare body, its words in
// the subject, and in a header what the topic does not filter by.
func (s *settings) outgoing(subject string, bodies []string, l mapping.Labels) (ms []*nats.Msg) {
	for _, body := range bodies {
		m := &nats.Msg{Subject: subject, Data: []byte(body), Header: nats.Header{}}
		if s.filterType == mapping.FilterKey && len(l.Tags) > 0 {
			m.Header[headerTags] = []string{strings.Join(l.Tags, ", ")}
		}
		if s.filterType == mapping.FilterTag && l.RoutingKey != "" {
			m.Header[headerRoutingKey] = []string{l.RoutingKey}
		}
		ms = append(ms, m)
	}
	return ms
}

// store publishes ms, trying again while a cluster is between two leaders.
func (t *topic) store(ctx context.Context, ms []*nats.Msg) (first uint64, err error) {
	for {
		first, err := t.group.Publish(ctx, ms)
		if err == nil {
			return first, nil
		}
		again, err := t.missing(ctx, err)
		if !again || jet.Pause(ctx, 50*time.Millisecond) != nil {
			return 0, fmt.Errorf("publish to topic %s: %w", t.key, err)
		}
	}
}
