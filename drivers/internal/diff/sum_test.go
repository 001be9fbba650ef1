package diff

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// gitDiff is the change of a file in git's form.
func gitDiff(path, before, after string) string {
	return Git(path, path, Unified(path, path, before, after))
}

func TestSum(t *testing.T) {
	add := "diff --git a/x b/x\nnew file mode 100644\n--- /dev/null\n+++ b/x\n@@ -0,0 +1,2 @@\n+one\n+two\n"
	remove := "diff --git a/x b/x\ndeleted file mode 100644\n--- a/x\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-one\n-two\n"
	for _, tt := range []struct {
		name  string
		turns []string
		want  string
	}{
		{"nothing", []string{""}, ""},
		{"one turn", []string{gitDiff("x", "a\nb\n", "a\nc\n")}, "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"},
		{"there and back", []string{gitDiff("x", "a\nb\n", "a\nc\n"), gitDiff("x", "a\nc\n", "a\nb\n")}, ""},
		{"added and changed", []string{add, gitDiff("x", "one\ntwo\n", "one\nthree\n")},
			"diff --git a/x b/x\nnew file mode 100644\n--- /dev/null\n+++ b/x\n@@ -0,0 +1,2 @@\n+one\n+three\n"},
		{"added and deleted", []string{add, remove}, ""},
		{"deleted", []string{remove}, remove},
		{"moved", []string{"diff --git a/x b/y\nrename from x\nrename to y\n--- a/x\n+++ b/y\n@@ -1,2 +1,2 @@\n-one\n+ONE\n two\n"},
			"diff --git a/x b/y\nrename from x\nrename to y\n--- a/x\n+++ b/y\n@@ -1,2 +1,2 @@\n-one\n+ONE\n two\n"},
		{"two files", []string{add, gitDiff("a", "1\n", "2\n")},
			"diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1 +1 @@\n-1\n+2\n" + add},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var d Sum
			for _, turn := range tt.turns {
				d.Add(turn)
			}
			if got := d.String(); got != tt.want {
				t.Errorf("the diff is\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// A file whose diffs don't fit together, or nobody knows, is only named.
func TestSumNames(t *testing.T) {
	var s Sum
	s.Lose("lost")
	s.Add(gitDiff("lost", "a\n", "b\n"))
	s.Add(gitDiff("y", "a\n", "b\n"))
	s.Add(gitDiff("x", "a\n", "b\n") + gitDiff("twice", "a\n", "b\n"))
	s.Add(gitDiff("x", "z\n", "y\n"))
	s.Add(gitDiff("x", "y\n", "x\n"))
	s.Add("diff --git a/twice b/y\nrename from twice\nrename to y\n")
	s.Add(gitDiff("long", "", strings.Repeat("x", maxSum)))
	named := func(path string) universal.DiffFile {
		return universal.DiffFile{Path: path, Action: universal.FilePatch}
	}
	want := &universal.DiffData{Scope: universal.DiffTurn, Files: []universal.DiffFile{named("long"), named("lost"), named("x"), named("y")}}
	if diff := cmp.Diff(want, s.Data(universal.DiffTurn)); diff != "" {
		t.Errorf("the sum (-want +got):\n%s", diff)
	}
}

// The diffs of many random turns, put together, turn the first state into the
// last one.
func TestSumApplies(t *testing.T) {
	patch, err := exec.LookPath("patch")
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		var lines []string
		for i := range 20 + random.IntN(30) {
			lines = append(lines, fmt.Sprintf("line %d", i))
		}
		first := strings.Join(lines, "\n") + "\n"
		state := first
		var d Sum
		for turn := range 5 {
			for range 1 + random.IntN(4) {
				at := random.IntN(len(lines))
				switch random.IntN(3) {
				case 0:
					lines = append(lines[:at:at], lines[at+1:]...)
				case 1:
					lines = append(lines[:at:at], append([]string{fmt.Sprintf("new %d.%d", round, turn)}, lines[at:]...)...)
				default:
					lines[at] = fmt.Sprintf("changed %d.%d", round, turn)
				}
			}
			next := strings.Join(lines, "\n") + "\n"
			if next != state {
				d.Add(gitDiff("x", state, next))
			}
			state = next
		}
		if err != nil { // no program to try it with
			continue
		}
		file := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(file, []byte(first), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(patch, "--fuzz=0", "--no-backup-if-mismatch", file)
		cmd.Stdin = strings.NewReader(d.String())
		out, runErr := cmd.CombinedOutput()
		got, readErr := os.ReadFile(file)
		if d.String() != "" && (runErr != nil || readErr != nil) || string(got) != state {
			t.Fatalf("round %d: %v %v %s\nthe diff\n%s\nmakes\n%s\nwant\n%s", round, runErr, readErr, out, d.String(), got, state)
		}
	}
}

// A change far down in a file costs no more than one at its beginning.
func TestSumOfLongFile(t *testing.T) {
	const text = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -2000000000 +2000000000 @@\n-a\n+b\n"
	var s Sum
	if s.Add(text); s.String() != text {
		t.Errorf("the sum is\n%s", s.String())
	}
}

func FuzzSum(f *testing.F) {
	f.Add(gitDiff("x", "a\nb\n", "a\nc\n"), gitDiff("x", "a\nc\n", "a\nb\n"))
	f.Add("diff --git a/x b/y\nrename from x\nrename to y\n", "diff --git a/y b/y\ndeleted file mode 100644\n--- a/y\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n\\ No newline at end of file\n")
	f.Fuzz(func(t *testing.T, first, second string) {
		var s Sum
		s.Add(first)
		s.Add(second)
		text := s.String()
		if got := Rename(text, func(name string) string { return name }); got != text {
			t.Errorf("renamed to its own names, the diff is\n%s\nand was\n%s", got, text)
		}
		var again Sum
		if again.Add(text); again.String() != text {
			t.Errorf("the sum is no diff that can be added\n%s\n%s", text, again.String())
		}
	})
}
