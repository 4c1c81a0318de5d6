package test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// answer is what a call or a command came back with.
type answer struct {
	fields map[string]any // of the JSON object
	text   string         // the whole of it
	took   time.Duration
}

// mismatches compares an answer with what a line wants of it, and lists what
// differs. Only an answer that is as wanted is remembered.
func (m memory) mismatches(want []field, a answer) (list []string) {
	trial := maps.Clone(m)
	for _, f := range want {
		if differs := trial.mismatch(f, a); differs != "" {
			list = append(list, f.name+": "+differs)
		}
	}
	if len(list) == 0 {
		maps.Copy(m, trial)
	}
	return list
}

func (m memory) mismatch(f field, a answer) string {
	got, there := a.find(f.name)
	switch {
	case f.op == "!" && there:
		return fmt.Sprintf("got %s, want none", short(got))
	case f.op == "!":
		return ""
	case !there:
		return "got none, want " + f.raw
	}
	if name, isNew := m.unknown(f); isNew {
		m[name] = got
		return ""
	}
	want, err := m.expand(f.raw)
	if err != nil {
		return err.Error()
	}
	if !agree(f.op, got, want) {
		return fmt.Sprintf("got %s, want %s%s", short(got), strings.TrimPrefix(f.op, "="), short(want))
	}
	return ""
}

// unknown tells whether the line gives a name to what it finds.
func (m memory) unknown(f field) (name string, yes bool) {
	name, isName := strings.CutPrefix(f.raw, "$")
	if _, known := m[name]; known || !isName || f.op != "=" || !word.MatchString(name) || name == "now" {
		return "", false
	}
	return name, true
}

var word = regexp.MustCompile(`^[A-Za-z]\w*$`)

func agree(op, got, want string) bool {
	switch op {
	case "!=":
		return got != want
	case "~":
		return regexp.MustCompile(want).MatchString(got)
	}
	if low, high, isRange := bounds(want); isRange {
		n, err := strconv.ParseFloat(got, 64)
		return err == nil && low <= n && n <= high
	}
	return got == want
}

// bounds reads a range such as 0.5..2.
func bounds(text string) (low, high float64, ok bool) {
	from, to, ok := strings.Cut(text, "..")
	if !ok {
		return 0, 0, false
	}
	low, err := strconv.ParseFloat(from, 64)
	if err != nil {
		return 0, 0, false
	}
	high, err = strconv.ParseFloat(to, 64)
	return low, high, err == nil
}

// find looks up a name such as msgInfoList.0.msgBody, or msgInfoList.length. A
// text that holds JSON (deadLetterPolicy) has names below it, too. Besides,
// took is how many seconds the call lasted, and module the number in front of
// the message.
func (a answer) find(name string) (text string, there bool) {
	switch name {
	case "took":
		return strconv.FormatFloat(a.took.Seconds(), 'f', 3, 64), true
	case "module":
		m := moduleForm.FindStringSubmatch(fmt.Sprint(a.fields["message"]))
		return strings.Join(m[min(1, len(m)):], ""), m != nil
	}
	value := any(a.fields)
	for _, key := range strings.Split(name, ".") {
		if value, there = below(value, key); !there {
			return "", false
		}
	}
	switch value.(type) {
	case string, json.Number:
		return fmt.Sprint(value), true
	}
	written, err := json.Marshal(value)
	return string(written), err == nil
}

var moduleForm = regexp.MustCompile(`^\((\d+)\)`)

func below(value any, key string) (any, bool) {
	if text, isText := value.(string); isText {
		value = nil
		if err := decode(text, &value); err != nil {
			return nil, false
		}
	}
	switch value := value.(type) {
	case map[string]any:
		v, ok := value[key]
		return v, ok
	case []any:
		if key == "length" {
			return strconv.Itoa(len(value)), true
		}
		i, err := strconv.Atoi(key)
		if err != nil || i < 0 || i >= len(value) {
			return nil, false
		}
		return value[i], true
	}
	return nil, false
}

func decode(text string, into any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	return d.Decode(into)
}

// short shortens a text for the reader of a failure.
func short(text string) string {
	const most = 200
	if len(text) > most {
		return fmt.Sprintf("%q… (%d bytes)", text[:most], len(text))
	}
	return strconv.Quote(text)
}

// TestStoriesCanFail holds the runner to noticing what is wrong.
func TestStoriesCanFail(t *testing.T) {
	t.Parallel()
	const text = `{"code":4430,"message":"(10260)receipt handle is invalid","n":7,"list":[{"x":"a"},{"x":"b"}],"policy":"{\"n\":3}"}`
	for line, want := range map[string]string{
		"A":                                                         `code: got "4430", want "0"`,
		"A -> code=4430":                                            "",
		"A -> code=4430 n=8":                                        `n: got "7", want "8"`,
		"A -> code=4430 n=5..7 took=1..2":                           "",
		"A -> code=4430 n=8..9":                                     `n: got "7", want "8..9"`,
		"A -> code=4430 took=0..1":                                  `took: got "1.500", want "0..1"`,
		"A -> code=4430 list.0.x~[ab] !none":                        "",
		"A -> code=4430 list.1.x=a":                                 `list.1.x: got "b", want "a"`,
		"A -> code=4430 list.2.x=a":                                 "list.2.x: got none, want a",
		"A -> code=4430 list.length=2":                              "",
		"A -> code=4430 list.length=3":                              `list.length: got "2", want "3"`,
		"A -> code=4430 policy.n=3":                                 "",
		"A -> code=4430 policy.n=4":                                 `policy.n: got "3", want "4"`,
		"A -> code=4430 !n":                                         `n: got "7", want none`,
		"A -> code=4430 module=10260":                               "",
		"A -> code=4430 module=1":                                   `module: got "10260", want "1"`,
		"A -> code=4430 message~^handle":                            `message: got "(10260)receipt handle is invalid", want ~"^handle"`,
		"A -> code=4430 n=$x n=$x n=$(x+0)":                         "",
		"A -> code=4430 n=$x n=$(x+1)":                              `n: got "7", want "8"`,
		"A -> code=4430 n=$x code=$x":                               `code: got "4430", want "7"`,
		"A -> code=4430 n=$x code!=$x n=7..$x":                      "",
		"A -> code=4430 n=$x n!=$x":                                 `n: got "7", want !="7"`,
		"A -> code=4430 n=$(x+1)":                                   "n: $x is not known yet",
		"A -> code=4430 n!=$x":                                      "n: $x is not known yet",
		"A -> code=4430 n=8 list.length=3":                          `n: got "7", want "8"; list.length: got "2", want "3"`,
		`A -> code=4430 message="(10260)receipt handle is invalid"`: "",
	} {
		a := answer{text: text, took: 1500 * time.Millisecond}
		if err := decode(text, &a.fields); err != nil {
			t.Fatal(err)
		}
		st, err := readStep(line)
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if got := strings.Join(memory{}.mismatches(st.want, a), "; "); got != want {
			t.Errorf("%s: got %s, want %s", line, got, want)
		}
	}
}
