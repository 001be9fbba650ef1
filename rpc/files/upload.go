package files

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers/scratch"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// maxUploadPaths is how many of the written paths are told.
const maxUploadPaths = 1024

// Uploaded tells what an archive brought.
type Uploaded struct {
	// Paths are absolute, in the order of the archive, at most 1,024.
	Paths []string `json:"paths"`
	// Truncated tells that there were more.
	Truncated bool `json:"truncated"`
}

// Upload unpacks a tar archive, plain or gzipped, into a directory, which is
// made if it is missing; "" is the base. Files that are there are replaced.
//
// Only files and directories whose names stay below the directory are taken.
// An archive with anything else, links included, is refused before anything
// is written. So is one that ends too early.
func (t Tree) Upload(ctx context.Context, dir string, archive io.Reader) (Uploaded, error) {
	if dir == "" {
		dir = "."
	}
	full, err := t.resolve(dir)
	if err != nil {
		return Uploaded{}, err
	}
	whole, err := spool(archive)
	if err != nil {
		return Uploaded{}, failed(full, err)
	}
	defer whole.Close()
	if err := checkAll(ctx, whole, full); err != nil {
		return Uploaded{}, failed(full, err)
	}
	if err := os.MkdirAll(full, 0o777); err != nil {
		return Uploaded{}, failed(full, err)
	}
	root, err := os.OpenRoot(full)
	if err != nil {
		return Uploaded{}, failed(full, err)
	}
	defer root.Close()
	uploaded := Uploaded{Paths: []string{}}
	err = eachEntry(ctx, whole, func(h *tar.Header, content io.Reader) error {
		name := localName(h)
		if name == "." {
			return nil
		}
		if err := unpack(root, name, h, content); err != nil {
			return err
		}
		if len(uploaded.Paths) == maxUploadPaths {
			uploaded.Truncated = true
			return nil
		}
		uploaded.Paths = append(uploaded.Paths, filepath.Join(full, name))
		return nil
	})
	return uploaded, failed(full, err)
}

// spooled is an archive that can be read twice.
type spooled struct {
	io.ReadSeeker
	close func() error
}

func (s spooled) Close() error { return s.close() }

// spool keeps an archive that comes from a stream in a temporary file, which
// goes with the next upload should the bridge be killed before.
func spool(archive io.Reader) (spooled, error) {
	if r, ok := archive.(io.ReadSeeker); ok {
		return spooled{r, func() error { return nil }}, nil
	}
	dir, err := scratch.New("", "sandbox-agent-upload-")
	if err != nil {
		return spooled{}, err
	}
	f, err := os.Create(filepath.Join(dir.Path(), "archive"))
	if err != nil {
		return spooled{}, errors.Join(err, dir.Remove())
	}
	remove := func() error { return errors.Join(f.Close(), dir.Remove()) }
	if _, err := io.Copy(f, archive); err != nil {
		return spooled{}, errors.Join(err, remove())
	}
	return spooled{f, remove}, nil
}

// eachEntry checks all entries of an archive, in order, and hands them on.
func eachEntry(ctx context.Context, archive io.ReadSeeker, do func(*tar.Header, io.Reader) error) error {
	if _, err := archive.Seek(0, io.SeekStart); err != nil {
		return err
	}
	plain, err := decompress(archive)
	if err != nil {
		return err
	}
	entries := tar.NewReader(plain)
	for {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			// What follows the end mark is padding; reading it shows whether
			// a compressed archive is whole.
			if _, err := io.Copy(io.Discard, plain); err != nil {
				return badArchive(err)
			}
			return nil
		}
		if err != nil {
			return badArchive(err)
		}
		if header.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		if err := check(header); err != nil {
			return err
		}
		if err := do(header, entries); err != nil {
			return err
		}
	}
}

// checkAll looks at all entries before any is written, also at what is in their
// way already: a symbolic link there may lead out of the destination.
func checkAll(ctx context.Context, archive io.ReadSeeker, dir string) (err error) {
	there, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) { // it is yet to be made
		return eachEntry(ctx, archive, func(*tar.Header, io.Reader) error { return nil })
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, there.Close()) }()
	return eachEntry(ctx, archive, func(h *tar.Header, _ io.Reader) error {
		way := localName(h)
		if h.Typeflag != tar.TypeDir {
			way = filepath.Dir(way)
		}
		if _, err := there.Stat(way); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return leaving(err, h)
		}
		return nil
	})
}

func badArchive(err error) error {
	return universal.InvalidRequest("the archive can't be read as tar or tar.gz: %v", err).Because(err)
}

// decompress looks at the first bytes, since senders mislabel archives.
func decompress(archive io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(archive)
	magic, err := buffered.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if !bytes.Equal(magic, []byte{0x1F, 0x8B}) {
		return buffered, nil
	}
	plain, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, badArchive(err)
	}
	return plain, nil
}

// check refuses an entry that could reach beyond the destination.
func check(h *tar.Header) error {
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeDir:
	default:
		return universal.InvalidRequest("archive entry %q is %s; only files and directories are taken", h.Name, kindOf(h))
	}
	for record := range h.PAXRecords {
		// Its holes are not in the archive, so a small one can fill the disk.
		if strings.HasPrefix(record, "GNU.sparse.") {
			return universal.InvalidRequest("archive entry %q is a sparse file; pack it without holes", h.Name)
		}
	}
	name := localName(h)
	if path.IsAbs(h.Name) || strings.ContainsRune(h.Name, 0) || !filepath.IsLocal(name) || name == "." && h.Typeflag != tar.TypeDir {
		return universal.InvalidRequest("archive entry %q leaves the destination", h.Name)
	}
	return nil
}

func kindOf(h *tar.Header) string {
	switch h.Typeflag {
	case tar.TypeSymlink:
		return "a symbolic link"
	case tar.TypeLink:
		return "a hard link"
	default:
		return fmt.Sprintf("of type %q", h.Typeflag)
	}
}

// localName is an entry's name as the system writes it. A name that climbs is
// not cleaned away: it stays as it is and is refused.
func localName(h *tar.Header) string {
	for part := range strings.SplitSeq(h.Name, "/") {
		if part == ".." {
			return ".."
		}
	}
	return filepath.FromSlash(path.Clean(h.Name))
}

// unpack writes one entry. The root sees to it that no symbolic link on the
// way, not even one that appears meanwhile, leads out of it.
func unpack(root *os.Root, name string, h *tar.Header, content io.Reader) error {
	mode := fs.FileMode(h.Mode).Perm()
	if h.Typeflag == tar.TypeDir {
		return leaving(root.MkdirAll(name, mode|0o700), h)
	}
	if dir := filepath.Dir(name); dir != "." {
		if err := root.MkdirAll(dir, 0o777); err != nil {
			return leaving(err, h)
		}
	}
	if mode == 0 {
		mode = newFileMode
	}
	if _, err := replace(root, name, mode, content); err != nil {
		return leaving(err, h)
	}
	if h.ModTime.IsZero() {
		return nil
	}
	return leaving(root.Chtimes(name, h.ModTime, h.ModTime), h)
}

// leaving names the entry that failed.
func leaving(err error, h *tar.Header) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("archive entry %q: %w", h.Name, err)
}
