//go:build !(linux || darwin || freebsd)

package embedded

import (
	"errors"
	"fmt"
	"runtime"
)

// diskSpace would need a library of its own here.
func diskSpace(string) (free, total int64, err error) {
	return 0, 0, fmt.Errorf("free disk space is not measured on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
