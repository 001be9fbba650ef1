package process

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// result is what one call of next gave.
type result struct {
	Line string
	Err  string
}

func readLines(t testing.TB, r *lineReader) []result {
	t.Helper()
	var got []result
	for {
		line, more, err := r.next()
		switch {
		case errors.Is(err, ErrLineTooLong):
			got = append(got, result{Err: "too long"})
		case errors.Is(err, io.EOF):
			if more {
				t.Error("more lines were promised at the end of the stream")
			}
			if _, _, again := r.next(); !errors.Is(again, io.EOF) {
				t.Errorf("after the end: error %v, want io.EOF", again)
			}
			return got
		case err != nil:
			got = append(got, result{Err: err.Error()})
			return got
		default:
			got = append(got, result{Line: string(line)})
		}
	}
}

// splitLines is the plain way to do what a lineReader does.
func splitLines(stream []byte, max int) []result {
	var want []result
	for len(stream) > 0 {
		line, rest, _ := bytes.Cut(stream, []byte("\n"))
		stream = rest
		// The end of a line may be two bytes.
		if line = bytes.TrimSuffix(line, []byte("\r")); len(line) > max {
			want = append(want, result{Err: "too long"})
		} else {
			want = append(want, result{Line: string(line)})
		}
	}
	return want
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 3*lineBuffer)
	tests := map[string]struct {
		stream string
		max    int
		want   []result
	}{
		"empty":                     {"", 10, nil},
		"two lines":                 {"a\nb\n", 10, []result{{Line: "a"}, {Line: "b"}}},
		"blank lines":               {"\n\r\n\n", 10, []result{{}, {}, {}}},
		"carriage returns":          {"a\r\nb\rc\r\n", 10, []result{{Line: "a"}, {Line: "b\rc"}}},
		"no end":                    {"a\nb", 10, []result{{Line: "a"}, {Line: "b"}}},
		"no end but a return":       {"a\r", 10, []result{{Line: "a"}}},
		"longer than the buffer":    {long + "\nb\n", 4 * lineBuffer, []result{{Line: long}, {Line: "b"}}},
		"long without an end":       {"a\n" + long, 4 * lineBuffer, []result{{Line: "a"}, {Line: long}}},
		"exactly the limit":         {"12345\n12345\r\n12345", 5, []result{{Line: "12345"}, {Line: "12345"}, {Line: "12345"}}},
		"over the limit":            {"a\n123456\nb\n", 5, []result{{Line: "a"}, {Err: "too long"}, {Line: "b"}}},
		"over the limit by far":     {long + "\nb\n" + long + "\r\nc", 5, []result{{Err: "too long"}, {Line: "b"}, {Err: "too long"}, {Line: "c"}}},
		"over the limit at the end": {"a\n" + long, 5, []result{{Line: "a"}, {Err: "too long"}}},
	}
	sources := map[string]func(io.Reader) io.Reader{
		"whole":      func(r io.Reader) io.Reader { return r },
		"by halves":  iotest.HalfReader,
		"by bytes":   iotest.OneByteReader,
		"with error": iotest.DataErrReader,
	}
	for name, test := range tests {
		for how, source := range sources {
			t.Run(name+"/"+how, func(t *testing.T) {
				got := readLines(t, newLineReader(source(strings.NewReader(test.stream)), test.max))
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("lines (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestLinesReportSourceErrorAfterLastLine(t *testing.T) {
	broken := errors.New("broken")
	r := newLineReader(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken)), 10)
	want := []result{{Line: "a"}, {Line: "b"}, {Err: "broken"}}
	if diff := cmp.Diff(want, readLines(t, r)); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestLinesTellWhetherMoreAreAtHand(t *testing.T) {
	r := newLineReader(strings.NewReader("a\nb\nc"), 10)
	var got []bool
	for range 3 {
		_, more, err := r.next()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, more)
	}
	if diff := cmp.Diff([]bool{true, false, false}, got); diff != "" {
		t.Errorf("more (-want +got):\n%s", diff)
	}
}

func TestLinesGiveMemoryBack(t *testing.T) {
	r := newLineReader(strings.NewReader(strings.Repeat("x", 20*lineBuffer)+"\n"+strings.Repeat("y\n", lineBuffer)), DefaultMaxLine)
	for range 2 {
		if _, _, err := r.next(); err != nil {
			t.Fatal(err)
		}
	}
	if grown := len(r.buf); grown <= lineBuffer {
		t.Fatalf("the buffer has %d bytes, want more for the long line", grown)
	}
	readLines(t, r)
	if len(r.buf) != lineBuffer {
		t.Errorf("the buffer has %d bytes after the long line, want %d", len(r.buf), lineBuffer)
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb\r\n\r\n\nc"), 3, uint8(2))
	f.Add([]byte("0123456789\n\r"), 4, uint8(0))
	f.Add([]byte("12345\r\r\n12345\r\n1234\r"), 5, uint8(1))
	f.Fuzz(func(t *testing.T, stream []byte, max int, piece uint8) {
		if max < 1 || max > 1<<20 {
			max = 1 + max&0xff
		}
		got := readLines(t, newLineReader(&pieces{stream, int(piece)}, max))
		if diff := cmp.Diff(splitLines(stream, max), got); diff != "" {
			t.Errorf("lines (-want +got):\n%s", diff)
		}
	})
}

// pieces reads a few bytes at a time; zero means all.
type pieces struct {
	rest []byte
	size int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := len(p.rest)
	if p.size > 0 {
		n = min(n, p.size)
	}
	n = copy(b, p.rest[:n])
	p.rest = p.rest[n:]
	return n, nil
}

// endless repeats a block for ever.
type endless struct {
	block []byte
	at    int
}

func (e *endless) Read(b []byte) (int, error) {
	n := copy(b, e.block[e.at:])
	e.at = (e.at + n) % len(e.block)
	return n, nil
}

func BenchmarkReadLine(b *testing.B) {
	line := strings.Repeat("x", 299) + "\n"
	r := newLineReader(&endless{block: []byte(strings.Repeat(line, 500))}, DefaultMaxLine)
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := r.next(); err != nil {
			b.Fatal(err)
		}
	}
}
