package eventlog

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
)

// Options are the bounds of a [Store]. A zero field means its default.
type Options struct {
	// Dir is where the store makes its private temporary directory, at the
	// first spill. Default: [os.TempDir].
	Dir string
	// LogMemory is how many bytes of records a log keeps in memory. Default
	// 1 MiB.
	LogMemory int64
	// Memory is how many bytes of records all logs keep in memory. Default
	// 64 MiB.
	Memory int64
	// Disk is how many bytes the files of all logs may have. Default 16 GiB.
	Disk int64
}

const (
	defaultLogMemory = 1 << 20
	defaultMemory    = 64 << 20
	defaultDisk      = 16 << 30
)

// A Store is where logs are kept. Its methods are safe for concurrent use.
// Close it to delete what it has on disk.
type Store struct {
	parent    string
	logMemory int64
	maxMemory int64
	maxDisk   int64
	chunkSize int // largest capacity of a chunk with more than one record

	memory atomic.Int64 // capacity of all chunks of all logs
	disk   atomic.Int64 // size of all files

	files   files
	scratch sync.Pool // of *[maxChunk]byte, for scans
	gather  sync.Pool // of *[maxWrite]byte, for spilling

	// reclaiming is held by the one who spills on behalf of all logs. Taken
	// before any log's locks, and only by Spill.
	reclaiming sync.Mutex

	mu     sync.Mutex // guards what follows; never held across I/O or with a log's locks
	logs   map[*Log]struct{}
	lastID uint64
	closed bool
}

// OpenStore returns an empty store. It touches no disk yet.
func OpenStore(o Options) (*Store, error) {
	for _, v := range []struct {
		name  string
		value int64
	}{{"LogMemory", o.LogMemory}, {"Memory", o.Memory}, {"Disk", o.Disk}} {
		if v.value < 0 {
			return nil, fmt.Errorf("open event log store: %s is negative (%d): use 0 for the default", v.name, v.value)
		}
	}
	s := &Store{
		parent:    cmp.Or(o.Dir, os.TempDir()),
		logMemory: cmp.Or(o.LogMemory, defaultLogMemory),
		maxMemory: cmp.Or(o.Memory, defaultMemory),
		maxDisk:   cmp.Or(o.Disk, defaultDisk),
		logs:      make(map[*Log]struct{}),
	}
	// At least four chunks within a log's budget, so that the oldest can go
	// while the newest stay.
	s.chunkSize = int(max(minChunk, min(maxChunk, s.logMemory/4)))
	s.files.open = openOSFile
	s.scratch.New = func() any { return new([maxChunk]byte) }
	s.gather.New = func() any { return new([maxWrite]byte) }
	return s, nil
}

// NewLog returns a new, empty log. The name, usually a session's id, is for
// messages and for the file's header; it need not be unique. On a closed store
// the log is closed too.
func (s *Store) NewLog(name string) *Log {
	l := &Log{
		store:    s,
		name:     name,
		nextSize: minChunk,
		end:      fileHeaderSize(name),
		index:    index{stride: int64(s.chunkSize)},
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	l.file = strconv.FormatUint(s.lastID, 10) + ".log"
	if s.closed {
		l.over = ErrClosed
		return l
	}
	s.logs[l] = struct{}{}
	return l
}

// Stats says what a store uses.
type Stats struct {
	Memory int64 // bytes of memory for records, counted as allocated
	Disk   int64 // bytes in files
	Logs   int   // logs that are neither deleted nor closed
}

// Stats returns what the store uses now.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{Memory: s.memory.Load(), Disk: s.disk.Load(), Logs: len(s.logs)}
}

// maxFailures is how many logs may fail to spill before reclaim gives up. One
// file that can't be written mustn't keep the other logs in memory, but a full
// disk shouldn't be tried thousands of times.
const maxFailures = 3

// reclaim spills the fattest logs until all logs together are well within the
// memory budget.
func (s *Store) reclaim() error {
	s.reclaiming.Lock()
	defer s.reclaiming.Unlock()
	if s.memory.Load() <= s.maxMemory {
		return nil // another writer has done it while this one waited
	}
	// Well within, so that going through all logs is rare.
	enough := s.maxMemory - s.maxMemory/4
	var errs []error
	for _, l := range s.fattest() {
		if s.memory.Load() <= enough || len(errs) == maxFailures {
			break
		}
		if err := l.spill(0); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// fattest returns all logs that have something in memory, those with the most
// first.
func (s *Store) fattest() []*Log {
	type weighed struct {
		log    *Log
		memory int64
	}
	s.mu.Lock()
	all := make([]weighed, 0, len(s.logs))
	for l := range s.logs {
		if m := l.memory.Load(); m > 0 {
			all = append(all, weighed{l, m})
		}
	}
	s.mu.Unlock()
	slices.SortFunc(all, func(a, b weighed) int { return cmp.Compare(b.memory, a.memory) })
	logs := make([]*Log, len(all))
	for i, w := range all {
		logs[i] = w.log
	}
	return logs
}

// forget deletes the file of a log that is over and has no I/O in flight.
func (s *Store) forget(l *Log) error {
	s.mu.Lock()
	_, ours := s.logs[l]
	delete(s.logs, l)
	s.mu.Unlock()
	if !ours {
		return nil // the store is closed, which deletes all files
	}
	if err := s.files.remove(l.file); err != nil {
		return fmt.Errorf("delete event log %q: %w", l.name, err)
	}
	s.disk.Add(-l.disk)
	return nil
}

// Close closes all logs and deletes what the store has on disk. Readers and
// writers get [ErrClosed], waiting ones at once; reads and writes of files that
// are under way are waited for. Closing again does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	logs := s.logs
	s.logs = nil
	s.mu.Unlock()

	for l := range logs {
		l.finish(ErrClosed)
	}
	for l := range logs {
		l.io.Wait()
	}
	if err := s.files.removeAll(); err != nil {
		return fmt.Errorf("close event log store: %w", err)
	}
	for l := range logs {
		s.disk.Add(-l.disk)
	}
	return nil
}
