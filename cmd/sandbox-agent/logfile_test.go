package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLogWriter(t *testing.T) {
	var stdout, stderr bytes.Buffer
	dir := filepath.Join(t.TempDir(), "logs")
	day := time.Date(2026, 3, 1, 23, 59, 0, 0, time.UTC)
	open := func(env map[string]string) io.Writer {
		t.Helper()
		w, err := logWriter("", &stdout, &stderr, func(name string) string { return env[name] }, func() time.Time { return day })
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	if w := open(nil); w != &stderr {
		t.Errorf("by default: %v", w)
	}
	if w := open(map[string]string{"SANDBOX_AGENT_LOG_STDOUT": "1", "SANDBOX_AGENT_LOG_DIR": dir}); w != &stdout {
		t.Errorf("on the standard output: %v", w)
	}
	w := open(map[string]string{"SANDBOX_AGENT_LOG_DIR": dir})
	if err := os.WriteFile(filepath.Join(dir, "notes.log"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "server-2026-03-02.log"+formerSuffix), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 9 {
		if _, err := io.WriteString(w, day.Format(time.DateOnly)+"\n"); err != nil {
			t.Fatal(err)
		}
		day = day.AddDate(0, 0, 1)
	}
	if err := w.(*dailyFile).file.Close(); err != nil {
		t.Error(err)
	}
	got := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got[entry.Name()] = string(text)
	}
	want := map[string]string{"notes.log": "mine"}
	for _, date := range []string{"2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06", "2026-03-07", "2026-03-08", "2026-03-09"} {
		want["server-"+date+".log"] = date + "\n"
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := logWriter("", nil, nil, func(string) string { return filepath.Join(dir, "notes.log") }, time.Now); err != nil {
		t.Errorf("both set: %v", err) // the standard output wins
	}
	inFile := func(name string) string {
		if name == "SANDBOX_AGENT_LOG_DIR" {
			return filepath.Join(dir, "notes.log")
		}
		return ""
	}
	if _, err := logWriter("", nil, nil, inFile, time.Now); err == nil {
		t.Error("a file was taken for a directory")
	}
}

// A log keeps its last lines, and those before them, and no more.
func TestBoundedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	write := func(b *boundedFile, lines ...string) {
		t.Helper()
		for _, line := range lines {
			if n, err := io.WriteString(b, line+"\n"); err != nil || n != len(line)+1 {
				t.Errorf("%q: %d, %v", line, n, err)
			}
		}
	}
	want := func(now, former string) {
		t.Helper()
		for name, text := range map[string]string{path: now, path + formerSuffix: former} {
			if got, err := os.ReadFile(name); string(got) != text {
				t.Errorf("%s has %q, %v, want %q", filepath.Base(name), got, err, text)
			}
		}
	}
	first, err := openBounded(path, 8)
	if err != nil {
		t.Fatal(err)
	}
	write(first, "one", "two")
	want("one\ntwo\n", "")
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	// Another run goes on behind it; what others write there too stays in it.
	other, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	b, err := openBounded(path, 8)
	if err != nil {
		t.Fatal(err)
	}
	write(b, "three")
	want("three\n", "one\ntwo\n")
	if _, err := io.WriteString(other, "panic\n"); err != nil {
		t.Error(err)
	}
	write(b, "4")
	want("three\npanic\n4\n", "one\ntwo\n")
	write(b, "5", "a line that is longer than all", "7")
	want("7\n", "a line that is longer than all\n")
	// Without the file, or a place for what came before, it goes on.
	for _, name := range []string{path, path + formerSuffix} {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(path+formerSuffix, 0o700); err != nil {
		t.Fatal(err)
	}
	write(b, "12345", "8")
	if got, err := os.ReadFile(path); string(got) != "8\n" {
		t.Errorf("%q, %v", got, err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}
