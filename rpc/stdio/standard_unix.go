//go:build unix

package stdio

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// openStandard opens f in a way that Close ends its Reads and Writes.
func openStandard(f *os.File) (io.ReadWriteCloser, func() error, error) {
	fd, err := descriptor(f)
	if err != nil {
		return nil, nil, err
	}
	if term.IsTerminal(fd) {
		return newDetached(f), nothingToRestore, nil
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("open %s: %w", f.Name(), err)
	}
	// A descriptor of our own: closing it leaves the number 0 or 1 taken, and Go
	// raises SIGPIPE for 1 only.
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, nil, fmt.Errorf("open %s: %w", f.Name(), err)
	}
	restore := nothingToRestore
	if flags&unix.O_NONBLOCK == 0 {
		if err := unix.SetNonblock(dup, true); err != nil {
			unix.Close(dup)
			return nil, nil, fmt.Errorf("open %s: %w", f.Name(), err)
		}
		restore = func() error { return unix.SetNonblock(fd, false) }
	}
	own := os.NewFile(uintptr(dup), f.Name())
	if own.SetDeadline(time.Time{}) == nil {
		return own, restore, nil
	}
	// A file on disk, which is always ready, or a device that can't be polled.
	return &ownedDetached{detached: newDetached(own), file: own}, restore, nil
}

// descriptor returns the number of f. Unlike f.Fd it leaves the mode alone.
func descriptor(f *os.File) (int, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("open %s: %w", f.Name(), err)
	}
	var number int
	if err := raw.Control(func(fd uintptr) { number = int(fd) }); err != nil {
		return 0, fmt.Errorf("open %s: %w", f.Name(), err)
	}
	return number, nil
}

// ownedDetached also closes the file.
type ownedDetached struct {
	*detached
	file *os.File
}

func (d *ownedDetached) Close() error {
	d.detached.Close()
	return d.file.Close()
}
