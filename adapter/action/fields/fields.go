// Package fields gives the fields of structs their names on the wire: request
// parameters are bound to them, answers are written from them. Tags say how a
// field is called in each of the three APIs, and the rest is compiled from them
// once:
//
//	cmq:"a,b"      API 2.0. A parameter may come as a or b, an answer has both.
//	               API 3.0 says a with a capital, unless another tag names it
//	v3:"X,Y"       API 3.0. A parameter may come as X or Y, an answer has X
//	tdmq:"X"       API 3.0, product tdmq, where it differs from product cmq
//	range:"lo..hi" bounds of a number, or of a text's length in characters; hi
//	               may be left out
//	default:"v"    the value when absent; of a list, default:"" is none at all.
//	               Without it a field must be sent, unless it is a pointer
//	absent:"empty" leaves an empty list out of the answer
//
// A field that no tag names in an API does not exist there; "-" takes a name
// away. tdmq-range and tdmq-default hold for product tdmq.
//
// A slice is a list, sent as name.0, name.1 … or name.1, name.2 …; its elements
// may be structs, sent as name.0.field. An embedded struct counts as its fields,
// and a tag on it holds for all of them: v3:"-" takes them away, and
// absent:"unchanged" their defaults, because what is not said stays as it is.
// v3:"X" makes of them an object X in answers of API 3.0, which is null if there
// is nothing in it. Any other struct is an object there, too, and only answered:
// API 3.0 takes none but in lists. A pointer to nothing is null in API 3.0 and
// absent in 2.0.
//
// A type may own its rule and its error. Of a parameter: by UnmarshalText, by
// Check() error (texts), by Outside(int64, Bounds) (int64, error) (numbers beyond
// their range) or by Most() (int, error) (lists). Of an answer: by MarshalText,
// which API 2.0 writes, and by TDMQ() string or int64, which product tdmq does.
package fields

import (
	"fmt"
	"reflect"
	"strings"
)

// API is one of the three interfaces over which an action may be called.
type API int

const (
	Legacy API = iota // API 2.0
	CMQ               // API 3.0, product cmq, version 2019-03-04
	TDMQ              // API 3.0, product tdmq, version 2020-02-17
)

// Pair is one decoded request parameter. Lists have flat names: name.0, name.1 ….
type Pair = struct{ Name, Value string }

// field is one of a struct, or of one embedded in it.
type field struct {
	reflect.StructField
	names     []string
	unchanged bool // has no default: what is not said stays as it is
}

// flat lists the fields of t that api has names for, with those of embedded
// structs in their place.
func flat(t reflect.Type, api API) []field {
	var all []field
	for i := range t.NumField() {
		f := t.Field(i)
		switch {
		case f.Anonymous && outside(f, api):
		case f.Anonymous:
			for _, inner := range flat(f.Type, api) {
				inner.Index = append([]int{i}, inner.Index...)
				inner.unchanged = inner.unchanged || f.Tag.Get("absent") == "unchanged"
				all = append(all, inner)
			}
		case f.IsExported():
			if names := namesIn(f, api); names != nil {
				all = append(all, field{StructField: f, names: names})
			}
		}
	}
	return all
}

// outside tells whether a tag keeps an embedded struct out of api.
func outside(f reflect.StructField, api API) bool {
	return api == Legacy && f.Tag.Get("cmq") == "-" || api != Legacy && tagOfV3(f, api) == "-"
}

// namesIn are a field's names in api, the documented one first.
func namesIn(f reflect.StructField, api API) []string {
	legacy, named := f.Tag.Lookup("cmq")
	v3 := tagOfV3(f, api)
	if !named && f.Tag.Get("v3") == "" && f.Tag.Get("tdmq") == "" {
		panic(fmt.Sprintf("fields: no tag names field %s", f.Name))
	}
	tag := legacy
	if api != Legacy {
		first, _, _ := strings.Cut(legacy, ",")
		tag = capital(first)
		if v3 != "" {
			tag = v3
		}
	}
	if tag == "" || tag == "-" {
		return nil
	}
	return strings.Split(tag, ",")
}

func tagOfV3(f reflect.StructField, api API) string {
	if tag := f.Tag.Get("tdmq"); tag != "" && api == TDMQ {
		return tag
	}
	return f.Tag.Get("v3")
}

func capital(name string) string {
	if name == "" {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// tagIn is a tag that may be another for product tdmq.
func tagIn(f reflect.StructField, key string, api API) (string, bool) {
	if tag, ok := f.Tag.Lookup("tdmq-" + key); ok && api == TDMQ {
		return tag, true
	}
	return f.Tag.Lookup(key)
}
