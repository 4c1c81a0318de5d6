package action

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
)

// complete gives all required parameters of a good values, without that named but.
func complete(a *Action, but string) []Pair {
	var pairs []Pair
	for _, p := range a.in {
		switch name := p.names[0]; {
		case name == but || !p.required:
		case p.list:
			pairs = append(pairs, Pair{name + ".0", goodValue(p)})
		default:
			pairs = append(pairs, Pair{name, goodValue(p)})
		}
	}
	return pairs
}

// refuses calls a without a broker: what is refused must never come that far.
func refuses(t *testing.T, a *Action, pairs []Pair, want *mapping.Error) {
	t.Helper()
	answer, err := a.Call(context.Background(), nil, Params{Pairs: pairs})
	if !errors.Is(err, want) {
		t.Fatalf("%s %q: got error %v, want %v", a.Name, pairs, err, want)
	}
	if len(answer.Fields) > 0 || answer.Undelivered != nil {
		t.Errorf("%s %q: got an answer with the error", a.Name, pairs)
	}
	if strings.Contains(err.Error(), "%s") {
		t.Errorf("%s %q: got %q, which names nothing", a.Name, pairs, err)
	}
}

func TestEveryParameterRefuses(t *testing.T) {
	t.Parallel()
	for _, a := range table {
		for _, p := range a.in {
			t.Run(a.Name+"/"+p.names[0], func(t *testing.T) {
				t.Parallel()
				if p.list {
					refusesBadLists(t, a, p)
				} else {
					refusesBadScalars(t, a, p)
				}
			})
		}
	}
}

// The other side of every limit: what lies just within is bound.
func TestEveryParameterAccepts(t *testing.T) {
	t.Parallel()
	for _, a := range table {
		bound(t, a, complete(a, "")...)
		for _, p := range a.in {
			if p.bounds == (bounds{}) {
				continue
			}
			for _, n := range []int64{p.bounds.lo, p.bounds.hi} {
				in := bound(t, a, append(complete(a, p.names[0]), Pair{p.names[0], strconv.FormatInt(n, 10)})...)
				v := in.FieldByIndex(p.index)
				if v.Kind() == reflect.Pointer {
					v = v.Elem()
				}
				if v.Int() != n {
					t.Errorf("%s: %s: got %d, want %d", a.Name, p.names[0], v.Int(), n)
				}
			}
		}
	}
}

func refusesBadScalars(t *testing.T, a *Action, p parameter) {
	name, rest := p.names[0], complete(a, p.names[0])
	with := func(n, v string) []Pair { return append([]Pair{{n, v}}, rest...) }
	if p.required {
		refuses(t, a, rest, mapping.ErrMissing.Of(name))
		if !p.mayBeEmpty {
			refuses(t, a, with(name, ""), mapping.ErrMissing)
		}
	}
	for _, b := range badValues(t, p) {
		refuses(t, a, with(name, b.value), b.err)
	}
	refuses(t, a, with(name+".0", goodValue(p)), mapping.ErrNotRepeatable)
	refuses(t, a, with(name+".x", goodValue(p)), mapping.ErrNotRepeatable)
}

func refusesBadLists(t *testing.T, a *Action, p parameter) {
	name, rest := p.names[0], complete(a, p.names[0])
	with := func(numbers ...string) []Pair {
		pairs := rest
		for _, n := range numbers {
			pairs = append(pairs, Pair{name + "." + n, goodValue(p)})
		}
		return pairs
	}
	if p.required {
		refuses(t, a, rest, mapping.ErrMissing.Of(name))
		refuses(t, a, append(rest, Pair{name, goodValue(p)}), mapping.ErrMissing)
	}
	for _, number := range []string{"", "x", "-1", "+1", "1.1", "0.", " 1", "1e1", "0x1", "१"} {
		refuses(t, a, with("0", number), mapping.ErrKeyFormat)
	}
	for _, numbers := range [][]string{{"2"}, {"0", "2"}, {"1", "3"}, {"0", "1", "3"}, {"16"}, {"17"}, {"0", "17"}, {"0", tooLong}} {
		refuses(t, a, with(numbers...), mapping.ErrListGap)
	}
	tooMany := p.tooMany.(*mapping.Error)
	for first := range 3 {
		refuses(t, a, with(count(first, p.most+1)...), tooMany)
		refuses(t, a, with(count(first, 17)...), tooMany)
	}
	refuses(t, a, with(count(0, 5000)...), tooMany)
	for _, b := range badValues(t, p) {
		refuses(t, a, append(with("0"), Pair{name + ".1", b.value}), b.err)
	}
}

func count(first, n int) []string {
	var numbers []string
	for i := range n {
		numbers = append(numbers, strconv.Itoa(first+i))
	}
	return numbers
}

// bound is a's input struct after pairs were bound to it.
func bound(t *testing.T, a *Action, pairs ...Pair) reflect.Value {
	t.Helper()
	in := reflect.New(a.input).Elem()
	if err := a.in.bind(pairs, in); err != nil {
		t.Fatalf("%s %q: %v", a.Name, pairs, err)
	}
	return in
}

