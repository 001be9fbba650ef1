//go:build unix

package main

import (
	"bufio"
	"errors"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// A server whose terminal goes, which may say so more than once, ends in order.
func TestServerEndsWithItsTerminal(t *testing.T) {
	t.Parallel()
	server := program(t, "server", "--port", "0")
	wantOrderlyEnd(t, server, func() error {
		return errors.Join(server.Process.Signal(syscall.SIGHUP), server.Process.Signal(syscall.SIGHUP))
	})
}

// What was started to outlive its terminal, as nohup does it, is not interrupted
// when that goes.
func TestHangUpIsIgnored(t *testing.T) {
	t.Parallel()
	cmd := program(t, "run", "--agent", "mock", "--mock-pace", "20ms", "demo")
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Path, cmd.Args = shell, append([]string{"sh", "-c", `trap "" HUP; exec "$@"`, "sh"}, cmd.Args...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	if _, err := lines.ReadString('\n'); err != nil { // the turn is running
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(lines)
	if err != nil || !strings.Contains(string(rest), "\ndone in ") {
		t.Errorf("the output ends with %q, %v", rest, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
