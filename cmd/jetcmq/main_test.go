package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/jetcmq/jetcmq/cmd/process"
)

// asMain makes the test's own binary behave as jetcmq.
const asMain = "RUN_AS_JETCMQ"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestProcess(t *testing.T) {
	t.Parallel()
	p := jetcmq(t, "JETCMQ_ADDR=127.0.0.1:0", "JETCMQ_NATS_ADDR=off", "JETCMQ_DATA_DIR="+t.TempDir(), "JETCMQ_CREDENTIALS=ann:SECRET")
	said, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(said)
	lines.Scan()
	for _, want := range []string{"msg=ready", "endpoint=http://127.0.0.1:", "durability=process", "signatures=checked"} {
		if got := lines.Text(); !strings.Contains(got, want) || strings.Contains(got, "SECRET") {
			t.Errorf("the first line is %q, want %s in it and no secret", got, want)
		}
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	if err := p.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}

func TestProcessTellsItsFault(t *testing.T) {
	t.Parallel()
	text, err := jetcmq(t, "JETCMQ_REPLICAS=x").CombinedOutput()
	if got, want := string(text), "jetcmq: JETCMQ_REPLICAS=x is not a whole number\n"; got != want || err == nil {
		t.Errorf("got %q and %v, want %q and a failure", got, err, want)
	}
}

// jetcmq is the program as a process of its own.
func jetcmq(t *testing.T, environ ...string) *exec.Cmd {
	t.Helper()
	return jetcmqWith(t, nil, environ...)
}

// jetcmqWith is the program with arguments.
func jetcmqWith(t *testing.T, args []string, environ ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), exe, args...)
	c.Env = append(environ, asMain+"=1")
	return c
}

func TestHelpListsSettings(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"help"}, {"--help"}} {
		got := output(t, args...)
		var manual strings.Builder
		process.WriteManual(&manual)
		if !strings.Contains(got, manual.String()) {
			t.Errorf("%v lacks the settings", args)
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
