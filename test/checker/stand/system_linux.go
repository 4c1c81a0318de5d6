package stand

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// holdTime is how long a process may take to be held, on a busy machine.
const holdTime = 10 * time.Second

// pause holds a process, and waits until it is.
func pause(p *os.Process) error {
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for end := time.Now().Add(holdTime); !held(p.Pid); <-look.C {
		if time.Now().After(end) {
			return fmt.Errorf("it is not held after %v", holdTime)
		}
	}
	return nil
}

// held tells whether no thread of a process works any more: those that are not
// stopped wait for a disk, and are stopped before they learn what became of it.
func held(pid int) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid)) // fails for bad patterns only
	for _, name := range threads {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		_, state, _ := bytes.Cut(text, []byte(") ")) // behind the program's name
		if len(state) == 0 || !bytes.ContainsRune([]byte("TtDZX"), rune(state[0])) {
			return false
		}
	}
	return true
}

func resume(p *os.Process) error { return p.Signal(syscall.SIGCONT) }

// diesWithUs has the kernel end a process when this one does, however that
// comes about.
func diesWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
