package action

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/jetcmq/jetcmq/mapping"
)

var (
	readsText  = reflect.TypeFor[encoding.TextUnmarshaler]()
	checksText = reflect.TypeFor[checked]()
)

// compileParameters reads the tags of an action's input struct.
func compileParameters(t reflect.Type) parameters {
	var ps parameters
	for _, f := range fields(t) {
		ps = append(ps, compileParameter(f))
	}
	if len(ps) > maxParameters {
		panic(fmt.Sprintf("action: %d parameters, at most %d can be bound", len(ps), maxParameters))
	}
	return ps
}

func compileParameter(f reflect.StructField) parameter {
	p := parameter{names: wireNames(f), index: f.Index, kind: f.Type, required: true}
	if preset, ok := f.Tag.Lookup("default"); ok {
		p.preset, p.required = &preset, false
	}
	optional := f.Type.Kind() == reflect.Pointer
	if optional {
		p.kind, p.required = f.Type.Elem(), false
	}
	if f.Type.Kind() == reflect.Slice {
		p.kind, p.list = f.Type.Elem(), true
		p.most, p.tooMany = maxElements, mapping.ErrBatchSize
		if own, ok := reflect.Zero(f.Type).Interface().(limited); ok {
			p.most, p.tooMany = own.most()
		}
	}
	pointer := reflect.PointerTo(p.kind)
	p.set = p.compileSet(pointer, f)
	// An empty deadLetterPolicy unbinds, but an empty queueName says nothing.
	p.mayBeEmpty = pointer.Implements(checksText) ||
		pointer.Implements(readsText) && p.set(reflect.New(p.kind).Elem(), "") == nil
	if optional {
		set := p.set
		p.set = func(v reflect.Value, text string) error {
			v.Set(reflect.New(p.kind))
			return set(v.Elem(), text)
		}
	}
	if p.preset != nil && !p.list {
		if err := p.set(reflect.New(f.Type).Elem(), *p.preset); err != nil {
			panic(fmt.Sprintf("action: default of %s: %v", p.names[0], err))
		}
	}
	return p
}

// compileSet chooses how a text becomes a value of p's kind.
func (p *parameter) compileSet(pointer reflect.Type, f reflect.StructField) func(reflect.Value, string) error {
	switch {
	case pointer.Implements(readsText):
		return func(v reflect.Value, text string) error {
			return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
		}
	case pointer.Implements(checksText):
		return func(v reflect.Value, text string) error {
			v.SetString(text)
			return v.Addr().Interface().(checked).check()
		}
	case p.kind.Kind() == reflect.String:
		return func(v reflect.Value, text string) error {
			v.SetString(text)
			return nil
		}
	case p.kind.Kind() == reflect.Int || p.kind.Kind() == reflect.Int64:
		p.bounds = compileBounds(f.Tag.Get("range"))
		return p.bounds.set
	default:
		panic(fmt.Sprintf("action: %s cannot be read from a text", f.Type))
	}
}

func compileBounds(tag string) bounds {
	lo, hi, ok := strings.Cut(tag, "..")
	if !ok {
		panic(fmt.Sprintf("action: range %q is not lo..hi", tag))
	}
	if hi == "" {
		hi = strconv.Itoa(math.MaxInt64)
	}
	return bounds{mustInt(lo), mustInt(hi)}
}

func mustInt(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(fmt.Sprintf("action: bad tag: %v", err))
	}
	return n
}

// fields are those of t and of the structs embedded in it, with paths from t.
func fields(t reflect.Type) []reflect.StructField {
	var all []reflect.StructField
	for i := range t.NumField() {
		switch f := t.Field(i); {
		case f.Anonymous:
			for _, inner := range fields(f.Type) {
				inner.Index = append([]int{i}, inner.Index...)
				all = append(all, inner)
			}
		case f.IsExported():
			all = append(all, f)
		}
	}
	return all
}

// wireNames are a field's names in API 2.0; the first is the documented one.
func wireNames(f reflect.StructField) []string {
	tag := f.Tag.Get("cmq")
	if tag == "" {
		panic(fmt.Sprintf("action: field %s has no cmq tag", f.Name))
	}
	return strings.Split(tag, ",")
}
