package claude

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/lenient"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/oneline"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// call is a tool call without a result so far.
type call struct {
	order   int
	parent  string
	name    string
	input   json.RawMessage // compact; nil while it streams
	title   string          // "" while it streams
	cwd     string
	waiting bool // for a permission: it has not run
}

// toolInput is what titles and results need of a call's input.
type toolInput struct {
	Command      string `json:"command"`
	Background   bool   `json:"run_in_background"`
	FilePath     string `json:"file_path"`
	Content      string `json:"content"`
	NotebookPath string `json:"notebook_path"`
	Path         string `json:"path"`
	Pattern      string `json:"pattern"`
	Query        string `json:"query"`
	URL          string `json:"url"`
	Description  string `json:"description"`
	Subject      string `json:"subject"`
	Skill        string `json:"skill"`
	Plan         string `json:"plan"`
	Questions    []struct {
		Question string `json:"question"`
	} `json:"questions"`
}

func (in *toolInput) file() string {
	if in.FilePath == "" {
		return in.NotebookPath
	}
	return in.FilePath
}

// decodeInput reads an input as far as it is what the tool asks for; models
// also send what isn't.
func decodeInput(input json.RawMessage) toolInput { return lenient.Object[toolInput](input) }

const (
	toolBash     = "Bash"
	toolMonitor  = "Monitor" // runs a command in the background and tells the model its lines
	toolAsk      = "AskUserQuestion"
	toolExitPlan = "ExitPlanMode"
	mcpPrefix    = "mcp__"
)

// toolKind sorts the built-in tools, those of older versions included.
func toolKind(name string) universal.ToolKind {
	switch name {
	case toolBash, toolMonitor:
		return universal.ToolExecute
	case "Read", "NotebookRead", "LS", "BashOutput", "TaskOutput", "ListAgents",
		"Skill": // it reads instructions; what they make the agent do are calls of their own
		return universal.ToolRead
	case "Write", "Edit", "MultiEdit", "NotebookEdit":
		return universal.ToolEdit
	case "Glob", "Grep", "WebSearch", "web_search", "ToolSearch":
		return universal.ToolSearch
	case "WebFetch", "web_fetch":
		return universal.ToolFetch
	case "Agent", "Task":
		return universal.ToolSubagent
	case toolAsk, toolExitPlan:
		return universal.ToolQuestion
	case "TodoWrite", "TaskCreate", "TaskUpdate", "TaskList", "TaskGet", "EnterPlanMode":
		return universal.ToolThink
	}
	if strings.HasPrefix(name, mcpPrefix) {
		return universal.ToolMCP
	}
	return universal.ToolOther
}

// toolTitle is one line that a person reads of a call.
func toolTitle(name string, input json.RawMessage) string {
	in := decodeInput(input)
	var title string
	switch name {
	case toolBash, toolMonitor:
		title = in.Command
	case "Agent", "Task":
		title = in.Description
	case "TaskCreate":
		title = in.Subject
	case "Skill":
		title = in.Skill
	case toolExitPlan:
		title = "Plan"
	case toolAsk:
		if len(in.Questions) > 0 {
			title = in.Questions[0].Question
		}
	default:
		for _, candidate := range []string{in.file(), in.URL, in.Pattern, in.Query, in.Path} {
			if candidate != "" {
				title = candidate
				break
			}
		}
	}
	if strings.HasPrefix(name, mcpPrefix) {
		title = strings.ReplaceAll(strings.TrimPrefix(name, mcpPrefix), "__", ".")
	}
	if title == "" {
		title = name
	}
	return oneline.Text(title)
}

func (c *converter) callPart(id, name, arguments, title string) *universal.ToolCallPart {
	return &universal.ToolCallPart{Name: name, Arguments: arguments, CallID: id, ToolKind: toolKind(name), Title: title}
}

func (c *converter) noteCall(parent string, content *contentBlock) *call {
	c.callsN++
	k := &call{order: c.callsN, parent: parent, name: content.Name, cwd: c.cwd}
	c.calls[content.ID] = k
	return k
}

// completeCall ends the item of a call: its arguments are final.
func (c *converter) completeCall(s *stream, b *block, content *contentBlock, l *assistantLine, status universal.ItemStatus) {
	k := c.calls[b.key]
	if k == nil {
		k = c.noteCall(s.parent, content)
	}
	b.open = false
	c.dropText(b)
	k.input = oneline.JSON(content.Input)
	title := toolTitle(content.Name, k.input)
	for _, m := range l.ToolUseMeta {
		if m.ID == content.ID && m.Server != "" && m.DisplayName != "" {
			title = oneline.Text(m.Server + ": " + m.DisplayName)
		}
	}
	k.title = title
	item := c.blockItem(s, b, status)
	item.Content = universal.Content{c.callPart(content.ID, content.Name, string(k.input), title)}
	c.emit(universal.TypeItemCompleted, &universal.ItemData{Item: item})
}

// userLine carries the results of calls. Everything else in such a line is
// text that the CLI gives the model.
func (c *converter) userLine(line []byte) error {
	var l userLine
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	blocks, err := l.Message.blocks()
	if err != nil {
		return err
	}
	results := 0
	for _, b := range blocks {
		if b.Type == "tool_result" {
			results++
		}
	}
	var failed error
	for i := range blocks {
		b := &blocks[i]
		if b.Type != "tool_result" {
			continue
		}
		twin := l.ToolResult
		if results > 1 {
			twin = nil // it can't be told whose it is
		}
		kind := ""
		for _, m := range l.ToolMeta {
			if m.ID == b.ToolUseID {
				kind = m.NonExecution
			}
		}
		if err := c.toolResult(l.Parent, b, twin, kind); err != nil {
			failed = err
		}
	}
	if results == 0 && !isDropped("user/text") {
		return fmt.Errorf("user line without a result")
	}
	return failed
}

