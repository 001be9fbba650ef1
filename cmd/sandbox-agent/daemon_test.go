package main

import (
	"context"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// daemonLab runs daemon commands with a data directory of their own.
type daemonLab struct {
	t    *testing.T
	port string
	env  []string
}

func newDaemonLab(t *testing.T) *daemonLab {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	l := &daemonLab{t: t, port: freePort(t), env: []string{
		asProgram + "=1", "SELF=" + self, "HOME=" + home, "USERPROFILE=" + home, "PATH=" + os.Getenv("PATH"),
		"SANDBOX_AGENT_DATA_DIR=" + filepath.Join(home, "data"), "SYSTEMROOT=" + os.Getenv("SYSTEMROOT"),
	}}
	t.Cleanup(func() { l.run("stop") })
	return l
}

// freePort finds a port that nobody listens on, out of those that no system
// gives away by itself, as to the next connection that any program makes.
func freePort(t *testing.T) string {
	t.Helper()
	const first, last = 10_000, 30_000
	for range 100 {
		port := strconv.Itoa(first + rand.IntN(last-first))
		listener, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		return port
	}
	t.Fatal("no port is free")
	return ""
}

// run runs a daemon command and returns what it says.
func (l *daemonLab) run(action string, args ...string) (output string, failed bool) {
	l.t.Helper()
	self, err := os.Executable()
	if err != nil {
		l.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // a safety net
	defer cancel()
	cmd := exec.CommandContext(ctx, self, append([]string{"daemon", action, "--port", l.port}, args...)...)
	cmd.Env = l.env
	out, err := cmd.CombinedOutput()
	return string(out), err != nil
}

func (l *daemonLab) want(text, action string, args ...string) string {
	l.t.Helper()
	out, failed := l.run(action, args...)
	if failed || !strings.Contains(out, text) {
		l.t.Errorf("daemon %s %v: failed %v, said %q, want %q in it", action, args, failed, out, text)
	}
	return out
}

func TestDaemon(t *testing.T) {
	l := newDaemonLab(t)
	l.want("Daemon not running", "status")
	l.want("Daemon not running", "stop")
	started := l.want("Daemon running (PID", "start")
	if again := l.want("Daemon running", "start"); again != started {
		t.Errorf("started twice: %q, %q", started, again)
	}
	if status := l.want("Daemon running", "status"); status != started {
		t.Errorf("status: %q", status)
	}
	// The same version is no upgrade.
	if same := l.want("Daemon running", "start", "--upgrade"); same != started {
		t.Errorf("upgraded to the same version: %q", same)
	}
	l.want("Daemon stopped", "stop")
	l.want("Daemon not running", "status")
}

// Whoever asks for a daemon with a token isn't told that it runs when one runs
// that lets in everybody, or only others.
func TestDaemonWithAnotherToken(t *testing.T) {
	l := newDaemonLab(t)
	refused := func(args ...string) {
		t.Helper()
		if out, failed := l.run("start", args...); !failed || !strings.Contains(out, "another token") {
			t.Errorf("start %v: failed %v, said %q", args, failed, out)
		}
	}
	open := l.want("Daemon running (PID", "start")
	l.want(open, "start", "--no-token")
	refused("--token", "mine")
	l.want("Daemon stopped", "stop")
	l.env = append(l.env, tokenVariable+"=mine")
	guarded := l.want("Daemon running (PID", "start")
	l.want(guarded, "start")
	l.want(guarded, "start", "--token", "mine")
	refused("--token", "yours")
	refused("--no-token")
	l.env = l.env[:len(l.env)-1]
	l.want(guarded, "start") // only that one runs was asked for
}

// A daemon that can't start says why, and leaves nothing that looks like one.
func TestDaemonThatFails(t *testing.T) {
	t.Parallel()
	l := newDaemonLab(t)
	if out, failed := l.run("start", "--host", "192.0.2.1", "--no-token"); !failed || !strings.Contains(out, "choose another address") {
		t.Errorf("failed %v, said %q", failed, out)
	}
	// Somebody else's server on the port is left alone.
	listener, err := net.Listen("tcp", "127.0.0.1:"+l.port)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if out, failed := l.run("start"); !failed || !strings.Contains(out, "address already in use") {
		t.Errorf("failed %v, said %q", failed, out)
	}
	l.want("Daemon not running", "status")
}

// Of several that start the daemon at the same time one does, and all say which
// it is; it can be stopped.
func TestDaemonIsStartedOnce(t *testing.T) {
	l := newDaemonLab(t)
	said := make([]string, 4)
	var starts sync.WaitGroup
	for i := range said {
		starts.Go(func() {
			out, failed := l.run("start")
			if said[i] = out; failed {
				t.Errorf("start failed: %s", out)
			}
		})
	}
	starts.Wait()
	for _, out := range said {
		if !strings.Contains(out, "Daemon running (PID") || out != said[0] {
			t.Errorf("said %q, another said %q", out, said[0])
		}
	}
	if status := l.want("Daemon running", "status"); status != said[0] {
		t.Errorf("status: %q", status)
	}
	l.want("Daemon stopped", "stop")
	l.want("Daemon not running", "status")
}
