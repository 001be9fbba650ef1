package diff

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// A Sum puts several diffs in git's form, each of which applies to what the one
// before has left, together into one. It knows no file: of each it keeps which of
// its lines are those from before, and the lines that diffs have shown. A file
// whose diff doesn't fit, since somebody else has changed it meanwhile, or is too
// much, is only named from then on. The zero value is ready.
type Sum struct {
	files map[string]*patchedFile // by the path as it is
	bytes int
}

// Bounds of a sum. Diffs that come after so many bytes are too much, and files
// that come after so many are not even named.
const (
	maxSum   = 512 << 10
	maxFiles = 10_000
)

// patchedFile is a file as it was and as it is.
type patchedFile struct {
	before string // its path before the session; "" if it wasn't there
	gone   bool   // it is deleted
	lost   bool   // its change isn't known: it is only named
	pieces []piece
	known  map[int]string // lines from before, by number from 1
}

// piece is a run of lines of a file: those from before the session from a number
// on, or new ones.
type piece struct {
	from  int // 0: new lines
	count int // of lines from before; -1: to the end
	lines []string
}

// Add takes a further diff.
func (s *Sum) Add(diff string) {
	s.bytes += len(diff)
	patches := splitPatches(diff)
	moving := make([]*patchedFile, len(patches))
	for i := range patches { // all at once: one may get the former name of another
		if p := &patches[i]; p.action() == universal.FileRename {
			moving[i] = s.take(p.from)
		}
	}
	for i := range patches {
		p, f := &patches[i], moving[i]
		if f == nil {
			f = s.take(p.from)
		}
		if s.bytes > maxSum || f != nil && f.lost || !s.apply(p, f) {
			s.Lose(cmp.Or(p.to, p.from))
		}
	}
}

// Lose notes that a file was changed, and nobody told how.
func (s *Sum) Lose(path string) { s.put(path, &patchedFile{lost: true}) }

func (s *Sum) put(path string, f *patchedFile) {
	if s.files == nil {
		s.files = map[string]*patchedFile{}
	}
	if s.files[path] != nil || len(s.files) < maxFiles {
		s.files[path] = f
	}
}

// take takes a file out of the sum, which may not have it yet; nil for no name.
func (s *Sum) take(path string) *patchedFile {
	if path == "" {
		return nil
	}
	f := s.files[path]
	if f == nil {
		return &patchedFile{before: path, known: map[int]string{}, pieces: []piece{{from: 1, count: -1}}}
	}
	delete(s.files, path)
	return f
}

// apply changes a file, which is nil if there is none yet; false if the patch
// doesn't fit.
func (s *Sum) apply(p *patch, f *patchedFile) bool {
	there := s.files[p.to]
	switch {
	case f == nil && there == nil:
		f = &patchedFile{known: map[int]string{}}
	case f == nil && there.gone:
		f = there // it was deleted before
		f.gone = false
	case f == nil, there != nil, f.gone:
		return false
	}
	moved := 0 // by the hunks before
	for _, h := range p.hunks {
		grown, ok := f.apply(&h, moved)
		if !ok {
			return false
		}
		moved += grown
	}
	f.gone = p.to == ""
	s.put(cmp.Or(p.to, p.from), f)
	return true
}

// apply changes the file as a hunk says, whose lines have moved down by so many,
// and tells by how many lines the file has grown.
func (f *patchedFile) apply(h *patchHunk, moved int) (grown int, ok bool) {
	at := h.at + moved
	if h.at < 0 || at < 1 {
		return 0, false
	}
	for _, line := range h.lines {
		if line == "" {
			line = " " // some tools cut the blank of an empty line
		}
		text := line[1:]
		switch line[0] {
		case ' ':
			if !f.see(at, text) {
				return 0, false
			}
			at++
		case '-':
			if !f.see(at, text) {
				return 0, false
			}
			f.remove(at)
			grown--
		case '+':
			f.insert(at, text)
			at++
			grown++
		default:
			return 0, false
		}
	}
	return grown, true
}

// split makes a piece begin at a line and returns its index.
func (f *patchedFile) split(at int) int {
	line := 1
	for i, s := range f.pieces {
		n := s.length()
		if at == line {
			return i
		}
		if n >= 0 && at >= line+n {
			line += n
			continue
		}
		head, tail := s, s
		cut := at - line
		if s.from == 0 {
			head.lines, tail.lines = slices.Clone(s.lines[:cut]), slices.Clone(s.lines[cut:])
		} else {
			head.count, tail.from = cut, s.from+cut
			if n >= 0 {
				tail.count = n - cut
			}
		}
		f.pieces = slices.Replace(f.pieces, i, i+1, head, tail)
		return i + 1
	}
	return len(f.pieces)
}

// length is how many lines a piece has, -1 if it goes to the end.
func (s *piece) length() int {
	if s.from == 0 {
		return len(s.lines)
	}
	return s.count
}

// see notes what a line says; false if it says something else than is known, or
// isn't there.
func (f *patchedFile) see(at int, text string) bool {
	i := f.split(at)
	if i == len(f.pieces) {
		return false
	}
	s := f.pieces[i]
	if s.from == 0 {
		return s.lines[0] == text
	}
	if was, ok := f.known[s.from]; ok && was != text {
		return false
	}
	f.known[s.from] = text
	return true
}

func (f *patchedFile) remove(at int) {
	i := f.split(at)
	f.split(at + 1)
	f.pieces = slices.Delete(f.pieces, i, i+1)
}

