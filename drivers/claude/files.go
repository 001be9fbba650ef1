package claude

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// hunk is a piece of a patch as the CLI tells it; its lines begin with " ",
// "-", "+" or "\".
type hunk struct {
	OldStart int      `json:"oldStart"`
	OldLines int      `json:"oldLines"`
	NewStart int      `json:"newStart"`
	NewLines int      `json:"newLines"`
	Lines    []string `json:"lines"`
}

// maxDiff bounds a diff, in bytes: one that is larger is left out.
const maxDiff = 1 << 20

// filePart is the file that a call has read or changed, nil where it failed or
// is about no file.
func (c *converter) filePart(r *result) *universal.FileRefPart {
	if r.isError {
		return nil
	}
	p := &universal.FileRefPart{Path: r.input.file()}
	if p.Path == "" {
		p.Path = r.twin.FilePath
	}
	if p.Path == "" {
		return nil
	}
	switch r.call.name {
	case "Read", "NotebookRead":
		p.Action = universal.FileRead
		return p
	case "Write":
		p.Action = universal.FileWrite
	case "Edit", "MultiEdit", "NotebookEdit":
		p.Action = universal.FilePatch
	default:
		return nil
	}
	if diff := r.diff(diffName(p.Path, c.cwd)); len(diff) <= maxDiff {
		p.Diff = universal.NullString(diff)
	}
	return p
}

// diff is the change as unified text, "" where the result doesn't tell it:
// that of a sub-agent has no structured copy.
func (r *result) diff(name string) string {
	t := &r.twin
	switch {
	case len(t.Patch) > 0:
		return formatPatch(name, t.Patch)
	case t.Before != nil && t.After != nil:
		return unified(name, name, *t.Before, *t.After)
	case t.Content == nil:
		return ""
	case t.OriginalFile == nil:
		return unified("", name, "", *t.Content)
	}
	return unified(name, name, *t.OriginalFile, *t.Content)
}

// diffName is how a diff names a file: relative to the working directory where
// it lies inside, so that the diff can be applied there.
func diffName(path, cwd string) string {
	if cwd != "" {
		if rel, err := filepath.Rel(cwd, path); err == nil && filepath.IsLocal(rel) {
			path = rel
		}
	}
	return strings.TrimPrefix(filepath.ToSlash(path), "/")
}

// labels are the two file names of a diff; "" is no file.
func labels(before, after string) (string, string) {
	if before == "" {
		return "/dev/null", "b/" + after
	}
	return "a/" + before, "b/" + after
}

func unified(before, after, was, is string) string {
	if len(was)+len(is) > maxDiff {
		return ""
	}
	from, to := labels(before, after)
	return udiff.Unified(from, to, was, is)
}

func formatPatch(name string, hunks []hunk) string {
	from, to := labels(name, name)
	var b strings.Builder
	fmt.Fprintf(&b, "--- %s\n+++ %s\n", from, to)
	for _, h := range hunks {
		fmt.Fprintf(&b, "@@ -%s +%s @@\n", span(h.OldStart, h.OldLines), span(h.NewStart, h.NewLines))
		for _, line := range h.Lines {
			b.WriteString(strings.TrimSuffix(line, "\n"))
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// span is a hunk's range in the form of diff -u.
func span(start, lines int) string {
	if lines == 1 {
		return fmt.Sprint(start)
	}
	return fmt.Sprintf("%d,%d", start, lines)
}
