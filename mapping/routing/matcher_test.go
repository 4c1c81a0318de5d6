package routing_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/mapping/routing"
)

func TestMatchTags(t *testing.T) {
	t.Parallel()
	sold := []string{"apple", "imac", "iphone", "macbook"} // the vendor's example
	for _, c := range []struct {
		filter, tags []string
		want         bool
	}{
		{nil, nil, true},
		{nil, []string{"a"}, true},
		{[]string{"a"}, nil, false},
		{[]string{"a", "b"}, []string{"b", "c"}, true},
		{[]string{"a", "b"}, []string{"c", "d"}, false},
		{[]string{"a"}, []string{"A"}, false},
		{[]string{"a"}, []string{"ab"}, false},
		{[]string{"*"}, []string{"a"}, false},
		{[]string{"apple"}, sold, true},
		{[]string{"xiaomi"}, sold, false},
		{[]string{"imac", "xiaomi"}, sold, true},
		{[]string{}, sold, true},
	} {
		if got := routing.MatchTags(c.filter, c.tags); got != c.want {
			t.Errorf("filter %q, tags %q: got %v, want %v", c.filter, c.tags, got, c.want)
		}
		subjects := routing.TagSubjects(c.filter)
		if got := subjects == nil || meets(subjects, routing.Tail(c.tags)); got != c.want {
			t.Errorf("filter %q as subjects %q, tags %q: got %v, want %v", c.filter, subjects, c.tags, got, c.want)
		}
	}
}

// keyTable is what CMQ's documentation says, and what it leaves to RabbitMQ.
var keyTable = []struct {
	binding, key string
	want         bool
}{
	{"1.*.0", "1.test.0", true},
	{"1.*.0", "1.a.b.0", false},
	{"1.*.0", "1.0", false},
	{"1.*.0", "1..0", false}, // RabbitMQ: true
	{"1.#.0", "1.2.3.4.4.2.2.0", true},
	{"1.#.0", "1.0", true},
	{"1.#.0", "1..0", true},
	{"1.#.0", "1.0.1", false},
	{"1..0", "1..0", true},
	{"1..0", "1.0", false},
	{"a.*", "a", false},
	{"a.b", "A.b", false},
	{"#", "", true},
	{"#", ".", true},
	{"*", "", false},
	{"*", "a", true},
	{"*", "a.b", false},
	{"#.a", "a", true},
	{"#.a", "b.a", true},
	{"#.a", "a.b", false},
	{"a.#", "a", true},
	{"a.#", "a.b.c", true},
	{"a.#", "b", false},
	{"*.#", "a", true},
	{"*.#", "", false},
	{"#.*", "a", true},
	{"#.*", "", false},
	{"#.#", "", true},
	{"#.#", "a.b", true},
	{"#.a.#", "x.a.y", true},
	{"#.a.#", "x.y", false},
	{"#.a.#.b", "a.b.a.c.b", true},
	{"#.a.#.b", "b.a", false},
	{"", "", true},
	{"", "a", false},
	{".#", "", false},
	{".#", ".", true},
	{"#.", "a.", true},
	{"a*", "ab", false}, // a wildcard is a whole word
	{"a*", "a*", true},
	{"a#.b", "a#.b", true},
	{"a#.b", "a.b", false},
	{">", "a", false},
	{"%", "", false},
	{"%", "%", true},
	{"*", "*", true}, // a key has no wildcards, so these are words
	{"a", "*", false},
	{"#", "#", true},
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, c := range keyTable {
		words := routing.SplitKey(c.key)
		if got := routing.Compile([]string{c.binding}).Match(words); got != c.want {
			t.Errorf("binding key %q, key %q: got %v, want %v", c.binding, c.key, got, c.want)
		}
		if got := wanted(routing.SplitKey(c.binding), words, false); got != c.want {
			t.Errorf("the reference: binding key %q, key %q: got %v, want %v", c.binding, c.key, got, c.want)
		}
		if got := through([]string{c.binding}, words); got != c.want {
			t.Errorf("subjects and matcher: binding key %q, key %q: got %v, want %v", c.binding, c.key, got, c.want)
		}
	}
}

func TestOneOfSeveralKeysIsEnough(t *testing.T) {
	t.Parallel()
	m := routing.Compile([]string{"a.*", "#.z", "q"})
	for key, want := range map[string]bool{"a.b": true, "a.z": true, "x.y.z": true, "q": true, "a.b.c": false, "": false} {
		if got := m.Match(routing.SplitKey(key)); got != want {
			t.Errorf("%q: got %v, want %v", key, got, want)
		}
	}
	if (routing.Matcher{}).Match(nil) || routing.Compile(nil).Match([]string{"a"}) {
		t.Error("no binding key matched something")
	}
}

// A matcher that tries every way would not come to an end.
func TestManyHashesDoNotExplode(t *testing.T) {
	t.Parallel()
	m := routing.Compile([]string{strings.Repeat("#.a.", 30) + "b"})
	if m.Match(slices.Repeat([]string{"a"}, 60)) {
		t.Error("matched")
	}
	if !m.Match(append(slices.Repeat([]string{"a"}, 60), "b")) {
		t.Error("did not match")
	}
}

var hard = []string{"#.a.#.a.#.a.#.a.#.b", "#.#.#.#.#.#.#.#.b", "#.*.#.*.#.*.b", "a.#.a.#.c", "#.b"}

func BenchmarkMatch(b *testing.B) {
	key := slices.Repeat([]string{"a"}, routing.MaxWords)
	for name, keys := range map[string][]string{"easy": {"1.*.0", "a.b", "c.#"}, "hard": hard} {
		m := routing.Compile(keys)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.Match(key)
			}
		})
	}
}
