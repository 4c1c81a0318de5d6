package routing

import "slices"

// Wildcards of binding keys, when they are a whole word.
const (
	star = "*" // exactly one word, not an empty one
	hash = "#" // any number of words, also zero, also empty ones
)

// MatchTags tells whether a subscription with these filter tags gets a message
// with these tags.
func MatchTags(filter, tags []string) bool {
	return len(filter) == 0 || slices.ContainsFunc(filter, func(tag string) bool { return slices.Contains(tags, tag) })
}

// Matcher knows a subscription's binding keys. The zero Matcher has none and
// matches nothing.
type Matcher struct{ keys [][]string }

// Compile prepares binding keys for Match. Every text is a binding key.
func Compile(keys []string) (m Matcher) {
	for _, key := range keys {
		m.keys = append(m.keys, SplitKey(key))
	}
	return m
}

// Match tells whether a message with the words of this routing key is for the
// subscription. It allocates nothing, and takes at most as many steps for each
// binding key as its words times the message's.
func (m Matcher) Match(words []string) bool {
	return slices.ContainsFunc(m.keys, func(key []string) bool { return match(key, words) })
}

// match walks key and words together. After a # it supposes that this stood for
// nothing, and takes one word more each time that proves wrong. Only the last #
// is ever tried again: all between two # have fixed length, so the leftmost place
// where it fits leaves the most words for the rest.
func match(key, words []string) bool {
	k, w := 0, 0
	afterHash, tried := -1, 0 // where to go on in the key and in the words
	for w < len(words) {
		switch {
		case k < len(key) && key[k] == hash:
			k++
			afterHash, tried = k, w
		case k < len(key) && takes(key[k], words[w]):
			k++
			w++
		case afterHash >= 0:
			tried++
			k, w = afterHash, tried
		default:
			return false
		}
	}
	return !slices.ContainsFunc(key[k:], func(rest string) bool { return rest != hash })
}

// takes tells whether one word of a key that is no # stands for this word.
func takes(key, word string) bool {
	return key == word && key != star || key == star && word != ""
}
