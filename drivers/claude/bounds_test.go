package claude

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// A converter holds what is open, whatever came before: after many turns of
// every kind nothing of them is left.
func TestConverterForgets(t *testing.T) {
	for _, version := range []struct{ name, capabilities string }{
		{"2.1.330", `["msg_lifecycle_v1"]`},
		{"2.1.197", `[]`}, // names no messages and tells of no background tasks
	} {
		t.Run(version.name, func(t *testing.T) {
			c := newConverter("s", drivers.Settings{}, false)
			for i := range 100 {
				lines := strings.NewReplacer("#", fmt.Sprint(i), "CAPABILITIES", version.capabilities).Replace(`
> {"type":"user","uuid":"u#"}
{"type":"system","subtype":"init","session_id":"s","capabilities":CAPABILITIES,"user_message_uuids":["u#"]}
> {"type":"user","uuid":"steered#"}
{"type":"stream_event","event":{"type":"message_start","message":{"id":"m#"}}}
{"type":"stream_event","event":{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}}
{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"never finished"}}}
{"type":"assistant","message":{"id":"a#","content":[{"type":"tool_use","id":"agent#","name":"Agent","input":{}}]}}
{"type":"system","subtype":"task_started","task_id":"k#","tool_use_id":"agent#","is_backgrounded":false}
{"type":"assistant","parent_tool_use_id":"agent#","message":{"id":"b#","content":[{"type":"tool_use","id":"open#","name":"Bash","input":{}}]}}
{"type":"control_request","request_id":"r#","request":{"subtype":"can_use_tool","tool_name":"Bash","tool_use_id":"open#","agent_id":"k#","input":{"command":"x"}}}
{"type":"control_request","request_id":"q#","request":{"subtype":"can_use_tool","tool_name":"ExitPlanMode","tool_use_id":"plan#","input":{}}}
{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"agent#","content":"stopped","is_error":true}]}}
{"type":"assistant","message":{"id":"c#","content":[{"type":"tool_use","id":"left#","name":"Bash","input":{}}]}}
{"type":"command_lifecycle","command_uuid":"steered#","state":"completed"}
{"type":"result","subtype":"success","session_id":"s","user_message_uuids":["u#"]}`)
				for _, line := range strings.Split(strings.TrimSpace(lines), "\n") {
					if own, ok := strings.CutPrefix(line, "> "); ok {
						c.Outgoing([]byte(own))
					} else if version.name == "2.1.330" || !strings.Contains(line, "command_lifecycle") {
						c.Convert(nil, []byte(line))
					}
				}
			}
			left := map[string]int{
				"streams": len(c.streams), "calls": len(c.calls), "requests": len(c.requests), "asked": len(c.asked),
				"sent": len(c.sent), "steered": len(c.turn.steered), "tasks": len(c.tasks.running), "windows": len(c.usage.windows),
			}
			want := map[string]int{
				"streams": 1, // of the main agent
				"calls":   0, "requests": 0, "asked": 0, "sent": 0, "steered": 0, "tasks": 0, "windows": 0,
			}
			if diff := cmp.Diff(want, left); diff != "" {
				t.Errorf("what is left (-want +got):\n%s", diff)
			}
		})
	}
}

// What a sub-agent asks stays open as long as it may run, and no longer.
func TestRequestsOfSubagents(t *testing.T) {
	ask := func(id, agent string) string {
		return `{"type":"control_request","request_id":"` + id + `","request":{"subtype":"can_use_tool","tool_name":"Bash","tool_use_id":"t-` + id + `","agent_id":"` + agent + `","input":{"command":"x"}}}`
	}
	c := newConverter("s", drivers.Settings{}, false)
	got := play(t, c,
		user("u1"), initFor("u1"),
		`{"type":"system","subtype":"task_started","task_id":"k1","tool_use_id":"a1","description":"look","is_backgrounded":true}`,
		ask("r1", "k1"), ask("r2", "nested"), ask("r3", ""),
		resultFor("", "u1"),
		`{"type":"system","subtype":"task_notification","task_id":"k1","tool_use_id":"a1","status":"stopped","summary":"look"}`,
		user("u2"), initFor("u2"),
		resultFor("", "u2"),
	)
	want := `turn.started user
item.completed task:k1:started completed [background task started|look]
permission.requested r1 requested
permission.requested r2 requested
permission.requested r3 requested
permission.resolved (synthetic) r3 reject
turn.ended end_turn
permission.resolved (synthetic) r1 reject
item.completed task:k1:ended cancelled [background task stopped|look]
turn.started user
permission.resolved (synthetic) r2 reject
turn.ended end_turn
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// /clear begins another conversation: its task list is empty and its totals
// begin at 0, also where they soon are above the old ones.
func TestClear(t *testing.T) {
	c := newConverter("s", drivers.Settings{}, false)
	const models = `,"usage":{"input_tokens":5,"output_tokens":1},"modelUsage":{"big":{"inputTokens":%d,"outputTokens":%d}}`
	var plans [][]universal.PlanEntry
	var usage *universal.Usage
	for _, line := range []string{
		user("u1"), initFor("u1"),
		callOf("t1", "TaskCreate", `{"subject":"a"}`, "null"),
		answerOf("t1", `"ok"`, `,"tool_use_result":{"task":{"id":"1","subject":"a"}}`),
		resultFor(fmt.Sprintf(models, 100, 10), "u1"),
		user("u2"),
		`{"type":"conversation_reset","new_conversation_id":"x"}`,
		strings.Replace(initFor("u2"), `"session_id":"s"`, `"session_id":"s2"`, 1),
		strings.Replace(resultFor("", "u2"), `"session_id":"s"`, `"session_id":"s2"`, 1),
		user("u3"),
		strings.Replace(resultFor(fmt.Sprintf(models, 150, 20), "u3"), `"session_id":"s"`, `"session_id":"s2"`, 1),
	} {
		if own, ok := strings.CutPrefix(line, "> "); ok {
			c.Outgoing([]byte(own))
			continue
		}
		for _, ev := range c.Convert(nil, []byte(line)) {
			switch d := ev.Data.(type) {
			case *universal.PlanData:
				plans = append(plans, d.Entries)
			case *universal.TurnEndedData:
				usage = d.Usage
			}
		}
	}
	want := [][]universal.PlanEntry{{{Content: "a", Status: universal.PlanPending}}, {}}
	if diff := cmp.Diff(want, plans); diff != "" {
		t.Errorf("plans (-want +got):\n%s", diff)
	}
	if usage.InputTokens == nil || *usage.InputTokens != 150 {
		t.Errorf("the turn after /clear used %v", usage)
	}
}

// The CLI fails on a local server that has no list of arguments.
func TestServerWithoutArguments(t *testing.T) {
	servers, err := mcpServers(map[string]drivers.MCPServer{
		"local":  {Type: "local", Command: []string{"/bin/tools"}},
		"remote": {Type: "remote", URL: "http://127.0.0.1:1/"},
	}, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(servers)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"local":{"type":"stdio","command":"/bin/tools","args":[]},"remote":{"type":"http","url":"http://127.0.0.1:1/"}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("servers (-want +got):\n%s", diff)
	}
}
