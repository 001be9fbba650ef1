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

// logStdoutVariable sends the log to stdout when it is set to anything.
const logStdoutVariable = "SANDBOX_AGENT_LOG_STDOUT"

const (
	logFilePrefix = "server-"
	logFileSuffix = ".log"
	// keepLogs is how many days' files are kept.
	keepLogs = 7
)

// logWriter is where the server's log goes: the standard error, unless the
// environment wants it on the standard output or in files of a directory.
func logWriter(stdout, stderr io.Writer, getenv func(string) string, now func() time.Time) (io.Writer, error) {
	if getenv(logStdoutVariable) != "" {
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
	file *os.File
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
	file, err := os.OpenFile(filepath.Join(d.dir, name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
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
		name := entry.Name()
		ours := strings.HasPrefix(name, logFilePrefix) && strings.HasSuffix(name, logFileSuffix) && len(name) == len(oldest)
		if ours && name < oldest {
			err = errors.Join(err, os.Remove(filepath.Join(d.dir, name)))
		}
	}
	return err
}
