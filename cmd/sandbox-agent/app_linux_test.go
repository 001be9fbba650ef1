package main

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Nothing is said to a person whose head or less has read enough; another
// failed write is told.
func TestReaderOfTheOutputHasGone(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Dup(int(w.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.NewFile(uintptr(fd), os.Stdout.Name())
	for _, f := range []*os.File{r, w} {
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, gone := stdout.WriteString("an answer")
	if code, left := outcome(fmt.Errorf("events: %w", gone)); gone == nil || code != exitFailed || left != nil {
		t.Errorf("%v: exit code %d, says %v", gone, code, left)
	}
	full := &os.PathError{Op: "write", Path: os.Stdout.Name(), Err: syscall.ENOSPC}
	if code, left := outcome(full); code != exitFailed || left == nil {
		t.Errorf("%v: exit code %d, says %v", full, code, left)
	}
	if err := stdout.Close(); err != nil {
		t.Error(err)
	}
}
