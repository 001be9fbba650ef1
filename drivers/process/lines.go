package process

import (
	"bytes"
	"errors"
	"io"
)

// ErrLineTooLong tells that a line was longer than allowed and has been
// skipped. The stream goes on with the line after it.
var ErrLineTooLong = errors.New("read line: longer than the limit, skipped")

// lineBuffer is the size of reads, and of the buffer unless a line needs more.
// It equals the capacity of a pipe on Linux.
const lineBuffer = 64 << 10

// smallRead is the space for which it isn't worth to move unread bytes.
const smallRead = 4 << 10

// lineReader splits a stream into lines without copying them. Every byte is
// looked at once: the search for the end of the next line, which answers
// whether more lines are at hand, is also that line's own search.
type lineReader struct {
	src io.Reader
	max int // longest line in bytes, without its end

	base []byte // the buffer for ordinary lines
	buf  []byte // base, or a larger one while a long line needs it

	start   int // of the unread bytes in buf
	end     int // of the unread bytes in buf
	scanned int // up to here, buf[start:] is known to have no newline
	newline int // index of the next line's newline, or -1

	skipping bool  // inside a line that is too long
	err      error // why src ended; nil while it goes on
}

func newLineReader(src io.Reader, max int) *lineReader {
	base := make([]byte, lineBuffer)
	return &lineReader{src: src, max: max, base: base, buf: base, newline: -1}
}

// next returns the next line without its end ("\n" or "\r\n"), and whether a
// further complete line is already in memory. The line is valid until the next
// call. At the end of the stream the error is the source's, io.EOF as a rule,
// and stays so.
func (r *lineReader) next() (line []byte, more bool, err error) {
	for r.newline < 0 {
		if r.err != nil {
			return r.last()
		}
		r.fill()
	}
	line = r.buf[r.start:r.newline]
	skipped := r.skipping
	r.skipping = false
	r.start = r.newline + 1
	r.scanned = r.start
	r.search()
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	if skipped || len(line) > r.max {
		return nil, r.newline >= 0, ErrLineTooLong
	}
	return line, r.newline >= 0, nil
}

// last returns what the source left without a newline, then its error.
func (r *lineReader) last() ([]byte, bool, error) {
	line := r.buf[r.start:r.end]
	r.start, r.scanned = r.end, r.end
	skipped := r.skipping
	r.skipping = false
	if len(line) == 0 && !skipped {
		return nil, false, r.err
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	if skipped || len(line) > r.max {
		return nil, false, ErrLineTooLong
	}
	return line, false, nil
}

// search looks for the next newline in the bytes that were not looked at yet.
func (r *lineReader) search() {
	if i := bytes.IndexByte(r.buf[r.scanned:r.end], '\n'); i >= 0 {
		r.newline = r.scanned + i
		return
	}
	r.newline = -1
	r.scanned = r.end
	// One byte more than the limit may be the "\r" of the line's end.
	if r.skipping || r.end-r.start > r.max+1 {
		r.skipping = true
		r.start, r.end, r.scanned = 0, 0, 0
	}
}

// fill reads once, after having made room for it.
func (r *lineReader) fill() {
	r.makeRoom()
	n, err := r.src.Read(r.buf[r.end:])
	r.end += n
	r.err = err
	r.search()
}

// makeRoom moves the unread bytes to the front of a buffer that has space left:
// twice as large when they fill the present one, the base again when they fit.
func (r *lineReader) makeRoom() {
	unread := r.buf[r.start:r.end]
	target := r.buf
	switch {
	case len(r.buf) > len(r.base) && len(unread) < len(r.base):
		target = r.base
	case len(unread) == len(r.buf):
		target = make([]byte, 2*len(r.buf))
	case r.start == 0 || len(unread) > 0 && len(r.buf)-r.end >= smallRead:
		return // enough space behind the unread bytes
	}
	r.buf = target
	r.end = copy(target, unread)
	r.start, r.scanned = 0, r.end
}
