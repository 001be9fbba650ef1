package amp

import (
	"context"
	"errors"
	"fmt"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/credentials"
	"github.com/sandbox-agent/sandbox-agent/drivers/install"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Probe implements drivers.Driver.
func (d *Driver) Probe(ctx context.Context) drivers.Probe {
	var p drivers.Probe
	p.Login, p.LoginDetail = credentials.Login(credentials.AgentAmp, credentials.Options{Getenv: d.opts.Getenv})
	path, err := d.opts.Locate()
	if err != nil {
		p.Problem = problem(err)
		return p
	}
	p.Path = path
	version, err := d.opts.Version(ctx, path)
	if err != nil {
		p.Problem = fmt.Sprintf("%s can't be run: %v", path, err)
		return p
	}
	p.Installed, p.Version = true, version
	return p
}

// problem is an error's text, with its hint.
func problem(err error) string {
	var e *universal.Error
	if errors.As(err, &e) {
		if hint, ok := e.Details["message"].(string); ok {
			return e.Detail + ": " + hint
		}
	}
	return err.Error()
}

// askVersion asks the program, once for each state of its file.
func (d *Driver) askVersion(ctx context.Context, path string) (string, error) {
	return d.versions.Of(ctx, path, func(ctx context.Context) ([]byte, error) {
		return process.Output(ctx, d.launch, process.Spec{
			Path: path, Args: []string{"--version"}, Env: environment(d.opts.Environ(), nil),
		})
	}, install.Word(0))
}

// Models implements drivers.Driver. There are none to choose from: a mode
// brings its model.
func (d *Driver) Models(context.Context) (drivers.Models, error) { return drivers.Models{}, nil }

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
