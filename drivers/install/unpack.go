package install

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Limits of what a package may hold. The largest agent has 400 MB in 40 files.
const (
	maxUnpacked = 8 << 30 // bytes
	maxEntries  = 100_000
)

// unpack writes the files of an npm tarball below dir without the single
// leading folder that every npm tarball has. It accepts files and folders
// only, and refuses a name that leads out of dir.
func unpack(ctx context.Context, tarball, dir string) error {
	f, err := os.Open(tarball)
	if err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	// The root also holds against links that something else put below dir.
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	defer root.Close()
	tr := tar.NewReader(readerFunc(func(b []byte) (int, error) {
		if ctx.Err() != nil { // a program has hundreds of megabytes
			return 0, context.Cause(ctx)
		}
		return zr.Read(b)
	}))
	left := int64(maxUnpacked)
	for range maxEntries {
		header, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("unpack: %w", err)
		}
		if left -= header.Size; left < 0 {
			return fmt.Errorf("unpack: the package holds more than %d GB", maxUnpacked>>30)
		}
		if err := unpackEntry(root, header, tr); err != nil {
			return fmt.Errorf("unpack %q: %w", header.Name, err)
		}
	}
	return fmt.Errorf("unpack: the package holds more than %d files", maxEntries)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func unpackEntry(root *os.Root, header *tar.Header, content io.Reader) error {
	_, name, nested := strings.Cut(path.Clean(header.Name), "/")
	local := filepath.FromSlash(name)
	switch {
	case header.Typeflag == tar.TypeDir && !nested:
		return nil
	case !filepath.IsLocal(filepath.FromSlash(header.Name)) || !filepath.IsLocal(local):
		return errors.New("the name leads out of the package")
	case header.Typeflag == tar.TypeDir:
		return root.MkdirAll(local, 0o755)
	case header.Typeflag != tar.TypeReg:
		return fmt.Errorf("entry type %q is not a file or a folder", header.Typeflag)
	}
	if err := root.MkdirAll(filepath.Dir(local), 0o755); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if header.FileInfo().Mode()&0o111 != 0 {
		mode = 0o755
	}
	out, err := root.OpenFile(local, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, content)
	// Without the sync a power cut could leave a file of the right size full
	// of zeros, which the cheap check would accept for ever.
	return errors.Join(err, out.Sync(), out.Close())
}
