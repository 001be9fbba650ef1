//go:build unix

package scratch

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// lockFile makes a file, if it isn't there, and locks it until it is closed or
// the process has ended, however it ends. It fails when somebody else has the
// lock.
func lockFile(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, &os.PathError{Op: "lock", Path: path, Err: err}
	}
	return f, nil
}
