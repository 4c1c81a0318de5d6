package routing

import (
	"maps"
	"slices"
	"strings"
)

// MaxSubjects bounds what KeySubjects answers. Five binding keys like #.word.#
// are still said exactly: they take 155 subjects.
const MaxSubjects = 160

const (
	oneToken = "*" // NATS: exactly one token, be it that of an empty word
	more     = ">" // NATS: one token or more, at the end
)

// TagSubjects turns filter tags into tails of filter subjects: a message meets one
// of them exactly if MatchTags says yes. nil means that there is nothing to filter.
// There are 9 for each tag, because it may stand at each of MaxTags places.
func TagSubjects(filter []string) []string {
	var subjects []string
	for _, tag := range unique(filter) {
		at := token(tag)
		for range MaxTags - 1 {
			subjects = append(subjects, at, at+"."+more)
			at = oneToken + "." + at
		}
		subjects = append(subjects, at)
	}
	return subjects
}

// KeySubjects turns binding keys into tails of filter subjects. Every message of
// MaxWords words or fewer that a Matcher of these keys wants meets one of them;
// exact tells that no other message does. If it is false, ask the Matcher too:
//
//   - A key with * lets an empty word through, because the * of NATS does.
//   - Several # in a key can need more than MaxSubjects. What follows a # is then
//     left to the Matcher, behind the last # first, in all keys alike.
//
// nil means everything; if that is not exact, it may be for keys that want nothing,
// as no keys do. The order of the keys does not matter.
func KeySubjects(keys []string) (subjects []string, exact bool) {
	for depth := MaxWords; depth >= 0 && len(keys) > 0; depth-- {
		all := subjectSet{}
		for _, key := range unique(keys) {
			e := expansion{into: all, exact: !slices.Contains(SplitKey(key), star)}
			e.expand(nil, pattern(key), depth)
		}
		if len(all) <= MaxSubjects {
			return all.minimal()
		}
	}
	return nil, false
}

func unique(texts []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(texts)))
}

// subjectSet has tails of filter subjects, and for each whether all that it lets
// through is wanted.
type subjectSet map[string]bool

// minimal leaves out what others include, and brings the rest in order.
func (s subjectSet) minimal() (subjects []string, exact bool) {
	if exact, everything := s[more]; everything {
		return nil, exact
	}
	exact = true
	all := slices.Sorted(maps.Keys(s))
	for _, subject := range all {
		if !slices.ContainsFunc(all, func(other string) bool { return other != subject && includes(other, subject) }) {
			subjects = append(subjects, subject)
			exact = exact && s[subject]
		}
	}
	return subjects, exact
}

// includes tells whether NATS lets through by a all that it lets through by b.
func includes(a, b string) bool {
	for {
		tokenA, restA, longA := strings.Cut(a, ".")
		tokenB, restB, longB := strings.Cut(b, ".")
		switch {
		case tokenA == more:
			return true
		case tokenA != tokenB && (tokenA != oneToken || tokenB == more):
			return false
		case !longA || !longB:
			return longA == longB
		}
		a, b = restA, restB
	}
}

// pattern makes a binding key's words tokens, but leaves # as it is. In a run of
// wildcards the *s come first and then a single #: to subjects that is the same.
func pattern(key string) []string {
	var tokens []string
	for _, w := range SplitKey(key) {
		last := len(tokens) - 1
		afterHash := last >= 0 && tokens[last] == hash
		switch {
		case afterHash && w == hash:
		case afterHash && w == star:
			tokens = append(tokens[:last], oneToken, hash)
		case w == hash || w == star: // which is NATS's own *
			tokens = append(tokens, w)
		default:
			tokens = append(tokens, token(w))
		}
	}
	return tokens
}

// expansion turns one binding key into subjects.
type expansion struct {
	into  subjectSet
	exact bool // the key has no *
}

// expand adds what has these tokens first and then goes on like the pattern. A #
// before other words becomes no *, one *, two, and so on up to MaxWords words in
// all; this is done for so many #s as depth says.
func (e expansion) expand(first, pattern []string, depth int) {
	i := slices.Index(pattern, hash)
	if i < 0 {
		e.add(e.exact, first, pattern)
		return
	}
	first, pattern = slices.Concat(first, pattern[:i]), pattern[i+1:]
	if len(pattern) == 0 || depth == 0 {
		e.open(first, pattern)
		return
	}
	room := max(0, MaxWords-len(first)-fixed(pattern))
	for gap := 0; gap <= room && len(e.into) <= MaxSubjects; gap++ {
		e.expand(slices.Concat(first, stars(gap)), pattern, depth-1)
	}
}

// open adds what has these tokens first and then at least as many words as the
// rest of the pattern has.
func (e expansion) open(first, rest []string) {
	exact := e.exact && len(rest) == 0
	first = slices.Concat(first, stars(fixed(rest)))
	last := len(first) - 1
	switch {
	case last < 0:
		e.add(exact, []string{more})
	case first[last] == oneToken:
		e.add(exact, first[:last], []string{more}) // x.* and x.*.> together
	case len(first) < MaxWords:
		e.add(exact, first, []string{more})
		fallthrough
	default:
		e.add(exact, first)
	}
}

// add adds one subject.
func (e expansion) add(exact bool, parts ...[]string) {
	subject := strings.Join(slices.Concat(parts...), ".")
	if subject == nothing {
		return // one empty word: no message has it, and the tail means something else
	}
	if subject == "" {
		subject = nothing
	}
	e.into[subject] = e.into[subject] || exact
}

func stars(n int) []string { return slices.Repeat([]string{oneToken}, n) }

// fixed counts the words that a pattern has whatever its #s stand for.
func fixed(pattern []string) int {
	n := len(pattern)
	for _, t := range pattern {
		if t == hash {
			n--
		}
	}
	return n
}
