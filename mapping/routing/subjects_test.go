package routing_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/mapping/routing"
)

func TestKeySubjects(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		keys     string // with blanks between
		subjects string // nothing: everything
		exact    bool
	}{
		{"1.test.0", "1.test.0", true},
		{"1.*.0", "1.*.0", false},
		{"a..b", "a.%.b", true},
		{"a*.%.b>", "a%2A.%25.b%3E", true},
		{"#", "", true},
		{"#.#", "", true},
		{"*", "*", false},
		{"*.#", "", false},
		{"#.*", "", false},
		{"*.# #", "", true},
		{"*.*.#", "*.>", false},
		{"#.*.#.*.#", "*.>", false},
		{"a.#", "a a.>", true},
		{"a.#.#", "a a.>", true},
		{"a.*.#", "a.>", false},
		{"a.#.*", "a.>", false},
		{".#", "%.>", true},
		{"a.b.c.d.e.f.g.h.i.j.k.l.m.#.o.p", "a.b.c.d.e.f.g.h.i.j.k.l.m.*.o.p a.b.c.d.e.f.g.h.i.j.k.l.m.o.p", true},
		{"a.b.c.d.e.f.g.h.i.j.k.l.m.n.#.p", "a.b.c.d.e.f.g.h.i.j.k.l.m.n.*.p a.b.c.d.e.f.g.h.i.j.k.l.m.n.p", true},
		{"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.#", "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.>", true},
		{"b a b", "a b", true},
		{"a.b a.*", "a.*", false},
		{"a.b a.#", "a a.>", true},
		{"a.* a.#", "a a.>", true},
		{"*.b a.*", "*.b a.*", false},
		{"a # b.*", "", true},
	} {
		got, exact := routing.KeySubjects(strings.Split(c.keys, " "))
		if strings.Join(got, " ") != c.subjects || exact != c.exact {
			t.Errorf("%s: got %q, %v, want %q, %v", c.keys, got, exact, c.subjects, c.exact)
		}
	}
}

func TestNoWordsAsSubject(t *testing.T) {
	t.Parallel()
	if got, exact := routing.KeySubjects([]string{""}); !slices.Equal(got, []string{"%"}) || !exact {
		t.Errorf("the empty key: got %q, %v", got, exact)
	}
	if got, exact := routing.KeySubjects(nil); got != nil || exact {
		t.Errorf("no keys: got %q, %v; subjects cannot say nothing", got, exact)
	}
}

func TestHowManySubjects(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		keys  []string
		n     int
		exact bool
	}{
		{[]string{"#.a"}, 16, true},
		{[]string{"1.#.0"}, 15, true},
		{[]string{"#."}, 15, true}, // no message has one empty word
		{[]string{"#.a.#"}, 31, true},
		{[]string{"#.a.#.b"}, 120, true},
		{[]string{"#.a.#", "#.b.#", "#.c.#", "#.d.#", "#.e.#"}, 155, true},
		{[]string{"#.a.#.b.#"}, 15, false},    // *.*.a.*.> and so on
		{[]string{"#.a.#.b.#.c"}, 105, false}, // *.a.*.*.b.> and so on; spelled out 560
		{[]string{"#.a.#.b.#.c", "x.#.y"}, 120, false},
		{[]string{"#.a.#.b.#.c", "1.#.2", "3.#.4", "5.#.6", "7.#.8"}, 74, false},
		{hard, 30, false},
		{strings.Split(strings.Repeat("#.a ", 1000)+"b", " "), 17, true},
	} {
		got, exact := routing.KeySubjects(c.keys)
		if len(got) != c.n || exact != c.exact {
			t.Errorf("%q: got %d, %v, want %d, %v: %q", c.keys, len(got), exact, c.n, c.exact, got)
		}
		checkSet(t, c.keys, got)
	}
}

func TestWhatNoKeyLooksLikeDoesNoHarm(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("#.a.*.", 10000) + "b"
	many := make([]string, 1000)
	for i := range many {
		many[i] = strings.Repeat("#.", i%20) + strings.Repeat("x", i)
	}
	for _, keys := range [][]string{{long}, {strings.Repeat(".", 100)}, many, {strings.Repeat("a.", 40) + "#.b"}, {strings.Repeat("*.", 40) + "#"}} {
		got, _ := routing.KeySubjects(keys)
		checkSet(t, keys[:1], got)
		routing.Compile(keys).Match(slices.Repeat([]string{"a"}, 100))
		routing.Compile(keys).Match(nil)
	}
}

func TestTagSubjects(t *testing.T) {
	t.Parallel()
	if got := routing.TagSubjects(nil); got != nil {
		t.Errorf("no filter: got %q", got)
	}
	want := strings.Fields("a%2Eb a%2Eb.> *.a%2Eb *.a%2Eb.> *.*.a%2Eb *.*.a%2Eb.> *.*.*.a%2Eb *.*.*.a%2Eb.> *.*.*.*.a%2Eb")
	if got := routing.TagSubjects([]string{"a.b", "a.b"}); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	five := routing.TagSubjects([]string{"a", "b", "*", ">", "%"})
	if len(five) != 45 {
		t.Errorf("got %d subjects for 5 tags", len(five))
	}
	checkSet(t, []string{"5 tags"}, five)
}

func BenchmarkKeySubjects(b *testing.B) {
	for name, keys := range map[string][]string{"easy": {"1.*.0", "a.b", "c.#"}, "hash": {"1.#.0"}, "full": {"#.a.#", "#.b.#", "#.c.#", "#.d.#", "#.e.#"}, "hard": hard} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				routing.KeySubjects(keys)
			}
		})
	}
}
