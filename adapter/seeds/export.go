package seeds

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jetcmq/jetcmq/adapter/action"
)

// Source is an account to write down.
type Source struct {
	Account string
	Call    Call
}

// Export writes the seeds file of what there is: all queues, topics and
// subscriptions by name, with what differs from API 2.0's defaults. What has no
// effect is left out: a filter that the topic does not look at, and what API 3.0
// only keeps and tells (tags, Trace and the like).
func Export(ctx context.Context, accounts ...Source) ([]byte, error) {
	top, others := &writer{}, &writer{}
	for _, a := range accounts {
		w, indent := top, 0
		if a.Account != DefaultAccount {
			w, indent = &writer{}, 4
		}
		if err := w.account(ctx, a.Call, indent); err != nil {
			return nil, fmt.Errorf("account %s: %w", a.Account, err)
		}
		if w != top && w.Len() > 0 {
			others.line(2, scalar(a.Account)+":")
			others.Write(w.Bytes())
		}
	}
	if others.Len() > 0 {
		top.line(0, "accounts:")
		top.Write(others.Bytes())
	}
	return top.Bytes(), nil
}

type writer struct{ bytes.Buffer }

func (w *writer) line(indent int, text string) {
	w.WriteString(strings.Repeat(" ", indent) + text + "\n")
}

func (w *writer) account(ctx context.Context, call Call, indent int) error {
	all, err := describeQueues.all(ctx, call)
	if err != nil {
		return err
	}
	if len(all) > 0 {
		w.line(indent, "queues:")
	}
	for _, q := range all {
		w.resource(indent+2, queues, q)
	}
	if all, err = describeTopics.all(ctx, call); err != nil {
		return err
	}
	if len(all) > 0 {
		w.line(indent, "topics:")
	}
	for _, t := range all {
		w.resource(indent+2, topics, t)
		if err := w.subscriptions(ctx, call, indent+4, t); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) subscriptions(ctx context.Context, call Call, indent int, t described) error {
	all, err := describeSubscriptions.all(ctx, call, action.Pair{Name: topics.parameter, Value: t.name})
	if err != nil {
		return err
	}
	if len(all) > 0 {
		w.line(indent, "subscriptions:")
	}
	useless := bindingKeys
	if slices.Equal(t.state["filterType"], []string{"2"}) {
		useless = filterTags
	}
	for _, s := range all {
		delete(s.state, useless)
		w.resource(indent+2, subscriptions, s)
	}
	return nil
}

// resource writes one element of a list.
func (w *writer) resource(indent int, k *kind, d described) {
	w.line(indent, "- name: "+scalar(d.name))
	grouped := ""
	for i := range k.attributes {
		a := &k.attributes[i]
		value := d.state[a.name]
		switch {
		case len(value) == 0, a.form != list && value[0] == k.usual(a), unused(a, d.state):
		case a.form == list:
			w.line(indent+2, a.name+": "+flow(value))
		case a.group == "":
			w.line(indent+2, a.name+": "+scalar(value[0]))
		default:
			if grouped != a.group {
				w.line(indent+2, a.group+":")
			}
			grouped = a.group
			w.line(indent+4, a.name+": "+scalar(value[0]))
		}
	}
}

// unused tells that it is the number that a dead-letter policy does not go by.
func unused(a *attribute, have state) bool {
	byAge := slices.Equal(have[policyKind], []string{"1"})
	return a.name == maxReceiveCount && byAge || a.name == maxTimeToLive && !byAge
}

func flow(list []string) string {
	var all []string
	for _, v := range list {
		all = append(all, scalar(v))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// bare is what needs no quotes, unless it is a word that YAML reads otherwise.
var (
	bare     = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_-]*|[1-9][0-9]*|0)$`)
	reserved = regexp.MustCompile(`^(?i:null|true|false|yes|no|on|off|y|n)$`)
)

// scalar writes a text so that every reader of YAML takes it for that text.
func scalar(text string) string {
	if bare.MatchString(text) && !reserved.MatchString(text) {
		return text
	}
	return strconv.Quote(text)
}
