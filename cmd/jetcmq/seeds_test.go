package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestSeedsCheck(t *testing.T) {
	t.Parallel()
	if got := output(t, "seeds", "check", "../../seeds.example.yaml"); got != "" {
		t.Errorf("got %s, want nothing", got)
	}
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("queue: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		bad + ":1:1: queue is not known here": {"seeds", "check", bad},
		"seeds: open /none: ":                 {"seeds", "check", "/none"},
		"accepts 1 arg(s)":                    {"seeds", "check"},
		"seeds: say export or check":          {"seeds"},
		`unknown command "chekc"`:             {"seeds", "chekc"},
	} {
		c := command(nil)
		c.SetArgs(args)
		if err := c.Execute(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", args, err, want)
		}
	}
}

// A server that is killed while it makes what is seeded goes on at its next start.
func TestSeedsSurviveKills(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var file strings.Builder
	file.WriteString("queues:\n")
	for i := range 100 {
		fmt.Fprintf(&file, "  - name: q%03d\n    rewindSeconds: 60\n", i)
	}
	seeds := filepath.Join(dir, "seeds.yaml")
	if err := os.WriteFile(seeds, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	settings := []string{"JETCMQ_ADDR=" + freeAddr(t), "JETCMQ_NATS_ADDR=off", "JETCMQ_DATA_DIR=" + dir + "/data", "JETCMQ_SEEDS=" + seeds}
	for killed := range 2 {
		p := jetcmq(t, settings...)
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		waitForQueues(t, filepath.Join(dir, "data"), 10+30*killed)
		if err := p.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = p.Wait()
	}
	p := jetcmq(t, settings...)
	said, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(said)
	for lines.Scan() && !strings.Contains(lines.Text(), "msg=ready") {
	}
	out := filepath.Join(dir, "export.yaml")
	if text, err := jetcmqWith(t, []string{"seeds", "export", out}, settings...).CombinedOutput(); err != nil {
		t.Errorf("export: %v: %s", err, text)
	}
	if got, err := os.ReadFile(out); err != nil || string(got) != file.String() {
		t.Errorf("got\n%sand %v", got, err)
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	if err := p.Wait(); err != nil {
		t.Error(err)
	}
}

// waitForQueues waits until that many queues have a directory.
func waitForQueues(t *testing.T, dir string, n int) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); <-tick.C {
		found := 0
		_ = filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
			if err == nil && d.IsDir() && strings.HasPrefix(d.Name(), "cmq-queue-") {
				found++
			}
			return nil
		})
		if found >= n {
			return
		}
	}
	t.Fatalf("there are not %d queues", n)
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
