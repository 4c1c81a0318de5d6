package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// progress shows what the runs are at: on a terminal in place, once a second;
// elsewhere as lines, every ten seconds.
type progress struct {
	to       io.Writer
	terminal bool
	stop     chan struct{}
	done     sync.WaitGroup

	mu    sync.Mutex
	runs  []*run
	lines int // that are on the terminal
}

func newProgress(to io.Writer) *progress {
	p := &progress{to: to, stop: make(chan struct{}), terminal: isTerminal(to)}
	every := 10 * time.Second
	if p.terminal {
		every = time.Second
	}
	p.done.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.show()
			case <-p.stop:
				return
			}
		}
	})
	return p
}

func isTerminal(to io.Writer) bool {
	f, ok := to.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}

// end shows nothing from here on.
func (p *progress) end() {
	close(p.stop)
	p.done.Wait()
}

// add shows r until the function that it returns is called.
func (p *progress) add(r *run) (remove func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.runs = append(p.runs, r)
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.runs = slices.DeleteFunc(p.runs, func(other *run) bool { return other == r })
	}
}

func (p *progress) show() {
	p.mu.Lock()
	defer p.mu.Unlock()
	var text strings.Builder
	if p.terminal && p.lines > 0 {
		fmt.Fprintf(&text, "\x1b[%dA\x1b[J", p.lines) // up, and away with the rest
	}
	for _, r := range p.runs {
		text.WriteString(p.line(r) + "\n")
	}
	p.lines = len(p.runs)
	io.WriteString(p.to, text.String())
}

func (p *progress) line(r *run) string {
	name := fmt.Sprintf("%-20s", r.Name)
	if p.terminal {
		name = "\x1b[36m" + name + "\x1b[0m"
	}
	line := fmt.Sprintf("%s %5.0f s  %-6v %4d strikes", name, time.Since(r.began).Seconds(), r.phase.Load(), r.cycles.Load())
	if c := r.clients.Load(); c != nil {
		line += ", " + c.String()
	}
	return line
}
