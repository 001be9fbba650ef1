package amp

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// The CLI prints the call that starts a sub-agent and its last word. What it does
// between on this machine, the plugin of native builds is asked for as for any
// call: a call that nobody has printed is a sub-agent's. Which one's, isn't told;
// so it is shown as long as one works alone.

// subagentCall tells of a call that a sub-agent makes.
func (c *converter) subagentCall(r *request) {
	parent := c.loneSubagent()
	if c.gen != native || parent == "" || r.ToolUseID == "" || c.calls[r.ToolUseID] != nil {
		return
	}
	// It can't fail: the id is there and new.
	_ = c.toolCall(&contentBlock{ID: r.ToolUseID, Name: r.Tool, Input: r.Input}, parent)
	c.calls[r.ToolUseID].reported = true
}

// loneSubagent is the call of the only sub-agent that works, "" if there is
// none or there are several.
func (c *converter) loneSubagent() string {
	found := ""
	for id, k := range c.calls {
		switch {
		case k.parent != "" || toolKind(k.name) != universal.ToolSubagent:
		case found != "":
			return ""
		default:
			found = id
		}
	}
	return found
}

// reported takes the result of a sub-agent's call.
func (c *converter) reported(r *request) error {
	k := c.calls[r.ToolUseID]
	if k == nil || !k.reported {
		return errors.New("result of a call that was not told")
	}
	b := contentBlock{ToolUseID: r.ToolUseID, Content: r.Output}
	text := ""
	switch r.Status {
	case "done":
	case "error":
		text, b.IsError = cmp.Or(r.Error, "the tool failed"), true
	case "cancelled":
		text, b.IsError = cancelledPrefix+r.Error, true
	default:
		return fmt.Errorf("unknown status %q of a result", r.Status)
	}
	if text != "" || len(b.Content) == 0 {
		encoded, err := json.Marshal(text)
		if err != nil {
			return err
		}
		b.Content = encoded
	}
	return c.toolResult(&b)
}

// endSubagent ends the work of a sub-agent. The result of its call is its last
// word; calls that it leaves without a result get one here, since nothing else
// would end them.
func (c *converter) endSubagent(parent string, r *result) {
	var open []string
	for id, k := range c.calls {
		if k.parent == parent {
			open = append(open, id)
		}
	}
	slices.SortFunc(open, func(a, b string) int { return c.calls[a].order - c.calls[b].order })
	for _, id := range open {
		delete(c.calls, id)
		c.emitOwn(universal.TypeItemCompleted, &universal.ItemData{Item: universal.Item{
			ItemID:       id + ":result",
			NativeItemID: universal.NullString(id),
			ParentID:     universal.NullString(parent),
			Kind:         universal.KindToolResult,
			Role:         universal.RoleTool,
			Status:       universal.StatusCancelled,
			Content:      universal.Content{&universal.ToolResultPart{CallID: id, Output: "the sub-agent ended before the call did", IsError: true}},
		}})
	}
	if r.isError || r.text == "" {
		return
	}
	c.emit(universal.TypeItemCompleted, &universal.ItemData{Item: universal.Item{
		ItemID:   c.newKey(),
		ParentID: universal.NullString(parent),
		Kind:     universal.KindMessage,
		Role:     universal.RoleAssistant,
		Status:   universal.StatusCompleted,
		Content:  universal.Content{&universal.TextPart{Text: r.text}},
	}})
}
