package files_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/rpc/files"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// tree is a tree in a temporary directory, with files in it.
func tree(t *testing.T, contents map[string]string) files.Tree {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range contents {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return files.Tree{Base: dir}
}

// content is all files below a directory, temporary ones included.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		switch {
		case d.IsDir():
		case d.Type()&os.ModeSymlink != 0:
			found[name] = "-> " + must(os.Readlink(path))
		default:
			found[name] = string(must(os.ReadFile(path)))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func wantKind(t *testing.T, err error, kind universal.ErrorKind, text string) {
	t.Helper()
	e, ok := errors.AsType[*universal.Error](err)
	if !ok || e.Kind != kind || !strings.Contains(e.Detail, text) {
		t.Errorf("error = %v, want %s with %q", err, kind, text)
	}
}

func TestPaths(t *testing.T) {
	tr := tree(t, map[string]string{"dir/a": "A"})
	for _, path := range []string{"dir/a", "./dir/a", filepath.Join(tr.Base, "dir", "a"), "dir//a"} {
		stat, err := tr.Stat(path)
		if err != nil || stat.Path != filepath.Join(tr.Base, "dir", "a") || stat.EntryType != files.TypeFile || stat.Size != 1 {
			t.Errorf("Stat(%q) = %+v, %v", path, stat, err)
		}
	}
	for _, path := range []string{"../x", "dir/../../x", "dir/..", ".."} {
		_, err := tr.Stat(path)
		wantKind(t, err, universal.KindInvalidRequest, "invalid relative path: "+path)
		_, err = tr.Write(path, strings.NewReader("x"))
		wantKind(t, err, universal.KindInvalidRequest, "invalid relative path")
	}
	_, err := tr.Stat("missing")
	wantKind(t, err, universal.KindInvalidRequest, "path not found: "+filepath.Join(tr.Base, "missing"))
	_, err = tr.Stat("")
	wantKind(t, err, universal.KindInvalidRequest, "empty")
	_, err = tr.Stat("a\x00b")
	wantKind(t, err, universal.KindInvalidRequest, "zero byte")
}

func TestEntries(t *testing.T) {
	tr := tree(t, map[string]string{"b": "BB", "a/x": "", "c": ""})
	if err := os.Symlink("a", filepath.Join(tr.Base, "link")); err != nil {
		t.Fatal(err)
	}
	when := time.Date(2026, 2, 3, 4, 5, 6, 789000000, time.FixedZone("x", 3600))
	if err := os.Chtimes(filepath.Join(tr.Base, "b"), when, when); err != nil {
		t.Fatal(err)
	}
	entries, err := tr.Entries("")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name+" "+string(e.EntryType))
	}
	if diff := cmp.Diff([]string{"a directory", "b file", "c file", "link file"}, got); diff != "" {
		t.Error(diff)
	}
	b, err := json.Marshal(entries[1])
	want := `{"name":"b","path":` + string(must(json.Marshal(filepath.Join(tr.Base, "b")))) + `,"entryType":"file","size":2,"modified":"2026-02-03T03:05:06.789+00:00"}`
	if err != nil || string(b) != want {
		t.Errorf("JSON = %s, %v\nwant   %s", b, err, want)
	}
	// A link to a directory is followed when it is what was asked for.
	if inner, err := tr.Entries("link"); err != nil || len(inner) != 1 || inner[0].Name != "x" {
		t.Errorf("Entries(link) = %v, %v", inner, err)
	}
	_, err = tr.Entries("b")
	wantKind(t, err, universal.KindInvalidRequest, "not a directory")
}

func TestRead(t *testing.T) {
	tr := tree(t, map[string]string{"f": "0123456789", "d/x": ""})
	for _, tt := range []struct {
		offset int64
		length int
		want   string
	}{{0, 4, "0123"}, {8, 4, "89"}, {10, 4, ""}, {99, 4, ""}, {0, 0, ""}, {0, 1 << 40, "0123456789"}} {
		got, err := tr.Read("f", tt.offset, tt.length)
		eof := tt.offset+int64(len(tt.want)) >= 10
		if err != nil || string(got.Content) != tt.want || got.Size != 10 || got.EOF != eof {
			t.Errorf("Read(%d, %d) = %+v, %v", tt.offset, tt.length, got, err)
		}
	}
	_, err := tr.Read("f", -1, 1)
	wantKind(t, err, universal.KindInvalidRequest, "negative")
	_, err = tr.Read("d", 0, 1)
	wantKind(t, err, universal.KindInvalidRequest, "not a file")
}

