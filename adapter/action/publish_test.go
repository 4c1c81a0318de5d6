package action

import (
	"reflect"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/mapping"
)

var (
	longTag  = strings.Repeat("界", mapping.MaxTagLength)
	longKey  = strings.Repeat("k", mapping.MaxKeyLength)
	wordyKey = strings.Repeat("w.", mapping.MaxKeyWords-1) + "w"
)

func TestLabels(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why   string
		pairs []Pair
		want  mapping.Labels
	}{
		{"nothing", nil, mapping.Labels{}},
		{"from 0", []Pair{{"msgTag.0", "a"}, {"msgTag.1", "b"}}, mapping.Labels{Tags: []string{"a", "b"}}},
		{"from 1", []Pair{{"msgTag.1", "a"}, {"msgTag.2", "b"}}, mapping.Labels{Tags: []string{"a", "b"}}},
		{"in any order", []Pair{{"msgTag.2", "b"}, {"msgTag.1", "a"}}, mapping.Labels{Tags: []string{"a", "b"}}},
		{"under a subscription's name", []Pair{{"filterTag.1", "a"}, {"filterTag.2", "b"}}, mapping.Labels{Tags: []string{"a", "b"}}},
		{"as no list", []Pair{{"msgTag", "a"}}, mapping.Labels{}},
		{"five", []Pair{{"msgTag.0", "a"}, {"msgTag.1", "b"}, {"msgTag.2", "c"}, {"msgTag.3", "d"}, {"msgTag.4", "e"}},
			mapping.Labels{Tags: []string{"a", "b", "c", "d", "e"}}},
		{"twice", []Pair{{"msgTag.0", "b"}, {"msgTag.1", "a"}, {"msgTag.2", "b"}}, mapping.Labels{Tags: []string{"b", "a"}}},
		{"in another case", []Pair{{"msgTag.0", "b"}, {"msgTag.1", "B"}}, mapping.Labels{Tags: []string{"b", "B"}}},
		{"empty", []Pair{{"msgTag.1", ""}}, mapping.Labels{}},
		{"one empty", []Pair{{"msgTag.1", ""}, {"msgTag.2", "a"}}, mapping.Labels{Tags: []string{"a"}}},
		{"odd", []Pair{{"msgTag.1", " a, b"}, {"msgTag.2", longTag}}, mapping.Labels{Tags: []string{" a, b", longTag}}},
		{"an empty key", []Pair{{"routingKey", ""}}, mapping.Labels{}},
		{"a key", []Pair{{"routingKey", "1.test.0"}, {"msgTag.1", "a"}}, mapping.Labels{Tags: []string{"a"}, RoutingKey: "1.test.0"}},
		{"wildcards", []Pair{{"routingKey", "*.#.a*"}}, mapping.Labels{RoutingKey: "*.#.a*"}},
		{"empty words", []Pair{{"routingKey", ".a.."}}, mapping.Labels{RoutingKey: ".a.."}},
		{"a long key", []Pair{{"routingKey", longKey}}, mapping.Labels{RoutingKey: longKey}},
		{"a key of many words", []Pair{{"routingKey", wordyKey}}, mapping.Labels{RoutingKey: wordyKey}},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			if got := said[labels](t, test.pairs...).words(); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestPublishRefuses(t *testing.T) {
	t.Parallel()
	six := []Pair{{"msgTag.1", "a"}, {"msgTag.2", "a"}, {"msgTag.3", "a"}, {"msgTag.4", "a"}, {"msgTag.5", ""}, {"msgTag.6", "a"}}
	for _, test := range []struct {
		pairs []Pair
		want  *mapping.Error
	}{
		{six, mapping.ErrTooManyTags}, // what was sent counts, not what is left of it
		{[]Pair{{"msgTag.1", longTag + "x"}}, mapping.ErrOutOfRange.Of("msgTag")},
		{[]Pair{{"filterTag.1", longTag + "x"}}, mapping.ErrOutOfRange.Of("msgTag")},
		{[]Pair{{"msgTag.1", "a"}, {"msgTag.3", "b"}}, mapping.ErrListGap.Of("msgTag")},
		{[]Pair{{"msgTag.x", "a"}}, mapping.ErrKeyFormat.Of("msgTag")},
		{[]Pair{{"filterTag.x", "a"}}, mapping.ErrKeyFormat.Of("filterTag")},
		{[]Pair{{"routingKey", longKey + "k"}}, mapping.ErrOutOfRange.Of("routingKey")},
		{[]Pair{{"routingKey", wordyKey + "."}}, mapping.ErrTooManyDelimiters},
		{[]Pair{{"routingKey", "a\r\nb"}}, mapping.ErrOutOfRange.Of("routingKey")},
		{[]Pair{{"routingKey.1", "a"}}, mapping.ErrNotRepeatable.Of("routingKey")},
	} {
		for a, body := range map[*Action]string{PublishMessage: "msgBody", BatchPublishMessage: "msgBody.1"} {
			pairs := append([]Pair{{"topicName", "t"}, {body, "m"}}, test.pairs...)
			refuses(t, a, pairs, test.want)
			if _, err := a.Call(t.Context(), nil, Params{Pairs: pairs}); err.Error() != test.want.Error() {
				t.Errorf("%s %q: got %q, want %q", a.Name, test.pairs, err, test.want)
			}
		}
	}
}
