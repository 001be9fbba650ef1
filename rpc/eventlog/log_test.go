package eventlog

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestModel does random things to a log and to cursors on it, and compares all
// that is read with a plain slice.
func TestModel(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			testModel(t, rand.New(rand.NewPCG(seed, 1)))
		})
	}
}

func testModel(t *testing.T, rng *rand.Rand) {
	s := openStore(t, Options{LogMemory: 4<<10 + rng.Int64N(64<<10), Memory: 1 << 20})
	l := s.NewLog("model")
	var model []Record
	type reader struct {
		cursor *Cursor
		next   int      // index in model
		held   []Record // must stay as they are
	}
	var readers []*reader

	size := func() int {
		switch rng.IntN(50) {
		case 0:
			return rng.IntN(300 << 10)
		case 1:
			return 0
		default:
			return rng.IntN(700)
		}
	}
	var b Batch
	for range 1000 {
		switch rng.IntN(10) {
		case 0, 1, 2:
			b.Reset()
			first := uint64(len(model) + 1)
			for range rng.IntN(20) {
				rec := event(uint64(len(model)+1), size())
				model = append(model, rec)
				b.Add(rec.Tag, rec.Head, rec.Raw)
			}
			gotFirst, gotLast, err := l.Append(&b)
			if err != nil || gotFirst != first || gotLast != uint64(len(model)) {
				t.Fatalf("append: %d to %d, %v, want %d to %d", gotFirst, gotLast, err, first, len(model))
			}
		case 3:
			if err := l.Spill(); err != nil {
				t.Fatal(err)
			}
			if m := s.Stats().Memory; m > s.logMemory {
				t.Fatalf("%d bytes in memory after spilling, want at most %d", m, s.logMemory)
			}
		case 4:
			if rng.IntN(10) == 0 {
				if err := l.spill(0); err != nil {
					t.Fatal(err)
				}
				if m := s.Stats().Memory; m != 0 {
					t.Fatalf("%d bytes in memory after spilling all", m)
				}
			}
		case 5:
			after := rng.IntN(len(model) + 3)
			r := &reader{cursor: l.Cursor(uint64(after)), next: after}
			if len(readers) < 10 {
				readers = append(readers, r)
			} else {
				readers[rng.IntN(len(readers))] = r
			}
		default:
			if len(readers) == 0 {
				continue
			}
			r := readers[rng.IntN(len(readers))]
			recs, err := r.cursor.TryNext()
			if r.next >= len(model) {
				if !errors.Is(err, ErrCaughtUp) {
					t.Fatalf("read after %d of %d: %v, want ErrCaughtUp", r.next, len(model), err)
				}
				continue
			}
			if err != nil {
				t.Fatalf("read after %d of %d: %v", r.next, len(model), err)
			}
			r.held = r.held[:0]
			for rec := range recs.All() {
				if r.next >= len(model) {
					t.Fatalf("record %d is one more than there are", rec.Seq)
				}
				checkRecord(t, model[r.next], rec)
				r.held = append(r.held, rec)
				r.next++
			}
			if len(r.held) == 0 || r.cursor.After() != uint64(r.next) {
				t.Fatalf("read %d records, cursor is after %d, want %d", len(r.held), r.cursor.After(), r.next)
			}
		}
	}
	for _, r := range readers {
		if len(r.held) == 0 {
			continue
		}
		first := int(r.held[0].Seq) - 1
		checkRecords(t, model[first:first+len(r.held)], r.held) // unchanged
	}
	checkRecords(t, model, readAll(t, l.Cursor(0)))
	if l.Head() != uint64(len(model)) {
		t.Errorf("head is %d, want %d", l.Head(), len(model))
	}
}

