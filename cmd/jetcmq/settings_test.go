package main

import (
	"bytes"
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
		t.Errorf("the table of settings is old: run go test ./cmd/jetcmq -update\ngot\n%swant\n%s", got, table())
	}
}

func TestEverySettingIsExplained(t *testing.T) {
	t.Parallel()
	if len(settings()) < 25 {
		t.Errorf("got %d settings, want all", len(settings()))
	}
	for _, s := range settings() {
		if s.doc == "" || s.name == prefix || strings.Contains(s.doc, "|") {
			t.Errorf("%s: got name %q and text %q, want both, and fit for a table", s.field, s.name, s.doc)
		}
	}
}

func TestHelpListsSettings(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"help"}, {"--help"}} {
		got := output(t, args...)
		for _, s := range settings() {
			if !strings.Contains(got, "\n  "+s.name) {
				t.Errorf("%v lacks %s", args, s.name)
			}
		}
		for line := range strings.Lines(got) {
			if len(line) > 90 {
				t.Errorf("%v has a line too long for a terminal: %s", args, line)
			}
		}
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	got := output(t, "version")
	for _, want := range []string{"jetcmq ", "nats-server v2.", "go1."} {
		if !strings.Contains(got, want) {
			t.Errorf("got %q, want %q in it", got, want)
		}
	}
}

func TestUnknownCommand(t *testing.T) {
	t.Parallel()
	c := command(nil)
	c.SetArgs([]string{"sreve"})
	if err := c.Execute(); err == nil || !strings.Contains(err.Error(), "sreve") {
		t.Errorf("got %v, want an error that names the command", err)
	}
}

func output(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	c := command(nil)
	c.SetOut(&out)
	c.SetArgs(args)
	if err := c.Execute(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "abc", 0}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"ADDRESS", "ADDR", 3}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: got %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
