package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

var (
	// ErrExited tells that the process has ended.
	ErrExited = errors.New("process has exited")

	// ErrInputClosed tells that stdin takes nothing any more: it was closed by
	// [Process.CloseInput] or [Process.Stop], or by the process, which most often
	// means that it is about to end.
	ErrInputClosed = errors.New("input of the process is closed")
)

// sweepLimit bounds how long the descendants of a process that has ended, and a
// process that got SIGKILL, are waited for. Only what the kernel can't kill
// takes so long.
const sweepLimit = 2 * time.Second

// Process is a process that the [Supervisor] started. Its methods are safe for
// concurrent use, [Process.ReadLine] by one goroutine at a time.
type Process struct {
	sup    *Supervisor
	cmd    *exec.Cmd
	family *family
	graces Graces

	stdin       *os.File
	writing     chan struct{} // holds a token while a message is written
	inputClosed chan struct{}
	closeInput  sync.Once

	stdout     *outlet
	lines      *lineReader
	stderr     *excerpt
	stderrPipe *outlet

	stopRequested sync.Once
	farewell      chan farewell // the request to stop; one at most

	exited  chan struct{} // closed by wait, after it has set waitErr
	waitErr error
	done    chan struct{} // closed by live, after it has set exit
	exit    Exit
}

func newProcess(s *Supervisor, cmd *exec.Cmd, spec Spec, pipes *pipes, family *family) *Process {
	longest := spec.MaxLine
	if longest <= 0 {
		longest = DefaultMaxLine
	}
	stdout := newOutlet(pipes.stdout)
	return &Process{
		sup:         s,
		cmd:         cmd,
		family:      family,
		graces:      spec.Graces.orDefault(),
		stdin:       pipes.stdin,
		writing:     make(chan struct{}, 1),
		inputClosed: make(chan struct{}),
		stdout:      stdout,
		lines:       newLineReader(stdout, longest),
		stderr:      newExcerpt(),
		stderrPipe:  newOutlet(pipes.stderr),
		farewell:    make(chan farewell, 1),
		exited:      make(chan struct{}),
		done:        make(chan struct{}),
	}
}

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Mark is the mark of the process; see [MarkVariable] and [Marked].
func (p *Process) Mark() string { return p.sup.bridge + "." + p.family.mark }

// Write writes a whole message to stdin; messages of concurrent calls don't
// mix. It blocks while the process doesn't read, until the process ends
// ([ErrExited]) or the input is closed ([ErrInputClosed]). After either of these
// errors the process has not got the whole message.
func (p *Process) Write(b []byte) error {
	if err := p.writable(); err != nil {
		return err
	}
	if p.Dying() {
		return ErrExited
	}
	select {
	case p.writing <- struct{}{}:
	case <-p.exited:
		return ErrExited
	case <-p.inputClosed:
		return p.writable()
	}
	_, err := p.stdin.Write(b)
	<-p.writing
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrClosed):
		return p.writable()
	case errors.Is(err, syscall.EPIPE):
		return ErrInputClosed
	default:
		return fmt.Errorf("write to process: %w", err)
	}
}

// writable tells why nothing can be written, if so.
func (p *Process) writable() error {
	select {
	case <-p.exited:
		return ErrExited
	default:
	}
	select {
	case <-p.inputClosed:
		return ErrInputClosed
	default:
		return nil
	}
}

// CloseInput closes stdin and frees writes that are blocked. Further calls do
// nothing.
func (p *Process) CloseInput() error {
	var err error
	p.closeInput.Do(func() {
		close(p.inputClosed)
		err = p.stdin.Close()
	})
	return err
}

// ReadLine returns the next line of stdout without its end, "\n" or "\r\n". The
// slice is valid until the next call. more tells that another complete line is
// in memory, so that a caller can hand on lines in batches. A last line without
// an end is a line. The end of stdout is io.EOF; it comes after the last line
// that the process wrote, also when the process was stopped. [ErrLineTooLong]
// stands for one line that was skipped; reading may go on.
//
// A caller has to read to the end: a process blocks when nobody reads, and the
// pipe is closed at the end only.
func (p *Process) ReadLine() (line []byte, more bool, err error) {
	return p.lines.next()
}

