package seeds

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/adapter/action"
)

const testFile = "s.yaml"

func TestFaults(t *testing.T) {
	t.Parallel()
	for why, c := range map[string]struct{ text, want string }{
		"above":          {"queues:\n  - name: a\n    visibilityTimeout: 50000", "s.yaml:3:5: visibilityTimeout: 50000 is above 43200"},
		"below":          {"queues: [{name: a, maxMsgSize: 1023}]", "s.yaml:1:20: maxMsgSize: 1023 is below 1024"},
		"negative":       {"queues: [{name: a, rewindSeconds: -1}]", "s.yaml:1:20: rewindSeconds: -1 is below 0"},
		"very large":     {"queues: [{name: a, rewindSeconds: 99999999999999999999}]", "s.yaml:1:20: rewindSeconds: 99999999999999999999 is above 1296000"},
		"with unit":      {"queues: [{name: a, rewindSeconds: 16d}]", "s.yaml:1:20: rewindSeconds: 1382400 is above 1296000"},
		"strange unit":   {"queues: [{name: a, rewindSeconds: 2w}]", `s.yaml:1:20: rewindSeconds: "2w" is not a whole number`},
		"no time":        {"queues: [{name: a, maxMsgHeapNum: 2h}]", `s.yaml:1:20: maxMsgHeapNum: "2h" is not a whole number`},
		"fraction":       {"queues: [{name: a, rewindSeconds: 1.5}]", `s.yaml:1:20: rewindSeconds: "1.5" is not a whole number`},
		"empty number":   {"queues: [{name: a, rewindSeconds: \"\"}]", `s.yaml:1:20: rewindSeconds: "" is not a whole number`},
		"no value":       {"queues:\n  - name: a\n    rewindSeconds:", `s.yaml:3:5: rewindSeconds has no value: give it one or leave it out (null as a text is "null")`},
		"list for value": {"queues: [{name: a, rewindSeconds: [1]}]", "s.yaml:1:20: rewindSeconds must be a single value"},
		"name":           {"queues: [{name: 1a}]", `s.yaml:1:11: name: "1a" is not a name: a letter, then letters, digits, - and _, 64 at most`},
		"no name":        {"queues:\n  - rewindSeconds: 1", "s.yaml:2:5: this queue has no name"},
		"null name":      {"queues: [{name: null}]", `s.yaml:1:11: name has no value: give it one or leave it out (null as a text is "null")`},
		"same name":      {"queues:\n- name: Q\n- name: q", "s.yaml:3:3: there are two queues of the name q, the first in line 2 (upper and lower case are the same)"},
		"unknown":        {"queue: []", "s.yaml:1:1: queue is not known here: did you mean queues? (a seeds file can have queues, topics, accounts)"},
		"filterTag":      {"topics: [{name: t, subscriptions: [{name: s, protocol: queue, endpoint: q, filterTag: [a]}]}]", "s.yaml:1:76: filterTag is not known here: did you mean filterTags? (a subscription can have name, protocol, endpoint, notifyStrategy, notifyContentFormat, filterTags, bindingKeys)"},
		"not a mapping":  {"- a", "s.yaml:1:1: a seeds file must be a mapping, as in `name: value`"},
		"not a list":     {"queues: {name: a}", "s.yaml:1:1: queues must be a list, whose elements begin with a dash"},
		"only a name":    {"queues:\n  - orders", "s.yaml:2:5: a queue must be a mapping, as in `name: value`"},
		"twice":          {"queues: []\nqueues: []", "s.yaml:2:1: queues stands here twice, first in line 1"},
		"key":            {"[a]: b", "s.yaml:1:1: a key of a seeds file must be a single word"},
		"rewind":         {"queues: [{name: a, rewindSeconds: 5d}]", "s.yaml:1:20: rewindSeconds cannot be greater than msgRetentionSeconds"},

		"policy alone":     {"queues: [{name: a, deadLetterPolicy: {policy: 0}}]", "s.yaml:1:39: deadLetterPolicy needs deadLetterQueue"},
		"policy missing":   {"queues: [{name: a, deadLetterPolicy: {deadLetterQueue: b}}]", "s.yaml:1:39: deadLetterPolicy needs policy: 0 (received too often, see maxReceiveCount) or 1 (too old, see maxTimeToLive)"},
		"policy null":      {"queues: [{name: a, deadLetterPolicy: }]", "s.yaml:1:20: deadLetterPolicy has no value: give it one, or {} for none, or leave it out"},
		"policy text":      {"queues: [{name: a, deadLetterPolicy: \"\"}]", "s.yaml:1:38: deadLetterPolicy must be a mapping, as in `name: value`"},
		"policy kind":      {"queues: [{name: a, deadLetterPolicy: {deadLetterQueue: b, policy: 2}}]", "s.yaml:1:59: policy: 2 is above 1"},
		"count missing":    {"queues: [{name: a, deadLetterPolicy: {deadLetterQueue: b, policy: 0}}]", "s.yaml:1:59: policy 0 needs maxReceiveCount"},
		"count of 0":       {"queues: [{name: a, deadLetterPolicy: {deadLetterQueue: b, policy: 0, maxReceiveCount: 0}}]", "s.yaml:1:39: deadLetterQueue: b: policy 0 needs maxReceiveCount between 1 and 1000"},
		"age too long":     {"queues: [{name: a, msgRetentionSeconds: 300, deadLetterPolicy: {deadLetterQueue: b, policy: 1, maxTimeToLive: 5m}}]", "s.yaml:1:65: deadLetterQueue: b: maxTimeToLive must be less than msgRetentionSeconds"},
		"wrong number":     {"queues: [{name: a, deadLetterPolicy: {deadLetterQueue: b, policy: 1, maxTimeToLive: 300, maxReceiveCount: 3}}]", "s.yaml:1:90: maxReceiveCount means nothing with policy 1: leave it out"},
		"own dead letters": {"queues: [{name: a, deadLetterPolicy: {deadLetterQueue: A, policy: 0, maxReceiveCount: 3}}]", "s.yaml:1:39: a queue cannot be its own dead-letter queue"},
		"chain": {"queues:\n- {name: a, deadLetterPolicy: {deadLetterQueue: b, policy: 0, maxReceiveCount: 3}}\n- {name: B, deadLetterPolicy: {deadLetterQueue: c, policy: 0, maxReceiveCount: 3}}",
			"s.yaml:2:32: b cannot be a dead-letter queue: it has one itself, c"},

		"endpoint missing": {"topics: [{name: t, subscriptions: [{name: s, protocol: queue}]}]", "s.yaml:1:37: this subscription needs endpoint"},
		"protocol":         {"topics: [{name: t, subscriptions: [{name: s, protocol: sqs, endpoint: q}]}]", "s.yaml:1:46: protocol: sqs is not queue or http"},
		"endpoint":         {"topics: [{name: t, subscriptions: [{name: s, protocol: http, endpoint: q}]}]", "s.yaml:1:62: endpoint: q is not the name of a queue, for protocol queue, or http://host/path, for protocol http"},
		"blank":            {"topics: [{name: t, subscriptions: [{name: s, protocol: http, endpoint: http://a/ b}]}]", `s.yaml:1:62: endpoint: "http://a/ b" has blanks in it`},
		"strategy":         {"topics: [{name: t, subscriptions: [{name: s, notifyStrategy: NONE}]}]", "s.yaml:1:46: notifyStrategy: NONE is not BACKOFF_RETRY or EXPONENTIAL_DECAY_RETRY"},
		"format":           {"topics: [{name: t, subscriptions: [{name: s, notifyContentFormat: XML}]}]", "s.yaml:1:46: notifyContentFormat: XML is not JSON or SIMPLIFIED"},
		"too many tags":    {"topics: [{name: t, subscriptions: [{name: s, filterTags: [a,b,c,d,e,f]}]}]", "s.yaml:1:46: filterTags has 6 elements, more than 5"},
		"long tag":         {"topics: [{name: t, subscriptions: [{name: s, filterTags: [" + strings.Repeat("x", 65) + "]}]}]", "s.yaml:1:59: filterTags: " + `"` + strings.Repeat("x", 60) + `..."` + " has more than 64 characters"},
		"tag twice":        {"topics: [{name: t, subscriptions: [{name: s, filterTags: [a, a]}]}]", "s.yaml:1:62: filterTags: a stands here twice, or is nothing"},
		"binding":          {"topics: [{name: t, subscriptions: [{name: s, protocol: queue, endpoint: q, bindingKeys: [a]}]}]", "s.yaml:1:76: bindingKeys means nothing here: the topic t has filterType 1, so that filterTags counts"},
		"no binding":       {"topics: [{name: t, filterType: 2, subscriptions: [{name: s, protocol: queue, endpoint: q}]}]", "s.yaml:1:52: a subscription of a topic with filterType 2 needs bindingKeys; # lets everything through"},
		"filterType":       {"topics: [{name: t, filterType: 3}]", "s.yaml:1:20: filterType: 3 is above 2"},

		"two defaults":     {"queues: [{name: a}]\naccounts: {default: {queues: []}}", "s.yaml:2:12: the account default has its queues and topics at the top of the file already"},
		"nested accounts":  {"accounts: {a: {accounts: {}}}", "s.yaml:1:16: accounts is not known here: did you mean queues? (an account can have queues, topics)"},
		"too long a value": {"queues: [{name: " + strings.Repeat("n", 100) + "}]", "s.yaml:1:11: name: " + `"` + strings.Repeat("n", 60) + `..."` + " is not a name: a letter, then letters, digits, - and _, 64 at most"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			if got := parseError(c.text); got != c.want+"\n" && !strings.HasPrefix(got, c.want+"\n") {
				t.Errorf("got\n%swant first\n%s", got, c.want)
			}
		})
	}
}

