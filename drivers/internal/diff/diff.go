// Package diff makes the diffs of files in the form that git and patch apply:
// unified, with three lines of context and names below a/ and b/, or /dev/null
// for no file. Whoever applies one stands in the session's directory.
//
// Diffs of large files are left out; see [Most].
package diff

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// Most bounds the texts of a diff together, in bytes: of larger ones none is
// made, since people don't read it and clients would have to keep it.
const Most = 1 << 20

// Name is how a diff names a file: relative to the directory where it lies
// inside, with slashes. dir may be "".
func Name(dir, path string) string {
	if rel, ok := inside(dir, path); ok {
		path = rel
	}
	return strings.TrimPrefix(filepath.ToSlash(path), "/")
}

// Inside tells whether a file lies in a directory, so that a diff that is
// applied there can name it.
func Inside(dir, path string) bool {
	_, ok := inside(dir, path)
	return ok
}

// Outside is how the titles of requests begin that lead out of the session's
// directory.
const Outside = "outside of the session's directory: "

// Leaves tells whether a path, which may be relative to the directory, leads out
// of it by its name. Without a directory nothing does.
func Leaves(dir, path string) bool {
	if dir == "" {
		return false
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	return !Inside(dir, path)
}

func inside(dir, path string) (rel string, ok bool) {
	if dir == "" {
		return "", false
	}
	rel, err := filepath.Rel(dir, path)
	return rel, err == nil && filepath.IsLocal(rel)
}

// Head is the two lines with the names of a file before and after; "" is no
// file.
func Head(before, after string) string {
	from, to := labels(before, after)
	return "--- " + from + "\n+++ " + to + "\n"
}

func labels(before, after string) (from, to string) {
	from, to = "/dev/null", "/dev/null"
	if before != "" {
		from = "a/" + before
	}
	if after != "" {
		to = "b/" + after
	}
	return from, to
}

// Unified is the diff between what was in a file and what is in it; "" if that
// is the same, or too much. The names are as for [Head].
func Unified(before, after, was, is string) string {
	if len(was)+len(is) > Most {
		return ""
	}
	from, to := labels(before, after)
	return renumber(udiff.Unified(from, to, was, is))
}

// HunkHead is the line before a hunk: on which lines it begins and how many it
// has, in the file before and after.
func HunkHead(from, fromCount, to, toCount int) string {
	return fmt.Sprintf("@@ -%s +%s @@\n", span(from, fromCount), span(to, toCount))
}

func span(start, count int) string {
	if count == 1 {
		return strconv.Itoa(start)
	}
	return fmt.Sprintf("%d,%d", start, count)
}

// renumber corrects where the hunks of a file begin afterwards: udiff v0.4.1
// forgets the lines that the hunks before have shown and deleted, so that only
// the first is right. A hunk is moved by what those before it have added.
func renumber(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	hunks, moved := 0, 0
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "@@ ") {
			spans := strings.Fields(line)
			from, fromCount := readSpan(spans[1])
			_, toCount := readSpan(spans[2])
			if hunks++; hunks > 1 {
				line = HunkHead(from, fromCount, from+moved, toCount)
			}
			moved += toCount - fromCount
		}
		b.WriteString(line)
	}
	return b.String()
}

// readSpan reads what udiff has written, such as "-28,7".
func readSpan(text string) (start, count int) {
	first, lines, counted := strings.Cut(text[1:], ",")
	start, _ = strconv.Atoi(first)
	if !counted {
		return start, 1
	}
	count, _ = strconv.Atoi(lines)
	return start, count
}
