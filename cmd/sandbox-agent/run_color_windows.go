package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// takesColor switches a console to ANSI sequences, where it can.
func takesColor(f *os.File) bool {
	var mode uint32
	handle := windows.Handle(f.Fd())
	if windows.GetConsoleMode(handle, &mode) != nil {
		return false
	}
	return windows.SetConsoleMode(handle, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
