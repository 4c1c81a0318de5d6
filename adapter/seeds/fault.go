package seeds

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/jetcmq/jetcmq/adapter/action/fields"
	"github.com/jetcmq/jetcmq/mapping"
)

// Fault is something that whoever wrote the file can mend.
type Fault struct {
	File         string
	Line, Column int // from 1; 0 is nowhere in particular
	Text         string
}

func (f *Fault) Error() string {
	if f.Line == 0 {
		return f.File + ": " + f.Text
	}
	return fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, f.Text)
}

// Faults are all that were found, in the order of the file.
type Faults []*Fault

const maxFaults = 10 // that are told; more help nobody

// Error has a line for each.
func (fs Faults) Error() string {
	var lines []string
	for i, f := range fs {
		if i == maxFaults {
			lines = append(lines, fmt.Sprintf("%s: and %d more", f.File, len(fs)-i))
			break
		}
		lines = append(lines, f.Error())
	}
	return strings.Join(lines, "\n")
}

// position is a place in the file.
type position struct{ line, column int }

func positionOf(n *yaml.Node) position { return position{n.Line, n.Column} }

// faults gathers what is wrong with a file.
type faults struct {
	file string
	all  Faults
}

func (fs *faults) add(at position, format string, arguments ...any) {
	fs.all = append(fs.all, &Fault{fs.file, at.line, at.column, fmt.Sprintf(format, arguments...)})
}

// err is nil if nothing is wrong.
func (fs *faults) err() error {
	if len(fs.all) == 0 {
		return nil
	}
	slices.SortStableFunc(fs.all, func(a, b *Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return fs.all
}

// hints say what the errors of the service, which are the vendor's words, leave
// to be guessed.
var hints = []struct {
	err  *mapping.Error
	hint string
}{
	{mapping.ErrQueueName, "is not a name: a letter, then letters, digits, - and _, 64 at most"},
	{mapping.ErrTopicName, "is not a name: a letter, then letters, digits, - and _, 64 at most"},
	{mapping.ErrProtocol, "is not queue or http"},
	{mapping.ErrStrategy, "is not BACKOFF_RETRY or EXPONENTIAL_DECAY_RETRY"},
	{mapping.ErrFormat, "is not JSON or SIMPLIFIED"},
	{mapping.ErrWrongType, "is not a whole number"},
	{mapping.ErrEndpointFormat, "is not the name of a queue, for protocol queue, or http://host/path, for protocol http"},
	{mapping.ErrEndpointBlank, "has blanks in it"},
	{mapping.ErrTooManyDelimiters, "has too many dots"},
}

// reason tells why a value of the attribute is refused.
func (a *attribute) reason(value string, p *fields.Parameter, err error) string {
	for _, h := range hints {
		if errors.Is(err, h.err) {
			return shown(value) + " " + h.hint
		}
	}
	switch {
	case !errors.Is(err, mapping.ErrOutOfRange):
		return shown(value) + ": " + words(err)
	case a.form != number && p.Bounds.Hi > 0 && int64(utf8.RuneCountInString(value)) > p.Bounds.Hi:
		return fmt.Sprintf("%s has more than %d characters", shown(value), p.Bounds.Hi)
	case a.form != number:
		return shown(value) + " is too long, or has control characters"
	case less(value, p.Bounds.Lo):
		return fmt.Sprintf("%s is below %d", value, p.Bounds.Lo)
	default:
		return fmt.Sprintf("%s is above %d", value, p.Bounds.Hi)
	}
}

// less compares a number, however long, with a bound.
func less(value string, bound int64) bool {
	n, _ := strconv.ParseInt(value, 10, 64) // of one too long, the nearest there is
	return n < bound
}

// words are those of the service, without what it says to every fault alike.
func words(err error) string {
	var e *mapping.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	return strings.TrimPrefix(e.Text, mapping.ErrParameters.Text+": ")
}

// shown is a value as a message may repeat it.
func shown(value string) string {
	const most = 60
	if r := []rune(value); len(r) > most {
		value = string(r[:most]) + "..."
	}
	return scalar(value)
}
