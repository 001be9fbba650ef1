package amp

import (
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Bounds of what a session remembers for diffs. When the changes of a turn or of
// the session are more than that, their diff is told no more.
const (
	maxSum   = 256 << 10 // bytes of one diff
	maxKnown = 512       // files
	maxTexts = 256 << 10 // bytes of the files whose text is known
)

// diffs adds up the changes that tools have told. A file that was changed
// several times comes several times, in order, which is what patch and git
// apply want.
type diffs struct {
	turn, session sum
	// known are the files that exist, with their text where it was written by
	// create_file and not changed since.
	known map[string]*string
	texts int // bytes of these texts
}

// sum is the changes in one scope.
type sum struct {
	text  strings.Builder
	files []universal.DiffFile
	full  bool // there was more than is kept
}

func (d *diffs) start() { d.turn = sum{} }

// know notes that a file exists; its text isn't known.
func (d *diffs) know(path string) { d.set(path, nil) }

// write notes a file's text.
func (d *diffs) write(path, text string) { d.set(path, &text) }

// forget notes that a file exists no more.
func (d *diffs) forget(path string) {
	if was := d.known[path]; was != nil {
		d.texts -= len(*was)
	}
	delete(d.known, path)
}

func (d *diffs) set(path string, text *string) {
	if d.known == nil {
		d.known = map[string]*string{}
	}
	d.forget(path)
	if len(d.known) >= maxKnown {
		return
	}
	if text != nil && d.texts+len(*text) > maxTexts {
		text = nil
	}
	if text != nil {
		d.texts += len(*text)
	}
	d.known[path] = text
}

// add takes a change, and tells whether there is something new to tell.
func (d *diffs) add(f *change) bool {
	if f.diff == "" {
		return false
	}
	d.turn.add(f)
	d.session.add(f)
	return true
}

func (s *sum) add(f *change) {
	if s.full || s.text.Len()+len(f.diff) > maxSum {
		s.full = true
		return
	}
	s.text.WriteString(f.diff)
	at := slices.IndexFunc(s.files, func(known universal.DiffFile) bool { return known.Path == f.path })
	if at < 0 {
		s.files = append(s.files, universal.DiffFile{Path: f.path, Action: f.action})
		at = len(s.files) - 1
	}
	file := &s.files[at]
	if f.action == universal.FileDelete {
		file.Action = f.action
	}
	added, deleted := countLines(f.diff)
	file.Additions += added
	file.Deletions += deleted
}

// event is what is told of the scope; nil if there is nothing.
func (s *sum) event(scope universal.DiffScope) *universal.DiffData {
	if s.full || s.text.Len() == 0 {
		return nil
	}
	return &universal.DiffData{Scope: scope, Diff: s.text.String(), Files: slices.Clone(s.files)}
}

// countLines counts the lines that a diff adds and deletes.
func countLines(diff string) (added, deleted int) {
	hunks := false
	for line := range strings.Lines(diff) {
		switch {
		case strings.HasPrefix(line, "@@"):
			hunks = true
		case hunks && line[0] == '+':
			added++
		case hunks && line[0] == '-':
			deleted++
		}
	}
	return added, deleted
}
