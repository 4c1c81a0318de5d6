// Package crash judges what the end of the whole program costs: real
// processes, killed or stopped in the middle of load.
package crash

import (
	"flag"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var cycles = flag.Int("crash.cycles", 20, "how often to kill the program")

// TestCrash has subtests because they share a binary.
func TestCrash(t *testing.T) {
	t.Parallel()
	p := buildProgram(t)
	t.Run("kill", func(t *testing.T) {
		t.Parallel()
		testKill(t, p, "process", *cycles)
	})
	t.Run("kill at level power", func(t *testing.T) {
		if testing.Short() {
			t.Skip("as long again for the same code but for the way in")
		}
		t.Parallel()
		testKill(t, p, "power", *cycles/2)
	})
	t.Run("stop", func(t *testing.T) {
		t.Parallel()
		testStop(t, p)
	})
	t.Run("topic kill", func(t *testing.T) {
		t.Parallel()
		testTopicKill(t, p, max(2, *cycles*2/5))
	})
	t.Run("topic stop", func(t *testing.T) {
		t.Parallel()
		testTopicStop(t, p)
	})
	t.Run("topic takeover", func(t *testing.T) {
		t.Parallel()
		testTopicTakeover(t, p)
	})
	t.Run("second process", func(t *testing.T) {
		t.Parallel()
		testSecondProcess(t, p)
	})
}

// testKill kills the program again and again while clients are at work, and
// has the journal judge what they saw.
func testKill(t *testing.T, p program, durability string, cycles int) {
	dir, j := t.TempDir(), &journal{}
	var took []time.Duration
	start := func() *load {
		r := p.start(t, dir, "JETCMQ_DURABILITY="+durability)
		took = append(took, r.took)
		return newLoad(t, r, j)
	}
	var kept []held
	for i := range cycles {
		l := start()
		if i == 0 {
			l.create(t, loadQueue)
		}
		l.begin(kept)
		<-time.After(lifetime(i))
		l.kill()
		kept = l.join()
	}
	last := start()
	last.drain(t)
	last.kill() // long after the last delete: nothing is forgotten now
	start().wantNothing(t)
	j.judge(t)
	slices.Sort(took)
	median := took[len(took)/2]
	t.Logf("%s: ready %s after its start (median of %d), %s at most", durability, median.Round(time.Millisecond), len(took), took[len(took)-1].Round(time.Millisecond))
	if median > time.Second {
		t.Errorf("half of the starts took more than %s, want 1s at most", median)
	}
}

// lifetime is how long a run lasts: mostly so short that much of what it did
// lies in the last moment, sometimes so long that much does not.
func lifetime(i int) time.Duration {
	if i%5 == 4 {
		return maxForgotten + rand.N(maxForgotten/2)
	}
	return 50*time.Millisecond + rand.N(350*time.Millisecond)
}

// testStop ends the program in order, under load and with polls that have just
// begun to wait: it takes no time, and costs nothing.
func testStop(t *testing.T, p program) {
	dir, j := t.TempDir(), &journal{}
	r := p.start(t, dir)
	l := newLoad(t, r, j)
	l.create(t, loadQueue)
	l.create(t, "idle")
	const polls = 20
	answers := make(chan answer, polls)
	var waiting sync.WaitGroup
	for range polls {
		waiting.Go(func() {
			a, err := l.call("ReceiveMessage", "queueName", "idle", "pollingWaitSeconds", "30")
			if err != nil {
				t.Errorf("a waiting receive got %v", err)
			}
			answers <- a
		})
	}
	l.begin(nil)
	<-time.After(500 * time.Millisecond)
	began := time.Now()
	l.expectEnd(time.Time{})
	if err := r.process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waiting.Wait()
	answered := time.Since(began)
	<-r.ended
	stopped := time.Since(began)
	l.join()
	t.Logf("stop: %d polls answered after %s, the process ended after %s", polls, answered.Round(time.Millisecond), stopped.Round(time.Millisecond))
	if r.err != nil || stopped > 10*time.Second {
		t.Errorf("it ended with %v after %s\n%s", r.err, stopped, r.log.String())
	}
	if answered > 10*time.Second {
		t.Errorf("the polls were answered after %s, want at once", answered)
	}
	for range polls {
		if a := <-answers; a.Code != 7000 {
			t.Errorf("a waiting receive got %d %s, want 7000", a.Code, a.Message)
		}
	}
	next := newLoad(t, p.start(t, dir), j)
	next.drain(t)
	j.judge(t)
}

// testSecondProcess starts the program on a directory that is in use.
func testSecondProcess(t *testing.T, p program) {
	dir := t.TempDir()
	first := newLoad(t, p.start(t, dir), &journal{})
	text, err := p.command(t, dir).CombinedOutput()
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 1 {
		t.Errorf("the second process ended with %v, want exit status 1", err)
	}
	for _, want := range []string{"JETCMQ_DATA_DIR", "another process is using", dir, "stop that one", "choose another directory"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("it said %q, want %q in it", text, want)
		}
	}
	first.create(t, loadQueue) // the first is none the worse
}
