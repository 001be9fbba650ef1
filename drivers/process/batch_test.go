package process

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// writes is what a process writes, each by itself.
type writes []string

func (p *writes) Read(to []byte) (int, error) {
	if len(*p) == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n := copy(to, (*p)[0])
	if (*p)[0] = (*p)[0][n:]; (*p)[0] == "" {
		*p = (*p)[1:]
	}
	return n, nil
}

type reader struct{ *lineReader }

func (r reader) ReadLine() ([]byte, bool, error) { return r.next() }

func TestBatches(t *testing.T) {
	long := strings.Repeat("x", 90)
	for _, c := range []struct {
		name   string
		writes writes
		want   []string // of each batch
	}{
		{"what is written at once is a batch", writes{"a\nb\n", "c\n", "\nd\n"}, []string{"a b", "c", "d", ""}},
		{"half a line waits for nobody", writes{"a\nb", "c\n"}, []string{"a", "bc", ""}},
		{"a line that is too long", writes{long + long + "\na\n"}, []string{"! a", ""}},
		{"no line", nil, []string{""}},
		{"the last has no end", writes{"a\nb"}, []string{"a", "b", ""}},
		{"many lines", writes{strings.Repeat("a\n", maxBatch+1)}, []string{strings.Repeat("a ", maxBatch-1) + "a", "a", ""}},
	} {
		var got, batch []string
		err := Batches{
			Line:    func(line []byte) { batch = append(batch, string(line)) },
			TooLong: func(error) { batch = append(batch, "!") },
			Flush: func() {
				got = append(got, strings.Join(batch, " "))
				batch = nil
			},
		}.Read(reader{newLineReader(&c.writes, 100)})
		if !errors.Is(err, io.ErrUnexpectedEOF) || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
}

// Long lines don't make a long batch.
func TestBatchesAreBounded(t *testing.T) {
	line, bytesSince, longest := bytes.Repeat([]byte("x"), 10<<10), 0, 0
	err := Batches{
		Line:  func(line []byte) { bytesSince += len(line) },
		Flush: func() { longest, bytesSince = max(longest, bytesSince), 0 },
	}.Read(&flowing{line: line, left: 100})
	if !errors.Is(err, io.EOF) || longest < maxBatchBytes || longest > maxBatchBytes+len(line) {
		t.Errorf("a batch has up to %d bytes, %v", longest, err)
	}
}

// flowing always has a further line at hand.
type flowing struct {
	line []byte
	left int
}

func (f *flowing) ReadLine() ([]byte, bool, error) {
	if f.left--; f.left < 0 {
		return nil, false, io.EOF
	}
	return f.line, true, nil
}
