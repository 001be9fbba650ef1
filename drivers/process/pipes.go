package process

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// pipes are the three standard streams of a child, both ends. They are plain
// pipes, not those of os/exec, so that our ends can be polled, have deadlines,
// and stay open after the child has been waited for.
type pipes struct {
	childStdin, childStdout, childStderr *os.File
	stdin, stdout, stderr                *os.File
}

func newPipes() (*pipes, error) {
	var p pipes
	var errs [3]error
	p.childStdin, p.stdin, errs[0] = os.Pipe()
	p.stdout, p.childStdout, errs[1] = os.Pipe()
	p.stderr, p.childStderr, errs[2] = os.Pipe()
	if err := errors.Join(errs[:]...); err != nil {
		p.closeChildEnds()
		p.closeOwnEnds()
		return nil, err
	}
	return &p, nil
}

func (p *pipes) closeChildEnds() { closeAll(p.childStdin, p.childStdout, p.childStderr) }
func (p *pipes) closeOwnEnds()   { closeAll(p.stdin, p.stdout, p.stderr) }

// leftoverLimit bounds what is read of a pipe after all its writers should be
// gone. It is the largest capacity that a pipe can be given without privileges
// on Linux.
const leftoverLimit = 1 << 20

// outlet is our end of a child's stdout or stderr. It ends at the end of the
// stream as usual, or else after finish: a process that can't be reached (one
// that got hold of the pipe from elsewhere) may keep it open for ever.
type outlet struct {
	file     *os.File
	finished atomic.Bool
	left     int // after finish: how much may still be read
}

func newOutlet(file *os.File) *outlet { return &outlet{file: file, left: leftoverLimit} }

// finish lets the reader take what the pipe holds now, and then see io.EOF.
func (o *outlet) finish() {
	o.finished.Store(true)
	_ = o.file.SetReadDeadline(time.Unix(1, 0)) // wakes a blocked reader
}

// Read is for one goroutine. At the end it closes the pipe.
func (o *outlet) Read(b []byte) (int, error) {
	n, err := 0, os.ErrDeadlineExceeded
	if !o.finished.Load() {
		n, err = o.file.Read(b)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		n, err = o.readLeftover(b[:min(len(b), o.left)])
		o.left -= n
	}
	switch {
	case n > 0:
		return n, nil
	case errors.Is(err, os.ErrClosed):
		err = io.EOF
	}
	_ = o.file.Close()
	return 0, err
}
