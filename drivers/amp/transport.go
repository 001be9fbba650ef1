package amp

import (
	"context"

	"github.com/sandbox-agent/sandbox-agent/drivers/process"
)

// Transport is what a session uses of the CLI's process and its side channel;
// [Launch] gives one. A recording can be played back through another.
//
// What is read is what the CLI prints, and between it, as lines of the type
// "channel", what is asked on the side channel. What is written is a message
// for the CLI, or a line of the type "channel_answer" or "channel_end".
type Transport interface {
	// Write hands over whole lines.
	Write(lines []byte) error
	// ReadLine returns the next line, which is valid until the next call; it
	// ends with an error.
	ReadLine() (line []byte, more bool, err error)
	Stop(ctx context.Context, goodbye func(context.Context) error) error
	// Done is closed when the CLI and all it started is gone; then Exit says
	// how it ended.
	Done() <-chan struct{}
	Exit() process.Exit
}

// Directions of a traced line.
const (
	TraceIn  = "in"  // written by us
	TraceOut = "out" // printed by the CLI or asked on the side channel
)
