package amp

import (
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
)

// Transport is what a session uses of the CLI's process and its side channel;
// [Launch] gives one. A recording can be played back through another.
//
// What is read is what the CLI prints, and between it, as lines of the type
// "channel", what is asked on the side channel. What is written is a message
// for the CLI, or a line of the type "channel_answer" or "channel_end".
type Transport interface{ process.Conversing }
