package mapping

import (
	"slices"
	"strings"
	"testing"
)

func TestLookupWants(t *testing.T) {
	t.Parallel()
	tags := []Tag{{"team", "red"}, {"stage", ""}}
	for _, test := range []struct {
		why  string
		l    Lookup
		want bool
	}{
		{"nothing asked for", Lookup{}, true},
		{"a part", Lookup{Part: "rder"}, true},
		{"a part in another case", Lookup{Part: "order"}, false},
		{"another part", Lookup{Part: "x"}, false},
		{"the name", Lookup{Names: []string{"x", "Orders"}}, true},
		{"the name in another case", Lookup{Names: []string{"oRDERS"}}, true},
		{"a part as name", Lookup{Names: []string{"Order"}}, false},
		{"name and part", Lookup{Part: "x", Names: []string{"Orders"}}, false},
		{"a tag", Lookup{Tags: []TagFilter{{Key: "team"}}}, true},
		{"a tag's value", Lookup{Tags: []TagFilter{{"team", []string{"blue", "red"}}}}, true},
		{"an empty value", Lookup{Tags: []TagFilter{{"stage", []string{""}}}}, true},
		{"another value", Lookup{Tags: []TagFilter{{"team", []string{"blue"}}}}, false},
		{"another tag", Lookup{Tags: []TagFilter{{Key: "red"}}}, false},
		{"a tag in another case", Lookup{Tags: []TagFilter{{Key: "Team"}}}, false},
		{"two tags", Lookup{Tags: []TagFilter{{Key: "team"}, {Key: "stage"}}}, true},
		{"one of two tags", Lookup{Tags: []TagFilter{{Key: "team"}, {Key: "x"}}}, false},
	} {
		if got := test.l.Wants("Orders", tags); got != test.want {
			t.Errorf("%s: got %v, want %v", test.why, got, test.want)
		}
	}
}

func TestLookupOrder(t *testing.T) {
	t.Parallel()
	for part, want := range map[string]string{"": "B a ab b", "b": "b B a ab", "B": "B a ab b", "x": "B a ab b"} {
		names := []string{"b", "a", "B", "ab"}
		slices.SortFunc(names, Lookup{Part: part}.Order)
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%q: got %s, want %s", part, got, want)
		}
	}
}
