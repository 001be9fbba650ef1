package eventlog

import (
	"context"
	"fmt"
	"io"
)

// A Cursor is a position in a log. It holds nothing of the log but that and
// needs no closing. Not safe for concurrent use; a log can have any number of
// cursors.
type Cursor struct {
	log  *Log
	next uint64 // number of the record to read next
	off  int64  // its offset, 0 if not known yet

	reuse bool
	run   []byte // where the last run from the file was read to, if it is to be used again
}

// Cursor returns a cursor whose first record is after+1. It may be one that
// doesn't exist yet: then reading waits for it.
func (l *Log) Cursor(after uint64) *Cursor {
	return &Cursor{log: l, next: max(after, after+1)} // the greatest number is never reached
}

// Reuse makes what the cursor reads valid only until it reads again, and
// returns the cursor. That is for readers of long logs that copy what they
// read: a buffer for each run costs them more than the reading.
func (c *Cursor) Reuse() *Cursor {
	c.reuse = true
	return c
}

// After returns the number of the last record that was read, at first what
// [Log.Cursor] was given.
func (c *Cursor) After() uint64 { return c.next - 1 }

// Next returns the next records, at least one, and moves the cursor behind
// them. It waits for the log to have one. A run is 64 KiB (after [Cursor.Reuse]
// 128 KiB) or a single larger record at most; it isn't a batch as it was
// appended.
//
// The error is the context's cause, [ErrDeleted], [ErrClosed], or says why the
// file can't be read. The cursor then stays where it is.
func (c *Cursor) Next(ctx context.Context) (Records, error) {
	for {
		if ctx.Err() != nil {
			return Records{}, context.Cause(ctx)
		}
		recs, err := c.TryNext()
		if err != ErrCaughtUp {
			return recs, err
		}
		select {
		case <-c.log.newer(c.next):
		case <-ctx.Done():
		}
	}
}

// TryNext is Next without waiting: if there is nothing to read the error is
// [ErrCaughtUp]. It may read the file.
func (c *Cursor) TryNext() (Records, error) {
	l := c.log
	l.mu.Lock()
	if l.over != nil || c.next > l.head {
		err := l.over
		switch {
		case err == nil && l.sealed:
			err = ErrDeleted
		case err == nil:
			err = ErrCaughtUp
		}
		l.mu.Unlock()
		c.run = nil // it may wait for long
		return Records{}, err
	}
	if ch := l.chunkLocked(c.next); ch != nil {
		recs, off := ch.records(), ch.at.off
		l.mu.Unlock()
		return c.advance(recs, off), nil
	}
	from, limit := place{c.next, c.off}, l.disk
	if c.off == 0 {
		from = l.index.find(c.next)
	}
	l.io.Add(1)
	l.mu.Unlock()
	defer l.io.Done()

	recs, off, err := c.readFile(from, limit)
	if err != nil {
		return Records{}, fmt.Errorf("read event log %q from event %d: %w", l.name, c.next, err)
	}
	return c.advance(recs, off), nil
}

// advance returns what of recs, which begin at off, is ahead of the cursor, and
// moves the cursor behind them.
func (c *Cursor) advance(recs Records, off int64) Records {
	if skip := c.off - off; skip >= 0 && c.off != 0 {
		recs.buf = recs.buf[skip:]
		recs.n -= int(c.next - recs.next)
		recs.next = c.next
		off = c.off
	} else {
		off += recs.skip(c.next)
	}
	c.next += uint64(recs.n)
	c.off = off + int64(len(recs.buf))
	return recs
}

// newer returns a channel that is closed when the record seq exists or the log
// is over, or earlier.
func (l *Log) newer(seq uint64) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over != nil || l.sealed || seq <= l.head {
		closed := make(chan struct{})
		close(closed)
		return closed
	}
	if l.wake == nil {
		l.wake = make(chan struct{})
	}
	return l.wake
}

