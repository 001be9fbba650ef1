package diff

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

func TestChanges(t *testing.T) {
	first, second := gitDiff("x", "a\nb\n", "a\nc\n"), gitDiff("x", "a\nc\n", "d\nc\n")
	both := gitDiff("x", "a\nb\n", "d\nc\n")
	file := func(lines int) []universal.DiffFile {
		return []universal.DiffFile{{Path: "x", Action: universal.FilePatch, Additions: lines, Deletions: lines}}
	}
	var c Changes
	want := func(name, turn string, turnFiles []universal.DiffFile, session string, sessionFiles []universal.DiffFile) {
		t.Helper()
		for _, d := range []struct{ got, want *universal.DiffData }{
			{c.Turn(), &universal.DiffData{Scope: universal.DiffTurn, Diff: turn, Files: turnFiles}},
			{c.Session(), &universal.DiffData{Scope: universal.DiffSession, Diff: session, Files: sessionFiles}},
		} {
			if d.want.Files == nil {
				d.want = nil
			}
			if diff := cmp.Diff(d.want, d.got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
	want("nothing", "", nil, "", nil)
	c.Add("x", first)
	want("one edit", first, file(1), first, file(1))
	c.Begin()
	want("a turn without one", "", nil, "", nil)
	c.Add("x", second)
	want("the next turn", second, file(1), both, file(2))
	c.Add("y", "")
	named := universal.DiffFile{Path: "y", Action: universal.FilePatch}
	want("one that nobody told", second, append(file(1), named), both, append(file(2), named))
}
