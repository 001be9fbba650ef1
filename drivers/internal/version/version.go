// Package version compares versions of agents that have the form 1.2.3, of which
// a suffix doesn't count, and refuses those that a driver can't speak with.
package version

import (
	"strconv"
	"strings"
	"sync"
)

// Seen remembers versions, so that people are warned of each only once. The zero
// value is ready, and safe for concurrent use.
type Seen struct {
	mu   sync.Mutex
	seen map[string]bool
}

// First tells whether a version has not been asked for before.
func (s *Seen) First(version string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[version] {
		return false
	}
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	s.seen[version] = true
	return true
}

// Older tells whether a version comes before another. What has another form is
// as new as any.
func Older(version, than string) bool {
	v, ok := numbers(version)
	t, _ := numbers(than)
	if !ok {
		return false
	}
	for i := range v {
		if v[i] != t[i] {
			return v[i] < t[i]
		}
	}
	return false
}

// Near tells whether two versions differ in their last number at most.
func Near(version, other string) bool {
	v, ok := numbers(version)
	o, known := numbers(other)
	return ok && known && v[0] == o[0] && v[1] == o[1]
}

func numbers(version string) (n [3]int, ok bool) {
	version, _, _ = strings.Cut(version, "-")
	parts := strings.Split(version, ".")
	if len(parts) != len(n) {
		return n, false
	}
	for i, part := range parts {
		var err error
		if n[i], err = strconv.Atoi(part); err != nil {
			return n, false
		}
	}
	return n, true
}
