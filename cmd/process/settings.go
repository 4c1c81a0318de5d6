package process

import (
	_ "embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// setting is what a manual says of one field of config.
type setting struct{ name, field, value, doc string }

//go:embed config.go
var configSource string

// settings reads the manual out of config's own source, so that there is one
// Place to write it.
var settings = sync.OnceValue(func() []setting {
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", configSource, parser.ParseComments)
	if err != nil {
		return nil // it compiled, so it parses
	}
	var all []setting
	ast.Inspect(file, func(n ast.Node) bool {
		if f, ok := n.(*ast.Field); ok && f.Tag != nil {
			all = append(all, readSetting(f))
		}
		return true
	})
	return all
})

func readSetting(f *ast.Field) setting {
	text, _ := strconv.Unquote(f.Tag.Value)
	tag := reflect.StructTag(text)
	return setting{
		name:  prefix + tag.Get("env"),
		field: f.Names[0].Name,
		value: tag.Get("envDefault"),
		doc:   strings.Join(strings.Fields(f.Doc.Text()), " "),
	}
}

// WriteManual writes all settings for a terminal.
func WriteManual(w io.Writer) {
	fmt.Fprintln(w, "\nSettings are environment variables:")
	for _, s := range settings() {
		fmt.Fprintf(w, "\n  %s", s.name)
		if s.value != "" {
			fmt.Fprintf(w, " (default %s)", s.value)
		}
		fmt.Fprint(w, "\n", indent(strings.ReplaceAll(s.doc, "`", "")))
	}
}

// indent breaks text into lines of at most 72 characters behind six blanks.
func indent(text string) string {
	var b strings.Builder
	width := 0
	for _, word := range strings.Fields(text) {
		if width > 0 && width+1+len(word) > 72 {
			b.WriteString("\n")
			width = 0
		}
		if width == 0 {
			b.WriteString("     ")
		}
		b.WriteString(" " + word)
		width += 1 + len(word)
	}
	return b.String() + "\n"
}

// table is all settings for README.md.
func table() string {
	var b strings.Builder
	b.WriteString("| Variable | Default | Meaning |\n|---|---|---|\n")
	for _, s := range settings() {
		value := ""
		if s.value != "" {
			value = "`" + s.value + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.name, value, s.doc)
	}
	return b.String()
}

// injected are variables that Kubernetes gives every container beside a
// service named jetcmq. They are nobody's settings.
var injected = regexp.MustCompile(`^JETCMQ_(SERVICE_(HOST|PORT(_\w+)?)=|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?=)`)

// testImage is for package jetcmqtest: it names the image that tests run.
const testImage = prefix + "TEST_IMAGE"

// ours picks the settings out of environ. An empty one counts as not set.
func ours(environ []string) (map[string]string, error) {
	known := map[string]bool{}
	for _, s := range settings() {
		known[s.name] = true
	}
	values := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		switch {
		case !strings.HasPrefix(name, prefix) || value == "":
		case known[name]:
			values[name] = value
		case name == testImage:
		case injected.MatchString(entry) && (name != prefix+"PORT" || strings.Contains(value, "://")):
		default:
			return nil, fmt.Errorf("%s is not a setting: did you mean %s? (jetcmq help lists all)", name, nearest(name))
		}
	}
	return values, nil
}

// nearest is the setting whose name differs least from name.
func nearest(name string) string {
	best, least := "", len(name)+100
	for _, s := range settings() {
		if d := distance(name, s.name); d < least {
			best, least = s.name, d
		}
	}
	return best
}

// distance counts the letters to insert, delete or replace between a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0]++
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
