package amp

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers/drivertest"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

const thread = "T-00000000-0000-4000-8000-000000000001"

// begun is a converter in a turn.
func begun(g generation) *converter {
	c := newConverter("k", "", "/project")
	c.start(g, g.defaultMode(), rules{}, 1)
	return c
}

// tell converts lines.
func tell(c *converter, lines ...string) []universal.Event {
	var events []universal.Event
	for _, line := range lines {
		events = c.Convert(events, []byte(line))
	}
	return events
}

func initOf(tools string) string {
	return `{"type":"system","subtype":"init","cwd":"/project","session_id":"` + thread + `","tools":[` + tools + `],"mcp_servers":[],"agent_mode":"medium"}`
}

func assistant(content, stop string) string {
	return `{"type":"assistant","message":{"type":"message","role":"assistant","content":[` + content + `],"stop_reason":` + stop + `},"parent_tool_use_id":null,"session_id":"` + thread + `"}`
}

func callOf(id, name, input string) string {
	return assistant(`{"type":"tool_use","id":"`+id+`","name":"`+name+`","input":`+input+`}`, `"tool_use"`)
}

func resultOf(t testing.TB, id, content string, isError bool) string {
	t.Helper()
	line, err := json.Marshal(map[string]any{"type": "user", "session_id": thread, "message": map[string]any{
		"role": "user", "content": []any{map[string]any{"type": "tool_result", "tool_use_id": id, "content": content, "is_error": isError}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return string(line)
}

// The parts of a tool's result, for each form that it comes in.
func TestResults(t *testing.T) {
	zero, three := 0, 3
	for name, c := range map[string]struct {
		tool, input, content string
		isError              bool
		status               universal.ItemStatus
		want                 universal.Content
	}{
		"answer, by the tool server of older builds": {
			askName, `{"questions":[]}`, `[{"type":"text","text":"The user answered: Blue"}]`, false, universal.StatusCompleted,
			universal.Content{&universal.ToolResultPart{CallID: "c", Output: "The user answered: Blue"}},
		},
		"no answer, by the tool server of older builds": {
			askName, `{"questions":[]}`, `[{"type":"text","text":"Ask later."}]`, true, universal.StatusFailed,
			universal.Content{&universal.ToolResultPart{CallID: "c", Output: "Ask later.", IsError: true}},
		},
		"command": {
			"shell_command", `{"command":"ls","workdir":"/project/sub"}`, `{"output":"a\nb\n","exitCode":0}`, false, universal.StatusCompleted,
			universal.Content{
				&universal.ToolResultPart{CallID: "c", Output: "a\nb\n"},
				&universal.CommandPart{Command: "ls", Cwd: "/project/sub", Output: "a\nb\n", ExitCode: &zero},
			},
		},
		"command that fails, by its name of January": {
			"Bash", `{"cmd":"false"}`, `{"output":"","exitCode":3}`, false, universal.StatusFailed,
			universal.Content{
				&universal.ToolResultPart{CallID: "c", IsError: true},
				&universal.CommandPart{Command: "false", Cwd: "/project", ExitCode: &three},
			},
		},
		"command in the background": {
			"async_shell_command", `{"command":"sleep 99"}`, `{"output":"","exitCode":-1,"running":true,"pid":7}`, false, universal.StatusCompleted,
			universal.Content{
				&universal.ToolResultPart{CallID: "c"},
				&universal.CommandPart{Command: "sleep 99", Cwd: "/project"},
			},
		},
		"refused by our plugin": {
			"shell_command", `{"command":"ls"}`, "Tool rejected by plugin: no", false, universal.StatusFailed,
			universal.Content{&universal.ToolResultPart{CallID: "c", Output: "Tool rejected by plugin: no", IsError: true}},
		},
		"cancelled": {
			"shell_command", `{"command":"ls"}`, "Tool execution cancelled: user:interrupted", true, universal.StatusCancelled,
			universal.Content{&universal.ToolResultPart{CallID: "c", Output: "Tool execution cancelled: user:interrupted", IsError: true}},
		},
		"new file": {
			"create_file", `{"path":"/project/a.txt","content":"one\n"}`, "Successfully created file /project/a.txt", false, universal.StatusCompleted,
			universal.Content{
				&universal.ToolResultPart{CallID: "c", Output: "Successfully created file /project/a.txt"},
				&universal.FileRefPart{Path: "/project/a.txt", Action: universal.FileWrite, Diff: "--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1 @@\n+one\n"},
			},
		},
		"edit": {
			"edit_file", `{"path":"/project/a.txt","old_str":"one","new_str":"two"}`,
			"{\"diff\":\"```diff\\nIndex: a.txt\\n--- /project/a.txt\\toriginal\\n+++ /project/a.txt\\tmodified\\n@@ -1,1 +1,1 @@\\n---- one\\n++++ two\\n```\",\"lineRange\":[1,1]}",
			false, universal.StatusCompleted,
			universal.Content{
				&universal.ToolResultPart{CallID: "c", Output: "```diff\nIndex: a.txt\n--- /project/a.txt\toriginal\n+++ /project/a.txt\tmodified\n@@ -1,1 +1,1 @@\n---- one\n++++ two\n```"},
				&universal.FileRefPart{Path: "/project/a.txt", Action: universal.FilePatch, Diff: "--- a/a.txt\n+++ b/a.txt\n@@ -1,1 +1,1 @@\n---- one\n++++ two\n"},
			},
		},
		"edit that fails": {
			"edit_file", `{"path":"/project/a.txt","old_str":"one","new_str":"two"}`, "Could not find exact match", true, universal.StatusFailed,
			universal.Content{&universal.ToolResultPart{CallID: "c", Output: "Could not find exact match", IsError: true}},
		},
		"patch": {
			"apply_patch", `{"patchText":"*** Begin Patch"}`,
			`{"summary":"Done.","files":[{"uri":"file:///project/a%20b.txt","type":"add","additions":1,"deletions":0,"diff":"--- /dev/null\n+++ /project/a b.txt\n@@ -0,0 +1 @@\n+x\n"},{"uri":"file:///project/c.txt","type":"delete","diff":""}]}`,
			false, universal.StatusCompleted,
			universal.Content{
				&universal.ToolResultPart{CallID: "c", Output: "Done."},
				&universal.FileRefPart{Path: "/project/a b.txt", Action: universal.FileWrite, Diff: "--- /dev/null\n+++ b/a b.txt\n@@ -0,0 +1 @@\n+x\n"},
				&universal.FileRefPart{Path: "/project/c.txt", Action: universal.FileDelete},
			},
		},
		"text that was read": {
			"Read", `{"path":"a.txt"}`, `{"absolutePath":"/project/a.txt","content":"1: one"}`, false, universal.StatusCompleted,
			universal.Content{
				&universal.ToolResultPart{CallID: "c", Output: "1: one"},
				&universal.FileRefPart{Path: "/project/a.txt", Action: universal.FileRead},
			},
		},
		"picture that was read": {
			"Read", `{"path":"/project/a.png"}`, `{"content":"aGk=","isImage":true,"imageInfo":{"mimeType":"image/png","size":2}}`, false, universal.StatusCompleted,
			universal.Content{
				&universal.ToolResultPart{CallID: "c"},
				&universal.FileRefPart{Path: "/project/a.png", Action: universal.FileRead},
				&universal.ImagePart{Mime: "image/png", Data: "aGk="},
			},
		},
		"tool of a server": {
			"mcp__demo__draw", `{}`, `[{"type":"text","text":"here"},{"type":"image","data":"aGk=","mimeType":"image/png"}]`, false, universal.StatusCompleted,
			universal.Content{
				&universal.ToolResultPart{CallID: "c", Output: "here"},
				&universal.ImagePart{Mime: "image/png", Data: "aGk="},
			},
		},
		"tool of a server, in a form that isn't known": {
			"mcp__demo__draw", `{}`, `[{"type":"resource","uri":"x"}]`, false, universal.StatusCompleted,
			universal.Content{&universal.ToolResultPart{CallID: "c", Output: `[{"type":"resource","uri":"x"}]`}},
		},
		"command that a rule of the user's refuses": {
			"shell_command", `{"command":"make"}`, "Plugin error: Not on my machine.", true, universal.StatusFailed,
			universal.Content{&universal.ToolResultPart{CallID: "c", Output: "Plugin error: Not on my machine.", IsError: true}},
		},
		"answer of the person": {
			askTool, `{"questions":[{"question":"Why?"}]}`, `{"output":"The user answered:\n\"Why?\": because","exitCode":0}`, false, universal.StatusCompleted,
			universal.Content{&universal.ToolResultPart{CallID: "c", Output: "The user answered:\n\"Why?\": because"}},
		},
		"last word of a sub-agent": {
			"Task", `{"description":"help","prompt":"p"}`, `Done, {"output": 1}.`, false, universal.StatusCompleted,
			universal.Content{&universal.ToolResultPart{CallID: "c", Output: `Done, {"output": 1}.`}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			conv := begun(native)
			tell(conv, initOf(`"ask_user"`), callOf("c", c.tool, c.input))
			events := tell(conv, resultOf(t, "c", c.content, c.isError))
			at := slices.IndexFunc(events, func(ev universal.Event) bool {
				d, ok := ev.Data.(*universal.ItemData)
				return ok && d.Item.Kind == universal.KindToolResult
			})
			item := events[at].Data.(*universal.ItemData).Item
			if item.Status != c.status || item.ItemID != "c:result" {
				t.Errorf("item %s has status %s, want %s", item.ItemID, item.Status, c.status)
			}
			if diff := cmp.Diff(c.want, item.Content); diff != "" {
				t.Errorf("content (-want +got):\n%s", diff)
			}
			for _, v := range drivertest.Violations(events) {
				if !strings.Contains(v, "c") { // the call was told before
					t.Error(v)
				}
			}
		})
	}
}

// A title tells what a person wants to know first.
func TestToolTitles(t *testing.T) {
	for _, c := range []struct{ tool, input, want string }{
		{"Grep", `{"pattern":"hello","path":"/project"}`, "hello"},
		{"glob", `{"filePattern":"**/*.txt"}`, "**/*.txt"},
		{"Read", `{"path":"/project/a.txt"}`, "/project/a.txt"},
		{"shell_command", `{"command":"make","workdir":"/project"}`, "make"},
		{"mcp__demo__add", `{"a":1}`, "demo.add"},
		{"Grep", `{}`, "Grep"},
	} {
		if got := toolTitle(c.tool, json.RawMessage(c.input)); got != c.want {
			t.Errorf("the title of %s %s is %q, want %q", c.tool, c.input, got, c.want)
		}
	}
}

// A file that is written again is compared with what is known of it.
func TestRewrittenFile(t *testing.T) {
	c := begun(native)
	write := func(id, text string) universal.NullString {
		input, _ := json.Marshal(map[string]string{"path": "/project/a.txt", "content": text})
		tell(c, callOf(id, "create_file", string(input)))
		events := tell(c, resultOf(t, id, "Successfully created file /project/a.txt", false))
		return events[0].Data.(*universal.ItemData).Item.Content[1].(*universal.FileRefPart).Diff
	}
	if got := write("1", "one\n"); !strings.HasPrefix(string(got), "--- /dev/null\n") {
		t.Errorf("the first diff is %q", got)
	}
	if got := write("2", "two\n"); got != "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+two\n" {
		t.Errorf("the second diff is %q", got)
	}
	tell(c, callOf("3", "Read", `{"path":"/project/b.txt"}`), resultOf(t, "3", `{"absolutePath":"/project/b.txt","content":"1: b"}`, false))
	tell(c, callOf("4", "create_file", `{"path":"/project/b.txt","content":"new\n"}`))
	events := tell(c, resultOf(t, "4", "Successfully created file /project/b.txt", false))
	if got := events[0].Data.(*universal.ItemData).Item.Content[1].(*universal.FileRefPart).Diff; got != "" {
		t.Errorf("the diff of a file whose text isn't known is %q", got)
	}
	tell(c, `{"type":"result","subtype":"success","is_error":false}`)
	events, _ = c.end(nil, ending{exit: process.Exit{Code: new(int)}})
	whole := events[0].Data.(*universal.DiffData)
	want := []universal.DiffFile{
		{Path: "a.txt", Action: universal.FileWrite, Additions: 1},
		{Path: "b.txt", Action: universal.FilePatch}, // it was changed, and nobody knows how
	}
	if diff := cmp.Diff(want, whole.Files); whole.Scope != universal.DiffSession || diff != "" {
		t.Errorf("files of the %s's diff (-want +got):\n%s", whole.Scope, diff)
	}
}

// What is known of a file holds no more when it was moved, an edit undone, or
// anything has run that may have changed it.
func TestForgottenFile(t *testing.T) {
	for name, c := range map[string]struct{ tool, input, result, want string }{
		"moved": {
			"apply_patch", `{"patchText":"*** Begin Patch"}`,
			`{"summary":"moved","files":[{"uri":"file:///project/b.txt","oldUri":"file:///project/a.txt","type":"move","diff":""}]}`,
			"--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1 @@\n+new\n",
		},
		"maybe changed by a command": {"shell_command", `{"command":"make"}`, `{"output":"","exitCode":0}`, ""},
		"not changed by a command that was rejected": {
			"shell_command", `{"command":"make"}`, rejectedPrefix + "no", "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+new\n",
		},
		"undone": {"undo_edit", `{"path":"/project/a.txt"}`, "Undone.", ""},
	} {
		t.Run(name, func(t *testing.T) {
			conv := begun(native)
			write := func(id, text string) universal.NullString {
				input, _ := json.Marshal(map[string]string{"path": "/project/a.txt", "content": text})
				tell(conv, callOf(id, "create_file", string(input)))
				events := tell(conv, resultOf(t, id, "Successfully created file /project/a.txt", false))
				return events[0].Data.(*universal.ItemData).Item.Content[1].(*universal.FileRefPart).Diff
			}
			write("1", "one\n")
			tell(conv, callOf("2", c.tool, c.input))
			tell(conv, resultOf(t, "2", c.result, false))
			if got := write("3", "new\n"); string(got) != c.want {
				t.Errorf("the diff of the file written anew is %q, want %q", got, c.want)
			}
		})
	}
}

// Of the commands that an interrupt cuts, those that ran are told; not those that
// wait for a person, or were refused.
func TestCommandsThatAreCut(t *testing.T) {
	ask := func(number int, id string) string {
		return fmt.Sprintf(`{"type":%q,"subtype":"request","id":%d,"request":{"kind":"tool","tool_use_id":%q,"tool":"shell_command","input":{"command":"x"}}}`, typeChannel, number, id)
	}
	c := begun(native)
	tell(c, initOf(`"ask_user"`),
		callOf("ran", "shell_command", `{"command":"make","workdir":"/project/inner"}`), ask(1, "ran"),
		callOf("refused", "shell_command", `{"command":"rm x"}`), ask(2, "refused"),
		callOf("waits", "shell_command", `{"command":"rm y"}`), ask(3, "waits"),
		callOf("unasked", "shell_command", `{"command":"rm z"}`))
	for number, action := range map[int]string{1: actionAllow, 2: actionReject} {
		c.Outgoing(c.requests[number], answer{Action: action})
	}
	events, _ := c.end(nil, ending{interrupted: true, exit: process.Exit{Code: new(int)}})
	var got []universal.Item
	for _, ev := range events {
		if d, ok := ev.Data.(*universal.ItemData); ok {
			got = append(got, d.Item)
		}
	}
	want := []universal.Item{{
		ItemID: "ran:result", NativeItemID: "ran", Kind: universal.KindToolResult, Role: universal.RoleTool, Status: universal.StatusCancelled,
		Content: universal.Content{
			&universal.ToolResultPart{CallID: "ran", Output: "[The turn ended before the command did.]", IsError: true},
			&universal.CommandPart{Command: "make", Cwd: "/project/inner"},
		},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
}

// How a turn ends follows from the CLI's last line, its exit and what was done
// to it.
func TestEndings(t *testing.T) {
	const (
		success   = `{"type":"result","subtype":"success","duration_ms":1,"is_error":false,"num_turns":1,"result":"x","session_id":"` + thread + `"}`
		cancelled = `{"type":"result","subtype":"error_during_execution","is_error":true,"error":"User cancelled (SIGINT/SIGTERM)","session_id":"` + thread + `"}`
		failed    = `{"type":"result","subtype":"error_during_execution","is_error":true,"error":"529 {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}","session_id":"` + thread + `"}`
	)
	text := assistant(`{"type":"text","text":"x"}`, `"end_turn"`)
	cut := assistant(`{"type":"text","text":"x"}`, `null`)
	zero, one := 0, 1
	exit := func(code *int, stderr string) process.Exit {
		return process.Exit{Code: code, Stderr: process.Stderr{Head: stderr, TotalLines: 1}}
	}
	for name, c := range map[string]struct {
		lines    []string
		ending   ending
		stop     universal.StopReason
		category universal.ErrorCategory
		crashed  bool
	}{
		"success":                           {[]string{initOf(""), text, success}, ending{exit: exit(&zero, "")}, universal.StopEndTurn, "", false},
		"success, then exit 1":              {[]string{initOf(""), text, success}, ending{exit: exit(&one, "Unexpected error")}, universal.StopEndTurn, "", false},
		"interrupted":                       {[]string{initOf(""), cancelled}, ending{exit: exit(&zero, ""), interrupted: true}, universal.StopInterrupted, "", false},
		"interrupted by somebody else":      {[]string{initOf(""), cancelled}, ending{exit: exit(&zero, "")}, universal.StopInterrupted, "", false},
		"interrupted before the first line": {nil, ending{exit: process.Exit{Signal: "SIGTERM"}, interrupted: true}, universal.StopInterrupted, "", false},
		"finished before the interrupt":     {[]string{initOf(""), text, success}, ending{exit: exit(&zero, ""), interrupted: true}, universal.StopEndTurn, "", false},
		"failed":                            {[]string{initOf(""), failed}, ending{exit: exit(&zero, "")}, universal.StopError, universal.CategoryOverloaded, false},
		"cut":                               {[]string{initOf(""), cut}, ending{exit: exit(&zero, ""), stalled: limitCut}, universal.StopMaxTokens, "", false},
		"model stalled":                     {[]string{initOf(""), cancelled}, ending{exit: exit(&zero, ""), stalled: limitModel}, universal.StopError, universal.CategoryNetwork, false},
		"result stalled":                    {[]string{initOf(""), text, cancelled}, ending{exit: exit(&zero, ""), stalled: limitSaid}, universal.StopEndTurn, "", false},
		"killed":                            {[]string{initOf("")}, ending{exit: process.Exit{Signal: "SIGKILL"}}, "", "", true},
		"died":                              {[]string{initOf("")}, ending{exit: exit(&one, "panic")}, "", "", true},
		"killed before the first line":      {nil, ending{exit: process.Exit{Signal: "SIGKILL"}}, "", "", true},
		"no result":                         {[]string{initOf("")}, ending{exit: exit(&zero, "")}, universal.StopError, universal.CategoryInternal, false},
		"wrong key":                         {nil, ending{exit: exit(&one, "Error: Invalid or missing API key. Run 'amp login' to authenticate.\x1b[=0u\x1b[?25h")}, universal.StopError, universal.CategoryAuth, false},
		"unreachable":                       {nil, ending{exit: exit(&one, "Error: Couldn't connect to the Amp server at https://x.")}, universal.StopError, universal.CategoryNetwork, false},
		"unreachable, in January":           {nil, ending{exit: exit(&one, "")}, universal.StopError, universal.CategoryNetwork, false},
		"unknown option":                    {nil, ending{exit: exit(&one, "Error: error: unknown option '--x'")}, universal.StopError, universal.CategoryInternal, false},
		"no plugin":                         {[]string{initOf("")}, ending{exit: exit(&zero, ""), fatal: errNoPlugin}, universal.StopError, universal.CategoryInternal, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := native
			if name == "cut" {
				g = may
			}
			conv := begun(g)
			tell(conv, c.lines...)
			events, crashed := conv.end(nil, c.ending)
			if crashed != c.crashed {
				t.Fatalf("crashed is %v", crashed)
			}
			if crashed {
				if len(events) > 0 {
					t.Errorf("a crash emits %s", drivertest.Skeleton(events))
				}
				return
			}
			last := events[len(events)-1].Data.(*universal.TurnEndedData)
			var category universal.ErrorCategory
			for _, ev := range events {
				if d, ok := ev.Data.(*universal.ErrorData); ok {
					category = d.Category
					if d.Message == "" || strings.Contains(d.Message, "\x1b") {
						t.Errorf("the error says %q", d.Message)
					}
				}
			}
			if last.StopReason != c.stop || category != c.category {
				t.Errorf("the turn ends as %s with an error of category %q, want %s and %q", last.StopReason, category, c.stop, c.category)
			}
		})
	}
}

// What was seen of failures, by generation.
func TestFailures(t *testing.T) {
	for text, want := range map[string]universal.ErrorCategory{
		"Unauthorized Check your access token.":                                                           universal.CategoryAuth,
		`401 {"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}`:      universal.CategoryAuth,
		`402 {"type":"error","error":{"type":"billing_error","message":"none left"}}`:                     universal.CategoryUsageLimit,
		`429 {"type":"error","error":{"type":"rate_limit_error","message":"later"}}`:                      universal.CategoryRateLimit,
		`500 {"type":"error","error":{"type":"api_error","message":"internal"}}`:                          universal.CategoryModel,
		"Out of Credits Add credits to keep using Amp.":                                                   universal.CategoryUsageLimit,
		"No Usage Available Your included Megawatt usage is at its monthly limit, and there is no credit": universal.CategoryUsageLimit,
		"Model Provider Overloaded Try again in a few seconds.":                                           universal.CategoryOverloaded,
		"Context Limit Reached This conversation has reached the context window limit.":                   universal.CategoryContextLength,
		"terminated":                     universal.CategoryNetwork,
		"The model refused to continue.": universal.CategoryModel,
	} {
		if got := failure(text); got.Category != want {
			t.Errorf("%q is sorted as %s, want %s", text, got.Category, want)
		}
	}
}

// Usage has the one meaning for all agents.
func TestUsage(t *testing.T) {
	c := begun(may)
	usage := func(usage string) *universal.Usage {
		events := tell(c, `{"type":"assistant","message":{"role":"assistant","content":[],"stop_reason":"end_turn","usage":`+usage+`},"parent_tool_use_id":null}`)
		return &events[len(events)-1].Data.(*universal.UsageData).Usage
	}
	n := func(v int64) *int64 { return &v }
	first := usage(`{"input_tokens":120,"cache_creation_input_tokens":10,"cache_read_input_tokens":1000,"output_tokens":17,"max_tokens":300000}`)
	want := &universal.Usage{InputTokens: n(1130), CachedInputTokens: n(1000), CacheWriteTokens: n(10), OutputTokens: n(17), TotalTokens: n(1147), ContextUsed: n(1147), ContextWindow: n(300000)}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
	second := usage(`{"input_tokens":5,"output_tokens":1}`)
	want = &universal.Usage{InputTokens: n(1135), CachedInputTokens: n(1000), CacheWriteTokens: n(10), OutputTokens: n(18), TotalTokens: n(1153), ContextUsed: n(6), ContextWindow: n(300000)}
	if diff := cmp.Diff(want, second); diff != "" {
		t.Errorf("usage of two messages (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(n(1130), first.InputTokens); diff != "" {
		t.Errorf("what was told has changed (-want +got):\n%s", diff)
	}
}

// The limits of the silence, place by place.
func TestLimits(t *testing.T) {
	c := begun(native)
	step := func(want limit, lines ...string) {
		t.Helper()
		tell(c, lines...)
		if got := c.limit(); got != want {
			t.Errorf("after %.60s: limit %d, want %d", lines, got, want)
		}
	}
	step(limitBegin)
	step(limitOpen, initOf(`"ask_user"`), `{"type":"user","message":{"role":"user","content":[{"type":"text","text":"hi"}]}}`)
	step(noLimit, callOf("c", "shell_command", `{"command":"sleep 99999"}`))
	step(noLimit, `{"type":"channel","subtype":"request","id":1,"request":{"kind":"tool","tool":"shell_command","input":{},"tool_use_id":"c"}}`)
	step(noLimit, `{"type":"channel","subtype":"gone","id":1}`)
	step(limitOpen, resultOf(t, "c", "done", false))
	if c.isComplete() {
		t.Error("the turn is complete before the model's last word")
	}
	tell(c, assistant(`{"type":"text","text":"done"}`, `"end_turn"`))
	if !c.isComplete() {
		t.Error("the turn isn't complete after the model's last word")
	}
	c.turn.open = false
	step(limitSaid)
	step(limitResult, `{"type":"result","subtype":"success","is_error":false}`)

	c = begun(may)
	step(limitModel, initOf(""))
	step(limitHeld, `{"type":"channel","subtype":"request","id":1,"request":{"kind":"tool","tool":"Bash","input":{"cmd":"ls"},"tool_use_id":"t"}}`)
	step(noLimit, callOf("t", "Bash", `{"cmd":"ls"}`))
	if len(c.requests) != 1 {
		t.Error("the request that was held is not asked when its call is told")
	}
	c = begun(may)
	step(limitCut, initOf(""), `{"type":"user","message":{"content":[{"type":"text","text":"hi"}]}}`, assistant(`{"type":"text","text":"cut"}`, `null`))
}

// What is asked on the side channel can overtake what the CLI has printed before
// it. It waits for its call then, and is told as belonging to it.
func TestOvertakingRequest(t *testing.T) {
	ask := func(number int, kind, tool, id, input string) string {
		return fmt.Sprintf(`{"type":%q,"subtype":"request","id":%d,"request":{"kind":%q,"tool":%q,"tool_use_id":%q,"input":%s}}`, typeChannel, number, kind, tool, id, input)
	}
	command := ask(1, kindTool, "shell_command", "run", `{"command":"make"}`)
	question := ask(2, kindQuestion, askTool, "ask", `{"questions":[{"question":"Why?"}]}`)
	inner := ask(3, kindTool, "shell_command", "inner", `{"command":"ls"}`)
	tool := func(id, name, input string) string {
		return `{"type":"tool_use","id":"` + id + `","name":"` + name + `","input":` + input + `}`
	}
	run, asks, task := tool("run", "shell_command", `{"command":"make"}`), tool("ask", askTool, `{"questions":[{"question":"Why?"}]}`), tool("task", "Task", `{}`)
	for name, c := range map[string]struct {
		early []string
		told  string // the calls of the line that was overtaken
		want  []string
	}{
		"permission": {[]string{command}, run, []string{"call run of ", "permission run for run", command}},
		"question":   {[]string{question}, asks, []string{"call ask of ", "question ask for ask", question}},
		"both": {[]string{question, command}, run + "," + asks, []string{
			"call run of ", "call ask of ", "question ask for ask", question, "permission run for run", command,
		}},
		"of a sub-agent": {[]string{inner}, task, []string{"call task of ", "call inner of task", inner, "permission inner for inner", inner}},
		"of a sub-agent and beside it": {[]string{inner, command}, task + "," + run, []string{
			"call task of ", "call run of ", "call inner of task", inner, "permission inner for inner", inner, "permission run for run", command,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			k := begun(native)
			if events := tell(k, append([]string{initOf(`"ask_user"`)}, c.early...)...); len(events) != 1 || k.limit() != limitHeld || k.isComplete() {
				t.Fatalf("limit %d, events before the call is told: %s", k.limit(), drivertest.Skeleton(events))
			}
			line := assistant(c.told, `"tool_use"`)
			var got []string
			for _, ev := range tell(k, line) {
				switch d := ev.Data.(type) {
				case *universal.ItemData:
					got = append(got, "call "+d.Item.ItemID+" of "+string(d.Item.ParentID))
				case *universal.PermissionData:
					got = append(got, "permission "+d.PermissionID+" for "+d.ItemID)
				case *universal.QuestionData:
					got = append(got, "question "+d.QuestionID+" for "+d.ItemID)
				default:
					t.Errorf("event %s", drivertest.Bone(&ev))
				}
				if string(ev.Raw) != line {
					got = append(got, string(ev.Raw))
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if len(k.held) > 0 || k.limit() != noLimit {
				t.Errorf("%d requests are held, limit %d", len(k.held), k.limit())
			}
		})
	}
}

// Without our plugin the CLI would run everything unasked, so it is stopped, unless
// it is ending anyway or nobody has to be asked.
func TestLostPlugin(t *testing.T) {
	const (
		alive = `{"type":"channel","subtype":"request","id":1,"request":{"kind":"alive"}}`
		gone  = `{"type":"channel","subtype":"gone","id":1}`
		left  = `{"type":"channel","subtype":"left","id":1}`
		again = `{"type":"channel","subtype":"request","id":2,"request":{"kind":"alive"}}`
	)
	code := 0
	last := assistant(`{"type":"text","text":"done"}`, `"end_turn"`)
	cancelled := `{"type":"result","subtype":"error_during_execution","is_error":true,"error":"User cancelled (SIGINT/SIGTERM)"}`
	failed := `{"type":"result","subtype":"error_during_execution","is_error":true,"error":"Model Provider Overloaded"}`
	for name, c := range map[string]struct {
		rules rules
		lines []string
		after []string // what the CLI still says
		exit  process.Exit
		fatal bool
		stop  universal.StopReason // "" if the agent has crashed
		told  string
	}{
		"while the model works": {
			lines: []string{initOf(`"ask_user"`), echoLine, gone}, after: []string{cancelled}, exit: process.Exit{Code: &code},
			fatal: true, stop: universal.StopError, told: errPluginLost.Error(),
		},
		"while a tool runs": {
			lines: []string{initOf(`"ask_user"`), echoLine, callOf("c", "shell_command", `{"command":"ls"}`), gone}, exit: process.Exit{Code: &code},
			fatal: true, stop: universal.StopError, told: errPluginLost.Error(),
		},
		"before the first line": {
			lines: []string{gone, initOf(`"ask_user"`), echoLine, callOf("c", "shell_command", `{"command":"ls"}`)}, after: []string{cancelled},
			exit: process.Exit{Code: &code}, fatal: true, stop: universal.StopError, told: errPluginLost.Error(),
		},
		"while another claims to be it": {
			lines: []string{initOf(`"ask_user"`), echoLine, callOf("c", "shell_command", `{"command":"ls"}`), again, gone}, exit: process.Exit{Code: &code},
			fatal: true, stop: universal.StopError, told: errPluginLost.Error(),
		},
		"not, but loaded once more": {
			lines: []string{gone, again, initOf(`"ask_user"`), echoLine, callOf("c", "shell_command", `{"command":"ls"}`), resultOf(t, "c", "done", false)},
			after: []string{last, `{"type":"result","subtype":"success","is_error":false}`},
			exit:  process.Exit{Code: &code}, stop: universal.StopEndTurn,
		},
		"with a CLI that fails": {
			lines: []string{initOf(`"ask_user"`), echoLine, gone}, after: []string{failed}, exit: process.Exit{Code: &code},
			fatal: true, stop: universal.StopError, told: "Model Provider Overloaded",
		},
		"when the CLI lets go of it": {
			lines: []string{initOf(`"ask_user"`), echoLine, left}, after: []string{failed}, exit: process.Exit{Code: &code},
			stop: universal.StopError, told: "Model Provider Overloaded",
		},
		"when the CLI lets go of it and works on": {
			lines: []string{initOf(`"ask_user"`), echoLine, left, callOf("c", "shell_command", `{"command":"ls"}`)}, exit: process.Exit{Code: &code},
			fatal: true, stop: universal.StopError, told: errPluginLost.Error(),
		},
		"with a CLI that is killed": {
			lines: []string{initOf(`"ask_user"`), echoLine, gone}, exit: process.Exit{Signal: "killed"}, fatal: true,
		},
		"after the last word": {
			lines: []string{initOf(`"ask_user"`), echoLine, last, gone}, after: []string{`{"type":"result","subtype":"success","is_error":false}`},
			exit: process.Exit{Code: &code}, stop: universal.StopEndTurn,
		},
		"where everything is allowed": {
			rules: rules{bypass: true}, lines: []string{initOf(`"ask_user"`), echoLine, gone},
			after: []string{last, `{"type":"result","subtype":"success","is_error":false}`},
			exit:  process.Exit{Code: &code}, stop: universal.StopEndTurn,
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := newConverter("k", "", "/project")
			k.start(native, "medium", c.rules, 1)
			tell(k, append([]string{alive}, c.lines...)...)
			fatal := k.fatal
			if (fatal != nil) != c.fatal || len(k.requests) > 0 || len(k.answers) > 0 {
				t.Fatalf("fatal: %v, %d requests, %d answers", fatal, len(k.requests), len(k.answers))
			}
			tell(k, c.after...)
			events, crashed := k.end(nil, ending{exit: c.exit, fatal: fatal})
			if crashed != (c.stop == "") {
				t.Fatalf("crashed: %v, events: %s", crashed, drivertest.Skeleton(events))
			}
			if crashed {
				return
			}
			told := ""
			for _, ev := range events {
				switch d := ev.Data.(type) {
				case *universal.ErrorData:
					told += d.Message
				case *universal.TurnEndedData:
					if d.StopReason != c.stop {
						t.Errorf("the turn ended as %s, want %s", d.StopReason, c.stop)
					}
				}
			}
			if told != c.told {
				t.Errorf("told is %q, want %q", told, c.told)
			}
		})
	}
}

// What a sub-agent asks for is never told as a call: it is asked at once.
func TestRequestOfSubagent(t *testing.T) {
	c := begun(may)
	tell(c, callOf("task", "Task", `{"description":"help"}`))
	events := tell(c, `{"type":"channel","subtype":"request","id":1,"request":{"kind":"tool","tool":"Bash","input":{"cmd":"ls"},"tool_use_id":"inner"}}`)
	if len(events) != 1 {
		t.Fatalf("events: %s", drivertest.Skeleton(events))
	}
	p := events[0].Data.(*universal.PermissionData)
	if p.ItemID != "" || p.PermissionID != "k:1" || p.Title != "ls" {
		t.Errorf("the request is %+v", p)
	}
	events = tell(c, `{"type":"channel","subtype":"gone","id":1}`)
	if len(events) != 1 || events[0].Type != universal.TypePermissionResolved || !events[0].Synthetic {
		t.Errorf("events: %s", drivertest.Skeleton(events))
	}
}

// What a sub-agent does on this machine is told by the plugin of native builds.
func TestSubagent(t *testing.T) {
	ask := func(number, id string) string {
		return `{"type":"channel","subtype":"request","id":` + number + `,"request":{"kind":"tool","tool":"Read","input":{"path":"/project/a"},"tool_use_id":"` + id + `"}}`
	}
	c := begun(native)
	events := tell(c, initOf(`"ask_user"`), callOf("task", "Task", `{"description":"help"}`), ask("1", "inner"), ask("2", "left"),
		`{"type":"channel","subtype":"request","id":3,"request":{"kind":"result","tool_use_id":"inner","status":"done","output":{"absolutePath":"/project/a","content":"1: a"}}}`,
		resultOf(t, "task", "All good.", false))
	var got []string
	for _, ev := range events {
		if d, ok := ev.Data.(*universal.ItemData); ok {
			got = append(got, string(d.Item.ParentID)+" "+d.Item.ItemID+" "+string(d.Item.Status)+" "+d.Item.Text())
		}
	}
	want := []string{
		" task completed ", "task inner completed ", "task left completed ",
		"task inner:result completed ", "task left:result cancelled ", "task k:1 completed All good.", " task:result completed ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	for _, v := range drivertest.Violations(events) {
		t.Error(v)
	}
	if len(c.answers) != 3 || !c.answers[0].Answer.Report || c.answers[2].Answer.Report {
		t.Errorf("the answers are %+v", c.answers)
	}

	// Of two at once nobody tells which one works.
	c = begun(native)
	events = tell(c, callOf("one", "Task", `{}`), callOf("two", "Task", `{}`), ask("1", "inner"))
	if len(events) != 2 || c.answers[0].Answer.Report {
		t.Errorf("events: %s; the answers are %+v", drivertest.Skeleton(events), c.answers)
	}
}

// A request that is held for too long is asked all the same.
func TestRelease(t *testing.T) {
	c := begun(january)
	if events := tell(c, `{"type":"channel","subtype":"request","id":1,"request":{"kind":"question","tool":"ask_user","input":{"questions":[{"question":"Why?"}]}}}`); len(events) != 0 {
		t.Fatalf("events: %s", drivertest.Skeleton(events))
	}
	events := c.release(nil)
	if len(events) != 1 || events[0].Type != universal.TypeQuestionRequested || c.limit() != limitBegin {
		t.Errorf("events: %s", drivertest.Skeleton(events))
	}
}

// Which calls are asked about, and which are not.
func TestRules(t *testing.T) {
	for _, c := range []struct {
		rules rules
		tool  string
		want  bool
	}{
		{rules{}, "shell_command", true},
		{rules{}, "Bash", true},
		{rules{}, "create_file", true},
		{rules{}, "mcp__demo__add", true},
		{rules{}, "Task", true},
		{rules{}, "read_web_page", true},
		{rules{}, "from_the_future", true},
		{rules{}, "Read", false},
		{rules{}, "Grep", false},
		{rules{}, askTool, false},
		{rules{}, askName, false},
		{rules{bypass: true}, "shell_command", false},
		{rules{ask: []string{"Re*"}}, "Read", true},
		{rules{ask: []string{"Re*"}}, "Grep", false},
		{rules{ask: []string{"[broken"}}, "Grep", true},
		{rules{bypass: true, ask: []string{"*"}}, "Grep", false},
	} {
		if got := c.rules.asks(c.tool); got != c.want {
			t.Errorf("%+v asks about %s: %v", c.rules, c.tool, got)
		}
	}
}

// What "always" allows is exactly the request.
func TestExactRule(t *testing.T) {
	for _, c := range []struct{ tool, input, want string }{
		{"shell_command", `{"command":"git push","workdir":"/x"}`, "shell_command(git push)"},
		{"Bash", `{"cmd":"git push"}`, "Bash(git push)"},
		{"Bash", `{"cmd":"rm *"}`, `Bash(exactly "rm *")`},
		{"edit_file", `{"path":"/a","old_str":"x"}`, "edit_file(/a)"},
		{"read_web_page", `{"url":"http://x/"}`, "read_web_page(http://x/)"},
		{"mcp__demo__add", `{"a":1}`, `mcp__demo__add({"a":1})`},
	} {
		if got := exactRule(c.tool, json.RawMessage(c.input)); got != c.want {
			t.Errorf("%s %s is allowed as %s, want %s", c.tool, c.input, got, c.want)
		}
	}
	if got := exactRule("Bash", json.RawMessage(`{"cmd":"`+strings.Repeat("x", 5000)+`"}`)); len(got) > 200 || !strings.Contains(got, "sha256") {
		t.Errorf("a long command is allowed as %s", got)
	}
}
