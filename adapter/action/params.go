package action

import (
	"errors"
	"math/bits"
	"reflect"
	"strconv"
	"strings"

	"github.com/jetcmq/jetcmq/mapping"
)

const (
	maxParameters = 16 // an action can take
	maxElements   = mapping.MaxBatch
)

// parameters are what an action takes: the fields of its input struct, compiled
// once so that a call looks up no tag and no map.
type parameters []parameter

type parameter struct {
	names      []string // on the wire; the first is the documented one
	index      []int    // of the struct's field
	kind       reflect.Type
	list       bool
	required   bool
	preset     *string // the default, as text
	bounds     bounds
	most       int   // elements of a list
	tooMany    error // of them
	mayBeEmpty bool  // an empty text is a value, not an absence
	set        func(v reflect.Value, text string) error
}

// given is what a request says of one parameter.
type given struct {
	said bool
	text string
	list *elements
}

// checked is a text that judges itself, the empty text included.
type checked interface{ check() error }

// bounded is a number that says what it means beyond its range.
type bounded interface {
	outside(n int64, of bounds) (int64, error)
}

// limited is a list with a limit of its own, and an error for what is beyond.
type limited interface{ most() (n int, tooMany error) }

// bind reads pairs into in, the struct the parameters were compiled from.
// Malformed names are refused first, then missing parameters, then bad values,
// each in the order of declaration. Unknown names are nobody's business: SDKs
// send several of their own.
func (ps parameters) bind(pairs []Pair, in reflect.Value) error {
	var all [maxParameters]given
	request := all[:len(ps)]
	if err := ps.collect(pairs, request); err != nil {
		return err
	}
	for i := range ps {
		if p, g := &ps[i], &request[i]; p.required && !g.said && g.list == nil {
			return mapping.ErrMissing.Of(p.names[0])
		}
	}
	for i := range ps {
		p := &ps[i]
		if err := p.assign(in.FieldByIndex(p.index), &request[i]); err != nil {
			return named(err, p.names[0])
		}
	}
	return nil
}

// collect sorts pairs to the parameters they speak of. Of two values for one
// name the first counts.
func (ps parameters) collect(pairs []Pair, request []given) error {
	for _, pair := range pairs {
		// The NETkiddy SDK sends some names with a blank behind them.
		name := strings.Trim(pair.Name, " ")
		if i := ps.find(name); i >= 0 {
			if g := &request[i]; !ps[i].list && !g.said && (pair.Value != "" || ps[i].mayBeEmpty) {
				g.said, g.text = true, pair.Value
			}
			continue
		}
		base, number, dotted := strings.Cut(name, ".")
		if !dotted {
			continue
		}
		i := ps.find(base)
		if i < 0 {
			continue
		}
		if !ps[i].list {
			return mapping.ErrNotRepeatable.Of(base)
		}
		if g := &request[i]; g.list == nil {
			g.list = new(elements)
		}
		if !request[i].list.add(number, pair.Value) {
			return mapping.ErrKeyFormat.Of(base)
		}
	}
	return nil
}

func (ps parameters) find(name string) int {
	for i := range ps {
		for _, n := range ps[i].names {
			if n == name {
				return i
			}
		}
	}
	return -1
}

func (p *parameter) assign(v reflect.Value, g *given) error {
	switch {
	case p.list && g.list != nil:
		texts, err := g.list.inOrder(p.most, p.tooMany)
		if err != nil {
			return err
		}
		v.Set(reflect.MakeSlice(v.Type(), len(texts), len(texts)))
		for i, text := range texts {
			if err := p.set(v.Index(i), text); err != nil {
				return err
			}
		}
		return nil
	case g.said:
		return p.set(v, g.text)
	case p.preset != nil && !p.list:
		return p.set(v, *p.preset)
	default:
		return nil
	}
}

// named lets an error of the table speak of the parameter it is about.
func named(err error, name string) error {
	var e *mapping.Error
	if errors.As(err, &e) {
		return e.Of(name)
	}
	return err
}

// elements are those of one list, in whatever order they come.
type elements struct {
	text [maxElements + 1]string
	have uint32 // bit n is set when name.n came
	far  int    // elements numbered beyond every legal list
}

// add takes the element of that number, unless it came before. It is false if
// number is none.
func (e *elements) add(number, text string) bool {
	for i := range len(number) {
		if number[i] < '0' || number[i] > '9' {
			return false
		}
	}
	n, err := strconv.Atoi(number)
	switch {
	case number == "":
		return false
	case err != nil || n > maxElements:
		e.far++
	case e.have&(1<<n) == 0:
		e.have |= 1 << n
		e.text[n] = text
	}
	return true
}

// inOrder gives the elements by number. SDKs count from 0 or from 1; both are
// right as long as no number is left out.
func (e *elements) inOrder(most int, tooMany error) ([]string, error) {
	n := bits.OnesCount32(e.have) + e.far
	if n > most {
		return nil, tooMany
	}
	first := bits.TrailingZeros32(e.have)
	if e.far > 0 || first > 1 || e.have>>first != 1<<n-1 {
		return nil, mapping.ErrListGap
	}
	return e.text[first : first+n], nil
}

// bounds are those of a number, both included.
type bounds struct{ lo, hi int64 }

// set reads a decimal number. One too long for 64 bits is beyond every range.
func (b bounds) set(v reflect.Value, text string) error {
	n, err := strconv.ParseInt(text, 10, 64)
	tooLong := errors.Is(err, strconv.ErrRange)
	if err != nil && !tooLong {
		return mapping.ErrNotANumber
	}
	if tooLong || n < b.lo || n > b.hi {
		own, ok := v.Addr().Interface().(bounded)
		if !ok {
			return mapping.ErrOutOfRange
		}
		if n, err = own.outside(n, b); err != nil {
			return err
		}
	}
	v.SetInt(n)
	return nil
}
