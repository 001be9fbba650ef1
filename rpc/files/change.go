package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Changed names what a change was about.
type Changed struct {
	Path string `json:"path"` // absolute
}

// Mkdir makes a directory with all that leads to it; it may be there already.
func (t Tree) Mkdir(path string) (Changed, error) {
	if path == "" {
		return Changed{}, universal.InvalidRequest("path is empty")
	}
	full, err := t.resolve(path)
	if err != nil {
		return Changed{}, err
	}
	if err := os.MkdirAll(full, 0o777); err != nil {
		return Changed{}, failed(full, err)
	}
	return Changed{Path: full}, nil
}

// Delete removes a file, an empty directory, or with recursive a directory
// with all it holds. A symbolic link is removed itself.
func (t Tree) Delete(path string, recursive bool) (Changed, error) {
	full, info, err := t.entry(path)
	if err != nil {
		return Changed{}, err
	}
	if full == filepath.Dir(full) {
		return Changed{}, universal.InvalidRequest("path is the root of the file system, which is not deleted")
	}
	if info.IsDir() && recursive {
		err = os.RemoveAll(full)
	} else {
		err = os.Remove(full)
	}
	if info.IsDir() && errors.Is(err, fs.ErrExist) { // there is something in it
		err = fmt.Errorf("%w; pass recursive to delete all that it holds", err)
	}
	if err != nil {
		return Changed{}, failed(full, err)
	}
	return Changed{Path: full}, nil
}

// entry resolves the path of something that must be there and may go. A link at
// its end is not followed. The base goes by its full name only: "." is too
// quickly written.
func (t Tree) entry(path string) (string, fs.FileInfo, error) {
	if path == "" {
		return "", nil, universal.InvalidRequest("path is empty")
	}
	full, err := t.resolve(path)
	if err != nil {
		return "", nil, err
	}
	if full == filepath.Clean(t.Base) && !filepath.IsAbs(path) {
		return "", nil, universal.InvalidRequest("path is the directory in which relative paths begin; to mean it, give its full name: %s", full)
	}
	info, err := os.Lstat(full)
	if err != nil {
		return "", nil, failed(full, err)
	}
	return full, info, nil
}

// Moved tells what went where.
type Moved struct {
	From string `json:"from"` // absolute
	To   string `json:"to"`   // absolute
}

// Move renames a file or directory, also to another file system. Missing
// directories are made. What is at the new place is replaced with overwrite,
// and left alone with an error without it; when the move fails it is back.
func (t Tree) Move(from, to string, overwrite bool) (Moved, error) {
	source, info, err := t.entry(from)
	if err != nil {
		return Moved{}, err
	}
	if to == "" {
		return Moved{}, universal.InvalidRequest("to is empty")
	}
	target, err := t.resolve(to)
	if err != nil {
		return Moved{}, err
	}
	moved := Moved{From: source, To: target}
	there, err := os.Lstat(target)
	switch {
	case err == nil && os.SameFile(info, there):
		if source == target {
			return moved, nil
		}
	case err == nil && !overwrite:
		return Moved{}, universal.InvalidRequest("destination already exists: %s; pass overwrite to replace it", target)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return Moved{}, failed(target, err)
	}
	if inside(target, source) || inside(source, target) && there != nil {
		return Moved{}, universal.InvalidRequest("%s and %s lie within each other", source, target)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o777); err != nil {
		return Moved{}, failed(target, err)
	}
	if err := exchange(source, target, there != nil && (there.IsDir() || info.IsDir())); err != nil {
		return Moved{}, failed(source, err)
	}
	return moved, nil
}

// inside tells whether a path lies below a directory.
func inside(path, dir string) bool {
	return strings.HasPrefix(path, strings.TrimSuffix(dir, string(filepath.Separator))+string(filepath.Separator))
}

// exchange moves source to target. A file replaces a file in one step; where
// a directory is involved, what is at the target is put aside first.
func exchange(source, target string, putAside bool) error {
	if !putAside {
		return rename(source, target)
	}
	aside, err := freeName(target)
	if err != nil {
		return err
	}
	if err := os.Rename(target, aside); err != nil {
		return err
	}
	if err := rename(source, target); err != nil {
		return errors.Join(err, os.Rename(aside, target))
	}
	return os.RemoveAll(aside)
}

// rename moves also between file systems, where it copies: the copy is made
// beside the target, so that the target appears at once.
func rename(source, target string) error {
	err := os.Rename(source, target)
	if !errors.Is(err, errCrossDevice) {
		return err
	}
	temporary, err := freeName(target)
	if err != nil {
		return err
	}
	if err := copyAll(source, temporary); err != nil {
		return errors.Join(err, os.RemoveAll(temporary))
	}
	if err := os.Rename(temporary, target); err != nil {
		return errors.Join(err, os.RemoveAll(temporary))
	}
	return os.RemoveAll(source)
}

// copyAll copies a file, a link or a directory with all it holds.
func copyAll(source, target string) error {
	info, err := os.Lstat(source)
	if err != nil {
		return err
	}
	switch {
	case info.IsDir():
		return os.CopyFS(target, os.DirFS(source))
	case info.Mode()&fs.ModeSymlink != 0:
		to, err := os.Readlink(source)
		if err != nil {
			return err
		}
		return os.Symlink(to, target)
	case !info.Mode().IsRegular():
		return universal.InvalidRequest("path is not a file: %s; it can't be moved to another file system", source)
	}
	in, err := os.Open(source)
	if err != nil {
		return err
	}
	defer in.Close()
	dir, err := os.OpenRoot(filepath.Dir(target))
	if err != nil {
		return err
	}
	defer dir.Close()
	_, err = replace(dir, filepath.Base(target), info.Mode().Perm(), in)
	return err
}

// freeName is a name beside a path that nothing has.
func freeName(path string) (string, error) {
	for n := 0; ; n++ {
		name := beside(path, n)
		_, err := os.Lstat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return name, nil
		case err != nil || n == maxTries:
			return "", errors.Join(err, fs.ErrExist)
		}
	}
}
