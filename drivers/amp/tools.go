package amp

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/diff"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/lenient"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/oneline"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// call is a tool call without a result so far.
type call struct {
	order    int
	parent   string
	name     string
	input    json.RawMessage // compact
	asked    bool            // a permission or an answer
	refused  bool            // by a person or by us, or nobody answered
	reported bool            // a sub-agent's, of which the plugin tells the result
}

// toolInput is what titles and results need of a call's input.
type toolInput struct {
	Command     string `json:"command"`
	Cmd         string `json:"cmd"`
	Workdir     string `json:"workdir"`
	Cwd         string `json:"cwd"`
	Path        string `json:"path"`
	Content     string `json:"content"`
	Pattern     string `json:"pattern"`
	FilePattern string `json:"filePattern"`
	Query       string `json:"query"`
	Objective   string `json:"objective"`
	URL         string `json:"url"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Task        string `json:"task"`
	PatchText   string `json:"patchText"`
	Questions   []struct {
		Question string `json:"question"`
	} `json:"questions"`
}

func (in *toolInput) file() string { return in.Path }

// shell is the command of a shell tool, by either name it has had.
func (in *toolInput) shell() (command, dir string) {
	return cmp.Or(in.Command, in.Cmd), cmp.Or(in.Workdir, in.Cwd)
}

// decodeInput reads an input as far as it is what the tool asks for; models
// also send what isn't.
func decodeInput(input json.RawMessage) toolInput { return lenient.Object[toolInput](input) }

// createFile is the tool that writes a whole file.
const createFile = "create_file"

const mcpPrefix = "mcp__"

// isAsker tells whether a tool is the one that asks the person.
func isAsker(name string) bool { return name == askTool || name == askName }

// toolKind sorts the tools of all generations.
func toolKind(name string) universal.ToolKind {
	switch name {
	case "Bash", "shell_command", "async_shell_command", "shell_command_kill":
		return universal.ToolExecute
	case "Read", "look_at", "read_thread", "find_thread", "read_mcp_resource", "shell_command_status", "skill",
		"reload_skills", "download_thread_file", "download_thread_changes":
		return universal.ToolRead
	case createFile, "edit_file", "apply_patch", "undo_edit":
		return universal.ToolEdit
	case "Grep", "glob", "web_search":
		return universal.ToolSearch
	case "read_web_page":
		return universal.ToolFetch
	case "Task", "oracle", "librarian", "finder":
		return universal.ToolSubagent
	case "todo_write", "todo_read", "task_list":
		return universal.ToolThink
	}
	switch {
	case isAsker(name):
		return universal.ToolQuestion
	case strings.HasPrefix(name, mcpPrefix):
		return universal.ToolMCP
	}
	return universal.ToolOther
}

// toolTitle is one line that a person reads of a call.
func toolTitle(name string, input json.RawMessage) string {
	in := decodeInput(input)
	command, _ := in.shell()
	var title string
	switch toolKind(name) {
	case universal.ToolExecute:
		title = command
	case universal.ToolSubagent:
		title = cmp.Or(in.Description, in.Task, in.Query)
	case universal.ToolMCP:
		title = strings.ReplaceAll(strings.TrimPrefix(name, mcpPrefix), "__", ".")
	case universal.ToolQuestion:
		if len(in.Questions) > 0 {
			title = in.Questions[0].Question
		}
	case universal.ToolSearch: // what for says more than where
		title = cmp.Or(in.Pattern, in.FilePattern, in.Query, in.Objective, in.Path)
	default:
		title = cmp.Or(in.Path, in.URL, in.Pattern, in.FilePattern, in.Query, in.Objective, in.Name, strings.Join(diff.Named(in.PatchText), ", "))
	}
	return oneline.Text(cmp.Or(title, name))
}

func (c *converter) toolCall(b *contentBlock, parent string) error {
	if b.ID == "" {
		return fmt.Errorf("tool call without an id")
	}
	if c.calls[b.ID] != nil {
		return fmt.Errorf("tool call %s is told again", b.ID)
	}
	c.callsN++
	k := &call{order: c.callsN, parent: parent, name: b.Name, input: oneline.JSON(b.Input)}
	c.calls[b.ID] = k
	c.emit(universal.TypeItemCompleted, &universal.ItemData{Item: universal.Item{
		ItemID:       b.ID,
		NativeItemID: universal.NullString(b.ID),
		ParentID:     universal.NullString(parent),
		Kind:         universal.KindToolCall,
		Role:         universal.RoleAssistant,
		Status:       universal.StatusCompleted,
		Content: universal.Content{&universal.ToolCallPart{
			Name: b.Name, Arguments: string(k.input), CallID: b.ID, ToolKind: toolKind(b.Name), Title: toolTitle(b.Name, k.input),
		}},
	}})
	return nil
}

// How the CLI begins the text of a call that has not run.
const (
	cancelledPrefix = "Tool execution cancelled: "
	rejectedPrefix  = "Tool execution rejected by user: "
	pluginPrefix    = "Tool rejected by plugin: " // with is_error false
	refusedPrefix   = "Plugin error: "            // by a rule of the user's with a message, or their own program
)

// result is what a call gave.
type result struct {
	call    *call
	input   toolInput
	text    string // what the model got
	isError bool
	notRun  bool
	body    resultBody
	images  []*universal.ImagePart
}

// resultBody is the structured form of a result; each tool has some of it.
type resultBody struct {
	// Shell tools.
	Output   *string `json:"output"`
	ExitCode *int    `json:"exitCode"`
	Running  bool    `json:"running"`
	// Read.
	AbsolutePath string          `json:"absolutePath"`
	Content      json.RawMessage `json:"content"`
	IsImage      bool            `json:"isImage"`
	ImageInfo    struct {
		MimeType string `json:"mimeType"`
	} `json:"imageInfo"`
	// edit_file.
	Diff string `json:"diff"`
	// apply_patch.
	Summary string        `json:"summary"`
	Files   []patchedFile `json:"files"`
}

// toolResult is the item of a result.
func (c *converter) toolResult(b *contentBlock) error {
	k := c.calls[b.ToolUseID]
	if k == nil {
		return fmt.Errorf("result of the unknown tool call %q", b.ToolUseID)
	}
	delete(c.calls, b.ToolUseID)
	r := readResult(k, b)
	if toolKind(k.name) == universal.ToolSubagent {
		c.endSubagent(b.ToolUseID, &r)
	}
	item := universal.Item{
		ItemID:       b.ToolUseID + ":result",
		NativeItemID: universal.NullString(b.ToolUseID),
		ParentID:     universal.NullString(k.parent),
		Kind:         universal.KindToolResult,
		Role:         universal.RoleTool,
		Status:       universal.StatusCompleted,
		Content:      universal.Content{&universal.ToolResultPart{CallID: b.ToolUseID, Output: r.text, IsError: r.isError}},
	}
	switch {
	case strings.HasPrefix(r.text, cancelledPrefix):
		item.Status = universal.StatusCancelled
	case r.isError:
		item.Status = universal.StatusFailed
	}
	if p := r.command(c.cwd); p != nil {
		item.Content = append(item.Content, p)
	}
	switch toolKind(k.name) {
	case universal.ToolExecute, universal.ToolMCP, universal.ToolSubagent, universal.ToolOther:
		if !r.notRun {
			c.known.doubt()
		}
	}
	changed := false
	for _, f := range c.changes(&r) {
		item.Content = append(item.Content, f.part())
		if f.action != universal.FileRead && diff.Inside(c.cwd, f.path) {
			c.changed.Add(diff.Name(c.cwd, f.path), f.git(c.cwd))
			changed = true
		}
	}
	for _, p := range r.images {
		item.Content = append(item.Content, p)
	}
	c.emit(universal.TypeItemCompleted, &universal.ItemData{Item: item})
	if d := c.changed.Turn(); changed && d != nil {
		c.emit(universal.TypeDiffUpdated, d)
	}
	return nil
}

// readResult reads the one string that a result is: plain text, or the JSON of
// a structured one, of which the model got the text.
func readResult(k *call, b *contentBlock) result {
	r := result{call: k, input: decodeInput(k.input), isError: b.IsError}
	if json.Unmarshal(b.Content, &r.text) != nil {
		r.text = string(oneline.JSON(b.Content))
	}
	switch {
	case strings.HasPrefix(r.text, cancelledPrefix), strings.HasPrefix(r.text, rejectedPrefix),
		strings.HasPrefix(r.text, pluginPrefix):
		r.isError, r.notRun = true, true
		return r
	case k.refused, r.isError && strings.HasPrefix(r.text, refusedPrefix):
		r.isError, r.notRun = true, true
		if list := strings.TrimSpace(r.text); isAsker(k.name) && strings.HasPrefix(list, "[") {
			r.readBlocks([]byte(list)) // nobody answered, as the tool server says it
		}
		return r
	}
	switch text := strings.TrimSpace(r.text); {
	case isAsker(k.name) && strings.HasPrefix(text, `{"output":`), strings.HasPrefix(text, "{"):
		r.readObject([]byte(text))
	case strings.HasPrefix(text, "[") && strings.HasPrefix(k.name, mcpPrefix): // the asker of older builds too
		r.readBlocks([]byte(text))
	}
	return r
}

func (r *result) readObject(object []byte) {
	if json.Unmarshal(object, &r.body) != nil {
		r.body = resultBody{}
		return
	}
	body := &r.body
	kind := toolKind(r.call.name)
	switch {
	case body.Output != nil && (kind == universal.ToolExecute || kind == universal.ToolQuestion || strings.HasPrefix(r.call.name, "tb__")):
		r.text = *body.Output
		r.isError = r.isError || body.ExitCode != nil && *body.ExitCode != 0 && !body.Running
	case r.call.name == "Read" && body.IsImage:
		var data string
		if json.Unmarshal(body.Content, &data) == nil {
			r.images = append(r.images, &universal.ImagePart{Mime: universal.NullString(body.ImageInfo.MimeType), Data: data})
			r.text = ""
		}
	case r.call.name == "Read" && body.AbsolutePath != "":
		var text string
		if json.Unmarshal(body.Content, &text) == nil {
			r.text = text
		}
	case r.call.name == "edit_file" && body.Diff != "":
		r.text = body.Diff
	case r.call.name == "apply_patch" && body.Summary != "":
		r.text = body.Summary
	case r.call.name == "skill":
		r.readBlocks(body.Content)
	}
}

// readBlocks joins the texts of a list of content blocks, as MCP has them.
func (r *result) readBlocks(list []byte) {
	var blocks []struct {
		Type     string `json:"type"`
		Text     string `json:"text"`
		Data     string `json:"data"`
		MimeType string `json:"mimeType"`
	}
	if json.Unmarshal(list, &blocks) != nil || len(blocks) == 0 {
		return
	}
	var texts []string
	var images []*universal.ImagePart
	for _, b := range blocks {
		switch {
		case b.Type == "text":
			texts = append(texts, b.Text)
		case b.Type == "image" && b.Data != "":
			images = append(images, &universal.ImagePart{Mime: universal.NullString(b.MimeType), Data: b.Data})
		default:
			return // the whole says more than a part
		}
	}
	r.text, r.images = strings.Join(texts, "\n"), images
}

// command is the executed command of a result, nil where none was.
func (r *result) command(cwd string) *universal.CommandPart {
	line, dir := r.input.shell()
	if line == "" || r.notRun || toolKind(r.call.name) != universal.ToolExecute {
		return nil
	}
	p := &universal.CommandPart{Command: line, Cwd: cmp.Or(dir, cwd)}
	if r.body.Output == nil {
		return p // it failed before it ran, and the text says why
	}
	p.Output = *r.body.Output
	if !r.body.Running { // else it goes on in the background
		p.ExitCode = r.body.ExitCode
	}
	return p
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }
