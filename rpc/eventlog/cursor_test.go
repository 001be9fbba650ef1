package eventlog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
)

// TestWaiting has cursors that wait, also for records that are further away,
// and wakes them.
func TestWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t, Options{})
		l := s.NewLog("waiting")
		type result struct {
			n   int
			err error
		}
		const readers = 1000
		results := make([]*result, readers)
		var wg sync.WaitGroup
		for i := range results {
			results[i] = new(result)
			c := l.Cursor(uint64(i % 2 * 5)) // every other one wants number 6
			wg.Go(func() {
				recs, err := c.Next(t.Context())
				*results[i] = result{recs.Len(), err}
			})
		}
		synctest.Wait()
		count := func(n int) (found int) {
			for _, r := range results {
				if r.err != nil {
					t.Fatal(r.err)
				}
				if r.n == n {
					found++
				}
			}
			return found
		}
		if got := count(0); got != readers {
			t.Fatalf("%d readers wait, want %d", got, readers)
		}
		appendEvents(t, l, 5, 10)
		synctest.Wait()
		if got := count(5); got != readers/2 {
			t.Fatalf("%d readers got 5 records, want %d", got, readers/2)
		}
		appendEvents(t, l, 1, 10)
		wg.Wait()
		if got := count(1); got != readers/2 {
			t.Fatalf("%d readers got 1 record, want %d", got, readers/2)
		}
		if l.wake != nil {
			t.Error("there is a channel though nobody waits")
		}
	})
}

func TestWaitingEnds(t *testing.T) {
	cause := errors.New("client left")
	for _, test := range []struct {
		name string
		end  func(*Store, *Log, context.CancelCauseFunc) error
		want error
	}{
		{"deleted", func(_ *Store, l *Log, _ context.CancelCauseFunc) error { return l.Delete() }, ErrDeleted},
		{"sealed", func(_ *Store, l *Log, _ context.CancelCauseFunc) error { l.Seal(); return nil }, ErrDeleted},
		{"closed", func(s *Store, _ *Log, _ context.CancelCauseFunc) error { return s.Close() }, ErrClosed},
		{"cancelled", func(_ *Store, _ *Log, c context.CancelCauseFunc) error { c(cause); return nil }, cause},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := openStore(t, Options{})
				l := s.NewLog("ends")
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				errs := make(chan error, 1)
				c := l.Cursor(0)
				go func() {
					_, err := c.Next(ctx)
					errs <- err
				}()
				synctest.Wait()
				if err := test.end(s, l, cancel); err != nil {
					t.Fatal(err)
				}
				if err := <-errs; !errors.Is(err, test.want) {
					t.Errorf("Next: %v, want %v", err, test.want)
				}
				if c.After() != 0 {
					t.Errorf("cursor moved to %d", c.After())
				}
			})
		})
	}
	t.Run("cancelled with events to read", func(t *testing.T) {
		l := openStore(t, Options{}).NewLog("full")
		appendEvents(t, l, 1, 10)
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		if _, err := l.Cursor(0).Next(ctx); err != cause {
			t.Errorf("Next: %v, want %v", err, cause)
		}
	})
}

