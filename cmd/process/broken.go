package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jetcmq/jetcmq/mapping/jet"
)

// patience says when an engine counts as broken: looks in a row that found it so.
type patience struct {
	every time.Duration
	looks int
}

// usual outlasts a disk that hangs for a while, and recovers.
var usual = patience{every: 5 * time.Second, looks: 3}

// errBroken ends the process, so that whoever supervises it starts it anew.
var errBroken = errors.New("restart needed")

// broken waits until the embedded NATS server cannot be trusted to write any more
// although its disk has room, and tells why; or until ctx ends. That is so when it
// has taken no write for a while, and always when the disk was truly full: single
// streams may have failed then, which nobody would see, until it is started again.
// An external server is its operator's.
func (e *engine) broken(ctx context.Context, c Config, p patience, log *slog.Logger) error {
	if e.inside == nil {
		<-ctx.Done()
		return nil
	}
	var disk fullness
	next := time.Now().Add(p.every)
	for bad := 0; jet.Pause(ctx, min(p.every, diskEvery)) == nil; {
		roomy := e.roomy(c, &disk)
		if disk.was && roomy {
			return fmt.Errorf("%w: the disk was full, and has room again", errBroken)
		}
		if time.Now().Before(next) {
			continue
		}
		err := e.ready(ctx)
		next = time.Now().Add(p.every)
		if err == nil || !roomy {
			bad = 0
			continue
		}
		log.Warn("the NATS server inside is not well", "error", err)
		if bad++; bad >= p.looks {
			return fmt.Errorf("%w: %w, again and again, though the disk has room", errBroken, err)
		}
	}
	return nil
}

// diskEvery is how often the disk is looked at: one that is full does not stay so
// unseen.
const diskEvery = 100 * time.Millisecond

// fullness remembers whether a disk was ever truly full.
type fullness struct{ was bool }

// full is so little room that a write of JetStream's may have failed.
const full = 4 << 20

// note takes what is free, and tells whether sends would be allowed.
func (f *fullness) note(free, reserve int64) (roomy bool) {
	f.was = f.was || free < full
	return free > max(reserve, full)
}

// roomy tells whether there is a disk at all to fear for, and room on it.
func (e *engine) roomy(c Config, disk *fullness) bool {
	free, _, err := e.inside.Free()
	if err != nil {
		return errors.Is(err, errors.ErrUnsupported)
	}
	return disk.note(free, int64(c.DiskReserve))
}
