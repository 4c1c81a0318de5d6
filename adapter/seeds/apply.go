package seeds

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jetcmq/jetcmq/adapter/action"
	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/account"
)

// Rules are what the server allows besides.
type Rules struct {
	MaxQueues, MaxTopics, MaxSubscriptions int                // 0 is any number
	CheckEndpoint                          func(string) error // tells why nothing may be pushed there; nil allows all
}

// Result counts what Apply did.
type Result struct{ Created, Changed, Unchanged int }

// Apply makes what is missing and sets what is said and differs. Everything
// else it leaves alone: what the file does not name, attributes it does not
// say. It changes nothing before it knows that all can be done, so Faults that
// it finds leave everything as it was, but for faults that somebody else makes
// possible meanwhile. Any number of servers may apply files at once. Other
// errors than Faults are of the moment: it may be called again.
func (f *File) Apply(ctx context.Context, on map[string]*account.Account, rules Rules) (Result, error) {
	fs := &faults{file: f.name}
	var result Result
	if err := f.CheckAccounts(slices.Sorted(maps.Keys(on))); err != nil {
		return result, err
	}
	var all []*work
	for _, c := range f.accounts {
		w := &work{fs, rules, Inside(on[c.account]), c, map[*resource]state{}, &result}
		if err := w.plan(ctx); err != nil {
			return result, err
		}
		all = append(all, w)
	}
	for _, w := range all {
		if err := fs.err(); err != nil {
			return result, err
		}
		if err := w.do(ctx); err != nil {
			return result, err
		}
	}
	return result, fs.err()
}

// work is what is to be done in one account.
type work struct {
	*faults
	rules  Rules
	call   Call
	file   *content
	have   map[*resource]state
	result *Result
}

// plan looks at what there is, and finds what cannot be done.
func (w *work) plan(ctx context.Context) error {
	for _, q := range w.file.queues {
		if err := w.prepare(ctx, q); err != nil {
			return err
		}
		if dead := q.said(policyQueue); dead != nil && dead.value[0] != "" {
			if err := w.expect(ctx, *dead); err != nil {
				return err
			}
		}
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
func (w *work) room(ctx context.Context, all []*resource, lists list3, most int, setting string) error {
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

// do makes and sets everything, what others need first: queues without
// dead-letter queue, which may be one, before those that have one.
func (w *work) do(ctx context.Context) error {
	var first, then []*resource
	for _, q := range w.file.queues {
		if dead := q.said(policyQueue); dead != nil && dead.value[0] != "" {
			then = append(then, q)
		} else {
			first = append(first, q)
		}
	}
	then = append(then, w.file.topics...)
	for _, t := range w.file.topics {
		then = append(then, t.subs...)
	}
	for _, r := range append(first, then...) {
		if err := w.ensure(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// patience is how often another server may be faster.
const patience = 5

// ensure brings one resource in line with the file.
func (w *work) ensure(ctx context.Context, r *resource) error {
	have := w.have[r]
	for range patience {
		err := w.bring(ctx, r, have)
		switch {
		case err == nil:
			return w.err()
		case !errors.Is(err, r.taken) && !errors.Is(err, r.missing):
			return w.failed(r, err)
		}
		// Another server was faster, or somebody deleted it.
		if have, err = w.look(ctx, r); err != nil {
			return err
		}
		w.have[r] = have
		if w.compare(r); len(w.all) > 0 {
			return w.err()
		}
	}
	return fmt.Errorf("%s %s is made and deleted by others all the time", r.noun, r.name)
}

// failed is what is to be told of a call that failed.
func (w *work) failed(r *resource, err error) error {
	if told := new(mapping.Error); !errors.As(err, &told) {
		return fmt.Errorf("%s %s: %w", r.noun, r.name, err)
	}
	w.blame(r, err)
	return w.err()
}

// bring makes or changes one resource, of which there is have.
func (w *work) bring(ctx context.Context, r *resource, have state) error {
	if have == nil {
		w.result.Created++
		_, err := w.call(ctx, r.create.TDMQ, r.creation())
		return err
	}
	pairs, emptied := r.changes(have)
	if len(pairs) == 0 && emptied == nil {
		w.result.Unchanged++
		return nil
	}
	w.result.Changed++
	if emptied != nil {
		if _, err := w.call(ctx, emptied.TDMQ, r.emptying(emptied)); err != nil {
			return err
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	_, err := w.call(ctx, r.modify.TDMQ, append(r.naming(), pairs...))
	return err
}

// changes is what differs from have, for the action that sets it; and the action
// that empties something, if need be.
func (r *resource) changes(have state) (pairs []action.Pair, emptied *action.Action) {
	group := false
	for i := range r.says {
		s := &r.says[i]
		switch {
		case s.fixed || !s.differs(have):
		case s.group != "" && s.value[0] == "":
			emptied = action.UnbindDeadLetter
		case s.form == list && len(s.value) == 0:
			emptied = action.ClearSubscriptionFilterTags
		case s.group != "":
			group = true
		default:
			pairs = append(pairs, s.pairs()...)
		}
	}
	for i := range r.says {
		if s := &r.says[i]; group && s.group != "" {
			pairs = append(pairs, s.pairs()...) // a policy is said as a whole
		}
	}
	return pairs, emptied
}

// emptying is what such an action is told.
func (r *resource) emptying(a *action.Action) []action.Pair {
	if a == action.UnbindDeadLetter {
		return []action.Pair{{Name: "SourceQueueName", Value: r.name}}
	}
	return r.naming()
}
