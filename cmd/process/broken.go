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

// broken waits until the embedded NATS server has taken no write for a while
// although its disk has room, and tells why; or until ctx ends. A disk that was
// truly full, or failed, leaves JetStream in that state until it is started
// again. An external server is its operator's.
func (e *engine) broken(ctx context.Context, c Config, p patience, log *slog.Logger) error {
	if e.inside == nil {
		<-ctx.Done()
		return nil
	}
	for bad := 0; jet.Pause(ctx, p.every) == nil; {
		err := e.ready(ctx)
		if err == nil || !e.roomy(c) {
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

// roomy tells whether sends would be allowed on this disk.
func (e *engine) roomy(c Config) bool {
	free, _, err := e.inside.Free()
	return errors.Is(err, errors.ErrUnsupported) || err == nil && free > int64(c.DiskReserve)
}
