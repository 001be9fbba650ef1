package codex

import (
	"context"

	"github.com/sandbox-agent/sandbox-agent/drivers/process"
)

// Transport is what the driver uses of the agent's process; *process.Process is
// one. A recording can be played back through another.
type Transport interface {
	process.Conversing
	Checkpoint() process.Checkpoint
	// KillMarked kills the commands since c that have a variable in their
	// environment, "NAME=value".
	KillMarked(ctx context.Context, variable string, c process.Checkpoint) (killed int, err error)
}
