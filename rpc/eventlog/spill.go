package eventlog

import (
	"errors"
	"io"
	"slices"
)

// maxWrite is how much is written to a file at once, if there is so much. Large
// writes cost file systems about half as much as many of a chunk's size, which
// never fill whole pages.
const maxWrite = 512 << 10

// Spill does the I/O that appending made necessary: it moves the older half of a
// log that is over Options.LogMemory to its file, and where all
// logs together are over Options.Memory it moves those of the fattest logs,
// idle ones too, whoever writes them. Within the budgets it does nothing. A
// writer calls it after Append, when it has let go of its own locks; the time
// that it takes is what slows a writer down to the disk's pace.
//
// An error, a [*SpillError], is a warning: the records are still in memory and
// can be read. Once Append refuses nothing more fits.
func (l *Log) Spill() error {
	var err error
	if l.memory.Load() > l.store.logMemory {
		err = l.spill(l.store.logMemory / 2)
	}
	if l.store.memory.Load() > l.store.maxMemory {
		err = errors.Join(err, l.store.reclaim())
	}
	return err
}

// Settle is Spill for a log that is not going to grow for a while, such as that
// of a session which waits for its next message: it keeps no more than a quarter
// of Options.LogMemory. An error means the same.
func (l *Log) Settle() error {
	err := l.Spill()
	if resting := l.store.logMemory / 4; err == nil && l.memory.Load() > resting {
		err = l.spill(resting / 2) // and not for every few events that come
	}
	return err
}

// spill moves the oldest chunks to the file until no more than keep bytes are
// in memory.
func (l *Log) spill(keep int64) error {
	l.spilling.Lock()
	defer l.spilling.Unlock()

	run, disk := l.beginSpill(keep)
	if len(run) == 0 {
		return nil
	}
	defer l.io.Done()
	if err := l.store.write(l, run, disk); err != nil {
		l.keep(run, err)
		return &SpillError{Op: "spill", Log: l.name, Err: err}
	}
	l.release(run)
	return nil
}

// beginSpill seals and returns the chunks to move, oldest first, and the size
// of the file. If there are any it counts as I/O in flight.
func (l *Log) beginSpill(keep int64) (run []*chunk, disk int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over != nil {
		return nil, 0
	}
	n := 0
	for left := l.memory.Load(); n < len(l.chunks) && left > keep; n++ {
		l.chunks[n].sealed = true
		left -= int64(cap(l.chunks[n].buf))
	}
	if n == 0 {
		return nil, 0
	}
	l.io.Add(1)
	// A copy, since release clears the array.
	return slices.Clone(l.chunks[:n]), l.disk
}

// keep notes why run couldn't be moved. Its last chunk can be filled again.
func (l *Log) keep(run []*chunk, failed error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = failed
	for _, c := range run {
		c.sealed = false
	}
}

// release lets go of run, the oldest chunks, which are in the file now.
func (l *Log) release(run []*chunk) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = nil
	l.disk = run[len(run)-1].end()
	if l.over != nil {
		return // only the size counts now, for deleting the file
	}
	for i, c := range run {
		l.index.add(c.at)
		l.addMemoryLocked(-int64(cap(c.buf)))
		l.chunks[i] = nil
	}
	l.chunks = l.chunks[len(run):]
	if len(l.chunks) == 0 {
		l.nextSize = minChunk // not a busy log, or memory is short: start small again
	}
}

// write writes run at the end of the log's file, which is size bytes long,
// within the disk budget. It's all or nothing: after an error the next attempt
// writes the same bytes to the same place.
func (s *Store) write(l *Log, run []*chunk, size int64) error {
	n := run[len(run)-1].end() - size
	if s.disk.Add(n) > s.maxDisk {
		s.disk.Add(-n)
		return ErrDiskBudget
	}
	if err := s.writeFile(l, run, size); err != nil {
		s.disk.Add(-n)
		return err
	}
	return nil
}

func (s *Store) writeFile(l *Log, run []*chunk, size int64) (err error) {
	f, err := s.openToWrite(l.file)
	if err != nil {
		return err
	}
	// Some file systems tell only at the end that there was no room for what
	// was written.
	defer func() { err = errors.Join(err, f.Close()) }()
	if size == 0 {
		if _, err := f.WriteAt(appendFileHeader(nil, l.name), 0); err != nil {
			return err
		}
	}
	return s.writeRun(f, run)
}

// writeRun writes chunks, which follow one another, to their places.
func (s *Store) writeRun(w io.WriterAt, run []*chunk) error {
	for len(run) > 0 {
		n, size := 1, len(run[0].buf)
		for n < len(run) && size+len(run[n].buf) <= maxWrite {
			size += len(run[n].buf)
			n++
		}
		if err := s.writePiece(w, run[:n]); err != nil {
			return err
		}
		run = run[n:]
	}
	return nil
}

// writePiece writes a single chunk, or several that are no more than maxWrite,
// at once.
func (s *Store) writePiece(w io.WriterAt, run []*chunk) error {
	at := run[0].at.off
	if len(run) == 1 {
		_, err := w.WriteAt(run[0].buf, at)
		return err
	}
	gather := s.gather.Get().(*[maxWrite]byte)
	defer s.gather.Put(gather)
	piece := gather[:0]
	for _, c := range run {
		piece = append(piece, c.buf...)
	}
	_, err := w.WriteAt(piece, at)
	return err
}
