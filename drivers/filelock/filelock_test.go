package filelock

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
)

func TestOneAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if _, err := TryExisting(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a lock of no file: %v, want ErrNotExist", err)
	}
	first, err := Try(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Try(path); !errors.Is(err, ErrHeld) {
		t.Fatalf("the second lock: %v, want ErrHeld", err)
	}
	if _, err := TryExisting(path); !errors.Is(err, ErrHeld) {
		t.Fatalf("the second lock of a file that is there: %v, want ErrHeld", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := TryExisting(path)
	if err != nil {
		t.Fatalf("after the first was given back: %v", err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Try(filepath.Join(t.TempDir(), "none", "lock")); err == nil || errors.Is(err, ErrHeld) {
		t.Errorf("a lock in no directory: %v", err)
	}
}
