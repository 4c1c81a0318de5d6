package seeds

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

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
// say. It looks whether all can be done before it changes anything: Faults leave
// everything as it was, unless somebody else makes changes meanwhile. Any number
// of servers may apply files at once. Other errors than Faults are of the
// moment: it may be called again.
func (f *File) Apply(ctx context.Context, on map[string]*account.Account, rules Rules) (Result, error) {
	fs := &faults{file: f.name}
	var result Result
	if err := f.CheckAccounts(slices.Sorted(maps.Keys(on))); err != nil {
		return result, err
	}
	var all []*work
	for _, c := range f.accounts {
		w := newWork(c, fs, &result)
		w.rules, w.call = rules, Inside(on[c.account])
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
	named  map[string]bool // queues of the file, by key
	have   map[*resource]state
	result *Result
}

func newWork(c *content, fs *faults, result *Result) *work {
	w := &work{faults: fs, file: c, named: map[string]bool{}, have: map[*resource]state{}, result: result}
	for _, q := range c.queues {
		w.named[key(q.name)] = true
	}
	return w
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
		// Another server was faster, or somebody deleted it; in a cluster not all
		// may know yet.
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
		if have, err = w.look(ctx, r); err != nil {
			return err
		}
		w.have[r] = have
		if w.compare(r); len(w.all) > 0 {
			return w.err()
		}
	}
	return fmt.Errorf("%s %s changes while it is made: others make or delete it, too", r.noun, r.name)
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
		return w.act(ctx, &w.result.Created, step{r.create, r.creation()})
	}
	pairs, emptied := r.changes(have)
	var calls []step
	if emptied != nil {
		calls = append(calls, step{emptied, r.emptying(emptied)})
	}
	if len(pairs) > 0 {
		calls = append(calls, step{r.modify, append(r.naming(), pairs...)})
	}
	if len(calls) == 0 {
		w.result.Unchanged++
		return nil
	}
	return w.act(ctx, &w.result.Changed, calls...)
}

// step is one call.
type step struct {
	*action.Action
	in []action.Pair
}

// act makes calls and counts them as one thing if they go well.
func (w *work) act(ctx context.Context, count *int, calls ...step) error {
	for _, c := range calls {
		if _, err := w.call(ctx, c.TDMQ, c.in); err != nil {
			return err
		}
	}
	*count++
	return nil
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
