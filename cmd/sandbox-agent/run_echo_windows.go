package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// setEcho makes a console show what is typed, or not. What isn't a console
// shows nothing anyway.
func setEcho(f *os.File, on bool) {
	var mode uint32
	handle := windows.Handle(f.Fd())
	if windows.GetConsoleMode(handle, &mode) != nil {
		return
	}
	if on {
		mode |= windows.ENABLE_ECHO_INPUT
	} else {
		mode &^= windows.ENABLE_ECHO_INPUT
	}
	_ = windows.SetConsoleMode(handle, mode)
}
