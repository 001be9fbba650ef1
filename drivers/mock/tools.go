package mock

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// These commands use tools.

// tool is a call that fails, with every sort of file reference.
func (t *turn) tool() {
	call := t.key("call")
	t.call("tool_call", universal.ToolCallPart{Name: "mock.search", Arguments: `{"query":"example"}`, CallID: call, ToolKind: universal.ToolSearch, Title: "example"})
	t.result("tool_result", universal.ToolResultPart{CallID: call, Output: "mock search results", IsError: true},
		&universal.FileRefPart{Path: t.prefix + "/readme.md", Action: universal.FileRead},
		&universal.FileRefPart{Path: t.prefix + "/output.txt", Action: universal.FileWrite, Diff: "+mock output\n"},
		&universal.FileRefPart{Path: t.prefix + "/patch.txt", Action: universal.FilePatch, Diff: "@@ -1,1 +1,1 @@\n-old\n+new\n"},
	)
}

// gate asks for permission before it runs a command.
func (t *turn) gate() {
	command := t.rest
	if command == "" {
		command = "ls"
	}
	t.runGated("gate", command)
}

// runGated tells a shell command that needs a permission, and what became of
// it. Each part of a compound command is a rule of its own, so that allowing
// one for good does not allow the others.
func (s *script) runGated(name, command string) {
	var rules []string
	for part := range strings.SplitSeq(command, "&&") {
		rules = append(rules, "Bash("+strings.TrimSpace(part)+")")
	}
	s.gated(gatedAction{
		name: name, tool: "Bash", kind: universal.ToolExecute, title: command, rules: rules,
		arguments: map[string]string{"command": command},
		output:    "mock output of " + command,
		effect: func() universal.Part {
			code, ms := 0, int64(1)
			return &universal.CommandPart{Command: command, Cwd: s.session.cfg.Directory, ExitCode: &code, Output: "mock output of " + command, DurationMS: &ms}
		},
	})
}

// edit asks for permission before it changes a file.
func (t *turn) edit() {
	path := t.rest
	if path == "" {
		path = "notes.txt"
	}
	t.gated(gatedAction{
		name: "edit", tool: "Edit", kind: universal.ToolEdit, title: path, rules: []string{"Edit(" + path + ")"},
		arguments: map[string]string{"path": path, "old": "old", "new": "new"},
		output:    "edited " + path,
		effect: func() universal.Part {
			return &universal.FileRefPart{Path: path, Action: universal.FilePatch, Diff: universal.NullString(sampleDiff(path))}
		},
	})
}

// sampleDiff is the unified diff of a file whose only line changes.
func sampleDiff(path string) string {
	return fmt.Sprintf("--- a/%s\n+++ b/%s\n@@ -1 +1 @@\n-old\n+new\n", path, path)
}

// gatedAction is a tool call that waits for a permission.
type gatedAction struct {
	name, tool, title, output string
	kind                      universal.ToolKind
	rules                     []string
	arguments                 map[string]string
	effect                    func() universal.Part // what its result shows when it was allowed
}

func (s *script) gated(a gatedAction) {
	callID := s.key(a.name)
	arguments, err := json.Marshal(a.arguments)
	if err != nil {
		panic(err) // strings always encode
	}
	call := s.call(a.name+"_call", universal.ToolCallPart{Name: a.tool, Arguments: string(arguments), CallID: callID, ToolKind: a.kind, Title: a.title})
	refuse := func(why string) {
		s.result(a.name+"_result", universal.ToolResultPart{CallID: callID, Output: why, IsError: true})
		s.say(a.name+"_refused", "I was not allowed to use "+a.tool+": "+why)
	}
	if set := s.session.current(); set.AgentMode == drivers.ModePlan || set.PermissionMode == drivers.PermissionPlan {
		refuse("nothing may be changed in plan mode")
		return
	}
	asked := s.ask(&request{permission: &universal.PermissionData{
		PermissionID: s.key(a.name + "_permission"),
		Action:       a.tool,
		Status:       universal.PermissionRequested,
		Metadata:     a.arguments,
		Title:        a.tool + ": " + a.title,
		ItemID:       call.ItemID,
		ToolKind:     a.kind,
		Options:      options(a.rules...),
	}})
	if !s.await(asked) {
		return
	}
	if asked.decision.Decision == drivers.Reject {
		refuse(asked.decision.Message)
		return
	}
	s.result(a.name+"_result", universal.ToolResultPart{CallID: callID, Output: a.output}, a.effect())
	s.say(a.name+"_done", "I used "+a.tool+": "+a.title)
}

