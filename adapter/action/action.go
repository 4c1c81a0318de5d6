// Package action declares every API action once and binds its parameters.
package action

import (
	"context"

	"github.com/jetcmq/jetcmq/mapping"
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
	Name   string // in API 2.0, and in our code
	CMQ    string // in API 3.0, product cmq; empty if absent
	TDMQ   string // in API 3.0, product tdmq; empty if absent
	Doc    string
	Errors []*mapping.Error // beyond those of binding

	call func(ctx context.Context, b *mapping.Broker, p Params) (Answer, error)
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

// Find returns the action of that name, whatever its case (SDKs send
// ClearSUbscriptionFIlterTags), or nil.
func Find(api API, name string) *Action { return nil }

// Call binds the parameters and runs the action. An error may come together
// with Fields (BatchDeleteMessage answers 6010 with its errorList).
func (a *Action) Call(ctx context.Context, b *mapping.Broker, p Params) (Answer, error) {
	return a.call(ctx, b, p)
}
