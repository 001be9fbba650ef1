package eventlog

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
)

// fill appends events of 1 KiB, one by one, each followed by Spill, until
// Append refuses, and returns what it said and how many went in.
func fill(t *testing.T, l *Log, do func(*Batch) (uint64, uint64, error), most int) (n int, refused error) {
	t.Helper()
	for n < most {
		before := l.Head()
		if err := tryAppend(l, 1, 1<<10, do); err != nil {
			if l.Head() != before {
				t.Fatalf("head moved from %d to %d by a refused append", before, l.Head())
			}
			return n, err
		}
		n++
		var spill *SpillError
		if err := l.Spill(); err != nil && !errors.As(err, &spill) {
			t.Fatalf("spill: %v, want a SpillError", err)
		}
	}
	t.Fatalf("append never refused")
	return n, nil
}

// TestFailingDisk goes through the life of a log that can't spill: it fills its
// memory, refuses, takes the closing events, keeps what it has, and goes on
// once the disk works again.
func TestFailingDisk(t *testing.T) {
	const logMemory = 64 << 10
	for _, test := range []struct {
		name string
		disk int64
		open func(path string, flag int, perm os.FileMode) (file, error)
		want error
		mend func(t *testing.T, s *Store)
	}{
		{
			name: "budget", disk: 100 << 10, want: ErrDiskBudget,
			mend: func(t *testing.T, s *Store) { s.maxDisk = 1 << 30 },
		},
		{
			name: "no space", want: syscall.ENOSPC,
			open: func(path string, flag int, perm os.FileMode) (file, error) {
				f, err := os.OpenFile(path, flag, perm)
				return &brokenFile{File: f, writes: syscall.ENOSPC}, err
			},
		},
		{
			name: "error at close", want: syscall.EDQUOT,
			open: func(path string, flag int, perm os.FileMode) (file, error) {
				f, err := os.OpenFile(path, flag, perm)
				b := &brokenFile{File: f}
				if flag&os.O_WRONLY != 0 {
					b.closes = syscall.EDQUOT
				}
				return b, err
			},
		},
		{
			name: "can't open", want: os.ErrPermission,
			open: func(path string, flag int, perm os.FileMode) (file, error) {
				if flag&os.O_WRONLY != 0 {
					return nil, &os.PathError{Op: "open", Path: "x", Err: os.ErrPermission}
				}
				return openOSFile(path, flag, perm)
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := openStore(t, Options{LogMemory: logMemory, Disk: test.disk})
			if test.open != nil {
				s.files.open = test.open
			}
			l := s.NewLog("failing")
			n, err := fill(t, l, l.Append, 1000)
			var spill *SpillError
			if !errors.As(err, &spill) || spill.Op != "append" || spill.Log != "failing" || !errors.Is(err, test.want) {
				t.Fatalf("append refused with %v, want a SpillError for %v", err, test.want)
			}
			if !strings.Contains(err.Error(), test.want.Error()) {
				t.Errorf("%q doesn't say why", err)
			}
			if m := s.Stats().Memory; m > 2*logMemory+int64(s.chunkSize) || m < logMemory {
				t.Errorf("%d bytes in memory when refusing, want some %d", m, 2*logMemory)
			}
			more, err := fill(t, l, l.AppendFinal, 1000)
			if !errors.As(err, &spill) {
				t.Errorf("AppendFinal refused with %v, want a SpillError", err)
			}
			if more < logMemory/2>>10 {
				t.Errorf("only %d closing events of 1 KiB went in, want some %d", more, logMemory>>10)
			}
			checkEvents(t, l, n+more, 1<<10)

			if test.mend != nil {
				test.mend(t, s)
			} else {
				s.files.open = openOSFile
			}
			if err := l.Spill(); err != nil {
				t.Fatalf("spill on a working disk: %v", err)
			}
			appendEvents(t, l, 1, 1<<10)
			if m := s.Stats().Memory; m > logMemory+int64(s.chunkSize) {
				t.Errorf("%d bytes in memory, want %d", m, logMemory)
			}
			checkEvents(t, l, n+more+1, 1<<10)
		})
	}
}

// A brokenFile writes half and fails.
type brokenFile struct {
	*os.File
	writes, closes error
}

func (f *brokenFile) WriteAt(p []byte, off int64) (int, error) {
	if f.writes == nil {
		return f.File.WriteAt(p, off)
	}
	n, err := f.File.WriteAt(p[:len(p)/2], off)
	return n, errors.Join(err, f.writes)
}

