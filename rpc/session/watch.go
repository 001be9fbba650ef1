package session

import (
	"cmp"
	"context"
	"slices"
	"sync"
)

// maxForgotten is how many sessions that were deleted a watcher still tells of.
const maxForgotten = 1024

// Watcher tells of changes of all sessions. What changes more often than it
// is read is told once, in its newest state: its memory is bounded by the
// number of sessions. Of those that were deleted before they were told, it
// remembers the last ones.
type Watcher struct {
	manager   *Manager
	mu        sync.Mutex
	changed   map[*Session]bool
	forgotten []Info // as they were at the end, the oldest first
	wake      chan struct{}
}

// Watch begins to watch. Close ends it.
func (m *Manager) Watch() *Watcher {
	w := &Watcher{manager: m, changed: map[*Session]bool{}, wake: make(chan struct{}, 1)}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.watchers[w] = true
	return w
}

// Close ends the watch.
func (w *Watcher) Close() {
	w.manager.mu.Lock()
	defer w.manager.mu.Unlock()
	delete(w.manager.watchers, w)
}

// Next waits for changes, until ctx ends, and returns the sessions as they are
// now, the oldest first, behind those that were deleted.
func (w *Watcher) Next(ctx context.Context) ([]Info, error) {
	for {
		over := ctx.Err() != nil // what has changed by now is still told
		if infos := w.take(); len(infos) > 0 {
			return infos, nil
		}
		if over {
			return nil, context.Cause(ctx)
		}
		select {
		case <-w.wake:
		case <-ctx.Done():
		}
	}
}

// take returns the sessions that have changed since the last time.
func (w *Watcher) take() []Info {
	w.mu.Lock()
	infos := w.forgotten
	w.forgotten = nil
	changed := make([]*Session, 0, len(w.changed))
	for s := range w.changed {
		changed = append(changed, s)
	}
	clear(w.changed)
	w.mu.Unlock()
	slices.SortFunc(changed, func(a, b *Session) int {
		return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.id, b.id))
	})
	for _, s := range changed {
		infos = append(infos, s.Info(false))
	}
	return infos
}

// forget makes the watcher hold no more of a session than how it ended.
func (w *Watcher) forget(s *Session, end Info) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.changed[s] {
		return
	}
	delete(w.changed, s)
	if len(w.forgotten) == maxForgotten {
		w.forgotten = slices.Delete(w.forgotten, 0, maxForgotten/2)
	}
	w.forgotten = append(w.forgotten, end)
}

// changed tells the watchers. Called without the session's lock.
func (m *Manager) changed(s *Session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for w := range m.watchers {
		w.mu.Lock()
		w.changed[s] = true
		w.mu.Unlock()
		select {
		case w.wake <- struct{}{}:
		default: // it is awake
		}
	}
}

// unwatch makes the watchers let go of a session that is deleted.
func (m *Manager) unwatch(s *Session) {
	end := s.Info(false)
	m.mu.Lock()
	defer m.mu.Unlock()
	for w := range m.watchers {
		w.forget(s, end)
	}
}
