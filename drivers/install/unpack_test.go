package install

import (
	"archive/tar"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestUnpackRefuses(t *testing.T) {
	tests := []struct {
		name  string
		entry entry
	}{
		{"parent", entry{name: "package/../../evil", body: "x", mode: 0o644}},
		{"absolute", entry{name: "/package/evil", body: "x", mode: 0o644}},
		{"bare file", entry{name: "evil", body: "x", mode: 0o644}},
		{"symbolic link", entry{name: "package/link", body: "../../evil", kind: tar.TypeSymlink}},
		{"hard link", entry{name: "package/link", body: "../../evil", kind: tar.TypeLink}},
		{"device", entry{name: "package/null", kind: tar.TypeChar}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			outer := t.TempDir()
			tarball := write(t, string(archive(t, tt.entry)), 0o644, outer, "p.tgz")
			dir := filepath.Join(outer, "a", "b")
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := unpack(t.Context(), tarball, dir); err == nil {
				t.Error("accepted")
			}
			left, err := os.ReadDir(dir)
			if err != nil || len(left) > 0 {
				t.Errorf("left %v, %v", left, err)
			}
			if _, err := os.Lstat(filepath.Join(outer, "evil")); err == nil {
				t.Error("wrote outside of the folder")
			}
		})
	}
}

func TestUnpackEndsWithItsContext(t *testing.T) {
	outer := t.TempDir()
	tarball := write(t, string(archive(t, entry{name: "package/x", body: "x", mode: 0o644})), 0o644, outer, "p.tgz")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := unpack(ctx, tarball, outer); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
}
