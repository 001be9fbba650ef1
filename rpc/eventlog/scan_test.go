package eventlog

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// image returns the file of a log with n events, and where each of them ends.
func image(t testing.TB, name string, n int) (data []byte, ends []int64) {
	t.Helper()
	s := openStore(t, Options{})
	l := s.NewLog(name)
	for i := range n {
		appendEvents(t, l, 1, 50*i)
		ends = append(ends, l.end)
	}
	if n == 0 {
		return appendFileHeader(nil, name), nil
	}
	if err := l.spill(0); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(s.files.dir.Path(), l.file))
	if err != nil {
		t.Fatal(err)
	}
	return data, ends
}

func scanAll(r io.Reader) (Scanned, []Record, error) {
	var all []Record
	found, err := Scan(r, func(rec Record) error {
		rec.Head = bytes.Clone(rec.Head)
		rec.Raw = bytes.Clone(rec.Raw)
		all = append(all, rec)
		return nil
	})
	return found, all, err
}

// TestScanTorn cuts a file at every length and damages each of its bytes: what
// is found is always the whole records before that.
func TestScanTorn(t *testing.T) {
	const n = 5
	data, ends := image(t, "session", n)
	var want []Record
	for i := range n {
		want = append(want, event(uint64(i)+1, 50*i))
	}
	header := fileHeaderSize("session")
	expect := func(at int64, torn bool) Scanned {
		if at < header {
			return Scanned{Torn: true}
		}
		found := Scanned{Name: "session", Size: header, Torn: torn}
		for _, end := range ends {
			if end <= at {
				found.Last++
				found.Size = end
			}
		}
		return found
	}
	check := func(t *testing.T, at int, input []byte, want Scanned, records []Record) {
		t.Helper()
		found, got, err := scanAll(bytes.NewReader(input))
		if err != nil {
			t.Fatalf("at %d: %v", at, err)
		}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Fatalf("at %d (-want +got):\n%s", at, diff)
		}
		checkRecords(t, records, got)
	}
	t.Run("cut", func(t *testing.T) {
		for at := range len(data) + 1 {
			found := expect(int64(at), true)
			found.Torn = int64(at) != found.Size || at == 0
			check(t, at, data[:at], found, want[:found.Last])
		}
	})
	t.Run("zeros", func(t *testing.T) {
		for at := int(header); at < len(data); at++ {
			input := append(bytes.Clone(data[:at]), make([]byte, 100)...)
			found := expect(int64(at), true)
			check(t, at, input, found, want[:found.Last])
		}
	})
	t.Run("damaged", func(t *testing.T) {
		for at := range data {
			if at < len(magic)+4 {
				continue // another file, another version: see TestScanRefuses
			}
			input := bytes.Clone(data)
			input[at] ^= 0x40
			found := expect(int64(at), true)
			check(t, at, input, found, want[:found.Last])
		}
	})
}

func TestScanRefuses(t *testing.T) {
	data, _ := image(t, "session", 1)
	version := bytes.Clone(data)
	version[len(magic)]++
	broken := errors.New("broken")
	for _, test := range []struct {
		name  string
		input io.Reader
		fn    func(Record) error
		want  error
	}{
		{"another file", bytes.NewReader([]byte(`{"sequence":1}`)), nil, ErrNotLog},
		{"a short other file", bytes.NewReader([]byte(`{`)), nil, ErrNotLog},
		{"another version", bytes.NewReader(version), nil, ErrVersion},
		{"reader fails at once", iotest.ErrReader(broken), nil, broken},
		{"reader fails", io.MultiReader(bytes.NewReader(data[:len(data)-1]), iotest.ErrReader(broken)), nil, broken},
		{"function fails", bytes.NewReader(data), func(Record) error { return broken }, broken},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Scan(test.input, test.fn); !errors.Is(err, test.want) {
				t.Errorf("Scan: %v, want %v", err, test.want)
			}
		})
	}
}

// TestScanLarge has a record that comes in many pieces.
func TestScanLarge(t *testing.T) {
	s := openStore(t, Options{})
	l := s.NewLog("large")
	appendEvents(t, l, 1, 3<<20)
	if err := l.Spill(); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(s.files.dir.Path(), l.file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	found, got, err := scanAll(iotest.HalfReader(f))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Scanned{Name: "large", Last: 1, Size: l.end}, found); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	checkRecords(t, []Record{event(1, 3<<20)}, got)
}

// FuzzScan expects of any input that the whole records that are found are what
// the input begins with, byte by byte.
func FuzzScan(f *testing.F) {
	for n := range 3 {
		data, _ := image(f, "fuzz", n)
		f.Add(data)
		f.Add(data[:len(data)-1])
		f.Add(append(data, 0, 1, 2, 3))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		found, records, err := scanAll(bytes.NewReader(input))
		if err != nil {
			if !errors.Is(err, ErrNotLog) && !errors.Is(err, ErrVersion) {
				t.Fatal(err)
			}
			return
		}
		if found.Last != uint64(len(records)) || found.Size > int64(len(input)) || !found.Torn && found.Size != int64(len(input)) {
			t.Fatalf("%+v with %d records in %d bytes", found, len(records), len(input))
		}
		if found.Size == 0 {
			return
		}
		var b Batch
		for _, rec := range records {
			b.Add(rec.Tag, rec.Head, rec.Raw)
		}
		if again := append(appendFileHeader(nil, found.Name), b.buf...); !bytes.Equal(again, input[:found.Size]) {
			t.Fatalf("encoded again\n%x\nwant\n%x", again, input[:found.Size])
		}
	})
}
