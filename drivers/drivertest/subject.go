package drivertest

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Subject is a driver under test.
type Subject struct {
	// New makes a driver whose agent can be started. It is called once for
	// each case and cleans up after itself with t.Cleanup.
	New func(t testing.TB) drivers.Driver
	// Config makes a valid configuration with a session id of its own.
	Config func(t testing.TB) drivers.Config
	// Prompts make the agent show what it can do.
	Prompts Prompts
	// Heard tells whether a text reached the agent's model, where the events
	// do not show it. When nil, the events after it must quote the text.
	Heard func(t testing.TB, text string) bool
	// Grease makes the agent send a message that no version of it knows, in
	// the way it sends all others; nil for an agent without a protocol.
	Grease func(t testing.TB, s drivers.Session) error
	// Lasting says which goroutines are meant to outlive a session, such as
	// those of a supervisor that the whole process shares.
	Lasting []goleak.Option
	// Timeout bounds each wait; 0 means DefaultTimeout.
	Timeout time.Duration
}

// Prompts are messages for the agent. One that belongs to a capability flag
// is needed when the flag is true, and is not sent when it is false.
type Prompts struct {
	// Text is answered by a message, and needs nothing else.
	Text string
	// Permission makes the agent ask for one permission, by a tool call, and
	// end its turn after the answer.
	Permission string
	// Question makes the agent ask once, and end its turn after the answer.
	Question string
	// Wait begins a turn that does not end by itself for a long time.
	Wait string
	// Crash makes the agent die in the middle of the turn.
	Crash string
	// Recall is answered with a text that contains what Recalled returns, if
	// the agent remembers the messages before: earlier ones in number, all of
	// them Text.
	Recall   string
	Recalled func(earlier int) string
	// Context is answered with a text that contains the system prompt, unless
	// Subject.Heard looks for it, and SystemPrompt is the one that the session
	// is started with.
	Context, SystemPrompt string
	// Attachments is sent with a file by value called AttachmentName, which
	// the answer mentions, unless Subject.Heard looks for it.
	Attachments, AttachmentName string

	// Steerable begins a turn that ends after the agent has heard SteerText,
	// which is sent as soon as the turn says anything.
	Steerable, SteerText string

	// These show what their flags claim, in a turn that ends by itself; each
	// answer that they need is given by the suite, which allows everything.
	Tool, Command, FileChange, MCP, Reasoning, Status, Error         string
	Usage, Cost, Plan, Subagent, Background, Compaction, Diff, Quota string
}

// claim ties a capability flag to how events show it.
type claim struct {
	name   string
	flag   func(drivers.Capabilities) bool
	prompt func(Prompts) string
	shows  func(*universal.Event) bool
	vague  bool // other things show the same event
	runs   bool // it takes a tool that gives a result
}

