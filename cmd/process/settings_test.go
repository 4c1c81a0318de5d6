package process

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the table of settings in README.md")

const (
	readme           = "../../README.md"
	opening, closing = "<!-- settings -->\n", "<!-- /settings -->\n"
)

// TestREADME keeps the table of settings equal to config.
func TestREADME(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), opening)
	got, after, ok2 := strings.Cut(rest, closing)
	if !ok || !ok2 {
		t.Fatalf("README.md needs the lines %sand %s", opening, closing)
	}
	if *update {
		if err := os.WriteFile(readme, []byte(before+opening+table()+closing+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != table() {
		t.Errorf("the table of settings is old: run go test ./cmd/process -update\ngot\n%swant\n%s", got, table())
	}
}

func TestEverySettingIsExplained(t *testing.T) {
	t.Parallel()
	if len(settings()) < 25 {
		t.Errorf("got %d settings, want all", len(settings()))
	}
	var manual strings.Builder
	WriteManual(&manual)
	for _, s := range settings() {
		if !strings.Contains(manual.String(), "\n  "+s.name) {
			t.Errorf("the manual lacks %s", s.name)
		}
		if s.doc == "" || s.name == prefix || strings.Contains(s.doc, "|") {
			t.Errorf("%s: got name %q and text %q, want both, and fit for a table", s.field, s.name, s.doc)
		}
	}
}
