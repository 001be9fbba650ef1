package process

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// signal sends a signal to exactly this process. One that has ended is not an
// error.
func (id ident) signal(sig unix.Signal) error {
	// The descriptor holds on to whichever process has the pid now; the start
	// time then tells whether that is the one.
	fd, err := unix.PidfdOpen(id.pid, 0)
	if err == nil {
		defer unix.Close(fd)
	}
	if !id.alive() {
		return nil
	}
	if err == nil {
		err = unix.PidfdSendSignal(fd, sig, nil, 0)
	}
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.EINVAL) {
		// No pidfd in this kernel or this sandbox.
		err = unix.Kill(id.pid, sig)
	}
	if err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("signal process %d: %w", id.pid, err)
	}
	return nil
}

// alive tells whether the process exists and is not a zombie.
func (id ident) alive() bool {
	p, _, ok := readStat(id.pid, nil)
	return ok && p.ident == id && !p.zombie
}
