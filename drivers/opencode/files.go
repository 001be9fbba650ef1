package opencode

import (
	"fmt"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/diff"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// fileParts are the files that a call has read or changed.
func (c *converter) fileParts(k *part, st *nativeState) []*universal.FileRefPart {
	in := decodeInput(k.tool.input)
	one := func(action universal.FileAction, text string) []*universal.FileRefPart {
		if in.FilePath == "" {
			return nil
		}
		if len(text) > diff.Most {
			text = ""
		}
		return []*universal.FileRefPart{{Path: in.FilePath, Action: action, Diff: universal.NullString(text)}}
	}
	name := diff.Name(c.directory, in.FilePath)
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
	if isNew := st.Metadata.Exists != nil && !*st.Metadata.Exists; isNew {
		return diff.Unified("", name, "", content)
	}
	return relabel(k.tool.diff, name, name)
}

// patchParts are the files of a patch.
func (c *converter) patchParts(st *nativeState) []*universal.FileRefPart {
	var parts []*universal.FileRefPart
	for _, f := range st.Metadata.Files {
		p := &universal.FileRefPart{Path: f.Path, Action: universal.FilePatch}
		name := diff.Name(c.directory, f.Path)
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
			after = diff.Name(c.directory, f.MovePath)
		}
		if text := relabel(f.Patch, before, after); len(text) <= diff.Most {
			p.Diff = universal.NullString(text)
		}
		parts = append(parts, p)
	}
	return parts
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
	hunks := patch[at:]
	if !strings.HasSuffix(hunks, "\n") {
		hunks += "\n"
	}
	return diff.Head(before, after) + hunks
}
