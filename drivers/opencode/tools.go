package opencode

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/diff"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/lenient"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/oneline"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// nativeState is the state of a tool call.
type nativeState struct {
	Status   string          `json:"status"` // "pending", "running", "completed" or "error"
	Input    json.RawMessage `json:"input"`
	Output   string          `json:"output"`
	Error    string          `json:"error"`
	Title    string          `json:"title"`
	Metadata nativeMetadata  `json:"metadata"`
	Time     struct {
		Start float64 `json:"start"` // ms since 1970
		End   float64 `json:"end"`
	} `json:"time"`
	Attachments []struct {
		Mime string `json:"mime"`
		URL  string `json:"url"`
	} `json:"attachments"`
}

// nativeMetadata is what the tools that are read tell beside their output.
type nativeMetadata struct {
	// bash
	Output *string `json:"output"` // all of it so far
	Exit   *int    `json:"exit"`
	// task
	SessionID string `json:"sessionId"`
	// write
	Exists *bool `json:"exists"`
	// edit
	FileDiff *struct {
		Patch string `json:"patch"`
	} `json:"filediff"`
	// apply_patch
	Files []struct {
		Path     string `json:"filePath"`
		MovePath string `json:"movePath"`
		Type     string `json:"type"` // "add", "update", "delete" or "move"
		Patch    string `json:"patch"`
	} `json:"files"`
	// Of a call that was ended by an interrupt.
	Interrupted bool `json:"interrupted"`
}

