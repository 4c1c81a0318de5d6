package seeds

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jetcmq/jetcmq/adapter/action"
)

// state is what there is of a resource: values by the name of the attribute, as
// in said. It is nil where there is no such resource.
type state map[string][]string

// state reads what an answer tells of a resource.
func (k *kind) state(object map[string]any) state {
	have := state{}
	for _, a := range k.attributes {
		from := object
		if a.group != "" {
			from, _ = object[a.object()].(map[string]any) // nothing is in null
		}
		name := a.told
		if name == "" {
			name = a.v3
		}
		if v, told := from[name]; told {
			have[a.name] = texts(v)
		}
	}
	return have
}

// object is what the group is called in API 3.0.
func (a *attribute) object() string { return strings.ToUpper(a.group[:1]) + a.group[1:] }

// texts is a value of JSON as the texts it is made of.
func texts(v any) []string {
	elements, many := v.([]any)
	if !many {
		return []string{fmt.Sprint(v)}
	}
	all := []string{}
	for _, e := range elements {
		all = append(all, fmt.Sprint(e))
	}
	return all
}

// decode reads a JSON object; numbers stay as they are written.
func decode(answer []byte) (object map[string]any, err error) {
	d := json.NewDecoder(bytes.NewReader(answer))
	d.UseNumber()
	return object, d.Decode(&object)
}

// naming is how actions are told which resource is meant.
func (r *resource) naming() []action.Pair {
	pairs := []action.Pair{{Name: r.parameter, Value: r.name}}
	if r.of != nil {
		pairs = append(pairs, action.Pair{Name: r.of.parameter, Value: r.of.name})
	}
	return pairs
}

// creation is what the action is told that makes the resource. What the file
// leaves open is said, because defaults differ between the APIs.
func (r *resource) creation() []action.Pair {
	pairs := r.naming()
	for i := range r.attributes {
		a := &r.attributes[i]
		if s := r.said(a.name); s != nil {
			pairs = append(pairs, s.pairs()...)
		} else if usual := r.usual(a); usual != "" {
			pairs = append(pairs, action.Pair{Name: a.v3, Value: usual})
		}
	}
	return pairs
}

func (s *said) pairs() (pairs []action.Pair) {
	for i, v := range s.value {
		switch {
		case s.form == list:
			pairs = append(pairs, action.Pair{Name: s.v3 + "." + strconv.Itoa(i), Value: v})
		case v != "":
			pairs = append(pairs, action.Pair{Name: s.v3, Value: v})
		}
	}
	return pairs
}

// differs tells whether there is something else than what is said.
func (s *said) differs(have state) bool {
	is := have[s.name]
	switch {
	case s.form == list:
		return !slices.Equal(sorted(s.value), sorted(is))
	case len(is) == 0:
		return s.value[0] != ""
	case s.fold == anyCase, s.fold == asQueue && slices.Equal(have["protocol"], []string{"queue"}):
		return !strings.EqualFold(s.value[0], is[0])
	default:
		return s.value[0] != is[0]
	}
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

// over is the resource as it will be: what there is, and what is said of it.
func (r *resource) over(have state) *resource {
	next := *r
	next.says = slices.Clone(r.says)
	for i := range r.attributes {
		a := &r.attributes[i]
		unbound := a.group != "" && r.said(policyQueue) != nil // its members stand or fall together
		if v, is := have[a.name]; is && r.said(a.name) == nil && !unbound {
			next.says = append(next.says, said{a, r.at, v})
		}
	}
	return &next
}
