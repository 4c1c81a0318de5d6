package routing_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/mapping/routing"
)

// wanted says for one binding key what RabbitMQ's topic exchange does, by trying
// every way; its * takes an empty word, CMQ's does not.
func wanted(key, words []string, emptyToo bool) bool {
	if len(key) == 0 {
		return len(words) == 0
	}
	if key[0] == "#" {
		return wanted(key[1:], words, emptyToo) || len(words) > 0 && wanted(key, words[1:], emptyToo)
	}
	if len(words) == 0 || key[0] == "*" && words[0] == "" && !emptyToo || key[0] != "*" && key[0] != words[0] {
		return false
	}
	return wanted(key[1:], words[1:], emptyToo)
}

// lets says what NATS does: whether a subject passes a filter, both as tokens.
func lets(filter, subject []string) bool {
	for i, f := range filter {
		switch {
		case i == len(subject):
			return false
		case f == ">":
			return true
		case f != "*" && f != subject[i]:
			return false
		}
	}
	return len(filter) == len(subject)
}

// meets tells whether a message with this tail passes one of the filters.
func meets(subjects []string, tail string) bool {
	return slices.ContainsFunc(subjects, func(s string) bool { return lets(strings.Split(s, "."), strings.Split(tail, ".")) })
}

// through is the whole way of a message to a subscription.
func through(keys, words []string) bool {
	subjects, exact := routing.KeySubjects(keys)
	return (subjects == nil || meets(subjects, routing.Tail(words))) && (exact || routing.Compile(keys).Match(words))
}

var fresh = strings.NewReplacer("*", "new", ">", "new")

// checkSet reports what JetStream would refuse: filters that include others.
func checkSet(t *testing.T, keys, subjects []string) {
	t.Helper()
	if len(subjects) > routing.MaxSubjects {
		t.Errorf("%q: %d subjects", keys, len(subjects))
	}
	type filter struct{ itself, short, long []string } // and what it lets through that is least like others
	all := make([]filter, len(subjects))
	for i, s := range subjects {
		short := strings.Split(fresh.Replace(s), ".")
		all[i] = filter{strings.Split(s, "."), short, short}
		if strings.HasSuffix(s, ">") {
			all[i].long = append(slices.Clone(short), "new")
		}
	}
	for i, f := range all {
		for j, o := range all {
			if i != j && lets(o.itself, f.short) && lets(o.itself, f.long) {
				t.Errorf("%q: %q includes %q", keys, subjects[j], subjects[i])
			}
		}
	}
}

// dice makes binding keys and routing keys that often match.
type dice struct{ *rand.Rand }

func (d dice) words(n int, alphabet ...string) []string {
	words := make([]string, n)
	for i := range words {
		words[i] = alphabet[d.IntN(len(alphabet))]
	}
	return words
}

// length is short most of the time, and at most most.
func (d dice) length(most int) int {
	if d.IntN(8) == 0 {
		return d.IntN(most + 1)
	}
	return min(d.IntN(5), most)
}

func (d dice) keys() []string {
	keys := make([]string, 1+d.IntN(5)*d.IntN(2))
	for i := range keys {
		keys[i] = strings.Join(d.words(d.length(routing.MaxWords), "a", "a", "a", "b", "b", "b", "*", "*", "#", ""), ".")
	}
	return keys
}

// key makes a routing key from one of the binding keys, not always a fitting one.
func (d dice) key(keys []string) []string {
	var words []string
	for _, w := range routing.SplitKey(keys[d.IntN(len(keys))]) {
		switch {
		case w == "#":
			words = append(words, d.words(d.length(6), "a", "b", "")...)
		case w == "*" || d.IntN(16) == 0:
			words = append(words, d.words(1, "a", "b", "a", "b", "")...)
		default:
			words = append(words, w)
		}
	}
	if d.IntN(3) == 0 {
		words = d.words(d.length(routing.MaxWords), "a", "b", "")
	}
	words = words[:min(len(words), routing.MaxWords)]
	return routing.SplitKey(strings.Join(words, ".")) // one empty word is none
}

// A million pairs of binding keys and a routing key: the matcher against the
// reference, and the subjects against the matcher.
func TestAMillionPairs(t *testing.T) {
	t.Parallel()
	const parts, keys = 8, 50
	for part := range parts {
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			t.Parallel()
			d := dice{rand.New(rand.NewPCG(uint64(part), 3))}
			matched, exacts := 0, 0
			for range pairs / parts / keys {
				m, e := comparePairs(t, d, keys)
				matched, exacts = matched+m, exacts+e
				if t.Failed() {
					return
				}
			}
			if share := float64(matched) / (pairs / parts); share < 0.3 || share > 0.7 {
				t.Errorf("%.2f of the pairs match: they test little", share)
			}
			t.Logf("%d pairs, %d match; the subjects were exact for %d", pairs/parts, matched, exacts)
		})
	}
}

// comparePairs compares for one set of binding keys and n routing keys.
func comparePairs(t *testing.T, d dice, n int) (matched, exacts int) {
	t.Helper()
	keys := d.keys()
	m := routing.Compile(keys)
	subjects, exact := routing.KeySubjects(keys)
	checkSet(t, keys, subjects)
	filters := make([][]string, len(subjects))
	for i, s := range subjects {
		filters[i] = strings.Split(s, ".")
	}
	for range n {
		words := d.key(keys)
		got := m.Match(words)
		want := slices.ContainsFunc(keys, func(k string) bool { return wanted(routing.SplitKey(k), words, false) })
		if got != want {
			t.Errorf("binding keys %q, words %q: matcher %v, reference %v", keys, words, got, want)
		}
		tail := strings.Split(routing.Tail(words), ".")
		passes := subjects == nil || slices.ContainsFunc(filters, func(f []string) bool { return lets(f, tail) })
		if want && !passes || exact && passes != want {
			t.Errorf("binding keys %q as %q, exact %v, words %q: subjects %v, reference %v", keys, subjects, exact, words, passes, want)
		}
		if want {
			matched++
		}
		if exact {
			exacts++
		}
	}
	return matched, exacts
}

func FuzzMatch(f *testing.F) {
	for _, c := range keyTable {
		f.Add(c.binding, c.key)
	}
	f.Add("#.a.#.b.#.c #.x", "a.b.c")
	f.Fuzz(func(t *testing.T, bindings, key string) {
		keys, words := strings.Split(bindings, " "), routing.SplitKey(key)
		subjects, _ := routing.KeySubjects(keys)
		checkSet(t, keys, subjects)
		got := routing.Compile(keys).Match(words)
		if len(words) > routing.MaxWords || len(bindings) > 100 {
			return // a promise of subjects ends there, the reference takes long
		}
		if want := slices.ContainsFunc(keys, func(k string) bool { return wanted(routing.SplitKey(k), words, false) }); got != want {
			t.Errorf("binding keys %q, key %q: got %v, want %v", keys, key, got, want)
		}
		if through(keys, words) != got {
			t.Errorf("binding keys %q as %q, key %q: matcher %v, with the subjects before it %v", keys, subjects, key, got, !got)
		}
	})
}
