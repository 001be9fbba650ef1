package process

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Printing is what [Output] uses of a process; *Process is one.
type Printing interface {
	LineReader
	Stop(ctx context.Context, goodbye func(context.Context) error) error
	Exit() Exit
}

// Conversing is a program that is spoken with in lines; *Process is one, and a
// recording that is played back can be another.
type Conversing interface {
	Printing
	// Write hands the program whole lines.
	Write(lines []byte) error
	// Done is closed when the program and all it started is gone; then Exit says
	// how it ended.
	Done() <-chan struct{}
}

// OutputWait bounds a run of a program for a short answer, which takes a
// fraction of a second, or a second for the slowest of them; a machine that is
// busy with much else takes many times as long.
const OutputWait = 30 * time.Second

// maxOutput bounds what is kept of an answer, in bytes.
const maxOutput = 64 << 10

// Output starts a program for a short answer and returns what it printed on
// stdout, at most 64 KiB of it. When it returns, nothing of the program is
// left. The error tells of a program that could not be started, that took
// longer than [OutputWait], or that ended with a signal or an exit code other
// than 0, with the first line of what it said on stderr; what it printed is
// returned nevertheless.
func Output[P Printing](ctx context.Context, start func(context.Context, Spec) (P, error), spec Spec) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, OutputWait, fmt.Errorf("it did not answer within %v", OutputWait))
	defer cancel()
	spec.MaxLine = maxOutput
	spec.Graces = Graces{Input: 200 * time.Millisecond, Terminate: 200 * time.Millisecond}
	p, err := start(ctx, spec)
	if err != nil {
		return nil, err
	}
	read := make(chan struct{})
	stopped := make(chan error, 1)
	go func() {
		select {
		case <-read: // what has no more to say has ended, or is about to
		case <-ctx.Done():
		}
		stopped <- p.Stop(context.WithoutCancel(ctx), nil)
	}()
	answer := readOutput(p)
	close(read)
	err = <-stopped
	exit := p.Exit()
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case exit.Signal != "":
		err = errors.Join(err, fmt.Errorf("signal %s", exit.Signal))
	case exit.Code != nil && *exit.Code != 0:
		err = errors.Join(err, fmt.Errorf("exit status %d", *exit.Code))
	}
	said, _, _ := strings.Cut(strings.TrimSpace(exit.Stderr.Head), "\n")
	if err != nil && said != "" {
		err = fmt.Errorf("%w: %s", err, said)
	}
	return answer, err
}

// readOutput reads to the end, and keeps as much as an answer may have.
func readOutput(p Printing) []byte {
	var answer []byte
	for {
		line, _, err := p.ReadLine()
		switch {
		case err == nil && len(answer)+len(line) < maxOutput:
			answer = append(append(answer, line...), '\n')
		case err != nil && !errors.Is(err, ErrLineTooLong):
			return answer
		}
	}
}