// said is what pairs say of T, a part of some action's input.
func said[T any](t *testing.T, pairs ...Pair) (part T) {
	t.Helper()
	if err := compileParameters(reflect.TypeFor[T]()).bind(pairs, reflect.ValueOf(&part).Elem()); err != nil {
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
	got := said[queueSettings](t, Pair{"queueName", "q"}, Pair{"rewindSeconds", "0"}, Pair{"maxMsgSize", ""}).QueueAttributes
	if got.Rewind == nil || *got.Rewind != 0 {
		t.Errorf("rewindSeconds: got %v, want 0", got.Rewind)
	}
	got.Rewind = nil
	if got != (mapping.QueueAttributes{}) {
		t.Errorf("got %+v, want nothing else said", got)
	}
}

func TestRequiredBeforeValues(t *testing.T) {
	t.Parallel()
	refuses(t, SendMessage, []Pair{{"queueName", "1"}, {"delaySeconds", "x"}}, mapping.ErrMissing.Of("msgBody"))
	refuses(t, SendMessage, []Pair{{"queueName", "1"}, {"delaySeconds", "x"}, {"msgBody", ""}}, mapping.ErrQueueName)
}

func TestLimitsAgree(t *testing.T) {
	t.Parallel()
	hi := func(a *Action, name string) int64 { return a.in[a.in.find(name)].bounds.hi }
	for _, test := range []struct {
		what      string
		got, want int64
	}{
		{"delay", hi(SendMessage, "delaySeconds"), int64(mapping.MaxDelay / time.Second)},
		{"batch delay", hi(BatchSendMessage, "delaySeconds"), int64(mapping.MaxDelay / time.Second)},
		{"wait", hi(ReceiveMessage, "pollingWaitSeconds"), int64(mapping.MaxPolling / time.Second)},
		{"batch wait", hi(BatchReceiveMessage, "pollingWaitSeconds"), int64(mapping.MaxPolling / time.Second)},
		{"queue's wait", hi(CreateQueue, "pollingWaitSeconds"), int64(mapping.MaxPolling / time.Second)},
		{"batch", hi(BatchReceiveMessage, "numOfMsg"), mapping.MaxBatch},
		{"body", hi(CreateQueue, "maxMsgSize"), mapping.MaxBodySize},
		{"topic's body", hi(CreateTopic, "maxMsgSize"), mapping.MaxBodySize},
		{"new body", hi(SetTopicAttributes, "maxMsgSize"), mapping.MaxBodySize},
		{"filter by tags", CreateTopic.in[CreateTopic.in.find("filterType")].bounds.lo, int64(mapping.FilterTag)},
		{"filter by keys", hi(CreateTopic, "filterType"), int64(mapping.FilterKey)},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %d, want %d", test.what, test.got, test.want)
		}
	}
}

func TestDefinePanicsOnBadTags(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]any{
		"no name": struct{ A string }{},
		"no range": struct {
			A int `cmq:"a"`
		}{},
		"half a range": struct {
			A int `cmq:"a" range:"1"`
		}{},
		"odd range": struct {
			A int `cmq:"a" range:"x..2"`
		}{},
		"odd default": struct {
			A int `cmq:"a" range:"1..2" default:"x"`
		}{},
		"unknown kind": struct {
			A float64 `cmq:"a"`
		}{},
		"too many": struct {
			A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q string `cmq:"a"`
		}{},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("got no panic")
				}
			}()
			compileParameters(reflect.TypeOf(bad))
		})
	}
}

// FuzzBind feeds every action any text as pairs: a=b&c=d, undecoded.
func FuzzBind(f *testing.F) {
	for _, seed := range []string{
		"queueName=q&msgBody=m&delaySeconds=0", "queueName=q&msgBody.0=a&msgBody.1=b", "queueName=q&receiptHandle.1=h",
		"queueName=q&startConsumeTime=1462351990", "queueName=q&deadLetterPolicy={\"policy\":0}",
		"queueName=q&deadLetterPolicy::policy=1", "topicName=t&msgBody=m&msgTag.0=a&filterTag.1=b&routingKey=a.*.b",
		"topicName=t&subscriptionName=s&protocol=HTTP&endpoint=http://h&bindindKey.1=%23", "limit=-1&offset= 1", "msgBody.=x&msgBody.99999999999999999999=y",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var pairs []Pair
		for piece := range strings.SplitSeq(text, "&") {
			name, value, _ := strings.Cut(piece, "=")
			pairs = append(pairs, Pair{name, value})
		}
		for _, a := range table {
			in := reflect.New(a.input).Elem()
			if err := a.in.bind(pairs, in); err != nil {
				if mapping.Reply(err).Code != 4000 {
					t.Errorf("%s: got %v, want a 4000", a.Name, err)
				}
				continue
			}
			holds(t, a, in)
		}
	})
}

// holds checks that what was bound keeps to its declaration.
func holds(t *testing.T, a *Action, in reflect.Value) {
	t.Helper()
	for _, p := range a.in {
		v := in.FieldByIndex(p.index)
		if p.list && (p.required && v.Len() < 1 || v.Len() > p.most) {
			t.Errorf("%s: %s has %d elements", a.Name, p.names[0], v.Len())
		}
		if v.Kind() == reflect.Pointer && !v.IsNil() {
			v = v.Elem()
		}
		if v.CanInt() && (v.Int() < p.bounds.lo || v.Int() > p.bounds.hi) && v.Interface() != wait(-1) {
			t.Errorf("%s: %s is %d, outside %v", a.Name, p.names[0], v.Int(), p.bounds)
		}
	}
}
