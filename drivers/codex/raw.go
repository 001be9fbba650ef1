package codex

import (
	"cmp"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/diff"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/lenient"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/oneline"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Codex makes no item of some calls: of tools that only change its own state,
// and of all calls that it doesn't carry out, since there is no such tool, the
// arguments are wrong, or the policy says no. The raw items of the model's API
// show them: a call and its output. A call whose id an item has is told by that
// item. Models that write programs call tools from inside a program; then the
// program itself is shown only when nothing that it did was.

// rawCall is a call whose output has not come.
type rawCall struct {
	name      string
	arguments string
	it        *item
	items     int   // of the thread when it came
	hasItem   bool  // an item tells it
	failed    *item // a patch that was not applied, whose result waits for the output
}

// rawItemLine is an item of the model's API.
type rawItemLine struct {
	TurnID string `json:"turnId"`
	Item   struct {
		Type      string          `json:"type"`
		CallID    string          `json:"call_id"`
		Name      string          `json:"name"`
		Namespace string          `json:"namespace"`
		Arguments json.RawMessage `json:"arguments"` // text, or JSON of a search for tools
		Input     string          `json:"input"`
		Output    json.RawMessage `json:"output"` // text, or a list of parts
	} `json:"item"`
}

const programTool = "exec" // runs JavaScript that calls the other tools

func (c *converter) rawItem(th *thread, params []byte) error {
	var l rawItemLine
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	if l.Item.CallID == "" || c.isRoot(th) && !c.isTurn(l.TurnID) {
		return nil // no call, or of a turn that is over
	}
	k := key(l.TurnID, l.Item.CallID)
	switch {
	case strings.HasSuffix(l.Item.Type, "_output"):
		if told := c.raws[k]; told != nil {
			delete(c.raws, k)
			c.rawOutput(told, outputText(l.Item.Output))
		}
	case strings.HasSuffix(l.Item.Type, "_call"):
		c.raws[k] = &rawCall{
			name:      rawName(&l),
			arguments: rawArguments(&l),
			it:        &item{key: k, native: l.Item.CallID, thread: th, turn: l.TurnID},
			items:     th.items,
			hasItem:   c.items[k] != nil,
		}
	}
	return nil
}

// rawName is how the model calls a tool.
func rawName(l *rawItemLine) string {
	name := cmp.Or(l.Item.Name, strings.TrimSuffix(l.Item.Type, "_call"))
	switch l.Item.Namespace {
	case "", "functions":
		return name
	}
	return l.Item.Namespace + "." + name
}

// rawArguments are JSON that the model wrote as text, or any text.
func rawArguments(l *rawItemLine) string {
	if l.Item.Input != "" {
		return l.Item.Input
	}
	var text string
	if json.Unmarshal(l.Item.Arguments, &text) == nil {
		return text
	}
	return string(oneline.JSON(l.Item.Arguments))
}

// outputText is the text that the model got.
func outputText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var parts []struct {
		Text string `json:"text"`
	}
	if json.Unmarshal(raw, &parts) != nil {
		return string(oneline.JSON(raw))
	}
	var texts []string
	for _, p := range parts {
		if p.Text != "" {
			texts = append(texts, p.Text)
		}
	}
	return strings.Join(texts, "\n")
}

// rawHasItem notes that a call is told by its item.
func (c *converter) rawHasItem(it *item) {
	if !it.counted {
		it.counted = true
		it.thread.items++
	}
	if told := c.raws[it.key]; told != nil {
		told.hasItem = true
	}
}

// callRaw tells a call that leaves no item, before its output.
func (c *converter) callRaw(told *rawCall) {
	c.call(told.it, rawKind(told.name), told.name, told.arguments, rawTitle(told))
}

// rawTitle is one line that a person reads of a call; "" is the tool's name.
func rawTitle(told *rawCall) string {
	switch told.name {
	case commandTool:
		return rawCommand(told)
	case patchTool:
		return strings.Join(diff.Named(told.arguments), ", ")
	case questionTool:
		in := lenient.Object[struct {
			Questions []struct {
				Question string `json:"question"`
			} `json:"questions"`
		}]([]byte(told.arguments))
		if len(in.Questions) > 0 {
			return in.Questions[0].Question
		}
	}
	return ""
}

func (c *converter) rawOutput(told *rawCall, output string) {
	if told.failed != nil {
		c.patchFailed(told.failed, output)
		return
	}
	if told.hasItem || told.name == programTool && told.it.thread.items > told.items {
		return
	}
	c.callRaw(told)
	status := universal.StatusCompleted
	if rawFailed(told.name, output) {
		status = universal.StatusFailed
	}
	var parts []universal.Part
	if part := ranCommand(told, output); part != nil {
		parts = append(parts, part)
	}
	c.completeResult(told.it, status, output, parts...)
}

// dropRaws lets go of the calls of a turn that is over, whose output will not
// come.
func (c *converter) dropRaws(th *thread) {
	for _, k := range sortedKeys(c.raws) {
		told := c.raws[k]
		if told.it.thread != th {
			continue
		}
		delete(c.raws, k)
		if told.failed != nil {
			c.patchFailed(told.failed, "")
		}
	}
}

// rawKind sorts the tools that leave no item, or none when they fail.
func rawKind(name string) universal.ToolKind {
	switch name {
	case commandTool, "write_stdin", "shell", "shell_command", programTool:
		return universal.ToolExecute
	case patchTool:
		return universal.ToolEdit
	case "view_image":
		return universal.ToolRead
	case "tool_search", "web_search":
		return universal.ToolSearch
	case "update_plan":
		return universal.ToolThink
	case questionTool:
		return universal.ToolQuestion
	}
	if strings.HasPrefix(name, "mcp__") {
		return universal.ToolMCP
	}
	return universal.ToolOther
}

// rawFailed tells whether a call went wrong, which the API has no field for:
// tools that leave an item when they run did not run.
func rawFailed(name, output string) bool {
	switch rawKind(name) {
	case universal.ToolEdit, universal.ToolRead, universal.ToolMCP:
		return true
	case universal.ToolExecute:
		if name == commandTool {
			return true
		}
	}
	for _, mark := range []string{"unsupported call", "failed to parse", "unknown tool", "Script failed", "Script error"} {
		if strings.Contains(output[:min(len(output), 200)], mark) {
			return true
		}
	}
	return false
}

// rawCommand is the command of a call, if it is one of a command.
func rawCommand(told *rawCall) string {
	var in struct {
		Cmd string `json:"cmd"`
	}
	if told.name != commandTool || json.Unmarshal([]byte(told.arguments), &in) != nil {
		return ""
	}
	return in.Cmd
}

// ranForm is what the output of a command begins with.
var ranForm = regexp.MustCompile(`(?s)^(?:Chunk ID: .*?\n)?Wall time: .*?\nProcess exited with code (-?\d+)\n.*?Output:\n(.*)$`)

// ranCommand is the command of a call that was carried out and left no item all
// the same: the sandbox ended it at once.
func ranCommand(told *rawCall, output string) *universal.CommandPart {
	command := rawCommand(told)
	found := ranForm.FindStringSubmatch(output)
	if command == "" || found == nil {
		return nil
	}
	code, err := strconv.Atoi(found[1])
	if err != nil {
		return nil
	}
	return &universal.CommandPart{Command: command, ExitCode: &code, Output: found[2]}
}