// claims lists the flags that are visible in events.
func claims() []claim {
	type can = drivers.Capabilities
	return []claim{
		{"textMessages", func(c can) bool { return c.TextMessages }, func(p Prompts) string { return p.Text }, func(ev *universal.Event) bool {
			it := itemOf(ev)
			return it != nil && it.Kind == universal.KindMessage && it.Role == universal.RoleAssistant && hasPart[*universal.TextPart](ev)
		}, false, false},
		{"streamingDeltas", func(c can) bool { return c.StreamingDeltas }, func(p Prompts) string { return p.Text }, isType(universal.TypeItemDelta), false, false},
		{"itemStarted", func(c can) bool { return c.ItemStarted }, func(p Prompts) string { return p.Text }, isType(universal.TypeItemStarted), false, false},
		{"toolCalls", func(c can) bool { return c.ToolCalls }, func(p Prompts) string { return p.Tool }, hasPart[*universal.ToolCallPart], false, false},
		{"toolResults", func(c can) bool { return c.ToolResults }, func(p Prompts) string { return p.Tool }, hasPart[*universal.ToolResultPart], false, false},
		{"permissions", func(c can) bool { return c.Permissions }, func(p Prompts) string { return p.Permission }, isType(universal.TypePermissionRequested), false, false},
		{"questions", func(c can) bool { return c.Questions }, func(p Prompts) string { return p.Question }, isType(universal.TypeQuestionRequested), false, false},
		{"commandExecution", func(c can) bool { return c.CommandExecution }, func(p Prompts) string { return p.Command }, hasPart[*universal.CommandPart], false, true},
		{"fileChanges", func(c can) bool { return c.FileChanges }, func(p Prompts) string { return p.FileChange }, changesFile, false, true},
		{"mcpTools", func(c can) bool { return c.MCPTools }, func(p Prompts) string { return p.MCP }, callsTool(universal.ToolMCP), false, true},
		{"reasoning", func(c can) bool { return c.Reasoning }, func(p Prompts) string { return p.Reasoning }, hasPart[*universal.ReasoningPart], false, false},
		{"status", func(c can) bool { return c.Status }, func(p Prompts) string { return p.Status }, hasPart[*universal.StatusPart], false, false},
		{"errorEvents", func(c can) bool { return c.ErrorEvents }, func(p Prompts) string { return p.Error }, isType(universal.TypeError), false, false},
		{"usage", func(c can) bool { return c.Usage }, func(p Prompts) string { return p.Usage }, func(ev *universal.Event) bool {
			u := usageOf(ev)
			return u != nil && u.TotalTokens != nil && u.InputTokens != nil && u.OutputTokens != nil && *u.TotalTokens == *u.InputTokens+*u.OutputTokens
		}, false, false},
		{"cost", func(c can) bool { return c.Cost }, func(p Prompts) string { return p.Cost }, func(ev *universal.Event) bool {
			u := usageOf(ev)
			return u != nil && u.CostUSD != nil
		}, false, false},
		{"plan", func(c can) bool { return c.Plan }, func(p Prompts) string { return p.Plan }, isType(universal.TypePlanUpdated), false, false},
		{"subagents", func(c can) bool { return c.Subagents }, func(p Prompts) string { return p.Subagent }, func(ev *universal.Event) bool {
			it := itemOf(ev)
			return it != nil && it.ParentID != ""
		}, false, false},
		{"slashCommands", func(c can) bool { return c.SlashCommands }, func(p Prompts) string { return p.Text }, func(ev *universal.Event) bool {
			d, ok := ev.Data.(*universal.SessionUpdatedData)
			return ok && len(d.Commands) > 0
		}, false, false},
		{"compaction", func(c can) bool { return c.Compaction }, func(p Prompts) string { return p.Compaction }, hasPart[*universal.StatusPart], true, false},
		{"sessionDiff", func(c can) bool { return c.SessionDiff }, func(p Prompts) string { return p.Diff }, isType(universal.TypeDiffUpdated), false, false},
		{"quota", func(c can) bool { return c.Quota }, func(p Prompts) string { return p.Quota }, isType(universal.TypeQuotaUpdated), false, false},
	}
}

func isType(want universal.EventType) func(*universal.Event) bool {
	return func(ev *universal.Event) bool { return ev.Type == want }
}

// itemOf is the item of an event, nil if it is about something else.
func itemOf(ev *universal.Event) *universal.Item {
	if d, ok := ev.Data.(*universal.ItemData); ok {
		return &d.Item
	}
	return nil
}

func hasPart[P universal.Part](ev *universal.Event) bool {
	it := itemOf(ev)
	if it == nil {
		return false
	}
	for _, part := range it.Content {
		if _, ok := part.(P); ok {
			return true
		}
	}
	return false
}

func changesFile(ev *universal.Event) bool {
	it := itemOf(ev)
	if it == nil {
		return false
	}
	for _, part := range it.Content {
		if ref, ok := part.(*universal.FileRefPart); ok && ref.Action != universal.FileRead {
			return true
		}
	}
	return false
}

func callsTool(kind universal.ToolKind) func(*universal.Event) bool {
	return func(ev *universal.Event) bool {
		it := itemOf(ev)
		if it == nil {
			return false
		}
		for _, part := range it.Content {
			if call, ok := part.(*universal.ToolCallPart); ok && call.ToolKind == kind {
				return true
			}
		}
		return false
	}
}

func usageOf(ev *universal.Event) *universal.Usage {
	switch d := ev.Data.(type) {
	case *universal.TurnEndedData:
		return d.Usage
	case *universal.UsageData:
		return &d.Usage
	}
	return nil
}
