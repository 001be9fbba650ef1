package main

import (
	"context"
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
	listener, err := net.Listen("tcp", "127.0.0.1:0") // a port that is free just now
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	l := &daemonLab{t: t, port: port, env: []string{
		asProgram + "=1", "SELF=" + self, "HOME=" + home, "USERPROFILE=" + home, "PATH=" + os.Getenv("PATH"),
		"SANDBOX_AGENT_DATA_DIR=" + filepath.Join(home, "data"), "SYSTEMROOT=" + os.Getenv("SYSTEMROOT"),
	}}
	t.Cleanup(func() { l.run("stop") })
	return l
}

// run runs a daemon command and returns what it says.
func (l *daemonLab) run(args ...string) (output string, failed bool) {
	l.t.Helper()
	self, err := os.Executable()
	if err != nil {
		l.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // a safety net
	defer cancel()
	cmd := exec.CommandContext(ctx, self, append([]string{"daemon", args[0], "--port", l.port}, args[1:]...)...)
	cmd.Env = l.env
	out, err := cmd.CombinedOutput()
	return string(out), err != nil
}

func (l *daemonLab) want(text string, args ...string) string {
	l.t.Helper()
	out, failed := l.run(args...)
	if failed || !strings.Contains(out, text) {
		l.t.Errorf("daemon %v: failed %v, said %q, want %q in it", args, failed, out, text)
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

// A daemon that can't start says why, and leaves nothing that looks like one.
func TestDaemonThatFails(t *testing.T) {
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
