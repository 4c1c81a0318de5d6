package embedded

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
)

// mend puts back what a power cut has emptied, before the server reads it. A
// consumer whose state was never kept begins anew: better twice than never.
func mend(dir string, log *slog.Logger) error {
	streams, err := streamDirs(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, s := range streams {
		consumers, err := filepath.Glob(filepath.Join(s, "obs", "*"))
		errs = append(errs, err, mendDescription(s, log))
		for _, c := range consumers {
			errs = append(errs, mendDescription(c, log), mendState(filepath.Join(c, consumerState), log))
		}
	}
	return errors.Join(errs...)
}

// mendDescription mends both files or none: one proves the other.
func mendDescription(dir string, log *slog.Logger) error {
	inf, sum := filepath.Join(dir, description), filepath.Join(dir, descriptionSum)
	if !empty(inf) && !empty(sum) || empty(inf+kept) || empty(sum+kept) {
		return nil
	}
	log.Warn("a power cut has emptied a description, the one before is taken", "file", inf)
	return errors.Join(putBack(inf), putBack(sum))
}

func mendState(path string, log *slog.Logger) error {
	_, err := os.Stat(path)
	switch {
	case err != nil || !empty(path):
		return ignoreGone(err)
	case empty(path + kept):
		log.Warn("a power cut has emptied a consumer's state, it begins anew", "file", path)
		return os.Remove(path)
	}
	log.Warn("a power cut has emptied a consumer's state, the one before is taken", "file", path)
	return putBack(path)
}

// putBack makes a kept file the file, and leaves it kept.
func putBack(path string) error {
	if err := os.Remove(path); ignoreGone(err) != nil {
		return err
	}
	return os.Link(path+kept, path)
}

// empty tells whether a file is absent, or is not what was written: what a disk
// has not received reads as nothing, or as pages of zeros.
func empty(path string) bool {
	text, err := os.ReadFile(path)
	if err != nil || len(text) == 0 {
		return true
	}
	const page = 4096
	for p := range slices.Chunk(text, page) {
		if !slices.ContainsFunc(p, func(b byte) bool { return b != 0 }) {
			return true
		}
	}
	return false
}
