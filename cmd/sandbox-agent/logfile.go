package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	logFilePrefix = "server-"
	logFileSuffix = ".log"
	// keepLogs is how many days' files are kept.
	keepLogs = 7
	// maxLogBytes is how large one gets; as much as came before it is kept
	// beside it, in a file with the ending formerSuffix.
	maxLogBytes  = 16 << 20
	formerSuffix = ".1"
)

// logWriter is where the server's log goes: into a file that a flag names, else
// to the standard error, unless the environment wants it on the standard output
// or in files of a directory.
func logWriter(file string, stdout, stderr io.Writer, getenv func(string) string, now func() time.Time) (io.Writer, error) {
	if file != "" {
		w, err := openBounded(file, maxLogBytes)
		if err != nil {
			return nil, fmt.Errorf("write the log to --log-file: %w", err)
		}
		return w, nil
	}
	if getenv("SANDBOX_AGENT_LOG_STDOUT") != "" {
		return stdout, nil
	}
	dir := getenv("SANDBOX_AGENT_LOG_DIR")
	if dir == "" {
		return stderr, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("write the log to SANDBOX_AGENT_LOG_DIR: %w", err)
	}
	w := &dailyFile{dir: dir, now: now}
	if _, err := w.Write(nil); err != nil {
		return nil, fmt.Errorf("write the log to SANDBOX_AGENT_LOG_DIR: %w", err)
	}
	return w, nil
}

// dailyFile writes to a file for each day, and removes those of former weeks.
// The file of the day stays open until the program ends.
type dailyFile struct {
	dir string
	now func() time.Time

	mu   sync.Mutex // guards all below
	name string
	file *boundedFile
}

// Write implements io.Writer.
func (d *dailyFile) Write(line []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	name := logFilePrefix + d.now().Format(time.DateOnly) + logFileSuffix
	if name != d.name {
		if err := d.turn(name); err != nil {
			return 0, err
		}
	}
	return d.file.Write(line)
}

// turn goes on in another file.
func (d *dailyFile) turn(name string) error {
	file, err := openBounded(filepath.Join(d.dir, name), maxLogBytes)
	if err != nil {
		return err
	}
	if d.file != nil {
		err = d.file.Close()
	}
	d.name, d.file = name, file
	return errors.Join(err, d.removeOld())
}

func (d *dailyFile) removeOld() error {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return err
	}
	oldest := logFilePrefix + d.now().AddDate(0, 0, 1-keepLogs).Format(time.DateOnly) + logFileSuffix
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name(), formerSuffix)
		ours := strings.HasPrefix(name, logFilePrefix) && strings.HasSuffix(name, logFileSuffix) && len(name) == len(oldest)
		if ours && name < oldest {
			err = errors.Join(err, os.Remove(filepath.Join(d.dir, entry.Name())))
		}
	}
	return err
}

// boundedFile is a file for lines that doesn't grow for ever. It is emptied in
// its place, not renamed, since what the program itself can't log, as its crash,
// is written to the same file by others.
type boundedFile struct {
	path string
	max  int64 // bytes

	mu   sync.Mutex // guards all below
	file *os.File
	size int64
}

func openBounded(path string, most int64) (*boundedFile, error) {
	b := &boundedFile{path: path, max: most}
	return b, b.open()
}

// open opens the file that has the name now.
func (b *boundedFile) open() error {
	file, err := os.OpenFile(b.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	b.file, b.size = file, info.Size()
	return nil
}

// Write implements io.Writer. A line is not cut in two.
func (b *boundedFile) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.size > 0 && b.size+int64(len(line)) > b.max {
		_ = b.keep() // or give it up: the disk may be full because of it
		if err := b.startOver(); err != nil {
			return 0, err
		}
	}
	n, err := b.file.Write(line)
	b.size += int64(n)
	return n, err
}

// startOver empties the file, and makes it again if somebody took it away. Not
// every system lets that be done with a file that is open for appending.
func (b *boundedFile) startOver() error {
	empty, err := os.OpenFile(b.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	full := b.file
	return errors.Join(empty.Close(), b.open(), full.Close())
}

// keep copies what is in the file beside it.
func (b *boundedFile) keep() error {
	from, err := os.Open(b.path)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(b.path+formerSuffix, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

func (b *boundedFile) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.file.Close()
}
