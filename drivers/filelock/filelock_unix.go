//go:build unix

package filelock

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Try makes a file, if it isn't there, and locks it until it is closed or the
// process has ended. The error is [ErrHeld] when somebody else has the lock,
// within this process too. The file itself stays: to remove it would let a
// third process lock a new file of this name while a second one still waits
// for the old.
func Try(path string) (io.Closer, error) {
	return try(path, os.O_CREATE)
}

// TryExisting is [Try] for a file that is there. It makes none: the error is
// [io/fs.ErrNotExist] then.
func TryExisting(path string) (io.Closer, error) {
	return try(path, 0)
}

func try(path string, create int) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|create|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err == nil {
		return f, nil
	}
	_ = f.Close()
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = ErrHeld
	}
	return nil, &os.PathError{Op: "lock", Path: path, Err: err}
}