// Done is closed when the process has been reaped and everything that it had
// started is gone. What it wrote before can still be read with ReadLine.
func (p *Process) Done() <-chan struct{} { return p.done }

// Exit tells how the process ended. It is valid after [Process.Done] was
// closed; before, it is the zero value.
func (p *Process) Exit() Exit {
	select {
	case <-p.done:
		return p.exit
	default:
		return Exit{}
	}
}

// Stderr is the excerpt of stderr so far.
func (p *Process) Stderr() Stderr { return p.stderr.snapshot() }

// Checkpoint remembers now, for [Process.KillSince]. It costs little.
func (p *Process) Checkpoint() Checkpoint { return now() }

// KillSince kills, with SIGKILL, what the process has started since c outside
// of its own Unix session, and what came from that, until nothing of it is
// left. These are the commands that an agent runs for the model: agents start
// each in a session of its own. The process itself and helpers in its own
// session, such as MCP servers, live on; so do commands from before c with all
// that they start, also later.
//
// killed counts the processes that were sent the signal. The error is that of
// ctx when it ended first, or tells what can't be killed; on systems other than
// Linux it is [errors.ErrUnsupported].
func (p *Process) KillSince(ctx context.Context, c Checkpoint) (killed int, err error) {
	select {
	case <-p.done:
		return 0, nil // nothing is left
	default:
	}
	killed, err = p.family.killSince(ctx, c)
	if err != nil {
		return killed, fmt.Errorf("kill commands of the process: %w", err)
	}
	return killed, nil
}

// KillMarked kills, as KillSince does, only what has a variable, "NAME=value",
// in its environment, and what came from that. So the commands of one session
// of an agent that serves several can be told from those of the others, if the
// agent gives its commands such a variable. Since the variable tells what is
// meant, helpers in the process's own Unix session are killed too when they
// have it.
func (p *Process) KillMarked(ctx context.Context, variable string, c Checkpoint) (killed int, err error) {
	select {
	case <-p.done:
		return 0, nil // nothing is left
	default:
	}
	killed, err = p.family.killMarked(ctx, variable, c)
	if err != nil {
		return killed, fmt.Errorf("kill commands of the process with %s: %w", variable, err)
	}
	return killed, nil
}

// wait ends when the process has ended. It frees blocked writes.
func (p *Process) wait() {
	awaitExit(p.PID())
	p.waitErr = p.cmd.Wait()
	close(p.exited)
	_ = p.CloseInput()
}

// live is the life of the process: it ends, or is stopped, and then everything
// that it has started is removed.
func (p *Process) live() {
	select {
	case <-p.exited:
	case f := <-p.farewell:
		p.descend(f)
	}
	ctx, cancel := context.WithTimeout(context.Background(), sweepLimit)
	defer cancel()
	err := p.family.sweep(ctx)
	select {
	case <-p.exited:
		p.exit = exitOf(p.cmd.ProcessState, p.waitErr)
	case <-ctx.Done():
		err = errors.Join(err, fmt.Errorf("process %d does not die of SIGKILL", p.PID()))
	}
	if err != nil {
		p.exit.Err = errors.Join(p.exit.Err, fmt.Errorf("remove what the process has started: %w", err))
		p.sup.log.Warn("processes are left behind", "pid", p.PID(), "error", err)
	}
	p.stdout.finish()
	p.stderrPipe.finish()
	select {
	case <-p.stderr.complete:
	case <-time.After(sweepLimit): // a writer out of reach, where pipes can't be polled
	}
	p.exit.Stderr = p.stderr.snapshot()
	_ = p.sup.spawner.do(context.Background(), func() error {
		p.sup.guard.forget(p.family.agent)
		return nil
	})
	p.family.leave()
	close(p.done)
	p.sup.unregister(p)
}

// exitOf translates what os/exec tells.
func exitOf(state *os.ProcessState, waitErr error) Exit {
	var e Exit
	if _, ok := errors.AsType[*exec.ExitError](waitErr); waitErr != nil && !ok {
		e.Err = waitErr
	}
	if state == nil {
		return e
	}
	if e.Signal = signalOf(state); e.Signal == "" {
		code := state.ExitCode()
		e.Code = &code
	}
	return e
}
