package main

import "golang.org/x/sys/unix"

// The requests by which terminals are set up.
const (
	getTermios = unix.TCGETS
	setTermios = unix.TCSETS
)