func TestWrite(t *testing.T) {
	tr := tree(t, map[string]string{"script": "old"})
	path := filepath.Join(tr.Base, "script")
	if err := os.Chmod(path, 0o751); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("script", filepath.Join(tr.Base, "link")); err != nil {
		t.Fatal(err)
	}
	written, err := tr.Write("link", strings.NewReader("new"))
	if err != nil || written != (files.Written{Path: path, BytesWritten: 3}) {
		t.Errorf("Write = %+v, %v", written, err)
	}
	if info := must(os.Stat(path)); runtime.GOOS != "windows" && info.Mode().Perm() != 0o751 {
		t.Errorf("mode = %v", info.Mode())
	}
	if _, err := tr.Write("deep/er/f", strings.NewReader("x")); err != nil {
		t.Error(err)
	}
	broken := io.MultiReader(strings.NewReader("half"), failing{})
	_, err = tr.Write("script", broken)
	wantKind(t, err, universal.KindStreamError, "connection lost")
	_, err = tr.Write("deep", strings.NewReader("x"))
	wantKind(t, err, universal.KindInvalidRequest, "not a file")
	want := map[string]string{"script": "new", "link": "-> script", "deep/er/f": "x"}
	if diff := cmp.Diff(want, content(t, tr.Base)); diff != "" {
		t.Error(diff)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("connection lost") }

func TestWritePiece(t *testing.T) {
	tr := tree(t, map[string]string{"f": "something long"})
	for _, piece := range []struct {
		offset int64
		text   string
	}{{0, "abc"}, {3, "def"}, {2, "C"}} {
		if _, err := tr.WritePiece("f", piece.offset, []byte(piece.text)); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(map[string]string{"f": "abCdef"}, content(t, tr.Base)); diff != "" {
		t.Error(diff)
	}
	_, err := tr.WritePiece("f", 7, []byte("x"))
	wantKind(t, err, universal.KindInvalidRequest, "leave no gap")
	_, err = tr.WritePiece("new", 1, []byte("x"))
	wantKind(t, err, universal.KindInvalidRequest, "begin at 0")
}

func TestDelete(t *testing.T) {
	tr := tree(t, map[string]string{"f": "", "d/x": "", "keep/x": "kept"})
	if err := os.Symlink("keep", filepath.Join(tr.Base, "link")); err != nil {
		t.Fatal(err)
	}
	_, err := tr.Delete("d", false)
	wantKind(t, err, universal.KindStreamError, "pass recursive")
	for _, base := range []string{".", "./", "d/.."} {
		_, err := tr.Delete(base, true)
		wantKind(t, err, universal.KindInvalidRequest, "relative path")
	}
	for path, recursive := range map[string]bool{"f": false, "d": true, "link": true} {
		if done, err := tr.Delete(path, recursive); err != nil || done.Path != filepath.Join(tr.Base, path) {
			t.Errorf("Delete(%s) = %v, %v", path, done, err)
		}
	}
	if diff := cmp.Diff(map[string]string{"keep/x": "kept"}, content(t, tr.Base)); diff != "" {
		t.Error(diff)
	}
	_, err = tr.Delete("f", false)
	wantKind(t, err, universal.KindInvalidRequest, "path not found")
	_, err = tr.Delete("/", true)
	wantKind(t, err, universal.KindInvalidRequest, "root")
}

func TestMove(t *testing.T) {
	type move struct {
		from, to  string
		overwrite bool
	}
	start := map[string]string{"a": "A", "b": "B", "dir/x": "X", "other/y": "Y"}
	tests := []struct {
		name string
		move
		want map[string]string // nil: unchanged, with an error
	}{
		{"file", move{"a", "n/ew", false}, map[string]string{"n/ew": "A", "b": "B", "dir/x": "X", "other/y": "Y"}},
		{"directory", move{"dir", "d2", false}, map[string]string{"a": "A", "b": "B", "d2/x": "X", "other/y": "Y"}},
		{"taken", move{"a", "b", false}, nil},
		{"overwrite", move{"a", "b", true}, map[string]string{"b": "A", "dir/x": "X", "other/y": "Y"}},
		{"directory over directory", move{"dir", "other", true}, map[string]string{"a": "A", "b": "B", "other/x": "X"}},
		{"file over directory", move{"a", "dir", true}, map[string]string{"b": "B", "dir": "A", "other/y": "Y"}},
		{"directory over file", move{"dir", "a", true}, map[string]string{"a/x": "X", "b": "B", "other/y": "Y"}},
		{"onto itself", move{"dir", "dir", true}, start},
		{"into itself", move{"dir", "dir/in", true}, nil},
		{"over its parent", move{"dir/x", "dir", true}, nil},
		{"missing", move{"none", "b", true}, nil},
		{"climbing", move{"a", "../a", true}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := tree(t, start)
			moved, err := tr.Move(tt.from, tt.to, tt.overwrite)
			want := tt.want
			if want == nil {
				wantKind(t, err, universal.KindInvalidRequest, "")
				want = start
			} else if err != nil || moved.To != filepath.Join(tr.Base, tt.to) {
				t.Errorf("Move = %+v, %v", moved, err)
			}
			if diff := cmp.Diff(want, content(t, tr.Base)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
