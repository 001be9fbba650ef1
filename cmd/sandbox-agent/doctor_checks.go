package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
)

// doctorReport is what was found; its JSON is the output of doctor.
type doctorReport struct {
	Version  string `json:"version"`
	Platform string `json:"platform"` // such as linux/amd64
	// Ready says that at least one agent other than the mock can run: it is
	// installed, and it isn't known to lack a login.
	Ready       bool         `json:"ready"`
	Agents      []agentCheck `json:"agents"`
	Tools       []check      `json:"tools"` // what agents are installed with
	Supervision check        `json:"supervision"`
	TempDir     check        `json:"tempDir"`
	DataDir     check        `json:"dataDir"`
}

// agentCheck is what is known of an agent.
type agentCheck struct {
	ID        string        `json:"id"`
	Name      string        `json:"name"`
	Ready     bool          `json:"ready"`
	Installed bool          `json:"installed"`
	Path      string        `json:"path,omitempty"`
	Version   string        `json:"version,omitempty"`
	Login     drivers.Login `json:"login"` // yes, no or unknown
	// LoginDetail says where the login comes from, or how to get one.
	LoginDetail string `json:"loginDetail,omitempty"`
	Problem     string `json:"problem,omitempty"`
}

// check is one thing that was looked at.
type check struct {
	Name    string `json:"name"`
	OK      bool   `json:"ok"`
	Path    string `json:"path,omitempty"`
	Version string `json:"version,omitempty"`
	Detail  string `json:"detail,omitempty"` // what works, or what is wrong and what to do
}

// examine looks at everything, at the same time.
func examine(ctx context.Context, log *slog.Logger) *doctorReport {
	r := &doctorReport{Version: version, Platform: runtime.GOOS + "/" + runtime.GOARCH, Tools: make([]check, 2)}
	supervisor, err := process.New(process.Options{Logger: log})
	r.Supervision = supervision(supervisor, err)
	var wg sync.WaitGroup
	// Probing starts no supervised process, so a nil supervisor is no hindrance.
	all := agentDrivers(supervisor, bridgeOptions{log: log})
	r.Agents = make([]agentCheck, len(all))
	for i, d := range all {
		wg.Go(func() { r.Agents[i] = checkAgent(ctx, d) })
	}
	for i, tool := range []struct{ name, use string }{
		{"node", "some agents need it to run"},
		{"npm", "agents are installed with it"},
	} {
		wg.Go(func() { r.Tools[i] = checkTool(ctx, tool.name, tool.use) })
	}
	r.TempDir = checkTempDir()
	r.DataDir = checkDataDir()
	wg.Wait()
	for _, a := range r.Agents {
		r.Ready = r.Ready || a.Ready && a.ID != mock.ID
	}
	r.Ready = r.Ready && r.Supervision.OK && r.TempDir.OK
	if supervisor != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		if err := supervisor.Close(ctx); err != nil {
			log.Warn("doctor: the supervisor did not end", "error", err)
		}
	}
	return r
}

func checkAgent(ctx context.Context, d drivers.Driver) agentCheck {
	info, probe := d.Info(), d.Probe(ctx)
	return agentCheck{
		ID: info.ID, Name: info.Name,
		Ready:     probe.Installed && probe.Problem == "" && probe.Login != drivers.LoginNo,
		Installed: probe.Installed, Path: probe.Path, Version: probe.Version,
		Login: probe.Login, LoginDetail: probe.LoginDetail, Problem: probe.Problem,
	}
}

// toolWait bounds the time in which a tool tells its version.
const toolWait = 10 * time.Second

func checkTool(ctx context.Context, name, use string) check {
	c := check{Name: name}
	path, err := exec.LookPath(name)
	if err != nil {
		c.Detail = "not found in PATH; " + use
		return c
	}
	c.Path = path
	ctx, cancel := context.WithTimeout(ctx, toolWait)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "--version")
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		c.Detail = fmt.Sprintf("it can't be run: %v", err)
		return c
	}
	c.OK, c.Version = true, strings.TrimPrefix(strings.TrimSpace(string(out)), "v")
	return c
}

// supervision says what becomes of an agent's processes on this system.
func supervision(supervisor *process.Supervisor, err error) check {
	c := check{Name: "process supervision"}
	if err != nil {
		c.Detail = err.Error()
		return c
	}
	c.OK = true
	switch runtime.GOOS {
	case "linux":
		if _, err := process.Marked(supervisor.Mark()); err != nil {
			c.Detail = fmt.Sprintf("partly: /proc can't be read (%v), so commands that leave their agent's session may outlive it", err)
			return c
		}
		c.Detail = "whatever an agent starts ends with it, daemons included, also when the bridge is killed"
	case "windows":
		c.Detail = "whatever an agent starts ends with it, in a job object"
	default:
		c.Detail = "an agent's process group ends with it; commands that leave the group (setsid) may outlive it"
	}
	return c
}

// checkTempDir writes a file where events are kept that don't fit in memory.
func checkTempDir() check {
	c := check{Name: "temporary directory", Path: os.TempDir()}
	f, err := os.CreateTemp("", "sandbox-agent-doctor-*")
	if err != nil {
		c.Detail = fmt.Sprintf("nothing can be written there: %v; set TMPDIR to another", err)
		return c
	}
	_, err = f.WriteString("x")
	if err = errors.Join(err, f.Close(), os.Remove(f.Name())); err != nil {
		c.Detail = fmt.Sprintf("nothing can be written there: %v; set TMPDIR to another", err)
		return c
	}
	c.OK = true
	return c
}

// checkDataDir says where the bridge's own agents would be. It need not exist.
func checkDataDir() check {
	c := check{Name: "data directory"}
	dir, err := install.DataDir(os.Getenv)
	if err != nil {
		c.Detail = err.Error()
		return c
	}
	c.Path, c.OK = dir, true
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		c.Detail = "not there yet"
	}
	return c
}
