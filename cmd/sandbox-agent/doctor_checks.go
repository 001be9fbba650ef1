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
	"github.com/sandbox-agent/sandbox-agent/drivers/credentials"
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
	Ready  bool         `json:"ready"`
	Agents []agentCheck `json:"agents"`
	// Credentials are those that were found, with redacted secrets.
	Credentials []*credentialView `json:"credentials"`
	// CredentialProblems are the places where something is that can't be used.
	CredentialProblems []string `json:"credentialProblems,omitempty"`
	Tools              []check  `json:"tools"` // what agents may need
	Supervision        check    `json:"supervision"`
	TempDir            check    `json:"tempDir"`
	DataDir            check    `json:"dataDir"`
	Registry           check    `json:"registry"` // where agents are installed from
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
	// TestedVersion is the version that this bridge was tested with.
	TestedVersion string `json:"testedVersion,omitempty"`
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
	all := agentDrivers(supervisor, bridgeOptions{log: log})
	r.Agents = make([]agentCheck, len(all))
	for i, d := range all {
		if supervisor == nil { // agents can't be asked anything
			info := d.Info()
			r.Agents[i] = agentCheck{ID: info.ID, Name: info.Name, Login: drivers.LoginUnknown, Problem: r.Supervision.Detail}
			continue
		}
		wg.Go(func() { r.Agents[i] = checkAgent(ctx, d) })
	}
	for i, tool := range []struct{ name, use string }{
		{"node", "versions of Amp before September 2026 need it to run"},
		{"npm", "it would tell which registry agents are installed from where nothing else does"},
	} {
		wg.Go(func() { r.Tools[i] = checkTool(ctx, tool.name, tool.use) })
	}
	wg.Go(func() { r.Registry = checkRegistry(ctx) })
	r.checkCredentials()
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
	program, _ := install.Find(info.ID) // none for the mock
	return agentCheck{
		ID: info.ID, Name: info.Name,
		Ready:     probe.Installed && probe.Problem == "" && probe.Login != drivers.LoginNo,
		Installed: probe.Installed, Path: probe.Path, Version: probe.Version,
		Login: probe.Login, LoginDetail: probe.LoginDetail, Problem: probe.Problem,
		TestedVersion: program.Version,
	}
}

// checkCredentials looks for all credentials; which of them an agent uses, its
// own check says.
func (r *doctorReport) checkCredentials() {
	set := credentials.Find(credentials.Options{})
	r.Credentials = []*credentialView{}
	for _, c := range set.All() {
		r.Credentials = append(r.Credentials, viewCredential(&c, false))
	}
	for _, p := range set.Problems {
		r.CredentialProblems = append(r.CredentialProblems, p.String())
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

// checkDataDir says where the bridge's own agents are. It need not exist.
func checkDataDir() check {
	c := check{Name: "data directory"}
	dir, err := install.DataDir(os.Getenv)
	if err != nil {
		c.Detail = err.Error()
		return c
	}
	c.Path = dir
	f, err := os.CreateTemp(dir, ".doctor-*")
	switch {
	case errors.Is(err, os.ErrNotExist):
		c.OK, c.Detail = true, "not there yet"
		return c
	case err == nil:
		err = errors.Join(f.Close(), os.Remove(f.Name()))
	}
	if err != nil {
		c.Detail = fmt.Sprintf("agents can't be installed there: %v; set %s to another", err, install.DataDirVariable)
		return c
	}
	c.OK = true
	return c
}

// checkRegistry says where agents would be installed from, without asking
// whether anybody is there.
func checkRegistry(ctx context.Context) check {
	c := check{Name: "npm registry"}
	var err error
	c.Path, err = install.Registry(ctx, os.Environ())
	switch {
	case err != nil:
		c.Detail = err.Error()
	case c.Path == "":
		c.Detail = "none is known, so no agent can be installed; set npm_config_registry to the address of one"
	default:
		c.OK, c.Detail = true, "agents are installed from it"
	}
	return c
}
