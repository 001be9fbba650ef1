//go:build unix

package process

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// readLeftover reads what the pipe holds, without waiting; nothing is io.EOF.
func (o *outlet) readLeftover(b []byte) (n int, err error) {
	if len(b) == 0 {
		return 0, io.EOF
	}
	conn, err := o.file.SyscallConn()
	if err != nil {
		return 0, err
	}
	if failed := conn.Control(func(fd uintptr) {
		for {
			if n, err = unix.Read(int(fd), b); !errors.Is(err, unix.EINTR) {
				return
			}
		}
	}); failed != nil {
		return 0, failed
	}
	if n <= 0 {
		return 0, io.EOF // also when there is nothing now (EAGAIN)
	}
	return n, nil
}

// signalOf names the signal that ended a process.
func signalOf(state *os.ProcessState) string {
	status, ok := state.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return ""
	}
	return unix.SignalName(status.Signal())
}
