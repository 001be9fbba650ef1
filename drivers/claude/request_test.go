package claude

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/oneline"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

func rawList(t *testing.T, list string) []json.RawMessage {
	t.Helper()
	var raw []json.RawMessage
	if err := json.Unmarshal([]byte(list), &raw); err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestAlwaysRules(t *testing.T) {
	suggest := func(rules string) string {
		return `[{"type":"addRules","rules":[` + rules + `],"behavior":"allow","destination":"localSettings"},{"type":"setMode","mode":"acceptEdits","destination":"session"}]`
	}
	session := func(rules string) string {
		return `[{"type":"addRules","rules":[` + rules + `],"behavior":"allow","destination":"session"}]`
	}
	tests := []struct {
		name        string
		tool        string
		input       string
		suggestions string
		rules       []string
		updates     string
	}{
		{
			"the command itself", "Bash", `{"command":"touch a && echo b"}`, suggest(`{"toolName":"Bash","ruleContent":"touch a && echo b"}`),
			[]string{"Bash(touch a && echo b)"}, session(`{"toolName":"Bash","ruleContent":"touch a \u0026\u0026 echo b"}`),
		},
		{
			"a pattern for the command", "Bash", `{"command":"mkdir one"}`, suggest(`{"toolName":"Bash","ruleContent":"mkdir one *"}`),
			[]string{"Bash(mkdir one *)"}, session(`{"toolName":"Bash","ruleContent":"mkdir one *"}`),
		},
		{
			"a rule for a part of the command", "Bash", `{"command":"sleep 1; exit 1"}`, suggest(`{"toolName":"Bash","ruleContent":"exit 1"}`),
			[]string{"Bash(sleep 1; exit 1)"}, `null`,
		},
		{
			"a pattern and a compound command", "Bash", `{"command":"mkdir one; rm two"}`, suggest(`{"toolName":"Bash","ruleContent":"mkdir *"}`),
			[]string{"Bash(mkdir one; rm two)"}, `null`,
		},
		{
			"several rules", "Bash", `{"command":"a && b"}`, suggest(`{"toolName":"Bash","ruleContent":"a"},{"toolName":"Bash","ruleContent":"b"}`),
			[]string{"Bash(a && b)"}, `null`,
		},
		{
			"everything", "Bash", `{"command":"ls"}`, suggest(`{"toolName":"Bash","ruleContent":"*"}`),
			[]string{"Bash(ls)"}, `null`,
		},
		{
			"the bare tool", "mcp__demo__add", `{"b":2, "a":1}`, suggest(`{"toolName":"mcp__demo__add"}`),
			[]string{`mcp__demo__add({"b":2,"a":1})`}, `null`,
		},
		{
			"a folder", "Read", `{"file_path":"/out/1.txt"}`, suggest(`{"toolName":"Read","ruleContent":"//out/**"}`),
			[]string{"Read(//out/**)"}, session(`{"toolName":"Read","ruleContent":"//out/**"}`),
		},
		{
			"all folders", "Read", `{"file_path":"/out/1.txt"}`, suggest(`{"toolName":"Read","ruleContent":"//**"}`),
			[]string{"Read(/out/1.txt)"}, `null`,
		},
		{"no rules suggested", "Edit", `{"file_path":"/w/a.txt"}`, `[{"type":"setMode","mode":"acceptEdits"}]`, []string{"Edit(/w/a.txt)"}, `null`},
		{"another tool's rule", "Write", `{"file_path":"/w/a.txt"}`, suggest(`{"toolName":"Edit","ruleContent":"/w/**"}`), []string{"Write(/w/a.txt)"}, `null`},
		{"a rule that refuses", "Bash", `{"command":"ls"}`, `[{"type":"addRules","rules":[{"toolName":"Bash","ruleContent":"ls"}],"behavior":"deny"}]`, []string{"Bash(ls)"}, `null`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rules, updates := alwaysRules(tt.tool, oneline.JSON(json.RawMessage(tt.input)), rawList(t, tt.suggestions))
			if diff := cmp.Diff(tt.rules, rules); diff != "" {
				t.Errorf("rules (-want +got):\n%s", diff)
			}
			got, err := json.Marshal(updates)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.updates, string(got)); diff != "" {
				t.Errorf("updates (-want +got):\n%s", diff)
			}
		})
	}
	// A command with a * in it must not become a pattern.
	rules, updates := alwaysRules("Bash", json.RawMessage(`{"command":"rm *"}`),
		rawList(t, `[{"type":"addRules","rules":[{"toolName":"Bash","ruleContent":"rm *"}],"behavior":"allow"}]`))
	if rules[0] == "Bash(rm *)" || updates != nil {
		t.Errorf("rm * becomes the rule %s with the updates %s", rules, updates)
	}
	rules, _ = alwaysRules("mcp__a__b", json.RawMessage(`{"text":"`+strings.Repeat("x", 2000)+`"}`), nil)
	if len(rules[0]) > 150 || !strings.Contains(rules[0], "sha256") {
		t.Errorf("the rule of a long input: %s", rules[0])
	}
}

