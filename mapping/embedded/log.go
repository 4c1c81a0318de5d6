package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
)

// log passes the server's words on: warnings and errors as they are, the rest
// for debugging only. It also catches why a start failed.
type log struct {
	to *slog.Logger

	mu      sync.Mutex
	running bool
	failure error
}

func newLog(to *slog.Logger) *log {
	if to == nil {
		to = slog.Default()
	}
	return &log{to: to.With("from", "nats")}
}

// started ends the start-up and returns what made it fail, or nil.
func (l *log) started() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running = true
	return l.failure
}

// Fatalf is how the server says that it cannot go on. During the start that is
// an error to return; there is nothing fatal later, but it would be logged.
func (l *log) Fatalf(format string, v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := fmt.Sprintf(format, v...)
	if l.running {
		l.to.Error(text)
	} else if l.failure == nil {
		l.failure = errors.New(text)
	}
}

// plaintext is the server's advice on passwords in its configuration file.
// Ours come from memory and are written nowhere.
const plaintext = "Plaintext passwords detected, use nkeys or bcrypt"

func (l *log) Warnf(format string, v ...any) {
	if format != plaintext {
		l.to.Warn(fmt.Sprintf(format, v...))
	}
}

func (l *log) debug() bool { return l.to.Enabled(context.Background(), slog.LevelDebug) }

func (l *log) Errorf(format string, v ...any) { l.to.Error(fmt.Sprintf(format, v...)) }
func (l *log) Debugf(format string, v ...any) { l.to.Debug(fmt.Sprintf(format, v...)) }
func (l *log) Tracef(string, ...any)          {}

func (l *log) Noticef(format string, v ...any) {
	if l.debug() {
		l.to.Debug(fmt.Sprintf(format, v...))
	}
}
