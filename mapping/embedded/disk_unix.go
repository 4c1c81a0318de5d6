//go:build linux || darwin || freebsd

package embedded

import (
	"fmt"
	"syscall"
)

// diskSpace gives the bytes of dir's file system: those that an ordinary user
// may still take, and all.
func diskSpace(dir string) (free, total int64, err error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, 0, fmt.Errorf("measure the free space of %s: %w", dir, err)
	}
	block := int64(st.Bsize)
	return int64(st.Bavail) * block, int64(st.Blocks) * block, nil
}
