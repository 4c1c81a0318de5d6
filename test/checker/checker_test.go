package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	_ "github.com/jetcmq/jetcmq/cmd/process" // what the program is made of: results of another one must not be taken from the cache
	"github.com/jetcmq/jetcmq/test/checker/fault"
	"github.com/jetcmq/jetcmq/test/checker/judge"
	"github.com/jetcmq/jetcmq/test/checker/stand"
)

// TestShortForm is `go run ./test/checker`, with a subtest for each fault.
func TestShortForm(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes two minutes")
	}
	o := options{rate: 200}
	jobs, err := o.plan()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	binary, err := stand.Build(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	results := o.doAll(t.Context(), jobs, stand.Options{Binary: binary, Dir: dir}, t.Output())
	t.Log("\n" + table(results) + "\n" + caption(binary))
	for _, r := range results {
		t.Run(r.Name, func(t *testing.T) {
			if r.skipped() {
				t.Skip(r.err)
			}
			if r.complain(t.Output()) != nil {
				t.Error("the service does not keep what it promises")
				keep(t, r)
			}
		})
	}
}

// keep copies a history to where it outlives the test.
func keep(t *testing.T, r result) {
	t.Helper()
	text, err := os.ReadFile(r.history)
	if err != nil {
		return // there is none
	}
	name := filepath.Join(os.TempDir(), "jetcmq-checker-"+r.Name+".jsonl")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Error(err)
	}
	t.Log("go run ./test/checker -judge", name)
}

func TestPlan(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		options options
		name    string
		want    job
	}{
		{options{}, "kill", job{cycles: briefCycles, length: briefLength}},
		{options{long: true}, "kill", job{cycles: 110, length: thoroughLength}},
		{options{long: true}, "kill-node", job{cycles: thoroughCycles, length: 20 * time.Minute}},
		{options{long: true}, "pause", job{cycles: thoroughCycles, length: thoroughLength}},
		{options{cycles: 7}, "kill", job{cycles: 7}},
		{options{length: time.Minute}, "kill", job{cycles: 1, length: time.Minute}},
	} {
		c.options.faults = c.name
		got, err := c.options.plan()
		if err != nil || len(got) != 1 || got[0].Name != c.name || got[0].cycles != c.want.cycles || got[0].length != c.want.length {
			t.Errorf("%+v: got %+v, %v", c.options, got, err)
		}
	}
	if all, err := (options{}).plan(); err != nil || len(all) != len(fault.All) {
		t.Errorf("got %d of %d faults, %v", len(all), len(fault.All), err)
	}
	for name := range demands {
		if _, err := choose(name); err != nil {
			t.Errorf("the long form demands %v", err)
		}
	}
	if _, err := choose("kill,none"); err == nil || !strings.Contains(err.Error(), `"none"`) {
		t.Errorf("got %v, want it to name the fault that there is not", err)
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	got := table([]result{
		{Verdict: judge.Verdict{Name: "kill", Cycles: 3, Acknowledged: 1000, ReturnedNear: 4, ForgetWindow: 80 * time.Millisecond, FiredNear: 1,
			Unavailable: 1500 * time.Millisecond, Longest: 1500 * time.Millisecond}},
		{Verdict: judge.Verdict{Name: "cut", Lost: 2, LostNear: 3, LossWindow: time.Second, Shared: 1}},
		{Verdict: judge.Verdict{Name: "none"}, err: errors.New("no root\nat all")},
	})
	want := head +
		"| kill | 3 | 1000 | 0 | 0 | 0 (+4 within 0.08 s) (+1 delayed) | 0 | 0 | 1.5 s, at most 1.5 |\n" +
		"| cut | 0 | 0 | 2 (+3 within 1.00 s) | 0 | 0 | 1 | 0 | 0 s |\n" +
		"| none | not run: no root |\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A history that was kept is judged like a fresh one.
func TestJudgeFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "history.jsonl")
	const lost = `{"kind":"begin","why":"kill"}
{"kind":"phase","why":"load"}
{"kind":"send","queue":"q","invoked":1,"ended":2,"outcome":"ok","numbers":[1],"ids":["a"]}
{"kind":"phase","ended":3,"why":"end"}
`
	if err := os.WriteFile(name, []byte(lost), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, log bytes.Buffer
	err := options{judge: name, rate: 1}.run(context.Background(), &out, &log)
	if !errors.Is(err, errWrong) || !strings.Contains(out.String(), "| kill | 0 | 1 | 1 |") || !strings.Contains(log.String(), "message 1 in q") {
		t.Errorf("got %v\n%s%s", err, out.String(), log.String())
	}
	if err := (options{judge: name + "x", rate: 1}).run(context.Background(), &out, &log); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that there is no such file", err)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := (options{list: true, rate: 1}).run(context.Background(), &out, &out); err != nil {
		t.Fatal(err)
	}
	for _, f := range fault.All {
		if !regexp.MustCompile(`(?m)^` + f.Name + ` +\S`).MatchString(out.String()) {
			t.Errorf("%s is not in the list, or without an explanation", f.Name)
		}
	}
}
