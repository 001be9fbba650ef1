package claude

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/credentials"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
)

// probeScript makes a driver whose agent is a shell script.
func probeScript(t *testing.T, script string) (d *Driver, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "claude")
	if err := os.WriteFile(path, []byte("#!/bin/sh\ncd \"$(dirname \"$0\")\"\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	supervisor, err := process.New(process.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := supervisor.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return New(Options{
		Supervisor: supervisor,
		Locate:     func() (string, error) { return path, nil },
		Environ:    func() []string { return []string{"PATH=" + os.Getenv("PATH")} },
		Getenv:     func(name string) string { return map[string]string{"HOME": filepath.Dir(path)}[name] },
	}), path
}

// A probe that is given up leaves nothing running, not even what has left its
// process group.
func TestProbeLeavesNothing(t *testing.T) {
	d, path := probeScript(t, "setsid sh -c 'echo $$ > pid; while true; do sleep 1; done' &\nwhile true; do sleep 1; done\n")
	ctx, cancel := context.WithCancel(t.Context())
	probed := make(chan drivers.Probe)
	go func() { probed <- d.Probe(ctx) }()
	pid := waitFile(t, filepath.Join(filepath.Dir(path), "pid"))
	cancel()
	if p := <-probed; p.Installed || !strings.Contains(p.Problem, "canceled") {
		t.Errorf("probe: %+v", p)
	}
	waitGone(t, pid)
}

// The program is asked for its version once, until the file changes.
func TestProbeRemembersTheVersion(t *testing.T) {
	d, path := probeScript(t, "case $1 in --version) echo x >> asked; echo '1.2.3 (Claude Code)';; *) echo '{\"loggedIn\":false}'; exit 1;; esac\n")
	_, hint := credentials.Own(agentID, credentials.Options{Getenv: d.opts.Getenv})
	check := func(asked int) {
		t.Helper()
		want := drivers.Probe{Installed: true, Version: "1.2.3", Path: path, Login: drivers.LoginNo, LoginDetail: hint}
		if got := d.Probe(t.Context()); got != want {
			t.Errorf("probe: %+v, want %+v", got, want)
		}
		text, err := os.ReadFile(filepath.Join(filepath.Dir(path), "asked"))
		if got := strings.Count(string(text), "x"); err != nil || got != asked {
			t.Errorf("the program was asked %d times (%v), want %d", got, err, asked)
		}
	}
	check(1)
	check(1)
	changed := time.Unix(1_000_000_000, 0)
	if err := os.Chtimes(path, changed, changed); err != nil {
		t.Fatal(err)
	}
	check(2)
}

func TestProbeOfABrokenProgram(t *testing.T) {
	d, _ := probeScript(t, "echo 'no good' >&2; exit 3\n")
	p := d.Probe(t.Context())
	if p.Installed || !strings.Contains(p.Problem, "exit status 3: no good") {
		t.Errorf("probe: %+v", p)
	}
}
