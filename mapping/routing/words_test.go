package routing_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jetcmq/jetcmq/mapping/routing"
)

func TestTail(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		words []string
		tail  string
	}{
		{nil, "%"},
		{[]string{"1", "test", "0"}, "1.test.0"},
		{[]string{"1", "", "0"}, "1.%.0"},
		{[]string{"", ""}, "%.%"},
		{[]string{"", "a"}, "%.a"},
		{[]string{"%"}, "%25"},
		{[]string{"%25"}, "%2525"},
		{[]string{"50% *"}, "50%25%20%2A"},
		{[]string{"*"}, "%2A"},
		{[]string{"*a", "a>", ">"}, "%2Aa.a%3E.%3E"},
		{[]string{"v1.2", "."}, "v1%2E2.%2E"},
		{[]string{"a\tb\r\n\x00\x1f\x7f"}, "a%09b%0D%0A%00%1F%7F"},
		{[]string{"\xff", "\xe4\xb8"}, "%FF.%E4%B8"},
		{[]string{"a\uFFFDb"}, "a%EF%BF%BDb"},
		{[]string{"颜色", "größe", "🍏", "#", "a/b\\c$-_!\"'"}, "颜色.größe.🍏.#.a/b\\c$-_!\"'"},
		{[]string{"no\u00a0break\u0085"}, "no\u00a0break\u0085"},
	} {
		if got := routing.Tail(c.words); got != c.tail {
			t.Errorf("tail of %q: got %q, want %q", c.words, got, c.tail)
		}
		if got := routing.Words(c.tail); !slices.Equal(got, c.words) {
			t.Errorf("words of %q: got %q, want %q", c.tail, got, c.words)
		}
	}
}

// Tails that a NATS program made by hand.
func TestWordsOfForeignTails(t *testing.T) {
	t.Parallel()
	for tail, want := range map[string][]string{
		"":          nil,
		"a*.>":      {"a*", ">"},
		"50%.%2.%%": {"50%", "%2", "%%"},
		"%zz.%2e":   {"%zz", "%2e"},
		"%41%":      {"A%"},
		"a b":       {"a b"},
		".":         {"", ""},
		"%.%":       {"", ""},
	} {
		if got := routing.Words(tail); !slices.Equal(got, want) {
			t.Errorf("words of %q: got %q, want %q", tail, got, want)
		}
	}
}

func TestSplitKey(t *testing.T) {
	t.Parallel()
	for key, want := range map[string][]string{
		"": nil, "a": {"a"}, "a.b": {"a", "b"}, ".": {"", ""}, "1..0": {"1", "", "0"}, ".a": {"", "a"}, "a.": {"a", ""},
	} {
		if got := routing.SplitKey(key); !slices.Equal(got, want) {
			t.Errorf("words of %q: got %q, want %q", key, got, want)
		}
	}
}

// A subject is at most 4,096 bytes long; the topic takes less than 100 of them.
func TestTheLongestTail(t *testing.T) {
	t.Parallel()
	longest := 0
	for _, c := range []string{"a", "%", "\xff", "é", "\uFFFD", "🍏"} {
		longest = max(longest, len(routing.Tail(slices.Repeat([]string{strings.Repeat(c, 64)}, routing.MaxTags))))
	}
	if want := 2884; longest != want {
		t.Errorf("got %d bytes, want %d", longest, want)
	}
}

func FuzzTail(f *testing.F) {
	for _, words := range []string{"", "a", "a\nb", "%\n%25\n*\n>", "\xff\n\uFFFD", "a.b\n\n."} {
		f.Add(words, "a\n\nb")
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		a, b := strings.Split(first, "\n"), strings.Split(second, "\n")
		a[0] += "\n" // a line break can be part of a word; a word stands alone only if it is not empty
		tail := routing.Tail(a)
		if got := routing.Words(tail); !slices.Equal(got, a) {
			t.Errorf("tail %q of %q: read back as %q", tail, a, got)
		}
		b[0] += "\n"
		if (tail == routing.Tail(b)) != slices.Equal(a, b) {
			t.Errorf("tails %q of %q and %q of %q", tail, a, routing.Tail(b), b)
		}
		if !utf8.ValidString(tail) || strings.ContainsAny(tail, " \t\r\n\f\x00\x7f*>\uFFFD") || slices.Contains(strings.Split(tail, "."), "") {
			t.Errorf("tail %q of %q is no subject", tail, a)
		}
	})
}

func FuzzWords(f *testing.F) {
	for _, tail := range []string{"", "%", "%.%", "a%2", "%41.%2A", "\xff.*.>"} {
		f.Add(tail)
	}
	f.Fuzz(func(t *testing.T, tail string) {
		words := routing.Words(tail)
		if len(words) == 1 && words[0] == "" {
			t.Fatalf("%q: got one empty word", tail)
		}
		if again := routing.Words(routing.Tail(words)); !slices.Equal(again, words) {
			t.Errorf("%q: got %q, written and read again %q", tail, words, again)
		}
	})
}
