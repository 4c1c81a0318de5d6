//go:build !linux

package stand

import (
	"errors"
	"os"
	"syscall"
)

func pause(*os.Process) error  { return errors.ErrUnsupported }
func resume(*os.Process) error { return errors.ErrUnsupported }

func diesWithUs() *syscall.SysProcAttr { return nil }
