//go:build unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// detach keeps the terminal's signals from a program that is to stay.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

func askToEnd(process *os.Process) error { return process.Signal(syscall.SIGTERM) }

// processRuns tells whether there is such a process, also of somebody else.
func processRuns(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
