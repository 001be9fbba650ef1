package stdio

import (
	"context"
	"slices"
	"sync"
)

// turnClass says who wants to write.
type turnClass int

const (
	responses     turnClass = iota // answers, which somebody waits for
	notifications                  // batches of events
)

// gate gives out the turn to write. Classes alternate while both wait, and within
// one it is first come, first served: a response waits for one batch at most, and
// a flood of requests can't keep events back. Unlike a mutex, waiting for it can
// be given up.
type gate struct {
	mu    sync.Mutex
	held  bool
	last  turnClass          // who got the latest turn
	queue [2][]chan struct{} // a waiter's channel is closed when it has the turn
}

// acquire waits for the turn until ctx ends or closed is closed.
func (g *gate) acquire(ctx context.Context, closed <-chan struct{}, class turnClass) error {
	g.mu.Lock()
	if !g.held {
		g.held, g.last = true, class
		g.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	g.queue[class] = append(g.queue[class], turn)
	g.mu.Unlock()

	var err error
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-closed:
		err = ErrClosed
	}
	g.leave(class, turn)
	return err
}

// leave takes a waiter out of its queue, or hands its turn on if it got it in the
// meantime.
func (g *gate) leave(class turnClass, turn chan struct{}) {
	g.mu.Lock()
	i := slices.Index(g.queue[class], turn)
	if i >= 0 {
		g.queue[class] = slices.Delete(g.queue[class], i, i+1)
	}
	g.mu.Unlock()
	if i < 0 {
		g.release()
	}
}

// release hands the turn to the next waiter.
func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	next := 1 - g.last
	if len(g.queue[next]) == 0 {
		next = g.last
	}
	if len(g.queue[next]) == 0 {
		g.held = false
		return
	}
	g.last = next
	close(g.queue[next][0])
	g.queue[next] = slices.Delete(g.queue[next], 0, 1)
}
