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
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/jetcmq/jetcmq/adapter/spelling"
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
	var names []string
	for _, s := range settings() {
		names = append(names, s.name)
	}
	values := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		switch {
		case !strings.HasPrefix(name, prefix) || value == "":
		case slices.Contains(names, name):
			values[name] = value
		case name == testImage:
		case injected.MatchString(entry) && (name != prefix+"PORT" || strings.Contains(value, "://")):
		default:
			return nil, fmt.Errorf("%s is not a setting: did you mean %s? (jetcmq help lists all)", name, spelling.Nearest(name, names))
		}
	}
	return values, nil
}
