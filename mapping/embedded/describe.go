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
// SyncEverySecond: the descriptions of streams and consumers, and how far
// consumers are. Messages are on the disk within a second, but a power cut up to
// half a minute after one of these small files was written leaves it empty or full
// of zeros, and JetStream then passes over the whole stream or consumer. So what
// they said a second ago is kept beside them, for mend.
type describer struct {
	dir string // of the server
	log *slog.Logger

	seen map[string]time.Time // of each file, when it was changed
	obs  map[string]listing   // consumers, by the directory they are in
}

// listing is what a directory held when it was changed last.
type listing struct {
	changed time.Time
	names   []string
}

// The small files of a stream and of a consumer, in its directory, and what the
// name of one that is kept ends in.
const (
	description, descriptionSum = "meta.inf", "meta.sum"
	consumerState               = "o.dat"
	kept                        = ".kept"
)

// describe does so every second until stop is called.
func describe(dir string, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	d := &describer{dir: dir, log: log}
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
		_, err := d.pass()
		if err != nil && last == nil {
			d.log.Warn("streams may not outlive a power cut", "error", err)
		}
		last = err
	}
}

// pass looks at all small files once, and tells which it kept.
func (d *describer) pass() (done []string, err error) {
	streams, err := streamDirs(d.dir)
	if err != nil {
		return nil, err
	}
	seen, obs := make(map[string]time.Time, len(d.seen)), make(map[string]listing, len(d.obs))
	settle := func(path string) (news bool) {
		news, e := d.settle(path, seen)
		if news {
			done = append(done, path)
		}
		err = errors.Join(err, e)
		return news
	}
	for _, s := range streams {
		at := filepath.Join(s, "obs")
		l := d.list(at)
		obs[at] = l
		dirs := []string{s}
		for _, name := range l.names {
			dirs = append(dirs, filepath.Join(at, name))
			settle(filepath.Join(at, name, consumerState))
		}
		for _, dir := range dirs {
			if settle(filepath.Join(dir, description)) {
				settle(filepath.Join(dir, descriptionSum))
				err = errors.Join(err, ignoreGone(syncPath(dir)), ignoreGone(syncPath(filepath.Dir(dir))))
			}
		}
	}
	d.seen, d.obs = seen, obs // what is gone is forgotten
	return done, err
}

// streamDirs are the directories of all streams. One whose name begins with a dot
// is being deleted.
func streamDirs(dir string) ([]string, error) {
	return filepath.Glob(filepath.Join(dir, "jetstream", "*", "streams", "[^.]*"))
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

// settle keeps the file, if it has changed.
func (d *describer) settle(path string, seen map[string]time.Time) (news bool, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return false, ignoreGone(err)
	}
	if news = fresh(info, d.seen[path]); news {
		if err := keep(path); err != nil {
			return false, ignoreGone(err)
		}
	}
	seen[path] = info.ModTime()
	return news, nil
}

// keep gives a file a second name that outlives a power cut. JetStream never
// writes into a file of the kind, but replaces it.
func keep(path string) error {
	next := path + ".next"
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Link(path, next); err != nil {
		return err
	}
	if err := errors.Join(syncPath(next), os.Rename(next, path+kept)); err != nil {
		return err
	}
	return ignoreGone(os.Remove(next)) // a rename to another name of the same file does nothing
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

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
