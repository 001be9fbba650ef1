package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Open opens a regular file for reading. The caller closes it.
func (t Tree) Open(path string) (*os.File, Stat, error) {
	full, info, err := t.existing(path)
	if err != nil {
		return nil, Stat{}, err
	}
	// A pipe is not even opened: that could wait for ever.
	if !info.Mode().IsRegular() {
		return nil, Stat{}, universal.InvalidRequest("path is not a file: %s", full)
	}
	f, err := os.Open(full)
	if err != nil {
		return nil, Stat{}, failed(full, err)
	}
	return f, describe(full, info), nil
}

// Piece is a part of a file.
type Piece struct {
	Content []byte
	Size    int64 // of the file, as far as it is known
	EOF     bool  // the piece reaches the end of the file
}

// unknownBytes is how much is read at once of what a file has beyond its size:
// those of the kernel, as in /proc, have all there.
const unknownBytes = 64 << 10

// Read returns length bytes of a file from offset on, or fewer: at its end, or
// where its size says nothing about that.
func (t Tree) Read(path string, offset int64, length int) (Piece, error) {
	if offset < 0 || length < 0 {
		return Piece{}, universal.InvalidRequest("offset and length can't be negative")
	}
	f, stat, err := t.Open(path)
	if err != nil {
		return Piece{}, err
	}
	defer f.Close()
	want := min(int64(length), max(0, stat.Size-offset)+unknownBytes)
	content := make([]byte, want+1) // a byte more tells whether it is the end
	n, err := f.ReadAt(content, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return Piece{}, failed(stat.Path, err)
	}
	read := min(int64(n), want)
	size := stat.Size
	if read > 0 {
		size = max(size, offset+read)
	}
	return Piece{Content: content[:read], Size: size, EOF: int64(n) <= want}, nil
}

// Written tells what a write did.
type Written struct {
	Path         string `json:"path"` // absolute
	BytesWritten int64  `json:"bytesWritten"`
}

// Write makes a file with this content, or replaces the one that is there and
// keeps its mode. Missing directories are made. Others see the old content
// until all of the new one is there.
func (t Tree) Write(path string, content io.Reader) (Written, error) {
	full, mode, err := t.target(path)
	if err != nil {
		return Written{}, err
	}
	if err := os.MkdirAll(filepath.Dir(full), 0o777); err != nil {
		return Written{}, failed(full, err)
	}
	dir, err := os.OpenRoot(filepath.Dir(full))
	if err != nil {
		return Written{}, failed(full, err)
	}
	defer dir.Close()
	n, err := replace(dir, filepath.Base(full), mode, content)
	if err != nil {
		return Written{}, failed(full, err)
	}
	return Written{Path: full, BytesWritten: n}, nil
}

// WritePiece writes a piece of a file in place: the one at offset 0 begins the
// file anew, a later one lies within it or at its end. It is for contents that
// don't fit one message; others see the pieces as they come.
func (t Tree) WritePiece(path string, offset int64, piece []byte) (Written, error) {
	full, mode, err := t.target(path)
	if err != nil {
		return Written{}, err
	}
	if err := os.MkdirAll(filepath.Dir(full), 0o777); err != nil {
		return Written{}, failed(full, err)
	}
	f, err := openPiece(full, mode, offset)
	if err != nil {
		return Written{}, failed(full, err)
	}
	n, err := f.WriteAt(piece, offset)
	if err = errors.Join(err, f.Close()); err != nil {
		return Written{}, failed(full, err)
	}
	return Written{Path: full, BytesWritten: int64(n)}, nil
}

func openPiece(full string, mode fs.FileMode, offset int64) (*os.File, error) {
	size := int64(0)
	if info, err := os.Stat(full); err == nil {
		size = info.Size()
	}
	if offset < 0 || offset > size {
		return nil, universal.InvalidRequest("offset is %d, but %s has %d bytes; begin at 0 and leave no gap", offset, full, size)
	}
	flags := os.O_WRONLY | os.O_CREATE
	if offset == 0 {
		flags |= os.O_TRUNC
	}
	return os.OpenFile(full, flags, mode)
}

// newFileMode is what the user's umask is applied to.
const newFileMode fs.FileMode = 0o666

// target resolves the path of a file that is to be written, through symbolic
// links, with the mode that it gets.
func (t Tree) target(path string) (string, fs.FileMode, error) {
	if path == "" {
		return "", 0, universal.InvalidRequest("path is empty")
	}
	full, err := t.resolve(path)
	if err != nil {
		return "", 0, err
	}
	info, err := os.Stat(full)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return full, newFileMode, nil
	case err != nil:
		return "", 0, failed(full, err)
	case !info.Mode().IsRegular():
		return "", 0, universal.InvalidRequest("path is not a file: %s", full)
	}
	if full, err = filepath.EvalSymlinks(full); err != nil {
		return "", 0, failed(full, err)
	}
	return full, info.Mode().Perm(), nil
}

// maxTries bounds the search for a name that isn't taken.
const maxTries = 1000

// replace writes a file beside its place and renames it into it.
func replace(root *os.Root, name string, mode fs.FileMode, content io.Reader) (written int64, err error) {
	f, temporary, err := createBeside(root, name, mode)
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			_ = root.Remove(temporary)
		}
	}()
	written, err = io.Copy(f, content)
	if err == nil && mode != newFileMode {
		err = f.Chmod(mode) // whatever the umask
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return written, err
	}
	return written, root.Rename(temporary, name)
}

// createBeside makes an empty file in the directory of another one.
func createBeside(root *os.Root, name string, mode fs.FileMode) (*os.File, string, error) {
	for n := 0; ; n++ {
		temporary := beside(name, n)
		f, err := root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if err == nil || n == maxTries || !errors.Is(err, fs.ErrExist) {
			return f, temporary, err
		}
	}
}

// beside is a name in the same directory for something that is on its way.
func beside(name string, n int) string {
	return filepath.Join(filepath.Dir(name), fmt.Sprintf(".%.200s.%d-%d.part", filepath.Base(name), os.Getpid(), n))
}
