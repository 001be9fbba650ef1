package codex

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/diff"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// fileChange is what a patch does to one file.
type fileChange struct {
	Path string `json:"path"`
	Kind struct {
		Type     string `json:"type"` // "add", "delete" or "update"
		MovePath string `json:"move_path,omitempty"`
	} `json:"kind"`
	// Diff is the whole content of a file that was added or deleted, and the
	// hunks of one that was changed.
	Diff string `json:"diff"`
}

type fileChangeItem struct {
	Changes []fileChange `json:"changes"`
	Status  string       `json:"status"`
}

const patchTool = "apply_patch"

func (c *converter) fileChangeStarted(it *item, raw json.RawMessage) error {
	var l fileChangeItem
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	c.callPatch(it, l.Changes)
	return nil
}

func (c *converter) callPatch(it *item, changes []fileChange) {
	it.changes = changes
	paths := make([]string, len(changes))
	for i, change := range changes {
		paths[i] = change.Path
		c.turn.patched.add(change.Path, change.Kind.MovePath)
	}
	c.call(it, patchKind(changes), patchTool, encode(struct {
		Changes []fileChange `json:"changes"`
	}{changes}), strings.Join(paths, ", "))
}

// patchKind is what a patch does, if it does one thing only.
func patchKind(changes []fileChange) universal.ToolKind {
	all := func(is func(*fileChange) bool) bool {
		return len(changes) > 0 && !slices.ContainsFunc(changes, func(f fileChange) bool { return !is(&f) })
	}
	switch {
	case all(func(f *fileChange) bool { return f.Kind.Type == "delete" }):
		return universal.ToolDelete
	case all(func(f *fileChange) bool { return f.Kind.MovePath != "" }):
		return universal.ToolMove
	}
	return universal.ToolEdit
}

func (c *converter) fileChangeCompleted(it *item, raw json.RawMessage) error {
	var l fileChangeItem
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	c.callPatch(it, l.Changes)
	switch l.Status {
	case "declined":
		c.completeResult(it, universal.StatusFailed, "The patch was rejected.")
		return nil
	case "failed":
		if told := c.raws[it.key]; told != nil {
			told.failed = it // why, the model is told next
			return nil
		}
		c.patchFailed(it, "")
		return nil
	}
	var parts []universal.Part
	var lines []string
	for i := range l.Changes {
		part, line := c.filePart(&l.Changes[i])
		parts, lines = append(parts, part), append(lines, line)
	}
	c.completeResult(it, universal.StatusCompleted, strings.Join(lines, "\n"), parts...)
	return nil
}

// patchFailed tells the result of a patch that was not applied; its item doesn't
// say why.
func (c *converter) patchFailed(it *item, why string) {
	c.completeResult(it, universal.StatusFailed, cmp.Or(why, "The patch was not applied."))
}

// filePart is a changed file, and what is said of it in a line.
func (c *converter) filePart(f *fileChange) (*universal.FileRefPart, string) {
	name := diff.Name(c.directory, f.Path)
	p := &universal.FileRefPart{Path: f.Path, Action: universal.FilePatch}
	line, text := "M "+name, ""
	switch {
	case f.Kind.Type == "add":
		p.Action = universal.FileWrite
		line, text = "A "+name, diff.Unified("", name, "", f.Diff)
	case f.Kind.Type == "delete":
		p.Action = universal.FileDelete
		line, text = "D "+name, diff.Unified(name, "", f.Diff, "")
	case f.Kind.MovePath != "":
		p.Action, p.Path, p.From = universal.FileRename, f.Kind.MovePath, f.Path
		to := diff.Name(c.directory, p.Path)
		line, text = fmt.Sprintf("R %s to %s", name, to), hunksDiff(name, to, withoutTrailer(f.Diff))
	default:
		text = hunksDiff(name, name, f.Diff)
	}
	if len(text) <= diff.Most {
		p.Diff = universal.NullString(text)
	}
	return p, line
}

// hunksDiff puts the names of the file before and after before its hunks.
func hunksDiff(before, after, hunks string) string {
	if hunks == "" {
		return ""
	}
	return diff.Head(before, after) + hunks
}

// withoutTrailer cuts off the line that Codex puts behind the hunks of a moved
// file.
func withoutTrailer(hunks string) string {
	if at := strings.LastIndex(hunks, "\nMoved to: "); at >= 0 && !strings.Contains(strings.TrimSpace(hunks[at:]), "\n") {
		return strings.TrimRight(hunks[:at], "\n") + "\n"
	}
	return hunks
}

// diffUpdated tells what the turn's patches have changed together. Codex repeats
// it unchanged many times.
func (c *converter) diffUpdated(th *thread, params []byte) error {
	var l struct {
		Diff string `json:"diff"`
	}
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	if !c.isRoot(th) {
		return nil
	}
	text := c.turn.patched.place(l.Diff, c.directory)
	if text == c.diff {
		return nil
	}
	c.diff = text
	c.emit(universal.TypeDiffUpdated, &universal.DiffData{Scope: universal.DiffTurn, Diff: text, Files: diff.Files(text)})
	return nil
}

// tellChanges adds the turn's diff to the session's, and tells that.
func (c *converter) tellChanges() {
	if c.diff == "" {
		return
	}
	c.changes.Add(c.diff)
	c.emit(universal.TypeDiffUpdated, c.changes.Data(universal.DiffSession))
}
