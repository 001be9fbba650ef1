package codex

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Codex tells what the patches of one turn have changed, as a diff in git's form.
// A sessionDiff puts the diffs of the turns together into what the session has
// changed. It knows no file: of each it keeps which of its lines are those from
// before the session, and the lines that diffs have shown.

// sessionDiff is what the patches of a session have changed. The zero value is
// ready.
type sessionDiff struct {
	files map[string]*patchedFile // by the path as it is
	bytes int
}

// maxSessionDiff bounds the diffs that are put together, in bytes. A session that
// patches more has none from then on.
const maxSessionDiff = 512 << 10

// patchedFile is a file as it was and as it is.
type patchedFile struct {
	before string // its path before the session; "" if it wasn't there
	gone   bool   // it is deleted
	spans  []span
	known  map[int]string // lines from before, by number from 1
}

// span is a run of lines of a file: those from before the session from a number
// on, or new ones.
type span struct {
	from  int // 0: new lines
	count int // of lines from before; -1: to the end
	lines []string
}

// add takes the diff of a turn; false if it can't be understood, or is too much.
func (d *sessionDiff) add(diff string) bool {
	if d.bytes += len(diff); d.bytes > maxSessionDiff {
		return false
	}
	if d.files == nil {
		d.files = map[string]*patchedFile{}
	}
	for _, p := range splitPatches(diff) {
		if !d.apply(&p) {
			return false
		}
	}
	return true
}

// patch is the part of a diff that is about one file.
type patch struct {
	from, to string // "" where there is no file
	hunks    []patchHunk
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
		rest, isHeader := strings.CutPrefix(line, "diff --git ")
		switch {
		case isHeader:
			from, to, _ := strings.Cut(rest, " b/")
			all = append(all, patch{from: strings.TrimPrefix(from, "a/"), to: to})
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
		}
	}
	return all
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

func (d *sessionDiff) apply(p *patch) bool {
	f := d.files[p.from]
	switch {
	case p.from == "" && d.files[p.to] != nil:
		f = d.files[p.to] // it was deleted before
		f.gone = false
	case p.from == "":
		f = &patchedFile{known: map[int]string{}}
	case f == nil:
		f = &patchedFile{before: p.from, known: map[int]string{}, spans: []span{{from: 1, count: -1}}}
	}
	delete(d.files, p.from)
	moved := 0 // by the hunks before
	for _, h := range p.hunks {
		grown, ok := f.apply(&h, moved)
		if !ok {
			return false
		}
		moved += grown
	}
	if p.to == "" {
		f.gone = true
		d.files[p.from] = f
		return true
	}
	d.files[p.to] = f
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

// split makes a span begin at a line and returns its index.
func (f *patchedFile) split(at int) int {
	line := 1
	for i, s := range f.spans {
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
		f.spans = slices.Replace(f.spans, i, i+1, head, tail)
		return i + 1
	}
	return len(f.spans)
}

// length is how many lines a span has, -1 if it goes to the end.
func (s *span) length() int {
	if s.from == 0 {
		return len(s.lines)
	}
	return s.count
}

// see notes what a line says; false if it says something else than is known, or
// isn't there.
func (f *patchedFile) see(at int, text string) bool {
	i := f.split(at)
	if i == len(f.spans) {
		return false
	}
	s := f.spans[i]
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
	f.spans = slices.Delete(f.spans, i, i+1)
}

func (f *patchedFile) insert(at int, text string) {
	i := f.split(at)
	if i > 0 && f.spans[i-1].from == 0 {
		f.spans[i-1].lines = append(f.spans[i-1].lines, text)
		return
	}
	f.spans = slices.Insert(f.spans, i, span{lines: []string{text}})
}

// diffContext is how many unchanged lines stand around a change.
const diffContext = 3

// String is the diff in git's form, "" if nothing is changed.
func (d *sessionDiff) String() string {
	var b strings.Builder
	for _, path := range slices.Sorted(maps.Keys(d.files)) {
		d.files[path].write(&b, path)
	}
	return b.String()
}

func (f *patchedFile) write(b *strings.Builder, path string) {
	hunks := f.hunks()
	if f.before == "" && f.gone || f.before == path && !f.gone && hunks == "" {
		return
	}
	from := f.before
	if from == "" {
		from = path
	}
	fmt.Fprintf(b, "diff --git a/%s b/%s\n", from, path)
	switch {
	case f.before == "":
		fmt.Fprintf(b, "new file mode 100644\n--- /dev/null\n+++ b/%s\n", path)
	case f.gone:
		fmt.Fprintf(b, "deleted file mode 100644\n--- a/%s\n+++ /dev/null\n", from)
	case f.before != path:
		fmt.Fprintf(b, "rename from %s\nrename to %s\n", from, path)
		if hunks != "" {
			fmt.Fprintf(b, "--- a/%s\n+++ b/%s\n", from, path)
		}
	default:
		fmt.Fprintf(b, "--- a/%s\n+++ b/%s\n", path, path)
	}
	b.WriteString(hunks)
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
	for _, s := range f.spans {
		if s.from == 0 {
			added = append(added, s.lines...)
			continue
		}
		flush(s.from)
		n := s.count
		for i := 0; n < 0 || i < n; i++ {
			text, ok := f.known[before]
			if n < 0 && !ok && before > f.lastKnown() {
				break
			}
			if ok {
				all = append(all, diffLine{' ', text, before, after})
			}
			before++
			after++
		}
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
	if n := len(f.spans); n > 0 && f.spans[n-1].from > 0 && f.spans[n-1].count < 0 {
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
		for j := i - 1; j >= max(0, i-diffContext) && adjacent(all[j], all[j+1]); j-- {
			near[j] = true
		}
		for j := i + 1; j <= min(len(all)-1, i+diffContext) && adjacent(all[j-1], all[j]); j++ {
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
	fmt.Fprintf(b, "@@ -%s +%s @@\n", hunkRange(lines[0].before, old), hunkRange(lines[0].after, now))
	for _, l := range lines {
		b.WriteByte(l.sign)
		b.WriteString(l.text)
		b.WriteByte('\n')
	}
}

// hunkRange is a hunk's range in the form of diff -u: one of no lines names the
// line before.
func hunkRange(start, lines int) string {
	switch lines {
	case 0:
		return fmt.Sprintf("%d,0", start-1)
	case 1:
		return strconv.Itoa(start)
	}
	return fmt.Sprintf("%d,%d", start, lines)
}
