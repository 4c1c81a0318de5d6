package action

import (
	"flag"
	"fmt"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/mapping"
)

var update = flag.Bool("update", false, "rewrite REFERENCE.md from the declarations")

const reference = "../../REFERENCE.md"

func TestReference(t *testing.T) {
	t.Parallel()
	want := writeReference(t)
	if *update {
		if err := os.WriteFile(reference, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(reference)
	if err != nil || string(got) != want {
		t.Errorf("REFERENCE.md is not what the actions declare (%v); go test ./adapter/action -update rewrites it", err)
	}
}

const preface = `# Reference

Every action of CMQ's API 2.0 that is served: what it takes, answers and refuses.
This page is written by ` + "`go test ./adapter/action -update`" + ` from the declarations in ` + "`adapter/action`" + `.

## How calls look

A call is a GET with a query or a POST with a form, on any path; ` + "`Action`" + ` names the action, in any case.
Names of parameters are exact, blanks around them aside. Unknown parameters are ignored, and of a parameter sent twice the first counts.

- An **integer** is decimal text. An empty one counts as absent.
- A **list** is sent as ` + "`name.0`, `name.1` … or `name.1`, `name.2`" + ` … with no number left out, in any order.
- A **queue name** is a letter, then letters, digits, ` + "`-` and `_`" + `, 64 characters at most. Names that differ only in case are one name.
  **Topic names** and **subscription names** are made alike.
- A **tag** has 16 characters at most. A **key** is words with dots between them, 64 bytes and 15 dots at most. Neither has control characters.
  In a list an empty tag or key counts as absent, and of equal ones the first counts; the limit is for what was sent.
- A **dead-letter policy** is a text that holds a JSON object: ` + "`deadLetterQueue`" + `, which is a queue's name in a call and its id in an answer;
  ` + "`policy` 0 with `maxReceiveCount`" + ` 1–1000 to move what was received that often, or ` + "`policy` 1 with `maxTimeToLive`" + ` 300–43200 to move
  what is that many seconds old. An empty text, or ` + "`{}`" + `, is no policy.

The answer is HTTP 200 with a JSON object, whatever happened. It has ` + "`code`" + ` (a number, 0 for success), ` + "`message`" + ` (empty for success,
else a module number in brackets and a text) and ` + "`requestId`" + `; the tables below list what an action adds. Times are Unix seconds. A list is never null.

## What any call can be refused with

Checks come in this order: the request as a whole, the action, the signature, required parameters, values, and then what the action itself finds.

`

// common are the errors that no action lists, in the order of their checks.
var common = []struct {
	err  *mapping.Error
	when string
}{
	{mapping.ErrMethod, "the method is neither GET nor POST"},
	{mapping.ErrRequestSize, "the request cannot be read or is too large"},
	{mapping.ErrActionMissing, "`Action` names none of those below"},
	{mapping.ErrSecretID, "`SecretId` is unknown"},
	{mapping.ErrSignature, "`Signature` does not fit the request"},
	{mapping.ErrKeyFormat, "what follows the dot of a list's name is no number"},
	{mapping.ErrNotRepeatable, "something that is no list was sent as one"},
	{mapping.ErrMissing, "a required parameter is absent or empty, or a list has no element"},
	{mapping.ErrBatchSize, "a list has too many elements, and no error of its own for that"},
	{mapping.ErrListGap, "a list leaves out a number, or begins with neither 0 nor 1"},
	{mapping.ErrNotANumber, "an integer is not decimal text"},
	{mapping.ErrOutOfRange, "an integer is outside its range, or a tag or key is too long or has control characters"},
	{mapping.ErrParameters, "a value cannot be used; the reason stands behind the text"},
	{mapping.ErrInternal, "the fault is ours, or JetStream cannot be reached; the log says more"},
}

// meaning has the words for every name on the wire; one name, one meaning.
var meaning = map[string]string{
	"activeMsgNum":                      "messages ready to be received",
	"addr":                              "always empty",
	"code":                              "why it failed",
	"bindindKey":                        "the same, as the PHP SDK spells it",
	"bindingKey":                        "patterns of routing keys, in a topic that filters by them: `*` stands for one word, `#` for any number of words, also none",
	"createTime":                        "when it was created",
	"createUin":                         "always the same",
	"deadLetterPolicy":                  "where messages go that nobody manages to process",
	"deadLetterPolicy::deadLetterQueue": "the policy in pieces; they do not count beside `deadLetterPolicy`",
	"deadLetterPolicy::policy":          "a piece of the policy",
	"deadLetterPolicy::maxReceiveCount": "a piece of the policy",
	"deadLetterPolicy::maxTimeToLive":   "a piece of the policy",
	"deadLetterQueueName":               "the queue that takes dead letters",
	"delayMsgNum":                       "messages still in their delay",
	"delaySeconds":                      "seconds until the message can be received",
	"dequeueCount":                      "deliveries of this message, this one included",
	"endpoint":                          "the queue's name, or the URL, `http://` or `https://`; 500 characters at most",
	"enqueueTime":                       "when the message was sent",
	"errorList":                         "the handles that failed; absent if none did",
	"filterTag":                         "tags, one of which a message must have, in a topic that filters by tags; without any, all messages",
	"filterTags":                        "the same, as the Python SDK spells it",
	"filterType":                        "what the topic filters by: 1 tags, 2 routing keys; never changes",
	"firstDequeueTime":                  "when the message was delivered first",
	"inactiveMsgNum":                    "messages received and inside their visibility timeout",
	"lastModifyTime":                    "when the attributes last changed",
	"limit":                             "length of the page; one beyond the range is the longest",
	"maxMsgHeapNum":                     "messages the queue can hold",
	"maxMsgSize":                        "bytes a message body may have",
	"message":                           "the same in words",
	"minMsgTime":                        "when the oldest message not yet deleted was sent; 0 if there is none",
	"msgBody":                           "the message; UTF-8, not empty",
	"msgCount":                          "messages still to be delivered; approximately",
	"msgId":                             "the message's id, the same for every delivery",
	"msgInfoList":                       "the messages",
	"msgList":                           "one entry a message",
	"msgRetentionSeconds":               "seconds a message is kept",
	"msgTag":                            "what the message is about, in a topic that filters by tags",
	"nextVisibleTime":                   "when the message becomes visible to others again",
	"notifyContentFormat":               "what is pushed to a URL: `JSON`, an object with the message and where it comes from, or `SIMPLIFIED`, the message alone",
	"notifyStrategy":                    "how a failed delivery is tried again: `BACKOFF_RETRY`, 3 times after 10–20 seconds, or `EXPONENTIAL_DECAY_RETRY`, 176 times in a day",
	"numOfMsg":                          "messages wanted at most",
	"offset":                            "entries to skip",
	"pollingWaitSeconds":                "seconds a receive waits for a message",
	"protocal":                          "the same, as other SDKs spell it",
	"protocol":                          "`queue` or `http`, in any case",
	"qps":                               "always the same; nothing is throttled",
	"queueId":                           "the queue's id",
	"queueList":                         "the page",
	"queueName":                         "the queue",
	"receiptHandle":                     "stands for this delivery when the message is deleted",
	"rewindMsgNum":                      "the same, as other SDKs spell it",
	"rewindSeconds":                     "seconds deleted messages stay rewindable; not more than `msgRetentionSeconds`",
	"rewindmsgNum":                      "deleted messages that can be rewound to",
	"routingKey":                        "what binding keys are compared with, in a topic that filters by them",
	"searchWord":                        "part of the names to list, in any case",
	"startConsumeTime":                  "where to begin again",
	"subscriptionId":                    "the subscription's id",
	"subscriptionList":                  "the page",
	"subscriptionName":                  "the subscription",
	"tags":                              "always empty",
	"topicId":                           "the topic's id",
	"topicList":                         "the page",
	"topicName":                         "the topic",
	"topicOwner":                        "the account's number, as a text",
	"totalCount":                        "entries on all pages",
	"visibilityTimeout":                 "seconds a received message stays hidden from others",
}

// document is the reference while it is written.
type document struct {
	strings.Builder
	t    *testing.T
	said map[string]bool
}

func writeReference(t *testing.T) string {
	d := &document{t: t, said: map[string]bool{}}
	d.WriteString(preface)
	d.row("code", "message", "when")
	d.row("---:", "---", "---")
	for _, c := range common {
		d.row(fmt.Sprint(c.err.Code), text(c.err), c.when)
	}
	for _, noun := range []string{"Queues", "Messages", "Dead letters", "Topics", "Publishing", "Subscriptions"} {
		fmt.Fprintf(d, "\n## %s\n\n", noun)
		for _, a := range table {
			if nounOf(a) == noun {
				fmt.Fprintf(d, "- [%s](#%s): %s\n", a.Name, strings.ToLower(a.Name), firstSentence(a.Doc))
			}
		}
		for _, a := range table {
			if nounOf(a) == noun {
				d.action(a)
			}
		}
	}
	for name := range meaning {
		if !d.said[name] {
			t.Errorf("the reference has words for %s, which no action has", name)
		}
	}
	return d.String()
}

func firstSentence(doc string) string {
	first, _, _ := strings.Cut(doc, ". ")
	return strings.TrimSuffix(first, ".") + "."
}

func nounOf(a *Action) string {
	switch {
	case strings.Contains(a.Name, "DeadLetter"):
		return "Dead letters"
	case strings.Contains(a.Name, "Publish"):
		return "Publishing"
	case strings.Contains(a.Name, "ubscri"):
		return "Subscriptions"
	case strings.Contains(a.Name, "Topic"):
		return "Topics"
	case strings.Contains(a.Name, "Message"):
		return "Messages"
	default:
		return "Queues"
	}
}

func (d *document) action(a *Action) {
	fmt.Fprintf(d, "\n### %s\n\n%s\n\n", a.Name, a.Doc)
	d.row("parameter", "type", "range", "if absent", "refused with", "meaning")
	d.row("---", "---", "---", "---", "---", "---")
	for _, p := range a.in {
		d.row("`"+strings.Join(p.names, "` or `")+"`", kind(p.kind, p.list), limits(p), ifAbsent(a, p), d.refusals(p), d.word(p.names[0]))
	}
	if len(a.out) == 0 {
		d.WriteString("\nAnswers nothing more.\n")
	} else {
		d.WriteString("\n")
		d.row("answer", "type", "meaning")
		d.row("---", "---", "---")
		d.members("", a.out)
	}
	if len(a.Errors) > 0 {
		d.WriteString("\nFails with:\n")
		for _, e := range a.Errors {
			fmt.Fprintf(d, "- %d %s\n", e.Code, text(e))
		}
	}
}

// members writes a row a member, and those of a list's elements below it.
func (d *document) members(above string, ms members) {
	for _, m := range ms {
		name := above + m.name
		if m.typ.Kind() != reflect.Slice {
			d.row("`"+name+"`", kind(m.typ, false), d.word(m.name))
			continue
		}
		d.row("`"+name+"`", kind(m.typ.Elem(), true), d.word(m.name))
		if m.typ.Elem().Kind() == reflect.Struct {
			d.members(name+"[].", compileMembers(m.typ.Elem()))
		}
	}
}

func (d *document) row(cells ...string) {
	fmt.Fprintf(d, "| %s |\n", strings.Join(cells, " | "))
}

func (d *document) word(name string) string {
	d.said[name] = true
	if meaning[name] == "" {
		d.t.Errorf("the reference has no words for %s", name)
	}
	return meaning[name]
}

// refusals lists the modules of the errors that wrong values of p get, as
// TestEveryParameterRefuses proves.
func (d *document) refusals(p parameter) string {
	var modules []string
	if p.list && p.tooMany != mapping.ErrBatchSize {
		modules = []string{fmt.Sprint(p.tooMany.(*mapping.Error).Module)}
	}
	for _, b := range badValues(d.t, p) {
		modules = append(modules, fmt.Sprint(b.err.Module))
	}
	slices.Sort(modules)
	return strings.Join(slices.Compact(modules), ", ")
}

func limits(p parameter) string {
	if p.list {
		return fmt.Sprintf("%d elements at most", p.most)
	}
	return p.bounds.String()
}

func (b bounds) String() string {
	switch {
	case b == bounds{}:
		return ""
	case b.hi == math.MaxInt64:
		return fmt.Sprintf("%d and more", b.lo)
	default:
		return fmt.Sprintf("%d–%d", b.lo, b.hi)
	}
}

func kind(t reflect.Type, list bool) string {
	word := "text"
	switch {
	case t == reflect.TypeFor[mapping.QueueName]():
		word = "queue name"
	case t == reflect.TypeFor[mapping.TopicName]():
		word = "topic name"
	case t == reflect.TypeFor[mapping.SubscriptionName]():
		word = "subscription name"
	case t == reflect.TypeFor[tag](), t == reflect.TypeFor[key]():
		word = t.Name()
	case strings.Contains(t.String(), "DeadLetterPolicy"):
		word = "dead-letter policy"
	case t.Kind() == reflect.Struct:
		word = "object"
	case t.Kind() == reflect.Int || t.Kind() == reflect.Int64 || t.Kind() == reflect.Pointer:
		word = "integer"
	}
	if list {
		return "list of " + word
	}
	return word
}

func ifAbsent(a *Action, p parameter) string {
	switch {
	case p.required:
		return "**required**"
	case strings.HasPrefix(a.Name, "Set"):
		return "unchanged"
	case p.preset == nil:
		return usual(p)
	case p.kind == reflect.TypeFor[wait]():
		return "the queue's own"
	case *p.preset == "":
		return "none"
	default:
		return *p.preset
	}
}

// usual is the attribute of a queue that was created by name alone.
func usual(p parameter) string {
	v := reflect.ValueOf(mapping.DefaultAttributes())
	for _, f := range fields(v.Type()) {
		if v := v.FieldByIndex(f.Index); wireNames(f)[0] == p.names[0] && !v.IsNil() {
			return fmt.Sprint(v.Elem())
		}
	}
	return "none"
}

// text is an error's message with an ellipsis for what it may be about.
func text(e *mapping.Error) string { return "`" + e.Of("…").Error() + "`" }
