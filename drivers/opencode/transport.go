package opencode

import (
	"context"
	"fmt"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/environ"
	"github.com/sandbox-agent/sandbox-agent/drivers/opencode/wire"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
)

// Transport is what the driver uses of the agent: of a server the lines of
// package wire, of a short run of the program what it prints. A recording can
// be played back through another.
type Transport interface {
	process.Conversing
	Checkpoint() process.Checkpoint
	// KillMarked kills the commands since c that have a variable in their
	// environment, "NAME=value".
	KillMarked(ctx context.Context, variable string, c process.Checkpoint) (killed int, err error)
}

// Start starts what a Spec of this driver says. A server is returned once it
// listens; it is spoken with in the lines of package wire.
func Start(ctx context.Context, s *process.Supervisor, spec process.Spec) (Transport, error) {
	p, err := s.Start(ctx, spec)
	if err != nil {
		return nil, err
	}
	if len(spec.Args) == 0 || spec.Args[0] != serveCommand {
		return p, nil
	}
	c, err := wire.Connect(ctx, p, wire.Options{Password: environ.Get(spec.Env, passwordVariable), Drop: dropsEvent})
	if err != nil {
		return nil, &notReadyError{exit: p.Exit(), err: err}
	}
	return c, nil
}

// notReadyError tells of a server that did not come to listen.
type notReadyError struct {
	exit process.Exit
	err  error
}

func (e *notReadyError) Error() string { return fmt.Sprintf("wait for the server: %v", e.err) }
func (e *notReadyError) Unwrap() error { return e.err }
