// Package action declares every API action once and binds its parameters.
//
// An action is one call of define: its name, what it takes, what it answers,
// what it can fail with, and the function that does it. Binding, checking,
// answering and REFERENCE.md all follow from that one declaration. Tags on the
// two structs say how a field looks on the wire:
//
//	cmq:"a,b"      the name; a parameter may also come as b, an answer has both
//	range:"lo..hi" bounds of a number; hi may be left out
//	default:"v"    the value when absent; of a list, default:"" is none at all.
//	               Without it a field must be sent, unless it is a pointer
//	absent:"empty" leaves an empty list out of the answer
//
// A slice is a list, sent as name.0, name.1 … or name.1, name.2 …. An embedded
// struct counts as its fields. A type may own its rule and its error: by
// UnmarshalText, by check (texts), by outside (numbers) or by most (lists).
package action

import (
	"context"
	"reflect"
	"strings"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/account"
)

// API is one of the three interfaces over which an action may be called.
type API int

const (
	Legacy API = iota // API 2.0
	CMQ               // API 3.0, product cmq, version 2019-03-04
	TDMQ              // API 3.0, product tdmq, version 2020-02-17
)

// Pair is one decoded request parameter.
type Pair struct{ Name, Value string }

// Params is a request in the form both wire formats are brought to: flat names
// (lists as name.0, name.1 …) and decoded text, in the order they were sent.
type Params struct {
	API   API
	Pairs []Pair
}

// Action is one verb of the service.
type Action struct {
	Name    string // in API 2.0, and in our code
	CMQ     string // in API 3.0, product cmq; empty if absent
	TDMQ    string // in API 3.0, product tdmq; empty if absent
	Doc     string
	Errors  []*mapping.Error // beyond those of binding
	Partial bool             // an error may come together with Fields

	input reflect.Type // the struct that in fills
	in    parameters
	out   members
	call  func(ctx context.Context, on *account.Account, p Params) (Answer, error)
}

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
	a.input = reflect.TypeFor[In]()
	a.in = compileParameters(a.input)
	a.out = compileMembers(reflect.TypeFor[Out]())
	a.call = func(ctx context.Context, on *account.Account, p Params) (Answer, error) {
		var in In
		if err := a.in.bind(p.Pairs, reflect.ValueOf(&in).Elem()); err != nil {
			return Answer{}, err
		}
		out, err := do(ctx, on, in)
		if err != nil && !a.Partial {
			return Answer{}, err
		}
		answer := Answer{Fields: a.out.append(nil, reflect.ValueOf(&out).Elem())}
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

// Call binds the parameters and runs the action. An error may come together
// with Fields (BatchDeleteMessage answers 6010 with its errorList).
func (a *Action) Call(ctx context.Context, on *account.Account, p Params) (Answer, error) {
	return a.call(ctx, on, p)
}
