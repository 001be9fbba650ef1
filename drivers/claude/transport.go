package claude

import (
	"context"

	"github.com/sandbox-agent/sandbox-agent/drivers/process"
)

// Transport is what a session uses of the agent's process; *process.Process is
// one. A recording can be played back through another.
type Transport interface {
	process.Conversing
	Checkpoint() process.Checkpoint
	KillSince(ctx context.Context, c process.Checkpoint) (killed int, err error)
}
