package amp

import (
	"net/url"
	"path/filepath"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/diff"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// change is what a tool did to one file.
type change struct {
	path   string
	from   string // the former path of a renamed file
	action universal.FileAction
	diff   string // unified, "" where it isn't known
}

func (f *change) part() *universal.FileRefPart {
	return &universal.FileRefPart{Path: f.path, Action: f.action, From: f.from, Diff: universal.NullString(f.diff)}
}

// git is the change in git's form, with names relative to dir; "" where it isn't
// known.
func (f *change) git(dir string) string {
	before, after := diff.Name(dir, f.path), diff.Name(dir, f.path)
	switch {
	case f.from != "":
		before = diff.Name(dir, f.from)
	case f.diff == "":
		return ""
	case strings.HasPrefix(f.diff, "--- /dev/null\n"):
		before = ""
	case f.action == universal.FileDelete:
		after = ""
	}
	return diff.Git(before, after, f.diff)
}

// changes are the files that a call has read or changed; none where it failed
// or is about no file.
func (c *converter) changes(r *result) []change {
	if r.isError {
		return nil
	}
	path := r.input.file()
	switch r.call.name {
	case "Read":
		if r.body.AbsolutePath != "" {
			path = r.body.AbsolutePath
		}
		if path == "" {
			return nil
		}
		c.known.know(path)
		return []change{{path: path, action: universal.FileRead}}
	case createFile:
		f := change{path: path, action: universal.FileWrite}
		if before, exists := c.known.texts[path]; !exists || before != nil {
			name := diff.Name(c.cwd, path)
			was, old := "", ""
			if exists {
				was = name
			}
			if before != nil {
				old = *before
			}
			f.diff = diff.Unified(was, name, old, r.input.Content)
		}
		c.known.write(path, r.input.Content)
		return []change{f}
	case "edit_file", "undo_edit": // the second may not tell what it has done
		name := diff.Name(c.cwd, path)
		f := change{path: path, action: universal.FilePatch, diff: nativeDiff(name, name, r.body.Diff)}
		c.known.know(path)
		return []change{f}
	case "apply_patch":
		var all []change
		for i := range r.body.Files {
			all = append(all, c.patched(&r.body.Files[i]))
		}
		return all
	}
	return nil
}

// patchedFile is a file in the result of apply_patch.
type patchedFile struct {
	URI  string `json:"uri"`
	From string `json:"oldUri"`
	Type string `json:"type"` // add, update, delete, move
	Diff string `json:"diff"`
}

func (c *converter) patched(p *patchedFile) change {
	f := change{path: filePath(p.URI), action: universal.FilePatch}
	before, after := diff.Name(c.cwd, f.path), diff.Name(c.cwd, f.path)
	switch p.Type {
	case "add", "create":
		f.action, before = universal.FileWrite, ""
	case "delete", "remove":
		f.action, after = universal.FileDelete, ""
	case "move", "rename":
		f.action, f.from = universal.FileRename, filePath(p.From)
		before = diff.Name(c.cwd, f.from)
		c.known.forget(f.from)
	}
	f.diff = nativeDiff(before, after, p.Diff)
	if f.action == universal.FileDelete {
		c.known.forget(f.path)
	} else {
		c.known.know(f.path)
	}
	return f
}

// filePath is the path of a file: URI.
func filePath(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" {
		return uri
	}
	return filepath.FromSlash(u.Path)
}

// nativeDiff is the CLI's diff, which stands in a fence of Markdown and names
// the file by its whole path, in our form. The names are those before and after,
// as for [diff.Head].
func nativeDiff(before, after, text string) string {
	text = strings.TrimPrefix(text, "```diff\n")
	text = strings.TrimSuffix(strings.TrimRight(text, "\n"), "\n```")
	at := strings.Index("\n"+text, "\n@@")
	if at < 0 || len(text) > diff.Most {
		return ""
	}
	if strings.Contains(text[:at], "--- /dev/null\n") {
		before = ""
	}
	return diff.Head(before, after) + text[at:] + "\n"
}
