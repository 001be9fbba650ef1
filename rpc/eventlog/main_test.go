package eventlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// openStore returns a store of the test's own, with its directory in a
// temporary one, that is closed at the end.
func openStore(t testing.TB, o Options) *Store {
	t.Helper()
	o.Dir = t.TempDir()
	s, err := OpenStore(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// event makes the record with number seq: the same always, of any size, with
// and without raw.
func event(seq uint64, size int) Record {
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], seq)
	rng := rand.NewChaCha8(seed)
	head := fmt.Appendf(nil, `{"sequence":%d,"raw":`, seq)
	if n := len(head); n < size {
		head = append(head, make([]byte, size-n)...)
		rng.Read(head[n:])
	}
	rec := Record{Seq: seq, Tag: rng.Uint64(), Head: head}
	if seq%3 != 0 {
		rec.Raw = fmt.Appendf(nil, `{"n":%d}`, rng.Uint64())
	}
	return rec
}

// appendEvents appends events of one size, in one batch.
func appendEvents(t testing.TB, l *Log, n, size int) {
	t.Helper()
	if err := tryAppend(l, n, size, l.Append); err != nil {
		t.Fatalf("append after %d: %v", l.Head(), err)
	}
}

func tryAppend(l *Log, n, size int, do func(*Batch) (uint64, uint64, error)) error {
	var b Batch
	head := l.Head()
	for i := range n {
		rec := event(head+uint64(i)+1, size)
		b.Add(rec.Tag, rec.Head, rec.Raw)
	}
	first, last, err := do(&b)
	if err == nil && (first != head+1 || last != head+uint64(n)) {
		return fmt.Errorf("append returned %d to %d, want %d to %d", first, last, head+1, head+uint64(n))
	}
	return err
}

// checkEvents reads the whole log and expects n events of one size.
func checkEvents(t testing.TB, l *Log, n, size int) {
	t.Helper()
	got := readAll(t, l.Cursor(0))
	if len(got) != n {
		t.Fatalf("read %d events, want %d", len(got), n)
	}
	for i, rec := range got {
		checkRecord(t, event(uint64(i)+1, size), rec)
	}
}

// checkRecord compares two records. cmp alone is too slow for megabytes.
func checkRecord(t testing.TB, want, got Record) {
	t.Helper()
	if want.Seq == got.Seq && want.Tag == got.Tag && bytes.Equal(want.Head, got.Head) && bytes.Equal(want.Raw, got.Raw) {
		return
	}
	t.Fatalf("event %d (-want +got):\n%s", want.Seq, cmp.Diff(want, got))
}

func checkRecords(t testing.TB, want, got []Record) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d records, want %d", len(got), len(want))
	}
	for i := range want {
		checkRecord(t, want[i], got[i])
	}
}

// readAll reads from c until it has caught up.
func readAll(t testing.TB, c *Cursor) []Record {
	t.Helper()
	var all []Record
	for {
		recs, err := c.TryNext()
		if errors.Is(err, ErrCaughtUp) {
			return all
		}
		if err != nil {
			t.Fatalf("read after %d: %v", c.After(), err)
		}
		if recs.Len() == 0 {
			t.Fatalf("read after %d: no records and no error", c.After())
		}
		for rec := range recs.All() {
			all = append(all, rec)
		}
	}
}
