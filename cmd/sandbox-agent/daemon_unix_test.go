//go:build unix

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// A daemon that hangs is neither started once more nor forgotten.
func TestDaemonThatHangs(t *testing.T) {
	t.Parallel()
	l := newDaemonLab(t)
	started := l.want("Daemon running (PID", "start")
	pid, err := strconv.Atoi(regexp.MustCompile(`PID (\d+)`).FindStringSubmatch(started)[1])
	if err != nil {
		t.Fatal(err)
	}
	record := daemonRecord{PID: pid, Started: startedAt(pid)}
	signal := func(s syscall.Signal) {
		if err := syscall.Kill(pid, s); err != nil {
			t.Fatal(err)
		}
	}
	signal(syscall.SIGSTOP)
	l.want("Daemon does not answer (PID "+strconv.Itoa(pid), "status")
	if out, failed := l.run("start"); !failed || !strings.Contains(out, "end it with daemon stop") {
		t.Errorf("failed %v, said %q", failed, out)
	}
	signal(syscall.SIGCONT)
	l.want(started, "status")
	l.want("Daemon stopped", "stop")
	if alive(record) {
		t.Errorf("PID %d is still there", pid)
	}
}

// The log is in the file that people are told, wherever a server's log goes.
func TestDaemonLog(t *testing.T) {
	t.Parallel()
	l := newDaemonLab(t)
	elsewhere := filepath.Join(t.TempDir(), "logs")
	l.env = append(l.env, "SANDBOX_AGENT_LOG_DIR="+elsewhere)
	started := l.want("Daemon running (PID", "start")
	file := regexp.MustCompile(`logs: (.*)\)`).FindStringSubmatch(started)[1]
	if log, err := os.ReadFile(file); err != nil || !strings.Contains(string(log), "listening") {
		t.Errorf("%s has %q, %v", file, log, err)
	}
	if _, err := os.Stat(elsewhere); err == nil {
		t.Errorf("there is a log in %s as well", elsewhere)
	}
}