// UnmarshalJSON takes what fits: tools of servers tell what they like.
func (m *nativeMetadata) UnmarshalJSON(b []byte) error {
	type plain nativeMetadata
	var whole plain
	if json.Unmarshal(b, &whole) == nil {
		*m = nativeMetadata(whole)
		return nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(b, &fields) != nil {
		return nil // it is no object
	}
	for name, value := range fields {
		one, err := json.Marshal(map[string]json.RawMessage{name: value})
		if err == nil {
			_ = json.Unmarshal(one, (*plain)(m)) // a field that doesn't fit stays unset
		}
	}
	return nil
}

// toolState is what is kept of a call.
type toolState struct {
	name  string
	input json.RawMessage // compact
	diff  string          // what a permission was asked for
}

// toolInput is what titles and results need of a call's input.
type toolInput struct {
	Command     string `json:"command"`
	Workdir     string `json:"workdir"`
	FilePath    string `json:"filePath"`
	Path        string `json:"path"`
	Pattern     string `json:"pattern"`
	Query       string `json:"query"`
	URL         string `json:"url"`
	Description string `json:"description"`
	Name        string `json:"name"`
	Content     string `json:"content"`
	PatchText   string `json:"patchText"`
	Tool        string `json:"tool"`  // of a call that is invalid: what was meant
	Error       string `json:"error"` // and why it isn't valid
	Questions   []struct {
		Question string `json:"question"`
	} `json:"questions"`
}

// decodeInput reads an input as far as it is what the tool asks for; models
// also send what isn't.
func decodeInput(input json.RawMessage) toolInput { return lenient.Object[toolInput](input) }

const (
	toolBash    = "bash"
	toolInvalid = "invalid"
	toolTask    = "task"
	toolWrite   = "write"
	toolEdit    = "edit"
	toolPatch   = "apply_patch"
	toolRead    = "read"
)

// toolKind sorts the tools.
func (c *converter) toolKind(name string) universal.ToolKind {
	switch name {
	case toolBash:
		return universal.ToolExecute
	case toolRead, "list":
		return universal.ToolRead
	case toolWrite, toolEdit, "multiedit", "patch", toolPatch:
		return universal.ToolEdit
	case "glob", "grep", "websearch", "codesearch", "lsp":
		return universal.ToolSearch
	case "webfetch":
		return universal.ToolFetch
	case toolTask:
		return universal.ToolSubagent
	case "question":
		return universal.ToolQuestion
	case "todowrite", "todoread", "plan_enter", "plan_exit":
		return universal.ToolThink
	}
	if server, _ := c.mcpTool(name); server != "" {
		return universal.ToolMCP
	}
	return universal.ToolOther
}

// mcpTool takes the name of a tool server's tool apart; "" for another.
func (c *converter) mcpTool(name string) (server, tool string) {
	for _, prefix := range c.mcp {
		if tool, ok := strings.CutPrefix(name, prefix); ok {
			return strings.TrimSuffix(prefix, "_"), tool
		}
	}
	return "", ""
}

// toolTitle is one line that a person reads of a call.
func (c *converter) toolTitle(name string, input json.RawMessage) string {
	in := decodeInput(input)
	title := ""
	switch name {
	case toolBash:
		title = in.Command
	case toolTask:
		title = in.Description
	case "skill":
		title = in.Name
	case toolPatch:
		title = strings.Join(diff.Named(in.PatchText), ", ")
	case "question":
		if len(in.Questions) > 0 {
			title = in.Questions[0].Question
		}
	default:
		for _, candidate := range []string{in.FilePath, in.URL, in.Pattern, in.Query, in.Path} {
			if candidate != "" {
				title = candidate
				break
			}
		}
	}
	if server, tool := c.mcpTool(name); server != "" {
		title = server + "." + tool
	}
	return oneline.Text(cmp.Or(title, name))
}

func callKey(message, call string) string { return message + "\x00" + call }

// noteTool takes a call: it begins without its input, then it runs with it, and
// in the end it has its result.
func (c *converter) noteTool(n *nativePart) error {
	k := c.part(n, partTool)
	if k.closed {
		return nil
	}
	c.calls[callKey(n.MessageID, n.CallID)] = k
	if k.tool.name == "" {
		k.tool.name = n.Tool
	}
	if !k.opened {
		k.opened = true
		c.emit(universal.TypeItemStarted, &universal.ItemData{Item: c.callItem(k, "", "", universal.StatusInProgress)})
	}
	switch n.State.Status {
	case "pending":
	case "running":
		c.noteInput(k, n)
		c.noteRunning(k, n)
	case "completed", "error":
		c.noteInput(k, n)
		c.completeTool(k, n)
	default:
		return fmt.Errorf("unknown state of a tool call %q", n.State.Status)
	}
	return nil
}

// noteInput completes the call once its input is there.
func (c *converter) noteInput(k *part, n *nativePart) {
	if k.called {
		return
	}
	k.called = true
	c.turn.ran = true
	k.tool.input = oneline.JSON(n.State.Input)
	title := c.toolTitle(k.tool.name, k.tool.input)
	c.complete(c.callItem(k, string(k.tool.input), title, universal.StatusCompleted))
	asks := k.asks
	k.asks = nil
	for _, properties := range asks {
		if err := c.permissionAsked(head{session: k.session, properties: properties}); err != nil {
			c.unparsed("permission.asked", err)
		}
	}
}

func (c *converter) callItem(k *part, arguments, title string, status universal.ItemStatus) universal.Item {
	return universal.Item{
		ItemID:       k.id,
		NativeItemID: universal.NullString(k.id),
		ParentID:     universal.NullString(c.agent(k.session).parent),
		Kind:         universal.KindToolCall,
		Role:         universal.RoleAssistant,
		Status:       status,
		Content: universal.Content{&universal.ToolCallPart{
			Name: k.tool.name, Arguments: arguments, CallID: k.id, ToolKind: c.toolKind(k.tool.name), Title: title,
		}},
	}
}

// noteRunning links a sub-agent with its call, and streams what a command
// prints.
func (c *converter) noteRunning(k *part, n *nativePart) {
	c.noteSubagent(k, n)
	output := n.State.Metadata.Output
	if n.Tool != toolBash || output == nil {
		return
	}
	before := ""
	if k.printed != nil {
		before = *k.printed
	}
	more := printed(before, *output)
	k.printed = output
	if more == "" {
		return
	}
	if !k.running {
		k.running = true
		c.emit(universal.TypeItemStarted, &universal.ItemData{Item: c.resultItem(k, "", universal.StatusInProgress, false)})
	}
	c.emit(universal.TypeItemDelta, &universal.ItemDeltaData{
		ItemID: resultKey(k), NativeItemID: universal.NullString(k.id), Delta: more,
	})
}

func (c *converter) noteSubagent(k *part, n *nativePart) {
	child := n.State.Metadata.SessionID
	if n.Tool != toolTask || child == "" || child == c.root {
		return
	}
	if c.agents[child] == nil {
		c.claims = append(c.claims, child)
	}
	c.agent(child).parent = k.id
}

func resultKey(k *part) string { return k.id + ":result" }

func (c *converter) resultItem(k *part, output string, status universal.ItemStatus, isError bool) universal.Item {
	return universal.Item{
		ItemID:       resultKey(k),
		NativeItemID: universal.NullString(k.id),
		ParentID:     universal.NullString(c.agent(k.session).parent),
		Kind:         universal.KindToolResult,
		Role:         universal.RoleTool,
		Status:       status,
		Content:      universal.Content{&universal.ToolResultPart{CallID: k.id, Output: output, IsError: isError}},
	}
}

// completeTool is the result of a call.
func (c *converter) completeTool(k *part, n *nativePart) {
	k.closed, k.printed = true, nil
	c.noteSubagent(k, n)
	st := &n.State
	output, failed := st.Output, st.Status == "error"
	if failed {
		output = st.Error
	}
	status := universal.StatusCompleted
	switch {
	case n.Tool == toolInvalid:
		// The model named a tool that there isn't, or sent no JSON.
		failed, status = true, universal.StatusFailed
	case st.Metadata.Interrupted, failed && c.turn.interrupted:
		status = universal.StatusCancelled
	case failed:
		status = universal.StatusFailed
	}
	if n.Tool == toolTask {
		c.closeSubagent(k, status)
	}
	command := c.commandPart(k, st)
	if command != nil && (command.ExitCode == nil || *command.ExitCode != 0) {
		// OpenCode calls it completed, whatever it exited with.
		failed = true
		switch {
		case command.ExitCode == nil && c.turn.interrupted:
			status = universal.StatusCancelled
		case status == universal.StatusCompleted: // where it has no code, its time was up
			status = universal.StatusFailed
		}
	}
	item := c.resultItem(k, output, status, failed)
	if command != nil {
		item.Content = append(item.Content, command)
	}
	if !failed {
		for _, p := range c.fileParts(k, st) {
			item.Content = append(item.Content, p)
		}
	}
	for _, a := range st.Attachments {
		if p := imagePart(a.Mime, a.URL); p != nil {
			item.Content = append(item.Content, p)
		}
	}
	c.complete(item)
}

// closeSubagent closes what a sub-agent has left open when its call returns.
func (c *converter) closeSubagent(call *part, status universal.ItemStatus) {
	for _, id := range c.partsOf(func(k *part) bool { return c.agent(k.session).parent == call.id }) {
		c.closePart(c.parts[id], status)
	}
	c.withdrawAll(func(r *request) bool { return c.agent(r.session).parent == call.id })
}

// closeTool ends a call that got no result. Of a command it tells what was
// printed so far.
func (c *converter) closeTool(k *part, status universal.ItemStatus) {
	command := c.commandPart(k, &nativeState{Metadata: nativeMetadata{Output: k.printed}})
	k.closed, k.printed = true, nil
	if !k.called {
		c.complete(c.callItem(k, "{}", k.tool.name, status))
	}
	if status == universal.StatusCompleted {
		status = universal.StatusCancelled
	}
	item := c.resultItem(k, "the turn ended before the call did", status, true)
	if command != nil {
		item.Content = append(item.Content, command)
	}
	c.emitOwn(universal.TypeItemCompleted, &universal.ItemData{Item: item})
}

// commandPart is the executed command of a result, nil where none was.
func (c *converter) commandPart(k *part, st *nativeState) *universal.CommandPart {
	in := decodeInput(k.tool.input)
	if k.tool.name != toolBash || in.Command == "" || st.Metadata.Output == nil {
		return nil
	}
	p := &universal.CommandPart{Command: in.Command, Cwd: cmp.Or(in.Workdir, c.directory), Output: *st.Metadata.Output, ExitCode: st.Metadata.Exit}
	if ms := int64(st.Time.End - st.Time.Start); st.Time.Start > 0 && ms >= 0 {
		p.DurationMS = &ms
	}
	return p
}

// imagePart is a picture that a tool gave, nil for what is none.
func imagePart(mime, url string) *universal.ImagePart {
	head, data, ok := strings.Cut(url, ";base64,")
	if !ok || !strings.HasPrefix(head, "data:") || !strings.HasPrefix(mime, "image/") {
		return nil
	}
	return &universal.ImagePart{Mime: universal.NullString(mime), Data: data}
}
