package opencode

import (
	"cmp"
	"context"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/credentials"
	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/program"
)

// Probe implements drivers.Driver.
func (d *Driver) Probe(ctx context.Context) drivers.Probe {
	p := program.Probe(ctx, d.opts.Locate, d.opts.Version)
	if p.Installed {
		p.Problem = cmp.Or(d.supported.TooOld(p.Version), p.Problem)
	}
	p.Login, p.LoginDetail = credentials.Login(agentID, credentials.Options{Getenv: d.opts.Getenv})
	return p
}

// version tells which version a program is. It need not run where its package
// says so, which saves a session half a second.
func (d *Driver) version(ctx context.Context, path string) (string, error) {
	spec := install.OpenCode()
	if v, ok := spec.Packaged(path); ok {
		return v, nil
	}
	return d.opts.Version(ctx, path)
}

// ServerStatus implements drivers.ServerReporter.
func (d *Driver) ServerStatus() drivers.ServerStatus { return d.pool.Status() }
