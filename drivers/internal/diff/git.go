package diff

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// What follows is about diffs in git's form, in which "diff --git a/x b/x"
// stands before each file, and says which are new, deleted or renamed.

// Git makes a diff of one file one in git's form. The names are as for [Head].
func Git(before, after, text string) string {
	switch {
	case before == "":
		return "diff --git a/" + after + " b/" + after + "\nnew file mode 100644\n" + text
	case after == "":
		return "diff --git a/" + before + " b/" + before + "\ndeleted file mode 100644\n" + text
	case before != after:
		return "diff --git a/" + before + " b/" + after + "\nrename from " + before + "\nrename to " + after + "\n" + text
	}
	return "diff --git a/" + before + " b/" + after + "\n" + text
}

// Files sums up a diff in git's form.
func Files(text string) []universal.DiffFile {
	files := []universal.DiffFile{}
	for _, p := range splitPatches(text) {
		f := universal.DiffFile{Path: cmp.Or(p.to, p.from), Action: p.action()}
		for _, h := range p.hunks {
			for _, line := range h.lines {
				switch {
				case strings.HasPrefix(line, "+"):
					f.Additions++
				case strings.HasPrefix(line, "-"):
					f.Deletions++
				}
			}
		}
		files = append(files, f)
	}
	return files
}

// Names are the names in a diff in git's form.
func Names(text string) []string {
	var names []string
	for _, p := range splitPatches(text) {
		for _, name := range [...]string{p.from, p.to} {
			if name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}

// Rename gives the files of a diff in git's form other names.
func Rename(text string, rename func(name string) string) string {
	var b strings.Builder
	b.Grow(len(text))
	inHunk := false
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if names, ok := strings.CutPrefix(line, gitHead); ok {
			inHunk = false
			from, to := headNames(names)
			line = "diff --git a/" + rename(from) + " b/" + rename(to)
		}
		inHunk = inHunk || strings.HasPrefix(line, "@@ ")
		for _, before := range [...]string{"--- a/", "+++ b/", "rename from ", "rename to "} {
			if name, ok := strings.CutPrefix(line, before); ok && !inHunk {
				line = before + rename(name)
			}
		}
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return b.String()
}

// patch is the part of a diff that is about one file.
type patch struct {
	from, to string // "" where there is no file
	hunks    []patchHunk
}

func (p *patch) action() universal.FileAction {
	switch {
	case p.from == "":
		return universal.FileWrite
	case p.to == "":
		return universal.FileDelete
	case p.from != p.to:
		return universal.FileRename
	}
	return universal.FilePatch
}

type patchHunk struct {
	at    int // number of its first line in the file as it was; -1 if it can't be read
	lines []string
}

// splitPatches takes a diff in git's form apart.
func splitPatches(diff string) []patch {
	var all []patch
	var p *patch
	var h *patchHunk
	for line := range strings.Lines(diff) {
		line = strings.TrimSuffix(line, "\n")
		names, isHead := strings.CutPrefix(line, gitHead)
		switch {
		case isHead:
			from, to := headNames(names)
			all = append(all, patch{from: from, to: to})
			p, h = &all[len(all)-1], nil
		case p == nil:
		case strings.HasPrefix(line, "@@ "):
			p.hunks = append(p.hunks, patchHunk{at: hunkStart(line)})
			h = &p.hunks[len(p.hunks)-1]
		case h != nil && strings.HasPrefix(line, `\`) && len(h.lines) > 0:
			h.lines[len(h.lines)-1] += "\n" + line // belongs to the line before
		case h != nil:
			h.lines = append(h.lines, line)
		case strings.HasPrefix(line, "new file"):
			p.from = ""
		case strings.HasPrefix(line, "deleted file"):
			p.to = ""
		case strings.HasPrefix(line, "rename from "):
			p.from = line[len("rename from "):]
		case strings.HasPrefix(line, "rename to "):
			p.to = line[len("rename to "):]
		}
	}
	return all
}

// gitHead begins the line before a file.
const gitHead = "diff --git a/"

// headNames reads the names in that line, what follows gitHead. Names may have
// blanks; where the file is not renamed, both are the same.
func headNames(names string) (from, to string) {
	const between = " b/"
	if n := (len(names) - len(between)) / 2; n > 0 && names[:n]+between+names[:n] == names {
		return names[:n], names[:n]
	}
	from, to, _ = strings.Cut(names, between)
	return from, to
}

// hunkStart reads where a hunk begins: "@@ -1,2 +3,4 @@". One of no lines names
// the line before.
func hunkStart(header string) int {
	number, _, _ := strings.Cut(strings.TrimPrefix(header, "@@ -"), " ")
	number, count, _ := strings.Cut(number, ",")
	at, err := strconv.Atoi(number)
	switch {
	case err != nil:
		return -1
	case count == "0":
		return at + 1
	}
	return at
}
