package opencode

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// told feeds events of a session, as the server tells them.
func told(t *testing.T, c *converter, kind, properties string) {
	t.Helper()
	line := fmt.Sprintf(`{"event":{"payload":{"type":%q,"properties":%s}}}`, kind, properties)
	_, h, err := decodeLine([]byte(line))
	if err != nil || h.session == "" {
		t.Fatalf("%s: %v", line, err)
	}
	c.Convert(h, []byte(line))
}

// outline shows events in short.
func outline(events []universal.Event) []string {
	var lines []string
	for _, ev := range events {
		what := string(ev.Type)
		switch d := ev.Data.(type) {
		case *universal.ItemData:
			what += fmt.Sprintf(" %s %s %q", d.Item.ItemID, d.Item.Status, d.Item.Text())
			if d.Rewritten {
				what += " rewritten"
			}
			if d.Item.ParentID != "" {
				what += " under " + string(d.Item.ParentID)
			}
		case *universal.ItemDeltaData:
			what += fmt.Sprintf(" %s %q", d.ItemID, d.Delta)
		case *universal.PermissionData:
			what += fmt.Sprintf(" %s %s", d.PermissionID, d.Status)
		case *universal.TurnEndedData:
			what += " " + string(d.StopReason)
		case *universal.ErrorData:
			what += " " + string(d.Category) + " " + d.Message
		case *universal.UnparsedData:
			what += " " + d.Location + ": " + d.Error
		}
		lines = append(lines, what)
	}
	return lines
}

// answerWanted answers the next request that the converter wants.
func answerWanted(t *testing.T, c *converter, path, body string) {
	t.Helper()
	if len(c.wants) != 1 || c.wants[0].request.Path != path {
		t.Fatalf("it wants %+v, not %s", c.wants, path)
	}
	w := c.wants[0]
	c.wants = nil
	a := answered{status: 200, body: json.RawMessage(body)}
	c.Answer(w.purpose, &a, []byte(body))
}

const (
	userMessage      = `{"info":{"id":"msg_1","role":"user","sessionID":"ses_1"},"parts":[{"id":"prt_0","messageID":"msg_1","sessionID":"ses_1","type":"text","text":"hello"}]}`
	assistantMessage = `{"id":"msg_2","role":"assistant","sessionID":"ses_1","parentID":"msg_1","time":{}}`
)

func begun(t *testing.T) *converter {
	c := newConverter("/w")
	c.root = "ses_1"
	c.begin()
	told(t, c, "message.updated", `{"sessionID":"ses_1","info":{"id":"msg_1","role":"user","sessionID":"ses_1"}}`)
	told(t, c, "message.updated", `{"sessionID":"ses_1","info":`+assistantMessage+`}`)
	told(t, c, "message.part.updated", `{"sessionID":"ses_1","part":{"id":"prt_1","messageID":"msg_2","sessionID":"ses_1","type":"text","text":"","time":{"start":1}}}`)
	told(t, c, deltaKind, `{"sessionID":"ses_1","messageID":"msg_2","partID":"prt_1","field":"text","delta":"one "}`)
	return c
}