// diff changes two files and sums the changes up.
func (t *turn) diff() {
	call := t.key("diff")
	changed, made := sampleDiff("main.go"), "--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1 @@\n+new\n"
	t.call("diff_call", universal.ToolCallPart{Name: "Patch", Arguments: `{"files":["main.go","new.txt"]}`, CallID: call, ToolKind: universal.ToolEdit, Title: "main.go, new.txt"})
	t.result("diff_result", universal.ToolResultPart{CallID: call, Output: "2 files changed"},
		&universal.FileRefPart{Path: "main.go", Action: universal.FilePatch, Diff: universal.NullString(changed)},
		&universal.FileRefPart{Path: "new.txt", Action: universal.FileWrite, Diff: universal.NullString(made)},
	)
	t.emit(agentEvent(universal.TypeDiffUpdated, &universal.DiffData{
		Scope: universal.DiffTurn, Diff: changed + made,
		Files: []universal.DiffFile{
			{Path: "main.go", Action: universal.FilePatch, Additions: 1, Deletions: 1},
			{Path: "new.txt", Action: universal.FileWrite, Additions: 1},
		},
	}))
}

// mcp calls a tool of the first MCP server that the session was given.
func (t *turn) mcp() {
	server := "mock"
	if names := t.session.mcpServers(); len(names) > 0 {
		server = names[0]
	}
	call := t.key("mcp")
	t.call("mcp_call", universal.ToolCallPart{Name: server + ".ping", Arguments: `{}`, CallID: call, ToolKind: universal.ToolMCP, Title: server + ": ping"})
	t.result("mcp_result", universal.ToolResultPart{CallID: call, Output: "pong"})
}

// mcpServers are the names of those that are enabled, sorted.
func (s *session) mcpServers() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(s.cfg.MCP)) {
		if s.cfg.MCP[name].IsEnabled() {
			names = append(names, name)
		}
	}
	return names
}

// subagent is a sub-agent that starts a sub-agent of its own or, with words
// "gate COMMAND", asks permission to run that.
func (t *turn) subagent() {
	if command, ok := strings.CutPrefix(t.rest, "gate "); ok {
		t.task("task", "Run a command", func() { t.runGated("inner", strings.TrimSpace(command)) })
		t.say("summary", "The sub-agent has come back.")
		return
	}
	t.task("task", "Look around", func() {
		t.say("task_message", "I will ask somebody else.")
		t.task("inner", "Read a file", func() {
			call := t.key("inner_read")
			t.call("inner_read_call", universal.ToolCallPart{Name: "Read", Arguments: `{"path":"readme.md"}`, CallID: call, ToolKind: universal.ToolRead, Title: "readme.md"})
			t.result("inner_read_result", universal.ToolResultPart{CallID: call, Output: "mock readme"}, &universal.FileRefPart{Path: "readme.md", Action: universal.FileRead})
			t.say("inner_message", "It is a readme.")
		})
	})
	t.say("summary", "The sub-agents say: it is a readme.")
}

// task is a call that starts a sub-agent, what that does, and the result.
func (s *script) task(name, title string, story func()) {
	call := s.launch(name, title, false)
	s.within(call, story)
	s.result(name+"_result", universal.ToolResultPart{CallID: s.key(name), Output: title + ": done"})
}

// launch is the call that starts a sub-agent; its call id is the name's key.
func (s *script) launch(name, title string, background bool) *universal.Item {
	return s.call(name+"_call", universal.ToolCallPart{
		Name: "Task", Arguments: fmt.Sprintf(`{"description":%q,"background":%t}`, title, background),
		CallID: s.key(name), ToolKind: universal.ToolSubagent, Title: title,
	})
}
