package files_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// entry is an entry of an archive.
type entry struct {
	name, body string
	kind       byte
	link       string
}

func archive(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Linkname: e.link, Size: int64(len(e.body)), Mode: 0o640}
		if e.kind == 0 {
			h.Typeflag = tar.TypeReg
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t testing.TB, plain []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// stream hides that a reader can seek, as a connection can't.
func stream(b []byte) io.Reader { return io.MultiReader(bytes.NewReader(b)) }

func TestUpload(t *testing.T) {
	plain := archive(t,
		entry{name: "./", kind: tar.TypeDir},
		entry{name: "./a.txt", body: "new"},
		entry{name: "deep/", kind: tar.TypeDir},
		entry{name: "deep/er/b", body: "B"},
		entry{name: "empty/", kind: tar.TypeDir},
	)
	for name, input := range map[string]io.Reader{
		"tar":          bytes.NewReader(plain),
		"tar.gz":       bytes.NewReader(gzipped(t, plain)),
		"from a pipe":  stream(plain),
		"gz from pipe": stream(gzipped(t, plain)),
	} {
		t.Run(name, func(t *testing.T) {
			tr := tree(t, map[string]string{"up/a.txt": "old", "up/kept": "kept"})
			got, err := tr.Upload(t.Context(), "up", input)
			if err != nil || got.Truncated {
				t.Fatalf("Upload = %+v, %v", got, err)
			}
			var want []string
			for _, p := range []string{"a.txt", "deep", "deep/er/b", "empty"} {
				want = append(want, filepath.Join(tr.Base, "up", p))
			}
			if diff := cmp.Diff(want, got.Paths); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(map[string]string{"up/a.txt": "new", "up/kept": "kept", "up/deep/er/b": "B"}, content(t, tr.Base)); diff != "" {
				t.Error(diff)
			}
			if info, err := os.Stat(filepath.Join(tr.Base, "up", "empty")); err != nil || !info.IsDir() {
				t.Errorf("the empty directory: %v, %v", info, err)
			}
		})
	}
}

// Nothing of a refused archive is written, not even what comes before.
// An archive is kept on the disk while it is unpacked, and no longer: also not
// where it is refused, breaks off, or the bridge was killed meanwhile.
func TestUploadLeavesNoArchive(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	t.Setenv("TMP", temporary) // Windows
	killed := filepath.Join(temporary, "sandbox-agent-upload-1")
	if err := os.Mkdir(killed, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, left := range []string{".in-use", "archive"} {
		if err := os.WriteFile(filepath.Join(killed, left), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good := archive(t, entry{name: "a", body: "text"})
	for what, upload := range map[string]struct {
		archive io.Reader
		fails   bool
	}{
		"a good one":   {stream(good), false},
		"a bad one":    {stream(archive(t, entry{name: "../a", body: "text"})), true},
		"a broken one": {io.MultiReader(bytes.NewReader(good[:700]), iotest.ErrReader(io.ErrUnexpectedEOF)), true},
	} {
		if _, err := tree(t, nil).Upload(t.Context(), "", upload.archive); (err != nil) != upload.fails {
			t.Errorf("%s: %v", what, err)
		}
		left, err := os.ReadDir(temporary)
		if err != nil || len(left) > 0 {
			t.Errorf("%s left %v (%v)", what, left, err)
		}
	}
}

func TestUploadRefused(t *testing.T) {
	good := entry{name: "good", body: "x"}
	tests := map[string]struct {
		archive []byte
		says    string
	}{
		"parent":        {archive(t, good, entry{name: "../evil", body: "x"}), "leaves the destination"},
		"inner parent":  {archive(t, good, entry{name: "a/../b", body: "x"}), "leaves the destination"},
		"absolute":      {archive(t, good, entry{name: "/evil", body: "x"}), "leaves the destination"},
		"symbolic link": {archive(t, good, entry{name: "l", kind: tar.TypeSymlink, link: "/"}), "symbolic link"},
		"hard link":     {archive(t, good, entry{name: "l", kind: tar.TypeLink, link: "good"}), "hard link"},
		"device":        {archive(t, good, entry{name: "d", kind: tar.TypeChar}), "only files and directories"},
		"cut":           {archive(t, good, entry{name: "long", body: strings.Repeat("x", 5000)})[:3000], "can't be read"},
		"cut gz":        {gzipped(t, archive(t, good))[:60], "can't be read"},
		"no archive":    {[]byte(strings.Repeat("no archive ", 200)), "can't be read"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tr := tree(t, nil)
			_, err := tr.Upload(t.Context(), "up", stream(tt.archive))
			wantKind(t, err, universal.KindInvalidRequest, tt.says)
			if left := must(os.ReadDir(tr.Base)); len(left) != 0 {
				t.Errorf("left %v", left)
			}
		})
	}
}

// A link that is in the destination already doesn't lead out of it either.
func TestUploadThroughLink(t *testing.T) {
	tr := tree(t, map[string]string{"outside/f": "old"})
	if err := os.MkdirAll(filepath.Join(tr.Base, "up"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../outside", filepath.Join(tr.Base, "up", "dir")); err != nil {
		t.Fatal(err)
	}
	before := entry{name: "before", body: "x"}
	_, err := tr.Upload(t.Context(), "up", bytes.NewReader(archive(t, before, entry{name: "dir/f", body: "new"})))
	wantKind(t, err, universal.KindStreamError, `archive entry "dir/f"`)
	_, err = tr.Upload(t.Context(), "up", bytes.NewReader(archive(t, before, entry{name: "dir/", kind: tar.TypeDir})))
	wantKind(t, err, universal.KindStreamError, `archive entry "dir/"`)
	want := map[string]string{"outside/f": "old", "up/dir": "-> ../outside"}
	if diff := cmp.Diff(want, content(t, tr.Base)); diff != "" {
		t.Error(diff)
	}
}

func TestUploadManyPaths(t *testing.T) {
	var entries []entry
	for i := range 1025 {
		entries = append(entries, entry{name: fmt.Sprint(i)})
	}
	got, err := tree(t, nil).Upload(t.Context(), "", bytes.NewReader(archive(t, entries...)))
	if err != nil || len(got.Paths) != 1024 || !got.Truncated {
		t.Errorf("%d paths, truncated %v, %v", len(got.Paths), got.Truncated, err)
	}
}

func TestUploadCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	tr := tree(t, nil)
	if _, err := tr.Upload(ctx, "up", bytes.NewReader(archive(t, entry{name: "f"}))); err == nil {
		t.Error("no error")
	}
	if left := must(os.ReadDir(tr.Base)); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

// Whatever the bytes are, nothing appears beside the destination.
func FuzzUpload(f *testing.F) {
	f.Add(archive(f, entry{name: "a", body: "x"}, entry{name: "d/", kind: tar.TypeDir}))
	f.Add(gzipped(f, archive(f, entry{name: "a", body: "x"})))
	f.Add(archive(f, entry{name: "../a", body: "x"}))
	f.Add(archive(f, entry{name: "l", kind: tar.TypeSymlink, link: "../../x"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		tr := tree(t, map[string]string{"beside": "same"})
		_, _ = tr.Upload(t.Context(), "up", bytes.NewReader(b))
		for name, text := range content(t, tr.Base) {
			if !strings.HasPrefix(name, "up"+string(filepath.Separator)) && (name != "beside" || text != "same") {
				t.Errorf("%s is %q", name, text)
			}
		}
	})
}