// While the event stream was down, a text went on, a sub-agent was started and
// asked for a permission. All of it is told once, in order.
func TestResync(t *testing.T) {
	c := begun(t)
	c.streamDown()
	c.streamUp()
	// A piece after the gap can't be told: nobody knows what came before.
	told(t, c, deltaKind, `{"sessionID":"ses_1","messageID":"msg_2","partID":"prt_1","field":"text","delta":"four"}`)
	answerWanted(t, c, "/session/ses_1/children", `[{"id":"ses_2","parentID":"ses_1"}]`)
	answerWanted(t, c, "/session/ses_1/message", `[`+userMessage+`,{"info":`+assistantMessage+`,"parts":[
		{"id":"prt_1","messageID":"msg_2","sessionID":"ses_1","type":"text","text":"one two three four","time":{"start":1,"end":2}},
		{"id":"prt_2","messageID":"msg_2","sessionID":"ses_1","type":"tool","tool":"task","callID":"c","state":{"status":"running","input":{"description":"help"},"metadata":{"sessionId":"ses_2"}}}]}]`)
	answerWanted(t, c, "/session/ses_2/message", `[{"info":{"id":"msg_3","role":"assistant","sessionID":"ses_2","time":{}},"parts":[
		{"id":"prt_3","messageID":"msg_3","sessionID":"ses_2","type":"tool","tool":"bash","callID":"d","state":{"status":"running","input":{"command":"ls"}}}]}]`)
	answerWanted(t, c, "/permission", `[{"id":"per_1","sessionID":"ses_2","permission":"bash","patterns":["ls"],"tool":{"messageID":"msg_3","callID":"d"}},
		{"id":"per_9","sessionID":"ses_9","permission":"bash","patterns":["rm"]}]`)
	answerWanted(t, c, "/question", `[]`)
	answerWanted(t, c, "/session/status", `{"ses_1":{"type":"busy"}}`)
	want := []string{
		`item.started prt_1 in_progress ""`, `item.delta prt_1 "one "`,
		`item.completed prt_1 completed "one two three four"`,
		`item.started prt_2 in_progress ""`, `item.completed prt_2 completed ""`,
		`item.started prt_3 in_progress "" under prt_2`, `item.completed prt_3 completed "" under prt_2`,
		`permission.requested per_1 requested`,
	}
	if diff := cmp.Diff(want, outline(c.out)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if strings.Join(c.family(), " ") != "ses_1 ses_2" {
		t.Errorf("the session and its sub-agents are %v", c.family())
	}
}

// The turn ended while the event stream was down, and a permission was settled.
func TestResyncAfterTheEnd(t *testing.T) {
	c := begun(t)
	told(t, c, "permission.asked", `{"sessionID":"ses_1","id":"per_1","permission":"bash","patterns":["ls"]}`)
	c.streamDown()
	c.streamUp()
	answerWanted(t, c, "/session/ses_1/children", `[]`)
	answerWanted(t, c, "/session/ses_1/message", `[`+userMessage+`,{"info":{"id":"msg_2","role":"assistant","sessionID":"ses_1","finish":"stop","time":{"completed":5}},"parts":[
		{"id":"prt_1","messageID":"msg_2","sessionID":"ses_1","type":"text","text":"one two","time":{"start":1,"end":2}}]}]`)
	answerWanted(t, c, "/permission", `[]`)
	answerWanted(t, c, "/question", `[]`)
	answerWanted(t, c, "/session/status", `{}`)
	want := []string{
		`item.started prt_1 in_progress ""`, `item.delta prt_1 "one "`, `permission.requested per_1 requested`,
		`item.completed prt_1 completed "one two"`, `permission.resolved per_1 reject`, `turn.ended end_turn`,
	}
	if diff := cmp.Diff(want, outline(c.out)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// The ends of a turn: OpenCode says so too early after an error, or not at all.
func TestTurnEnds(t *testing.T) {
	const completed = `{"sessionID":"ses_1","info":{"id":"msg_2","role":"assistant","sessionID":"ses_1","finish":"stop","time":{"completed":5}}}`
	idle := func(t *testing.T, c *converter) { told(t, c, "session.idle", `{"sessionID":"ses_1"}`) }
	for name, test := range map[string]struct {
		do   func(*testing.T, *converter)
		want []string
	}{
		"normally": {func(t *testing.T, c *converter) {
			told(t, c, "message.updated", completed)
			idle(t, c)
			idle(t, c)
		}, []string{`item.completed prt_1 completed "one "`, "turn.ended end_turn"}},
		"idle too early": {func(t *testing.T, c *converter) {
			told(t, c, "session.error", `{"sessionID":"ses_1","error":{"name":"APIError","data":{"message":"no","statusCode":401}}}`)
			idle(t, c)
			told(t, c, "message.updated", `{"sessionID":"ses_1","info":{"id":"msg_2","role":"assistant","sessionID":"ses_1","error":{"name":"APIError","data":{"message":"no","statusCode":401}},"time":{"completed":5}}}`)
			idle(t, c)
		}, []string{"error auth no", `item.completed prt_1 failed "one "`, "turn.ended error"}},
		"interrupted": {func(t *testing.T, c *converter) {
			c.turn.interrupted = true
			idle(t, c)
			idle(t, c)
		}, []string{`item.completed prt_1 cancelled "one "`, "turn.ended interrupted"}},
		"never": {func(t *testing.T, c *converter) {
			idle(t, c)
			if c.watch() != openDelay {
				t.Error("nobody looks after the turn")
			}
			a := answered{status: 200, body: json.RawMessage(`{}`)}
			c.Answer(purpose{kind: purposeStatus}, &a, nil)
		}, []string{`item.completed prt_1 completed "one "`, "turn.ended end_turn"}},
		"of another session": {func(t *testing.T, c *converter) {
			c.agent("ses_2").parent = "prt_2"
			told(t, c, "message.updated", completed)
			told(t, c, "session.idle", `{"sessionID":"ses_2"}`)
		}, nil},
		"too long": {func(t *testing.T, c *converter) {
			told(t, c, "message.updated", strings.Replace(completed, "stop", "length", 1))
			idle(t, c)
		}, []string{`item.completed prt_1 completed "one "`, "turn.ended max_tokens"}},
	} {
		c := begun(t)
		c.out = nil
		test.do(t, c)
		if diff := cmp.Diff(test.want, outline(c.out)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// An error without a message of the turn: nothing else may follow.
func TestErrorInsteadOfATurn(t *testing.T) {
	c := newConverter("/w")
	c.root = "ses_1"
	c.begin()
	told(t, c, "session.error", `{"sessionID":"ses_1","error":{"name":"UnknownError","data":{"message":"Model not found: a/b.\n    at somewhere"}}}`)
	told(t, c, "session.error", `{"sessionID":"ses_1","error":{"name":"UnknownError","data":{"message":"Error: Model not found: a/b"}}}`)
	if c.watch() != errorDelay {
		t.Error("nobody looks after the turn")
	}
	a := answered{status: 200, body: json.RawMessage(`{"ses_7":{"type":"busy"}}`)}
	c.Answer(purpose{kind: purposeStatus}, &a, nil)
	want := []string{"error model Model not found: a/b.", "turn.ended error"}
	if diff := cmp.Diff(want, outline(c.out)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestAlwaysRules(t *testing.T) {
	for name, test := range map[string]struct {
		asked string
		input string
		want  []string
	}{
		"commands":        {`{"permission":"bash","patterns":["ls -l","rm x"],"always":["ls *","rm *"]}`, `{"command":"ls -l && rm x"}`, []string{"bash(ls *)", "bash(rm *)"}},
		"a bare command":  {`{"permission":"bash","patterns":["x"],"always":["*"]}`, `{"command":"x"}`, []string{"bash(x)"}},
		"an edit":         {`{"permission":"edit","patterns":["a/b.txt"],"always":["*"]}`, `{}`, []string{"edit(a/b.txt)"}},
		"outside":         {`{"permission":"external_directory","patterns":["/etc/*"],"always":["/etc/*"]}`, `{}`, []string{"external_directory(/etc/*)"}},
		"a server's tool": {`{"permission":"demo_add","patterns":["*"],"always":["*"]}`, `{"a":1}`, []string{`demo_add({"a":1})`}},
		"a loop":          {`{"id":"per_1","permission":"doom_loop","patterns":["bash"],"always":["bash"]}`, ``, []string{"doom_loop(this request only, per_1)"}},
		"like a pattern":  {`{"permission":"webfetch","patterns":["http://h/*x"],"always":["*"]}`, `{}`, []string{`webfetch(exactly "http://h/*x")`}},
	} {
		var n nativePermission
		if err := json.Unmarshal([]byte(test.asked), &n); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, alwaysRules(&n, json.RawMessage(test.input))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
