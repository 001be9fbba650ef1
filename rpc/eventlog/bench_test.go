package eventlog

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
)

// The events of all benchmarks: 300 bytes of head and 300 of raw.
var (
	benchHead = bytes.Repeat([]byte("h"), 300)
	benchRaw  = bytes.Repeat([]byte("r"), 300)
)

// BenchmarkFill is the cost of putting an event into a batch.
func BenchmarkFill(b *testing.B) {
	var batched Batch
	b.ReportAllocs()
	for b.Loop() {
		if batched.Len() == 64 {
			batched.Reset()
		}
		batched.Add(1, benchHead, benchRaw)
	}
}

// BenchmarkAppend is the whole cost of an event to its writer: filling the
// batch, appending, spilling. One op is one event. Readers that can't keep up
// read the file and take CPU from the writer. "Memory only" leaves the file
// out.
func BenchmarkAppend(b *testing.B) {
	for _, batch := range []int{1, 64} {
		for _, readers := range []int{0, 1, 10, 100} {
			b.Run(fmt.Sprintf("batch=%d/readers=%d", batch, readers), func(b *testing.B) {
				benchAppend(b, batch, readers, (*Log).Spill)
			})
		}
		b.Run(fmt.Sprintf("batch=%d/memory only", batch), func(b *testing.B) {
			benchAppend(b, batch, 0, drop)
		})
	}
}

// drop is what remains of Spill when the file costs nothing.
func drop(l *Log) error {
	if l.memory.Load() > l.store.logMemory {
		run, _ := l.beginSpill(l.store.logMemory)
		l.release(run)
		l.io.Done()
	}
	return nil
}

func benchAppend(b *testing.B, batch, readers int, spill func(*Log) error) {
	s, err := OpenStore(Options{Dir: b.TempDir(), Disk: 1 << 40})
	if err != nil {
		b.Fatal(err)
	}
	l := s.NewLog("bench")
	var reading sync.WaitGroup
	for range readers {
		reading.Go(func() {
			c := l.Cursor(0)
			for {
				if _, err := c.Next(b.Context()); err != nil {
					return // the store was closed
				}
			}
		})
	}
	var batched Batch
	b.SetBytes(int64(recordHeaderSize + len(benchHead) + len(benchRaw)))
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		batched.Add(1, benchHead, benchRaw)
		if batched.Len() < batch {
			continue
		}
		if _, _, err := l.Append(&batched); err != nil {
			b.Fatal(err)
		}
		batched.Reset()
		if err := spill(l); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	reading.Wait()
}

// filled returns a log with n events, the newest of them in memory.
func filled(b *testing.B, o Options, n int) *Log {
	b.Helper()
	o.Dir = b.TempDir()
	s, err := OpenStore(o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	l := s.NewLog("bench")
	var batch Batch
	for i := range n {
		batch.Add(1, benchHead, benchRaw)
		if batch.Len() < 64 && i < n-1 {
			continue
		}
		if _, _, err := l.Append(&batch); err != nil {
			b.Fatal(err)
		}
		batch.Reset()
		if err := l.Spill(); err != nil {
			b.Fatal(err)
		}
	}
	return l
}

// BenchmarkRead reads logs from start to end. One op is one record.
func BenchmarkRead(b *testing.B) {
	const n = 100_000
	for _, from := range []struct {
		name string
		opts Options
	}{
		{"memory", Options{LogMemory: 1 << 30, Memory: 1 << 30}},
		{"disk", Options{}},
	} {
		b.Run(from.name, func(b *testing.B) {
			l := filled(b, from.opts, n)
			b.SetBytes(int64(recordHeaderSize + len(benchHead) + len(benchRaw)))
			b.ReportAllocs()
			c, sum := l.Cursor(0), 0
			var recs Records
			for b.Loop() {
				rec, ok := recs.Next()
				if !ok {
					var err error
					if recs, err = c.TryNext(); err == ErrCaughtUp {
						c = l.Cursor(0)
						recs, err = c.TryNext()
					}
					if err != nil {
						b.Fatal(err)
					}
					rec, _ = recs.Next()
				}
				sum += len(rec.Head) + len(rec.Raw)
			}
			if sum == 0 {
				b.Fatal("read nothing")
			}
		})
	}
}

// BenchmarkReadFrom takes a new cursor and reads 100 events, at several places
// of a log with a million.
func BenchmarkReadFrom(b *testing.B) {
	const n = 1_000_000
	l := filled(b, Options{}, n)
	for _, at := range []struct {
		name  string
		after uint64
	}{
		{"start", 0},
		{"first quarter", 1*n/4 + 77},
		{"middle", n/2 + 777},
		{"last quarter", 3*n/4 + 7777},
		{"last on disk", n - 1000},
		{"end", n - 100},
	} {
		b.Run(at.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c := l.Cursor(at.after)
				for left := 100; left > 0; {
					recs, err := c.TryNext()
					if err != nil {
						b.Fatal(err)
					}
					left -= recs.Len()
				}
			}
		})
	}
}
