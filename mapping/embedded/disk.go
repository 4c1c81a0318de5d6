package embedded

import (
	"errors"
	"fmt"
)

// Free gives the bytes free in the data directory's file system, and all it
// has. The error is errors.ErrUnsupported where messages live in memory and on
// systems on which space is not measured.
//
// JetStream does not survive a full disk: a stream that could not write stays
// broken after space is freed until the server restarts, and messages it had
// acknowledged are gone. Whoever stores has to stop before.
func (s *Server) Free() (free, total int64, err error) {
	if s.memory {
		return 0, 0, fmt.Errorf("messages live in memory: %w", errors.ErrUnsupported)
	}
	return diskSpace(s.dir)
}