func (f *patchedFile) insert(at int, text string) {
	i := f.split(at)
	if i > 0 && f.pieces[i-1].from == 0 {
		f.pieces[i-1].lines = append(f.pieces[i-1].lines, text)
		return
	}
	f.pieces = slices.Insert(f.pieces, i, piece{lines: []string{text}})
}

// contextLines is how many unchanged lines stand around a change.
const contextLines = 3

// String is the diff in git's form, "" if nothing is changed that is known.
func (s *Sum) String() string {
	var b strings.Builder
	for _, path := range slices.Sorted(maps.Keys(s.files)) {
		if f := s.files[path]; !f.lost {
			f.write(&b, path)
		}
	}
	return b.String()
}

// Data is what is told of the sum.
func (s *Sum) Data(scope universal.DiffScope) *universal.DiffData {
	text := s.String()
	files := Files(text)
	for _, path := range slices.Sorted(maps.Keys(s.files)) {
		if s.files[path].lost {
			files = append(files, universal.DiffFile{Path: path, Action: universal.FilePatch})
		}
	}
	return &universal.DiffData{Scope: scope, Diff: text, Files: files}
}

func (f *patchedFile) write(b *strings.Builder, path string) {
	hunks := f.hunks()
	if f.before == "" && f.gone || f.before == path && !f.gone && hunks == "" {
		return
	}
	after := path
	if f.gone {
		after = ""
	}
	if hunks != "" || f.before == "" || f.gone {
		hunks = Head(f.before, after) + hunks
	}
	b.WriteString(Git(f.before, after, hunks))
}

// diffLine is a line of a hunk: kept, removed or added.
type diffLine struct {
	sign   byte
	text   string
	before int // its number before, or that of the line it stands in front of
	after  int
}

// hunks are the changes of the file, with what is known around them.
func (f *patchedFile) hunks() string {
	var all []diffLine
	before, after := 1, 1
	known := slices.Sorted(maps.Keys(f.known)) // of a long file only a few lines are
	var added []string
	flush := func(next int) { // what is between the lines from before
		for ; before < next && len(added) > 0 && f.known[before] == added[0]; before++ { // taken back
			all = append(all, diffLine{' ', added[0], before, after})
			added = added[1:]
			after++
		}
		for ; before < next; before++ {
			all = append(all, diffLine{'-', f.known[before], before, after})
		}
		for _, text := range added {
			all = append(all, diffLine{'+', text, before, after})
			after++
		}
		added = nil
	}
	for _, s := range f.pieces {
		if s.from == 0 {
			added = append(added, s.lines...)
			continue
		}
		flush(s.from)
		end := s.from + s.count
		if s.count < 0 {
			end = max(s.from, f.lastKnown()+1)
		}
		first, _ := slices.BinarySearch(known, s.from)
		for _, n := range known[first:] {
			if n >= end {
				break
			}
			all = append(all, diffLine{' ', f.known[n], n, after + n - s.from})
		}
		before, after = end, after+end-s.from
	}
	flush(f.lastRemoved(before))
	return formatHunks(all)
}

// lastKnown is the number of the last line that is known.
func (f *patchedFile) lastKnown() int {
	last := 0
	for n := range f.known {
		last = max(last, n)
	}
	return last
}

// lastRemoved is behind the last line that was removed at the end of the file,
// where no line from before follows.
func (f *patchedFile) lastRemoved(before int) int {
	if n := len(f.pieces); n > 0 && f.pieces[n-1].from > 0 && f.pieces[n-1].count < 0 {
		return before
	}
	return max(before, f.lastKnown()+1)
}

// formatHunks writes the lines that lie near a change.
func formatHunks(all []diffLine) string {
	near := make([]bool, len(all))
	for i := range all {
		if all[i].sign == ' ' {
			continue
		}
		near[i] = true
		for j := i - 1; j >= max(0, i-contextLines) && adjacent(all[j], all[j+1]); j-- {
			near[j] = true
		}
		for j := i + 1; j <= min(len(all)-1, i+contextLines) && adjacent(all[j-1], all[j]); j++ {
			near[j] = true
		}
	}
	var b strings.Builder
	for i := 0; i < len(all); {
		if !near[i] {
			i++
			continue
		}
		end := i + 1
		for end < len(all) && near[end] && adjacent(all[end-1], all[end]) {
			end++
		}
		writeHunk(&b, all[i:end])
		i = end
	}
	return b.String()
}

// adjacent tells whether nothing that isn't known lies between two lines.
func adjacent(a, b diffLine) bool {
	nextBefore, nextAfter := a.before, a.after
	if a.sign != '+' {
		nextBefore++
	}
	if a.sign != '-' {
		nextAfter++
	}
	return b.before == nextBefore && b.after == nextAfter
}

func writeHunk(b *strings.Builder, lines []diffLine) {
	var old, now int
	for _, l := range lines {
		if l.sign != '+' {
			old++
		}
		if l.sign != '-' {
			now++
		}
	}
	b.WriteString(HunkHead(firstLine(lines[0].before, old), old, firstLine(lines[0].after, now), now))
	for _, l := range lines {
		b.WriteByte(l.sign)
		b.WriteString(l.text)
		b.WriteByte('\n')
	}
}

// firstLine is what the head of a hunk names as its first line: where it has
// none, the line before.
func firstLine(at, lines int) int {
	if lines == 0 {
		return at - 1
	}
	return at
}
