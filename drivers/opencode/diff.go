package opencode

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// fileDiff is what happened to a file.
type fileDiff struct {
	File      string `json:"file"`
	Patch     string `json:"patch"`
	Additions int    `json:"additions"`
	Deletions int    `json:"deletions"`
	Status    string `json:"status"` // "added", "modified" or "deleted"
}

// diffAnswered takes what a message of the turn has changed. With the last one
// the turn ends.
func (c *converter) diffAnswered(a *answered) error {
	t := &c.turn
	if !t.ending || t.asking == 0 {
		return nil
	}
	t.asking--
	var changed []fileDiff
	var err error
	if a.ok() {
		err = json.Unmarshal(a.body, &changed)
	}
	t.changed = append(t.changed, changed...)
	if t.asking == 0 {
		c.endTurn()
	}
	if err != nil {
		return fmt.Errorf("diff: %w", err)
	}
	return nil
}

// maxSessionDiff bounds the text that is kept of a session's diff, in bytes;
// beyond it only the list of files is told.
const maxSessionDiff = 4 << 20

// tellDiffs tells what the turn has changed, and the session so far. The diffs
// of turns are kept one after the other: each applies to what the one before
// has left.
func (c *converter) tellDiffs() {
	changed := c.turn.changed
	if len(changed) == 0 {
		return
	}
	of := map[string][]fileDiff{}
	var order []string
	for _, f := range changed {
		if of[f.File] == nil {
			order = append(order, f.File)
		}
		of[f.File] = append(of[f.File], f)
	}
	c.emit(universal.TypeDiffUpdated, diffData(universal.DiffTurn, order, of))
	for _, file := range order {
		if c.diffs[file] == nil {
			c.files = append(c.files, file)
		}
		for _, f := range of[file] {
			if c.bytes += len(f.Patch); c.bytes > maxSessionDiff {
				f.Patch = ""
			}
			c.diffs[file] = append(c.diffs[file], f)
		}
	}
	c.emit(universal.TypeDiffUpdated, diffData(universal.DiffSession, c.files, c.diffs))
}

func diffData(scope universal.DiffScope, files []string, of map[string][]fileDiff) *universal.DiffData {
	d := &universal.DiffData{Scope: scope, Files: []universal.DiffFile{}}
	var text strings.Builder
	for _, file := range files {
		steps := of[file]
		sum := universal.DiffFile{Path: file, Action: actionOf(steps)}
		for _, f := range steps {
			sum.Additions += f.Additions
			sum.Deletions += f.Deletions
			before, after := file, file
			switch f.Status {
			case "added":
				before = ""
			case "deleted":
				after = ""
			}
			text.WriteString(relabel(f.Patch, before, after))
		}
		d.Files = append(d.Files, sum)
	}
	d.Diff = text.String()
	return d
}

// actionOf is what all that happened to a file comes to.
func actionOf(steps []fileDiff) universal.FileAction {
	added := slices.ContainsFunc(steps, func(f fileDiff) bool { return f.Status == "added" })
	switch {
	case steps[len(steps)-1].Status == "deleted":
		return universal.FileDelete
	case added:
		return universal.FileWrite
	}
	return universal.FilePatch
}
