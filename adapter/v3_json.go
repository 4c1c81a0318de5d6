package adapter

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/jetcmq/jetcmq/adapter/action"
	"github.com/jetcmq/jetcmq/mapping"
)

const (
	maxDepth = 8   // of objects and lists in each other; the API itself has 4
	maxName  = 256 // bytes of a parameter's whole name, which every value below it repeats
)

// addJSON appends the parameters of a JSON object under the names that they have
// in a query: {"Filters":[{"Values":["a"]}]} is Filters.0.Values.0=a. Numbers
// keep their text, what is null counts as not sent, and of two members with one
// name the first counts, as everywhere. A body that is not UTF-8, or has half a
// surrogate pair in it, is refused: no answer could give it back. An empty body
// has no parameters.
func (q *request) addJSON(body string) error {
	if !utf8.ValidString(body) || hasHalfPair(body) {
		return errText
	}
	f := flattener{rest: body, pairs: q.pairs}
	if f.blanks(); f.rest == "" {
		return nil
	}
	if !f.skip('{') {
		return errBody
	}
	if err := f.object("", 1); err != nil {
		return err
	}
	if f.blanks(); f.rest != "" {
		return errBody
	}
	q.pairs = f.pairs
	return nil
}

// flattener reads JSON from front to back. The standard library would read each
// byte of a message several times, and into copies.
type flattener struct {
	rest   string // what is left to read
	pairs  []action.Pair
	values int // so far, those that make no parameter included
}

// object takes in what follows an opening brace. Its members' names get a prefix.
func (f *flattener) object(prefix string, depth int) error {
	if f.skip('}') {
		return nil
	}
	for seen := map[string]bool{}; ; {
		name, ok := f.text()
		if !ok || !f.skip(':') {
			return errBody
		}
		have := len(f.pairs)
		if err := f.value(prefix+name, depth); err != nil {
			return err
		}
		if seen[name] {
			f.pairs = f.pairs[:have]
		}
		seen[name] = true
		if f.skip('}') {
			return nil
		}
		if !f.skip(',') {
			return errBody
		}
	}
}

// list takes in what follows an opening bracket.
func (f *flattener) list(prefix string, depth int) error {
	if f.skip(']') {
		return nil
	}
	for i := 0; ; i++ {
		if err := f.value(prefix+strconv.Itoa(i), depth); err != nil {
			return err
		}
		if f.skip(']') {
			return nil
		}
		if !f.skip(',') {
			return errBody
		}
	}
}

// value takes in whatever stands under that name.
func (f *flattener) value(name string, depth int) error {
	if f.values++; f.values > maxFields || len(name) > maxName || depth > maxDepth {
		return mapping.ErrRequestSize.Of("parameters")
	}
	if f.skip('{') {
		return f.object(name+".", depth+1)
	}
	if f.skip('[') {
		return f.list(name+".", depth+1)
	}
	text, quoted := f.text()
	if !quoted {
		var ok bool
		if text, ok = f.literal(); !ok {
			return errBody
		}
	}
	if quoted || text != "null" {
		f.pairs = append(f.pairs, action.Pair{Name: name, Value: text})
	}
	return nil
}

// text takes a string in quotes.
func (f *flattener) text() (text string, ok bool) {
	f.blanks()
	if !strings.HasPrefix(f.rest, `"`) {
		return "", false
	}
	escaped := false
	for i := 1; i < len(f.rest); i++ {
		switch c := f.rest[i]; {
		case c == '"':
			if text, ok = unquote(f.rest[:i+1], escaped); ok {
				f.rest = f.rest[i+1:]
			}
			return text, ok
		case c == '\\':
			escaped = true
			i++
		case c < ' ':
			return "", false
		}
	}
	return "", false
}

// unquote returns part of the body itself where it can: it may be a message.
func unquote(quoted string, escaped bool) (string, bool) {
	if !escaped {
		return quoted[1 : len(quoted)-1], true
	}
	var text string
	err := json.Unmarshal([]byte(quoted), &text)
	return text, err == nil
}

// hasHalfPair tells whether some \u escape is half of a surrogate pair.
func hasHalfPair(body string) bool {
	for {
		at := strings.IndexByte(body, '\\')
		if at < 0 || at+1 == len(body) {
			return false
		}
		r, size := escape(body[at:])
		body = body[at+size:]
		if !utf16.IsSurrogate(r) {
			continue
		}
		low, size := escape(body)
		if utf16.DecodeRune(r, low) == utf8.RuneError {
			return true
		}
		body = body[size:]
	}
}

// escape reads the escape in front of text, of two characters or six.
func escape(text string) (r rune, size int) {
	if len(text) < 6 || !strings.HasPrefix(text, `\u`) {
		return 0, 2
	}
	n, err := strconv.ParseUint(text[2:6], 16, 16)
	if err != nil {
		return 0, 2
	}
	return rune(n), 6
}

// literal takes a number, true, false or null.
func (f *flattener) literal() (text string, ok bool) {
	end := strings.IndexAny(f.rest, ",]} \t\r\n")
	if end < 0 {
		return "", false
	}
	text, f.rest = f.rest[:end], f.rest[end:]
	return text, json.Valid([]byte(text))
}

// skip takes c, and blanks before it, if it comes next.
func (f *flattener) skip(c byte) bool {
	f.blanks()
	if f.rest == "" || f.rest[0] != c {
		return false
	}
	f.rest = f.rest[1:]
	return true
}

func (f *flattener) blanks() { f.rest = strings.TrimLeft(f.rest, " \t\r\n") }
