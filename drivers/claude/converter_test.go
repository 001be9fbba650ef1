package claude

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// play feeds lines to a converter; those that begin with "> " are written to
// the CLI. It returns the events in short form, one line each.
func play(t *testing.T, c *converter, lines ...string) string {
	t.Helper()
	r := newRecorder()
	for _, line := range lines {
		if own, ok := strings.CutPrefix(line, "> "); ok {
			if strings.Contains(own, `"user"`) && !c.turn.active() {
				r.sent()
			}
			c.Outgoing([]byte(own))
			continue
		}
		if !json.Valid([]byte(line)) {
			t.Fatalf("not a line of JSON: %s", line)
		}
		r.events = c.Convert(r.events, []byte(line))
	}
	return short(r.events)
}

// short is one line per event with what matters in these tests.
func short(events []universal.Event) string {
	var b strings.Builder
	for _, ev := range events {
		b.WriteString(string(ev.Type))
		if ev.Synthetic {
			b.WriteString(" (synthetic)")
		}
		switch d := ev.Data.(type) {
		case *universal.TurnStartedData:
			fmt.Fprintf(&b, " %s", d.Origin)
		case *universal.TurnEndedData:
			fmt.Fprintf(&b, " %s", d.StopReason)
		case *universal.ItemData:
			fmt.Fprintf(&b, " %s", d.Item.ItemID)
			if d.Item.ParentID != "" {
				fmt.Fprintf(&b, " under %s", d.Item.ParentID)
			}
			if ev.Type == universal.TypeItemCompleted {
				fmt.Fprintf(&b, " %s", d.Item.Status)
			}
			if text := d.Item.Text(); text != "" {
				fmt.Fprintf(&b, " %q", text)
			}
			for _, p := range d.Item.Content {
				if s, ok := p.(*universal.StatusPart); ok {
					fmt.Fprintf(&b, " [%s|%s]", s.Label, s.Detail)
				}
			}
			if d.Rewritten {
				b.WriteString(" rewritten")
			}
		case *universal.ItemDeltaData:
			fmt.Fprintf(&b, " %s %q", d.ItemID, d.Delta)
		case *universal.PermissionData:
			fmt.Fprintf(&b, " %s %s", d.PermissionID, d.Status)
		case *universal.QuestionData:
			fmt.Fprintf(&b, " %s %s", d.QuestionID, d.Status)
		case *universal.ErrorData:
			fmt.Fprintf(&b, " %s %s", d.Category, d.Code)
		case *universal.UnparsedData:
			fmt.Fprintf(&b, " %s: %s", d.Location, d.Error)
		case *universal.SessionUpdatedData:
			text, _ := json.Marshal(d)
			fmt.Fprintf(&b, " %s", text)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// The lines that most of these tests need.
func user(uuid string) string { return `> {"type":"user","uuid":"` + uuid + `"}` }

func initFor(uuids ...string) string {
	list, _ := json.Marshal(uuids)
	if uuids == nil {
		list = []byte("null")
	}
	return `{"type":"system","subtype":"init","session_id":"s","cwd":"/w","permissionMode":"default","capabilities":["msg_lifecycle_v1"],"user_message_uuids":` + string(list) + `}`
}

func lifecycle(uuid, state string) string {
	return `{"type":"command_lifecycle","command_uuid":"` + uuid + `","state":"` + state + `"}`
}

func text(message, text string) string {
	return `{"type":"assistant","message":{"id":"` + message + `","model":"big","content":[{"type":"text","text":"` + text + `"}]},"parent_tool_use_id":null}`
}

func resultFor(rest string, uuids ...string) string {
	list, _ := json.Marshal(uuids)
	if uuids == nil {
		list = []byte("null")
	}
	return `{"type":"result","subtype":"success","session_id":"s","user_message_uuids":` + string(list) + rest + `}`
}

const fromTask = `,"origin":{"kind":"task-notification"}`

func TestTurns(t *testing.T) {
	tests := []struct {
		name  string
		lines []string
		want  string
	}{
		{
			name:  "message and answer",
			lines: []string{user("u1"), lifecycle("u1", "started"), initFor("u1"), text("m1", "hi"), resultFor("", "u1")},
			want:  "turn.started user\nitem.completed m1:0 completed \"hi\"\nturn.ended end_turn\n",
		},
		{
			name: "a CLI that doesn't name messages",
			lines: []string{
				user("u1"), `{"type":"system","subtype":"init","session_id":"s"}`, text("m1", "hi"), resultFor(""),
			},
			want: "turn.started user\nitem.completed m1:0 completed \"hi\"\nturn.ended end_turn\n",
		},
		{
			name:  "a background task comes back",
			lines: []string{initFor(), text("m1", "done"), resultFor(fromTask)},
			want:  "turn.started agent\nitem.completed m1:0 completed \"done\"\nturn.ended end_turn\n",
		},
		{
			name:  "the agent's turn had begun when the message came",
			lines: []string{initFor(), text("m1", "done"), user("u1"), resultFor(fromTask), initFor("u1"), text("m2", "hi"), resultFor("", "u1")},
			want:  "turn.started agent\nitem.completed m1:0 completed \"done\"\nitem.completed m2:0 completed \"hi\"\nturn.ended end_turn\n",
		},
		{
			name:  "the agent's turn begins before the message is read",
			lines: []string{user("u1"), initFor(), text("m1", "done"), resultFor(fromTask), lifecycle("u1", "started"), initFor("u1"), text("m2", "hi"), resultFor("", "u1")},
			want:  "turn.started user\nitem.completed m1:0 completed \"done\"\nitem.completed m2:0 completed \"hi\"\nturn.ended end_turn\n",
		},
		{
			name:  "a message folded into the agent's turn",
			lines: []string{initFor(), text("m1", "working"), user("u1"), lifecycle("u1", "started"), text("m2", "both"), resultFor(fromTask, "u1")},
			want:  "turn.started agent\nitem.completed m1:0 completed \"working\"\nitem.completed m2:0 completed \"both\"\nturn.ended end_turn\n",
		},
		{
			name:  "steered into the turn",
			lines: []string{user("u1"), initFor("u1"), user("u2"), lifecycle("u2", "completed"), text("m1", "both"), resultFor("", "u1", "u2"), initFor(), text("m2", "own"), resultFor(fromTask)},
			want: "turn.started user\nitem.completed m1:0 completed \"both\"\nturn.ended end_turn\n" +
				"turn.started agent\nitem.completed m2:0 completed \"own\"\nturn.ended end_turn\n",
		},
		{
			name:  "steered, and run as a turn of its own",
			lines: []string{user("u1"), initFor("u1"), user("u2"), text("m1", "one"), resultFor("", "u1"), lifecycle("u2", "started"), initFor("u2"), text("m2", "two"), resultFor("", "u2")},
			want: "turn.started user\nitem.completed m1:0 completed \"one\"\nturn.ended end_turn\n" +
				"turn.started user\nitem.completed m2:0 completed \"two\"\nturn.ended end_turn\n",
		},
		{
			name:  "steered, and merged with the next message",
			lines: []string{user("u1"), initFor("u1"), user("u2"), resultFor("", "u1"), user("u3"), initFor("u2", "u3"), text("m2", "two"), resultFor("", "u2", "u3")},
			want: "turn.started user\nturn.ended end_turn\n" +
				"turn.started user\nitem.completed m2:0 completed \"two\"\nturn.ended end_turn\n",
		},
		{
			name:  "taken back before it ran",
			lines: []string{initFor(), text("m1", "busy"), user("u1"), lifecycle("u1", "queued"), lifecycle("u1", "cancelled"), resultFor(fromTask)},
			want:  "turn.started agent\nitem.completed m1:0 completed \"busy\"\nturn.ended interrupted\n",
		},
		{
			name:  "max turns",
			lines: []string{user("u1"), initFor("u1"), strings.Replace(resultFor(`,"is_error":true,"terminal_reason":"max_turns","errors":["too many"]`, "u1"), "success", "error_max_turns", 1)},
			want:  "turn.started user\nturn.ended max_turns\n",
		},
		{
			name:  "failure that only the result tells",
			lines: []string{user("u1"), initFor("u1"), resultFor(`,"is_error":true,"result":"boom","api_error_status":500,"api_error_type":"api_error"`, "u1")},
			want:  "turn.started user\nerror model api_error\nturn.ended error\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newConverter("s", drivers.Settings{}, false)
			if diff := cmp.Diff(tt.want, play(t, c, tt.lines...)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWholeTurn(t *testing.T) {
	c := newConverter("s", drivers.Settings{Model: "big"}, false)
	got := play(t, c, append([]string{user("u1")}, turnLines...)...)
	want := `turn.started user
item.started m1:0
item.delta m1:0 "Hm."
item.completed m1:0 completed "Hm."
item.started t1
item.delta t1 "{\"command\":\"exit 3\"}"
item.completed t1 completed
permission.requested r1 requested
usage.updated
permission.resolved (synthetic) r1 reject
item.completed t1:result failed
error overloaded server_error
turn.ended error
quota.updated
agent.unparsed claude: system/something_new: unknown kind of line
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

const started0 = `{"type":"stream_event","event":{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}},"api_message_id":"m1"}`

func streamed(message string) []string {
	start := `{"type":"stream_event","event":{"type":"message_start","message":{"id":"` + message + `"}}}`
	return []string{start, started0, strings.Replace(deltaLineOf(0, `{"type":"text_delta","text":"par"}`), "m1", message, 1)}
}

func TestStreamedText(t *testing.T) {
	begin := append([]string{user("u1"), initFor("u1")}, streamed("m1")...)
	const head = "turn.started user\nitem.started m1:0\nitem.delta m1:0 \"par\"\n"
	tests := []struct {
		name  string
		lines []string
		want  string
	}{
		{"finished", []string{text("m1", "par")}, `item.completed m1:0 completed "par"` + "\n"},
		{"rewritten", []string{text("m1", "other")}, `item.completed m1:0 completed "other" rewritten` + "\n"},
		{
			"interrupted", []string{strings.Replace(text("m1", "par"), `"parent`, `"aborted":true,"parent`, 1),
				`{"type":"stream_event","event":{"type":"message_stop"},"abandoned_blocks":{"api_message_id":"m1","from_block_index":1}}`},
			`item.completed m1:0 cancelled "par"` + "\n",
		},
		{
			"cut", []string{`{"type":"stream_event","event":{"type":"content_block_stop","index":0}}`,
				`{"type":"stream_event","event":{"type":"message_stop"},"abandoned_blocks":{"api_message_id":"m1","from_block_index":0}}`, text("m2", "whole")},
			`item.completed m1:0 failed "par"` + "\n" + `item.completed m2:0 completed "whole"` + "\n",
		},
		{"cut without a word", []string{text("m2", "whole")}, `item.completed m1:0 failed "par"` + "\n" + `item.completed m2:0 completed "whole"` + "\n"},
		{
			"no final line", []string{`{"type":"stream_event","event":{"type":"message_stop"}}`},
			`item.completed m1:0 completed "par"` + "\n",
		},
		{
			"interrupted without a word", []string{resultFor(`,"is_error":true,"terminal_reason":"aborted_streaming"`, "u1")},
			`item.completed m1:0 cancelled "par"` + "\nturn.ended interrupted\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newConverter("s", drivers.Settings{}, false)
			if diff := cmp.Diff(head+tt.want, play(t, c, append(begin, tt.lines...)...)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRedactedThinking(t *testing.T) {
	c := begun()
	events := c.Convert(nil, []byte(`{"type":"assistant","message":{"id":"m9","content":[{"type":"redacted_thinking","data":"x"}]}}`))
	last := events[len(events)-1].Data.(*universal.ItemData)
	want := universal.Content{&universal.ReasoningPart{Visibility: universal.VisibilityPrivate}}
	if diff := cmp.Diff(want, last.Item.Content); diff != "" {
		t.Errorf("content (-want +got):\n%s", diff)
	}
}

// call and its result, as lines.
func callOf(id, name, input, parent string) string {
	return `{"type":"assistant","message":{"id":"m-` + id + `","content":[{"type":"tool_use","id":"` + id + `","name":"` + name + `","input":` + input + `}]},"parent_tool_use_id":` + parent + `}`
}

func answerOf(id, content, rest string) string {
	return `{"type":"user","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"` + id + `","content":` + content + `}]}` + rest + `}`
}

// told is the result of a sub-agent's call, of which there is no structured copy.
func told(id, text string, failed bool) string {
	return fmt.Sprintf(`{"type":"user","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":%q,"content":%q,"is_error":%t}]},"parent_tool_use_id":"a1"}`, id, text, failed)
}

func TestResultParts(t *testing.T) {
	zero, three := 0, 3
	bash := func(id string) string { return callOf(id, "Bash", `{"command":"x"}`, "null") }
	success := `,"tool_use_result":{"stdout":"out","stderr":"warn","interrupted":false}`
	tests := []struct {
		name  string
		lines []string
		want  universal.Content // without the tool_result part
		state universal.ItemStatus
	}{
		{
			name: "command", lines: []string{bash("t1"), answerOf("t1", `"out"`, success)},
			want:  universal.Content{&universal.CommandPart{Command: "x", Cwd: "/w", ExitCode: &zero, Output: "out\nwarn"}},
			state: universal.StatusCompleted,
		},
		{
			name:  "failed command",
			lines: []string{bash("t1"), strings.Replace(answerOf("t1", `"Exit code 3\noops"`, `,"tool_use_result":"Error: x"`), `"content":"E`, `"is_error":true,"content":"E`, 1)},
			want:  universal.Content{&universal.CommandPart{Command: "x", Cwd: "/w", ExitCode: &three, Output: "oops"}},
			state: universal.StatusFailed,
		},
		{
			name: "interrupted command",
			lines: []string{bash("t1"), strings.Replace(answerOf("t1", `"rejected"`, `,"tool_use_result":"User rejected tool use","tool_result_meta":[{"id":"t1","non_execution_kind":"user-rejected"}]`),
				`"content":"r`, `"is_error":true,"content":"r`, 1)},
			want:  universal.Content{&universal.CommandPart{Command: "x", Cwd: "/w"}},
			state: universal.StatusCancelled,
		},
		{
			name: "command that was refused",
			lines: []string{bash("t1"), strings.Replace(answerOf("t1", `"no"`, `,"tool_result_meta":[{"id":"t1","non_execution_kind":"permission-rule"}]`),
				`"content":"n`, `"is_error":true,"content":"n`, 1)},
			state: universal.StatusFailed,
		},
		{
			name:  "command in the background",
			lines: []string{bash("t1"), answerOf("t1", `"Command running in background with ID: b1"`, `,"tool_use_result":{"stdout":"","interrupted":false,"backgroundTaskId":"b1"}`)},
			want:  universal.Content{&universal.CommandPart{Command: "x", Cwd: "/w"}},
			state: universal.StatusCompleted,
		},
		{
			name:  "command after a cd",
			lines: []string{callOf("t0", "Bash", `{"command":"cd sub && make"}`, "null"), answerOf("t0", `"ok"`, success), bash("t1"), answerOf("t1", `"out"`, success)},
			want:  universal.Content{&universal.CommandPart{Command: "x", ExitCode: &zero, Output: "out\nwarn"}},
			state: universal.StatusCompleted,
		},
		{
			name:  "read",
			lines: []string{callOf("t1", "Read", `{"file_path":"/w/a.txt"}`, "null"), answerOf("t1", `"1\tx"`, "")},
			want:  universal.Content{&universal.FileRefPart{Path: "/w/a.txt", Action: universal.FileRead}},
			state: universal.StatusCompleted,
		},
		{
			name: "overwritten",
			lines: []string{callOf("t1", "Write", `{"file_path":"/w/a.txt","content":"new\n"}`, "null"),
				answerOf("t1", `"ok"`, `,"tool_use_result":{"type":"update","filePath":"/w/a.txt","content":"new\n","originalFile":"old\n","structuredPatch":[{"oldStart":1,"oldLines":1,"newStart":1,"newLines":1,"lines":["-old","+new"]}]}`)},
			want:  universal.Content{&universal.FileRefPart{Path: "/w/a.txt", Action: universal.FileWrite, Diff: "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-old\n+new\n"}},
			state: universal.StatusCompleted,
		},
		{
			name: "edit outside of the directory",
			lines: []string{callOf("t1", "Edit", `{"file_path":"/else/a.txt"}`, "null"),
				answerOf("t1", `"ok"`, `,"tool_use_result":{"filePath":"/else/a.txt","structuredPatch":[{"oldStart":4,"oldLines":0,"newStart":5,"newLines":2,"lines":["+a","+b"]}]}`)},
			want:  universal.Content{&universal.FileRefPart{Path: "/else/a.txt", Action: universal.FilePatch, Diff: "--- a/else/a.txt\n+++ b/else/a.txt\n@@ -4,0 +5,2 @@\n+a\n+b\n"}},
			state: universal.StatusCompleted,
		},
		{
			name:  "picture",
			lines: []string{callOf("t1", "Read", `{"file_path":"/w/a.png"}`, "null"), answerOf("t1", `[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBO"}}]`, "")},
			want:  universal.Content{&universal.FileRefPart{Path: "/w/a.png", Action: universal.FileRead}, &universal.ImagePart{Mime: "image/png", Data: "iVBO"}},
			state: universal.StatusCompleted,
		},
		{
			name:  "command that is watched",
			lines: []string{callOf("t1", "Monitor", `{"command":"tail -f x","description":"logs"}`, "null"), answerOf("t1", `"Monitor started (task b1)"`, `,"tool_use_result":{"taskId":"b1"}`)},
			want:  universal.Content{&universal.CommandPart{Command: "tail -f x", Cwd: "/w"}},
			state: universal.StatusCompleted,
		},
		{
			name:  "command of a sub-agent",
			lines: []string{callOf("t1", "Bash", `{"command":"npm test"}`, `"a1"`), told("t1", "ok", false)},
			want:  universal.Content{&universal.CommandPart{Command: "npm test", ExitCode: &zero, Output: "ok"}},
			state: universal.StatusCompleted,
		},
		{
			name:  "command of a sub-agent whose code may be an answer",
			lines: []string{callOf("t1", "Bash", `{"command":"cd x && git diff --exit-code"}`, `"a1"`), told("t1", noOutput, false)},
			want:  universal.Content{&universal.CommandPart{Command: "cd x && git diff --exit-code"}},
			state: universal.StatusCompleted,
		},
		{
			name:  "command of a sub-agent that took too long",
			lines: []string{callOf("t1", "Bash", `{"command":"x"}`, `"a1"`), told("t1", "Command did not complete within its 120s timeout and was moved to the background (ID: b1).", false)},
			want:  universal.Content{&universal.CommandPart{Command: "x"}},
			state: universal.StatusCompleted,
		},
		{
			name:  "file that a sub-agent has made",
			lines: []string{callOf("t1", "Write", `{"file_path":"/w/a.txt","content":"new\n"}`, `"a1"`), answerOf("t1", `"File created successfully at: /w/a.txt"`, `,"parent_tool_use_id":"a1"`)},
			want:  universal.Content{&universal.FileRefPart{Path: "/w/a.txt", Action: universal.FileWrite, Diff: "--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1 @@\n+new\n"}},
			state: universal.StatusCompleted,
		},
		{
			name:  "file that a sub-agent has overwritten",
			lines: []string{callOf("t1", "Write", `{"file_path":"/w/a.txt","content":"new\n"}`, `"a1"`), answerOf("t1", `"The file /w/a.txt has been updated successfully."`, `,"parent_tool_use_id":"a1"`)},
			want:  universal.Content{&universal.FileRefPart{Path: "/w/a.txt", Action: universal.FileWrite}},
			state: universal.StatusCompleted,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newConverter("s", drivers.Settings{}, false)
			var events []universal.Event
			for _, line := range append([]string{initFor("u1")}, tt.lines...) {
				events = c.Convert(events, []byte(line))
			}
			at := slices.IndexFunc(events, func(ev universal.Event) bool {
				d, ok := ev.Data.(*universal.ItemData)
				return ok && d.Item.ItemID == "t1:result"
			})
			if at < 0 {
				t.Fatalf("no result:\n%s", describe(events))
			}
			got := events[at].Data.(*universal.ItemData)
			if got.Item.Status != tt.state {
				t.Errorf("status %q, want %q", got.Item.Status, tt.state)
			}
			rest := got.Item.Content[1:]
			if len(rest) == 0 {
				rest = nil
			}
			if diff := cmp.Diff(tt.want, rest); diff != "" {
				t.Errorf("parts (-want +got):\n%s", diff)
			}
		})
	}
}

// What the model got besides text is said, not given as JSON of it.
func TestResultOutput(t *testing.T) {
	for _, tt := range []struct{ name, content, want string }{
		{"texts", `[{"type":"text","text":"a"},{"type":"text","text":"b"}]`, "a\nb"},
		{"tools that were looked for", `[{"type":"tool_reference","tool_name":"WebFetch"},{"type":"tool_reference","tool_name":"mcp__demo__add"}]`, "WebFetch\nmcp__demo__add"},
		{"document", `[{"type":"text","text":"PDF file read"},{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"}}]`, "PDF file read\n[document application/pdf]"},
		{"search", `[{"type":"web_search_result","title":"A page","url":"https://a.example","encrypted_content":"x"}]`, "A page https://a.example"},
		{"block that nobody knows", `[{"type":"new", "what": {"is": 1}}]`, `{"type":"new","what":{"is":1}}`},
		{"no list", `{"type":"web_search_tool_result_error", "error_code":"unavailable"}`, `{"type":"web_search_tool_result_error","error_code":"unavailable"}`},
		{"nothing", `null`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := readResult(&contentBlock{Content: json.RawMessage(tt.content)}); got.text != tt.want {
				t.Errorf("the output is %q, want %q", got.text, tt.want)
			}
		})
	}
}

// When a sub-agent is stopped that has one of its own, the CLI tells of the
// outer one first, and of what they were doing afterwards.
func TestSubagentsThatAreStopped(t *testing.T) {
	c := newConverter("s", drivers.Settings{}, false)
	lines := []string{
		user("u1"), initFor("u1"),
		callOf("a1", "Agent", `{"description":"outer"}`, "null"),
		`{"type":"system","subtype":"task_started","task_id":"k1","tool_use_id":"a1","description":"outer","is_backgrounded":true}`,
		answerOf("a1", `"launched"`, ""),
		callOf("a2", "Agent", `{"description":"inner"}`, `"a1"`),
		`{"type":"system","subtype":"task_started","task_id":"k2","tool_use_id":"a2","is_backgrounded":false,"parent_task_id":"k1"}`,
		callOf("b1", "Bash", `{"command":"make"}`, `"a2"`),
		callOf("b2", "Bash", `{"command":"rm x"}`, `"a2"`),
		`{"type":"control_request","request_id":"r1","request":{"subtype":"can_use_tool","tool_name":"Bash","tool_use_id":"b2","agent_id":"k2","input":{"command":"rm x"}}}`,
		`{"type":"system","subtype":"task_notification","task_id":"k1","tool_use_id":"a1","status":"stopped","summary":"outer"}`,
		told("a2", "rejected", true),
		`{"type":"system","subtype":"task_notification","task_id":"k2","tool_use_id":"a2","status":"stopped","summary":"inner"}`,
		resultFor("", "u1"),
	}
	got := play(t, c, lines...)
	want := `turn.started user
item.completed a1 completed
item.completed task:k1:started completed [background task started|outer]
item.completed a1:result completed
item.completed a2 under a1 completed
item.completed b1 under a2 completed
item.completed b2 under a2 completed
permission.requested r1 requested
item.completed (synthetic) b1:result under a2 cancelled
permission.resolved (synthetic) r1 reject
item.completed (synthetic) b2:result under a2 cancelled
item.completed (synthetic) a2:result under a1 cancelled
item.completed task:k1:ended cancelled [background task stopped|outer]
turn.ended end_turn
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// The command that ran when its sub-agent was stopped is told, without a code;
// one that waited for a permission is not.
func TestCommandsOfStoppedSubagent(t *testing.T) {
	c := newConverter("s", drivers.Settings{}, false)
	var events []universal.Event
	for _, line := range []string{
		initFor("u1"), callOf("a1", "Agent", `{}`, "null"),
		callOf("b1", "Bash", `{"command":"make"}`, `"a1"`),
		callOf("b2", "Bash", `{"command":"rm x"}`, `"a1"`),
		`{"type":"control_request","request_id":"r1","request":{"subtype":"can_use_tool","tool_name":"Bash","tool_use_id":"b2","agent_id":"k1","input":{"command":"rm x"}}}`,
		answerOf("a1", `"stopped"`, ""),
	} {
		events = c.Convert(events, []byte(line))
	}
	ran := map[string]*universal.CommandPart{}
	for _, ev := range events {
		d, ok := ev.Data.(*universal.ItemData)
		if !ok || d.Item.Kind != universal.KindToolResult || d.Item.ParentID == "" {
			continue
		}
		ran[d.Item.ItemID] = nil
		for _, part := range d.Item.Content {
			if p, ok := part.(*universal.CommandPart); ok {
				ran[d.Item.ItemID] = p
			}
		}
	}
	want := map[string]*universal.CommandPart{"b1:result": {Command: "make"}, "b2:result": nil}
	if diff := cmp.Diff(want, ran); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

func TestSubagentThatIsStopped(t *testing.T) {
	c := newConverter("s", drivers.Settings{}, false)
	got := play(t, c,
		user("u1"), initFor("u1"),
		callOf("a1", "Agent", `{"description":"look"}`, "null"),
		`{"type":"system","subtype":"background_tasks_changed","tasks":[{"task_id":"k1"}]}`,
		`{"type":"system","subtype":"task_started","task_id":"k1","tool_use_id":"a1","description":"look","is_backgrounded":true}`,
		answerOf("a1", `"launched"`, ""),
		callOf("b1", "Bash", `{"command":"x"}`, `"a1"`),
		resultFor("", "u1"),
		`{"type":"system","subtype":"task_notification","task_id":"k1","tool_use_id":"a1","status":"stopped","summary":"look"}`,
		`{"type":"system","subtype":"background_tasks_changed","tasks":[]}`,
	)
	want := `turn.started user
item.completed a1 completed
item.completed task:k1:started completed [background task started|look]
item.completed a1:result completed
item.completed b1 under a1 completed
turn.ended end_turn
item.completed (synthetic) b1:result under a1 cancelled
item.completed task:k1:ended cancelled [background task stopped|look]
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if c.tasks.n != 0 || !c.tasks.changed {
		t.Errorf("background tasks: %+v", c.tasks)
	}
	if len(c.calls) != 0 || len(c.streams) != 1 {
		t.Errorf("something is left: calls %v, streams %v", c.calls, c.streams)
	}
}

func TestModes(t *testing.T) {
	status := func(mode string) string {
		return `{"type":"system","subtype":"status","status":null,"permissionMode":"` + mode + `"}`
	}
	tests := []struct {
		name     string
		settings drivers.Settings
		lines    []string
		want     string
	}{
		{"nothing new", drivers.Settings{}, []string{status("default"), status("dontAsk")}, ""},
		{"the agent plans", drivers.Settings{}, []string{status("plan"), status("default")},
			"session.updated {\"agent_mode\":\"plan\"}\nsession.updated {\"agent_mode\":\"build\"}\n"},
		{"a plan was approved", drivers.Settings{AgentMode: "plan", PermissionMode: "acceptEdits"}, []string{status("plan"), status("acceptEdits")},
			"session.updated {\"agent_mode\":\"build\"}\n"},
		{"planning as a permission mode", drivers.Settings{PermissionMode: "plan"}, []string{status("plan"), status("default")},
			"session.updated {\"permission_mode\":\"default\"}\n"},
		{"bypass", drivers.Settings{}, []string{status("bypassPermissions"), status("bypassPermissions")},
			"session.updated {\"permission_mode\":\"bypass\"}\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newConverter("s", tt.settings, false)
			if diff := cmp.Diff(tt.want, play(t, c, tt.lines...)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStatusItems(t *testing.T) {
	c := newConverter("s", drivers.Settings{}, false)
	got := play(t, c,
		`{"type":"system","subtype":"status","status":"compacting","uuid":"x"}`,
		`{"type":"system","subtype":"status","status":null,"compact_result":"success"}`,
		`{"type":"system","subtype":"compact_boundary","uuid":"y","compact_metadata":{"trigger":"auto","pre_tokens":900,"post_tokens":90}}`,
		`{"type":"system","subtype":"status","status":"compacting","uuid":"z"}`,
		`{"type":"system","subtype":"status","status":null,"compact_result":"failed","compact_error":"no model"}`,
		`{"type":"system","subtype":"informational","uuid":"i","content":"Look out","level":"warning"}`,
		`{"type":"system","subtype":"session_title_changed","title":"A title"}`,
		`{"type":"system","subtype":"session_writes_lost"}`,
		`{"type":"auth_status","isAuthenticating":true}`,
		`{"type":"keep_alive"}`,
		`{"type":"rate_limit_event","rate_limit_info":{}}`,
	)
	want := `item.started compaction:x [compacting|]
item.completed compaction:x completed [compacted|auto: 900 tokens → 90 tokens]
item.started compaction:z [compacting|]
item.completed compaction:z failed [compacting|no model]
item.completed notice:i completed [warning|Look out]
session.updated {"title":"A title"}
error internal session_writes_lost
agent.unparsed claude: rate_limit_event: no status in rate_limit_info
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestNoJSON(t *testing.T) {
	c := newConverter("s", drivers.Settings{}, false)
	events := c.Convert(nil, []byte("Segmentation fault \xff"))
	if len(events) != 1 || events[0].Type != universal.TypeUnparsed || !json.Valid(events[0].Raw) {
		t.Errorf("events: %s, raw %q", describe(events), events[0].Raw)
	}
}

func TestUsage(t *testing.T) {
	c := newConverter("s", drivers.Settings{}, false)
	var last *universal.Usage
	var updates []string
	for _, line := range append([]string{user("u1")}, turnLines...) {
		if own, ok := strings.CutPrefix(line, "> "); ok {
			c.Outgoing([]byte(own))
			continue
		}
		for _, ev := range c.Convert(nil, []byte(line)) {
			switch d := ev.Data.(type) {
			case *universal.UsageData:
				text, err := json.Marshal(d)
				if err != nil {
					t.Fatal(err)
				}
				updates = append(updates, string(text))
			case *universal.TurnEndedData:
				last = d.Usage
			}
		}
	}
	if diff := cmp.Diff([]string{
		`{"input_tokens":150,"cached_input_tokens":30,"cache_write_tokens":20,"output_tokens":40,"total_tokens":190,"context_used":190}`,
	}, updates); diff != "" {
		t.Errorf("updates (-want +got):\n%s", diff)
	}
	got, err := json.Marshal(last)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"input_tokens":150,"cached_input_tokens":30,"cache_write_tokens":20,"output_tokens":45,"reasoning_tokens":5,"total_tokens":195,"cost_usd":0.5,"context_window":200000,"context_used":190}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("usage of the turn (-want +got):\n%s", diff)
	}
}

func TestUsageTotals(t *testing.T) {
	total := func(output int) string {
		return fmt.Sprintf(`,"usage":{"input_tokens":1,"output_tokens":2},"modelUsage":{"big":{"inputTokens":10,"outputTokens":%d,"costUSD":%d}}`, output, output)
	}
	tests := []struct {
		name    string
		resumed bool
		results []string
		want    []int64 // output tokens of each turn
	}{
		{"running totals", false, []string{total(5), total(12)}, []int64{5, 7}},
		{"resumed", true, []string{total(100), total(107)}, []int64{2, 7}},
		{"set to 0 by a new conversation", false, []string{total(50), strings.Replace(total(3), "10", "4", 1)}, []int64{50, 3}},
		{"since the last result", true, []string{total(100) + `,"model_usage_since_last_result":{"big":{"outputTokens":4}}`}, []int64{4}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newConverter("s", drivers.Settings{}, tt.resumed)
			var got []int64
			for i, rest := range tt.results {
				id := fmt.Sprint("u", i)
				c.Outgoing([]byte(strings.TrimPrefix(user(id), "> ")))
				for _, ev := range c.Convert(nil, []byte(resultFor(rest, id))) {
					if d, ok := ev.Data.(*universal.TurnEndedData); ok {
						got = append(got, *d.Usage.OutputTokens)
					}
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("output tokens (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTaskList(t *testing.T) {
	c := newConverter("s", drivers.Settings{}, false)
	var lists [][]universal.PlanEntry
	step := func(id, tool, input, twin string) {
		t.Helper()
		for _, line := range []string{callOf(id, tool, input, "null"), answerOf(id, `"ok"`, `,"tool_use_result":`+twin)} {
			for _, ev := range c.Convert(nil, []byte(line)) {
				if d, ok := ev.Data.(*universal.PlanData); ok {
					lists = append(lists, d.Entries)
				}
			}
		}
	}
	step("t1", "TaskCreate", `{"subject":"a"}`, `{"task":{"id":"1","subject":"a"}}`)
	step("t2", "TaskUpdate", `{"taskId":"1","status":"in_progress"}`, `{"success":true,"taskId":"1"}`)
	step("t3", "TaskUpdate", `{"taskId":"9","status":"completed"}`, `{"success":false}`)
	step("t4", "TaskList", `{}`, `{"tasks":[{"id":"1","subject":"a","status":"in_progress"}]}`)
	step("t5", "TaskUpdate", `{"taskId":"1","status":"deleted"}`, `{"success":true}`)
	step("t6", "TodoWrite", `{}`, `{"oldTodos":[],"newTodos":[{"content":"b","status":"completed"}]}`)
	want := [][]universal.PlanEntry{
		{{Content: "a", Status: universal.PlanPending}},
		{{Content: "a", Status: universal.PlanInProgress}},
		{},
		{{Content: "b", Status: universal.PlanCompleted}},
	}
	if diff := cmp.Diff(want, lists); diff != "" {
		t.Errorf("lists (-want +got):\n%s", diff)
	}
}

func TestErrorCategories(t *testing.T) {
	status := func(n int) *int { return &n }
	tests := []struct {
		t         trouble
		want      universal.ErrorCategory
		retryable bool
	}{
		{trouble{category: "authentication_failed", status: status(401)}, universal.CategoryAuth, false},
		{trouble{category: "rate_limit", status: status(429)}, universal.CategoryRateLimit, true},
		{trouble{category: "rate_limit", status: status(429), exact: "usage_limit_reached"}, universal.CategoryUsageLimit, true},
		{trouble{category: "billing_error", status: status(400)}, universal.CategoryUsageLimit, false},
		{trouble{category: "server_error", status: status(529)}, universal.CategoryOverloaded, true},
		{trouble{category: "server_error", status: status(500)}, universal.CategoryModel, true},
		{trouble{category: "overloaded"}, universal.CategoryOverloaded, true},
		{trouble{category: "invalid_request", status: status(400), text: "Prompt is too long · x"}, universal.CategoryContextLength, false},
		{trouble{category: "invalid_request"}, universal.CategoryModel, false},
		{trouble{category: "model_not_found", status: status(404)}, universal.CategoryModel, false},
		{trouble{category: "unknown", status: status(400)}, universal.CategoryModel, false},
		{trouble{category: "unknown"}, universal.CategoryNetwork, true},
		{trouble{terminal: "budget_exhausted"}, universal.CategoryUsageLimit, false},
		{trouble{}, universal.CategoryInternal, false},
	}
	for _, tt := range tests {
		got, retryable := tt.t.categorize()
		if got != tt.want || retryable != tt.retryable {
			t.Errorf("%+v is %s, retryable %v; want %s, %v", tt.t, got, retryable, tt.want, tt.retryable)
		}
	}
}

func TestDroppedHasReasons(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range dropped {
		if d.reason == "" || seen[d.kind] {
			t.Errorf("%s: no reason, or twice", d.kind)
		}
		seen[d.kind] = true
		if handlerOf(d.kind) != nil {
			t.Errorf("%s is dropped and handled", d.kind)
		}
	}
}

// Diffs name files relative to the session's directory, wherever a command has
// gone to, and leave out what lies elsewhere.
func TestDiffs(t *testing.T) {
	c := newConverter("s", drivers.Settings{}, false)
	var events []universal.Event
	for _, line := range []string{
		initFor("u1"),
		strings.Replace(initFor("u2"), `"cwd":"/w"`, `"cwd":"/w/sub"`, 1),
		callOf("t1", "Write", `{"file_path":"/w/a.txt","content":"new\n"}`, "null"),
		answerOf("t1", `"ok"`, `,"tool_use_result":{"type":"create","filePath":"/w/a.txt","content":"new\n","originalFile":null,"structuredPatch":[]}`),
		callOf("t2", "Write", `{"file_path":"/home/user/.claude/plans/a.md","content":"1. x\n"}`, "null"),
		answerOf("t2", `"ok"`, `,"tool_use_result":{"type":"create","filePath":"/home/user/.claude/plans/a.md","content":"1. x\n","originalFile":null,"structuredPatch":[]}`),
		callOf("t3", "Edit", `{"file_path":"/w/b.txt"}`, "null"),
		answerOf("t3", `"ok"`, ""),
	} {
		events = c.Convert(events, []byte(line))
	}
	var last *universal.DiffData
	for _, ev := range events {
		if d, ok := ev.Data.(*universal.DiffData); ok {
			last = d
		}
	}
	want := &universal.DiffData{
		Scope: universal.DiffTurn,
		Diff:  "diff --git a/a.txt b/a.txt\nnew file mode 100644\n--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1 @@\n+new\n",
		Files: []universal.DiffFile{
			{Path: "a.txt", Action: universal.FileWrite, Additions: 1},
			{Path: "b.txt", Action: universal.FilePatch}, // nobody told how
		},
	}
	if diff := cmp.Diff(want, last); diff != "" {
		t.Errorf("the last diff (-want +got):\n%s\n%s", diff, describe(events))
	}
}

// What a tool is by its kind decides, among others, whether it may be asked for
// in the permission mode plan.
func TestToolKinds(t *testing.T) {
	for name, want := range map[string]universal.ToolKind{
		"Bash": universal.ToolExecute, "Monitor": universal.ToolExecute,
		"Read": universal.ToolRead, "Skill": universal.ToolRead, "TaskOutput": universal.ToolRead,
		"Write": universal.ToolEdit, "NotebookEdit": universal.ToolEdit,
		"WebSearch": universal.ToolSearch, "ToolSearch": universal.ToolSearch,
		"WebFetch": universal.ToolFetch, "Agent": universal.ToolSubagent, "TaskCreate": universal.ToolThink,
		"ExitPlanMode": universal.ToolQuestion, "mcp__demo__add": universal.ToolMCP,
		"Workflow": universal.ToolOther, "TaskStop": universal.ToolOther, "NoSuchTool": universal.ToolOther,
	} {
		if got := toolKind(name); got != want {
			t.Errorf("%s is of kind %s, want %s", name, got, want)
		}
	}
}
