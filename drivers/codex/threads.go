package codex

import (
	"slices"
)

// Bounds of what is kept of threads that no session has claimed yet: the first
// lines of a sub-agent come before its parent's line that names it.
const (
	maxStrayThreads = 64
	maxStrayLines   = 256     // of one thread
	maxStrayBytes   = 1 << 20 // of all
)

// strays keeps lines of threads that nobody knows. The zero value is ready.
type strays struct {
	order []string // of threads, oldest first
	lines map[string][][]byte
	bytes int
	// left are threads whose session has gone, the latest last: what still
	// comes of them is nobody's.
	left []string
}

// add keeps a line, and returns how many had to go for it.
func (s *strays) add(thread string, line []byte) (dropped int) {
	if slices.Contains(s.left, thread) {
		return 0
	}
	if s.lines == nil {
		s.lines = map[string][][]byte{}
	}
	if len(line) > maxStrayBytes || len(s.lines[thread]) >= maxStrayLines {
		return 1
	}
	if s.lines[thread] == nil {
		s.order = append(s.order, thread)
	}
	s.lines[thread] = append(s.lines[thread], slices.Clone(line))
	s.bytes += len(line)
	for s.bytes > maxStrayBytes || len(s.order) > maxStrayThreads {
		dropped += len(s.take(s.order[0]))
	}
	return dropped
}

// take returns what was kept of a thread and forgets it.
func (s *strays) take(thread string) [][]byte {
	lines := s.lines[thread]
	delete(s.lines, thread)
	s.order = slices.DeleteFunc(s.order, func(t string) bool { return t == thread })
	for _, line := range lines {
		s.bytes -= len(line)
	}
	return lines
}

// leave notes that a thread's session has gone.
func (s *strays) leave(thread string) {
	s.take(thread)
	s.left = append(s.left, thread)
	if n := len(s.left) - maxStrayThreads; n > 0 {
		s.left = slices.Delete(s.left, 0, n)
	}
}

// sessionsLocked lists the sessions, each once, in the order in which they
// were started. The lock is held.
func (srv *server) sessionsLocked() []*session {
	var all []*session
	for thread, s := range srv.threads {
		if thread == s.root() {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b *session) int { return a.number - b.number })
	return all
}

// attach ties a session to a thread that it is about to resume.
func (srv *server) attach(s *session, thread string) bool {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.ended || srv.threads[thread] != nil {
		return false
	}
	// The thread may have been left a moment ago.
	srv.strays.left = slices.DeleteFunc(srv.strays.left, func(t string) bool { return t == thread })
	srv.threads[thread] = s
	return true
}

// detach takes a session's threads away; it gets no further line.
func (srv *server) detach(s *session) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	s.leaving = true
	for thread, owner := range srv.threads {
		if owner == s {
			delete(srv.threads, thread)
			srv.strays.leave(thread)
		}
	}
}
