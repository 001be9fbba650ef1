package claude

import (
	"encoding/json"
	"slices"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// backgroundTasks are the commands and sub-agents that run on while the agent
// does something else. Work in the foreground is told of by the same lines.
type backgroundTasks struct {
	running map[string]bool // by task id; true for those of the session's turn
	counted bool            // the CLI tells the whole list; 2.1.197 doesn't
	n       int             // what was last told
	changed bool            // the session has not been told of n yet

	// closed are the calls that got their result here; the CLI may tell one of
	// its own when it has stopped what they do.
	closed map[string]bool
}

// maxClosed bounds the calls whose late results are waited for.
const maxClosed = 256

func (b *backgroundTasks) close(call string) {
	if b.closed == nil || len(b.closed) >= maxClosed {
		b.closed = map[string]bool{}
	}
	b.closed[call] = true
}

func (b *backgroundTasks) set(n int) {
	if n != b.n {
		b.n, b.changed = n, true
	}
}

func (b *backgroundTasks) runs(id string) bool {
	_, ok := b.running[id]
	return ok
}

// ofTurn lists the tasks that the session's turn has launched.
func (b *backgroundTasks) ofTurn() []string {
	var ids []string
	for _, id := range sortedKeys(b.running) {
		if b.running[id] {
			ids = append(ids, id)
		}
	}
	return ids
}

// turnEnded makes its tasks those of an earlier turn.
func (b *backgroundTasks) turnEnded() {
	for id := range b.running {
		b.running[id] = false
	}
}

// add and remove keep the count for a CLI that doesn't tell the list.
func (b *backgroundTasks) add(id string, ofTurn bool) bool {
	if id == "" || b.runs(id) {
		return false
	}
	if b.running == nil {
		b.running = map[string]bool{}
	}
	b.running[id] = ofTurn
	if !b.counted {
		b.set(len(b.running))
	}
	return true
}

func (b *backgroundTasks) remove(id string) bool {
	if !b.runs(id) {
		return false
	}
	delete(b.running, id)
	if !b.counted {
		b.set(len(b.running))
	}
	return true
}

func (c *converter) backgroundLine(line []byte) error {
	var l struct {
		Tasks []struct{} `json:"tasks"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	c.tasks.counted = true
	c.tasks.set(len(l.Tasks))
	return nil
}

type taskLine struct {
	TaskID      string `json:"task_id"`
	ToolUseID   string `json:"tool_use_id"`
	Description string `json:"description"`
	Background  bool   `json:"is_backgrounded"`
	Status      string `json:"status"`
	Summary     string `json:"summary"`
	Patch       struct {
		Background bool `json:"is_backgrounded"`
	} `json:"patch"`
}

func (c *converter) taskStartedLine(line []byte) error {
	var l taskLine
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	if l.Background && c.tasks.add(l.TaskID, c.turn.active()) {
		c.status("task:"+l.TaskID+":started", "background task started", l.Description)
	}
	return nil
}

func (c *converter) taskUpdatedLine(line []byte) error {
	var l taskLine
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	if l.Patch.Background && c.tasks.add(l.TaskID, c.turn.active()) {
		c.status("task:"+l.TaskID+":started", "moved to the background", l.Description)
	}
	return nil
}

func (c *converter) taskNotificationLine(line []byte) error {
	var l taskLine
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	c.endSubagent(l.ToolUseID)
	if l.TaskID != "" {
		c.withdrawAll(func(r *request) bool { return r.agentID == l.TaskID })
	}
	if !c.tasks.remove(l.TaskID) {
		return nil // it ran in the foreground: the call's result tells it
	}
	label, status := "background task "+l.Status, universal.StatusCompleted
	switch l.Status {
	case "failed":
		status = universal.StatusFailed
	case "stopped", "killed":
		status = universal.StatusCancelled
	}
	c.completeStatus("task:"+l.TaskID+":ended", label, l.Summary, status)
	return nil
}

// endSubagent forgets a sub-agent. The calls that it leaves unanswered, since
// it was stopped, get a result here: nothing else would end them.
func (c *converter) endSubagent(parent string) {
	if parent == "" {
		return
	}
	if s := c.streams[parent]; s != nil {
		c.closeBlocks(s, universal.StatusCancelled)
		delete(c.streams, parent)
	}
	var open []string
	for id, k := range c.calls {
		if k.parent == parent {
			open = append(open, id)
		}
	}
	slices.SortFunc(open, func(a, b string) int { return c.calls[a].order - c.calls[b].order })
	for _, id := range open {
		k := c.calls[id]
		if k == nil {
			continue // ended with one of those before
		}
		delete(c.calls, id)
		c.tasks.close(id)
		c.endSubagent(id) // a sub-agent of its own
		c.withdrawAll(func(r *request) bool { return r.toolUseID == id })
		content := universal.Content{&universal.ToolResultPart{CallID: id, Output: "the sub-agent ended before the call did", IsError: true}}
		if p := c.commandPart(&result{call: k, input: decodeInput(k.input), notRun: notRunStopped}); p != nil {
			content = append(content, p)
		}
		c.emitOwn(universal.TypeItemCompleted, &universal.ItemData{Item: universal.Item{
			ItemID:       id + ":result",
			NativeItemID: universal.NullString(id),
			ParentID:     universal.NullString(parent),
			Kind:         universal.KindToolResult,
			Role:         universal.RoleTool,
			Status:       universal.StatusCancelled,
			Content:      content,
		}})
	}
}
