package adapter

import (
	"crypto/rand"
	"encoding/hex"
	"strings"

	"github.com/jetcmq/jetcmq/adapter/action"
	"github.com/jetcmq/jetcmq/mapping"
)

// v3 is API 3.0 as its clients write it today: action, version and signature
// stand in headers, parameters in a JSON body or in the query.
type v3 struct{ *Adapter }

// v3form is API 3.0 with its first kind of signature: everything is a parameter
// of a query or a form, as in API 2.0.
type v3form struct{ v3 }

// The errors only API 3.0 answers, in the vendor's words.
var (
	errVersion       = &mapping.Error{V3: "NoSuchVersion", Text: "The request version=`%s` does not exist."}
	errAction        = &mapping.Error{V3: "InvalidAction", Text: "The request action=`%s` is invalid or not found"}
	errParameter     = &mapping.Error{V3: "MissingParameter", Text: "The request is missing a required parameter `%s`."}
	errBody          = &mapping.Error{V3: "InvalidParameter", Text: "The request body is not a valid JSON object"}
	errText          = &mapping.Error{V3: "InvalidParameter", Text: "The request body is not UTF-8, or has half of a surrogate pair in it"}
	errAuthorization = &mapping.Error{V3: "AuthFailure.InvalidAuthorization", Text: "The request `Authorization` header does not conform to tencentcloud standards: `%s` not valid."}
	errSecretID      = &mapping.Error{V3: "AuthFailure.SecretIdNotFound", Text: "The SecretId is not found, please ensure that your SecretId is correct."}
	errExpired       = &mapping.Error{V3: "AuthFailure.SignatureExpire", Text: "The signature is expired, please request again."}
	errSigned        = &mapping.Error{V3: "AuthFailure.SignatureFailure", Text: "The provided credentials could not be validated. Please check your signature is correct."}
)

// maxNamed is how much of a name that nobody knows an error repeats.
const maxNamed = 100

// product is what a version stands for. Host and signature tell nothing about it:
// clients make them of whatever endpoint they were given.
func product(version string) (action.API, bool) {
	switch version {
	case "2020-02-17":
		return action.TDMQ, true
	case "2019-03-04":
		return action.CMQ, true
	}
	return 0, false
}

// dialectOf tells the generations apart. They share paths, and the names of
// actions; and some client of API 2.0 sends Version=v2.
func (a *Adapter) dialectOf(q *request) dialect {
	if len(q.Header["X-Tc-Action"]) > 0 || strings.HasPrefix(q.Header.Get("Authorization"), tc3) {
		return v3{a}
	}
	if _, known := product(q.get("Version")); known {
		return v3form{v3{a}}
	}
	return legacy{a}
}

func (v3) newID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	text := hex.EncodeToString(id[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// read goes by the body before its Content-Type: curl calls everything a form.
func (v3) read(q *request, body string) error {
	q.body = body
	form := strings.HasPrefix(q.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
	if form && !strings.HasPrefix(strings.TrimLeft(body, " \t\r\n"), "{") {
		q.addForm(body)
		return nil
	}
	return q.addJSON(body)
}

func (v3form) read(q *request, body string) error {
	q.addForm(body)
	return nil
}

func (d v3) asked(q *request) (action.API, *action.Action, error) {
	return d.look(q.Header.Get("X-Tc-Action"), q.Header.Get("X-Tc-Version"))
}

func (d v3form) asked(q *request) (action.API, *action.Action, error) {
	return d.look(q.get("Action"), q.get("Version"))
}

// look finds the action of a version, or says what is wrong with them.
func (d v3) look(name, version string) (action.API, *action.Action, error) {
	if name == "" {
		return 0, nil, errParameter.Of("Action")
	}
	if version == "" {
		return 0, nil, errParameter.Of("Version")
	}
	api, known := product(version)
	if !known {
		return 0, nil, errVersion.Of(shortened(version))
	}
	act := d.find(api, name)
	if act != nil {
		return api, act, nil
	}
	err := errAction.Of(shortened(name))
	if api == action.TDMQ {
		return 0, nil, err.Because("of the actions of tdmq, only those for CMQ are served here, not those for Pulsar and others")
	}
	return 0, nil, err
}

func shortened(name string) string {
	if len(name) <= maxNamed {
		return name
	}
	return name[:maxNamed] + "..."
}

var v3Type = []string{"application/json"} // the Python SDK overlooks errors under any other

func (v3) envelope(q *request, e *mapping.Error, fields []byte) ([]byte, []string) {
	b := make([]byte, 0, 256+len(fields))
	b = append(b, `{"Response":{`...)
	switch {
	case e != nil:
		b = append(b, `"Error":{"Code":`...)
		b = appendText(b, q.action.Code3(e))
		b = append(b, `,"Message":`...)
		b = appendText(b, v3Message(e))
		b = append(b, "},"...)
	case len(fields) > 0:
		b = append(b, fields...)
		b = append(b, ',')
	}
	b = append(b, `"RequestId":"`...)
	b = append(b, q.id...)
	return append(b, `"}}`...), v3Type
}

// v3Message has the module of API 2.0 in front where there is one: some errors
// that have numbers there share a name here.
func v3Message(e *mapping.Error) string {
	if e.Module == 0 {
		return e.Text
	}
	return e.Error()
}
