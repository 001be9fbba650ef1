package amp

import (
	"context"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/credentials"
	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/program"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Probe implements drivers.Driver.
func (d *Driver) Probe(ctx context.Context) drivers.Probe {
	p := program.Probe(ctx, d.opts.Locate, d.opts.Version)
	p.Login, p.LoginDetail = credentials.Login(credentials.AgentAmp, credentials.Options{Getenv: d.opts.Getenv})
	return p
}

// version tells which version a program is. It need not run where its package
// says so, which saves a session half a second.
func (d *Driver) version(ctx context.Context, path string) (string, error) {
	spec := install.Amp()
	if v, ok := spec.Packaged(path); ok {
		return v, nil
	}
	return d.opts.Version(ctx, path)
}

// modeModel stands for the model that a mode brings. Clients of the v0.1 API may
// ask for it by this name.
const modeModel = "amp-default"

// Models implements drivers.Driver. There is nothing to choose: a mode brings
// its model.
func (d *Driver) Models(context.Context) (drivers.Models, error) {
	return drivers.Models{Models: []drivers.Model{{ID: modeModel, Name: "The mode's own"}}, DefaultModel: modeModel}, nil
}

// checkLogin refuses what would wait for a browser: a CLI without a key.
func checkLogin(getenv func(string) string) error {
	login, hint := credentials.Own(credentials.AgentAmp, credentials.Options{Getenv: getenv})
	if login == drivers.LoginNo {
		e := universal.Errorf(universal.KindPermissionDenied, "permission denied: amp has no login: %s", hint)
		e.Agent = agentID
		return e.With("reason", "no_login")
	}
	return nil
}