// requested feeds a request to a converter and returns it.
func requested(t *testing.T, c *converter, request string) *request {
	t.Helper()
	c.Convert(nil, []byte(`{"type":"control_request","request_id":"r1","request":`+request+`}`))
	r := c.requests["r1"]
	if r == nil {
		t.Fatalf("no open request; refused: %v", c.refuse)
	}
	return r
}

// A request is called as its call was, unless that may be about something else by
// now, and says why it is made.
func TestRequestTitles(t *testing.T) {
	for _, tt := range []struct{ name, call, request, want string }{
		{
			"tool of a server", `{"type":"assistant","message":{"id":"m","content":[{"type":"tool_use","id":"t1","name":"mcp__demo__add","input":{}}]},"tool_use_meta":[{"id":"t1","display_name":"Add","server_display_name":"Demo"}]}`,
			`{"subtype":"can_use_tool","tool_name":"mcp__demo__add","tool_use_id":"t1","input":{}}`, "Demo: Add",
		},
		{
			"command that a hook has changed", callOf("t1", "Bash", `{"command":"ls"}`, "null"),
			`{"subtype":"can_use_tool","tool_name":"Bash","tool_use_id":"t1","input":{"command":"rm x"}}`, "rm x",
		},
		{
			"command that waits in the background", callOf("t1", "Monitor", `{"command":"tail -f x"}`, "null"),
			`{"subtype":"can_use_tool","tool_name":"Monitor","tool_use_id":"t1","input":{"command":"tail -f x"}}`, "tail -f x",
		},
	} {
		c := newConverter("s", drivers.Settings{}, false)
		c.Convert(nil, []byte(tt.call))
		if got := requested(t, c, tt.request).permission.Title; got != tt.want {
			t.Errorf("%s: the request is called %q, want %q", tt.name, got, tt.want)
		}
	}
	c := newConverter("s", drivers.Settings{}, false)
	r := requested(t, c, `{"subtype":"can_use_tool","tool_name":"Bash","input":{"command":"x"},"decision_reason":"Path is outside allowed working directories"}`)
	if got := r.permission.Metadata.(permissionMetadata).Reason; got != "Path is outside allowed working directories" {
		t.Errorf("the reason is %q", got)
	}
}

