// Package compose starts what docker-compose.yml describes, as a user does, and
// kills its containers.
package compose

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// project is one use of docker-compose.yml: its own names, ports and volumes.
type project struct {
	compose []string // the command
	dir     string
	environ []string
	*caller
}

// start brings a profile up, with the image that is tested and nothing built.
// It is taken down with the test's end.
func start(t *testing.T, profile string) *project {
	t.Helper()
	name, tag, _ := strings.Cut(os.Getenv("JETCMQ_TEST_IMAGE"), ":")
	if name != "jetcmq" || tag == "" {
		t.Skip("JETCMQ_TEST_IMAGE names no image: make image, then JETCMQ_TEST_IMAGE=jetcmq:latest")
	}
	port := freePort(t)
	p := &project{
		compose: command(t), dir: checkout(t),
		environ: append(os.Environ(),
			"COMPOSE_PROFILES="+profile, "COMPOSE_PROJECT_NAME=jetcmqtest"+port,
			"JETCMQ_PORT="+port, "JETCMQ_NATS_PORT="+freePort(t),
			"JETCMQ_TAG="+tag, "JETCMQ_NATS_IMAGE="+name+":"+tag),
		caller: &caller{endpoint: "http://127.0.0.1:" + port},
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(p.output(t, "logs", "--no-color", "--tail", "40"))
		}
		p.output(t, "down", "-v", "--timeout", "5")
	})
	p.run(t, "up", "-d", "--no-build")
	p.awaitReady(t)
	return p
}

// command is Docker's own compose, or the older program.
func command(t *testing.T) []string {
	t.Helper()
	if err := exec.CommandContext(t.Context(), "docker", "version").Run(); err != nil {
		t.Skip("no Docker answers")
	}
	for _, words := range [][]string{{"docker", "compose"}, {"docker-compose"}} {
		if exec.CommandContext(t.Context(), words[0], append(words[1:], "version")...).Run() == nil {
			return words
		}
	}
	t.Skip("no docker compose here")
	return nil
}

// checkout is a directory with what compose reads, and nothing else.
func checkout(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil { // the containers' user reads in it
		t.Fatal(err)
	}
	for _, name := range []string{"docker-compose.yml", ".env", "nats.conf"} {
		text, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

func (p *project) run(t *testing.T, args ...string) string {
	t.Helper()
	text, err := p.try(t, args...)
	if err != nil {
		t.Fatalf("compose %s: %v\n%s", strings.Join(args, " "), err, text)
	}
	return text
}

// output is for when the test is over: its own context has ended.
func (p *project) output(t *testing.T, args ...string) string {
	t.Helper()
	text, err := p.try(t, args...)
	if err != nil {
		t.Logf("compose %s: %v\n%s", strings.Join(args, " "), err, text)
	}
	return text
}

func (p *project) try(t *testing.T, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	words := append(p.compose[1:len(p.compose):len(p.compose)], args...)
	c := exec.CommandContext(ctx, p.compose[0], words...)
	c.Dir, c.Env = p.dir, p.environ
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err := c.Run()
	return out.String(), err
}

func (p *project) awaitReady(t *testing.T) {
	t.Helper()
	eventually(t, "the address is ready", func() error {
		status, err := p.probe(t.Context())
		if err == nil && status != 200 {
			err = fmt.Errorf("/readyz answers %d", status)
		}
		return err
	})
}

// healthy waits until Docker finds that a service is well again.
func (p *project) healthy(t *testing.T, service string) {
	t.Helper()
	id := strings.TrimSpace(p.run(t, "ps", "-q", service))
	eventually(t, service+" is healthy", func() error {
		text, err := exec.CommandContext(t.Context(), "docker", "inspect", "--format", "{{.State.Health.Status}}", id).CombinedOutput()
		if got := strings.TrimSpace(string(text)); got != "healthy" {
			return fmt.Errorf("it is %s (%v)", got, err)
		}
		return nil
	})
}

// eventually waits up to a minute for try to find nothing wrong.
func eventually(t *testing.T, what string, try func() error) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	end := time.Now().Add(time.Minute)
	for err := try(); err != nil; err = try() {
		if time.Now().After(end) || t.Context().Err() != nil {
			t.Fatalf("not so within a minute: %s: %v", what, err)
		}
		<-tick.C
	}
}
