package fault

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"unsafe"
)

// volume is a small ext4 file system of its own, in a file, that can be treated
// badly.
type volume struct {
	image string
	dir   string // where it is mounted
}

// Requests of ioctl: of linux/fs.h, and of ext4.
const (
	requestFreeze   = 0xc0045877         // _IOWR('X', 119, int)
	requestThaw     = 0xc0045878         // _IOWR('X', 120, int)
	requestShutdown = 0x8004587d         // _IOR('X', 125, __u32)
	withoutJournal  = 2                  // EXT4_GOING_FLAGS_NOLOGFLUSH: not even the journal is written
	makeFileSystem  = "mkfs.ext4 -q -m0" // -m0: nothing is put aside for root
)

// volumeIn is the volume that newVolume made in dir.
func volumeIn(dir string) *volume {
	return &volume{filepath.Join(dir, "disk.img"), filepath.Join(dir, "disk")}
}

// newVolume makes and mounts a volume in dir. The error wraps
// errors.ErrUnsupported where this process may not do that.
func newVolume(ctx context.Context, dir string, size int64) (*volume, error) {
	if os.Getuid() != 0 {
		return nil, fmt.Errorf("mounting a file system takes root: %w", errors.ErrUnsupported)
	}
	if _, err := exec.LookPath("mkfs.ext4"); err != nil {
		return nil, fmt.Errorf("%v: %w", err, errors.ErrUnsupported)
	}
	v := volumeIn(dir)
	if err := os.MkdirAll(v.dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(v.image, nil, 0o600); err != nil {
		return nil, err
	}
	if err := os.Truncate(v.image, size); err != nil {
		return nil, err
	}
	if err := command(ctx, makeFileSystem+" "+v.image); err != nil {
		return nil, err
	}
	if err := command(ctx, "mount --bind "+dir+" "+dir); err != nil {
		return nil, fmt.Errorf("%w: %w", err, errors.ErrUnsupported)
	}
	// Containers and network namespaces that come up meanwhile copy all mounts.
	// What is shared is unmounted there, too; else they would keep the volume in
	// use, and a cut would never heal.
	err := command(ctx, "mount --make-shared "+dir)
	if err == nil {
		err = v.mount(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", err, errors.ErrUnsupported), command(ctx, "umount "+dir))
	}
	return v, nil
}

func (v *volume) mount(ctx context.Context) error {
	return command(ctx, "mount -o loop "+v.image+" "+v.dir)
}

func (v *volume) unmount(ctx context.Context) error { return command(ctx, "umount "+v.dir) }

// remove undoes newVolume; the image stays.
func (v *volume) remove(ctx context.Context) error {
	return errors.Join(v.unmount(ctx), command(ctx, "umount "+filepath.Dir(v.dir)))
}

// cut ends all writing, as when the power fails: what was not synced is lost. The
// volume is of no use until it is mounted again.
func (v *volume) cut() error {
	flags := uint32(withoutJournal)
	return v.ioctl(requestShutdown, &flags)
}

// freeze lets everybody who writes wait until thaw.
func (v *volume) freeze() error { return v.ioctl(requestFreeze, new(uint32)) }

func (v *volume) thaw() error { return v.ioctl(requestThaw, new(uint32)) }

func (v *volume) ioctl(request uintptr, argument *uint32) error {
	d, err := os.Open(v.dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if _, _, no := syscall.Syscall(syscall.SYS_IOCTL, d.Fd(), request, uintptr(unsafe.Pointer(argument))); no != 0 {
		return fmt.Errorf("ioctl %#x of %s: %w", request, v.dir, no)
	}
	return nil
}

func full(err error) bool { return errors.Is(err, syscall.ENOSPC) }
