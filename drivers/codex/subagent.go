package codex

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Sub-agents come in two generations, by model. In the older one every tool for
// them is an item of its own (collabAgentToolCall); in the newer one there are
// short notices (subAgentActivity), of which the first stands for the call that
// started the sub-agent. What a sub-agent does has its own thread, whose lines
// are told under that call. The call's result is the sub-agent's last message;
// it comes when the sub-agent's first turn ends or, if that is earlier, the
// turn of the agent that started it.

const (
	spawnTool = "spawn_agent"
	// goesOn is the result of a call whose sub-agent outlives the turn.
	goesOn = "The sub-agent goes on in the background."
)

type collabItem struct {
	Tool      string                `json:"tool"`
	Status    string                `json:"status"`
	Receivers []string              `json:"receiverThreadIds"`
	Prompt    string                `json:"prompt"`
	States    map[string]agentState `json:"agentsStates"`
}

type agentState struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

// collabTools are the names by which the model knows the tools.
func collabTool(native string) string {
	switch native {
	case "spawnAgent":
		return spawnTool
	case "sendInput":
		return "send_input"
	case "resumeAgent":
		return "resume_agent"
	case "wait":
		return "wait_agent"
	case "closeAgent":
		return "close_agent"
	}
	return native
}

func (c *converter) collabStarted(it *item, raw json.RawMessage) error {
	var l collabItem
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	if l.Tool != "spawnAgent" || l.Prompt != "" {
		c.callCollab(it, &l)
	}
	return nil
}

func (c *converter) callCollab(it *item, l *collabItem) {
	kind := universal.ToolOther
	if l.Tool == "spawnAgent" {
		kind = universal.ToolSubagent
	}
	c.call(it, kind, collabTool(l.Tool), encode(struct {
		Prompt string   `json:"prompt,omitempty"`
		Agents []string `json:"agents,omitempty"`
	}{l.Prompt, l.Receivers}), cmp.Or(l.Prompt, collabTool(l.Tool)))
}

func (c *converter) collabCompleted(it *item, raw json.RawMessage) error {
	var l collabItem
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	c.callCollab(it, &l)
	if l.Tool == "spawnAgent" && l.Status != "failed" && len(l.Receivers) > 0 {
		c.adopt(it, l.Receivers[0])
		return nil
	}
	var told []string
	for _, id := range sortedKeys(l.States) {
		s := l.States[id]
		told = append(told, strings.TrimSpace(s.Status+": "+s.Message))
	}
	c.completeResult(it, done(l.Status), strings.Join(told, "\n"))
	return nil
}

type activityItem struct {
	Kind   string `json:"kind"` // "started", "interacted", "interrupted" or "completed"
	Thread string `json:"agentThreadId"`
	Path   string `json:"agentPath"`
	Model  string `json:"model"`
	Effort string `json:"reasoningEffort"`
}

// activityStarted does what is to be done at once: begin and end of an activity
// come together.
func (c *converter) activityStarted(it *item, raw json.RawMessage) error {
	var l activityItem
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	switch l.Kind {
	case "started":
		arguments := encode(struct {
			Agent string `json:"agent,omitempty"`
			Model string `json:"model,omitempty"`
		}{l.Path, l.Model})
		if told := c.raws[it.key]; told != nil {
			arguments = told.arguments // with the task
		}
		c.call(it, universal.ToolSubagent, spawnTool, arguments, l.Path)
		c.adopt(it, l.Thread)
	case "interacted", "interrupted":
		name, arguments := "message_agent", encode(struct {
			Agent string `json:"agent"`
		}{l.Path})
		if l.Kind == "interrupted" {
			name = "interrupt_agent"
		}
		if told := c.raws[it.key]; told != nil {
			name, arguments = told.name, told.arguments
		}
		c.call(it, universal.ToolOther, name, arguments, l.Path)
		c.completeResult(it, universal.StatusCompleted, "")
	case "completed":
		if th := c.threads[l.Thread]; th != nil {
			c.settle(th, universal.StatusCompleted, th.said)
		}
	}
	return nil
}

// activityCompleted tells an activity whose begin was not told.
func (c *converter) activityCompleted(it *item, raw json.RawMessage) error {
	if it.called || it.result {
		return nil
	}
	it.result = true
	return c.activityStarted(it, raw)
}

// adopt makes a thread that of a sub-agent.
func (c *converter) adopt(it *item, id string) {
	if id == "" || id == c.root {
		return
	}
	th := c.threadOf(id)
	if th.call == "" {
		th.call, th.native, th.caller, th.working = it.key, it.native, it.thread, true
		c.found.threads = append(c.found.threads, id)
	}
}

// settle tells the result of the call that started a sub-agent, once.
func (c *converter) settle(th *thread, status universal.ItemStatus, output string) {
	if th.call == "" || !th.working {
		return
	}
	th.working = false
	call := &item{key: th.call, native: th.native, thread: th.caller}
	c.completeResult(call, status, output)
}

// detachAgents lets the sub-agents of a turn that ends go on in the background.
func (c *converter) detachAgents(caller *thread) {
	for _, id := range sortedKeys(c.threads) {
		if th := c.threads[id]; th.working && th.caller == caller {
			th.detached = th.turn != ""
			c.settle(th, universal.StatusCompleted, goesOn)
		}
	}
}

// agentEnded notes that a sub-agent's turn is over.
func (c *converter) agentEnded(th *thread, how *nativeTurn) {
	th.turn, th.detached = "", false
	c.countUntold(th)
	for _, k := range sortedKeys(c.items) {
		if it := c.items[k]; it.thread == th {
			c.cutCommand(it)
			delete(c.items, k)
		}
	}
	c.dropRaws(th)
	c.detachAgents(th)
	switch how.Status {
	case "failed":
		why := ""
		if how.Error != nil {
			why = how.Error.sentence()
		}
		c.settle(th, universal.StatusFailed, cmp.Or(why, "The sub-agent failed."))
	case "interrupted":
		c.settle(th, universal.StatusCancelled, cmp.Or(th.said, "The sub-agent was interrupted."))
	default:
		c.settle(th, universal.StatusCompleted, th.said)
	}
}

// background counts the work that goes on without a turn.
func (c *converter) background() int {
	n := c.detached
	for _, th := range c.threads {
		if th.detached {
			n++
		}
	}
	return n
}
