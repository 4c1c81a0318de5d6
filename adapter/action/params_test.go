package action

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/adapter/action/fields"
	"github.com/jetcmq/jetcmq/mapping"
)

// verb is an action in one of its APIs.
type verb struct {
	*Action
	api API
}

// verbs are all that can be called.
func verbs() (all []verb) {
	for _, a := range table {
		for api := range API(apis) {
			if a.name(api) != "" {
				all = append(all, verb{a, api})
			}
		}
	}
	return all
}

func (v verb) String() string { return []string{"2.0", "cmq", "tdmq"}[v.api] + " " + v.name(v.api) }

func (v verb) parameters() fields.Parameters { return v.in[v.api] }

// complete gives all required parameters of v good values, without that named but.
func (v verb) complete(but string) (pairs []Pair) {
	for _, p := range v.parameters() {
		if p.Required && p.Names[0] != but {
			pairs = append(pairs, good("", p)...)
		}
	}
	return pairs
}

// good says something of p, whose name has front before it.
func good(front string, p fields.Parameter) (pairs []Pair) {
	name := front + p.Names[0]
	switch {
	case p.Elements != nil:
		return goodElement(name+".0.", p)
	case p.List:
		name += ".0"
	}
	return []Pair{{name, goodValue(p)}}
}

func goodElement(front string, p fields.Parameter) (pairs []Pair) {
	for _, inner := range p.Elements {
		if inner.Required {
			pairs = append(pairs, good(front, inner)...)
		}
	}
	return pairs
}

// refuses calls v without a broker: what is refused must never come that far.
func (v verb) refuses(t *testing.T, pairs []Pair, want *mapping.Error) {
	t.Helper()
	answer, err := v.Call(context.Background(), nil, Params{v.api, pairs})
	if !errors.Is(err, want) {
		t.Fatalf("%s %q: got error %v, want %v", v, pairs, err, want)
	}
	if len(answer.Fields) > 0 || answer.Undelivered != nil {
		t.Errorf("%s %q: got an answer with the error", v, pairs)
	}
	if strings.Contains(err.Error(), "%s") {
		t.Errorf("%s %q: got %q, which names nothing", v, pairs, err)
	}
	if code := v.Code3(mapping.Reply(err)); !slices.Contains([]string{"MissingParameter", "InvalidParameter", "InvalidParameterValue"}, code) {
		t.Errorf("%s %q: got code %s in API 3.0, want one of parameters", v, pairs, code)
	}
}

// refuses is for API 2.0.
func refuses(t *testing.T, a *Action, pairs []Pair, want *mapping.Error) {
	t.Helper()
	verb{a, Legacy}.refuses(t, pairs, want)
}

func TestEveryParameterRefuses(t *testing.T) {
	t.Parallel()
	for _, v := range verbs() {
		for _, p := range v.parameters() {
			t.Run(fmt.Sprint(v, "/", p.Names[0]), func(t *testing.T) {
				t.Parallel()
				around := func(p fields.Parameter, pairs ...Pair) []Pair { return append(v.complete(p.Names[0]), pairs...) }
				switch {
				case p.Elements != nil:
					v.refusesBadObjects(t, p, around)
				case p.List:
					v.refusesBadLists(t, p, "", around)
				default:
					v.refusesBadScalars(t, p, "", around)
				}
			})
		}
	}
}

// The other side of every limit: what lies just within is bound.
func TestEveryParameterAccepts(t *testing.T) {
	t.Parallel()
	for _, v := range verbs() {
		v.bound(t, v.complete("")...)
		for _, p := range v.parameters() {
			if p.List || p.Kind.Kind() == reflect.String || p.Bounds == (fields.Bounds{}) {
				continue
			}
			for _, n := range []int64{p.Bounds.Lo, p.Bounds.Hi} {
				in := v.bound(t, append(v.complete(p.Names[0]), Pair{p.Names[0], strconv.FormatInt(n, 10)})...)
				value := in.FieldByIndex(p.Index)
				if value.Kind() == reflect.Pointer {
					value = value.Elem()
				}
				if value.Int() != n {
					t.Errorf("%s: %s: got %d, want %d", v, p.Names[0], value.Int(), n)
				}
			}
		}
	}
}

// arrange puts pairs between good values of all other parameters.
type arrange func(p fields.Parameter, pairs ...Pair) []Pair

