// Package check is what the programs on the Go SDK have in common. It knows no
// version of the SDK, of which each of them has another.
package check

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

// ask makes one call; params are the members of the SDK's request.
func ask[Q, A any](t *testing.T, call func(*Q) (A, error), request *Q, params string) (A, error) {
	t.Helper()
	strictly(t, params, request)
	return call(request)
}

// Must makes a call that has to succeed; params are the members of the SDK's
// request as JSON.
func Must[Q, A any](t *testing.T, call func(*Q) (A, error), request *Q, params string) A {
	t.Helper()
	answer, err := ask(t, call, request, params)
	if err != nil {
		t.Fatalf("%T %s: %v", request, params, err)
	}
	return answer
}

// Refused is Must where only an error of that code will do, with that text in
// its message.
func Refused[Q, A any](t *testing.T, call func(*Q) (A, error), request *Q, params, code, message string) {
	t.Helper()
	_, err := ask(t, call, request, params)
	Error(t, fmt.Sprintf("%T %s", request, params), err, code, message)
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// sdkError is what every version of the SDK makes of an answer that is an error.
type sdkError interface {
	error
	GetCode() string
	GetMessage() string
	GetRequestId() string
}

// Error wants an error of the SDK.
func Error(t *testing.T, what string, err error, code, message string) {
	t.Helper()
	var e sdkError
	if !errors.As(err, &e) {
		t.Errorf("%s: got %v, want %s", what, err, code)
		return
	}
	if e.GetCode() != code || !strings.Contains(e.GetMessage(), message) || !uuid.MatchString(e.GetRequestId()) {
		t.Errorf("%s: got %v, want %s, %q and a UUID", what, e, code, message)
	}
}

// strictly fills into from JSON that has no member into does not know.
func strictly(t *testing.T, text string, into any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s is no %T: %v", text, into, err)
	}
}

// Equal compares an answer of the SDK, value by value, with one written as
// JSON: what is null or missing there is nil, which [] is not.
func Equal[T any](t *testing.T, what string, got T, want string) {
	t.Helper()
	var w T
	strictly(t, want, &w)
	if !reflect.DeepEqual(got, w) {
		t.Errorf("%s:\ngot  %s\nwant %s", what, Spell(got), Spell(w))
	}
}

// Spell is JSON with the nulls and the empty lists that the SDK leaves out.
func Spell(v any) string {
	text, err := json.Marshal(plain(reflect.ValueOf(v)))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func plain(v reflect.Value) any {
	switch {
	case v.Kind() == reflect.Pointer && !v.IsNil():
		return plain(v.Elem())
	case v.Kind() == reflect.Slice && !v.IsNil():
		all := []any{}
		for i := range v.Len() {
			all = append(all, plain(v.Index(i)))
		}
		return all
	case v.Kind() == reflect.Struct:
		all := map[string]any{}
		for i := range v.NumField() {
			all[v.Type().Field(i).Name] = plain(v.Field(i))
		}
		return all
	default:
		return v.Interface()
	}
}

// Eventually waits for what may lag behind, such as counts.
func Eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not so within 10 s: %s", what)
		}
	}
}
