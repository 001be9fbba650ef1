//go:build unix

package install

import (
	"errors"
	"io/fs"
	"testing"

	"golang.org/x/sys/unix"
)

func TestExplainDisk(t *testing.T) {
	full := explainDisk(&fs.PathError{Op: "write", Path: "claude", Err: unix.ENOSPC})
	if !errors.Is(full, ErrDiskFull) || !errors.Is(full, unix.ENOSPC) {
		t.Errorf("error = %v, want one that is both the cause and its explanation", full)
	}
	for _, err := range []error{nil, fs.ErrPermission} {
		if got := explainDisk(err); got != err {
			t.Errorf("explainDisk(%v) = %v", err, got)
		}
	}
}
