package opencode

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// maxDiff bounds a diff, in bytes: one that is larger is left out.
const maxDiff = 1 << 20

// fileParts are the files that a call has read or changed.
func (c *converter) fileParts(k *part, st *nativeState) []*universal.FileRefPart {
	in := decodeInput(k.tool.input)
	one := func(action universal.FileAction, diff string) []*universal.FileRefPart {
		if in.FilePath == "" {
			return nil
		}
		if len(diff) > maxDiff {
			diff = ""
		}
		return []*universal.FileRefPart{{Path: in.FilePath, Action: action, Diff: universal.NullString(diff)}}
	}
	name := c.diffName(in.FilePath)
	switch k.tool.name {
	case toolRead:
		return one(universal.FileRead, "")
	case toolWrite:
		return one(universal.FileWrite, c.writeDiff(k, st, name, in.Content))
	case toolEdit, "multiedit":
		patch := k.tool.diff
		if st.Metadata.FileDiff != nil {
			patch = st.Metadata.FileDiff.Patch
		}
		return one(universal.FilePatch, relabel(patch, name, name))
	case toolPatch:
		return c.patchParts(st)
	}
	return nil
}

// writeDiff is the diff of a file that was written: of a new one its content,
// of another what the permission was asked for, since the result doesn't tell.
func (c *converter) writeDiff(k *part, st *nativeState, name, content string) string {
	isNew := st.Metadata.Exists != nil && !*st.Metadata.Exists
	switch {
	case !isNew:
		return relabel(k.tool.diff, name, name)
	case len(content) > maxDiff:
		return ""
	}
	from, to := labels("", name)
	return udiff.Unified(from, to, "", content)
}

// patchParts are the files of a patch.
func (c *converter) patchParts(st *nativeState) []*universal.FileRefPart {
	var parts []*universal.FileRefPart
	for _, f := range st.Metadata.Files {
		p := &universal.FileRefPart{Path: f.Path, Action: universal.FilePatch}
		name := c.diffName(f.Path)
		before, after := name, name
		switch f.Type {
		case "add":
			p.Action, before = universal.FileWrite, ""
		case "delete":
			p.Action, after = universal.FileDelete, ""
		case "move":
			p.Action = universal.FileRename
		}
		if f.MovePath != "" {
			p.Action, p.From, p.Path = universal.FileRename, f.Path, f.MovePath
			after = c.diffName(f.MovePath)
		}
		if diff := relabel(f.Patch, before, after); len(diff) <= maxDiff {
			p.Diff = universal.NullString(diff)
		}
		parts = append(parts, p)
	}
	return parts
}

// diffName is how a diff names a file: relative to the session's directory
// where it lies inside, so that the diff can be applied there.
func (c *converter) diffName(path string) string {
	if rel, err := filepath.Rel(c.directory, path); err == nil && filepath.IsLocal(rel) {
		path = rel
	}
	return strings.TrimPrefix(filepath.ToSlash(path), "/")
}

// labels are the two file names of a diff; "" is no file.
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

// relabel makes one form of OpenCode's patches, whose heads differ: the file
// names as git writes them, and the hunks. A patch without hunks is none.
func relabel(patch, before, after string) string {
	at := strings.Index(patch, "@@ ")
	if at < 0 || at > 0 && patch[at-1] != '\n' {
		if before != after && before != "" && after != "" {
			return fmt.Sprintf("rename from %s\nrename to %s\n", before, after)
		}
		return ""
	}
	from, to := labels(before, after)
	hunks := patch[at:]
	if !strings.HasSuffix(hunks, "\n") {
		hunks += "\n"
	}
	return "--- " + from + "\n+++ " + to + "\n" + hunks
}
