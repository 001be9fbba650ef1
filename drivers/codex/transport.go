package codex

import (
	"context"

	"github.com/sandbox-agent/sandbox-agent/drivers/process"
)

// Transport is what the driver uses of the agent's process; *process.Process is
// one. A recording can be played back through another.
type Transport interface {
	// Write hands the agent whole lines.
	Write(lines []byte) error
	// ReadLine returns the next line, which is valid until the next call that
	// is not announced by more; it ends with an error.
	ReadLine() (line []byte, more bool, err error)
	Checkpoint() process.Checkpoint
	// KillMarked kills the commands since c that have a variable in their
	// environment, "NAME=value".
	KillMarked(ctx context.Context, variable string, c process.Checkpoint) (killed int, err error)
	Stop(ctx context.Context, goodbye func(context.Context) error) error
	// Done is closed when the agent and all it started is gone; then Exit says
	// how it ended.
	Done() <-chan struct{}
	Exit() process.Exit
}

// Directions of a traced line.
const (
	TraceIn  = "in"  // written by us
	TraceOut = "out" // printed by the agent
)
