package process

import (
	"io"
	"time"
)

// DefaultMaxLine is the longest line of stdout, in bytes, unless a [Spec] says
// otherwise.
const DefaultMaxLine = 256 << 20

// Spec tells what to start and how.
type Spec struct {
	// Path is the program. A name without a slash is looked up in the bridge's
	// PATH. Args doesn't contain the program's name.
	Path string
	Args []string

	// Dir is the working directory; empty means the bridge's own.
	Dir string

	// Env is the complete environment as "NAME=value". Nothing is inherited
	// from the bridge but its mark; the process's own mark is added to it.
	Env []string

	// MaxLine is the longest line of stdout in bytes. A longer one is skipped
	// and reported as [ErrLineTooLong]. Zero means [DefaultMaxLine].
	MaxLine int

	// Graces are the waiting times of the stop ladder.
	Graces Graces
}

// Graces tells how long each step of [Process.Stop] waits for the process to
// end before the next step. Zero means the default; a negative value skips the
// waiting.
type Graces struct {
	Goodbye   time.Duration // for the goodbye function to return; 400 ms
	Input     time.Duration // after stdin was closed; 700 ms
	Terminate time.Duration // after SIGTERM; 400 ms
}

func (g Graces) orDefault() Graces {
	for _, d := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&g.Goodbye, 400 * time.Millisecond},
		{&g.Input, 700 * time.Millisecond},
		{&g.Terminate, 400 * time.Millisecond},
	} {
		if *d.value == 0 {
			*d.value = d.fallback
		}
	}
	return g
}

// Exit tells how a process ended.
type Exit struct {
	// Code is the exit code; nil when a signal ended the process, or when it
	// is not known.
	Code *int

	// Signal is the name of the signal that ended the process, such as
	// "SIGKILL", or empty.
	Signal string

	// Err tells what went wrong in waiting for the process or in clearing up
	// after it, for instance a descendant that could not be killed. An exit
	// code other than 0 is not an error.
	Err error

	// Stderr is the excerpt of what the process wrote to stderr.
	Stderr Stderr
}

// closeAll closes what is not nil; errors don't matter for pipe ends.
func closeAll[C interface {
	comparable
	io.Closer
}](closers ...C) {
	var none C
	for _, c := range closers {
		if c != none {
			_ = c.Close()
		}
	}
}
