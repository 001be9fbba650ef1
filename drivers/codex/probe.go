package codex

import (
	"cmp"
	"context"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/credentials"
	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/program"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
)

// Probe implements drivers.Driver.
func (d *Driver) Probe(ctx context.Context) drivers.Probe {
	p := program.Probe(ctx, d.opts.Locate, d.version)
	if p.Installed {
		p.Problem = cmp.Or(d.supported.TooOld(p.Version), p.Problem)
	}
	p.Login, p.LoginDetail = credentials.Login(agentID, credentials.Options{Getenv: d.opts.Getenv})
	return p
}

// version asks the program, once for each state of its file. It prints
// "codex-cli 0.169.0".
func (d *Driver) version(ctx context.Context, path string) (string, error) {
	ask := func(ctx context.Context) ([]byte, error) {
		return process.Output(ctx, d.launch, process.Spec{
			Path: path,
			Args: []string{"--version"},
			Env:  environment(d.opts.Environ(), nil),
		})
	}
	return d.versions.Of(ctx, path, ask, install.Word(1))
}

// ServerStatus implements drivers.ServerReporter.
func (d *Driver) ServerStatus() drivers.ServerStatus { return d.servers.Status() }