// Why a call was not carried out, as the CLI tells.
const (
	notRunRefused = "permission-rule" // a person, a rule or a mode said no
	notRunStopped = "user-rejected"   // the turn was interrupted
)

// toolResult is the item of a result. twin is the CLI's structured copy of it.
func (c *converter) toolResult(parent string, content *contentBlock, twin json.RawMessage, notRun string) error {
	id := content.ToolUseID
	k := c.calls[id]
	switch {
	case k == nil && c.tasks.closed[id]:
		delete(c.tasks.closed, id)
		return nil // it was told when its sub-agent ended
	case k == nil:
		return fmt.Errorf("result of the unknown tool call %q", id)
	}
	delete(c.calls, id)
	if s := c.streams[k.parent]; s != nil && k.input == nil {
		for _, b := range s.blocks {
			if b != nil && b.open && b.key == id {
				c.closeBlock(s, b, universal.StatusCompleted)
			}
		}
	}
	if k.parent == "" {
		c.begin()
	}
	if toolKind(k.name) == universal.ToolSubagent && len(c.tasks.running) == 0 {
		c.endSubagent(id) // 2.1.197 and an interrupt don't tell it otherwise
	}
	r := readResult(content)
	r.call, r.input, r.notRun = k, decodeInput(k.input), notRun
	r.readTwin(twin)
	item := universal.Item{
		ItemID:       id + ":result",
		NativeItemID: universal.NullString(id),
		ParentID:     universal.NullString(k.parent),
		Kind:         universal.KindToolResult,
		Role:         universal.RoleTool,
		Status:       universal.StatusCompleted,
		Content:      universal.Content{&universal.ToolResultPart{CallID: id, Output: r.text, IsError: r.isError}},
	}
	switch {
	case notRun == notRunStopped || r.twin.Interrupted:
		item.Status = universal.StatusCancelled
	case r.isError:
		item.Status = universal.StatusFailed
	}
	if p := c.commandPart(&r); p != nil {
		item.Content = append(item.Content, p)
	}
	file := c.filePart(&r)
	if file != nil {
		item.Content = append(item.Content, file)
	}
	for _, p := range r.images {
		item.Content = append(item.Content, p)
	}
	c.emit(universal.TypeItemCompleted, &universal.ItemData{Item: item})
	c.tellChanges(file)
	if parent == "" && !r.isError {
		c.plan.result(c, k.name, k.input, twin)
	}
	return nil
}

// result is what a call gave.
type result struct {
	call        *call
	input       toolInput
	text        string // what the model got
	isError     bool
	toldSuccess bool // is_error was there and false
	notRun      string
	images      []*universal.ImagePart
	twin        resultTwin
	hasTwin     bool
}

// resultTwin is the structured copy of a result, of the tools that are read.
type resultTwin struct {
	// Bash
	Stdout         *string `json:"stdout"`
	Stderr         string  `json:"stderr"`
	Interrupted    bool    `json:"interrupted"`
	IsImage        bool    `json:"isImage"`
	BackgroundTask string  `json:"backgroundTaskId"`
	Interpretation string  `json:"returnCodeInterpretation"`
	// Write, Edit
	FilePath     string  `json:"filePath"`
	Content      *string `json:"content"`
	OriginalFile *string `json:"originalFile"`
	Patch        []hunk  `json:"structuredPatch"`
	// NotebookEdit
	NotebookPath string  `json:"notebook_path"`
	Before       *string `json:"original_file"`
	After        *string `json:"updated_file"`
}

// readResult joins the texts of a result; of a server's own tools it is data.
func readResult(content *contentBlock) result {
	r := result{}
	if content.IsError != nil {
		r.isError, r.toldSuccess = *content.IsError, !*content.IsError
	}
	blocks, err := decodeBlocks(content.Content)
	if err != nil {
		r.text = string(oneline.JSON(content.Content))
		return r
	}
	var texts []string
	for i, b := range blocks {
		switch b.Type {
		case "text":
			texts = append(texts, b.Text)
		case "image":
			r.images = append(r.images, &universal.ImagePart{Mime: universal.NullString(b.Source.MediaType), Data: b.Source.Data})
		default:
			texts = append(texts, otherBlock(content.Content, i))
		}
	}
	r.text = strings.Join(texts, "\n")
	return r
}

// otherBlock says what a block is that is neither text nor a picture.
func otherBlock(content json.RawMessage, index int) string {
	var blocks []json.RawMessage
	if json.Unmarshal(content, &blocks) != nil || index >= len(blocks) {
		return string(oneline.JSON(content)) // one block without a list
	}
	b := lenient.Object[struct {
		Type   string `json:"type"`
		Tool   string `json:"tool_name"`
		Title  string `json:"title"`
		URL    string `json:"url"`
		Source struct {
			MediaType string `json:"media_type"`
		} `json:"source"`
	}](blocks[index])
	switch b.Type {
	case "tool_reference": // a tool that the model has looked for
		return b.Tool
	case "document": // such as a PDF, with all of its bytes
		return "[" + strings.Join(strings.Fields("document "+b.Source.MediaType+" "+b.Title), " ") + "]"
	case "web_search_result":
		return strings.TrimSpace(b.Title + " " + b.URL)
	}
	return string(oneline.JSON(blocks[index]))
}

// readTwin reads the structured copy, which is an object only on success and
// for tools that have one.
func (r *result) readTwin(raw json.RawMessage) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || raw[0] != '{' {
		return
	}
	var twin resultTwin
	if json.Unmarshal(raw, &twin) == nil {
		r.twin, r.hasTwin = twin, true
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
