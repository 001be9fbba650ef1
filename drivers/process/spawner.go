package process

import (
	"context"
	"runtime"
	"time"
)

// reapDelay is the time between the death of some child and the look for
// adopted zombies, and between two such looks. Children of our own are waited
// for at once, so one that is a zombie for that long belongs to nobody.
const reapDelay = time.Second

// spawner runs functions one after the other on one operating system thread.
// All children are started there: the signal that the kernel sends to a child
// whose parent dies (PR_SET_PDEATHSIG) is sent when the *thread* that started
// the child ends, and Go ends threads as it likes unless they are locked. And
// adopted zombies are reaped there, since a pid can't become one of a child of
// ours while no child is being started.
type spawner struct {
	requests chan func()
	quit     chan struct{}
	ended    chan struct{} // closed when the goroutine has ended
}

func newSpawner(h *host) *spawner {
	s := &spawner{
		requests: make(chan func()),
		quit:     make(chan struct{}),
		ended:    make(chan struct{}),
	}
	go s.run(h)
	return s
}

// run ends when close is called.
func (s *spawner) run(h *host) {
	defer close(s.ended)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	timer := time.NewTimer(reapDelay)
	timer.Stop()
	armed := false
	for {
		select {
		case request := <-s.requests:
			request()
		case <-h.childDied():
			if !armed {
				armed = true
				timer.Reset(reapDelay)
			}
		case <-timer.C:
			armed = h.reapAdopted()
			if armed {
				timer.Reset(reapDelay)
			}
		case <-s.quit:
			timer.Stop()
			return
		}
	}
}

// do runs fn and returns its error. ctx bounds the time until fn begins.
func (s *spawner) do(ctx context.Context, fn func() error) error {
	result := make(chan error, 1)
	select {
	case s.requests <- func() { result <- fn() }:
		return <-result
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.ended:
		return ErrClosed
	}
}

// close ends the goroutine; nothing may be done after it.
func (s *spawner) close() { close(s.quit) }
