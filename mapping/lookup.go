package mapping

import (
	"slices"
	"strings"
)

// Tag is a label of the account's owner on a queue or topic. It is kept and
// told, and lists can ask for it; messages have other tags.
type Tag struct {
	Key   string `v3:"TagKey" range:"1..127" json:"key"`
	Value string `v3:"TagValue" range:"0..255" default:"" json:"value"`
}

// MaxResourceTags is how many tags a queue or topic can have.
const MaxResourceTags = 50

// TagFilter asks for a tag with one of some values; without values for any.
type TagFilter struct {
	Key    string
	Values []string
}

func (f TagFilter) meets(t Tag) bool {
	return t.Key == f.Key && (len(f.Values) == 0 || slices.Contains(f.Values, t.Value))
}

// Lookup says which queues, topics or subscriptions a list of API 3.0 is asked
// for. What is empty asks for nothing.
type Lookup struct {
	Part  string      // of the name, as it is written
	Names []string    // one of which it has, in any case
	Tags  []TagFilter // all of which it meets
}

// Wants tells whether something of that name, with those tags, is asked for.
func (l Lookup) Wants(name string, tags []Tag) bool {
	if !strings.Contains(name, l.Part) {
		return false
	}
	if len(l.Names) > 0 && !slices.ContainsFunc(l.Names, func(n string) bool { return strings.EqualFold(n, name) }) {
		return false
	}
	for _, f := range l.Tags {
		if !slices.ContainsFunc(tags, f.meets) {
			return false
		}
	}
	return true
}

// Order sorts what was found: the very name that was asked for first, because
// Terraform takes the first, then by name.
func (l Lookup) Order(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == l.Part:
		return -1
	case b == l.Part:
		return 1
	default:
		return strings.Compare(a, b)
	}
}
