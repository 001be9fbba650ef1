package diff

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

func TestFiles(t *testing.T) {
	text := "diff --git a/new.txt b/new.txt\nnew file mode 100644\n--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1,2 @@\n+a\n+b\n" +
		"diff --git a/old.txt b/old.txt\ndeleted file mode 100644\n--- a/old.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n---a\n" +
		"diff --git a/from.txt b/to.txt\nrename from from.txt\nrename to to.txt\n@@ -1,2 +1,2 @@\n same\n-x\n+y\n" +
		"diff --git a/plain.txt b/plain.txt\n--- a/plain.txt\n+++ b/plain.txt\n@@ -1 +1 @@\n-x\n+++y\n"
	want := []universal.DiffFile{
		{Path: "new.txt", Action: universal.FileWrite, Additions: 2},
		{Path: "old.txt", Action: universal.FileDelete, Deletions: 1},
		{Path: "to.txt", Action: universal.FileRename, Additions: 1, Deletions: 1},
		{Path: "plain.txt", Action: universal.FilePatch, Additions: 1, Deletions: 1},
	}
	if diff := cmp.Diff(want, Files(text)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if got := Files(""); got == nil || len(got) != 0 {
		t.Errorf("no diff has the files %v", got)
	}
}
