package cluster

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jetcmq/jetcmq/cmd/process" // what the program is made of: results of another one must not be taken from the cache
)

// program is cmd/jetcmq, built once as users build it.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(os.TempDir(), fmt.Sprintf("jetcmq-cluster-%d", os.Getpid()))
	text, err := exec.Command("go", "build", "-o", path, "../../cmd/jetcmq").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("build: %w\n%s", err, text)
	}
	return path, err
})

// TestMain lets all tests run at a time: what they mostly do is wait.
func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", "12") // unless the command line says otherwise
	code := m.Run()
	if path, err := program(); err == nil {
		os.Remove(path)
	}
	os.Exit(code)
}

// process is a run of the program, or of several one after the other.
type process struct {
	t       *testing.T
	name    string
	args    []string
	environ []string
	log     string // a file
	command *exec.Cmd
}

func newProcess(t *testing.T, name string, args, environ []string) *process {
	t.Helper()
	p := &process{t: t, name: name, args: args, environ: environ, log: filepath.Join(t.TempDir(), name+".log")}
	t.Cleanup(func() {
		p.kill()
		if text, err := os.ReadFile(p.log); err == nil && t.Failed() {
			var lines []string
			for line := range strings.Lines(string(text)) {
				if !strings.Contains(line, "connect to route") {
					lines = append(lines, line)
				}
			}
			t.Logf("%s said last:\n%s", name, strings.Join(lines[max(0, len(lines)-40):], ""))
		}
	})
	return p
}

func (p *process) start() {
	p.t.Helper()
	path, err := program()
	if err != nil {
		p.t.Fatal(err)
	}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	defer log.Close()
	p.command = exec.Command(path, p.args...)
	p.command.Env = append([]string{"PATH=" + os.Getenv("PATH")}, p.environ...)
	p.command.Stdout, p.command.Stderr = log, log
	if err := p.command.Start(); err != nil {
		p.t.Fatal(err)
	}
}

// kill ends the process as kill -9 does, even a paused one, and waits.
func (p *process) kill() {
	if p.command == nil {
		return
	}
	_ = p.command.Process.Kill() // fails only if it has ended
	_ = p.command.Wait()
	p.command = nil
}

func (p *process) pause()  { p.signal(syscall.SIGSTOP) }
func (p *process) resume() { p.signal(syscall.SIGCONT) }

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.command.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// said tells whether the log holds a text.
func (p *process) said(text string) bool {
	log, err := os.ReadFile(p.log)
	return err == nil && strings.Contains(string(log), text)
}

// freePorts finds ports that nobody listens on, below those that outgoing
// connections get: a server that is away must find its port again.
func freePorts(t *testing.T, n int) (ports []int) {
	t.Helper()
	for len(ports) < n {
		port := lowest + int(nextPort.Add(1))%portRange
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		l.Close()
		ports = append(ports, port)
	}
	return ports
}

const lowest, portRange = 20_000, 10_000

var nextPort = func() *atomic.Int32 {
	var n atomic.Int32
	n.Store(rand.Int32N(portRange)) // several runs of the tests may be under way
	return &n
}()

// patience is for what has no limit of its own: how long servers take to agree
// on a leader is NATS's affair, and the machine may be busy.
const patience = time.Minute

// eventually waits until something is so, and tells how long that took.
func eventually(t *testing.T, what string, ok func() bool) time.Duration {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	began := time.Now()
	for !ok() {
		if time.Since(began) > patience {
			t.Fatalf("not so within %v: %s", patience, what)
		}
		<-tick.C
	}
	return time.Since(began)
}
