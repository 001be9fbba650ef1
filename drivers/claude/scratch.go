package claude

import (
	"io"
	"os"
	"path/filepath"
	"time"
)

// scratchPattern names the private temporary directories of this package.
const scratchPattern = "sandbox-agent-claude-*"

// claimFile is locked as long as the directory that it is in is used.
const claimFile = ".in-use"

// unclaimed is how old a directory without a claim has to be to count as left
// behind: a new one gets its claim at once.
const unclaimed = time.Hour

// scratch is a private temporary directory. The zero value is none.
type scratch struct {
	dir   string
	claim io.Closer // holds the lock, where there are locks
}

// newScratch makes a directory. First it removes those that bridges left behind
// that were killed, so that they don't pile up.
func newScratch() (scratch, error) {
	removeStale(os.TempDir())
	dir, err := os.MkdirTemp("", scratchPattern)
	if err != nil {
		return scratch{}, err
	}
	claim, err := lockFile(filepath.Join(dir, claimFile))
	if err != nil {
		_ = os.RemoveAll(dir)
		return scratch{}, err
	}
	return scratch{dir, claim}, nil
}

func (s scratch) remove() error {
	if s.dir == "" {
		return nil
	}
	_ = s.claim.Close() // first: Windows removes no file that is open
	return os.RemoveAll(s.dir)
}

// removeStale removes what nobody uses any more. What can't be removed, such as
// the directories of other users, stays.
func removeStale(parent string) {
	dirs, err := filepath.Glob(filepath.Join(parent, scratchPattern))
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
		if lock, err := lockFile(claim); err == nil {
			_ = os.RemoveAll(dir)
			_ = lock.Close()
		}
	}
}
