package terminal

import (
	"fmt"
	"strings"
	"time"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// call is a tool call that has no result yet.
type call struct {
	itemID  string
	heading string // clean
	kind    universal.ToolKind
	title   string
}

// Lines that are shown of what tools give.
const (
	commandHead, commandTail = 10, 20
	outputHead, outputTail   = 3, 0 // of tools whose output is for the model
	errorHead, errorTail     = 5, 15
	diffHead, diffTail       = 120, 40
)

// cancelledWidth is how much is shown of why a call has no result.
const cancelledWidth = 120

// toolCall shows what the agent is about to do.
func (p *Printer) toolCall(item *universal.Item) {
	depth := p.depth(item)
	for _, part := range item.Content {
		c, ok := part.(*universal.ToolCallPart)
		if !ok {
			continue
		}
		if c.ToolKind == universal.ToolSubagent {
			p.depths[item.ItemID] = depth
		}
		title := c.Title
		if title == "" && c.Arguments != "{}" {
			title = c.Arguments
		}
		if title == c.Name {
			title = ""
		}
		title = p.local(title)
		heading := CleanLine(c.Name)
		p.begin(toolBlock)
		p.heading(depth, heading, CleanLine(title))
		if item.Status == universal.StatusCompleted {
			p.calls[c.CallID] = call{itemID: item.ItemID, heading: heading, kind: c.ToolKind, title: title}
			p.latest = c.CallID
		}
	}
}

// local is a path without the agent's directory.
func (p *Printer) local(path string) string {
	if p.inside != "" {
		return strings.TrimPrefix(path, p.inside)
	}
	return path
}

func (p *Printer) heading(depth int, name, title string) {
	line := p.fit(depth, strings.TrimRight("● "+name+"  "+title, " "))
	// The colours come after the cut, which counts columns.
	rest, ok := strings.CutPrefix(line, "● "+name)
	if !ok {
		p.line(depth, bold, line)
		return
	}
	p.line(depth, plain, p.paint(cyan, "● ")+p.paint(bold, name)+rest)
}

// toolResult shows what came of a call. Where something else was shown in
// between, it says of which.
func (p *Printer) toolResult(item *universal.Item) {
	depth := p.depth(item)
	result := &universal.ToolResultPart{}
	var command *universal.CommandPart
	var files []*universal.FileRefPart
	for _, part := range item.Content {
		switch part := part.(type) {
		case *universal.ToolResultPart:
			result = part
		case *universal.CommandPart:
			command = part
		case *universal.FileRefPart:
			files = append(files, part)
		}
	}
	c, known := p.calls[result.CallID]
	delete(p.calls, result.CallID)
	switch {
	case known:
	case command != nil:
		c.heading, c.title = "Command", command.Command
	default:
		c.heading = "Result"
	}
	if p.latest == "" || p.latest != result.CallID {
		p.begin(toolBlock)
		p.heading(depth, c.heading, CleanLine(c.title))
	}
	p.endLine()
	p.latest = result.CallID // parts of one result stay together
	diffs := p.diffs(depth+1, files)
	switch {
	case item.Status == universal.StatusCancelled:
		p.short(depth+1, yellow, cut(CleanLine(name(firstLine(result.Output), "cancelled")), cancelledWidth))
	case p.refusal != "" && result.IsError && strings.Contains(result.Output, p.refusal):
		p.line(depth+1, dim, "not done")
	case command != nil:
		p.command(depth+1, command, result)
	case result.IsError:
		p.body(depth+1, red, cleanOutput(result.Output), errorHead, errorTail)
	case diffs, c.kind == universal.ToolQuestion: // shown already
	case c.kind == universal.ToolSubagent:
		p.body(depth+1, dim, cleanOutput(result.Output), errorHead, errorTail)
	default:
		p.body(depth+1, dim, cleanOutput(result.Output), outputHead, outputTail)
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimLeft(text, "\n"), "\n")
	return line
}

// command shows what a shell command printed and how it ended.
func (p *Printer) command(depth int, c *universal.CommandPart, result *universal.ToolResultPart) {
	output := c.Output
	if output == "" && result.IsError {
		output = result.Output
	}
	p.body(depth, plain, cleanOutput(output), commandHead, commandTail)
	var end []string
	s := dim
	switch {
	case c.ExitCode != nil && *c.ExitCode != 0:
		s = red
		fallthrough
	case c.ExitCode != nil:
		end = append(end, fmt.Sprintf("exit %d", *c.ExitCode))
	case result.IsError:
		s = red
		end = append(end, "failed")
	}
	if c.DurationMS != nil {
		end = append(end, duration(time.Duration(*c.DurationMS)*time.Millisecond))
	}
	if len(end) > 0 {
		p.line(depth, s, strings.Join(end, ", "))
	}
}

// diffs shows the changes of files; false when there are none to see.
func (p *Printer) diffs(depth int, files []*universal.FileRefPart) (shown bool) {
	for _, f := range files {
		switch {
		case f.Diff != "":
			p.diffText(depth, string(f.Diff))
			p.diffed[f.Path] = true
			shown = true
		case f.Action == universal.FileRename:
			p.short(depth, plain, fmt.Sprintf("renamed %s to %s", p.local(f.From), p.local(f.Path)))
		case f.Action != universal.FileRead:
			p.short(depth, plain, fileVerb(f.Action)+" "+p.local(f.Path))
		}
	}
	return shown
}

func fileVerb(action universal.FileAction) string {
	switch action {
	case universal.FileDelete:
		return "deleted"
	case universal.FilePatch:
		return "changed"
	}
	return "wrote"
}

// diffText shows a unified diff.
func (p *Printer) diffText(depth int, diff string) {
	p.excerpt(depth, Clean(diff), diffHead, diffTail, diffStyle)
}

func diffStyle(line string) style {
	switch {
	case strings.HasPrefix(line, "+++ "), strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "diff "):
		return bold
	case strings.HasPrefix(line, "@@"):
		return cyan
	case strings.HasPrefix(line, "+"):
		return green
	case strings.HasPrefix(line, "-"):
		return red
	case strings.HasPrefix(line, `\`):
		return dim
	}
	return plain
}