func TestAnswers(t *testing.T) {
	const ask = `{"subtype":"can_use_tool","tool_name":"AskUserQuestion","tool_use_id":"t1","input":{"questions":[{"question":"Which?","header":"H","options":[{"label":"A"}]},{"question":"And?","multiSelect":true,"options":[]}]}}`
	const plan = `{"subtype":"can_use_tool","tool_name":"ExitPlanMode","tool_use_id":"t1","input":{"plan":"1. x"}}`
	const form = `{"subtype":"elicitation","mcp_server_name":"demo","message":"Tell me","requested_schema":{"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer"},"sure":{"type":"boolean"},"size":{"type":"string","enum":["s","l"],"enumNames":["Small","Large"]},"tags":{"type":"array","items":{"enum":["a","b"]}},"share":{"type":"number"}},"required":["name"]},"property_order":["name","age","sure","size","tags","share"]}`
	const page = `{"subtype":"elicitation","mcp_server_name":"demo","message":"Visit","mode":"url","url":"http://x/"}`
	answers := func(lists ...[]string) drivers.QuestionReply { return drivers.QuestionReply{Answers: lists} }
	tests := []struct {
		name    string
		request string
		reply   drivers.QuestionReply
		mode    drivers.PermissionMode
		want    string // JSON
		err     string
	}{
		{
			"questions", ask, answers([]string{"A"}, []string{"x", "y"}), "",
			`{"behavior":"allow","updatedInput":{"answers":{"And?":"x, y","Which?":"A"},"questions":[{"question":"Which?","header":"H","options":[{"label":"A"}]},{"question":"And?","multiSelect":true,"options":[]}]}}`, "",
		},
		{"questions refused", ask, drivers.QuestionReply{Message: "later"}, "", `{"behavior":"deny","message":"later"}`, ""},
		{"questions refused without words", ask, drivers.QuestionReply{}, "", `{"behavior":"deny","message":"The user declined to answer. Go on with what you can decide by yourself."}`, ""},
		{"too few answers", ask, answers([]string{"A"}), "", "", "answers has 1 lists for 2 questions"},
		{"plan approved", plan, answers([]string{"Approve"}), "", `{"behavior":"allow","updatedInput":{"plan":"1. x"}}`, ""},
		{
			"plan approved in another mode", plan, answers([]string{"approve"}), drivers.PermissionAcceptEdits,
			`{"behavior":"allow","updatedInput":{"plan":"1. x"},"updatedPermissions":[{"type":"setMode","mode":"acceptEdits","destination":"session"}]}`, "",
		},
		{"plan rejected", plan, answers([]string{"Reject"}), "", `{"behavior":"deny","message":"The user rejected the plan. Stay in plan mode."}`, ""},
		{"plan with feedback", plan, answers([]string{"Reject", "use Go"}), "", `{"behavior":"deny","message":"use Go"}`, ""},
		{"approved, but", plan, answers([]string{"Approve", "use Go"}), "", `{"behavior":"deny","message":"use Go"}`, ""},
		{"plan refused", plan, drivers.QuestionReply{Message: "not now"}, "", `{"behavior":"deny","message":"not now"}`, ""},
		{"plan refused without words", plan, drivers.QuestionReply{}, "", `{"behavior":"deny","message":"The user rejected the plan. Stay in plan mode."}`, ""},
		{
			"form", form, answers([]string{"Ada"}, []string{" 36 "}, []string{"Yes"}, []string{"Large"}, []string{"a", "b"}, []string{"0.5"}), "",
			`{"action":"accept","content":{"age":36,"name":"Ada","share":0.5,"size":"l","sure":true,"tags":["a","b"]}}`, "",
		},
		{"form with gaps", form, answers([]string{"Ada"}, nil, nil, nil, nil, nil), "", `{"action":"accept","content":{"name":"Ada"}}`, ""},
		{"form without what is required", form, answers(nil, nil, nil, nil, nil, nil), "", "", `"name": an answer is required`},
		{"no number", form, answers([]string{"Ada"}, []string{"old"}, nil, nil, nil, nil), "", "", `"old" is no whole number`},
		{"none of the options", form, answers([]string{"Ada"}, nil, nil, []string{"huge"}, nil, nil), "", "", `"huge" is none of the options`},
		{"form refused", form, drivers.QuestionReply{}, "", `{"action":"decline"}`, ""},
		{"page accepted", page, answers([]string{"Accept"}), "", `{"action":"accept"}`, ""},
		{"page declined", page, answers([]string{"Decline"}), "", `{"action":"decline"}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newConverter("s", drivers.Settings{}, false)
			r := requested(t, c, tt.request)
			answer, err := r.questionAnswer(tt.reply, tt.mode)
			if tt.err != "" {
				if universal.KindOf(err) != universal.KindInvalidRequest || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error %v, want invalid_request with %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(answer)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestElicitationQuestions(t *testing.T) {
	c := newConverter("s", drivers.Settings{}, false)
	r := requested(t, c, `{"subtype":"elicitation","mcp_server_name":"demo","message":"Tell me","requested_schema":{"properties":{"b":{"type":"string","title":"Key","format":"password"},"a":{"type":"boolean","description":"Really?"}}},"property_order":["b"]}`)
	want := universal.QuestionData{
		QuestionID: "r1", Prompt: "Tell me", Options: []string{}, Status: universal.QuestionRequested,
		Questions: []universal.Question{
			{Prompt: "Tell me", Header: "Key", Custom: true, Secret: true, Options: []universal.QuestionOption{}},
			{Prompt: "Really?", Header: "a", Options: []universal.QuestionOption{{Label: "Yes"}, {Label: "No"}}},
		},
	}
	if diff := cmp.Diff(want, r.question); diff != "" {
		t.Errorf("question (-want +got):\n%s", diff)
	}
}

// A plan that the model gave inline is missing in the request.
func TestPlanOfTheCall(t *testing.T) {
	c := newConverter("s", drivers.Settings{}, false)
	c.Convert(nil, []byte(callOf("t1", "ExitPlanMode", `{"plan":"1. inline"}`, "null")))
	r := requested(t, c, `{"subtype":"can_use_tool","tool_name":"ExitPlanMode","tool_use_id":"t1","input":{}}`)
	if r.question.Prompt != "1. inline" || r.question.QuestionID != "t1" || r.question.ItemID != "t1" {
		t.Errorf("question: %+v", r.question)
	}
}

func TestUnreadableRequestIsRefused(t *testing.T) {
	c := newConverter("s", drivers.Settings{}, false)
	for _, request := range []string{
		`{"subtype":"can_use_tool","tool_name":7}`,
		`{"subtype":"can_use_tool","tool_name":"AskUserQuestion","input":{"questions":[]}}`,
		`{"subtype":"mcp_message","server_name":"x","message":{}}`,
		`7`,
	} {
		c.refuse = nil
		events := c.Convert(nil, []byte(`{"type":"control_request","request_id":"r1","request":`+request+`}`))
		if len(events) != 1 || events[0].Type != universal.TypeUnparsed || len(c.refuse) != 1 || len(c.requests) != 0 {
			t.Errorf("%s: refused %v, open %d, events:\n%s", request, c.refuse, len(c.requests), describe(events))
		}
	}
}

func TestPermissionAnswers(t *testing.T) {
	r := &request{input: json.RawMessage(`{"command":"x"}`), rules: []json.RawMessage{json.RawMessage(`{"type":"addRules"}`)}}
	for _, tt := range []struct {
		reply drivers.PermissionReply
		want  string
	}{
		{drivers.PermissionReply{Decision: drivers.Once}, `{"behavior":"allow","updatedInput":{"command":"x"}}`},
		{drivers.PermissionReply{Decision: drivers.Always}, `{"behavior":"allow","updatedInput":{"command":"x"},"updatedPermissions":[{"type":"addRules"}]}`},
		{drivers.PermissionReply{Decision: drivers.Reject}, `{"behavior":"deny","message":"The user refused this action."}`},
		{drivers.PermissionReply{Decision: drivers.Reject, Message: "why"}, `{"behavior":"deny","message":"why"}`},
	} {
		answer, err := r.permissionAnswer(tt.reply)
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != tt.want {
			t.Errorf("%+v gives %s, want %s", tt.reply, got, tt.want)
		}
	}
	if _, err := r.permissionAnswer(drivers.PermissionReply{Decision: "perhaps"}); universal.KindOf(err) != universal.KindInvalidRequest {
		t.Errorf("error %v", err)
	}
}
