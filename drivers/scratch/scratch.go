// Package scratch makes private temporary directories that do not pile up:
// each is claimed by a lock that ends with its process, however that ends, and
// whoever makes the next one of the same name removes those that nobody claims
// any more. So what a killed bridge left on disk goes with the next bridge.
package scratch

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers/filelock"
)

// claimFile is locked as long as the directory that it is in is used.
const claimFile = ".in-use"

// unclaimed is how old a directory without a claim has to be to count as left
// behind: a new one gets its claim at once.
const unclaimed = time.Hour

// Dir is a private temporary directory. The zero value is none.
type Dir struct {
	path  string
	claim io.Closer // holds the lock
}

// New makes a directory "<prefix><random>" in parent, the system's temporary
// directory if that is empty, readable by this user only.
func New(parent, prefix string) (Dir, error) {
	if parent == "" {
		parent = os.TempDir()
	}
	removeStale(parent, prefix)
	for {
		path, err := os.MkdirTemp(parent, prefix)
		if err != nil {
			return Dir{}, err
		}
		claimed := filepath.Join(path, claimFile)
		claim, err := filelock.Try(claimed)
		if err == nil {
			if _, err := os.Lstat(claimed); err == nil {
				return Dir{path, claim}, nil
			}
			_ = claim.Close()
		}
		// Somebody who removes what nobody uses may have got the lock between
		// the making of its file and the locking: then it removes, or has
		// removed, the directory, and another one is needed.
		taken := err == nil || errors.Is(err, filelock.ErrHeld) || errors.Is(err, fs.ErrNotExist)
		_ = os.RemoveAll(path)
		if !taken {
			return Dir{}, err
		}
	}
}

// Path returns where the directory is, "" for none.
func (d Dir) Path() string { return d.path }

// Remove removes the directory with all that is in it.
func (d Dir) Remove() error {
	if d.path == "" {
		return nil
	}
	_ = d.claim.Close() // first: Windows removes no file that is open
	return os.RemoveAll(d.path)
}

// removeStale removes what nobody uses any more. What can't be removed, such as
// the directories of other users, stays.
func removeStale(parent, prefix string) {
	dirs, err := filepath.Glob(filepath.Join(parent, prefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range dirs {
		claim := filepath.Join(dir, claimFile)
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() {
			continue
		}
		if _, err := os.Lstat(claim); err != nil {
			if time.Since(info.ModTime()) > unclaimed {
				_ = os.RemoveAll(dir)
			}
			continue
		}
		// A claim that is gone by now is not made again: whoever is about to
		// remove the directory would find it not empty.
		if lock, err := filelock.TryExisting(claim); err == nil {
			_ = os.RemoveAll(dir)
			_ = lock.Close()
		}
	}
}
