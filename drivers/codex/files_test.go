package codex

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

func TestFilePart(t *testing.T) {
	c := converter{directory: "/project"}
	change := func(path, kind, move, diff string) *fileChange {
		f := &fileChange{Path: path, Diff: diff}
		f.Kind.Type, f.Kind.MovePath = kind, move
		return f
	}
	for _, tt := range []struct {
		name   string
		change *fileChange
		want   universal.FileRefPart
		line   string
	}{
		{"added", change("/project/a/b.txt", "add", "", "x\n"),
			universal.FileRefPart{Path: "/project/a/b.txt", Action: universal.FileWrite, Diff: "--- /dev/null\n+++ b/a/b.txt\n@@ -0,0 +1 @@\n+x\n"}, "A a/b.txt"},
		{"deleted elsewhere", change("/etc/x", "delete", "", "x\n"),
			universal.FileRefPart{Path: "/etc/x", Action: universal.FileDelete, Diff: "--- a/etc/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"}, "D etc/x"},
		{"changed", change("/project/x", "update", "", "@@ -1 +1 @@\n-x\n+y\n"),
			universal.FileRefPart{Path: "/project/x", Action: universal.FilePatch, Diff: "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-x\n+y\n"}, "M x"},
		{"moved", change("/project/x", "update", "/project/y", "@@ -1 +1 @@\n-x\n+y\n\n\nMoved to: /project/y"),
			universal.FileRefPart{Path: "/project/y", From: "/project/x", Action: universal.FileRename, Diff: "--- a/x\n+++ b/y\n@@ -1 +1 @@\n-x\n+y\n"}, "R x to y"},
		{"moved only", change("/project/x", "update", "/project/y", ""),
			universal.FileRefPart{Path: "/project/y", From: "/project/x", Action: universal.FileRename}, "R x to y"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, line := c.filePart(tt.change)
			if diff := cmp.Diff(&tt.want, got); diff != "" || line != tt.line {
				t.Errorf("%q, want %q; the part (-want +got):\n%s", line, tt.line, diff)
			}
		})
	}
}

// The names of a diff are relative to the session's directory, to whatever Codex
// has them relative.
func TestPlace(t *testing.T) {
	text := func(name, other string) string {
		return "diff --git a/" + name + " b/" + name + "\nnew file mode 100644\n--- /dev/null\n+++ b/" + name + "\n@@ -0,0 +1,2 @@\n+x\n+++ b/not a name\n" +
			"diff --git a/" + other + " b/" + name + ".2\nrename from " + other + "\nrename to " + name + ".2\n--- a/" + other + "\n+++ b/" + name + ".2\n@@ -1 +1 @@\n--- a/nor this\n+y\n"
	}
	var p patched
	p.add("/up/project/sub/x", "", "/up/other", "/up/project/sub/x.2")
	for _, tt := range []struct{ name, in, want string }{
		{"to the directory", text("sub/x", "/up/other"), text("sub/x", "up/other")},
		{"to the one above", text("project/sub/x", "other"), text("sub/x", "up/other")},
		{"to the root", text("up/project/sub/x", "up/other"), text("sub/x", "up/other")},
		{"a file that no patch named", text("project/sub/x", "else"), text("project/sub/x", "else")},
		{"nothing", "", ""},
	} {
		if diff := cmp.Diff(tt.want, p.place(tt.in, "/up/project")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	if got := patched(nil).place(text("x", "y"), "/"); got != text("x", "y") {
		t.Errorf("without patches it is\n%s", got)
	}
}
