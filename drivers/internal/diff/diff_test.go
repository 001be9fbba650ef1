package diff

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestUnified(t *testing.T) {
	lines := func(first, last int) string {
		var b strings.Builder
		for i := first; i <= last; i++ {
			fmt.Fprintf(&b, "%d\n", i)
		}
		return b.String()
	}
	for _, tt := range []struct {
		name, before, after, was, is, want string
	}{
		{"the same", "f", "f", "a\n", "a\n", ""},
		{"new", "", "f", "", "a\nb\n", "--- /dev/null\n+++ b/f\n@@ -0,0 +1,2 @@\n+a\n+b\n"},
		{"deleted", "f", "", "a\nb\n", "", "--- a/f\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n"},
		{"one line", "f", "f", "a\n", "b\n", "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n"},
		{"no end of line", "f", "g", "a", "b", "--- a/f\n+++ b/g\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n"},
		{
			"hunks", "f", "f", lines(1, 30), lines(1, 4) + lines(6, 19) + "new\n" + lines(20, 30),
			"--- a/f\n+++ b/f\n@@ -2,7 +2,6 @@\n 2\n 3\n 4\n-5\n 6\n 7\n 8\n@@ -17,6 +16,7 @@\n 17\n 18\n 19\n+new\n 20\n 21\n 22\n",
		},
		{"too much", "f", "f", strings.Repeat("a\n", Most/2), "b", ""},
	} {
		if got := Unified(tt.before, tt.after, tt.was, tt.is); got != tt.want {
			t.Errorf("%s: the diff is\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

// Diffs of several hunks turn one text into the other, each hunk being exactly
// where it says, in both of them.
func TestUnifiedApplies(t *testing.T) {
	hunks := 0
	for seed := range 300 {
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		was, is := texts(r)
		diff := Unified("f", "f", was, is)
		got, n, err := apply(was, diff)
		if err != nil || got != is {
			t.Fatalf("seed %d: %v; the diff\n%s\nmakes\n%s\nof\n%s\nwant\n%s", seed, err, diff, got, was, is)
		}
		hunks = max(hunks, n)
	}
	if hunks < 3 {
		t.Errorf("the diffs have no more than %d hunks", hunks)
	}
}

// texts makes two texts that differ in some of their lines.
func texts(r *rand.Rand) (was, is string) {
	var before, after strings.Builder
	for i := range r.IntN(100) {
		line := fmt.Sprintf("line %d\n", i)
		before.WriteString(line)
		switch r.IntN(25) {
		case 0: // deleted
		case 1:
			after.WriteString(line + "new\n")
		case 2:
			after.WriteString("changed\n")
		default:
			after.WriteString(line)
		}
	}
	was, is = before.String(), after.String()
	if r.IntN(4) == 0 {
		was = strings.TrimSuffix(was, "\n")
	}
	if r.IntN(4) == 0 {
		is = strings.TrimSuffix(is, "\n")
	}
	return was, is
}

var hunkHead = regexp.MustCompile(`^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@\n$`)

// apply applies a diff as strictly as can be, and counts its hunks.
func apply(text, diff string) (applied string, hunks int, err error) {
	old := strings.SplitAfter(text, "\n")
	var done []string
	var sign byte            // of the line before
	at := 0                  // lines of old that are dealt with
	fromLeft, toLeft := 0, 0 // lines that the hunk still has to have
	for line := range strings.Lines(diff) {
		switch {
		case strings.HasPrefix(line, "--- ") && hunks == 0, strings.HasPrefix(line, "+++ ") && hunks == 0:
		case line[0] == '@':
			head := hunkHead.FindStringSubmatch(line)
			if head == nil || fromLeft != 0 || toLeft != 0 {
				return "", hunks, fmt.Errorf("hunk %q behind one that lacks %d and %d lines", line, fromLeft, toLeft)
			}
			hunks++
			var from, to int
			from, fromLeft = startOf(head[1:3])
			to, toLeft = startOf(head[3:5])
			if from < at || from > len(old) {
				return "", hunks, fmt.Errorf("hunk %q is out of place", line)
			}
			done = append(done, old[at:from]...)
			at = from
			if len(done) != to {
				return "", hunks, fmt.Errorf("hunk %q begins on line %d of the new file", line, len(done)+1)
			}
		case line[0] == '\\': // the line before has no end
			if sign != '-' {
				done[len(done)-1] = strings.TrimSuffix(done[len(done)-1], "\n")
			}
		default:
			sign = line[0]
			if sign != '+' {
				if at >= len(old) || strings.TrimSuffix(old[at], "\n") != strings.TrimSuffix(line[1:], "\n") {
					return "", hunks, fmt.Errorf("line %q is not in the text", line)
				}
				at, fromLeft = at+1, fromLeft-1
			}
			if sign != '-' {
				done, toLeft = append(done, line[1:]), toLeft-1
			}
		}
	}
	if fromLeft != 0 || toLeft != 0 {
		return "", hunks, fmt.Errorf("the last hunk lacks %d and %d lines", fromLeft, toLeft)
	}
	return strings.Join(append(done, old[at:]...), ""), hunks, nil
}

// startOf is how many lines are before a span, and how many it has.
func startOf(head []string) (before, count int) {
	start, _ := strconv.Atoi(head[0])
	count = 1
	if head[1] != "" {
		count, _ = strconv.Atoi(head[1])
	}
	if count == 0 {
		return start, 0
	}
	return start - 1, count
}

func TestName(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct{ dir, path, want string }{
		{dir, filepath.Join(dir, "a", "b.txt"), "a/b.txt"},
		{"/x", "/y/b.txt", "y/b.txt"},
		{"", "/y/b.txt", "y/b.txt"},
		{"/x", "b.txt", "b.txt"},
	} {
		if got := Name(tt.dir, tt.path); got != tt.want {
			t.Errorf("%s in %q is %q, want %q", tt.path, tt.dir, got, tt.want)
		}
	}
}

func TestHeads(t *testing.T) {
	if got, want := Head("a b", "c")+HunkHead(3, 1, 4, 0), "--- a/a b\n+++ b/c\n@@ -3 +4,0 @@\n"; got != want {
		t.Errorf("the heads are %q, want %q", got, want)
	}
}
