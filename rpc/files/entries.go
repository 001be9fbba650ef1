package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// EntryType tells directories from everything else.
type EntryType string

const (
	TypeFile      EntryType = "file"
	TypeDirectory EntryType = "directory"
)

// Time is a time as clients of the v0.1 API read it: RFC 3339 in UTC with the
// offset written out.
type Time struct{ time.Time }

// MarshalText implements encoding.TextMarshaler.
func (t Time) MarshalText() ([]byte, error) {
	return t.UTC().AppendFormat(nil, "2006-01-02T15:04:05.999999999-07:00"), nil
}

// MarshalJSON implements json.Marshaler, in place of the one of time.Time.
func (t Time) MarshalJSON() ([]byte, error) {
	return t.UTC().AppendFormat(nil, `"2006-01-02T15:04:05.999999999-07:00"`), nil
}

// Stat describes what is at a path.
type Stat struct {
	Path      string    `json:"path"` // absolute
	EntryType EntryType `json:"entryType"`
	Size      int64     `json:"size"` // in bytes
	Modified  Time      `json:"modified"`
}

// Entry describes what a directory holds.
type Entry struct {
	Name string `json:"name"`
	Stat
}

func describe(path string, info fs.FileInfo) Stat {
	s := Stat{Path: path, EntryType: TypeFile, Size: info.Size(), Modified: Time{info.ModTime()}}
	if info.IsDir() {
		s.EntryType = TypeDirectory
	}
	return s
}

// Stat describes what is at a path.
func (t Tree) Stat(path string) (Stat, error) {
	full, info, err := t.existing(path)
	if err != nil {
		return Stat{}, err
	}
	return describe(full, info), nil
}

// Entries lists a directory, sorted by name; "" is the base. Symbolic links in
// it are described themselves, as files.
func (t Tree) Entries(path string) ([]Entry, error) {
	if path == "" {
		path = "."
	}
	full, info, err := t.existing(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, universal.InvalidRequest("path is not a directory: %s", full)
	}
	found, err := os.ReadDir(full)
	if err != nil {
		return nil, failed(full, err)
	}
	entries := make([]Entry, 0, len(found))
	for _, f := range found {
		info, err := f.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // it went meanwhile
		}
		if err != nil {
			return nil, failed(full, err)
		}
		entries = append(entries, Entry{Name: f.Name(), Stat: describe(filepath.Join(full, f.Name()), info)})
	}
	return entries, nil
}
