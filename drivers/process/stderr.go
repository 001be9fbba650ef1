package process

import (
	"io"
	"strings"
	"sync"
	"unicode/utf8"
)

// An excerpt keeps all lines up to excerptHead+excerptTail, and of more the
// first and the last ones.
const (
	excerptHead = 20
	excerptTail = 50
	excerptLine = 500 // bytes kept of a line
)

// Stderr is an excerpt of a stderr: up to 70 lines are all in Head; of more,
// Head has the first 20 and Tail the last 50. Lines are separated by "\n" and
// cut after 500 bytes with "...". The text is valid UTF-8.
type Stderr struct {
	Head       string
	Tail       string
	Truncated  bool // lines between Head and Tail are missing
	TotalLines int
}

// excerpt collects a [Stderr] in bounded memory. Safe for concurrent use.
type excerpt struct {
	mu      sync.Mutex
	head    []string
	ring    []string // the last lines after head; the oldest one is at next when full
	next    int
	total   int    // complete lines
	partial []byte // the line that has no end yet, up to one byte more than is kept
	open    bool   // partial is a line, even when it is empty

	complete chan struct{} // closed when collect has ended
}

func newExcerpt() *excerpt { return &excerpt{complete: make(chan struct{})} }

// collect reads until the source ends. Call it once.
func (e *excerpt) collect(src io.Reader) {
	defer close(e.complete)
	buf := make([]byte, 4<<10)
	for {
		n, err := src.Read(buf)
		e.add(buf[:n])
		if err != nil {
			return
		}
	}
}

func (e *excerpt) add(b []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for len(b) > 0 {
		i := 0
		for i < len(b) && b[i] != '\n' {
			i++
		}
		// Two bytes more than are kept: one tells that the line is longer,
		// one may be the "\r" of its end.
		if room := excerptLine + 2 - len(e.partial); room > 0 {
			e.partial = append(e.partial, b[:min(i, room)]...)
		}
		e.open = true
		if i == len(b) {
			return
		}
		e.keep(cutLine(e.partial))
		e.partial, e.open = e.partial[:0], false
		b = b[i+1:]
	}
}

// keep needs e.mu.
func (e *excerpt) keep(line string) {
	e.total++
	switch {
	case len(e.head) < excerptHead:
		e.head = append(e.head, line)
	case len(e.ring) < excerptTail:
		e.ring = append(e.ring, line)
	default:
		e.ring[e.next] = line
		e.next = (e.next + 1) % excerptTail
	}
}

func (e *excerpt) snapshot() Stderr {
	e.mu.Lock()
	defer e.mu.Unlock()
	head := e.head
	rest := make([]string, 0, len(e.ring)+1)
	rest = append(rest, e.ring[e.next:]...)
	rest = append(rest, e.ring[:e.next]...)
	total := e.total
	if e.open {
		total++
		rest = append(rest, cutLine(e.partial))
	}
	s := Stderr{TotalLines: total}
	if total <= excerptHead+excerptTail {
		s.Head = strings.Join(append(head[:len(head):len(head)], rest...), "\n")
		return s
	}
	s.Truncated = true
	s.Head = strings.Join(head, "\n")
	s.Tail = strings.Join(rest[len(rest)-excerptTail:], "\n")
	return s
}

// cutLine makes the text that is kept of a line.
func cutLine(line []byte) string {
	if n := len(line); n > 0 && n <= excerptLine+1 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	if len(line) <= excerptLine {
		return strings.ToValidUTF8(string(line), "\uFFFD")
	}
	// A character that the cut divides is left out, not replaced.
	kept := line[:excerptLine]
	for i := len(kept) - 1; i >= len(kept)-utf8.UTFMax; i-- {
		if utf8.RuneStart(kept[i]) {
			if !utf8.FullRune(kept[i:]) {
				kept = kept[:i]
			}
			break
		}
	}
	return strings.ToValidUTF8(string(kept), "\uFFFD") + "..."
}
