//go:build unix

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// setEcho makes a terminal show what is typed, or not. What isn't a terminal
// shows nothing anyway.
func setEcho(f *os.File, on bool) {
	state, err := unix.IoctlGetTermios(int(f.Fd()), getTermios)
	if err != nil {
		return
	}
	if on {
		state.Lflag |= unix.ECHO
	} else {
		state.Lflag &^= unix.ECHO
	}
	_ = unix.IoctlSetTermios(int(f.Fd()), setTermios, state)
}
