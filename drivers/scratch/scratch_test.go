package scratch

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// What a killed bridge left is removed; what is in use, or about to be, stays.
func TestScratch(t *testing.T) {
	parent := t.TempDir()
	const prefix = "sandbox-agent-test-"
	old := time.Now().Add(-2 * unclaimed)
	dir := func(name string) string {
		path := filepath.Join(parent, name)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	left, leftEarly, fresh, foreign := dir("sandbox-agent-test-1"), dir("sandbox-agent-test-2"), dir("sandbox-agent-test-3"), dir("other-4")
	if err := os.WriteFile(filepath.Join(left, claimFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{left, leftEarly, foreign} {
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	used, err := New(parent, prefix)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(used.Path(), old, old); err != nil {
		t.Fatal(err)
	}
	second, err := New(parent, prefix)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{left: false, leftEarly: false, fresh: true, foreign: true, used.Path(): true, second.Path(): true} {
		if isDir(path) != want {
			t.Errorf("%s is there: %v, want %v", filepath.Base(path), !want, want)
		}
	}
	for _, s := range []Dir{used, second, {}} {
		if err := s.Remove(); err != nil {
			t.Error(err)
		}
	}
	if isDir(used.Path()) || isDir(second.Path()) {
		t.Error("a directory is left")
	}
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Of directories that are made at the same time none is taken for one that was
// left behind.
func TestScratchAtOnce(t *testing.T) {
	parent := t.TempDir()
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 50 {
				d, err := New(parent, "sandbox-agent-test-")
				if err != nil {
					t.Error(err)
					return
				}
				if err := os.WriteFile(filepath.Join(d.Path(), "file"), nil, 0o600); err != nil {
					t.Error(err)
				}
				if err := d.Remove(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