// readFile reads records from the file, up to the offset limit, beginning with
// the next one. It gets there from a place at or before it.
func (c *Cursor) readFile(from place, limit int64) (Records, int64, error) {
	l, seq := c.log, c.next
	f, err := l.store.openToRead(l.file)
	if err != nil {
		return Records{}, 0, err
	}
	defer f.Close()
	if from.seq < seq {
		if from, err = l.store.seek(f, from, seq, limit); err != nil {
			return Records{}, 0, err
		}
	}
	buf := c.buffer(min(c.most(), limit-from.off))
	if err := readFull(f, buf, from.off); err != nil {
		return Records{}, 0, err
	}
	if len(buf) < recordHeaderSize {
		return Records{}, 0, ErrCorrupt
	}
	if size := recordSize(buf); size > int64(len(buf)) {
		// A large record: now its size is known, and the file bounds it.
		if size > limit-from.off {
			return Records{}, 0, ErrCorrupt
		}
		have := buf
		buf = make([]byte, size)
		n := copy(buf, have)
		if err := readFull(f, buf[n:], from.off+int64(n)); err != nil {
			return Records{}, 0, err
		}
	}
	recs, err := wholeRecords(buf, seq, l.checked.Load()-from.off)
	if err == nil {
		l.noteChecked(from.off, from.off+int64(len(recs.buf)))
	}
	return recs, from.off, err
}

// noteChecked notes that the file was read from one offset to another and found
// right. Each record is summed when it is first read, as readers mostly begin at
// the start; to sum it for each of many readers would be a quarter of their work.
func (l *Log) noteChecked(from, to int64) {
	for {
		old := l.checked.Load()
		if from > max(old, fileHeaderSize(l.name)) || to <= old || l.checked.CompareAndSwap(old, to) {
			return
		}
	}
}

// longRun is how much is read at once for readers of long logs, in bytes. Twice
// as much saves them a seventh of the work, since the file is opened for each
// run, and more than that saves little.
const longRun = 2 * maxChunk

// most is how much the cursor reads from the file at once, in bytes, but for a
// larger record.
func (c *Cursor) most() int64 {
	if c.reuse {
		return longRun
	}
	return maxChunk
}

// buffer is where to read n bytes, at most most, to.
func (c *Cursor) buffer(n int64) []byte {
	if !c.reuse {
		return make([]byte, n)
	}
	if c.run == nil {
		c.run = make([]byte, longRun)
	}
	return c.run[:n]
}

// wholeRecords returns the records at the start of buf, without a last one that
// is cut off. The first one is whole and has the number seq. Those that end
// behind the first known bytes are checked.
func wholeRecords(buf []byte, seq uint64, known int64) (Records, error) {
	end, n := 0, 0
	for len(buf)-end >= recordHeaderSize {
		size := recordSize(buf[end:])
		if size > int64(len(buf)-end) {
			break
		}
		if int64(end)+size > known && !intact(buf[end:end+int(size)]) {
			return Records{}, ErrCorrupt
		}
		end += int(size)
		n++
	}
	return Records{buf: buf[:end:end], next: seq, n: n}, nil
}

// seek goes from one place in the file to that of the record seq, from record
// header to record header. Neither is beyond limit.
func (s *Store) seek(f io.ReaderAt, at place, seq uint64, limit int64) (place, error) {
	scratch := s.scratch.Get().(*[maxChunk]byte)
	defer s.scratch.Put(scratch)
	for at.seq < seq {
		buf := scratch[:max(0, min(maxChunk, limit-at.off))]
		if len(buf) < recordHeaderSize {
			return place{}, ErrCorrupt
		}
		if err := readFull(f, buf, at.off); err != nil {
			return place{}, err
		}
		for at.seq < seq && len(buf) >= recordHeaderSize {
			size := recordSize(buf)
			at.seq++
			at.off += size
			buf = buf[min(size, int64(len(buf))):]
		}
	}
	if at.off >= limit {
		return place{}, ErrCorrupt
	}
	return at, nil
}
