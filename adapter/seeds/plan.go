package seeds

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/jetcmq/jetcmq/mapping"
)

// plan looks at what there is, and finds what cannot be done.
func (w *work) plan(ctx context.Context) error {
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
	return errors.Join(
		w.room(ctx, w.file.queues, describeQueues, w.rules.MaxQueues, "JETCMQ_MAX_QUEUES"),
		w.room(ctx, w.file.topics, describeTopics, w.rules.MaxTopics, "JETCMQ_MAX_TOPICS"))
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
	if len(w.all) == found {
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
		endpoint := s.said("endpoint")
		if w.have[s] = all[key(s.name)]; w.have[s] == nil {
			count++
		}
		w.compare(s)
		if mapping.Protocol(s.value("protocol")) == mapping.ProtocolQueue {
			if err := w.expect(ctx, *endpoint); err != nil {
				return err
			}
		} else if w.rules.CheckEndpoint != nil {
			if err := w.rules.CheckEndpoint(endpoint.value[0]); err != nil {
				w.add(endpoint.at, "endpoint: %s: %s", shown(endpoint.value[0]), err)
			}
		}
	}
	if most := w.rules.MaxSubscriptions; most > 0 && count > most {
		w.add(t.at, "topic %s would have %d subscriptions, more than %d (JETCMQ_MAX_SUBSCRIPTIONS)", t.name, count, most)
	}
	return nil
}

// expect finds the queue that a value names: in the file, or on the server.
func (w *work) expect(ctx context.Context, s said) error {
	name := s.value[0]
	if name == "" {
		return nil
	}
	if slices.ContainsFunc(w.file.queues, func(q *resource) bool { return key(q.name) == key(name) }) {
		return nil
	}
	have, err := w.look(ctx, &resource{kind: queues, name: name})
	if err == nil && have == nil {
		w.add(s.at, "%s: there is no queue %s, neither here nor on the server", s.name, name)
	}
	return err
}

// room tells whether the account has room for all that is to be made.
func (w *work) room(ctx context.Context, all []*resource, lists listing, most int, setting string) error {
	count := 0
	var last *resource
	for _, r := range all {
		if w.have[r] == nil {
			count++
			last = r
		}
	}
	if most == 0 || count == 0 {
		return nil
	}
	there, err := lists.total(ctx, w.call)
	if err != nil {
		return err
	}
	if there+count > most {
		w.add(last.at, "the account would have %d %ss, more than %d (%s)", there+count, last.noun, most, setting)
	}
	return nil
}
