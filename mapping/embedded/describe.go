package embedded

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// describer brings to the disk what JetStream 2.15.2 does not at level
// SyncEverySecond: the descriptions of streams and consumers. Messages were on
// the disk within a second, but a power cut up to half a minute after a stream
// was made left it with an empty description, and JetStream passed over all of it.
type describer struct {
	dir  string // of the server
	sync func(path string) error
	log  *slog.Logger

	seen map[string]time.Time // of each description, when it was changed
	obs  map[string]listing   // consumers, by the directory they are in
}

// listing is what a directory held when it was changed last.
type listing struct {
	changed time.Time
	names   []string
}

// describe does so every second until stop is called.
func describe(dir string, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	d := &describer{dir: dir, sync: syncPath, log: log, seen: map[string]time.Time{}, obs: map[string]listing{}}
	var done sync.WaitGroup
	done.Go(func() { d.run(ctx) })
	return func() { cancel(); done.Wait() }
}

func (d *describer) run(ctx context.Context) {
	tick := time.NewTicker(syncInterval)
	defer tick.Stop()
	var last error
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		err := d.pass()
		if err != nil && last == nil {
			d.log.Warn("descriptions of streams may not outlive a power cut", "error", err)
		}
		last = err
	}
}

// pass looks at all descriptions once.
func (d *describer) pass() error {
	streams, err := filepath.Glob(filepath.Join(d.dir, "jetstream", "*", "streams", "[^.]*")) // .name is being deleted
	if err != nil {
		return err
	}
	seen, obs := make(map[string]time.Time, len(d.seen)), make(map[string]listing, len(d.obs))
	var errs []error
	for _, s := range streams {
		errs = append(errs, d.settle(s, seen))
		at := filepath.Join(s, "obs")
		l := d.list(at)
		obs[at] = l
		for _, name := range l.names {
			errs = append(errs, d.settle(filepath.Join(at, name), seen))
		}
	}
	d.seen, d.obs = seen, obs // what is gone is forgotten
	return errors.Join(errs...)
}

// list reads a directory again only if that may give something new.
func (d *describer) list(dir string) listing {
	info, err := os.Stat(dir)
	if err != nil {
		return listing{}
	}
	if l, known := d.obs[dir]; known && !fresh(info, l.changed) {
		return l
	}
	l := listing{changed: info.ModTime()}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return listing{}
	}
	for _, e := range entries {
		l.names = append(l.names, e.Name())
	}
	return l
}

// settle syncs the description in dir, if it has changed, with the way to it.
func (d *describer) settle(dir string, seen map[string]time.Time) error {
	description := filepath.Join(dir, "meta.inf")
	info, err := os.Stat(description)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // not yet, or no more
	}
	if err != nil {
		return err
	}
	seen[description] = info.ModTime()
	if !fresh(info, d.seen[description]) {
		return nil
	}
	for _, path := range []string{description, filepath.Join(dir, "meta.sum"), dir, filepath.Dir(dir)} {
		if err := d.sync(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			delete(seen, description)
			return err
		}
	}
	return nil
}

// fresh tells whether something was changed since, or so lately that it may have
// been changed again without another time.
func fresh(info fs.FileInfo, since time.Time) bool {
	return !info.ModTime().Equal(since) || time.Since(info.ModTime()) < 2*syncInterval
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
