package claude

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// What a killed bridge left is removed; what is in use, or about to be, stays.
func TestScratch(t *testing.T) {
	parent := t.TempDir()
	t.Setenv("TMPDIR", parent)
	t.Setenv("TMP", parent) // Windows
	old := time.Now().Add(-2 * unclaimed)
	dir := func(name string) string {
		path := filepath.Join(parent, name)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	left, leftEarly, fresh, foreign := dir("sandbox-agent-claude-1"), dir("sandbox-agent-claude-2"), dir("sandbox-agent-claude-3"), dir("other-4")
	if err := os.WriteFile(filepath.Join(left, claimFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{left, leftEarly, foreign} {
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	used, err := newScratch()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(used.dir, old, old); err != nil {
		t.Fatal(err)
	}
	second, err := newScratch()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{left: false, leftEarly: false, fresh: true, foreign: true, used.dir: true, second.dir: true} {
		if isDir(path) != want {
			t.Errorf("%s is there: %v, want %v", filepath.Base(path), !want, want)
		}
	}
	for _, s := range []scratch{used, second, {}} {
		if err := s.remove(); err != nil {
			t.Error(err)
		}
	}
	if isDir(used.dir) || isDir(second.dir) {
		t.Error("a directory is left")
	}
}
