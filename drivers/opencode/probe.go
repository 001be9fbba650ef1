package opencode

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
	p := drivers.Probe{}
	p.Login, p.LoginDetail = credentials.Login(agentID, credentials.Options{Getenv: d.opts.Getenv})
	path, err := d.opts.Locate()
	if err != nil {
		p.Problem = problem(err)
		return p
	}
	p.Path = path
	version, err := d.version(ctx, path)
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

// version asks the program, once for each state of its file.
func (d *Driver) version(ctx context.Context, path string) (string, error) {
	ask := func(ctx context.Context) ([]byte, error) {
		return process.Output(ctx, d.launch, process.Spec{
			Path: path, Args: []string{"--version"}, Env: environment(d.opts.Environ(), nil),
		})
	}
	return d.versions.Of(ctx, path, ask, install.Word(0))
}

// ServerStatus implements drivers.ServerReporter.
func (d *Driver) ServerStatus() drivers.ServerStatus { return d.pool.Status() }