func parseError(text string) string {
	_, err := Parse(testFile, []byte(text))
	if err == nil {
		return "no error\n"
	}
	return err.Error() + "\n"
}

// What YAML can do besides, and people get wrong.
func TestYAML(t *testing.T) {
	t.Parallel()
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nqueues: [*b,*b,*b]\n"
	for why, c := range map[string]struct{ text, want string }{
		"alias":        {"queues: &q []\ntopics: *q", "s.yaml:1:9: &q is an anchor, which a seeds file may not have\ns.yaml:2:9: *q is an alias, which a seeds file may not have: write out what it stands for"},
		"bomb":         {bomb, "s.yaml:1:4: &a is an anchor"},
		"merge":        {"queues:\n  - <<: {name: a}", "s.yaml:2:5: << merges, which a seeds file may not: write out what it stands for"},
		"tag":          {"queues:\n  - name: !!str 1", "s.yaml:2:11: !!str is a tag, which a seeds file may not have: quote a text if need be"},
		"two files":    {"queues: []\n---\ntopics: []", "s.yaml:2:1: a second document begins here: put everything into one, without ---"},
		"two, one bad": {"queues: []\n---\n\t- a", "s.yaml:3:1: this is not YAML: "},
		"tab":          {"queues:\n\t- name: a", "s.yaml:2:1: this is not YAML: found character that cannot start any token (YAML is indented with blanks, not with tabs)"},
		"tab within":   {"queues:\n  - name: a\n\t  rewindSeconds: 1", "s.yaml:3:1: this is not YAML: found a tab character that violates indentation (YAML is indented with blanks, not with tabs)"},
		"quote":        {"queues:\n  - name: \"a\n", "s.yaml:3:1: this is not YAML: found unexpected end of stream"},
		"colon":        {"queues:\n  - name: a: b", "s.yaml:2:12: this is not YAML: mapping values are not allowed in this context"},
		"deep":         {strings.Repeat("[", 100_000), "s.yaml:1:10001: this is not YAML: exceeded max depth of 10000"},
		"latin 1":      {"queues:\n  - name: \xe4", "s.yaml:2:1: this is not text in UTF-8"},
		"utf 16":       {"\xff\xfeq\x00", "s.yaml:1:1: this is not text in UTF-8"},
		"nul":          {"queues: \x00", "s.yaml:1:1: this is not text in UTF-8"},
		"long":         {strings.Repeat("#", MaxFile+1), "s.yaml: the file has more than 1048576 bytes"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			if got := parseError(c.text); !strings.HasPrefix(got, c.want) {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

func TestManyFaultsAreCounted(t *testing.T) {
	t.Parallel()
	got := parseError("queues:" + strings.Repeat("\n  - name: 1", 25))
	if want := "s.yaml: and 15 more\n"; strings.Count(got, "\n") != 11 || !strings.HasSuffix(got, want) {
		t.Errorf("got\n%swant 10 faults and %s", got, want)
	}
}

// Files that are right, and the names of what is in them.
func TestParse(t *testing.T) {
	t.Parallel()
	for why, c := range map[string]struct{ text, want string }{
		"nothing":         {"", ""},
		"a comment":       {"# nothing yet\n", ""},
		"dashes":          {"---\n# nothing yet\n", ""},
		"commented out":   {"queues:\n  # - name: a\ntopics:\naccounts:\n", ""},
		"order":           {"queues: [{name: b}, {name: a}]", "default b a"},
		"a long file":     {"queues: [{name: a}]\n" + strings.Repeat("#", MaxFile-20), "default a"},
		"BOM":             {"\ufeffqueues:\n  - name: a\n", "default a"},
		"CRLF":            {"queues:\r\n  - name: a\r\n    maxMsgSize: 2KiB\r\n  - name: b\r\n", "default a maxMsgSize=2048 b"},
		"JSON":            {`{"queues": [{"name": "a", "rewindSeconds": 60}]}`, "default a rewindSeconds=60"},
		"words of YAML":   {"queues: [{name: yes}, {name: 'null'}, {name: no}, {name: on}]", "default yes null no on"},
		"numbers":         {"queues: [{name: a, rewindSeconds: '+060', maxMsgSize: 1MiB, visibilityTimeout: 12h, pollingWaitSeconds: 30s}]", "default a rewindSeconds=60 maxMsgSize=1048576 visibilityTimeout=43200 pollingWaitSeconds=30"},
		"policy":          {"queues: [{name: a, deadLetterPolicy: {policy: 1, deadLetterQueue: b, maxTimeToLive: 5m}}, {name: b, deadLetterPolicy: {}}]", "default a policy=1 deadLetterQueue=b maxTimeToLive=300 b deadLetterQueue="},
		"no tags":         {"topics: [{name: t, subscriptions: [{name: s, protocol: HTTP, endpoint: https://a/b, filterTags: }]}]", "default t s protocol=HTTP endpoint=https://a/b filterTags="},
		"tags":            {"topics: [{name: t, subscriptions: [{name: s, protocol: queue, endpoint: q, filterTags: [1, 界, no]}]}]", "default t s protocol=queue endpoint=q filterTags=1,界,no"},
		"accounts":        {"accounts: {b: {queues: [{name: a}]}, a: , default: {topics: [{name: t}]}}", "b a default t"},
		"queue and topic": {"queues: [{name: a}]\ntopics: [{name: A}]", "default a A"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			f, err := Parse(testFile, []byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if got := summary(f); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// summary is what a file says, in its order.
func summary(f *File) string {
	var words []string
	var add func(rs []*resource)
	add = func(rs []*resource) {
		for _, r := range rs {
			words = append(words, r.name)
			for _, s := range r.says {
				words = append(words, s.name+"="+strings.Join(s.value, ","))
			}
			add(r.subs)
		}
	}
	for _, c := range f.accounts {
		words = append(words, c.account)
		add(c.queues)
		add(c.topics)
	}
	return strings.Join(words, " ")
}

func TestTheExample(t *testing.T) {
	t.Parallel()
	const name = "../../seeds.example.yaml"
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse(name, text)
	if err != nil {
		t.Fatal(err)
	}
	said := summary(f)
	for _, k := range []*kind{queues, topics, subscriptions} {
		for _, a := range k.attributes {
			if a.name != maxTimeToLive && k != topics && !strings.Contains(said, a.name+"=") {
				t.Errorf("the example does not show %s of a %s", a.name, k.noun)
			}
		}
	}
}

// All that can be said is a parameter of the actions, and all parameters can be
// said, but for those of API 3.0 that have no effect here.
func TestAttributesAreParameters(t *testing.T) {
	t.Parallel()
	without := []string{"Transaction", "FirstQueryInterval", "MaxQueryCount", "Trace", "RetentionSizeInMB", "Tags"}
	for _, k := range []*kind{queues, topics, subscriptions} {
		var said []string
		for _, p := range append(k.create.Parameters(widest), k.modify.Parameters(widest)...) {
			i := slices.IndexFunc(k.attributes, func(a attribute) bool { return slices.Contains(p.Names, a.v3) })
			naming := p.Names[0] == k.parameter || k == subscriptions && p.Names[0] == topics.parameter
			if i < 0 && !naming && !slices.Contains(without, p.Names[0]) {
				t.Errorf("%s of a %s cannot be said", p.Names[0], k.noun)
			} else if i >= 0 {
				said = append(said, k.attributes[i].name)
			}
		}
		for _, a := range k.attributes {
			if !slices.Contains(said, a.name) {
				t.Errorf("%s is no parameter", a.name)
			}
			if set := declared(k.modify, a.v3, widest) != nil; set == a.fixed {
				t.Errorf("%s of a %s: fixed is %v, but it can be set: %v", a.name, k.noun, a.fixed, set)
			}
			if p := k.declared(&a, widest); p != nil && p.List != (a.form == list) {
				t.Errorf("%s: the parameter is a list: %v", a.name, p.List)
			}
			if k == queues && a.group == "" && declared(k.create, a.name, action.Legacy) == nil {
				t.Errorf("%s has another name in API 2.0", a.name)
			}
		}
	}
}
