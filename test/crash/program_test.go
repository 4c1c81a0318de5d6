package crash

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jetcmq/jetcmq/cmd/process" // what the program is made of: results of another one must not be taken from the cache
)

// program is the path of cmd/jetcmq, built as users build it.
type program string

func buildProgram(t *testing.T) program {
	t.Helper()
	p := filepath.Join(t.TempDir(), "jetcmq")
	if text, err := exec.CommandContext(t.Context(), "go", "build", "-o", p, "../../cmd/jetcmq").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, text)
	}
	return program(p)
}

// command is a run of the program on dir, not yet begun. It has no setting of
// this process's own environment.
func (p program) command(t *testing.T, dir string, environ ...string) *exec.Cmd {
	c := exec.CommandContext(t.Context(), string(p))
	c.Env = append([]string{"PATH=" + os.Getenv("PATH"), "JETCMQ_ADDR=127.0.0.1:0", "JETCMQ_NATS_ADDR=off",
		"JETCMQ_LOG_FORMAT=json", "JETCMQ_DATA_DIR=" + dir}, environ...)
	return c
}

// run is the program running.
type run struct {
	process  *os.Process
	endpoint string
	nats     string        // for NATS clients, or ""
	took     time.Duration // from its start until it was ready
	ended    chan struct{}
	err      error           // how it ended, once it has
	log      strings.Builder // what it said, once it has ended
}

// start runs the program on dir and returns when it says that it is ready.
func (p program) start(t *testing.T, dir string, environ ...string) *run {
	t.Helper()
	c := p.command(t, dir, environ...)
	said, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	r := &run{process: c.Process, ended: make(chan struct{})}
	ready := make(chan struct{})
	go func() {
		defer close(r.ended)
		r.listen(said, ready)
		r.err = c.Wait()
	}()
	t.Cleanup(func() {
		r.kill()
		if t.Failed() {
			r.complaints(t)
		}
	})
	select {
	case <-ready:
		r.took = time.Since(began)
	case <-r.ended:
		t.Fatalf("it ended before it was ready: %v\n%s", r.err, r.log.String())
	}
	return r
}

// listen reads the log and notes where the program serves when that comes by.
func (r *run) listen(said io.Reader, ready chan<- struct{}) {
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		r.log.WriteString(lines.Text() + "\n")
		var line struct{ Msg, Endpoint, NATS string }
		if err := json.Unmarshal(lines.Bytes(), &line); err == nil && line.Msg == "ready" {
			r.endpoint, r.nats = line.Endpoint, line.NATS
			close(ready)
		}
	}
}

// complaints shows the errors in the log, once the program has ended.
func (r *run) complaints(t *testing.T) {
	for line := range strings.Lines(r.log.String()) {
		if strings.Contains(line, `"level":"ERROR"`) {
			t.Log(strings.TrimSpace(line))
		}
	}
}

// kill ends the program as kill -9 does, and waits.
func (r *run) kill() {
	_ = r.process.Kill() // fails only if it has ended
	<-r.ended
}
