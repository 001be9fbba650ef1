package install

import (
	"os"
	"path/filepath"
	"time"
)

// Identity tells one state of a file from another without reading it, for what
// is known of a program.
type Identity struct {
	Path    string
	Size    int64
	ModTime time.Time
}

// Identify returns the identity of the file that a path leads to.
func Identify(path string) (Identity, error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return Identity{}, err
	}
	info, err := os.Stat(target)
	if err != nil {
		return Identity{}, err
	}
	return Identity{Path: target, Size: info.Size(), ModTime: info.ModTime().UTC()}, nil
}
