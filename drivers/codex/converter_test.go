package codex

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// lines about the thread "root", whose turn "t1" runs.
type lines []string

func note(method, params string) string {
	return fmt.Sprintf(`{"method":%q,"params":{"threadId":"root","turnId":"t1",%s}}`, method, params)
}

func started(item string) string   { return note("item/started", `"item":{`+item+`}`) }
func completed(item string) string { return note("item/completed", `"item":{`+item+`}`) }

func running(settings drivers.Settings) *converter {
	c := newConverter("key", settings)
	c.root, c.directory = "root", "/project"
	c.turnRequested()
	feed(c, `{"method":"turn/started","params":{"threadId":"root","turn":{"id":"t1"}}}`)
	return c
}

func feed(c *converter, lines ...string) []universal.Event {
	var events []universal.Event
	for _, line := range lines {
		m, err := decodeMessage([]byte(line))
		if err != nil {
			panic(err)
		}
		events = c.Convert(events, &m, []byte(line))
	}
	return events
}

// shown is an event in short.
func shown(ev *universal.Event) string {
	data, err := json.Marshal(ev.Data)
	if err != nil {
		return err.Error()
	}
	switch d := ev.Data.(type) {
	case *universal.ItemData:
		content, _ := json.Marshal(d.Item.Content)
		data = fmt.Appendf(nil, "%s %s %q %s", d.Item.ItemID, d.Item.Status, d.Item.ParentID, content)
	case *universal.PermissionData:
		data = fmt.Appendf(nil, "%s %s %q %s %v", d.PermissionID, d.Status, d.ItemID, d.Title, d.Options[1].Rules)
	case *universal.UnparsedData:
		data = []byte(d.Error)
	}
	return string(ev.Type) + " " + string(data)
}

// Codex tells of a tool server that doesn't start at each attempt; a person is
// told once of each reason.
func TestServerThatDoesNotStart(t *testing.T) {
	status := func(status, why string) string {
		return fmt.Sprintf(`{"method":"mcpServer/startupStatus/updated","params":{"threadId":"root","name":"tools","status":%q,"error":%q}}`, status, why)
	}
	c := running(drivers.Settings{})
	var told []string
	for _, ev := range feed(c,
		status("starting", ""), status("failed", "no file"), status("starting", ""), status("failed", "no file"),
		status("failed", "no network"), status("ready", ""), status("failed", "no network"),
	) {
		told = append(told, ev.Data.(*universal.ErrorData).Message)
	}
	const start = "mcp server tools could not be started: "
	if diff := cmp.Diff([]string{start + "no file", start + "no network", start + "no network"}, told); diff != "" {
		t.Errorf("what is told (-want +got):\n%s", diff)
	}
}

