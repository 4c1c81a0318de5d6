package adapter

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/jetcmq/jetcmq/adapter/action"
	"github.com/jetcmq/jetcmq/mapping"
)

// maxFields is a bound for the work that parameters make, far above the
// largest batch.
const maxFields = 1_000

// request is an API 2.0 request and what was read from it.
type request struct {
	*http.Request
	id       int64         // its requestId
	fields   []field       // what the client sent and signed, in the order sent
	pairs    []action.Pair // what it means
	answered bool
}

// field is one parameter as it was sent.
type field struct {
	name, value string // decoded
	raw         string // the value as on the wire
}

// read takes in all parameters, wherever they stand: every combination of
// method, query, body and Content-Type is somebody's. The Python SDK repeats a
// POST with a lost connection as a GET that has the form in its body.
func (q *request) read(maxBody int64) error {
	if q.Method != http.MethodGet && q.Method != http.MethodPost {
		return mapping.ErrMethod.Of(q.Method)
	}
	body, err := readBody(q.Request, maxBody)
	if err != nil {
		return err
	}
	fields := split(make([]field, 0, 16), q.URL.RawQuery)
	fields = split(fields, body)
	if len(fields) > maxFields {
		return mapping.ErrRequestSize.Of("parameters")
	}
	q.fields = fields
	q.pairs = make([]action.Pair, len(fields))
	for i, f := range fields {
		// Some SDKs send "limit " for "limit".
		q.pairs[i] = action.Pair{Name: strings.TrimSpace(f.name), Value: f.value}
	}
	return nil
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

// envelope returns an answer's JSON. fields are the action's own members, e the
// error that the answer reports, if any.
func envelope(q *request, e *mapping.Error, fields []byte) []byte {
	code, message := 0, ""
	if e != nil {
		code, message = e.Code, e.Error()
	}
	b := make([]byte, 0, 128+len(message)+len(fields))
	b = append(b, `{"code":`...)
	b = strconv.AppendInt(b, int64(code), 10)
	b = append(b, `,"message":`...)
	b = appendText(b, message)
	b = append(b, `,"requestId":"`...)
	b = strconv.AppendInt(b, q.id, 10)
	b = append(b, '"')
	// As a number: clients decode it into an integer.
	if n, err := strconv.ParseUint(q.get("clientRequestId"), 10, 64); err == nil {
		b = append(b, `,"clientRequestId":`...)
		b = strconv.AppendUint(b, n, 10)
	}
	if len(fields) > 0 {
		b = append(b, ',')
		b = append(b, fields...)
	}
	return append(b, '}')
}

// appendText appends s as a JSON text.
func appendText(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s) // of a string cannot fail
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

var jsonType = []string{"application/json; charset=utf-8"}

// write sends an answer. The status is always 200: SDKs look no further at
// others. With flush it also waits until the operating system has the answer.
func write(w http.ResponseWriter, body []byte, flush bool) error {
	w.Header()["Content-Type"] = jsonType
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(http.StatusOK)
	if _, err := w.Write(body); err != nil || !flush {
		return err
	}
	if inner, ok := w.(interface{ Unwrap() http.ResponseWriter }); ok {
		w = inner.Unwrap() // gin's own Flush keeps the error to itself
	}
	err := http.NewResponseController(w).Flush()
	if errors.Is(err, http.ErrNotSupported) {
		return nil // somebody's wrapper: it has the answer, and it is not for us to doubt it
	}
	return err
}
