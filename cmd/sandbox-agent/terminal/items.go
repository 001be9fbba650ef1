package terminal

import (
	"encoding/json"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// text is a message or a reasoning that is open.
type text struct {
	depth     int
	reasoning bool
	cleaner   cleaner
	shown     int  // bytes of the text that were shown
	skipped   bool // a piece was not shown, so the rest has to wait
}

// depth is how far inside sub-agents an item is.
func (p *Printer) depth(item *universal.Item) int {
	if item.ParentID == "" {
		return 0
	}
	return p.depths[string(item.ParentID)] + 1
}

func isReasoning(content universal.Content) bool {
	if len(content) == 0 {
		return false
	}
	_, yes := content[0].(*universal.ReasoningPart)
	return yes
}

func (p *Printer) itemStarted(item *universal.Item) {
	if item.Kind == universal.KindMessage && item.Role != universal.RoleUser {
		p.texts[item.ItemID] = &text{depth: p.depth(item), reasoning: isReasoning(item.Content)}
	}
}

// delta shows a piece of a text, unless another text is being shown.
func (p *Printer) delta(d *universal.ItemDeltaData) {
	t := p.texts[d.ItemID]
	if t == nil || t.skipped || d.Delta == "" {
		return
	}
	if p.live != d.ItemID && p.texts[p.live] != nil {
		t.skipped = true
		return
	}
	p.tell(d.ItemID, t, d.Delta)
}

// tell shows the next piece of a text.
func (p *Printer) tell(id string, t *text, piece string) {
	if p.live != id {
		if t.shown == 0 {
			piece = strings.TrimLeft(piece, "\n")
		}
		if piece == "" {
			return
		}
		p.begin(textBlock)
		p.live = id
	}
	s := plain
	if t.reasoning {
		s = dim
	}
	t.shown += len(piece)
	for i, line := range strings.Split(t.cleaner.clean(piece), "\n") {
		if i > 0 {
			p.buf.WriteByte('\n')
			p.midLine = false
		}
		if line == "" {
			continue
		}
		if !p.midLine {
			p.buf.WriteString(p.indent(t.depth))
			if t.reasoning {
				p.buf.WriteString(p.paint(s, "│ ")) // tells it from the answer without colours
			}
			p.midLine = true
		}
		p.buf.WriteString(p.paint(s, line))
	}
}

func (p *Printer) itemCompleted(item *universal.Item, rewritten bool) {
	switch item.Kind {
	case universal.KindMessage:
		p.message(item, rewritten)
	case universal.KindToolCall:
		p.toolCall(item)
	case universal.KindToolResult:
		p.toolResult(item)
	case universal.KindStatus:
		p.status(item)
	default:
		if text := item.Text(); text != "" {
			p.note(p.depth(item), dim, text)
		}
	}
}

// message shows what of a message was not shown while it streamed.
func (p *Printer) message(item *universal.Item, rewritten bool) {
	if item.Role == universal.RoleUser {
		if p.prompts {
			p.begin(textBlock)
			p.body(p.depth(item), bold, "> "+strings.ReplaceAll(Clean(item.Text()), "\n", "\n> "), promptLines, 0)
		}
		return
	}
	t := p.texts[item.ItemID]
	if t == nil {
		t = &text{depth: p.depth(item)}
	}
	t.reasoning = isReasoning(item.Content)
	delete(p.texts, item.ItemID)
	whole := item.Text()
	switch {
	case rewritten:
		if t.shown > 0 {
			p.note(t.depth, dim, "(The agent replaced the text above by this.)")
		}
		p.live = ""
		p.tell(item.ItemID, &text{depth: t.depth, reasoning: t.reasoning}, whole)
	case t.shown == 0:
		p.tell(item.ItemID, t, whole)
	case t.skipped:
		p.tell(item.ItemID, t, whole[min(t.shown, len(whole)):])
	}
	p.endLine()
	p.live = ""
	if item.Status == universal.StatusFailed && whole != "" {
		p.line(t.depth, dim, "(The agent abandoned this text.)")
	}
	if !t.reasoning {
		p.extras(item)
	}
}

// promptLines is how much of the user's own messages is shown.
const promptLines = 20

// extras shows what a message has besides its text.
func (p *Printer) extras(item *universal.Item) {
	depth := p.depth(item)
	for _, part := range item.Content {
		switch part := part.(type) {
		case *universal.ReasoningPart:
			if part.Text != "" {
				p.tell(item.ItemID, &text{depth: depth, reasoning: true}, part.Text)
				p.endLine()
			}
		case *universal.ImagePart:
			p.note(depth, cyan, "[image "+name(string(part.Path), string(part.Mime))+"]")
		case *universal.FileRefPart:
			p.note(depth, cyan, "["+string(part.Action)+" "+p.local(part.Path)+"]")
		case *universal.JSONPart:
			p.begin(noteBlock)
			p.short(depth, dim, compact(part.JSON))
		}
	}
}

func name(candidates ...string) string {
	for _, c := range candidates {
		if c != "" {
			return c
		}
	}
	return ""
}

func compact(raw json.RawMessage) string {
	b, err := json.Marshal(raw)
	if err != nil {
		return string(raw)
	}
	return string(b)
}

// status shows a notice of what is going on.
func (p *Printer) status(item *universal.Item) {
	for _, part := range item.Content {
		if s, ok := part.(*universal.StatusPart); ok {
			text := s.Label
			if s.Detail != "" {
				text += ": " + string(s.Detail)
			}
			p.note(p.depth(item), dim, text)
		}
	}
}
