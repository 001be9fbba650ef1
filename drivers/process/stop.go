package process

import (
	"context"
	"fmt"
	"time"
)

// farewell is a request to stop, with what the caller wants to say first.
type farewell struct {
	ctx     context.Context // of the call that made the request; bounds say only
	goodbye func(context.Context) error
}

// Stop stops the process and everything it has started, in steps: goodbye (the
// agent's own way to end; may be nil), then the end of stdin, then SIGTERM to
// the process group, then SIGKILL. Each step is taken when the one before did
// not end the process in its grace (see [Graces]). Then whatever is left of its
// descendants is killed. It takes less than 2 s in the worst case.
//
// It returns when nothing is left; the error tells what could not be killed.
// When ctx ends, Stop returns at once and the stopping goes on. All calls wait
// for the same end; only the goodbye of the first one counts. The context of
// goodbye ends with ctx, with its grace, and with the process; goodbye has to
// return then.
func (p *Process) Stop(ctx context.Context, goodbye func(context.Context) error) error {
	p.requestStop(farewell{ctx: ctx, goodbye: goodbye})
	select {
	case <-p.done:
		if err := p.exit.Err; err != nil {
			return fmt.Errorf("stop process: %w", err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop process: %w", context.Cause(ctx))
	}
}

// requestStop makes the life of the process go down the ladder.
func (p *Process) requestStop(f farewell) {
	p.stopRequested.Do(func() { p.farewell <- f })
}

// descend goes down the ladder, up to but not including SIGKILL, until the
// process has ended. Before each step it collects the descendants: with the
// process goes what ties them to it.
func (p *Process) descend(f farewell) {
	p.family.look()
	if f.goodbye != nil {
		p.say(f)
	}
	_ = p.CloseInput()
	if p.endsWithin(p.graces.Input) {
		return
	}
	p.family.terminate()
	if p.endsWithin(p.graces.Terminate) {
		return
	}
	p.family.look()
}

// say calls the goodbye, and cancels it when the process has ended.
func (p *Process) say(f farewell) {
	ctx, cancel := context.WithTimeout(f.ctx, p.graces.Goodbye)
	defer cancel()
	said := make(chan struct{})
	go func() { // waited for at the end of say
		defer close(said)
		if err := f.goodbye(ctx); err != nil {
			p.sup.log.Debug("goodbye to a process failed", "pid", p.PID(), "error", err)
		}
	}()
	select {
	case <-said:
		return
	case <-p.exited:
		cancel()
	case <-ctx.Done():
	}
	// A goodbye that is blocked in a write is freed by the end of the input.
	_ = p.CloseInput()
	<-said
}

func (p *Process) endsWithin(grace time.Duration) bool {
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.exited:
		return true
	case <-timer.C:
		return false
	}
}
