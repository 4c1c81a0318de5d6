//go:build !linux

package fault

import (
	"context"
	"errors"
	"fmt"
)

// volume is a file system that can be treated badly, on Linux.
type volume struct{ dir string }

func volumeIn(dir string) *volume { return &volume{dir} }

func newVolume(context.Context, string, int64) (*volume, error) {
	return nil, fmt.Errorf("a file system of its own takes Linux: %w", errors.ErrUnsupported)
}

func (v *volume) mount(context.Context) error   { return errors.ErrUnsupported }
func (v *volume) unmount(context.Context) error { return errors.ErrUnsupported }
func (v *volume) remove(context.Context) error  { return errors.ErrUnsupported }
func (v *volume) cut() error                    { return errors.ErrUnsupported }
func (v *volume) freeze() error                 { return errors.ErrUnsupported }
func (v *volume) thaw() error                   { return errors.ErrUnsupported }

func full(error) bool { return false }
