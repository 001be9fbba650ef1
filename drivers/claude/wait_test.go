package claude

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// poll is how often something outside of the test is looked at.
const poll = 10 * time.Millisecond

func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(safetyNet)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come", what)
		}
		time.Sleep(poll)
	}
}

// waitFile waits for a file with a number and a newline.
func waitFile(t *testing.T, path string) int {
	t.Helper()
	var n int
	waitFor(t, path, func() bool {
		text, err := os.ReadFile(path)
		if err != nil || !strings.HasSuffix(string(text), "\n") {
			return false
		}
		n, err = strconv.Atoi(strings.TrimSpace(string(text)))
		return err == nil
	})
	return n
}

// waitGone waits for the end of a process.
func waitGone(t *testing.T, pid int) {
	t.Helper()
	waitFor(t, "the end of a command", func() bool {
		p, err := os.FindProcess(pid)
		return err != nil || p.Signal(syscall.Signal(0)) != nil
	})
}
