package terminal

import (
	"bytes"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Options say how to show events.
type Options struct {
	// Color allows colours and other attributes.
	Color bool
	// Width is the number of columns; 0 cuts nothing.
	Width int
	// Directory is where the agent works: paths inside it are shown without it.
	Directory string
	// Prompts shows the user's own messages as well.
	Prompts bool
	// SkipRequests leaves out what is asked, for whoever asks it himself; the
	// answers are shown.
	SkipRequests bool
}

// Printer shows one session. Make one with [New]; it is not safe for
// concurrent use.
type Printer struct {
	out     io.Writer
	color   bool
	width   int
	inside  string // the directory with its separator
	prompts bool
	skip    bool // requests

	buf     bytes.Buffer // what the running event has to show
	midLine bool         // the last line is not ended
	last    block        // what was shown last

	texts   map[string]*text               // open messages and reasonings, by item id
	live    string                         // the item whose text is being shown
	calls   map[string]call                // tool calls without a result, by call id
	latest  string                         // the call whose heading was shown last
	depths  map[string]int                 // of sub-agents, by the item id of their call
	asked   map[string]string              // titles of open requests, by id
	refusal string                         // what the agent was told with the last one
	diffed  map[string]bool                // files whose diff was shown in this turn
	diff    *universal.DiffData            // the turn's newest
	usage   *universal.Usage               // the turn's newest
	began   time.Time                      // the turn
	errors  map[string]bool                // messages shown in this turn
	plan    []universal.PlanEntry          // as shown last
	limits  map[universal.QuotaKind]string // status, as shown last
}

// block is a kind of paragraph.
type block int

const (
	nothing block = iota
	textBlock
	toolBlock
	noteBlock
)

// New makes a printer that writes to out, at most once for each event.
func New(out io.Writer, opts Options) *Printer {
	inside := ""
	if opts.Directory != "" {
		inside = strings.TrimRight(opts.Directory, `/\`) + string(filepath.Separator)
	}
	return &Printer{
		inside: inside,
		out:    out, color: opts.Color, width: opts.Width, prompts: opts.Prompts, skip: opts.SkipRequests,
		texts:  map[string]*text{},
		calls:  map[string]call{},
		depths: map[string]int{},
		asked:  map[string]string{},
		diffed: map[string]bool{},
		errors: map[string]bool{},
		limits: map[universal.QuotaKind]string{},
	}
}

// Event shows an event. The error is that of writing.
func (p *Printer) Event(ev *universal.Event) error {
	p.show(ev)
	return p.flush()
}

// EndLine ends a line that is still open, for whoever wants to write to the
// same terminal.
func (p *Printer) EndLine() error {
	p.endLine()
	return p.flush()
}

func (p *Printer) flush() error {
	if p.buf.Len() == 0 {
		return nil
	}
	_, err := p.out.Write(p.buf.Bytes())
	p.buf.Reset()
	return err
}

func (p *Printer) show(ev *universal.Event) {
	switch d := ev.Data.(type) {
	case *universal.TurnStartedData:
		p.beginTurn(ev.Time, d)
	case *universal.TurnEndedData:
		p.endTurn(ev.Time, d)
	case *universal.ItemData:
		if ev.Type == universal.TypeItemStarted {
			p.itemStarted(&d.Item)
		} else {
			p.itemCompleted(&d.Item, d.Rewritten)
		}
	case *universal.ItemDeltaData:
		p.delta(d)
	case *universal.PermissionData:
		p.permission(ev.Type, d)
	case *universal.QuestionData:
		p.question(ev.Type, d)
	case *universal.UsageData:
		p.usage = &d.Usage
	case *universal.PlanData:
		p.planUpdated(d)
	case *universal.DiffData:
		if d.Scope == universal.DiffTurn {
			p.diff = d
		}
	case *universal.QuotaData:
		p.quota(d)
	case *universal.ErrorData:
		p.error(d)
	case *universal.SessionUpdatedData:
		p.sessionUpdated(d)
	case *universal.SessionEndedData:
		p.sessionEnded(d)
	case *universal.UnparsedData:
		p.note(0, dim, "The agent sent something that was not understood: "+d.Error)
	}
}

// begin begins a paragraph; notes follow each other without an empty line.
func (p *Printer) begin(b block) {
	p.endLine()
	if p.last != nothing && (b != noteBlock || p.last != noteBlock) {
		p.buf.WriteByte('\n')
	}
	p.last = b
	p.live, p.latest = "", ""
}

func (p *Printer) endLine() {
	if p.midLine {
		p.buf.WriteByte('\n')
		p.midLine = false
	}
}

// line writes a line, which has to be clean, without cutting it.
func (p *Printer) line(depth int, s style, text string) {
	p.endLine()
	p.buf.WriteString(p.indent(depth))
	p.buf.WriteString(p.paint(s, text))
	p.buf.WriteByte('\n')
}

// short writes a line of which the beginning is enough.
func (p *Printer) short(depth int, s style, text string) {
	p.line(depth, s, p.fit(depth, CleanLine(text)))
}

// note writes a paragraph of one line.
func (p *Printer) note(depth int, s style, text string) {
	p.begin(noteBlock)
	lines := strings.Split(strings.TrimRight(Clean(text), "\n"), "\n")
	for _, line := range lines {
		p.line(depth, s, line)
	}
}

func (p *Printer) indent(depth int) string { return strings.Repeat("  ", depth) }

// fit cuts a clean line to what is left of the width.
func (p *Printer) fit(depth int, line string) string {
	if p.width <= 0 {
		return line
	}
	return cut(line, max(p.width-2*depth, minWidth))
}

// minWidth is what even a narrow or deeply indented line gets.
const minWidth = 16

// body writes a clean text below a heading: its first and last lines.
func (p *Printer) body(depth int, s style, text string, head, tail int) {
	p.excerpt(depth, text, head, tail, func(string) style { return s })
}

func (p *Printer) excerpt(depth int, text string, head, tail int, look func(line string) style) {
	lines, hidden := excerpt(text, head, tail)
	for i, line := range lines {
		if hidden > 0 && i == head {
			p.left(depth, hidden)
		}
		p.line(depth, look(line), line)
	}
	if hidden > 0 && tail == 0 {
		p.left(depth, hidden)
	}
}

// left says how many lines were left out.
func (p *Printer) left(depth, hidden int) { p.line(depth, dim, "… "+count(hidden, "more line")) }