func TestBatch(t *testing.T) {
	s := openStore(t, Options{})
	l := s.NewLog("batch")
	var b Batch
	if first, last, err := l.Append(&b); first != 1 || last != 0 || err != nil {
		t.Errorf("empty batch: %d to %d, %v, want 1 to 0", first, last, err)
	}

	b.Add(7, []byte("head"), []byte("raw"))
	b.Begin(8) // dropped, since it isn't ended
	b.End(append(b.EndHead(append(b.Begin(9), "encoded"...)), "bytes"...))
	b.End(b.EndHead(append(b.Begin(10), "no raw"...)))
	b.Add(11, nil, []byte{})
	want := []Record{
		{Seq: 1, Tag: 7, Head: []byte("head"), Raw: []byte("raw")},
		{Seq: 2, Tag: 9, Head: []byte("encoded"), Raw: []byte("bytes")},
		{Seq: 3, Tag: 10, Head: []byte("no raw")},
		{Seq: 4, Tag: 11, Head: []byte{}},
	}
	if b.Len() != len(want) {
		t.Errorf("batch has %d records, want %d", b.Len(), len(want))
	}
	if _, _, err := l.Append(&b); err != nil {
		t.Fatal(err)
	}
	b.Reset()
	if b.Len() != 0 || b.Size() != 0 {
		t.Errorf("batch has %d records, %d bytes after Reset", b.Len(), b.Size())
	}
	b.Add(0, []byte("overwrites the batch's buffer, not the log"), nil)
	if diff := cmp.Diff(want, readAll(t, l.Cursor(0))); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}

	for _, rec := range readAll(t, l.Cursor(0)) {
		_ = append(rec.Head, "must not reach what follows"...)
	}
	if diff := cmp.Diff(want, readAll(t, l.Cursor(0))); diff != "" {
		t.Errorf("records after appending to slices of them (-want +got):\n%s", diff)
	}
}

func TestBatchTooLarge(t *testing.T) {
	s := openStore(t, Options{})
	l := s.NewLog("large")
	huge := make([]byte, MaxRecord) // never written to, so it costs no memory
	var b Batch
	b.Add(1, []byte("fits"), nil)
	b.Add(2, []byte("h"), huge)
	if _, _, err := l.Append(&b); !errors.Is(err, ErrTooLarge) {
		t.Errorf("append: %v, want ErrTooLarge", err)
	}
	if l.Head() != 0 {
		t.Errorf("head is %d after a refused batch", l.Head())
	}
	b.Reset()
	b.Add(1, []byte("fits"), nil)
	if _, _, err := l.Append(&b); err != nil {
		t.Errorf("append after Reset: %v", err)
	}
}

func TestRecordsNext(t *testing.T) {
	s := openStore(t, Options{})
	l := s.NewLog("next")
	appendEvents(t, l, 3, 100)
	recs, err := l.Cursor(0).TryNext()
	if err != nil {
		t.Fatal(err)
	}
	first, ok := recs.Next()
	if !ok || first.Seq != 1 || recs.Len() != 2 {
		t.Fatalf("first is %d, %v, with %d left", first.Seq, ok, recs.Len())
	}
	var rest []uint64
	for rec := range recs.All() {
		rest = append(rest, rec.Seq)
		if len(rest) == 1 {
			break // All leaves the run as it is
		}
	}
	for rec, ok := recs.Next(); ok; rec, ok = recs.Next() {
		rest = append(rest, rec.Seq)
	}
	if diff := cmp.Diff([]uint64{2, 2, 3}, rest); diff != "" {
		t.Errorf("sequence numbers (-want +got):\n%s", diff)
	}
}

