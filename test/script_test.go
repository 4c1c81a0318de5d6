package test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// story is one file of testdata/scenarios.
type story struct {
	name  string
	steps []step
}

// step is one line of a story.
type step struct {
	at     string        // file:line
	text   string        // the line
	within time.Duration // repeat until the answer is as wanted
	begin  bool          // a call that waits, while the story goes on
	words  []string      // an action, or a command and what it is about
	given  []field       // parameters of the call
	want   []field       // what the answer has
}

// waits is how long the step may wait for a message.
func (st step) waits() time.Duration {
	for _, f := range st.given {
		if n, err := strconv.Atoi(f.raw); err == nil && f.name == "pollingWaitSeconds" {
			return time.Duration(n) * time.Second
		}
	}
	return 0
}

// field is a name with a value as the line spells it: quotes and variables are
// read when the step runs.
type field struct {
	name string
	op   string // "=", "!=", "~", or "!" for a name that must not be there
	raw  string
}

// readStories reads all files of testdata/scenarios.
func readStories(t *testing.T) []story {
	t.Helper()
	files, err := filepath.Glob("testdata/scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	var all []story
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s, err := readStory(file, string(text))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

func readStory(file, text string) (story, error) {
	s := story{name: strings.TrimSuffix(filepath.Base(file), ".txt")}
	used := map[string]int{}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		at := fmt.Sprintf("%s:%d", file, i+1)
		st, err := readStep(line)
		if err != nil {
			return s, fmt.Errorf("%s: %w", at, err)
		}
		st.at = at
		s.steps = append(s.steps, st)
		for _, found := range mention.FindAllStringSubmatch(line, -1) {
			used[found[1]]++
		}
	}
	for name, times := range used {
		if times == 1 && name != "now" && name != "endpoint" {
			return s, fmt.Errorf("%s: $%s is compared with nothing", file, name)
		}
	}
	return s, nil
}

// mention matches a variable, without the number of an element.
var mention = regexp.MustCompile(`\$\(?([A-Za-z]+)\d*(?:[^*A-Za-z]|$)`)

// readStep reads `[within 2s | meanwhile] words name=value … [-> name=value …]`.
func readStep(line string) (st step, err error) {
	st.text = line
	tokens := split(line)
	switch {
	case tokens[0] == "within" && len(tokens) > 2:
		if st.within, err = time.ParseDuration(tokens[1]); err != nil {
			return st, err
		}
		tokens = tokens[2:]
	case tokens[0] == "meanwhile" && len(tokens) > 1:
		st.begin = true
		tokens = tokens[1:]
	}
	fields := &st.given
	for _, token := range tokens {
		if token == "->" {
			fields = &st.want
			continue
		}
		f, isField := readField(token)
		switch {
		case isField:
			*fields = append(*fields, spread(f)...)
		case len(st.given) == 0 && fields == &st.given:
			st.words = append(st.words, token)
		default:
			return st, fmt.Errorf("%q is no name=value", token)
		}
	}
	if len(st.words) == 0 {
		return st, fmt.Errorf("no action")
	}
	if !slices.ContainsFunc(st.want, func(f field) bool { return f.name == "code" && f.op == "=" }) {
		st.want = append([]field{{"code", "=", "0"}}, st.want...)
	}
	if st.within > 0 && !reads.MatchString(st.words[0]) && slices.Contains(st.want, field{"code", "=", "0"}) {
		return st, fmt.Errorf("%s cannot be repeated: it changes something", st.words[0])
	}
	return st, nil
}

var reads = regexp.MustCompile(`^(Get|List|Query|endpoint$)`)

// split cuts a line at blanks outside of quotes.
func split(line string) (tokens []string) {
	var quote rune
	start := -1
	for i, c := range line {
		switch {
		case quote != 0:
			if c == quote && line[i-1] != '\\' {
				quote = 0
			}
		case c == ' ':
			if start >= 0 {
				tokens = append(tokens, line[start:i])
			}
			start = -1
			continue
		case c == '"' || c == '\'':
			quote = c
		}
		if start < 0 {
			start = i
		}
	}
	if start >= 0 {
		tokens = append(tokens, line[start:])
	}
	return tokens
}

var fieldForm = regexp.MustCompile(`^([A-Za-z0-9_.:-]+)(!=|=|~)((?s).*)$`)

func readField(token string) (f field, ok bool) {
	if name, isNot := strings.CutPrefix(token, "!"); isNot {
		return field{name: name, op: "!"}, true
	}
	m := fieldForm.FindStringSubmatch(token)
	if m == nil {
		return f, false
	}
	return field{m[1], m[2], m[3]}, true
}

var span = regexp.MustCompile(`^(.*)\.(\d+)\.\.(\d+)(.*)$`)

// spread makes msgBody.1..3=m the fields msgBody.1=m1, msgBody.2=m2, msgBody.3=m3.
func spread(f field) (fields []field) {
	m := span.FindStringSubmatch(f.name)
	if m == nil {
		return []field{f}
	}
	first, _ := strconv.Atoi(m[2])
	last, _ := strconv.Atoi(m[3])
	for i := first; i <= last; i++ {
		n := strconv.Itoa(i)
		fields = append(fields, field{m[1] + "." + n + m[4], f.op, f.raw + n})
	}
	return fields
}

// memory holds what a story has called by a name.
type memory map[string]string

var variable = regexp.MustCompile(`^\$(?:([A-Za-z]\w*)|\(([^)]*)\))`)

var escapes = strings.NewReplacer("n", "\n", "t", "\t")

// expand reads a value much as a shell does: 'text' stands for itself, in
// "text" a backslash escapes, and outside of '…' $name and $(…) are replaced.
func (m memory) expand(raw string) (string, error) {
	var out strings.Builder
	var quote byte
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == '"' && c == '\\' && i+1 < len(raw):
			i++
			out.WriteString(escapes.Replace(raw[i : i+1]))
		case quote != '\'' && c == '$' && variable.MatchString(raw[i:]):
			found := variable.FindStringSubmatch(raw[i:])
			value, err := m.value(found[1] + found[2])
			if err != nil {
				return "", err
			}
			out.WriteString(value)
			i += len(found[0]) - 1
		default:
			out.WriteByte(c)
		}
	}
	return out.String(), nil
}

var formula = regexp.MustCompile(`^(\S*?)([-+*])(\d+)$`)

// value works out name, name+3, name-3 or text*3.
func (m memory) value(expr string) (string, error) {
	f := formula.FindStringSubmatch(expr)
	if f == nil {
		return m.get(expr)
	}
	n, err := strconv.Atoi(f[3])
	if err != nil {
		return "", err
	}
	if f[2] == "*" {
		return strings.Repeat(f[1], n), nil
	}
	text, err := m.get(f[1])
	if err != nil {
		return "", err
	}
	base, err := strconv.Atoi(text)
	if err != nil {
		return "", fmt.Errorf("%s is %q, not a number", f[1], text)
	}
	if f[2] == "-" {
		n = -n
	}
	return strconv.Itoa(base + n), nil
}

func (m memory) get(name string) (string, error) {
	if name == "now" {
		return strconv.FormatInt(time.Now().Unix(), 10), nil
	}
	value, known := m[name]
	if !known {
		return "", fmt.Errorf("$%s is not known yet", name)
	}
	return value, nil
}
