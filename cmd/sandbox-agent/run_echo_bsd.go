//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package main

import "golang.org/x/sys/unix"

// The requests by which terminals are set up.
const (
	getTermios = unix.TIOCGETA
	setTermios = unix.TIOCSETA
)
