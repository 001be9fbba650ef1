package files_test

import (
	"bytes"
	"os"
	"testing"
)

// The kernel's own files have another size than they tell; they are read to
// their end all the same, at once and in pieces.
func TestReadOfTheKernelsFiles(t *testing.T) {
	tr := tree(t, nil)
	for name, most := range map[string]int{"/proc/version": 1 << 20, "/proc/filesystems": 7} {
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		for eof := false; !eof; {
			piece, err := tr.Read(name, int64(len(got)), most)
			if err != nil || len(piece.Content) == 0 && !piece.EOF || piece.Size < int64(len(piece.Content)) {
				t.Fatalf("%s at %d: %+v, %v", name, len(got), piece, err)
			}
			got, eof = append(got, piece.Content...), piece.EOF
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
