package stand

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// Process is one of the stand's programs. It may be started again as often as
// one likes, always with the same arguments, addresses and data. All methods may
// be called at the same time.
type Process struct {
	Name string // such as "adapter-1"

	argv    []string
	environ []string
	log     string // the file that gets all it says, over all its lives
	watch   func(event string) (over func())

	mu   sync.Mutex
	life *life // the latest; nil before the first
}

// life is a process from its start to its end.
type life struct {
	process *os.Process
	ended   chan struct{}
	err     error // how it ended, once it has
}

// Start starts the process and does not wait for what it does then. Context
// limits nothing but whether it is started at all.
func (p *Process) Start(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life != nil && !p.life.over() {
		return fmt.Errorf("start %s: it is running", p.Name)
	}
	l, err := p.begin()
	if err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	p.life = l
	return nil
}

// begin gives the process the log file itself, so that its last words arrive
// however it ends.
func (p *Process) begin() (*life, error) {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	c := exec.Command(p.argv[0], p.argv[1:]...)
	c.Env, c.Stdout, c.Stderr = p.environ, log, log
	c.SysProcAttr = diesWithUs()
	if err := c.Start(); err != nil {
		return nil, err
	}
	l := &life{process: c.Process, ended: make(chan struct{})}
	go func() {
		defer close(l.ended)
		l.err = c.Wait()
	}()
	return l, nil
}

func (l *life) over() bool {
	select {
	case <-l.ended:
		return true
	default:
		return false
	}
}

// Running tells whether the process lives; one that is paused does.
func (p *Process) Running() bool {
	l := p.latest()
	return l != nil && !l.over()
}

func (p *Process) latest() *life {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.life
}

// Kill ends the process as kill -9 does, also while it is paused, and waits for
// its end. One that has ended is left alone.
func (p *Process) Kill() {
	if l := p.latest(); l != nil {
		defer p.watched("kill")()
		_ = l.process.Kill() // fails only if it has ended
		<-l.ended
	}
}

// watched tells that something is being done to the process; what it returns
// tells that it is done.
func (p *Process) watched(what string) (over func()) {
	if p.watch == nil {
		return func() {}
	}
	return p.watch(what + " " + p.Name)
}

// Stop asks the process to end, by SIGTERM, and waits for it. It is an error if it
// fails, or has to be killed because ctx is over.
func (p *Process) Stop(ctx context.Context) error {
	l := p.latest()
	if l == nil {
		return nil
	}
	defer p.watched("stop")()
	if err := l.process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", p.Name, err)
	}
	select {
	case <-l.ended:
		if l.err != nil {
			return fmt.Errorf("stop %s: %w", p.Name, l.err)
		}
		return nil
	case <-ctx.Done():
		p.Kill()
		return fmt.Errorf("stop %s: it had to be killed: %w", p.Name, ctx.Err())
	}
}

// Pause holds the process where it is, by SIGSTOP, until Resume, and returns when
// none of its threads works any more. Its connections stay open and silent.
func (p *Process) Pause() error {
	defer p.watched("pause")()
	return p.signal(pause)
}

// Resume lets a paused process go on.
func (p *Process) Resume() error {
	defer p.watched("resume")()
	return p.signal(resume)
}

func (p *Process) signal(send func(*os.Process) error) error {
	l := p.latest()
	if l == nil {
		return fmt.Errorf("%s was never started", p.Name)
	}
	if err := send(l.process); err != nil {
		return fmt.Errorf("signal to %s: %w", p.Name, err)
	}
	return nil
}

// tail is how much of a log is of interest when something went wrong.
const tail = 8 << 10

// Log is the end of what the process has said, over all its lives.
func (p *Process) Log() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return "" // it has said nothing
	}
	if len(text) <= tail {
		return string(text)
	}
	_, whole, _ := bytes.Cut(text[len(text)-tail:], []byte("\n"))
	return string(whole)
}
