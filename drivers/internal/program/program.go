// Package program is what drivers of programs have in common: the options that
// they are made with, and what there is to say of an agent's program, whether it
// is there and which version it is, why it could not be started and how it has
// ended. Which program it is and how it is spoken with are the driver's to know.
package program

import (
	"context"
	"errors"
	"fmt"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Probe finds the program and asks it for its version. Path is set if there is
// one, Installed if it runs, and Problem says in one line what is in the way. It
// knows nothing of a login.
func Probe(ctx context.Context, locate func() (string, error), version func(ctx context.Context, path string) (string, error)) drivers.Probe {
	path, err := locate()
	if err != nil {
		return drivers.Probe{Problem: problem(err)}
	}
	p := drivers.Probe{Path: path}
	if p.Version, err = version(ctx, path); err != nil {
		p.Problem = fmt.Sprintf("%s can't be run: %v", path, err)
		return p
	}
	p.Installed = true
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

// NotStarted is the error for a program that could not be started, or whose
// start was given up because ctx has ended.
func NotStarted(ctx context.Context, agent string, err error) *universal.Error {
	if ctx.Err() != nil {
		return universal.Timeout("starting %s was given up: %v", agent, context.Cause(ctx)).Because(err)
	}
	e := universal.AgentProcessExited(agent, nil, "").Because(err)
	e.Detail += ": it could not be started: " + err.Error()
	return e
}

// Exit is how a process of the agent has ended, as sinks are told.
func Exit(e process.Exit) drivers.Exit {
	return drivers.Exit{
		Code:   e.Code,
		Signal: e.Signal,
		Err:    e.Err,
		Stderr: universal.Stderr{
			Head:       e.Stderr.Head,
			Tail:       e.Stderr.Tail,
			Truncated:  e.Stderr.Truncated,
			TotalLines: e.Stderr.TotalLines,
		},
	}
}
