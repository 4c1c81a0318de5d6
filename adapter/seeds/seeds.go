// Package seeds makes queues, topics and subscriptions that stand in a YAML
// file, and writes such a file from what there is.
//
//	queues:
//	  - name: orders
//	    visibilityTimeout: 1m
//	    deadLetterPolicy: {deadLetterQueue: orders-dead, policy: 0, maxReceiveCount: 5}
//	  - name: orders-dead
//	topics:
//	  - name: news
//	    subscriptions:
//	      - {name: red, protocol: queue, endpoint: orders, filterTags: [red]}
//	accounts:
//	  other:
//	    queues: [{name: theirs}]
//
// Names and units are those of API 2.0. What stands at the top is of the account
// called default. Parse judges a file as far as it goes without a server,
// File.Apply brings a server in line with it, Export writes one.
package seeds

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// DefaultAccount is whose resources stand at the top of a file.
const DefaultAccount = "default"

// File is a seeds file that was found right.
type File struct {
	name     string
	accounts []*content // the default one first, the others as they are written
}

// content is what a file says of one account.
type content struct {
	account string
	at      position
	queues  []*resource
	topics  []*resource
}

// resource is a queue, topic or subscription of a file.
type resource struct {
	*kind
	name string
	at   position // of the name
	says []said   // in the order of the file
	of   *resource
	subs []*resource
}

// said is what a file says of one attribute.
type said struct {
	*attribute
	at    position
	value []string // of a list all elements, else one
}

// said finds what is said of an attribute, or nil.
func (r *resource) said(name string) *said {
	for i := range r.says {
		if r.says[i].name == name {
			return &r.says[i]
		}
	}
	return nil
}

// value is what is said of an attribute, else what API 2.0 makes of it.
func (r *resource) value(name string) string {
	if s := r.said(name); s != nil {
		return s.value[0]
	}
	return r.usual(r.attribute(name))
}

// place is where the file speaks of an attribute, or else of the resource.
func (r *resource) place(name string) position {
	if s := r.said(name); s != nil {
		return s.at
	}
	return r.at
}

// key makes names that differ only in case one.
func key(name string) string { return strings.ToLower(name) }

// CheckAccounts tells which of the accounts that the file speaks of are not
// among those known.
func (f *File) CheckAccounts(known []string) error {
	fs := &faults{file: f.name}
	for _, c := range f.accounts {
		switch {
		case slices.Contains(known, c.account):
		case c.account == DefaultAccount:
			fs.add(c.at, "what stands at the top is of the account default, which the settings do not have (but %s): put it under accounts", strings.Join(known, ", "))
		default:
			fs.add(c.at, "the settings do not have the account %s (but %s)", shown(c.account), strings.Join(known, ", "))
		}
	}
	return fs.err()
}

// Parse reads a seeds file and judges it. Errors call it name and are Faults.
func Parse(name string, data []byte) (*File, error) {
	r := reader{faults{file: name}}
	f := &File{name: name}
	root := r.document(data)
	if root == nil || empty(root) {
		return f, r.err()
	}
	entries := r.entries(root, "a seeds file", []string{"queues", "topics", "accounts"})
	if top := r.content(DefaultAccount, entries); top.queues != nil || top.topics != nil {
		f.accounts = append(f.accounts, top)
	}
	for _, e := range entries {
		if e.key == "accounts" && !empty(e.node) {
			for _, a := range r.entries(e.node, "accounts", nil) {
				r.account(f, a)
			}
		}
	}
	if r.err() == nil {
		for _, c := range f.accounts {
			r.judge(c)
		}
	}
	return f, r.err()
}

// reader turns YAML into what a file says.
type reader struct{ faults }

func (r *reader) account(f *File, e entry) {
	if e.key == DefaultAccount && len(f.accounts) > 0 && f.accounts[0].account == DefaultAccount {
		r.add(e.at, "the account default has its queues and topics at the top of the file already")
		return
	}
	if empty(e.node) {
		return
	}
	c := r.content(e.key, r.entries(e.node, "an account", []string{"queues", "topics"}))
	c.at = e.at
	f.accounts = append(f.accounts, c)
}

