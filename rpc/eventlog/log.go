package eventlog

import (
	"sort"
	"sync"
	"sync/atomic"
)

// A Log is one sequence of records. Its methods are safe for concurrent use;
// what is appended at the same time by several writers has no particular order.
type Log struct {
	store *Store
	name  string
	file  string // base name of its file

	// memory is the capacity of all chunks in bytes. Changed under mu only.
	memory atomic.Int64

	checked atomic.Int64 // up to this offset the file was read and found right

	// spilling is held by the one who writes the file. Neither Append nor a
	// reader ever wants it. Taken before mu.
	spilling sync.Mutex

	// mu guards what follows and is never held across I/O.
	mu       sync.Mutex
	chunks   []*chunk      // in memory, oldest first; only the last one grows
	nextSize int           // capacity of the next chunk
	head     uint64        // number of the last record
	end      int64         // offset after the last record
	disk     int64         // size of what is valid in the file, 0 if there is no file
	index    index         // of the file
	wake     chan struct{} // closed by the next Append; nil if nobody waits
	failed   error         // why the last attempt to spill failed, nil if it didn't
	sealed   bool          // nothing is appended any more
	over     error         // ErrDeleted or ErrClosed once it's over

	// io counts reads and writes of the file in flight. It only grows under mu
	// while over is nil, so whoever has set over can wait for the rest.
	io sync.WaitGroup
}

// Name returns what NewLog was given.
func (l *Log) Name() string { return l.name }

// Head returns the number of the last record, 0 if there is none yet.
func (l *Log) Head() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.head
}

// Append appends the records of b, all or none, and returns the numbers of the
// first and the last one. It copies: b can be reset and reused, or appended
// again after a refusal. It does no I/O; call [Log.Spill] afterwards, without
// holding locks. An empty batch appends nothing, and first is then last+1.
//
// The error is [ErrTooLarge], [ErrDeleted], [ErrClosed], [ErrMemoryBudget] or a
// [*SpillError]. After the last two, Spill tries to make room.
func (l *Log) Append(b *Batch) (first, last uint64, err error) {
	return l.append(b, false)
}

// AppendFinal is Append for the events that close a session. It may use memory
// that is kept back for them, Options.LogMemory for each log, and so succeeds
// where Append ran into a budget; if even that is used up the error is a
// [*SpillError].
func (l *Log) AppendFinal(b *Batch) (first, last uint64, err error) {
	return l.append(b, true)
}

func (l *Log) append(b *Batch, final bool) (first, last uint64, err error) {
	if b.tooLarge {
		return 0, 0, ErrTooLarge
	}
	l.mu.Lock()
	if err := l.admitLocked(b, final); err != nil {
		l.mu.Unlock()
		return 0, 0, err
	}
	first = l.head + 1
	l.placeLocked(b)
	last = l.head
	var wake chan struct{}
	if b.Len() > 0 {
		wake, l.wake = l.wake, nil
	}
	l.mu.Unlock()

	if wake != nil {
		close(wake)
	}
	return first, last, nil
}

// admitLocked says why b can't be appended now, nil if it can.
func (l *Log) admitLocked(b *Batch, final bool) error {
	switch {
	case l.over != nil:
		return l.over
	case l.sealed:
		return ErrDeleted
	}
	if len(b.buf) <= l.roomLocked() {
		return nil // takes no new memory
	}
	if l.failed != nil {
		limit := 2 * l.store.logMemory
		if final {
			limit += l.store.logMemory
		}
		if l.memory.Load()+int64(len(b.buf)) > limit {
			return &SpillError{Op: "append", Log: l.name, Err: l.failed}
		}
	}
	if !final && l.store.memory.Load() >= 2*l.store.maxMemory {
		return ErrMemoryBudget
	}
	return nil
}

// roomLocked is how many bytes fit into the last chunk.
func (l *Log) roomLocked() int {
	if len(l.chunks) == 0 {
		return 0
	}
	return l.chunks[len(l.chunks)-1].room()
}

// placeLocked copies the records of b into chunks.
func (l *Log) placeLocked(b *Batch) {
	i := 0
	if len(l.chunks) > 0 {
		i = l.chunks[len(l.chunks)-1].place(b, 0)
	}
	for i < len(b.ends) {
		start := 0
		if i > 0 {
			start = b.ends[i-1]
		}
		c := l.newChunkLocked(b.ends[i]-start, len(b.buf)-start)
		c.at = place{seq: l.head + uint64(i) + 1, off: l.end + int64(start)}
		i = c.place(b, i)
	}
	l.head += uint64(len(b.ends))
	l.end += int64(len(b.buf))
}

// newChunkLocked adds a chunk for a record of the given size, which is the
// first of so many bytes still to be placed.
func (l *Log) newChunkLocked(record, rest int) *chunk {
	size := record // a chunk of its own, unless
	if record <= l.store.chunkSize {
		for l.nextSize < min(rest, l.store.chunkSize) {
			l.nextSize *= 2
		}
		size = min(l.nextSize, l.store.chunkSize)
		l.nextSize = min(2*size, l.store.chunkSize)
	}
	c := &chunk{buf: make([]byte, 0, size)}
	l.chunks = append(l.chunks, c)
	l.addMemoryLocked(int64(size))
	return c
}

func (l *Log) addMemoryLocked(n int64) {
	l.memory.Add(n)
	l.store.memory.Add(n)
}

// chunkLocked returns the chunk in memory that has the record seq, which must
// have been appended, or nil if it is in the file only.
func (l *Log) chunkLocked(seq uint64) *chunk {
	n := len(l.chunks)
	if n == 0 || seq < l.chunks[0].at.seq {
		return nil
	}
	if last := l.chunks[n-1]; seq >= last.at.seq {
		return last // where nearly all readers are
	}
	i := sort.Search(n, func(i int) bool { return l.chunks[i].at.seq > seq })
	return l.chunks[i-1]
}

// Seal announces that the log is going to be deleted: nothing is appended any
// more, and readers get [ErrDeleted] once they have read what is there, those
// that have at once.
func (l *Log) Seal() {
	l.mu.Lock()
	l.sealed = true
	wake := l.wake
	l.wake = nil
	l.mu.Unlock()

	if wake != nil {
		close(wake)
	}
}

// Delete forgets the log: its memory and its file. Readers and writers get
// [ErrDeleted], waiting ones at once. It waits for reads and writes of the file
// that are under way. Deleting again, or after the store was closed, does
// nothing.
func (l *Log) Delete() error {
	if !l.finish(ErrDeleted) {
		return nil
	}
	l.io.Wait()
	return l.store.forget(l)
}

// finish makes the log unusable with reason over and frees its memory. It
// reports false if the log was finished already.
func (l *Log) finish(over error) bool {
	l.mu.Lock()
	if l.over != nil {
		l.mu.Unlock()
		return false
	}
	l.over = over
	l.chunks = nil
	l.index = index{}
	l.addMemoryLocked(-l.memory.Load())
	wake := l.wake
	l.wake = nil
	l.mu.Unlock()

	if wake != nil {
		close(wake)
	}
	return true
}
