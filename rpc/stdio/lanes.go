package stdio

import (
	"context"
	"sync"
)

// lanes puts requests in an order where it matters: those of one lane are
// handled one after another, as they were read. It keeps nothing of a lane in
// which nobody is.
type lanes struct {
	mu   sync.Mutex
	last map[string]chan struct{} // closed when whoever entered last has left
}

// place is a request's place in its lane. The zero place is in none.
type place struct {
	lanes  *lanes
	name   string
	before <-chan struct{} // closed when those before have left; nil if nobody is there
	left   chan struct{}
}

// enter takes the next place in a lane. Called by the one goroutine that reads.
func (l *lanes) enter(name string) place {
	if name == "" {
		return place{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		l.last = map[string]chan struct{}{}
	}
	p := place{lanes: l, name: name, left: make(chan struct{})}
	if before, ok := l.last[name]; ok {
		p.before = before
	}
	l.last[name] = p.left
	return p
}

// wait returns when those before have left, or with the cause when ctx ends.
func (p place) wait(ctx context.Context) error {
	if p.before == nil {
		return nil
	}
	select {
	case <-p.before:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// leave lets the next one in, once those before have left as well.
func (p place) leave() {
	if p.lanes == nil {
		return
	}
	if p.before != nil {
		<-p.before
	}
	p.lanes.mu.Lock()
	defer p.lanes.mu.Unlock()
	close(p.left)
	if p.lanes.last[p.name] == p.left {
		delete(p.lanes.last, p.name)
	}
}
