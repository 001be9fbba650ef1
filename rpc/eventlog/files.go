package eventlog

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/sandbox-agent/sandbox-agent/drivers/scratch"
)

// A file is what the store needs of an [os.File].
type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
}

// files is the store's private directory, made when the first file is.
type files struct {
	// open opens a file like [os.OpenFile] does. Tests put failures here.
	open func(path string, flag int, perm os.FileMode) (file, error)

	mu  sync.Mutex  // guards dir, and makes it only once
	dir scratch.Dir // none until it's made
}

func openOSFile(path string, flag int, perm os.FileMode) (file, error) {
	f, err := os.OpenFile(path, flag, perm)
	if err != nil {
		return nil, err // not f: a nil *os.File is not a nil file
	}
	return f, nil
}

// path returns the path of the named file in the directory, which is made if
// there is none yet.
func (fs *files) path(parent, name string) (string, error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.dir.Path() == "" {
		dir, err := scratch.New(parent, "sandbox-agent-events-")
		if err != nil {
			return "", err
		}
		fs.dir = dir
	}
	return filepath.Join(fs.dir.Path(), name), nil
}

// remove deletes the named file, if there is one.
func (fs *files) remove(name string) error {
	fs.mu.Lock()
	dir := fs.dir.Path()
	fs.mu.Unlock()
	if dir == "" {
		return nil
	}
	err := os.Remove(filepath.Join(dir, name))
	if errors.Is(err, os.ErrNotExist) {
		return nil // gone is what was wanted
	}
	return err
}

// removeAll deletes the directory and all files.
func (fs *files) removeAll() error {
	fs.mu.Lock()
	dir := fs.dir
	fs.mu.Unlock()
	return dir.Remove()
}

func (s *Store) openToRead(name string) (file, error) {
	path, err := s.files.path(s.parent, name)
	if err != nil {
		return nil, err
	}
	return s.files.open(path, os.O_RDONLY, 0)
}

func (s *Store) openToWrite(name string) (file, error) {
	path, err := s.files.path(s.parent, name)
	if err != nil {
		return nil, err
	}
	return s.files.open(path, os.O_WRONLY|os.O_CREATE, 0o600)
}

// readFull fills p from off on. Less than that is damage: the caller knows how
// long the file is.
func readFull(f io.ReaderAt, p []byte, off int64) error {
	n, err := f.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return ErrCorrupt
	}
	return err
}
