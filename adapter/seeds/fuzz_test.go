package seeds

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/jetcmq/jetcmq/adapter/action"
)

// FuzzParse gives the parser anything. It must come to an end, tell of every
// fault where it is, and let nothing through that an action would refuse.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"", "queues:\n  - name: a\n    visibilityTimeout: 1m\n",
		"queues: [{name: a, deadLetterPolicy: {deadLetterQueue: b, policy: 0, maxReceiveCount: 3}}, {name: b}]",
		"topics:\n- name: t\n  filterType: 2\n  subscriptions: [{name: s, protocol: queue, endpoint: q, bindingKeys: [a.*, '#']}]",
		"accounts: {a: {topics: [{name: t, subscriptions: [{name: s, protocol: http, endpoint: http://h/, filterTags: [x]}]}]}}",
		"a: &a [b]\nc: *a", "\ufeff---\n...\n", "? - a\n: b", "queues:\r\n\t- name",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Parse(testFile, text)
		var faults Faults
		if err != nil && (!errors.As(err, &faults) || len(faults) == 0 || !strings.HasPrefix(err.Error(), testFile+":")) {
			t.Fatalf("got %v, want faults of the file", err)
		}
		if err != nil {
			return
		}
		for _, c := range file.accounts {
			for _, q := range c.queues {
				check(t, q)
			}
			for _, topic := range c.topics {
				check(t, topic)
				for _, s := range topic.subs {
					check(t, s)
				}
			}
		}
	})
}

func check(t *testing.T, r *resource) {
	t.Helper()
	if err := r.create.Check(action.Params{API: widest, Pairs: r.creation()}); err != nil {
		t.Errorf("%s %s: %v", r.noun, r.name, err)
	}
}

// FuzzScalar has texts written into a file and read from it.
func FuzzScalar(f *testing.F) {
	for _, text := range []string{"a", "null", "~", "", "1", "01", "1e3", "0x1", "a: b", "a #b", "- a", "界", "\x7f\x85\u0085\u2028\ufeff", "\U0001F600", "'", `"\`, "\xff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return // no value can be that
		}
		for _, file := range []string{"k: " + scalar(text), "k: [" + scalar(text) + "]", "- " + scalar(text) + "\n"} {
			var n yaml.Node
			if err := yaml.Unmarshal([]byte(file), &n); err != nil {
				t.Fatalf("%q: %v", file, err)
			}
			last := &n
			for len(last.Content) > 0 {
				last = last.Content[len(last.Content)-1]
			}
			if last.Value != text || empty(last) {
				t.Errorf("%q: got %q", file, last.Value)
			}
		}
	})
}