func TestConvert(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lines lines
		want  []string
	}{
		{"a tool of another client", lines{
			started(`"type":"dynamicToolCall","id":"c","namespace":"crm","tool":"lookup","arguments":{"id":1},"status":"inProgress"`),
			completed(`"type":"dynamicToolCall","id":"c","namespace":"crm","tool":"lookup","arguments":{"id":1},"status":"completed","success":false,"contentItems":[{"type":"inputText","text":"none"},{"type":"inputImage","imageUrl":"data:image/png;base64,AAAA"}]`),
		}, []string{
			`item.completed t1/c completed "" [{"type":"tool_call","name":"crm.lookup","arguments":"{\"id\":1}","call_id":"t1/c","tool_kind":"other","title":"crm.lookup"}]`,
			`item.completed t1/c:result failed "" [{"type":"tool_result","call_id":"t1/c","output":"none","is_error":true},{"type":"image","path":null,"mime":"image/png","data":"AAAA"}]`,
		}},
		{"what a tool server can give", lines{
			completed(`"type":"mcpToolCall","id":"c","server":"s","tool":"t","arguments":{},"status":"completed","result":{"content":[{"type":"text","text":"a"},{"type":"image","data":"AAAA","mimeType":"image/png"},{"type":"resource_link","uri":"x:y"}]}`),
			completed(`"type":"mcpToolCall","id":"d","server":"s","tool":"t","arguments":{},"status":"completed","result":{"content":[],"structuredContent":{"n":1}}`),
			completed(`"type":"mcpToolCall","id":"e","server":"s","tool":"t","arguments":{},"status":"failed","error":{"message":"timed out"}`),
		}, []string{
			`item.completed t1/c completed "" [{"type":"tool_call","name":"mcp__s__t","arguments":"{}","call_id":"t1/c","tool_kind":"mcp","title":"s.t"}]`,
			`item.completed t1/c:result completed "" [{"type":"tool_result","call_id":"t1/c","output":"a\n{\"type\":\"resource_link\",\"uri\":\"x:y\"}","is_error":false},{"type":"image","path":null,"mime":"image/png","data":"AAAA"}]`,
			`item.completed t1/d completed "" [{"type":"tool_call","name":"mcp__s__t","arguments":"{}","call_id":"t1/d","tool_kind":"mcp","title":"s.t"}]`,
			`item.completed t1/d:result completed "" [{"type":"tool_result","call_id":"t1/d","output":"{\"n\":1}","is_error":false}]`,
			`item.completed t1/e completed "" [{"type":"tool_call","name":"mcp__s__t","arguments":"{}","call_id":"t1/e","tool_kind":"mcp","title":"s.t"}]`,
			`item.completed t1/e:result failed "" [{"type":"tool_result","call_id":"t1/e","output":"timed out","is_error":true}]`,
		}},
		{"progress of a tool", lines{
			started(`"type":"mcpToolCall","id":"c","server":"s","tool":"t","arguments":{},"status":"inProgress"`),
			note("item/mcpToolCall/progress", `"itemId":"c","message":"half way"`),
		}, []string{
			`item.completed t1/c completed "" [{"type":"tool_call","name":"mcp__s__t","arguments":"{}","call_id":"t1/c","tool_kind":"mcp","title":"s.t"}]`,
			`item.started t1/c:result in_progress "" [{"type":"tool_result","call_id":"t1/c","output":"","is_error":false}]`,
			`item.delta {"item_id":"t1/c:result","native_item_id":"c","delta":"half way\n"}`,
		}},
		{"a picture that was made", lines{
			completed(`"type":"imageGeneration","id":"g","status":"completed","revisedPrompt":"a dot","failure":null,"result":"AAAA"`),
		}, []string{
			`item.completed t1/g completed "" [{"type":"tool_call","name":"image_generation","arguments":"{\"prompt\":\"a dot\"}","call_id":"t1/g","tool_kind":"other","title":"a dot"}]`,
			`item.completed t1/g:result completed "" [{"type":"tool_result","call_id":"t1/g","output":"","is_error":false},{"type":"image","path":null,"mime":"image/png","data":"AAAA"}]`,
		}},
		{"a search for several things", lines{
			completed(`"type":"webSearch","id":"w","query":"go sse","action":{"type":"search","query":"go sse","queries":["go sse","event stream"]},"results":null`),
		}, []string{
			`item.completed t1/w completed "" [{"type":"tool_call","name":"web_search","arguments":"{\"action\":\"search\",\"query\":\"go sse\",\"queries\":[\"go sse\",\"event stream\"]}","call_id":"t1/w","tool_kind":"search","title":"go sse"}]`,
			`item.completed t1/w:result completed "" [{"type":"tool_result","call_id":"t1/w","output":"","is_error":false}]`,
		}},
		{"sleep", lines{
			started(`"type":"sleep","id":"s","durationMs":1500`), completed(`"type":"sleep","id":"s","durationMs":1500`),
		}, []string{
			`item.completed t1/s completed "" [{"type":"tool_call","name":"sleep","arguments":"{\"durationMs\":1500}","call_id":"t1/s","tool_kind":"other","title":"sleep 1.5s"}]`,
			`item.completed t1/s:result completed "" [{"type":"tool_result","call_id":"t1/s","output":"","is_error":false}]`,
		}},
		{"the model types into a command", lines{
			started(`"type":"commandExecution","id":"c","command":"cat","cwd":"/project","status":"inProgress"`),
			note("item/commandExecution/terminalInteraction", `"itemId":"c","stdin":""`),
			note("item/commandExecution/terminalInteraction", `"itemId":"c","stdin":"yes\n"`),
		}, []string{
			`item.completed t1/c completed "" [{"type":"tool_call","name":"exec_command","arguments":"{\"command\":\"cat\",\"cwd\":\"/project\"}","call_id":"t1/c","tool_kind":"execute","title":"cat"}]`,
			`item.completed t1/c:typed:1 completed "" [{"type":"status","label":"typed into a running command","detail":"yes\n"}]`,
		}},
		{"a warning, once", lines{
			note("warning", `"message":"old model"`), note("warning", `"message":"old model"`), note("guardianWarning", `"message":"careful"`),
		}, []string{
			`item.completed key:warning:1 completed "" [{"type":"status","label":"warning","detail":"old model"}]`,
			`item.completed key:warning:2 completed "" [{"type":"status","label":"warning","detail":"careful"}]`,
		}},
		{"another model answers", lines{
			note("model/rerouted", `"fromModel":"a","toModel":"b","reason":"highRisk"`),
		}, []string{
			`item.completed key:rerouted:1 completed "" [{"type":"status","label":"another model answers","detail":"b instead of a (highRisk)"}]`,
		}},
		{"a model reviewed a permission", lines{
			note("item/autoApprovalReview/completed", `"reviewId":"r","review":{"status":"approved","rationale":"harmless"}`),
		}, []string{
			`item.completed review:r completed "" [{"type":"status","label":"automatic review: approved","detail":"harmless"}]`,
		}},
		{"a name, a model, an effort", lines{
			note("thread/name/updated", `"threadName":"New"`),
			note("thread/settings/updated", `"threadSettings":{"model":"m2","effort":"high","collaborationMode":{"mode":"default"}}`),
			note("thread/settings/updated", `"threadSettings":{"model":"m2","effort":"high"}`),
		}, []string{
			`session.updated {"title":"New"}`, `session.updated {"model":"m2","variant":"high"}`,
		}},
		{"tries for one cause are told once", lines{
			note("error", `"willRetry":true,"error":{"message":"Reconnecting... 1/5","codexErrorInfo":{"responseStreamDisconnected":{"httpStatusCode":401}},"additionalDetails":"no key"}`),
			note("error", `"willRetry":true,"error":{"message":"Reconnecting... 2/5","codexErrorInfo":{"responseStreamDisconnected":{"httpStatusCode":401}}}`),
			note("error", `"willRetry":false,"error":{"message":"no key","codexErrorInfo":{"httpConnectionFailed":{"httpStatusCode":401}}}`),
			`{"method":"turn/completed","params":{"threadId":"root","turn":{"id":"t1","status":"failed","error":{"message":"no key"}}}}`,
		}, []string{
			`error {"message":"Reconnecting... 1/5: no key","code":"responseStreamDisconnected","details":{"status":401,"details":"no key"},"category":"auth","retryable":true,"will_retry":true}`,
			`error {"message":"no key","code":"httpConnectionFailed","details":{"status":401},"category":"auth","retryable":false,"will_retry":false}`,
			`turn.ended {"phase":"ended","stop_reason":"error"}`,
		}},
		{"a failure that only the turn tells", lines{
			`{"method":"turn/completed","params":{"threadId":"root","turn":{"id":"t1","status":"failed","error":{"message":"full","codexErrorInfo":"contextWindowExceeded"}}}}`,
		}, []string{
			`error {"message":"full","code":"contextWindowExceeded","details":null,"category":"context_length","retryable":false,"will_retry":false}`,
			`turn.ended {"phase":"ended","stop_reason":"error"}`,
		}},
		{"a request that was wrong", lines{
			note("error", `"willRetry":false,"error":{"message":"{\"error\":{\"message\":\"no such tool\",\"type\":\"invalid_request_error\"}}","codexErrorInfo":"other"}`),
			note("error", `"willRetry":false,"error":{"message":"{\"detail\":\"no\"}","codexErrorInfo":"other"}`),
		}, []string{
			`error {"message":"no such tool","code":"other","details":null,"category":"model","retryable":false,"will_retry":false}`,
			`error {"message":"{\"detail\":\"no\"}","code":"other","details":null,"category":"model","retryable":false,"will_retry":false}`,
		}},
		{"an answer that was refused", lines{
			`{"method":"turn/completed","params":{"threadId":"root","turn":{"id":"t1","status":"failed","error":{"message":"Incomplete response returned, reason: content_filter","codexErrorInfo":"other"}}}}`,
		}, []string{
			`error {"message":"Incomplete response returned, reason: content_filter","code":"other","details":null,"category":"model","retryable":false,"will_retry":false}`,
			`turn.ended {"phase":"ended","stop_reason":"refusal"}`,
		}},
		{"a sub-agent that fails, and one that is interrupted", lines{
			completed(`"type":"collabAgentToolCall","id":"a","tool":"spawnAgent","status":"completed","prompt":"look","receiverThreadIds":["child"]`),
			`{"method":"turn/started","params":{"threadId":"child","turn":{"id":"t2"}}}`,
			`{"method":"turn/completed","params":{"threadId":"child","turn":{"id":"t2","status":"failed","error":{"message":"no more tokens","codexErrorInfo":"usageLimitExceeded"}}}}`,
			started(`"type":"subAgentActivity","id":"b","kind":"started","agentThreadId":"other","agentPath":"/root/other"`),
			`{"method":"turn/started","params":{"threadId":"other","turn":{"id":"t3"}}}`,
			`{"method":"turn/completed","params":{"threadId":"other","turn":{"id":"t3","status":"interrupted"}}}`,
		}, []string{
			`item.completed t1/a completed "" [{"type":"tool_call","name":"spawn_agent","arguments":"{\"prompt\":\"look\",\"agents\":[\"child\"]}","call_id":"t1/a","tool_kind":"subagent","title":"look"}]`,
			`item.completed t1/a:result failed "" [{"type":"tool_result","call_id":"t1/a","output":"no more tokens","is_error":true}]`,
			`item.completed t1/b completed "" [{"type":"tool_call","name":"spawn_agent","arguments":"{\"agent\":\"/root/other\"}","call_id":"t1/b","tool_kind":"subagent","title":"/root/other"}]`,
			`item.completed t1/b:result cancelled "" [{"type":"tool_result","call_id":"t1/b","output":"The sub-agent was interrupted.","is_error":true}]`,
		}},
		{"what comes after the turn", lines{
			started(`"type":"agentMessage","id":"m","text":""`),
			`{"method":"turn/completed","params":{"threadId":"root","turn":{"id":"t1","status":"interrupted"}}}`,
			note("item/agentMessage/delta", `"itemId":"m","delta":"late"`),
			completed(`"type":"agentMessage","id":"m","text":"late"`),
			completed(`"type":"commandExecution","id":"c","command":"x","status":"failed","exitCode":-1`),
			`{"method":"turn/completed","params":{"threadId":"root","turn":{"id":"t1","status":"completed"}}}`,
		}, []string{
			`item.started t1/m in_progress "" [{"type":"text","text":""}]`,
			`turn.ended {"phase":"ended","stop_reason":"interrupted"}`,
		}},
		{"a turn that the agent begins", lines{
			`{"method":"turn/completed","params":{"threadId":"root","turn":{"id":"t1","status":"completed"}}}`,
			`{"method":"turn/started","params":{"threadId":"root","turn":{"id":"t2"}}}`,
			`{"method":"turn/completed","params":{"threadId":"root","turn":{"id":"t2","status":"completed"}}}`,
		}, []string{
			`turn.ended {"phase":"ended","stop_reason":"end_turn"}`,
			`turn.started {"phase":"started","origin":"agent"}`,
			`turn.ended {"phase":"ended","stop_reason":"end_turn"}`,
		}},
		{"nobody knows this", lines{
			note("news/fromTheFuture", `"a":1`),
			started(`"type":"fromTheFuture","id":"x"`),
			`{"id":5,"method":"ask/fromTheFuture","params":{"threadId":"root"}}`,
			note("turn/plan/updated", `"plan":7`),
		}, []string{
			`agent.unparsed unknown method`,
			`agent.unparsed unknown type of item "fromTheFuture"`,
			`agent.unparsed unknown request; it was refused`,
			`agent.unparsed json: cannot unmarshal number into Go struct field .plan of type []struct { Step string "json:\"step\""; Status string "json:\"status\"" }`,
		}},
		{"the network, and more rights", lines{
			`{"id":0,"method":"item/commandExecution/requestApproval","params":{"threadId":"root","turnId":"t1","itemId":"c","command":"/bin/sh -c 'curl x'","networkApprovalContext":{"host":"example.test","protocol":"https"}}}`,
			`{"id":1,"method":"item/commandExecution/requestApproval","params":{"threadId":"root","turnId":"t1","itemId":"c","command":"/bin/sh -c 'rm x'","cwd":"/project","reason":"leave the sandbox?"}}`,
			`{"id":2,"method":"item/commandExecution/requestApproval","params":{"threadId":"root","turnId":"t1","itemId":"c","command":"/bin/sh -c 'rm *'","cwd":"/elsewhere"}}`,
			`{"id":3,"method":"item/permissions/requestApproval","params":{"threadId":"root","turnId":"t1","itemId":"c","reason":"the network","permissions":{"network":{"enabled":true}}}}`,
			`{"id":4,"method":"item/fileChange/requestApproval","params":{"threadId":"root","turnId":"t1","itemId":"unknown","grantRoot":"/srv"}}`,
			note("serverRequest/resolved", `"requestId":3`),
		}, []string{
			`permission.requested key:1 requested "" Connect to example.test [network(https example.test)]`,
			`permission.requested key:2 requested "" leave the sandbox?: rm x [exec_command(rm x with more rights)]`,
			`permission.requested key:3 requested "" rm * [exec_command(exactly "rm * in /elsewhere")]`,
			`permission.requested key:4 requested "" the network [request_permissions({"network":{"enabled":true}})]`,
			`permission.requested key:5 requested "" a file change [apply_patch(request key:5) apply_patch(everything below /srv)]`,
			`permission.resolved key:4 reject "" the network [request_permissions({"network":{"enabled":true}})]`,
		}},
		{"a page to be visited", lines{
			`{"id":0,"method":"mcpServer/elicitation/request","params":{"threadId":"root","turnId":null,"serverName":"s","mode":"url","message":"Log in","url":"https://example.test","_meta":null}}`,
		}, []string{
			`question.requested {"question_id":"key:1","prompt":"Log in\nhttps://example.test","options":["Accept","Decline"],"response":null,"status":"requested","questions":[{"prompt":"Log in\nhttps://example.test","header":"s","multi_select":false,"custom":false,"secret":false,"options":[{"label":"Accept"},{"label":"Decline"}]}]}`,
		}},
		{"a question that doesn't wait", lines{
			completed(`"type":"agentMessage","id":"m","text":"Which?","delivery":"async","questions":[{"title":"Which?","options":["A","B"]}]`),
		}, []string{
			`item.completed t1/m completed "" [{"type":"text","text":"Which?"}]`,
			`question.requested {"question_id":"key:1","prompt":"Which?","options":["A","B"],"response":null,"status":"requested","questions":[{"prompt":"Which?","multi_select":false,"custom":true,"secret":false,"options":[{"label":"A"},{"label":"B"}]}]}`,
		}},
		{"a secret answer isn't shown", lines{
			`{"id":0,"method":"item/tool/requestUserInput","params":{"threadId":"root","turnId":"t1","itemId":"q","questions":[{"id":"a","header":"Key","question":"Key?","isSecret":true,"options":null}]}}`,
		}, []string{
			`item.completed t1/q completed "" [{"type":"tool_call","name":"request_user_input","arguments":"{\"questions\":[{\"id\":\"a\",\"header\":\"Key\",\"question\":\"Key?\",\"isOther\":false,\"isSecret\":true,\"options\":null}]}","call_id":"t1/q","tool_kind":"question","title":"Key?"}]`,
			`question.requested {"question_id":"key:1","prompt":"Key?","options":[],"response":null,"status":"requested","questions":[{"prompt":"Key?","header":"Key","multi_select":false,"custom":true,"secret":true,"options":[]}],"item_id":"t1/q"}`,
		}},
		{"limits, as they change", lines{
			`{"method":"account/rateLimits/updated","params":{"rateLimits":{"primary":{"usedPercent":85,"windowDurationMins":300,"resetsAt":1900000000},"secondary":{"usedPercent":3,"windowDurationMins":10080}}}}`,
			`{"method":"account/rateLimits/updated","params":{"rateLimits":{"primary":{"usedPercent":85,"windowDurationMins":300,"resetsAt":1900000000},"secondary":{"usedPercent":100,"windowDurationMins":10080},"credits":{"hasCredits":false,"unlimited":false,"balance":"0"}}}}`,
		}, []string{
			`quota.updated {"kind":"usage_limit","status":"allowed_warning","resets_at":"2030-03-17T17:46:40Z","detail":"5 hours: 85% used"}`,
			`quota.updated {"kind":"usage_limit","status":"allowed","detail":"7 days: 3% used"}`,
			`quota.updated {"kind":"usage_limit","status":"rejected","detail":"7 days: 100% used"}`,
			`quota.updated {"kind":"billing","status":"rejected","detail":"credits: 0"}`,
		}},
		{"limits with a name", lines{
			`{"method":"account/rateLimits/updated","params":{"rateLimits":{"limitName":"Large models","primary":{"usedPercent":10,"windowDurationMins":300},"secondary":{"usedPercent":20,"windowDurationMins":10080}}}}`,
		}, []string{
			`quota.updated {"kind":"usage_limit","status":"allowed","detail":"Large models 5 hours: 10% used"}`,
			`quota.updated {"kind":"usage_limit","status":"allowed","detail":"Large models 7 days: 20% used"}`,
		}},
		{"titles of calls that leave no item", lines{
			note("rawResponseItem/completed", `"item":{"type":"custom_tool_call","call_id":"p","name":"apply_patch","input":"*** Begin Patch\n*** Update File: a.txt\n*** Delete File: b.txt\n*** End Patch"}`),
			note("rawResponseItem/completed", `"item":{"type":"custom_tool_call_output","call_id":"p","output":"verification failed"}`),
			note("rawResponseItem/completed", `"item":{"type":"function_call","call_id":"q","name":"request_user_input","arguments":"{\"questions\":[{\"question\":\"Which?\"}]}"}`),
			note("rawResponseItem/completed", `"item":{"type":"function_call_output","call_id":"q","output":"Not now."}`),
		}, []string{
			`item.completed t1/p completed "" [{"type":"tool_call","name":"apply_patch","arguments":"*** Begin Patch\n*** Update File: a.txt\n*** Delete File: b.txt\n*** End Patch","call_id":"t1/p","tool_kind":"edit","title":"a.txt, b.txt"}]`,
			`item.completed t1/p:result failed "" [{"type":"tool_result","call_id":"t1/p","output":"verification failed","is_error":true}]`,
			`item.completed t1/q completed "" [{"type":"tool_call","name":"request_user_input","arguments":"{\"questions\":[{\"question\":\"Which?\"}]}","call_id":"t1/q","tool_kind":"question","title":"Which?"}]`,
			`item.completed t1/q:result completed "" [{"type":"tool_result","call_id":"t1/q","output":"Not now.","is_error":false}]`,
		}},
		{"a call that leaves no item", lines{
			note("rawResponseItem/completed", `"item":{"type":"function_call","call_id":"c","name":"no_such_tool","arguments":"{\"a\":1}"}`),
			note("rawResponseItem/completed", `"item":{"type":"function_call_output","call_id":"c","output":"unsupported call: no_such_tool"}`),
			note("rawResponseItem/completed", `"item":{"type":"message","role":"developer","content":[{"type":"input_text","text":"<skills>"}]}`),
			note("rawResponseItem/completed", `"item":{"type":"custom_tool_call","call_id":"p","name":"exec","input":"tools.x()"}`),
			completed(`"type":"sleep","id":"inside","durationMs":1`),
			note("rawResponseItem/completed", `"item":{"type":"custom_tool_call_output","call_id":"p","output":[{"type":"input_text","text":"done"}]}`),
		}, []string{
			`item.completed t1/c completed "" [{"type":"tool_call","name":"no_such_tool","arguments":"{\"a\":1}","call_id":"t1/c","tool_kind":"other","title":"no_such_tool"}]`,
			`item.completed t1/c:result failed "" [{"type":"tool_result","call_id":"t1/c","output":"unsupported call: no_such_tool","is_error":true}]`,
			`item.completed t1/inside completed "" [{"type":"tool_call","name":"sleep","arguments":"{\"durationMs\":1}","call_id":"t1/inside","tool_kind":"other","title":"sleep 1ms"}]`,
			`item.completed t1/inside:result completed "" [{"type":"tool_result","call_id":"t1/inside","output":"","is_error":false}]`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			events := feed(running(drivers.Settings{}), tt.lines...)
			var got []string
			for i := range events {
				got = append(got, shown(&events[i]))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// What an answer of the model took is counted once, whether Codex tells it, the
// model's API, or both.
func TestUsage(t *testing.T) {
	api := func(thread, turn string, input, output int) string {
		return fmt.Sprintf(`{"method":"rawResponse/completed","params":{"threadId":%q,"turnId":%q,"usage":{"inputTokens":%d,"cachedInputTokens":40,"outputTokens":%d,"reasoningOutputTokens":2}}}`, thread, turn, input, output)
	}
	codex := func(thread, turn string, input, output int) string {
		return fmt.Sprintf(`{"method":"thread/tokenUsage/updated","params":{"threadId":%q,"turnId":%q,"tokenUsage":{"last":{"inputTokens":%d,"cachedInputTokens":40,"outputTokens":%d,"reasoningOutputTokens":2,"totalTokens":900},"modelContextWindow":1000}}}`, thread, turn, input, output)
	}
	const (
		ended     = `{"method":"turn/completed","params":{"threadId":"root","turn":{"id":"t1","status":"completed"}}}`
		child     = `{"method":"item/completed","params":{"threadId":"root","turnId":"t1","item":{"type":"collabAgentToolCall","id":"a","tool":"spawnAgent","status":"completed","prompt":"look","receiverThreadIds":["child"]}}}`
		childTurn = `{"method":"turn/started","params":{"threadId":"child","turn":{"id":"t2"}}}`
		childEnd  = `{"method":"turn/completed","params":{"threadId":"child","turn":{"id":"t2","status":"completed"}}}`
	)
	for name, tt := range map[string]struct {
		lines           lines
		input, output   int64 // of the turn
		cached, updates int64
	}{
		"told by both":            {lines{api("root", "t1", 100, 8), codex("root", "t1", 100, 8), api("root", "t1", 200, 5), codex("root", "t1", 200, 5), ended}, 300, 13, 80, 2},
		"a review":                {lines{api("root", "t1", 100, 8), api("root", "t1", 200, 5), ended}, 300, 13, 80, 2},
		"a compaction":            {lines{codex("root", "t1", 100, 8), codex("root", "t1", 0, 0), ended}, 100, 8, 80, 2},
		"of a sub-agent, cut off": {lines{child, childTurn, api("child", "t2", 70, 7), childEnd, api("root", "t1", 100, 8), codex("root", "t1", 100, 8), ended}, 170, 15, 80, 2},
		"of another turn":         {lines{api("root", "t0", 1, 1), codex("root", "t0", 1, 1), codex("root", "t1", 100, 8), ended}, 100, 8, 40, 1},
	} {
		t.Run(name, func(t *testing.T) {
			events := feed(running(drivers.Settings{}), tt.lines...)
			updates := int64(0)
			for _, ev := range events {
				if ev.Type == universal.TypeUsageUpdated {
					updates++
				}
			}
			usage := events[len(events)-1].Data.(*universal.TurnEndedData).Usage
			if *usage.InputTokens != tt.input || *usage.OutputTokens != tt.output || *usage.TotalTokens != tt.input+tt.output || *usage.CachedInputTokens != tt.cached {
				t.Errorf("the turn took %d and %d of %d, %d from the cache, want %+v", *usage.InputTokens, *usage.OutputTokens, *usage.TotalTokens, *usage.CachedInputTokens, tt)
			}
			if updates != tt.updates {
				t.Errorf("it was told %d times, want %d", updates, tt.updates)
			}
		})
	}
}

// Every method of the list of what is dropped is dropped, and none is understood
// as well.
func TestDropped(t *testing.T) {
	for _, d := range dropped {
		if d.reason == "" {
			t.Errorf("%s is dropped without a reason", d.kind)
		}
		if item, ok := strings.CutPrefix(d.kind, "item/"); handlerOf(d.kind) != nil || ok && itemHandlers(item).completed != nil {
			t.Errorf("%s is dropped and understood", d.kind)
		}
		events := feed(running(drivers.Settings{}), note(d.kind, `"item":{}`))
		if !strings.HasPrefix(d.kind, "item/") && len(events) > 0 {
			t.Errorf("%s gives %d events", d.kind, len(events))
		}
	}
}

// FuzzConvert wants no line to stop a converter, and every event to be what it
// says.
func FuzzConvert(f *testing.F) {
	found, err := filepath.Glob(filepath.Join("..", "..", "fixtures", agentID, "*", "native.jsonl"))
	if err != nil || len(found) == 0 {
		f.Fatalf("there are no recordings: %v", err)
	}
	for _, name := range found[:min(len(found), 8)] {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			var entry struct {
				Dir  string
				Line json.RawMessage
			}
			if json.Unmarshal([]byte(line), &entry) == nil && entry.Dir == "out" && len(entry.Line) < 2000 {
				f.Add([]byte(entry.Line))
			}
		}
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		m, err := decodeMessage(line)
		if err != nil || m.isAnswer() {
			return
		}
		c := running(drivers.Settings{AgentMode: drivers.ModePlan})
		for range 2 { // what comes twice, too
			for _, ev := range c.Convert(nil, &m, line) {
				if !json.Valid(ev.Raw) {
					t.Fatalf("raw is no JSON: %q", ev.Raw)
				}
				if want := fmt.Sprintf("%T", universal.NewData(ev.Type)); want != fmt.Sprintf("%T", ev.Data) {
					t.Fatalf("%s has data of type %T", ev.Type, ev.Data)
				}
				if _, err := json.Marshal(ev.Data); err != nil {
					t.Fatalf("%s can't be encoded: %v", ev.Type, err)
				}
			}
		}
	})
}
