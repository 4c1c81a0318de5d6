package fields

import (
	"errors"
	"math/bits"
	"reflect"
	"strconv"
	"strings"

	"github.com/jetcmq/jetcmq/mapping"
)

// given is what a request says of one parameter.
type given struct {
	said bool
	text string
	list *elements
}

// Bind reads pairs into in, the struct the parameters were compiled from.
// Malformed names are refused first, then missing parameters, then bad values,
// each in the order of declaration. Unknown names are nobody's business: SDKs
// send several of their own. Errors speak of a parameter by its name.
func (ps Parameters) Bind(pairs []Pair, in reflect.Value) error { return ps.bind("", pairs, in) }

// bind is Bind for parameters whose names have something in front.
func (ps Parameters) bind(front string, pairs []Pair, in reflect.Value) error {
	var all [maxParameters]given
	request := all[:len(ps)]
	if err := ps.collect(front, pairs, request); err != nil {
		return err
	}
	for i := range ps {
		if p, g := &ps[i], &request[i]; p.Required && !g.said && g.list == nil {
			return mapping.ErrMissing.Of(front + p.Names[0])
		}
	}
	for i := range ps {
		p := &ps[i]
		if err := p.assign(front, in.FieldByIndex(p.Index), &request[i]); err != nil {
			return about(err, front+p.Names[0])
		}
	}
	return nil
}

// collect sorts pairs to the parameters they speak of. Of two values for one
// name the first counts.
func (ps Parameters) collect(front string, pairs []Pair, request []given) error {
	for _, pair := range pairs {
		// The NETkiddy SDK sends some names with a blank behind them.
		name := strings.Trim(pair.Name, " ")
		if i := ps.find(name); i >= 0 {
			p, g := &ps[i], &request[i]
			if p.List && p.strict && pair.Value != "" {
				return mapping.ErrKeyFormat.Of(front + name)
			}
			if !p.List && !g.said && (pair.Value != "" || p.MayBeEmpty) {
				g.said, g.text = true, pair.Value
			}
			continue
		}
		base, element, dotted := strings.Cut(name, ".")
		if !dotted {
			continue
		}
		i := ps.find(base)
		if i < 0 {
			continue
		}
		if !ps[i].List {
			return mapping.ErrNotRepeatable.Of(front + base)
		}
		if g := &request[i]; g.list == nil {
			g.list = new(elements)
		}
		if !request[i].list.add(element, pair.Value, ps[i].Elements != nil) {
			return mapping.ErrKeyFormat.Of(front + base)
		}
	}
	return nil
}

func (ps Parameters) find(name string) int {
	for i := range ps {
		for _, n := range ps[i].Names {
			if n == name {
				return i
			}
		}
	}
	return -1
}

func (p *Parameter) assign(front string, v reflect.Value, g *given) error {
	switch {
	case p.List && g.list != nil:
		return p.assignList(front, v, g.list)
	case g.said:
		return p.set(v, g.text)
	case p.Default != nil && !p.List:
		return p.set(v, *p.Default)
	default:
		return nil
	}
}

func (p *Parameter) assignList(front string, v reflect.Value, list *elements) error {
	first, n, err := list.span(p.Most, p.TooMany)
	if err != nil {
		return err
	}
	v.Set(reflect.MakeSlice(v.Type(), n, n))
	for i := range n {
		if p.Elements != nil {
			err = p.Elements.bind(front+p.Names[0]+"."+strconv.Itoa(i)+".", list.inner[first+i], v.Index(i))
		} else {
			err = p.set(v.Index(i), list.text[first+i])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// about lets an error of the table speak of the parameter it is about.
func about(err error, name string) error {
	var e *mapping.Error
	if errors.As(err, &e) {
		return e.Of(name)
	}
	return err
}

// elements are those of one list, in whatever order they come.
type elements struct {
	text  [maxElements + 1]string
	inner [][]Pair // instead of text, what is said of elements that are objects
	have  uint64   // bit n is set when name.n came
	far   int      // elements numbered beyond every legal list
}

// add takes the element of that number, unless it came before; of an object, the
// field behind its number. It is false if there is none.
func (e *elements) add(number, text string, object bool) bool {
	field := ""
	if object {
		number, field, object = strings.Cut(number, ".")
		if !object {
			return false
		}
	}
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
	case object:
		if e.inner == nil {
			e.inner = make([][]Pair, maxElements+1)
		}
		e.have |= 1 << n
		e.inner[n] = append(e.inner[n], Pair{field, text})
	case e.have&(1<<n) == 0:
		e.have |= 1 << n
		e.text[n] = text
	}
	return true
}

// span gives the number of the first element and how many there are. SDKs count
// from 0 or from 1; both are right as long as no number is left out.
func (e *elements) span(most int, tooMany error) (first, n int, err error) {
	n = bits.OnesCount64(e.have) + e.far
	if n > most {
		return 0, 0, tooMany
	}
	first = bits.TrailingZeros64(e.have)
	if e.far > 0 || first > 1 || e.have>>first != 1<<n-1 {
		return 0, 0, mapping.ErrListGap
	}
	return first, n, nil
}

// number reads a decimal number. One too long for 64 bits is beyond every range.
func (b Bounds) number(v reflect.Value, text string) error {
	n, err := strconv.ParseInt(text, 10, 64)
	tooLong := errors.Is(err, strconv.ErrRange)
	if err != nil && !tooLong {
		return mapping.ErrWrongType
	}
	if tooLong || n < b.Lo || n > b.Hi {
		own, ok := v.Addr().Interface().(bounded)
		if !ok {
			return mapping.ErrOutOfRange
		}
		if n, err = own.Outside(n, b); err != nil {
			return err
		}
	}
	v.SetInt(n)
	return nil
}
