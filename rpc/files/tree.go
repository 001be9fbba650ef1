package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Tree is where relative paths begin.
type Tree struct {
	// Base is an absolute directory.
	Base string
}

// resolve makes a path absolute. A relative one can't climb out of the base.
func (t Tree) resolve(path string) (string, error) {
	if strings.ContainsRune(path, 0) {
		return "", universal.InvalidRequest("path contains a zero byte")
	}
	if filepath.IsAbs(path) {
		return filepath.Clean(path), nil
	}
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == filepath.Separator })
	if filepath.VolumeName(path) != "" || strings.HasPrefix(path, "/") || slices.Contains(parts, "..") {
		return "", universal.InvalidRequest("invalid relative path: %s", path)
	}
	return filepath.Join(t.Base, path), nil
}

// existing resolves the path of something that must be there. Symbolic links
// are followed.
func (t Tree) existing(path string) (string, fs.FileInfo, error) {
	if path == "" {
		return "", nil, universal.InvalidRequest("path is empty; \".\" is the base directory")
	}
	full, err := t.resolve(path)
	if err != nil {
		return "", nil, err
	}
	info, err := os.Stat(full)
	if err != nil {
		return "", nil, failed(full, err)
	}
	return full, info, nil
}

// failed is the error for what the system said about a path.
func failed(path string, err error) error {
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*universal.Error](err); ok {
		return known
	}
	if errors.Is(err, fs.ErrNotExist) {
		return universal.InvalidRequest("path not found: %s", path).Because(err)
	}
	return universal.Errorf(universal.KindStreamError, "stream error: %v", err).With("message", err.Error()).Because(err)
}
