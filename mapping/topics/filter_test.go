package topics_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/topics"
)

// Which message reaches whom, through JetStream and all: each pair of filter
// and labels once.
func TestTagsReachWhoFiltersByThem(t *testing.T) {
	w := start(t, topics.Config{})
	w.topic("news", mapping.FilterTag)
	filters := map[string][]string{
		"all": nil, "red": {"red"}, "twice": {"red", "red"}, "mixed": {"blue", "green"}, "upper": {"Red"},
		"dot": {"a.b"}, "star": {"*"}, "more": {">"}, "percent": {"%"}, "blank": {" "}, "phone": {"imac", "xiaomi"},
		"five": {"1", "2", "3", "4", "last"}, "wide": {"红色"},
	}
	for queue, filter := range filters {
		// Binding keys have no effect here.
		w.toQueue("news", queue, mapping.Subscription{FilterTags: filter, BindingKeys: []string{"nothing.like.this"}})
	}
	messages := [][]string{
		nil, {"red"}, {"red", "red"}, {"green", "red"}, {"green", "blue"}, {"Red"}, {"RED"}, {"a.b"}, {"a", "b"}, {"*"}, {">"},
		{"%"}, {" "}, {"apple", "imac", "iphone", "macbook"}, {"imac", "xiaomi"}, {"q", "w", "e", "r", "last"}, {"红色", "红"}, {"红"},
	}
	want := map[string][]string{}
	for i, tags := range messages {
		body := fmt.Sprint(i, tags)
		w.publish("news", mapping.Labels{Tags: tags, RoutingKey: "red"}, body) // nor has the routing key
		for queue, filter := range filters {
			if len(filter) == 0 || slices.ContainsFunc(filter, func(f string) bool { return slices.Contains(tags, f) }) {
				want[queue] = append(want[queue], body)
			}
		}
	}
	w.done("news")
	for queue := range filters {
		w.exactly(mapping.QueueName(queue), want[queue]...)
	}
}

func TestRoutingKeysReachWhoBindsThem(t *testing.T) {
	n := newWeb()
	w := start(t, topics.Config{Deliver: n.deliver})
	n.put("http://web", takes)
	w.topic("news", mapping.FilterKey)
	w.toWeb("news", "web", mapping.Subscription{BindingKeys: []string{"#"}})
	bindings := [][]string{
		{"1.*.0"}, {"1.#.0"}, {"a.*"}, {"a.b"}, {"#"}, {"*"}, {"#.a"}, {"a.#"}, {"*.#"}, {"#.#"}, {"a*"}, {"#.x.#"}, {"*.*"},
		{"a.*", "*.b", "#.b", "a.b", "#"}, // all of them match a.b, which comes once
		{"1.*.0", "1.#"}, {"#.a.#.b.#", "#.0"}, {"ü.红"}, {"a b.%"}, {"*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*"},
		{"#.a.#", "#.b.#", "#.0.#", "#.x.#", "#.%.#"},
	}
	for i, keys := range bindings {
		// Filter tags have no effect here.
		w.toQueue("news", fmt.Sprint("q", i), mapping.Subscription{BindingKeys: keys, FilterTags: []string{"nothing"}})
	}
	keys := []string{
		"", "1.test.0", "1.a.b.0", "1.0", "1..0", "1.2.3.4.4.2.2.0", "a", "b", "a.b", "A.b", "a.b.c", "a*", "ab", "x", "a.x.b", "x.x",
		"..", ".", "a.", ".a", "a.*", "a.#", "*", "#", ">", "a.>", "%", "a.%", "a b.%", "a b.%25", "ü.红", "ü.红.", "1.0.0",
		"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p", "a.a.b.b.0", strings.Repeat("x", 64),
	}
	want := make([][]string, len(bindings))
	for _, key := range keys {
		w.publish("news", mapping.Labels{RoutingKey: key, Tags: []string{"x", "y"}}, "key "+key)
		for i, b := range bindings {
			if slices.ContainsFunc(b, func(binding string) bool { return binds(split(binding), split(key)) }) {
				want[i] = append(want[i], "key "+key)
			}
		}
	}
	w.done("news")
	for i := range bindings {
		w.exactly(mapping.QueueName(fmt.Sprint("q", i)), want[i]...)
	}
	if got := n.count("http://web"); got != len(keys) {
		t.Errorf("got %d pushes, want %d", got, len(keys))
	}
	for _, v := range n.visits("http://web") {
		if "key "+v.RoutingKey != v.Body || !slices.Equal(v.Tags, []string{"x", "y"}) {
			t.Errorf("%q was pushed with routing key %q and tags %q", v.Body, v.RoutingKey, v.Tags)
		}
	}
}

func split(key string) []string {
	if key == "" {
		return nil
	}
	return strings.Split(key, ".")
}

// binds is the vendor's rule, written down word by word.
func binds(binding, key []string) bool {
	switch {
	case len(binding) == 0:
		return len(key) == 0
	case binding[0] == "#":
		return binds(binding[1:], key) || len(key) > 0 && binds(binding, key[1:])
	case len(key) == 0 || binding[0] == "*" && key[0] == "":
		return false
	}
	return (binding[0] == "*" || binding[0] == key[0]) && binds(binding[1:], key[1:])
}

// The table of the vendor's pages, so that the rule above is right.
func TestTheRuleOfBindingKeys(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		binding, key string
		want         bool
	}{
		{"1.*.0", "1.test.0", true}, {"1.*.0", "1.a.b.0", false}, {"1.*.0", "1.0", false}, {"1.*.0", "1..0", false},
		{"1.#.0", "1.2.3.4.4.2.2.0", true}, {"1.#.0", "1.0", true}, {"1.#.0", "1..0", true}, {"a.*", "a", false}, {"a.b", "A.b", false},
		{"#", "", true}, {"*", "", false}, {"*", "a", true}, {"*", "a.b", false}, {"#.a", "a", true}, {"a.#", "a", true},
		{"a.#", "b", false}, {"*.#", "a", true}, {"*.#", "", false}, {"#.#", "", true}, {"#.#", "a.b", true}, {"a*", "ab", false},
	} {
		if got := binds(split(c.binding), split(c.key)); got != c.want {
			t.Errorf("binding key %q and routing key %q: got %v, want %v", c.binding, c.key, got, c.want)
		}
	}
}

func TestABatchReachesWhole(t *testing.T) {
	w := start(t, topics.Config{})
	w.topic("news", mapping.FilterTag)
	w.toQueue("news", "red", mapping.Subscription{FilterTags: []string{"red"}})
	w.toQueue("news", "blue", mapping.Subscription{FilterTags: []string{"blue"}})
	var bodies []string
	for i := range mapping.MaxBatch {
		bodies = append(bodies, fmt.Sprint("message ", i))
	}
	ids := w.publish("news", mapping.Labels{Tags: []string{"red"}}, bodies...)
	slices.Sort(ids)
	if got := len(slices.Compact(ids)); got != mapping.MaxBatch {
		t.Errorf("got %d different ids, want %d", got, mapping.MaxBatch)
	}
	w.done("news")
	w.exactly("red", bodies...)
	w.exactly("blue")
}