func (r *reader) content(account string, entries []entry) *content {
	c := &content{account: account}
	for _, e := range slices.Backward(entries) {
		switch e.key {
		case "queues":
			c.at, c.queues = e.at, r.resources(queues, e, nil)
		case "topics":
			c.at, c.topics = e.at, r.resources(topics, e, nil)
		}
	}
	return c
}

func (r *reader) resources(k *kind, e entry, of *resource) (all []*resource) {
	seen := map[string]*resource{}
	for _, n := range r.elements(e) {
		s := r.resource(k, n, of)
		if s == nil || s.name == "" {
			continue // and somebody was told
		}
		if first := seen[key(s.name)]; first != nil {
			r.add(s.at, "there are two %ss of the name %s, the first in line %d (upper and lower case are the same)", k.noun, s.name, first.at.line)
			continue
		}
		seen[key(s.name)] = s
		all = append(all, s)
	}
	return all
}

func (r *reader) resource(k *kind, n *yaml.Node, of *resource) *resource {
	s := &resource{kind: k, of: of}
	known := append([]string{"name"}, k.keys("")...)
	if k == topics {
		known = append(known, "subscriptions")
	}
	entries := r.entries(n, "a "+k.noun, known)
	if entries == nil {
		return nil
	}
	for _, e := range entries {
		switch e.key {
		case "name":
			r.name(s, e)
		case "subscriptions":
			s.subs = r.resources(subscriptions, e, s)
		case deadLetterPolicy:
			r.policy(s, e)
		default:
			r.attribute(s, e, k.attribute(e.key))
		}
	}
	if s.at == (position{}) {
		r.add(positionOf(n), "this %s has no name", k.noun)
		return nil
	}
	return s
}

func (r *reader) name(s *resource, e entry) {
	s.at = e.at
	name, ok := r.value(e.node, e.at, "name")
	if !ok {
		return
	}
	if p := declared(s.create, s.parameter, widest); p.Check(name) != nil {
		r.add(e.at, "name: %s is not a name: a letter, then letters, digits, - and _, 64 at most", shown(name))
		return
	}
	s.name = name
}

// policy reads a dead-letter policy; an empty one unbinds, as in API 2.0.
func (r *reader) policy(s *resource, e entry) {
	if empty(e.node) {
		r.add(e.at, "%s has no value: give it one, or {} for none, or leave it out", deadLetterPolicy)
		return
	}
	if e.node.Kind == yaml.MappingNode && len(e.node.Content) == 0 {
		s.says = append(s.says, said{s.kind.attribute(policyQueue), e.at, []string{""}})
		return
	}
	for _, e := range r.entries(e.node, deadLetterPolicy, s.keys(deadLetterPolicy)) {
		r.attribute(s, e, s.kind.attribute(e.key))
	}
}

func (r *reader) attribute(s *resource, e entry, a *attribute) {
	v := said{attribute: a, at: e.at}
	if a.form == list {
		v.value = r.list(s.kind, e, a)
	} else if text, ok := r.value(e.node, e.at, e.key); ok {
		v.value = []string{r.fits(s.kind, a, text, e.at)}
	} else {
		return
	}
	s.says = append(s.says, v)
}

func (r *reader) list(k *kind, e entry, a *attribute) []string {
	all, elements := []string{}, r.elements(e)
	if most := k.declared(a, widest).Most; len(elements) > most {
		r.add(e.at, "%s has %d elements, more than %d", e.key, len(elements), most)
		return all
	}
	for _, n := range elements {
		text, ok := r.value(n, positionOf(n), "an element of "+e.key)
		switch {
		case !ok:
		case text == "" || slices.Contains(all, text):
			r.add(positionOf(n), "%s: %s stands here twice, or is nothing", e.key, shown(text))
		default:
			all = append(all, r.fits(k, a, text, positionOf(n)))
		}
	}
	return all
}

// fits judges a value by the declaration of the action that will get it.
func (r *reader) fits(k *kind, a *attribute, text string, at position) string {
	value, p := a.plain(text), k.declared(a, widest)
	if err := p.Check(value); err != nil {
		r.add(at, "%s: %s", a.name, a.reason(value, p, err))
	}
	return value
}
