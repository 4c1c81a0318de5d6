package stand

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

var binary string

// victim names the data directory of a run of the tests that is to be killed.
const victim = "STAND_TEST_VICTIM"

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run builds the program once for all tests.
func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "jetcmq-stand-*")
	if err == nil {
		defer os.RemoveAll(dir)
		binary, err = Build(context.Background(), dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// opened is a stand that is well.
func opened(t *testing.T, open func(context.Context, Options) (*Stand, error)) *Stand {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	s, err := open(ctx, Options{Binary: binary, Dir: t.TempDir()})
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	return s
}

// A process can be ended in every way, and starts again at the same place.
func TestProcess(t *testing.T) {
	t.Parallel()
	s := opened(t, Embedded)
	p := s.Adapters[0]
	for name, end := range map[string]func() error{
		"kill":              func() error { p.Kill(); return nil },
		"kill while paused": func() error { err := p.Pause(); p.Kill(); return err },
		"stop":              func() error { return p.Stop(t.Context()) },
	} {
		if err := p.Start(t.Context()); err == nil {
			t.Errorf("%s: it runs, and was started once more", name)
		}
		if err := end(); err != nil || p.Running() {
			t.Errorf("%s: got %v, running %v", name, err, p.Running())
		}
		if err := s.WaitReady(t.Context()); err == nil || !strings.Contains(err.Error(), "adapter-1 has ended") {
			t.Errorf("%s: it is waited for: %v", name, err)
		}
		if err := p.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(p.Log(), `"msg":"ready"`); n != 4 {
		t.Errorf("the log tells of %d lives, want 4:\n%s", n, p.Log())
	}
}

func TestPausedProcessIsSilentUntilResumed(t *testing.T) {
	t.Parallel()
	s := opened(t, Embedded)
	if err := s.Adapters[0].Pause(); err != nil {
		t.Fatal(err)
	}
	ready := func() error {
		brief, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		return s.WaitReady(brief)
	}
	if err := ready(); !errors.Is(err, context.DeadlineExceeded) || !s.Adapters[0].Running() {
		t.Errorf("got %v, running %v; want silence of a live process", err, s.Adapters[0].Running())
	}
	if err := s.Adapters[0].Resume(); err != nil {
		t.Fatal(err)
	}
	if err := s.WaitReady(t.Context()); err != nil {
		t.Error(err)
	}
}

// Stop kills what does not end in time, and says so.
func TestStopHasAnEnd(t *testing.T) {
	t.Parallel()
	s := opened(t, Embedded)
	if err := s.Adapters[0].Pause(); err != nil {
		t.Fatal(err)
	}
	brief, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.Adapters[0].Stop(brief); !errors.Is(err, context.DeadlineExceeded) || s.Adapters[0].Running() {
		t.Errorf("got %v, running %v", err, s.Adapters[0].Running())
	}
}

// Without root a cluster lives on loopback.
func TestClusterOnLoopback(t *testing.T) {
	t.Parallel()
	s := opened(t, onLoopback)
	if len(s.Nodes) != 3 || len(s.NATS) != 3 || len(s.Endpoints) != 2 {
		t.Fatalf("got %d nodes, %v and %v", len(s.Nodes), s.NATS, s.Endpoints)
	}
	leader, err := s.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	leader.Kill()
	if err := s.WaitReady(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Isolate(t.Context(), leader); err == nil {
		t.Error("a network that is everybody's was cut")
	}
}

// A failure on the way leaves nothing running.
func TestOpenFailsWhole(t *testing.T) {
	t.Parallel()
	var s *Stand
	_, err := open(Options{Binary: binary, Dir: t.TempDir()}, func(half *Stand) error {
		s = half
		return errors.Join(half.startNodes(t.Context(), []site{loopback}), errors.New("no more"))
	})
	if err == nil || s.Nodes[0].Running() {
		t.Errorf("got %v, and the node runs: %v", err, s.Nodes[0].Running())
	}
}

// Whoever is killed with a stand takes all its processes along; their network is
// removed by the next.
func TestNothingOutlivesUs(t *testing.T) {
	t.Parallel()
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestVictim$")
	c.Env = append(os.Environ(), victim+"="+t.TempDir())
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	endpoint, _ := bufio.NewReader(out).ReadString('\n')
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // killed
	addr := strings.TrimSpace(strings.TrimPrefix(endpoint, "http://"))
	for {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if errors.Is(err, syscall.ECONNREFUSED) {
			break
		}
		if err == nil {
			conn.Close()
		} else if !errors.Is(err, syscall.ECONNRESET) { // in the middle of its end
			t.Fatalf("%q: %v", addr, err)
		}
	}
	if os.Geteuid() != 0 {
		return
	}
	if err := removeLeftovers(t.Context()); err != nil {
		t.Error(err)
	}
	names, err := spaces(t.Context())
	for _, name := range names {
		if strings.HasPrefix(name, fmt.Sprintf("%s%d-", prefix, c.Process.Pid)) {
			t.Errorf("%s is left", name)
		}
	}
	if err != nil {
		t.Error(err)
	}
}

// TestVictim is not a test: it is what TestNothingOutlivesUs kills.
func TestVictim(t *testing.T) {
	dir := os.Getenv(victim)
	if dir == "" {
		t.Skip("it is run by TestNothingOutlivesUs")
	}
	s, err := Cluster(t.Context(), Options{Binary: binary, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	fmt.Println(s.Endpoints[0])
	<-t.Context().Done() // which is long after the kill
}

func onLoopback(ctx context.Context, o Options) (*Stand, error) {
	return open(o, func(s *Stand) error {
		return s.startCluster(ctx, []site{loopback, loopback, loopback, loopback, loopback})
	})
}
