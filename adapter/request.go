package adapter

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/jetcmq/jetcmq/adapter/action"
	"github.com/jetcmq/jetcmq/mapping"
)

// maxFields is a bound for the work that parameters make, far above the
// largest batch.
const maxFields = 1_000

// request is a request and what was read from it.
type request struct {
	*http.Request
	dialect  dialect
	id       string
	body     string        // as sent, where the signature covers it as a whole
	fields   []field       // of query and form, what the client sent and signed, in the order sent
	pairs    []action.Pair // what the client means; those of fields come first
	action   *action.Action
	answered bool
}

// field is one parameter as it was sent.
type field struct {
	name, value string // decoded
	raw         string // the value as on the wire
}

// speak makes d the way in which the request was written and will be answered.
func (q *request) speak(d dialect) {
	if q.dialect != d {
		q.dialect, q.id = d, d.newID()
	}
}

// read takes in the body, and learns from a form which generation it is of.
func (a *Adapter) read(q *request) error {
	if q.Method != http.MethodGet && q.Method != http.MethodPost {
		return mapping.ErrMethod.Of(q.Method)
	}
	body, err := readBody(q.Request, a.config.MaxBody)
	if err != nil {
		return err
	}
	if err := q.dialect.read(q, body); err != nil {
		return err
	}
	q.speak(a.dialectOf(q))
	if len(q.fields) > maxFields {
		return mapping.ErrRequestSize.Of("parameters")
	}
	return nil
}

// addForm appends the parameters of a query or a form.
func (q *request) addForm(form string) {
	have := len(q.fields)
	if q.fields == nil && form != "" {
		q.fields = make([]field, 0, 16)
	}
	q.fields = split(q.fields, form)
	q.pairs = slices.Grow(q.pairs, len(q.fields)-have)
	for _, f := range q.fields[have:] {
		// Some SDKs send "limit " for "limit".
		q.pairs = append(q.pairs, action.Pair{Name: strings.TrimSpace(f.name), Value: f.value})
	}
}

// meantRaw makes the values on the wire the parameters.
func (q *request) meantRaw() {
	for i, f := range q.fields {
		q.pairs[i].Value = f.raw
	}
}

// get returns the first parameter of that name, or nothing.
func (q *request) get(name string) string {
	for _, p := range q.pairs {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

func (q *request) actionName() string {
	if q.action == nil {
		return ""
	}
	return q.action.Name
}

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// readBody returns the whole body. Reading to its end also lets net/http
// notice when the client hangs up during a long poll.
func readBody(r *http.Request, limit int64) (string, error) {
	b := bodies.Get().(*bytes.Buffer)
	defer putBuffer(b)
	_, err := b.ReadFrom(io.LimitReader(r.Body, limit+1))
	if err == nil && int64(b.Len()) > limit {
		// Clients that write before they read see our answer only if we take
		// the rest, and an end of the connection otherwise.
		_, _ = io.CopyN(io.Discard, r.Body, 4*limit)
		err = io.ErrShortBuffer
	}
	if err != nil {
		return "", mapping.ErrRequestSize.Of("request body")
	}
	// The one copy: what is cut from this string may outlive the request, the
	// buffer does not.
	return b.String(), nil
}

// putBuffer keeps a buffer for the next request, unless it grew out of the usual.
func putBuffer(b *bytes.Buffer) {
	if b.Cap() <= 64<<10 {
		b.Reset()
		bodies.Put(b)
	}
}

// split appends the fields of a query or a form. Unlike the standard library it
// takes ';' for a letter, and a malformed escape for the text it is: messages
// that SDKs forgot to escape contain both.
func split(fields []field, form string) []field {
	for form != "" && len(fields) <= maxFields {
		var piece string
		piece, form, _ = strings.Cut(form, "&")
		if piece == "" {
			continue
		}
		name, raw, _ := strings.Cut(piece, "=")
		fields = append(fields, field{unescape(name), unescape(raw), raw})
	}
	return fields
}

// unescape decodes form encoding; text with a malformed escape stays as it is.
// It takes half of the standard library's time, which counts for messages in JSON.
func unescape(s string) string {
	escapes := strings.Count(s, "%")
	if escapes == 0 && strings.IndexByte(s, '+') < 0 || len(s) < 3*escapes {
		return s
	}
	b := make([]byte, 0, len(s)-2*escapes)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '+':
			b = append(b, ' ')
		case '%':
			if i+2 >= len(s) {
				return s
			}
			high, low := digit(s[i+1]), digit(s[i+2])
			if high > 15 || low > 15 {
				return s
			}
			b = append(b, high<<4|low)
			i += 2
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// digit returns the value of a hexadecimal digit, and more than 15 for anything else.
func digit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}
