package action

import (
	"flag"
	"fmt"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/adapter/action/fields"
	"github.com/jetcmq/jetcmq/mapping"
)

var update = flag.Bool("update", false, "rewrite REFERENCE.md from the declarations")

const reference = "../../REFERENCE.md"

func TestReference(t *testing.T) {
	t.Parallel()
	want := writeReference(t)
	if *update {
		if err := os.WriteFile(reference, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(reference)
	if err != nil || string(got) != want {
		t.Errorf("REFERENCE.md is not what the actions declare (%v); go test ./adapter/action -update rewrites it", err)
	}
}

// document is the reference while it is written.
type document struct {
	strings.Builder
	t    *testing.T
	said map[string]bool
}

func writeReference(t *testing.T) string {
	d := &document{t: t, said: map[string]bool{}}
	d.WriteString(preface)
	d.row("code", "API 3.0", "message", "when")
	d.row("---:", "---", "---", "---")
	for _, c := range common {
		d.row(fmt.Sprint(c.err.Code), code(c.err.V3), text(c.err), c.when)
	}
	for _, noun := range []string{"Queues", "Messages", "Dead letters", "Topics", "Publishing", "Subscriptions"} {
		d.noun(noun)
	}
	for name := range meaning {
		if !d.said[name] {
			t.Errorf("the reference has words for %s, which no action has", name)
		}
	}
	return d.String()
}

// noun writes all actions of one noun, with a table of them in front.
func (d *document) noun(noun string) {
	fmt.Fprintf(d, "\n## %s\n\n", noun)
	d.row("API 2.0", "cmq", "tdmq", "what it does")
	d.row("---", "---", "---", "---")
	for _, a := range table {
		if nounOf(a) == noun {
			var names []string
			for api := range API(apis) {
				names = append(names, d.link(a, a.name(api)))
			}
			d.row(append(names, firstSentence(a.Doc))...)
		}
	}
	for _, a := range table {
		if nounOf(a) == noun {
			d.action(a)
		}
	}
}

func (d *document) link(a *Action, name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf("[%s](#%s)", name, strings.ToLower(title(a)))
}

// title is what the reference calls an action.
func title(a *Action) string {
	for _, name := range []string{a.Name, a.TDMQ} {
		if name != "" {
			return name
		}
	}
	return a.CMQ
}

func firstSentence(doc string) string {
	first, _, _ := strings.Cut(doc, ". ")
	return strings.TrimSuffix(first, ".") + "."
}

func nounOf(a *Action) string {
	switch name := title(a); {
	case strings.Contains(name, "DeadLetter"):
		return "Dead letters"
	case strings.Contains(name, "Publish"):
		return "Publishing"
	case strings.Contains(name, "ubscri"):
		return "Subscriptions"
	case strings.Contains(name, "Topic"):
		return "Topics"
	case strings.Contains(name, "Message"):
		return "Messages"
	default:
		return "Queues"
	}
}

func (d *document) action(a *Action) {
	fmt.Fprintf(d, "\n### %s\n\n%s\n\n%s\n\n", title(a), a.Doc, served(a))
	parameters := parametersOf(a)
	if len(parameters) > 0 {
		d.row(append(heads(a), "type", "range", "if absent", "refused with", "meaning")...)
		d.row(slices.Repeat([]string{"---"}, len(heads(a))+5)...)
	}
	for _, e := range parameters {
		d.row(append(e.cells(a), e.say(kindOfParameter), e.say(limits), e.say(ifAbsent), d.refusals(e), d.word(title(a)+".", e))...)
	}
	members := membersOf(a)
	if len(members) == 0 {
		d.WriteString("\nAnswers nothing more.\n")
	} else {
		d.WriteString("\n")
		d.row(append(heads(a), "type", "meaning of the answer")...)
		d.row(slices.Repeat([]string{"---"}, len(heads(a))+2)...)
	}
	for _, e := range members {
		d.row(append(e.cells(a), e.say(kindOfMember), d.word("", e)+e.elsewhere())...)
	}
	if len(a.Errors) > 0 {
		d.WriteString("\nFails with:\n")
	}
	for _, e := range a.Errors {
		fmt.Fprintf(d, "- %s\n", failureOf(a, e))
	}
}

// served says by which names an action is called.
func served(a *Action) string {
	if a.CMQ == "" && a.TDMQ == "" {
		return "In API 2.0 only."
	}
	var all []string
	for api, name := range []string{a.Name, a.CMQ, a.TDMQ} {
		if name != "" {
			all = append(all, fmt.Sprintf("%s `%s`", []string{"API 2.0:", "API 3.0, cmq:", "API 3.0, tdmq:"}[api], name))
		}
	}
	return strings.Join(all, " · ")
}

// heads are those of the columns of names: one or two.
func heads(a *Action) []string {
	switch {
	case a.CMQ == "" && a.TDMQ == "":
		return []string{"API 2.0"}
	case a.Name == "":
		return []string{"API 3.0"}
	default:
		return []string{"API 2.0", "API 3.0"}
	}
}

func failureOf(a *Action, e *mapping.Error) string {
	switch len(heads(a)) {
	case 2:
		return fmt.Sprintf("%d %s, 3.0: %s", e.Code, text(e), code(e.V3))
	default:
		if a.Name == "" {
			return fmt.Sprintf("%s %s", code(e.V3), text(e))
		}
		return fmt.Sprintf("%d %s", e.Code, text(e))
	}
}

// entry is a parameter or a member of an answer, as each API has it.
type entry struct {
	path      []int // of the field
	names     [apis][]string
	parameter [apis]fields.Parameter
	member    [apis]fields.Member
}

// entries puts together what APIs have in common, in the order of declaration.
type entries []entry

func (es *entries) at(path []int) *entry {
	i, found := slices.BinarySearchFunc(*es, path, func(e entry, path []int) int { return slices.Compare(e.path, path) })
	if !found {
		*es = slices.Insert(*es, i, entry{path: slices.Clone(path)})
	}
	return &(*es)[i]
}

func parametersOf(a *Action) (es entries) {
	for api := range API(apis) {
		es.addParameters(api, "", nil, a.in[api])
	}
	return es
}

func (es *entries) addParameters(api API, front string, path []int, ps fields.Parameters) {
	for _, p := range ps {
		e := es.at(slices.Concat(path, p.Index))
		e.parameter[api] = p
		for _, name := range p.Names {
			e.names[api] = append(e.names[api], front+name)
		}
		es.addParameters(api, front+p.Names[0]+"[].", slices.Concat(path, p.Index), p.Elements)
	}
}

func membersOf(a *Action) (es entries) {
	for api := range API(apis) {
		es.addMembers(api, "", nil, a.out[api])
	}
	return es
}

func (es *entries) addMembers(api API, front string, path []int, ms fields.Members) {
	for _, m := range ms {
		e := es.at(slices.Concat(path, m.Index))
		e.member[api] = m
		e.names[api] = append(e.names[api], front+m.Name)
		if len(e.names[api]) > 1 {
			continue // another spelling
		}
		if e.elsewhere() != "" {
			continue
		}
		behind := "."
		if m.List {
			behind = "[]."
		}
		es.addMembers(api, front+m.Name+behind, slices.Concat(path, m.Index), m.Inner)
	}
}

// elsewhere says where the fields of an object stand, if not here: product tdmq
// has the same in a list and in an answer of its own.
func (e entry) elsewhere() string {
	if m := e.member[TDMQ]; m.List {
		switch m.Type {
		case reflect.TypeFor[queueDetail]():
			return ", of what is `QueueDescribe` in [DescribeCmqQueueDetail](#getqueueattributes)"
		case reflect.TypeFor[topicDetail]():
			return ", of what is `TopicDescribe` in [DescribeCmqTopicDetail](#gettopicattributes)"
		}
	}
	return ""
}

// cells are the names in each column.
func (e entry) cells(a *Action) (cells []string) {
	for _, head := range heads(a) {
		if head == "API 2.0" {
			cells = append(cells, quoted(e.names[Legacy]))
			continue
		}
		cmq, tdmq := quoted(e.names[CMQ]), quoted(e.names[TDMQ])
		switch {
		case cmq == tdmq || a.CMQ == "":
			cells = append(cells, tdmq)
		case a.TDMQ == "":
			cells = append(cells, cmq)
		case cmq == "":
			cells = append(cells, "tdmq "+tdmq)
		case tdmq == "":
			cells = append(cells, "cmq "+cmq)
		default:
			cells = append(cells, "cmq "+cmq+", tdmq "+tdmq)
		}
	}
	return cells
}

func quoted(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "`" + strings.Join(names, "`, `") + "`"
}

// say gives what is said of the entry in each API: once, if it is the same.
func (e entry) say(what func(e entry, api API) string) string {
	var said []string
	for api := range API(apis) {
		if len(e.names[api]) == 0 {
			continue
		}
		words := what(e, api)
		if len(said) > 0 && words == what(e, e.first()) {
			continue
		}
		if len(said) > 0 {
			words = []string{"", "3.0 ", "tdmq "}[api] + words
		}
		said = append(said, words)
	}
	return strings.Join(slices.Compact(said), ", ")
}

// first is the API that the entry is told for.
func (e entry) first() API {
	for api := range API(apis) {
		if len(e.names[api]) > 0 {
			return api
		}
	}
	return Legacy
}

func (d *document) row(cells ...string) {
	fmt.Fprintf(d, "| %s |\n", strings.Join(cells, " | "))
}

// word has the words for an entry. What stands in front of its name may give it
// others.
func (d *document) word(front string, e entry) string {
	name := e.names[e.first()][0]
	name = name[strings.LastIndexByte(name, '.')+1:]
	for _, key := range []string{front + name, name, strings.ToLower(name[:1]) + name[1:]} {
		if meaning[key] != "" {
			d.said[key] = true
			return meaning[key]
		}
	}
	d.t.Errorf("the reference has no words for %s%s", front, name)
	return ""
}

// refusals lists the modules of the errors that wrong values get, as
// TestEveryParameterRefuses proves.
func (d *document) refusals(e entry) string {
	var modules []string
	for api, p := range e.parameter {
		if len(e.names[api]) == 0 || p.Elements != nil {
			continue
		}
		if p.List && p.TooMany != mapping.ErrBatchSize {
			modules = append(modules, fmt.Sprint(p.TooMany.(*mapping.Error).Module))
		}
		for _, b := range badValues(d.t, p) {
			modules = append(modules, fmt.Sprint(b.err.Module))
		}
	}
	slices.Sort(modules)
	return strings.Join(slices.Compact(modules), ", ")
}

func limits(e entry, api API) string {
	p := e.parameter[api]
	var all []string
	if p.List {
		all = append(all, fmt.Sprintf("%d elements at most", p.Most))
	}
	if b := p.Bounds; b != (fields.Bounds{}) {
		all = append(all, bounds(b, p.Kind.Kind() == reflect.String))
	}
	return strings.Join(all, ", ")
}

func bounds(b fields.Bounds, ofText bool) string {
	switch {
	case b.Hi == math.MaxInt64:
		return fmt.Sprintf("%d and more", b.Lo)
	case ofText && b.Lo == 0:
		return fmt.Sprintf("%d characters at most", b.Hi)
	case ofText:
		return fmt.Sprintf("%d–%d characters", b.Lo, b.Hi)
	default:
		return fmt.Sprintf("%d–%d", b.Lo, b.Hi)
	}
}

func kindOfParameter(e entry, api API) string {
	return kind(e.parameter[api].Kind, e.parameter[api].List)
}

func kindOfMember(e entry, api API) string {
	m := e.member[api]
	if len(m.Inner) > 0 {
		return kind(reflect.TypeFor[struct{}](), m.List)
	}
	if api == Legacy && m.Type == reflect.TypeFor[mapping.Owner]() {
		return "text"
	}
	return kind(m.Type, m.List)
}

func kind(t reflect.Type, list bool) string {
	word := "text"
	switch {
	case t == reflect.TypeFor[mapping.QueueName]():
		word = "queue name"
	case t == reflect.TypeFor[mapping.TopicName]():
		word = "topic name"
	case t == reflect.TypeFor[mapping.SubscriptionName]():
		word = "subscription name"
	case t == reflect.TypeFor[tag](), t == reflect.TypeFor[key]():
		word = t.Name()
	case t == reflect.TypeFor[mapping.DeadLetterPolicy]():
		word = "dead-letter policy"
	case t == reflect.TypeFor[mapping.Time]():
		word = "time"
	case t.Kind() == reflect.Struct:
		word = "object"
	case t.Kind() == reflect.Bool:
		word = "switch"
	case t.Kind() == reflect.Int || t.Kind() == reflect.Int64:
		word = "integer"
	}
	if list {
		return "list of " + word
	}
	return word
}

func ifAbsent(e entry, api API) string {
	p := e.parameter[api]
	switch {
	case p.Required:
		return "**required**"
	case p.Unchanged:
		return "unchanged"
	case p.Default == nil || *p.Default == "":
		return "none"
	case p.Kind == reflect.TypeFor[wait]():
		return "the queue's own"
	default:
		return *p.Default
	}
}

// text is an error's message with an ellipsis for what it may be about.
func text(e *mapping.Error) string { return code(e.Of("…").Error()) }

func code(words string) string { return "`" + words + "`" }