// TestIdle bounds what a log costs that has little in it.
func TestIdle(t *testing.T) {
	s := openStore(t, Options{})
	const n = 2000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	logs := make([]*Log, n)
	for i := range logs {
		logs[i] = s.NewLog("idle")
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / n; each > 2<<10 {
		t.Errorf("an empty log takes %d bytes, want at most 2 KiB", each)
	}
	for _, l := range logs {
		appendEvents(t, l, 4, 400)
		if err := l.Spill(); err != nil {
			t.Fatal(err)
		}
	}
	st := s.Stats()
	if each := st.Memory / n; each > 4<<10 {
		t.Errorf("a log with 4 events of 400 bytes takes %d bytes, want at most 4 KiB", each)
	}
	if st.Logs != n || st.Disk != 0 {
		t.Errorf("%d logs with %d bytes on disk, want %d and 0", st.Logs, st.Disk, n)
	}
}

// TestMillion appends a million events while one reader stands still and
// another keeps up.
func TestMillion(t *testing.T) {
	n := 1_000_000
	if testing.Short() {
		n = 100_000
	}
	s := openStore(t, Options{})
	l := s.NewLog("million")
	stalled, following := l.Cursor(0), l.Cursor(0)
	if _, err := stalled.TryNext(); !errors.Is(err, ErrCaughtUp) {
		t.Fatal(err)
	}
	var b Batch
	var followed uint64
	head := []byte(`{"type":"item.delta","raw":`)
	for l.Head() < uint64(n) {
		b.Reset()
		for range 100 {
			b.Add(1, head, nil)
		}
		if _, _, err := l.Append(&b); err != nil {
			t.Fatal(err)
		}
		if err := l.Spill(); err != nil {
			t.Fatal(err)
		}
		if m := s.Stats().Memory; m > defaultLogMemory {
			t.Fatalf("%d bytes in memory, want at most %d", m, defaultLogMemory)
		}
		recs, err := following.TryNext()
		if err != nil {
			t.Fatal(err)
		}
		followed += uint64(recs.Len())
	}
	if int64(len(l.index.places))*16 > 64<<10 {
		t.Errorf("index has %d places", len(l.index.places))
	}
	if want := fileHeaderSize("million") + int64(n*(recordHeaderSize+len(head))); s.Stats().Disk > want || s.Stats().Disk < want-defaultLogMemory {
		t.Errorf("%d bytes on disk of %d in all", s.Stats().Disk, want)
	}
	next := uint64(1)
	for {
		recs, err := stalled.TryNext()
		if errors.Is(err, ErrCaughtUp) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for rec := range recs.All() {
			if rec.Seq != next || string(rec.Head) != string(head) {
				t.Fatalf("got event %d %q, want %d", rec.Seq, rec.Head, next)
			}
			next++
		}
	}
	if next != uint64(n)+1 || followed != next-1 {
		t.Errorf("the stalled reader read %d, the other one %d, want %d", next-1, followed, n)
	}
}

func TestFiles(t *testing.T) {
	parent := t.TempDir()
	s, err := OpenStore(Options{Dir: parent})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l := s.NewLog("../../escape\x00\n")
	appendEvents(t, l, 10, 300)
	if got, _ := os.ReadDir(parent); len(got) != 0 {
		t.Errorf("there is %v before anything was spilled", got)
	}
	if err := l.spill(0); err != nil {
		t.Fatal(err)
	}
	found, _ := filepath.Glob(filepath.Join(parent, "*", "*.log"))
	if len(found) != 1 {
		t.Fatalf("files are %q, want one", found)
	}
	if runtime.GOOS != "windows" {
		for path, want := range map[string]os.FileMode{found[0]: 0o600, filepath.Dir(found[0]): 0o700 | os.ModeDir} {
			if info, err := os.Stat(path); err != nil || info.Mode() != want {
				t.Errorf("mode of %s is %v, %v, want %v", filepath.Base(path), info.Mode(), err, want)
			}
		}
	}
	checkEvents(t, l, 10, 300)
	if err := l.Delete(); err != nil {
		t.Fatal(err)
	}
	if found, _ := filepath.Glob(filepath.Join(parent, "*", "*.log")); len(found) != 0 {
		t.Errorf("files after deleting the log are %q", found)
	}
	if diff := cmp.Diff(Stats{}, s.Stats()); diff != "" {
		t.Errorf("stats after deleting the log (-want +got):\n%s", diff)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadDir(parent); len(got) != 0 {
		t.Errorf("there is %v after closing the store", got)
	}
}

// A sealed log takes nothing more, and gives what it has to whoever wants it.
func TestSeal(t *testing.T) {
	l := openStore(t, Options{}).NewLog("sealed")
	appendEvents(t, l, 10, 300)
	l.Seal()
	l.Seal()
	if err := tryAppend(l, 1, 100, l.AppendFinal); !errors.Is(err, ErrDeleted) {
		t.Errorf("append: %v", err)
	}
	c := l.Cursor(5)
	if recs, err := c.Next(t.Context()); err != nil || recs.Len() != 5 {
		t.Errorf("Next: %d records, %v", recs.Len(), err)
	}
	for _, c := range []*Cursor{c, l.Cursor(10), l.Cursor(11)} {
		if _, err := c.Next(t.Context()); !errors.Is(err, ErrDeleted) {
			t.Errorf("Next after %d: %v", c.After(), err)
		}
	}
	if err := l.Delete(); err != nil {
		t.Error(err)
	}
}

func TestOver(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(*Store, *Log) error
		want error
	}{
		{"deleted", func(_ *Store, l *Log) error { return l.Delete() }, ErrDeleted},
		{"closed", func(s *Store, _ *Log) error { return s.Close() }, ErrClosed},
		{"deleted, then closed", func(s *Store, l *Log) error { return errors.Join(l.Delete(), s.Close()) }, ErrDeleted},
		{"closed, then deleted", func(s *Store, l *Log) error { return errors.Join(s.Close(), l.Delete()) }, ErrClosed},
		{"twice", func(s *Store, l *Log) error { return errors.Join(l.Delete(), l.Delete(), s.Close(), s.Close()) }, ErrDeleted},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := openStore(t, Options{})
			l := s.NewLog("over")
			appendEvents(t, l, 10, 300)
			if err := l.spill(0); err != nil {
				t.Fatal(err)
			}
			appendEvents(t, l, 10, 300)
			behind, caughtUp := l.Cursor(0), l.Cursor(20)
			kept, err := l.Cursor(10).TryNext()
			if err != nil {
				t.Fatal(err)
			}
			if err := test.end(s, l); err != nil {
				t.Fatal(err)
			}
			for _, c := range []*Cursor{behind, caughtUp} {
				if _, err := c.Next(t.Context()); !errors.Is(err, test.want) {
					t.Errorf("Next after %d: %v, want %v", c.After(), err, test.want)
				}
				if _, err := c.TryNext(); !errors.Is(err, test.want) {
					t.Errorf("TryNext after %d: %v, want %v", c.After(), err, test.want)
				}
			}
			if err := tryAppend(l, 1, 100, l.AppendFinal); !errors.Is(err, test.want) {
				t.Errorf("append: %v, want %v", err, test.want)
			}
			if err := l.Spill(); err != nil {
				t.Errorf("spill: %v", err)
			}
			if rec, ok := kept.Next(); !ok || cmp.Diff(event(11, 300), rec) != "" {
				t.Errorf("what a reader kept is %v %v", rec, ok)
			}
			if diff := cmp.Diff(Stats{}, s.Stats()); diff != "" {
				t.Errorf("stats (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("new log on a closed store", func(t *testing.T) {
		s := openStore(t, Options{})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		l := s.NewLog("late")
		if err := tryAppend(l, 1, 100, l.Append); !errors.Is(err, ErrClosed) {
			t.Errorf("append: %v, want ErrClosed", err)
		}
	})
}

func TestOptions(t *testing.T) {
	for _, o := range []Options{{LogMemory: -1}, {Memory: -1}, {Disk: -1}} {
		if _, err := OpenStore(o); err == nil {
			t.Errorf("OpenStore(%+v) succeeded", o)
		}
	}
}

// What the log of a killed process was goes when the next one needs a place.
func TestKilledProcessLeavesNothingForLong(t *testing.T) {
	parent := t.TempDir()
	left := filepath.Join(parent, "sandbox-agent-events-1")
	if err := os.Mkdir(left, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(left, ".in-use"), nil, 0o600); err != nil {
		t.Fatal(err) // nobody has locked it
	}
	s, err := OpenStore(Options{Dir: parent})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l := s.NewLog("s")
	appendEvents(t, l, 10, 300)
	if err := l.spill(0); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory that was left is still there: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadDir(parent); len(got) != 0 {
		t.Errorf("closing leaves %v", got)
	}
}
