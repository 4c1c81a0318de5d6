package fields

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jetcmq/jetcmq/mapping"
)

// Parameters are what an action takes: the fields of its input struct, compiled
// once so that a call looks up no tag and no map.
type Parameters []Parameter

// Parameter is one of them.
type Parameter struct {
	Names      []string     // on the wire; the first is the documented one
	Index      []int        // of the struct's field
	Kind       reflect.Type // of the value, or of one element of the list
	List       bool
	Elements   Parameters // of one element that is an object
	Required   bool
	Unchanged  bool    // what is absent stays as it is
	Default    *string // as text
	Bounds     Bounds  // none if zero
	Most       int     // elements of a list
	TooMany    error   // of them
	MayBeEmpty bool    // an empty text is a value, not an absence

	strict bool // a list that comes as a single value is refused
	set    func(v reflect.Value, text string) error
	one    func(v reflect.Value, text string) error // set, of the value itself where set is of a pointer to it
}

// Check judges a value that a request might have, or one element of a list. It
// is not for lists of objects.
func (p *Parameter) Check(text string) error { return p.one(reflect.New(p.Kind).Elem(), text) }

const (
	maxParameters = 20 // an action can take
	maxElements   = 50 // of any list
)

// checked is a text that judges itself, the empty text included.
type checked interface{ Check() error }

// bounded is a number that says what it means beyond its range.
type bounded interface {
	Outside(n int64, of Bounds) (int64, error)
}

// limited is a list with a limit of its own, and an error for what is beyond.
type limited interface{ Most() (n int, tooMany error) }

var (
	readsText  = reflect.TypeFor[encoding.TextUnmarshaler]()
	checksText = reflect.TypeFor[checked]()
)

// ParametersOf reads the tags of an action's input struct. It panics on what it
// does not understand, and so belongs to start-up.
func ParametersOf(t reflect.Type, api API) Parameters {
	var ps Parameters
	for _, f := range flat(t, api) {
		p := Parameter{Names: f.names, Index: f.Index, Kind: f.Type, Unchanged: f.unchanged, strict: api != Legacy}
		if p.compileKind(f.Type); api != Legacy && !p.List && p.Kind.Kind() == reflect.Struct {
			continue // an object, which is only answered
		}
		p.compile(f, api)
		ps = append(ps, p)
	}
	if len(ps) > maxParameters {
		panic(fmt.Sprintf("fields: %d parameters, at most %d can be bound", len(ps), maxParameters))
	}
	return ps
}

func (p *Parameter) compileKind(t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer:
		p.Kind = t.Elem()
	case reflect.Slice:
		p.Kind, p.List = t.Elem(), true
		p.Most, p.TooMany = mapping.MaxBatch, mapping.ErrBatchSize
		if own, ok := reflect.Zero(t).Interface().(limited); ok {
			p.Most, p.TooMany = own.Most()
		}
		if p.Most > maxElements {
			panic(fmt.Sprintf("fields: a list of %d elements, at most %d can be bound", p.Most, maxElements))
		}
	}
}

func (p *Parameter) compile(f field, api API) {
	optional := f.Type.Kind() == reflect.Pointer
	if preset, ok := tagIn(f.StructField, "default", api); ok && !p.Unchanged {
		p.Default = &preset
	}
	p.Required = !optional && p.Default == nil
	if p.Kind.Kind() == reflect.Struct && p.List {
		p.Elements = ParametersOf(p.Kind, api)
		return
	}
	pointer := reflect.PointerTo(p.Kind)
	p.set = p.compileSet(pointer, f.StructField, api)
	// An empty deadLetterPolicy unbinds, but an empty queueName says nothing.
	p.MayBeEmpty = pointer.Implements(checksText) ||
		pointer.Implements(readsText) && p.set(reflect.New(p.Kind).Elem(), "") == nil
	p.one = p.set
	if optional {
		kind, one := p.Kind, p.one
		p.set = func(v reflect.Value, text string) error {
			v.Set(reflect.New(kind))
			return one(v.Elem(), text)
		}
	}
	if p.Default != nil && !p.List {
		if err := p.set(reflect.New(f.Type).Elem(), *p.Default); err != nil {
			panic(fmt.Sprintf("fields: default of %s: %v", p.Names[0], err))
		}
	}
}

// compileSet chooses how a text becomes a value of p's kind.
func (p *Parameter) compileSet(pointer reflect.Type, f reflect.StructField, api API) func(reflect.Value, string) error {
	limits, limited := tagIn(f, "range", api)
	switch kind := p.Kind.Kind(); {
	case pointer.Implements(readsText):
		return func(v reflect.Value, text string) error {
			return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
		}
	case kind == reflect.String && limited:
		p.Bounds = compileBounds(limits)
		return p.Bounds.text(setText(pointer))
	case kind == reflect.String:
		return setText(pointer)
	case kind == reflect.Bool:
		return setBool
	case kind == reflect.Int || kind == reflect.Int64:
		p.Bounds = compileBounds(limits)
		return p.Bounds.number
	default:
		panic(fmt.Sprintf("fields: %s cannot be read from a text", f.Type))
	}
}

func setText(pointer reflect.Type) func(reflect.Value, string) error {
	if !pointer.Implements(checksText) {
		return func(v reflect.Value, text string) error {
			v.SetString(text)
			return nil
		}
	}
	return func(v reflect.Value, text string) error {
		v.SetString(text)
		return v.Addr().Interface().(checked).Check()
	}
}

// setBool reads true and false. Python's SDK writes them with a capital.
func setBool(v reflect.Value, text string) error {
	on, err := strconv.ParseBool(text)
	if err != nil {
		return mapping.ErrWrongType
	}
	v.SetBool(on)
	return nil
}

// Bounds are those of a number, or of a text's characters, both included.
type Bounds struct{ Lo, Hi int64 }

func compileBounds(tag string) Bounds {
	lo, hi, ok := strings.Cut(tag, "..")
	if !ok {
		panic(fmt.Sprintf("fields: range %q is not lo..hi", tag))
	}
	if hi == "" {
		hi = strconv.Itoa(math.MaxInt64)
	}
	return Bounds{mustInt(lo), mustInt(hi)}
}

func mustInt(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(fmt.Sprintf("fields: bad tag: %v", err))
	}
	return n
}

func (b Bounds) text(set func(reflect.Value, string) error) func(reflect.Value, string) error {
	return func(v reflect.Value, text string) error {
		if n := int64(utf8.RuneCountInString(text)); n < b.Lo || n > b.Hi {
			return mapping.ErrOutOfRange
		}
		return set(v, text)
	}
}
