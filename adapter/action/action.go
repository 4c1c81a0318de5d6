// Package action declares every API action once and binds its parameters.
//
// An action is one call of define: its name in each of the three APIs, what it
// takes, what it answers, what it can fail with, and the function that does it.
// Binding, checking, answering and REFERENCE.md all follow from that one
// declaration; package fields says what the tags of the two structs mean. Where
// API 3.0 means something else, and not only calls it something else, it has an
// action of its own.
package action

import (
	"context"
	"reflect"
	"strings"

	"github.com/jetcmq/jetcmq/adapter/action/fields"
	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/account"
)

// API is one of the three interfaces over which an action may be called.
type API = fields.API

const (
	Legacy = fields.Legacy // API 2.0
	CMQ    = fields.CMQ    // API 3.0, product cmq, version 2019-03-04
	TDMQ   = fields.TDMQ   // API 3.0, product tdmq, version 2020-02-17

	apis = 3
)

// Pair is one decoded request parameter.
type Pair = fields.Pair

// Params is a request in the form all wire formats are brought to: flat names
// (name.0, name.1 … for lists, name.0.field for lists of objects) and decoded
// text, in the order they were sent.
type Params struct {
	API   API
	Pairs []Pair
}

// Action is one verb of the service.
type Action struct {
	Name    string // in API 2.0; empty if absent
	CMQ     string // in API 3.0, product cmq; empty if absent
	TDMQ    string // in API 3.0, product tdmq; empty if absent
	Doc     string
	Errors  []*mapping.Error // beyond those of binding; Named as this action's are in API 3.0
	Partial bool             // an error may come together with Fields

	input  reflect.Type // the structs that in fills and out reads
	output reflect.Type
	in     [apis]fields.Parameters // by API; empty where the action has no name
	out    [apis]fields.Members
	check  func(p Params) error
	call   func(ctx context.Context, on *account.Account, p Params) (Answer, error)
}

// judging is an input that can tell by itself, without any account, that what it
// was given does not go together.
type judging interface{ judge() error }

// Answer is what a successful (or partly successful) call returns.
type Answer struct {
	// Fields are the members of the answer's JSON object, without braces and
	// without the envelope's own: `"msgId":"1","x":2`, or empty.
	Fields []byte
	// Undelivered, if not nil, must be called when the answer could not be
	// written to the caller: messages in it become visible again at once.
	Undelivered func()
}

// table holds every action in the order of declaration. Only define writes it,
// before main starts.
var table []*Action

// define adds an action to the table, at start-up.
func define[In, Out any](a Action, do func(context.Context, *account.Account, In) (Out, error)) *Action {
	table = append(table, compile(a, do))
	return table[len(table)-1]
}

// compile completes a with all that follows from do and its structs. It panics
// on a struct or tag that it does not understand.
func compile[In, Out any](a Action, do func(context.Context, *account.Account, In) (Out, error)) *Action {
	a.input, a.output = reflect.TypeFor[In](), reflect.TypeFor[Out]()
	for api := range API(apis) {
		if a.name(api) != "" {
			a.in[api] = fields.ParametersOf(a.input, api)
			a.out[api] = fields.MembersOf(a.output, api)
		}
	}
	a.check = func(p Params) error {
		var in In
		if err := a.in[p.API].Bind(p.Pairs, reflect.ValueOf(&in).Elem()); err != nil {
			return err
		}
		if own, ok := any(in).(judging); ok {
			return own.judge()
		}
		return nil
	}
	a.call = func(ctx context.Context, on *account.Account, p Params) (Answer, error) {
		var in In
		if err := a.in[p.API].Bind(p.Pairs, reflect.ValueOf(&in).Elem()); err != nil {
			return Answer{}, err
		}
		out, err := do(ctx, on, in)
		if err != nil && !a.Partial {
			return Answer{}, err
		}
		answer := Answer{Fields: a.out[p.API].Append(nil, reflect.ValueOf(&out).Elem())}
		if h, ok := any(&out).(interface{ undelivered() func() }); ok {
			answer.Undelivered = h.undelivered()
		}
		return answer, err
	}
	return &a
}

// Find returns the action of that name, whatever its case (SDKs send
// ClearSUbscriptionFIlterTags), or nil.
func Find(api API, name string) *Action {
	for _, a := range table {
		if n := a.name(api); n != "" && strings.EqualFold(n, name) {
			return a
		}
	}
	return nil
}

func (a *Action) name(api API) string {
	switch api {
	case CMQ:
		return a.CMQ
	case TDMQ:
		return a.TDMQ
	default:
		return a.Name
	}
}

// Parameters are what the action takes in api; none if it is not part of it.
func (a *Action) Parameters(api API) fields.Parameters { return a.in[api] }

// Check tells why the action would refuse the parameters whatever the account
// holds. What is refused for it, Call refuses too.
func (a *Action) Check(p Params) error { return a.check(p) }

// Call binds the parameters and runs the action. An error may come together
// with Fields (BatchDeleteMessage answers 6010 with its errorList).
func (a *Action) Call(ctx context.Context, on *account.Account, p Params) (Answer, error) {
	return a.call(ctx, on, p)
}

// Code3 is the name of an error in API 3.0 when this action fails with it. For a
// call that names no action it is that of the error.
func (a *Action) Code3(e *mapping.Error) string {
	if a != nil {
		for _, own := range a.Errors {
			if own.Is(e) {
				return own.V3
			}
		}
	}
	return e.V3
}
