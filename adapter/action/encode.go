package action

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// members are what an action answers: the fields of its output struct, compiled
// once. Answers are appended by hand, because they are most of what a receive
// costs, and because encoding/json escapes what SDKs compare byte by byte.
type members []member

type member struct {
	name   string
	key    string // quoted, with its colon
	index  []int
	typ    reflect.Type
	omit   func(v reflect.Value) bool // nil: never
	append func(dst []byte, v reflect.Value) []byte
}

// compileMembers reads the tags of an action's output struct.
func compileMembers(t reflect.Type) members {
	var ms members
	for _, f := range fields(t) {
		m := member{index: f.Index, typ: f.Type, append: compileAppend(f.Type)}
		switch {
		case f.Type.Kind() == reflect.Pointer:
			m.omit = reflect.Value.IsNil
		case f.Tag.Get("absent") == "empty":
			m.omit = func(v reflect.Value) bool { return v.Len() == 0 }
		}
		for _, name := range wireNames(f) {
			m.name, m.key = name, strconv.Quote(name)+":"
			ms = append(ms, m)
		}
	}
	return ms
}

// append writes `"a":1,"b":"x"` behind dst.
func (ms members) append(dst []byte, v reflect.Value) []byte {
	start := len(dst)
	for i := range ms {
		m := &ms[i]
		field := v.FieldByIndex(m.index)
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

var writesText = reflect.TypeFor[encoding.TextMarshaler]()

// compileAppend chooses how a value of type t is written.
func compileAppend(t reflect.Type) func([]byte, reflect.Value) []byte {
	switch kind := t.Kind(); {
	case t.Implements(writesText):
		return appendText
	case kind == reflect.String:
		return func(dst []byte, v reflect.Value) []byte { return appendString(dst, v.String()) }
	case kind == reflect.Int || kind == reflect.Int64:
		return func(dst []byte, v reflect.Value) []byte { return strconv.AppendInt(dst, v.Int(), 10) }
	case kind == reflect.Pointer:
		inner := compileAppend(t.Elem())
		return func(dst []byte, v reflect.Value) []byte { return inner(dst, v.Elem()) }
	case kind == reflect.Struct:
		ms := compileMembers(t)
		return func(dst []byte, v reflect.Value) []byte { return append(ms.append(append(dst, '{'), v), '}') }
	case kind == reflect.Slice:
		return appendList(compileAppend(t.Elem()))
	default:
		panic(fmt.Sprintf("action: %s cannot be answered", t))
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

// roomBehind is left behind a text when the buffer grows for it: enough for the
// other members of a received message, so that one body means one growth.
const roomBehind = 384

// appendString writes s as a JSON string, with nothing escaped that JSON does
// not ask for. Bytes that are no UTF-8 (native publishers may store any) become
// U+FFFD, since JSON has no other way to hold them.
func appendString(dst []byte, s string) []byte {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	if cap(dst)-len(dst) < len(s)+2 {
		dst = slices.Grow(dst, len(s)+roomBehind)
	}
	dst = append(dst, '"')
	done := 0
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			dst = appendEscape(append(dst, s[done:i]...), c)
			done = i + 1
		}
	}
	return append(append(dst, s[done:]...), '"')
}

func appendEscape(dst []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	default:
		return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
	}
}
