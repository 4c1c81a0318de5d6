package fields

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/mapping"
)

type label string

func (l label) Check() error {
	if l == "bad" {
		return mapping.ErrEmptyBody
	}
	return nil
}

type labels []label

func (labels) Most() (int, error) { return 3, mapping.ErrTooManyTags }

type object struct {
	Name   string   `v3:"Name" range:"1..4"`
	Values []string `v3:"Values" default:""`
}

// all has a parameter of every kind.
type all struct {
	Queue   mapping.QueueName         `cmq:"queueName" tdmq:"SourceQueueName"`
	Size    int                       `cmq:"size" range:"1..10" tdmq-range:"1..20" default:"5" tdmq-default:"15"`
	Spread  *int                      `cmq:"spread,sprawl" range:"0.." `
	On      bool                      `v3:"On" default:"false"`
	Labels  labels                    `cmq:"label" v3:"Label,Labels" range:"0..4" tdmq-range:"0..6" default:""`
	Object  []object                  `v3:"Object" default:""`
	Policy  *mapping.DeadLetterPolicy `cmq:"policy"`
	numbers `v3:"Numbers" absent:"unchanged"`
	legacy  `v3:"-"`
}

type numbers struct {
	One *int `cmq:"one" range:"1..9" default:"4"`
}

type legacy struct {
	Two *int `cmq:"two" range:"1..9"`
}

func bind(api API, pairs ...string) (in all, err error) {
	var list []Pair
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, Pair{pairs[i], pairs[i+1]})
	}
	err = ParametersOf(reflect.TypeFor[all](), api).Bind(list, reflect.ValueOf(&in).Elem())
	return in, err
}

// text spells out what was bound, nil for what was not said.
func (a all) text() string {
	number := func(n *int) string {
		if n == nil {
			return "-"
		}
		return strconv.Itoa(*n)
	}
	return strings.TrimSpace(fmt.Sprintln(a.Queue, a.Size, number(a.Spread), a.On, a.Labels, a.Object, a.Policy, number(a.One), number(a.Two)))
}

func TestBind(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		api   API
		pairs []string
		want  string
	}{
		{Legacy, []string{"queueName", "q"}, "q 5 - false [] [] <nil> - -"},
		{CMQ, []string{"QueueName", "q"}, "q 5 - false [] [] <nil> - -"},
		{TDMQ, []string{"SourceQueueName", "q"}, "q 15 - false [] [] <nil> - -"},
		{Legacy, []string{"queueName", "q", "size", "10", "sprawl", "0", "On", "true", "label.1", "a", "one", "1", "two", "2"}, "q 10 0 false [a] [] <nil> 1 2"},
		{TDMQ, []string{"SourceQueueName", "q", "Size", "20", "Spread", "0", "On", "true", "Label.0", "a", "One", "1", "Two", "2"}, "q 20 0 true [a] [] <nil> 1 -"},
		{CMQ, []string{"QueueName", "q", "On", "True", "Labels.0", "a", "Labels.1", "b"}, "q 5 - true [a b] [] <nil> - -"},
		{CMQ, []string{"QueueName", "q", "On", "false", "Spread", "", "Label", ""}, "q 5 - false [] [] <nil> - -"},
		{TDMQ, []string{"SourceQueueName", "q", "Object.1.Name", "b", "Object.0.Values.1", "y", "Object.0.Values.0", "x", "Object.0.Name", "a"}, "q 15 - false [] [{a [x y]} {b []}] <nil> - -"},
		{TDMQ, []string{"SourceQueueName", "q", "Object.0.Name", "a", "Object.0.Name", "b", "Object.0.Other", "b"}, "q 15 - false [] [{a []}] <nil> - -"},
		{TDMQ, []string{"SourceQueueName", "q", "Policy", "x", "Policy.Queue", "y", "queueName", "1", "size", "x"}, "q 15 - false [] [] <nil> - -"},
	} {
		in, err := bind(test.api, test.pairs...)
		if got := in.text(); err != nil || got != test.want {
			t.Errorf("%d %q: got %s, %v, want %s", test.api, test.pairs, got, err, test.want)
		}
	}
}

func TestBindRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		api   API
		pairs []string
		want  *mapping.Error
	}{
		{Legacy, nil, mapping.ErrMissing.Of("queueName")},
		{CMQ, []string{"queueName", "q"}, mapping.ErrMissing.Of("QueueName")},
		{TDMQ, []string{"QueueName", "q"}, mapping.ErrMissing.Of("SourceQueueName")},
		{CMQ, []string{"Size", "11"}, mapping.ErrOutOfRange.Of("Size")},
		{TDMQ, []string{"Size", "21"}, mapping.ErrOutOfRange.Of("Size")},
		{CMQ, []string{"Size", "five"}, mapping.ErrWrongType.Of("Size")},
		{CMQ, []string{"On", "yes"}, mapping.ErrWrongType.Of("On")},
		{CMQ, []string{"Size.0", "1"}, mapping.ErrNotRepeatable.Of("Size")},
		{CMQ, []string{"Label", "a"}, mapping.ErrKeyFormat.Of("Label")},
		{CMQ, []string{"Labels.x", "a"}, mapping.ErrKeyFormat.Of("Labels")},
		{CMQ, []string{"Label.0", "abcde"}, mapping.ErrOutOfRange.Of("Label")},
		{TDMQ, []string{"Label.0", "abcdefg"}, mapping.ErrOutOfRange.Of("Label")},
		{CMQ, []string{"Label.0", "bad"}, mapping.ErrEmptyBody},
		{CMQ, []string{"Label.0", "a", "Label.2", "a"}, mapping.ErrListGap.Of("Label")},
		{CMQ, []string{"Label.0", "", "Label.1", "", "Label.2", "", "Label.3", ""}, mapping.ErrTooManyTags},
		{CMQ, []string{"Object", "a"}, mapping.ErrKeyFormat.Of("Object")},
		{CMQ, []string{"Object.0", "a"}, mapping.ErrKeyFormat.Of("Object")},
		{CMQ, []string{"Object.Name", "a"}, mapping.ErrKeyFormat.Of("Object")},
		{CMQ, []string{"Object.0.Values.0", "a"}, mapping.ErrMissing.Of("Object.0.Name")},
		{CMQ, []string{"Object.0.Name", "abcde"}, mapping.ErrOutOfRange.Of("Object.0.Name")},
		{CMQ, []string{"Object.0.Name.0", "a"}, mapping.ErrNotRepeatable.Of("Object.0.Name")},
		{CMQ, []string{"Object.0.Name", "a", "Object.0.Values", "v"}, mapping.ErrKeyFormat.Of("Object.0.Values")},
		{CMQ, []string{"Object.0.Name", "a", "Object.0.Values.1", "v", "Object.0.Values.3", "v"}, mapping.ErrListGap.Of("Object.0.Values")},
		{CMQ, []string{"Object.16.Name", "a"}, mapping.ErrListGap.Of("Object")},
		{CMQ, []string{"Object.99.Name", "a"}, mapping.ErrListGap.Of("Object")},
	} {
		pairs := test.pairs
		if len(pairs) > 0 && pairs[0] != "queueName" && pairs[0] != "QueueName" {
			pairs = append(pairs, "QueueName", "q", "SourceQueueName", "q")
		}
		_, err := bind(test.api, pairs...)
		if !errors.Is(err, test.want) || err.Error() != test.want.Error() {
			t.Errorf("%d %q: got %v, want %v", test.api, pairs, err, test.want)
		}
	}
}

// The most elements that a list may have are bound, one more is refused.
func TestLongLists(t *testing.T) {
	t.Parallel()
	in := struct {
		List fifty `v3:"List" default:""`
	}{}
	ps := ParametersOf(reflect.TypeOf(in), TDMQ)
	pairs := func(first, n int) (list []Pair) {
		for i := range n {
			list = append(list, Pair{fmt.Sprint("List.", first+i), fmt.Sprint(i)})
		}
		return list
	}
	for first := range 2 {
		if err := ps.Bind(pairs(first, maxElements), reflect.ValueOf(&in).Elem()); err != nil || len(in.List) != maxElements || in.List[49] != "49" {
			t.Errorf("from %d: got %q, %v, want all", first, in.List, err)
		}
	}
	for _, n := range []int{maxElements + 1, 1000} {
		if err := ps.Bind(pairs(0, n), reflect.ValueOf(&in).Elem()); !errors.Is(err, mapping.ErrBatchSize) {
			t.Errorf("%d: got %v, want %v", n, err, mapping.ErrBatchSize)
		}
	}
}

type fifty []string

func (fifty) Most() (int, error) { return maxElements, mapping.ErrBatchSize }

type endless []string

func (endless) Most() (int, error) { return maxElements + 1, mapping.ErrBatchSize }

func TestParametersOfPanics(t *testing.T) {
	t.Parallel()
	for why, bad := range map[string]any{
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
		"odd range of a product": struct {
			A int `cmq:"a" range:"1..2" tdmq-range:"x"`
		}{},
		"odd default": struct {
			A int `cmq:"a" range:"1..2" default:"x"`
		}{},
		"odd default of a product": struct {
			A int `cmq:"a" range:"1..2" default:"1" tdmq-default:"3"`
		}{},
		"unknown kind": struct {
			A float64 `cmq:"a"`
		}{},
		"unknown kind in a list": struct {
			A []struct {
				B float64 `v3:"B"`
			} `v3:"A"`
		}{},
		"too long a list": struct {
			A endless `cmq:"a"`
		}{},
		"too many": struct {
			A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T, U string `cmq:"a"`
		}{},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("got no panic")
				}
			}()
			ParametersOf(reflect.TypeOf(bad), TDMQ)
		})
	}
}