// TestConcurrent has writers, readers, spilling and other logs that press on
// the store's memory, all at once.
func TestConcurrent(t *testing.T) {
	const writers, batches, batch, readers = 4, 100, 20, 50
	const total = writers * batches * batch
	s := openStore(t, Options{LogMemory: 32 << 10, Memory: 64 << 10})
	l, other := s.NewLog("read"), s.NewLog("other")
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			var b Batch
			for i := range batches {
				b.Reset()
				for j := range batch {
					b.Add(uint64(w), fmt.Appendf(nil, "%d", i*batch+j), make([]byte, 300))
				}
				if _, _, err := l.Append(&b); err != nil {
					t.Error(err)
				}
				if _, _, err := other.Append(&b); err != nil {
					t.Error(err)
				}
				if err := errors.Join(l.Spill(), other.Spill()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for r := range readers {
		wg.Go(func() {
			start := uint64(r * 100)
			c := l.Cursor(start)
			var last [writers]string
			for seq := start; seq < total; {
				recs, err := c.Next(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				for rec := range recs.All() {
					if seq++; rec.Seq != seq || len(rec.Raw) != 300 {
						t.Errorf("got %d, want %d", rec.Seq, seq)
						return
					}
					was := &last[rec.Tag]
					if len(*was) > len(rec.Head) || len(*was) == len(rec.Head) && *was >= string(rec.Head) {
						t.Errorf("writer %d: %s after %s", rec.Tag, rec.Head, *was)
					}
					*was = string(rec.Head)
				}
			}
		})
	}
	wg.Wait()
	if m := s.Stats().Memory; m > 64<<10 {
		t.Errorf("%d bytes in memory at the end", m)
	}
}

// TestDeleteWhileBusy deletes logs that are being written, spilled and read.
func TestDeleteWhileBusy(t *testing.T) {
	s := openStore(t, Options{LogMemory: 8 << 10})
	for range 20 {
		l := s.NewLog("busy")
		appendEvents(t, l, 100, 300)
		var wg sync.WaitGroup
		expect := func(err error) bool {
			if err != nil && !errors.Is(err, ErrDeleted) {
				t.Error(err)
			}
			return err == nil
		}
		wg.Go(func() {
			for expect(tryAppend(l, 10, 300, l.Append)) && expect(l.Spill()) {
			}
		})
		for range 4 {
			wg.Go(func() {
				for c := l.Cursor(0); ; {
					if _, err := c.Next(t.Context()); !expect(err) {
						return
					}
					if c.After() > 500 {
						c = l.Cursor(0)
					}
				}
			})
		}
		c := l.Cursor(300) // not before it is really busy
		if _, err := c.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := l.Delete(); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
	}
	if st := s.Stats(); st != (Stats{}) {
		t.Errorf("%+v is left", st)
	}
}

// TestDamagedFile changes the file behind the log's back.
func TestDamagedFile(t *testing.T) {
	for _, test := range []struct {
		name   string
		damage func(path string) error
		want   error
	}{
		{"bytes changed", func(path string) error {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteAt([]byte("?"), fileHeaderSize("damaged")+recordHeaderSize+3)
			return errors.Join(err, f.Close())
		}, ErrCorrupt},
		{"lengths changed", func(path string) error {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteAt([]byte("\xff\xff\xff\xff"), fileHeaderSize("damaged")+4)
			return errors.Join(err, f.Close())
		}, ErrCorrupt},
		{"cut", func(path string) error { return os.Truncate(path, 30) }, ErrCorrupt},
		{"gone", os.Remove, os.ErrNotExist},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := openStore(t, Options{})
			l := s.NewLog("damaged")
			appendEvents(t, l, 100, 300)
			if err := l.spill(0); err != nil {
				t.Fatal(err)
			}
			if err := test.damage(filepath.Join(s.files.dir.Path(), l.file)); err != nil {
				t.Fatal(err)
			}
			c := l.Cursor(0)
			for range 2 {
				if _, err := c.TryNext(); !errors.Is(err, test.want) {
					t.Errorf("read: %v, want %v", err, test.want)
				}
			}
			if c.After() != 0 {
				t.Errorf("cursor moved to %d", c.After())
			}
			if test.name == "bytes changed" {
				return // seeking reads headers only
			}
			if _, err := l.Cursor(50).TryNext(); !errors.Is(err, test.want) {
				t.Errorf("read from 51: %v, want %v", err, test.want)
			}
		})
	}
}

// What was read from the start on is known to be right; what lies behind a gap
// is not.
func TestCheckedGrowsWithoutGaps(t *testing.T) {
	l := openStore(t, Options{}).NewLog("checked")
	begin := fileHeaderSize("checked")
	for _, step := range []struct{ from, to, want int64 }{
		{begin + 10, begin + 20, 0},
		{begin, begin + 5, begin + 5},
		{begin + 10, begin + 20, begin + 5},
		{begin + 2, begin + 12, begin + 12},
		{begin, begin + 5, begin + 12},
		{begin + 12, begin + 20, begin + 20},
	} {
		if l.noteChecked(step.from, step.to); l.checked.Load() != step.want {
			t.Errorf("from %d to %d: checked up to %d, want %d", step.from, step.to, l.checked.Load(), step.want)
		}
	}
}
