package seeds

import (
	"context"
	"strings"

	"github.com/jetcmq/jetcmq/mapping"
)

// plan looks at what there is, and finds what cannot be done. It counts first and
// looks then: what another server makes meanwhile is not counted twice.
func (w *work) plan(ctx context.Context) error {
	queues, err := describeQueues.total(ctx, w.call)
	if err != nil {
		return err
	}
	topics, err := describeTopics.total(ctx, w.call)
	if err != nil {
		return err
	}
	if err := w.planQueues(ctx); err != nil {
		return err
	}
	for _, t := range w.file.topics {
		if err := w.prepare(ctx, t); err != nil {
			return err
		}
		if err := w.planSubscriptions(ctx, t); err != nil {
			return err
		}
	}
	w.room(queues, w.file.queues, w.rules.MaxQueues, "JETCMQ_MAX_QUEUES")
	w.room(topics, w.file.topics, w.rules.MaxTopics, "JETCMQ_MAX_TOPICS")
	return nil
}

func (w *work) planQueues(ctx context.Context) error {
	rebound := false
	for _, q := range w.file.queues {
		if err := w.prepare(ctx, q); err != nil {
			return err
		}
		dead := q.said(policyQueue)
		if dead == nil || !dead.differs(w.have[q]) {
			continue
		}
		rebound = true
		if err := w.expect(ctx, *dead); err != nil {
			return err
		}
	}
	if !rebound {
		return nil
	}
	all, err := describeQueues.all(ctx, w.call)
	bound := map[string]string{}
	for _, q := range all {
		if dead := q.state[policyQueue]; len(dead) > 0 {
			bound[key(q.name)] = key(dead[0])
		}
	}
	w.judgeBindings(w.file.queues, bound)
	return err
}

// prepare reads what there is of a queue or topic.
func (w *work) prepare(ctx context.Context, r *resource) (err error) {
	if w.have[r], err = w.look(ctx, r); err == nil {
		w.compare(r)
	}
	return err
}

// compare finds what is said of a resource that is there and cannot be set.
func (w *work) compare(r *resource) {
	have := w.have[r]
	if have == nil {
		return
	}
	found := len(w.all)
	for i := range r.attributes {
		a := &r.attributes[i]
		if !a.fixed {
			continue
		}
		if s := (said{a, r.place(a.name), []string{r.value(a.name)}}); s.differs(have) {
			w.add(s.at, "%s %s exists with %s %s, which cannot become %s: delete the %s first, or write what it has",
				r.noun, r.name, a.name, shown(strings.Join(have[a.name], " ")), shown(s.value[0]), r.noun)
		}
	}
	if pairs, _ := r.changes(have); len(w.all) == found && len(pairs) > 0 {
		w.together(r.over(have))
	}
}

func (w *work) planSubscriptions(ctx context.Context, t *resource) error {
	all, err := w.subscriptionsOf(ctx, t)
	if err != nil {
		return err
	}
	count := len(all)
	for _, s := range t.subs {
		w.have[s] = all[key(s.name)]
		if w.compare(s); w.have[s] != nil {
			continue
		}
		count++
		if err := w.planEndpoint(ctx, s); err != nil {
			return err
		}
	}
	if most := w.rules.MaxSubscriptions; most > 0 && count > most {
		w.add(t.at, "topic %s would have %d subscriptions, more than %d (JETCMQ_MAX_SUBSCRIPTIONS)", t.name, count, most)
	}
	return nil
}

func (w *work) planEndpoint(ctx context.Context, s *resource) error {
	endpoint := s.said("endpoint")
	if strings.EqualFold(s.value("protocol"), string(mapping.ProtocolQueue)) {
		return w.expect(ctx, *endpoint)
	}
	if w.rules.CheckEndpoint == nil {
		return nil
	}
	if err := w.rules.CheckEndpoint(endpoint.value[0]); err != nil {
		w.add(endpoint.at, "endpoint: %s: %s", shown(endpoint.value[0]), err)
	}
	return nil
}

// expect finds the queue that a value names, if any: in the file, or on the
// server.
func (w *work) expect(ctx context.Context, s said) error {
	name := s.value[0]
	if name == "" || w.named[key(name)] {
		return nil
	}
	have, err := w.look(ctx, &resource{kind: queues, name: name})
	if err == nil && have == nil {
		w.add(s.at, "%s: there is no queue %s, neither here nor on the server", s.name, name)
	}
	return err
}

// room tells whether the account has room for all that is to be made, beside
// what was there.
func (w *work) room(there int, all []*resource, most int, setting string) {
	missing := 0
	var last *resource
	for _, r := range all {
		if w.have[r] == nil {
			missing++
			last = r
		}
	}
	if most > 0 && missing > 0 && there+missing > most {
		w.add(last.at, "the account would have %d %ss, more than %d (%s)", there+missing, last.noun, most, setting)
	}
}
