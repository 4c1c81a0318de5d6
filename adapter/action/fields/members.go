package fields

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
)

// Members are what an action answers: the fields of its output struct, compiled
// once. Answers are appended by hand, because they are most of what a receive
// costs, and because encoding/json escapes what SDKs compare byte by byte.
type Members []Member

// Member is one of them.
type Member struct {
	Name  string
	Index []int        // of the struct's field
	Type  reflect.Type // of the value, or of one element of the list
	List  bool
	Inner Members // of the value or element, where it is an object

	key    string                     // the name, quoted, with its colon
	omit   func(v reflect.Value) bool // nil: never
	append func(dst []byte, v reflect.Value) []byte
}

// MembersOf reads the tags of an action's output struct. It panics on what it
// does not understand, and so belongs to start-up.
func MembersOf(t reflect.Type, api API) Members {
	var ms Members
	for i := range t.NumField() {
		f := t.Field(i)
		switch {
		case f.Anonymous && outside(f, api):
		case f.Anonymous && api != Legacy && tagOfV3(f, api) != "":
			ms = append(ms, nested(f, api))
		case f.Anonymous:
			for _, m := range MembersOf(f.Type, api) {
				m.Index = append([]int{i}, m.Index...)
				ms = append(ms, m)
			}
		case f.IsExported():
			ms = append(ms, membersOf(f, api)...)
		}
	}
	return ms
}

// membersOf are a field's: in API 2.0 one for each of its names.
func membersOf(f reflect.StructField, api API) (ms Members) {
	m := Member{Index: f.Index, Type: f.Type}
	switch kind := f.Type.Kind(); {
	case kind == reflect.Pointer:
		m.Type = f.Type.Elem()
		if api == Legacy {
			m.omit = reflect.Value.IsNil
		}
	case kind == reflect.Slice:
		m.Type, m.List = f.Type.Elem(), true
		if f.Tag.Get("absent") == "empty" {
			m.omit = func(v reflect.Value) bool { return v.Len() == 0 }
		}
	}
	names := namesIn(f, api)
	if len(names) > 1 && api != Legacy {
		names = names[:1]
	}
	for _, name := range names {
		if m.append == nil {
			m.append = compileAppend(f.Type, api)
			m.Inner = inner(m.Type, api)
		}
		m.Name, m.key = name, strconv.Quote(name)+":"
		ms = append(ms, m)
	}
	return ms
}

// nested is an embedded struct as an object.
func nested(f reflect.StructField, api API) Member {
	name, object := tagOfV3(f, api), compileAppend(f.Type, api)
	return Member{Name: name, Index: f.Index, Type: f.Type, Inner: inner(f.Type, api), key: strconv.Quote(name) + ":",
		append: func(dst []byte, v reflect.Value) []byte {
			if v.IsZero() {
				return append(dst, "null"...)
			}
			return object(dst, v)
		}}
}

func inner(t reflect.Type, api API) Members {
	if t.Kind() != reflect.Struct || api == Legacy && t.Implements(writesText) {
		return nil
	}
	return MembersOf(t, api)
}

// Append writes `"a":1,"b":"x"` behind dst.
func (ms Members) Append(dst []byte, v reflect.Value) []byte {
	start := len(dst)
	for i := range ms {
		m := &ms[i]
		field := v.FieldByIndex(m.Index)
		if m.omit != nil && m.omit(field) {
			continue
		}
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = m.append(append(dst, m.key...), field)
	}
	return dst
}

// What product tdmq writes in another way.
type (
	otherText   interface{ TDMQ() string }
	otherNumber interface{ TDMQ() int64 }
)

var (
	writesText        = reflect.TypeFor[encoding.TextMarshaler]()
	writesOtherText   = reflect.TypeFor[otherText]()
	writesOtherNumber = reflect.TypeFor[otherNumber]()
)

// compileAppend chooses how a value of type t is written.
func compileAppend(t reflect.Type, api API) func([]byte, reflect.Value) []byte {
	switch kind := t.Kind(); {
	case kind == reflect.Pointer:
		return appendPointer(compileAppend(t.Elem(), api))
	case api == Legacy && t.Implements(writesText):
		return appendText
	case api == TDMQ && t.Implements(writesOtherText):
		return func(dst []byte, v reflect.Value) []byte {
			return appendString(dst, v.Interface().(otherText).TDMQ())
		}
	case api == TDMQ && t.Implements(writesOtherNumber):
		return func(dst []byte, v reflect.Value) []byte {
			return strconv.AppendInt(dst, v.Interface().(otherNumber).TDMQ(), 10)
		}
	case kind == reflect.String:
		return func(dst []byte, v reflect.Value) []byte { return appendString(dst, v.String()) }
	case kind == reflect.Int || kind == reflect.Int64:
		return func(dst []byte, v reflect.Value) []byte { return strconv.AppendInt(dst, v.Int(), 10) }
	case kind == reflect.Bool:
		return func(dst []byte, v reflect.Value) []byte { return strconv.AppendBool(dst, v.Bool()) }
	case kind == reflect.Struct:
		ms := MembersOf(t, api)
		return func(dst []byte, v reflect.Value) []byte { return append(ms.Append(append(dst, '{'), v), '}') }
	case kind == reflect.Slice:
		return appendList(compileAppend(t.Elem(), api))
	default:
		panic(fmt.Sprintf("fields: %s cannot be answered", t))
	}
}

func appendPointer(value func([]byte, reflect.Value) []byte) func([]byte, reflect.Value) []byte {
	return func(dst []byte, v reflect.Value) []byte {
		if v.IsNil() {
			return append(dst, "null"...)
		}
		return value(dst, v.Elem())
	}
}

// appendList never writes null: PHP, Go and Python SDKs fail on it.
func appendList(one func([]byte, reflect.Value) []byte) func([]byte, reflect.Value) []byte {
	return func(dst []byte, v reflect.Value) []byte {
		dst = append(dst, '[')
		for i := range v.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = one(dst, v.Index(i))
		}
		return append(dst, ']')
	}
}

// appendText writes what describes itself as text; one that cannot is empty.
func appendText(dst []byte, v reflect.Value) []byte {
	text, err := v.Interface().(encoding.TextMarshaler).MarshalText()
	if err != nil {
		text = nil
	}
	return appendString(dst, string(text))
}
