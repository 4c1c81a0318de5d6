package fault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jetcmq/jetcmq/test/checker/stand"
)

// disk is what happens to the file system below the adapter with NATS inside.
var disk = []Fault{{
	Name:   "full-disk",
	Doc:    "somebody else fills the disk to the last byte, 100 MiB/s, for 1 to 5 s; JETCMQ_DISK_RESERVE is 48 MiB",
	Open:   onVolume(),
	Strike: withVolume(fill),
	Calm:   2 * time.Second,
}, {
	Name:   "hung-disk",
	Doc:    "the disk answers nobody who writes (a frozen file system) for 1 to 10 s",
	Open:   onVolume(),
	Strike: withVolume(hang),
	Calm:   2 * time.Second,
}, {
	Name:   "slow-disk",
	Doc:    "the disk answers nobody who writes for 20 to 300 ms, again and again, for 5 s",
	Open:   onVolume(),
	Strike: withVolume(slow),
	Calm:   2 * time.Second,
}, {
	Name:   "power-cut",
	Doc:    "a power cut at JETCMQ_DURABILITY=power: everything that was not synced is gone",
	Open:   onVolume("JETCMQ_DURABILITY=power"),
	Strike: withVolume(cutPower),
	Calm:   2 * time.Second,
	Forget: settled,
}, {
	Name:   "power-cut-process",
	Doc:    "the same at JETCMQ_DURABILITY=process, which may lose the last second",
	Open:   onVolume("JETCMQ_DURABILITY=process"),
	Strike: withVolume(cutPower),
	Calm:   2 * time.Second,
	Forget: 2 * settled,
	Loss:   settled,
}}

// settled is how long after its answer a message is on disk at level process:
// everything is synced once a second, which takes its time.
const settled = 1500 * time.Millisecond

const volumeSize = 256 << 20

// onVolume opens an adapter with NATS inside whose data is on a volume. Its log is
// not: it tells what goes wrong there.
func onVolume(environ ...string) func(context.Context, stand.Options) (*stand.Stand, error) {
	return func(ctx context.Context, o stand.Options) (*stand.Stand, error) {
		v, err := newVolume(ctx, o.Dir, volumeSize)
		if err != nil {
			return nil, err
		}
		remove := func() error { return v.remove(context.WithoutCancel(ctx)) }
		o.Environ = slices.Concat(o.Environ, []string{"JETCMQ_DATA_DIR=" + filepath.Join(v.dir, "data"), "JETCMQ_DISK_RESERVE=48MiB"}, environ)
		s, err := stand.Embedded(ctx, o)
		if err != nil {
			return nil, errors.Join(err, remove())
		}
		s.AtClose(remove)
		return s, nil
	}
}

func withVolume(strike func(context.Context, *stand.Stand, *volume) error) func(context.Context, *stand.Stand) error {
	return func(ctx context.Context, s *stand.Stand) error {
		return strike(ctx, s, volumeIn(s.Dir))
	}
}

// fill leaves no byte free, for a while. The server ends by itself when there is
// room again, and is started anew as supervisors do.
func fill(ctx context.Context, s *stand.Stand, v *volume) error {
	name := filepath.Join(v.dir, "ballast")
	over := s.Watched("fill disk")
	err := errors.Join(writeBallast(ctx, name), os.Remove(name))
	over()
	if err != nil {
		return err
	}
	ending, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	for s.Adapters[0].Running() {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ending.Done():
			return fmt.Errorf("%s goes on after a full disk: %w", s.Adapters[0].Name, ending.Err())
		}
	}
	s.Watched("kill " + s.Adapters[0].Name)() // what it is like: broken streams do not stop in order
	return s.Adapters[0].Start(context.WithoutCancel(ctx))
}

// writeBallast writes till nothing is free, at a speed that leaves the server time
// to notice that there is less and less, and waits.
func writeBallast(ctx context.Context, name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		_, err := f.Write(bytes.Repeat([]byte("x"), size))
		switch {
		case full(err):
			size /= 2
		case err != nil:
			return err
		default:
			wait(ctx, 10*time.Millisecond)
		}
	}
	wait(ctx, between(time.Second, 5*time.Second))
	return nil
}

func hang(ctx context.Context, s *stand.Stand, v *volume) error {
	return freeze(ctx, s, v, between(time.Second, 10*time.Second))
}

func slow(ctx context.Context, s *stand.Stand, v *volume) error {
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end) && ctx.Err() == nil; {
		if err := freeze(ctx, s, v, between(20*time.Millisecond, 300*time.Millisecond)); err != nil {
			return err
		}
		wait(ctx, rand.N(20*time.Millisecond))
	}
	return nil
}

func freeze(ctx context.Context, s *stand.Stand, v *volume, while time.Duration) error {
	defer s.Watched("freeze disk")()
	if err := v.freeze(); err != nil {
		return err
	}
	wait(ctx, while)
	return v.thaw()
}

// cutPower lets the machine stop and start again: the process works no more, then
// nothing reaches the disk any more, then the file system is read as it is. In that
// order, because a process that goes on is told things that no power cut tells: of
// 800 files that ext4 was shut down under, fsync answered "done" for 11 whose last
// bytes were gone (Linux 6.18).
func cutPower(ctx context.Context, s *stand.Stand, v *volume) error {
	ctx = context.WithoutCancel(ctx)
	if err := s.Adapters[0].Pause(); err != nil {
		return err
	}
	over := s.Watched("cut disk")
	err := v.cut()
	s.Adapters[0].Kill()
	over()
	if err != nil {
		return errors.Join(err, s.Adapters[0].Start(ctx))
	}
	if err := errors.Join(v.unmount(ctx), v.mount(ctx)); err != nil {
		return err
	}
	return s.Adapters[0].Start(ctx)
}

// command runs a command of words.
func command(ctx context.Context, line string) error {
	words := strings.Fields(line)
	if text, err := exec.CommandContext(ctx, words[0], words[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", line, err, bytes.TrimSpace(text))
	}
	return nil
}