func (v verb) refusesBadScalars(t *testing.T, p fields.Parameter, front string, around arrange) {
	name := front + p.Names[0]
	if p.Required {
		v.refuses(t, around(p), mapping.ErrMissing.Of(name))
		if !p.MayBeEmpty {
			v.refuses(t, around(p, Pair{name, ""}), mapping.ErrMissing)
		}
	}
	for _, b := range badValues(t, p) {
		v.refuses(t, around(p, Pair{name, b.value}), b.err)
	}
	v.refuses(t, around(p, Pair{name + ".0", goodValue(p)}), mapping.ErrNotRepeatable)
	v.refuses(t, around(p, Pair{name + ".x", goodValue(p)}), mapping.ErrNotRepeatable)
}

func (v verb) refusesBadLists(t *testing.T, p fields.Parameter, front string, around arrange) {
	name := front + p.Names[0]
	with := func(numbers ...string) (pairs []Pair) {
		for _, n := range numbers {
			pairs = append(pairs, Pair{name + "." + n, goodValue(p)})
		}
		return around(p, pairs...)
	}
	if p.Required {
		v.refuses(t, around(p), mapping.ErrMissing.Of(name))
		v.refuses(t, around(p, Pair{name, ""}), mapping.ErrMissing)
	}
	if v.api != Legacy {
		v.refuses(t, around(p, Pair{name, goodValue(p)}), mapping.ErrKeyFormat.Of(name))
	}
	v.refusesBadNumbers(t, p, with)
	for _, b := range badValues(t, p) {
		v.refuses(t, append(with("0"), Pair{name + ".1", b.value}), b.err)
	}
}

// refusesBadNumbers asks for elements by wrong numbers.
func (v verb) refusesBadNumbers(t *testing.T, p fields.Parameter, with func(numbers ...string) []Pair) {
	for _, number := range []string{"", "x", "-1", "+1", "1.1", "0.", " 1", "1e1", "0x1", "१"} {
		if p.Elements == nil || !strings.Contains(number, ".") { // what is behind a dot may be a field that nobody knows
			v.refuses(t, with("0", number), mapping.ErrKeyFormat)
		}
	}
	for _, numbers := range [][]string{{"2"}, {"0", "2"}, {"1", "3"}, {"0", "1", "3"}, {"16"}, {"17"}, {"0", "51"}, {"0", tooLong}} {
		v.refuses(t, with(numbers...), mapping.ErrListGap)
	}
	tooMany := p.TooMany.(*mapping.Error)
	for first := range 3 {
		v.refuses(t, with(count(first, p.Most+1)...), tooMany)
		v.refuses(t, with(count(first, 51)...), tooMany)
	}
	v.refuses(t, with(count(0, 5000)...), tooMany)
}

func (v verb) refusesBadObjects(t *testing.T, p fields.Parameter, around arrange) {
	name := p.Names[0]
	v.refuses(t, around(p, Pair{name, "x"}), mapping.ErrKeyFormat.Of(name))
	v.refuses(t, around(p, Pair{name + ".0", "x"}), mapping.ErrKeyFormat.Of(name))
	v.refusesBadNumbers(t, p, func(numbers ...string) (pairs []Pair) {
		for _, n := range numbers {
			pairs = append(pairs, goodElement(name+"."+n+".", p)...)
		}
		return around(p, pairs...)
	})
	front := name + ".0."
	for _, inner := range p.Elements {
		within := func(_ fields.Parameter, pairs ...Pair) []Pair {
			for _, other := range p.Elements {
				if other.Required && other.Names[0] != inner.Names[0] {
					pairs = append(pairs, good(front, other)...)
				}
			}
			return around(p, append(pairs, Pair{front + "Unknown", "x"})...)
		}
		if inner.List {
			v.refusesBadLists(t, inner, front, within)
		} else {
			v.refusesBadScalars(t, inner, front, within)
		}
	}
}

func count(first, n int) []string {
	var numbers []string
	for i := range n {
		numbers = append(numbers, strconv.Itoa(first+i))
	}
	return numbers
}

// bound is v's input struct after pairs were bound to it.
func (v verb) bound(t *testing.T, pairs ...Pair) reflect.Value {
	t.Helper()
	in := reflect.New(v.input).Elem()
	if err := v.parameters().Bind(pairs, in); err != nil {
		t.Fatalf("%s %q: %v", v, pairs, err)
	}
	return in
}

