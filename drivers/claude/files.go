package claude

import (
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/diff"
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
	name := diff.Name(c.directory, p.Path)
	text := r.diff(name)
	if len(text) > diff.Most {
		text = ""
	}
	p.Diff = universal.NullString(text)
	if text != "" && r.created() {
		text = diff.Git("", name, text)
	} else if text != "" {
		text = diff.Git(name, name, text)
	}
	if diff.Inside(c.directory, p.Path) { // plans and notes of the agent's own are elsewhere
		c.changes.Add(name, text)
	}
	return p
}

// tellChanges tells what a call has changed together with those before.
func (c *converter) tellChanges(p *universal.FileRefPart) {
	if p == nil || p.Action == universal.FileRead || !c.turn.active() {
		return
	}
	if d := c.changes.Turn(); d != nil {
		c.emit(universal.TypeDiffUpdated, d)
	}
}

// createdMark begins the result of a Write that has made its file.
const createdMark = "File created successfully at: "

// created tells whether the call has made its file.
func (r *result) created() bool {
	if !r.hasTwin {
		return r.call.name == "Write" && strings.HasPrefix(r.text, createdMark)
	}
	return r.twin.Content != nil && r.twin.OriginalFile == nil
}

// diff is the change as unified text, "" where the result doesn't tell it: that
// of a sub-agent has no structured copy, and what it has made is in its call.
func (r *result) diff(name string) string {
	t := &r.twin
	switch {
	case !r.hasTwin && r.created():
		return diff.Unified("", name, "", r.input.Content)
	case len(t.Patch) > 0:
		return formatPatch(name, t.Patch)
	case t.Before != nil && t.After != nil:
		return diff.Unified(name, name, *t.Before, *t.After)
	case t.Content == nil:
		return ""
	case r.created():
		return diff.Unified("", name, "", *t.Content)
	}
	return diff.Unified(name, name, *t.OriginalFile, *t.Content)
}

func formatPatch(name string, hunks []hunk) string {
	var b strings.Builder
	b.WriteString(diff.Head(name, name))
	for _, h := range hunks {
		b.WriteString(diff.HunkHead(h.OldStart, h.OldLines, h.NewStart, h.NewLines))
		for _, line := range h.Lines {
			b.WriteString(strings.TrimSuffix(line, "\n"))
			b.WriteByte('\n')
		}
	}
	return b.String()
}