func (f *brokenFile) Close() error { return errors.Join(f.File.Close(), f.closes) }

// TestDiskBudgetFreed deletes one log to make room for another.
func TestDiskBudgetFreed(t *testing.T) {
	s := openStore(t, Options{LogMemory: 16 << 10, Disk: 100 << 10})
	a, b := s.NewLog("a"), s.NewLog("b")
	fill(t, a, a.Append, 1000)
	n, err := fill(t, b, b.Append, 1000)
	if !errors.Is(err, ErrDiskBudget) {
		t.Fatalf("append: %v, want ErrDiskBudget", err)
	}
	if d := s.Stats().Disk; d > 100<<10 {
		t.Errorf("%d bytes on disk, want at most %d", d, 100<<10)
	}
	if err := a.Delete(); err != nil {
		t.Fatal(err)
	}
	if err := b.Spill(); err != nil {
		t.Fatalf("spill after deleting the other log: %v", err)
	}
	appendEvents(t, b, 1, 1<<10)
	checkEvents(t, b, n+1, 1<<10)
}

// TestReclaim has many logs, each within its own budget, that are together over
// that of the store. The one writer who is still active spills those of others.
func TestReclaim(t *testing.T) {
	const memory = 256 << 10
	s := openStore(t, Options{Memory: memory})
	logs := make([]*Log, 100)
	for i := range logs {
		logs[i] = s.NewLog("idle")
		appendEvents(t, logs[i], 4, 1<<10)
		if err := logs[i].Spill(); err != nil {
			t.Fatal(err)
		}
		if m := s.Stats().Memory; m > memory {
			t.Fatalf("%d bytes in memory of %d logs, want at most %d", m, i+1, memory)
		}
	}
	for _, l := range logs {
		appendEvents(t, l, 4, 1<<10) // appending goes on where all was spilled
		checkEvents(t, l, 8, 1<<10)
		if err := l.Spill(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMemoryBudget has so many logs that can't spill that they use up the
// store's memory, each of them being within its own.
func TestMemoryBudget(t *testing.T) {
	const memory = 256 << 10
	s := openStore(t, Options{Memory: memory})
	opened := 0
	s.files.open = func(string, int, os.FileMode) (file, error) {
		opened++
		return nil, syscall.EROFS
	}
	var l *Log
	for i := range 1000 {
		l = s.NewLog("many")
		err := tryAppend(l, 4, 1<<10, l.Append)
		if errors.Is(err, ErrMemoryBudget) {
			break
		}
		if err != nil {
			t.Fatalf("append to log %d: %v", i, err)
		}
		opened = 0
		err = l.Spill()
		if over := s.Stats().Memory > memory; over && !errors.Is(err, syscall.EROFS) || !over && err != nil {
			t.Fatalf("spill with %d bytes in memory: %v", s.Stats().Memory, err)
		}
		if opened > maxFailures {
			t.Fatalf("tried %d files", opened)
		}
	}
	if m := s.Stats().Memory; m < 2*memory || m > 2*memory+16<<10 {
		t.Errorf("%d bytes in memory, want %d", m, 2*memory)
	}
	if err := tryAppend(l, 1, 1<<10, l.Append); !errors.Is(err, ErrMemoryBudget) {
		t.Errorf("append: %v, want ErrMemoryBudget", err)
	}
	if err := tryAppend(l, 1, 1<<10, l.AppendFinal); err != nil {
		t.Errorf("append of a closing event: %v", err)
	}
	s.files.open = openOSFile
	if err := l.Spill(); err != nil {
		t.Fatal(err)
	}
	appendEvents(t, l, 1, 1<<10)
	checkEvents(t, l, 2, 1<<10)
}

// TestSettle lets a log rest: it keeps little in memory, is read as before, and
// goes on.
func TestSettle(t *testing.T) {
	const logMemory = 64 << 10
	s := openStore(t, Options{LogMemory: logMemory})
	l := s.NewLog("rests")
	n := 0
	for range 3 {
		for range 40 {
			if err := tryAppend(l, 1, 1<<10, l.Append); err != nil {
				t.Fatal(err)
			}
			n++
		}
		if err := l.Settle(); err != nil {
			t.Fatal(err)
		}
		if m := l.memory.Load(); m > logMemory/4 {
			t.Errorf("%d bytes are in memory after %d events", m, n)
		}
		checkEvents(t, l, n, 1<<10)
	}
}