// bound is for API 2.0.
func bound(t *testing.T, a *Action, pairs ...Pair) reflect.Value {
	t.Helper()
	return verb{a, Legacy}.bound(t, pairs...)
}

// said is what pairs say of T, a part of some action's input, in API 2.0.
func said[T any](t *testing.T, pairs ...Pair) (part T) {
	t.Helper()
	if err := fields.ParametersOf(reflect.TypeFor[T](), Legacy).Bind(pairs, reflect.ValueOf(&part).Elem()); err != nil {
		t.Fatalf("%q: %v", pairs, err)
	}
	return part
}

func TestBindReads(t *testing.T) {
	t.Parallel()
	q, m := Pair{"queueName", "q"}, Pair{"msgBody", "m"}
	for _, test := range []struct {
		why    string
		action *Action
		pairs  []Pair
		want   string
	}{
		{"defaults", SendMessage, []Pair{q, m}, "{q m 0}"},
		{"any order", SendMessage, []Pair{{"delaySeconds", "5"}, m, q}, "{q m 5}"},
		{"the first of two", SendMessage, []Pair{q, m, {"msgBody", "other"}, {"queueName", "1"}}, "{q m 0}"},
		{"blanks around names", SendMessage, []Pair{{" queueName", "q"}, {"msgBody ", "m"}}, "{q m 0}"},
		{"names of other people", SendMessage, []Pair{q, m, {"UserpollingWaitSeconds", "x"}, {"Tag.x", ""}, {"", ""}}, "{q m 0}"},
		{"names in another case", SendMessage, []Pair{q, m, {"MsgBody", "M"}, {"DelaySeconds", "x"}}, "{q m 0}"},
		{"an empty number", SendMessage, []Pair{q, m, {"delaySeconds", ""}}, "{q m 0}"},
		{"the longest delay", SendMessage, []Pair{q, m, {"delaySeconds", "6048000"}}, "{q m 6048000}"},
		{"a body like a blank", SendMessage, []Pair{q, {"msgBody", " "}}, "{q   0}"},
		{"wait absent", ReceiveMessage, []Pair{q}, "{q -1}"},
		{"wait zero", ReceiveMessage, []Pair{q, {"pollingWaitSeconds", "0"}}, "{q 0}"},
		{"wait negative", ReceiveMessage, []Pair{q, {"pollingWaitSeconds", "-7"}}, "{q -1}"},
		{"wait in milliseconds", ReceiveMessage, []Pair{q, {"pollingWaitSeconds", "30000"}}, "{q 30}"},
		{"wait without end", ReceiveMessage, []Pair{q, {"pollingWaitSeconds", tooLong}}, "{q 30}"},
		{"sixteen", BatchReceiveMessage, []Pair{q, {"numOfMsg", "16"}}, "{q 16 -1}"},
		{"page", ListQueue, nil, "{ {0 20}}"},
		{"long page", ListQueue, []Pair{{"searchWord", "or"}, {"offset", "7"}, {"limit", "51"}}, "{or {7 50}}"},
		{"empty page", ListQueue, []Pair{{"searchWord", ""}, {"limit", "0"}, {"offset ", ""}}, "{ {0 0}}"},
		{"long page of subscriptions", ListSubscriptionByTopic, []Pair{{"topicName", "t"}, {"offset ", "1000"}, {"limit ", "101"}, {"searchWord ", "or"}}, "{t or 1000 100}"},
		{"time", RewindQueue, []Pair{q, {"startConsumeTime", "1462351990"}}, "{q 1462351990}"},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			if got := fmt.Sprint(bound(t, test.action, test.pairs...)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestBindOrdersLists(t *testing.T) {
	t.Parallel()
	for first := range 2 {
		for n := 1; n <= 16; n++ {
			pairs, want := []Pair{{"queueName", "q"}}, []string{}
			for i := range n {
				text := fmt.Sprint("m", i)
				want = append(want, text)
				pairs = append(pairs, Pair{fmt.Sprint("msgBody.", first+i), text}, Pair{fmt.Sprint("msgBody.", first+i), "again"})
			}
			// Only repetitions must keep their order, so whole pairs of pairs move.
			rand.Shuffle(n, func(i, j int) {
				for k := range 2 {
					a, b := 1+2*i+k, 1+2*j+k
					pairs[a], pairs[b] = pairs[b], pairs[a]
				}
			})
			in := bound(t, BatchSendMessage, pairs...)
			if got := texts(in.FieldByName("Bodies").Interface().([]body)); !reflect.DeepEqual(got, want) {
				t.Errorf("%d from %d: got %q, want %q", n, first, got, want)
			}
		}
	}
}

func TestBindTellsUnsaidFromZero(t *testing.T) {
	t.Parallel()
	pairs := []Pair{{"queueName", "q"}, {"rewindSeconds", "0"}, {"maxMsgSize", ""}}
	got := bound(t, SetQueueAttributes, pairs...).FieldByName("QueueAttributes").Interface().(mapping.QueueAttributes)
	if got.Rewind == nil || *got.Rewind != 0 {
		t.Errorf("rewindSeconds: got %v, want 0", got.Rewind)
	}
	got.Rewind = nil
	if !reflect.DeepEqual(got, mapping.QueueAttributes{}) {
		t.Errorf("got %+v, want nothing else said", got)
	}
}

func TestRequiredBeforeValues(t *testing.T) {
	t.Parallel()
	refuses(t, SendMessage, []Pair{{"queueName", "1"}, {"delaySeconds", "x"}}, mapping.ErrMissing.Of("msgBody"))
	refuses(t, SendMessage, []Pair{{"queueName", "1"}, {"delaySeconds", "x"}, {"msgBody", ""}}, mapping.ErrQueueName)
}

// parameter finds a parameter of an action.
func parameter(t *testing.T, api API, a *Action, name string) fields.Parameter {
	t.Helper()
	for _, p := range a.in[api] {
		if slices.Contains(p.Names, name) {
			return p
		}
	}
	t.Fatalf("%s has no parameter %s", verb{a, api}, name)
	return fields.Parameter{}
}

func TestLimitsAgree(t *testing.T) {
	t.Parallel()
	hi := func(api API, a *Action, name string) int64 { return parameter(t, api, a, name).Bounds.Hi }
	for _, test := range []struct {
		what      string
		got, want int64
	}{
		{"delay", hi(Legacy, SendMessage, "delaySeconds"), int64(mapping.MaxDelay / time.Second)},
		{"batch delay", hi(Legacy, BatchSendMessage, "delaySeconds"), int64(mapping.MaxDelay / time.Second)},
		{"wait", hi(Legacy, ReceiveMessage, "pollingWaitSeconds"), int64(mapping.MaxPolling / time.Second)},
		{"batch wait", hi(Legacy, BatchReceiveMessage, "pollingWaitSeconds"), int64(mapping.MaxPolling / time.Second)},
		{"queue's wait", hi(Legacy, CreateQueue, "pollingWaitSeconds"), int64(mapping.MaxPolling / time.Second)},
		{"batch", hi(Legacy, BatchReceiveMessage, "numOfMsg"), mapping.MaxBatch},
		{"body", hi(Legacy, CreateQueue, "maxMsgSize"), mapping.MaxBodySize},
		{"topic's body", hi(Legacy, CreateTopic, "maxMsgSize"), mapping.MaxBodySize},
		{"new body", hi(Legacy, SetTopicAttributes, "maxMsgSize"), mapping.MaxBodySize},
		{"topic's retention", hi(TDMQ, CreateTopic, "MsgRetentionSeconds"), mapping.TopicRetention},
		{"filter by tags", parameter(t, Legacy, CreateTopic, "filterType").Bounds.Lo, int64(mapping.FilterTag)},
		{"filter by keys", hi(Legacy, CreateTopic, "filterType"), int64(mapping.FilterKey)},
		{"tag", hi(Legacy, PublishMessage, "msgTag"), mapping.MaxTagLength},
		{"filter's tag", hi(CMQ, Subscribe, "FilterTag"), mapping.MaxTagLength},
		{"tdmq's tag", hi(TDMQ, PublishCmqMsg, "MsgTag"), mapping.MaxLongTag},
		{"tdmq's filter's tag", hi(TDMQ, Subscribe, "FilterTags"), mapping.MaxLongTag},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %d, want %d", test.what, test.got, test.want)
		}
	}
}

// What the API that creates a queue or topic leaves unsaid is its own default.
func TestDefaults(t *testing.T) {
	t.Parallel()
	names := map[API]string{Legacy: "queueName", CMQ: "QueueName", TDMQ: "QueueName"}
	topics := map[API]string{Legacy: "topicName", CMQ: "TopicName", TDMQ: "TopicName"}
	for api, size := range map[API]int{Legacy: 65536, CMQ: 65536, TDMQ: 1048576} {
		in := verb{CreateQueue, api}.bound(t, Pair{names[api], "q"}).FieldByName("QueueAttributes").Interface().(mapping.QueueAttributes)
		want := mapping.DefaultAttributes()
		want.MaxMessageSize = &size
		if !reflect.DeepEqual(in, want) {
			t.Errorf("%d: got %+v, want %+v", api, in, want)
		}
		if set := (verb{SetQueueAttributes, api}).bound(t, Pair{names[api], "q"}).FieldByName("QueueAttributes"); !set.IsZero() {
			t.Errorf("%d: changing nothing: got %+v, want nothing said", api, set)
		}
		topic := verb{CreateTopic, api}.bound(t, Pair{topics[api], "t"}).FieldByName("TopicAttributes").Interface().(mapping.TopicAttributes)
		if *topic.MaxMessageSize != size || topic.Trace != nil || (topic.Retention == nil) != (api == Legacy) {
			t.Errorf("%d: got %+v, want %d bytes", api, topic, size)
		}
		if set := (verb{SetTopicAttributes, api}).bound(t, Pair{topics[api], "t"}).FieldByName("TopicAttributes"); !set.IsZero() {
			t.Errorf("%d: changing nothing: got %+v, want nothing said", api, set)
		}
	}
}

// FuzzBind feeds every action any text as pairs: a=b&c=d, undecoded.
func FuzzBind(f *testing.F) {
	for _, seed := range []string{
		"queueName=q&msgBody=m&delaySeconds=0", "queueName=q&msgBody.0=a&msgBody.1=b", "queueName=q&receiptHandle.1=h",
		"queueName=q&startConsumeTime=1462351990", "queueName=q&deadLetterPolicy={\"policy\":0}",
		"queueName=q&deadLetterPolicy::policy=1", "topicName=t&msgBody=m&msgTag.0=a&filterTag.1=b&routingKey=a.*.b",
		"topicName=t&subscriptionName=s&protocol=HTTP&endpoint=http://h&bindindKey.1=%23", "limit=-1&offset= 1", "msgBody.=x&msgBody.99999999999999999999=y",
		"QueueName=q&Tags.0.TagKey=k&Tags.0.TagValue=v&Trace=true&Transaction=1", "Filters.1.Name=tag:k&Filters.1.Values.0=v&IsTagFilter=true",
		"QueueName=q&DeadLetterQueueName=d&Policy=1&MaxTimeToLive=300", "QueryType=queue&QueueNameList.0=q&Filters.0=x&Filters.0.=x&Filters..Name=x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var pairs []Pair
		for piece := range strings.SplitSeq(text, "&") {
			name, value, _ := strings.Cut(piece, "=")
			pairs = append(pairs, Pair{name, value})
		}
		for _, v := range verbs() {
			in := reflect.New(v.input).Elem()
			if err := v.parameters().Bind(pairs, in); err != nil {
				if mapping.Reply(err).Code != 4000 {
					t.Errorf("%s: got %v, want a 4000", v, err)
				}
				continue
			}
			holds(t, v.parameters(), in)
		}
	})
}

// holds checks that what was bound keeps to its declaration.
func holds(t *testing.T, ps fields.Parameters, in reflect.Value) {
	t.Helper()
	for _, p := range ps {
		v := in.FieldByIndex(p.Index)
		if p.List && (p.Required && v.Len() < 1 || v.Len() > p.Most) {
			t.Errorf("%s has %d elements", p.Names[0], v.Len())
		}
		for i := range len(p.Elements) {
			for n := range v.Len() {
				holds(t, p.Elements[i:i+1], v.Index(n))
			}
		}
		if v.Kind() == reflect.Pointer && !v.IsNil() {
			v = v.Elem()
		}
		if v.CanInt() && (v.Int() < p.Bounds.Lo || v.Int() > p.Bounds.Hi) && v.Interface() != wait(-1) {
			t.Errorf("%s is %d, outside %v", p.Names[0], v.Int(), p.Bounds)
		}
	}
}
