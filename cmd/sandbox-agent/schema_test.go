package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/schema"
)

// A failure leaves no file behind that is not what it is called.
func TestWriteExportsLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	exports := []schema.Export{{Name: "a", Content: []byte("new")}, {Name: "b", Content: []byte("new")}}
	if err := os.MkdirAll(filepath.Join(dir, "b", "taken"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := writeExports(dir, exports); err == nil {
		t.Fatal("a directory was replaced by a file")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if diff := cmp.Diff([]string{"a", "b"}, names); diff != "" {
		t.Error(diff)
	}
	if content, err := os.ReadFile(filepath.Join(dir, "a")); err != nil || string(content) != "new" {
		t.Errorf("a holds %q, %v", content, err)
	}
}
