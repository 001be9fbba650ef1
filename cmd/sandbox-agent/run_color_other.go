//go:build !windows

package main

import "os"

// takesColor tells whether a terminal understands ANSI sequences.
func takesColor(*os.File) bool { return true }
