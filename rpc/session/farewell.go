package session

import (
	"sync"
	"time"
)

// farewell is how long the readers of a session that is forgotten have for what
// they haven't read yet.
const farewell = 5 * time.Second

// followers counts who reads a session's events as they come.
type followers struct {
	mu   sync.Mutex
	n    int
	none chan struct{} // closed when the last one has left; nil if nobody waits
}

// Follow says that the session's events are being read; done is to be called
// when that is over. Should the session be forgotten meanwhile, its events wait
// a little for that.
func (s *Session) Follow() (done func()) {
	f := &s.followers
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.n--; f.n == 0 && f.none != nil {
			close(f.none)
			f.none = nil
		}
	}
}

// left returns a channel that is closed when nobody follows any more.
func (f *followers) left() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	none := make(chan struct{})
	if f.n == 0 {
		close(none)
	} else {
		f.none = none
	}
	return none
}

// forget deletes a session's events once its followers have read them.
func (m *Manager) forget(s *Session) {
	s.log.Seal()
	left := s.followers.left()
	m.mu.Lock()
	waits := !m.closed && !closed(left)
	if waits {
		m.tasks.Go(func() {
			select {
			case <-left:
			case <-time.After(farewell):
			case <-m.closing:
			}
			s.deleteLog()
		})
	}
	m.mu.Unlock()
	if !waits {
		s.deleteLog()
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
