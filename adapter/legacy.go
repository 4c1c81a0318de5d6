package adapter

import (
	"strconv"

	"github.com/jetcmq/jetcmq/adapter/action"
	"github.com/jetcmq/jetcmq/mapping"
)

// legacy is API 2.0.
type legacy struct{ *Adapter }

var legacyType = []string{"application/json; charset=utf-8"}

func (d legacy) newID() string { return strconv.FormatInt(d.lastID.Add(1), 10) }

// read takes in all parameters, wherever they stand: every combination of
// method, query, body and Content-Type is somebody's. The Python SDK repeats a
// POST with a lost connection as a GET that has the form in its body.
func (legacy) read(q *request, body string) error {
	q.addForm(body)
	return nil
}

func (d legacy) asked(q *request) (action.API, *action.Action, error) {
	name := q.get("Action")
	if name == "" {
		return 0, nil, mapping.ErrMissing.Of("Action")
	}
	act := d.find(action.Legacy, name)
	if act == nil {
		return 0, nil, mapping.ErrActionMissing
	}
	return action.Legacy, act, nil
}

func (d legacy) signer(q *request) (*signer, error) {
	return d.formSigner(q, d.config.Skew, refusals{mapping.ErrMissing, mapping.ErrSecretID, mapping.ErrSignature, mapping.ErrSignature})
}

func (legacy) envelope(q *request, e *mapping.Error, fields []byte) ([]byte, []string) {
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
	b = append(b, q.id...)
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
	return append(b, '}'), legacyType
}
