package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// typed is what a refusal has to be.
type typed struct {
	code int64
	kind string
	says string // in the detail, or in the message of the details
}

func (want typed) check(t *testing.T, err *wireError) {
	t.Helper()
	if err == nil {
		t.Error("it was not refused")
		return
	}
	if err.Code != want.code || err.Data.Type != "urn:sandbox-agent:error:"+want.kind {
		t.Errorf("code %d, type %s (%s), want %d, %s", err.Code, err.Data.Type, err.Data.Detail, want.code, want.kind)
	}
	if err.Message != err.Data.Detail || err.Data.Title == "" {
		t.Errorf("message %q, title %q, detail %q", err.Message, err.Data.Title, err.Data.Detail)
	}
	hint, _ := err.Data.Details["message"].(string)
	if text := err.Data.Detail + "; " + hint; !strings.Contains(text, want.says) {
		t.Errorf("it says %q, which has no %q", text, want.says)
	}
}

// everything is all that a bridge tells about its sessions.
func (p *parent) everything() json.RawMessage {
	p.t.Helper()
	var list json.RawMessage
	p.call("sessions/list", nil, &list)
	return list
}

// requested waits until n permissions and questions of a session are open and
// returns their ids.
func (s *stream) requested(n int) []string {
	s.parent.t.Helper()
	var ids []string
	s.event("requests", func(ev *universal.Event) bool {
		switch d := ev.Data.(type) {
		case *universal.PermissionData:
			ids = append(ids, d.PermissionID)
		case *universal.QuestionData:
			ids = append(ids, d.QuestionID)
		}
		return len(ids) == n
	})
	return ids
}

// Each of these requests is refused with a typed error, and nothing is lost or
// started by it.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	p := startBridge(t, nil)
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing")

	for _, id := range []string{"live", "ended", "asking", "quiz", "busy"} {
		p.create(id, nil)
	}
	p.call("sessions/terminate", params{"sessionId": "ended"}, nil)
	p.send("busy", "wait")
	asking, _ := p.subscribe("asking", nil)
	p.send("asking", "permission")
	permissions := asking.requested(2)
	p.call("permissions/reply", params{"sessionId": "asking", "permissionId": permissions[0], "reply": "once"}, nil)
	quiz, _ := p.subscribe("quiz", nil)
	p.send("quiz", "question")
	questions := quiz.requested(2)
	p.call("questions/reply", params{"sessionId": "quiz", "questionId": questions[0], "answers": [][]string{{"Red"}}}, nil)
	before := p.everything()

	create := func(more params) params {
		args := params{"sessionId": "new", "agent": "mock"}
		for name, value := range more {
			args[name] = value
		}
		return args
	}
	send := func(more params) params {
		args := params{"sessionId": "live", "message": "hi"}
		for name, value := range more {
			args[name] = value
		}
		return args
	}
	attached := func(a params) params { return send(params{"attachments": []params{a}}) }
	permission := func(id, reply string) params {
		return params{"sessionId": "asking", "permissionId": id, "reply": reply}
	}
	question := func(id string, answers any) params {
		return params{"sessionId": "quiz", "questionId": id, "answers": answers}
	}
	invalid := func(says string) typed { return typed{codeInvalidParams, "invalid_request", says} }
	shape := func(says string) typed { return typed{codeInvalidParams, "unprocessable", says} }

	for name, tt := range map[string]struct {
		method string
		params params
		want   typed
		reason string
	}{
		"unknown agent":                  {"sessions/create", create(params{"agent": "nobody"}), typed{codeUnsupportedAgent, "unsupported_agent", "claude, codex, opencode, amp, mock"}, ""},
		"modes of an unknown agent":      {"agents/modes", params{"agent": "nobody"}, typed{codeUnsupportedAgent, "unsupported_agent", "claude, codex, opencode, amp, mock"}, ""},
		"models of an unknown agent":     {"agents/models", params{"agent": "nobody"}, typed{codeUnsupportedAgent, "unsupported_agent", "claude, codex, opencode, amp, mock"}, ""},
		"create without an agent":        {"sessions/create", params{"sessionId": "new"}, shape("agent is missing"), ""},
		"create with a null agent":       {"sessions/create", create(params{"agent": nil}), shape("agent is missing"), ""},
		"create with a number as agent":  {"sessions/create", create(params{"agent": 7}), shape("agent"), ""},
		"create without params":          {"sessions/create", nil, shape("agent is missing"), ""},
		"duplicate session id":           {"sessions/create", create(params{"sessionId": "live"}), typed{codeSessionExists, "session_already_exists", "another id"}, ""},
		"id of an ended session":         {"sessions/create", create(params{"sessionId": "ended"}), typed{codeSessionExists, "session_already_exists", "another id"}, ""},
		"session id of a stream":         {"sessions/create", create(params{"sessionId": "sse"}), invalid("choose another one"), ""},
		"session id too long":            {"sessions/create", create(params{"sessionId": strings.Repeat("x", 1025)}), invalid("at most"), ""},
		"bad agent mode":                 {"sessions/create", create(params{"agentMode": "yolo"}), typed{codeModeNotSupported, "mode_not_supported", "build, plan"}, ""},
		"bad permission mode":            {"sessions/create", create(params{"permissionMode": "yolo"}), invalid("acceptEdits"), ""},
		"bad model":                      {"sessions/create", create(params{"model": "nonsense"}), invalid("model"), ""},
		"bad variant":                    {"sessions/create", create(params{"variant": "nonsense"}), invalid("low or high"), ""},
		"missing directory":              {"sessions/create", create(params{"directory": missing}), invalid("no such file"), ""},
		"directory is a file":            {"sessions/create", create(params{"directory": file}), invalid("not a directory"), ""},
		"bad env name":                   {"sessions/create", create(params{"env": params{"A=B": "1"}}), invalid("environment variable"), ""},
		"env of numbers":                 {"sessions/create", create(params{"env": params{"A": 1}}), shape("env"), ""},
		"resume of another agent's":      {"sessions/create", create(params{"resume": "never"}), invalid("mock-"), ""},
		"mcp server of a wrong shape":    {"sessions/create", create(params{"mcp": params{"x": 5}}), shape("mcp"), ""},
		"title too long":                 {"sessions/create", create(params{"title": strings.Repeat("x", 4097)}), invalid("title is longer than 4096 bytes"), ""},
		"get unknown":                    {"sessions/get", params{"sessionId": "new"}, typed{codeSessionNotFound, "session_not_found", "sessions/list"}, ""},
		"get without an id":              {"sessions/get", nil, shape("sessionId is missing"), ""},
		"send to unknown":                {"sessions/sendMessage", send(params{"sessionId": "new"}), typed{codeSessionNotFound, "session_not_found", "sessions/list"}, ""},
		"stream to unknown":              {"sessions/sendMessageStream", send(params{"sessionId": "new"}), typed{codeSessionNotFound, "session_not_found", "sessions/list"}, ""},
		"events of unknown":              {"sessions/events", params{"sessionId": "new"}, typed{codeSessionNotFound, "session_not_found", "sessions/list"}, ""},
		"subscribe to unknown":           {"sessions/subscribe", params{"sessionId": "new"}, typed{codeSessionNotFound, "session_not_found", "sessions/list"}, ""},
		"interrupt unknown":              {"sessions/interrupt", params{"sessionId": "new"}, typed{codeSessionNotFound, "session_not_found", "sessions/list"}, ""},
		"terminate unknown":              {"sessions/terminate", params{"sessionId": "new"}, typed{codeSessionNotFound, "session_not_found", "sessions/list"}, ""},
		"delete unknown":                 {"sessions/delete", params{"sessionId": "new"}, typed{codeSessionNotFound, "session_not_found", "sessions/list"}, ""},
		"update unknown":                 {"sessions/update", params{"sessionId": "new", "title": "x"}, typed{codeSessionNotFound, "session_not_found", "sessions/list"}, ""},
		"send to ended":                  {"sessions/sendMessage", send(params{"sessionId": "ended"}), typed{codeSessionEnded, "session_ended", "create a new session"}, ""},
		"stream to ended":                {"sessions/sendMessageStream", send(params{"sessionId": "ended"}), typed{codeSessionEnded, "session_ended", "create a new session"}, ""},
		"interrupt ended":                {"sessions/interrupt", params{"sessionId": "ended"}, typed{codeSessionEnded, "session_ended", "create a new session"}, ""},
		"update of a wrong type":         {"sessions/update", params{"sessionId": "live", "title": 5}, shape("unprocessable: title is of type number"), ""},
		"update ended":                   {"sessions/update", params{"sessionId": "ended", "title": "x"}, typed{codeSessionEnded, "session_ended", "create a new session"}, ""},
		"reply to ended":                 {"permissions/reply", params{"sessionId": "ended", "permissionId": "x", "reply": "once"}, typed{codeSessionEnded, "session_ended", "create a new session"}, ""},
		"answer ended":                   {"questions/reply", params{"sessionId": "ended", "questionId": "x", "answers": [][]string{{"x"}}}, typed{codeSessionEnded, "session_ended", "create a new session"}, ""},
		"empty message":                  {"sessions/sendMessage", send(params{"message": ""}), invalid("message is empty"), ""},
		"blank message":                  {"sessions/sendMessage", send(params{"message": " \n\t"}), invalid("message is empty"), ""},
		"no message":                     {"sessions/sendMessage", params{"sessionId": "live"}, shape("message is missing"), ""},
		"message of a wrong type":        {"sessions/sendMessage", send(params{"message": []string{"hi"}}), shape("message"), ""},
		"bad onBusy":                     {"sessions/sendMessage", send(params{"onBusy": "explode"}), invalid("queue, reject, interrupt or steer"), ""},
		"busy and told so":               {"sessions/sendMessage", send(params{"sessionId": "busy", "onBusy": "reject"}), typed{codeSessionBusy, "session_busy", "onBusy queue"}, ""},
		"bad until":                      {"sessions/sendMessageStream", send(params{"until": "midnight"}), invalid("input or turn"), ""},
		"clientMessageId too long":       {"sessions/sendMessage", send(params{"clientMessageId": strings.Repeat("x", 1025)}), invalid("1024"), ""},
		"attachment that is not there":   {"sessions/sendMessage", attached(params{"path": missing}), invalid("no such file"), ""},
		"attachment that is a directory": {"sessions/sendMessage", attached(params{"path": dir}), invalid("not a regular file"), ""},
		"attachment without anything":    {"sessions/sendMessage", attached(params{}), invalid("neither path nor data"), ""},
		"attachment without data":        {"sessions/sendMessage", attached(params{"mime": "text/plain", "filename": "a.txt"}), invalid("neither path nor data"), ""},
		"attachment without a mime type": {"sessions/sendMessage", attached(params{"data": "aGk=", "filename": "a.txt"}), invalid("mime type"), ""},
		"attachment without a filename":  {"sessions/sendMessage", attached(params{"data": "aGk=", "mime": "text/plain"}), invalid("filename"), ""},
		"attachment of both kinds":       {"sessions/sendMessage", attached(params{"data": "aGk=", "path": file}), invalid("give one"), ""},
		"attachment that is not base64":  {"sessions/sendMessage", attached(params{"data": "%%%", "mime": "text/plain", "filename": "a.txt"}), shape("base64"), ""},
		"bad queue":                      {"sessions/interrupt", params{"sessionId": "busy", "queue": "burn"}, invalid("keep or drop"), ""},
		"bad status":                     {"sessions/list", params{"status": "asleep"}, invalid("starting, idle, running, waiting or ended"), ""},
		"bad limit":                      {"sessions/list", params{"limit": -1}, invalid("negative"), ""},
		"bad cursor":                     {"sessions/list", params{"cursor": "nobody"}, invalid("list from the start"), ""},
		"bad offset":                     {"sessions/events", params{"sessionId": "live", "offset": -1}, shape("offset"), ""},
		"bad limit of events":            {"sessions/events", params{"sessionId": "live", "limit": -1}, invalid("negative"), ""},
		"bad new agent mode":             {"sessions/update", params{"sessionId": "live", "agentMode": "yolo"}, typed{codeModeNotSupported, "mode_not_supported", "build, plan"}, ""},
		"bad new permission mode":        {"sessions/update", params{"sessionId": "live", "permissionMode": "yolo"}, invalid("acceptEdits"), ""},
		"bad new model":                  {"sessions/update", params{"sessionId": "live", "model": "nonsense"}, invalid("model"), ""},
		"unknown permission":             {"permissions/reply", permission("nobody", "once"), invalid("unknown permission id: nobody"), "unknown"},
		"answered permission":            {"permissions/reply", permission(permissions[0], "once"), invalid("answered already"), "already_answered"},
		"bad reply":                      {"permissions/reply", permission(permissions[1], "perhaps"), shape("once, always or reject"), ""},
		"no reply":                       {"permissions/reply", params{"sessionId": "asking", "permissionId": permissions[1]}, shape("reply is missing"), ""},
		"permission by a question's id":  {"permissions/reply", params{"sessionId": "quiz", "permissionId": questions[1], "reply": "once"}, invalid("unknown permission id"), "unknown"},
		"unknown question":               {"questions/reply", question("nobody", [][]string{{"Yes"}}), invalid("unknown question id: nobody"), "unknown"},
		"answered question":              {"questions/reply", question(questions[0], [][]string{{"Red"}}), invalid("answered already"), "already_answered"},
		"rejecting an answered question": {"questions/reject", params{"sessionId": "quiz", "questionId": questions[0]}, invalid("answered already"), "already_answered"},
		"answer that is not offered":     {"questions/reply", question(questions[1], [][]string{{"Perhaps"}}), invalid("Yes, No"), ""},
		"too many choices":               {"questions/reply", question(questions[1], [][]string{{"Yes", "No"}}), invalid("takes one answer"), ""},
		"too many answers":               {"questions/reply", question(questions[1], [][]string{{"Yes"}, {"No"}}), invalid("2 answers"), ""},
		"no answers":                     {"questions/reply", question(questions[1], [][]string{}), invalid("questions/reject"), ""},
		"answers missing":                {"questions/reply", params{"sessionId": "quiz", "questionId": questions[1]}, shape("answers is missing"), ""},
		"answers of a wrong shape":       {"questions/reply", question(questions[1], []string{"Yes"}), shape("answers"), ""},
		"unknown method":                 {"sessions/explode", nil, typed{codeNotFound, "not_found", "initialize lists"}, ""},
		"a notification's name":          {"exit", nil, typed{codeNotFound, "not_found", ""}, ""},
		"unknown subscription":           {"sessions/unsubscribe", params{"subscriptionId": "sub_99"}, invalid("unknown subscription"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			p.t = t
			err := p.refused(tt.method, tt.params)
			tt.want.check(t, err)
			if reason, _ := err.Data.Details["reason"].(string); tt.reason != "" && reason != tt.reason {
				t.Errorf("reason %q, want %q", reason, tt.reason)
			}
			if after := p.everything(); !bytes.Equal(before, after) {
				t.Errorf("sessions changed (-before +after):\n%s", cmp.Diff(string(before), string(after)))
			}
		})
		p.t = t
	}

	// What was open still can be answered.
	p.call("permissions/reply", permission(permissions[1], "reject"), nil)
	p.call("questions/reply", question(questions[1], [][]string{{"Yes"}}), nil)
	asking.turnEnded("turn_1")
	quiz.turnEnded("turn_1")
	asking.check()
	quiz.check()
	p.endsClean()
}

func TestAgentNotInstalled(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	p := startBridge(t, nil, "-", "HOME="+home, "PATH="+home, "SANDBOX_AGENT_DATA_DIR="+home)
	typed{codeAgentNotInstalled, "agent_not_installed", "npm install -g"}.check(t, p.refused("sessions/create", params{"agent": "claude"}))
	if list := p.list(); len(list) != 0 {
		t.Errorf("sessions %+v", list)
	}
	// The others are as good as before.
	p.create("s", nil)
	p.endsClean()
}

// Of many that want the same id, one gets it.
func TestConcurrentCreates(t *testing.T) {
	t.Parallel()
	p := startBridge(t, nil)
	var ids []string
	for range 100 {
		ids = append(ids, p.ask("sessions/create", params{"sessionId": "s", "agent": "mock"}))
	}
	won := 0
	for _, id := range ids {
		m := p.answer(id)
		if m.Error == nil {
			won++
			continue
		}
		typed{codeSessionExists, "session_already_exists", "another id"}.check(t, m.Error)
	}
	if list := p.list(); won != 1 || len(list) != 1 || list[0].Status != session.Idle {
		t.Errorf("%d creates succeeded, sessions %+v", won, list)
	}
	p.endsClean()
}

// A message with an id that was used is answered as before and not sent.
func TestDuplicateMessage(t *testing.T) {
	t.Parallel()
	p := startBridge(t, nil)
	p.create("s", nil)
	stream, _ := p.subscribe("s", nil)
	args := params{"sessionId": "s", "message": "echo once", "clientMessageId": "m1"}
	var ids []string
	for range 20 {
		ids = append(ids, p.ask("sessions/sendMessage", args))
	}
	first := p.answer(ids[0]).Result
	for _, id := range ids {
		if m := p.answer(id); !bytes.Equal(m.Result, first) {
			t.Errorf("answered %s, %+v, want %s", m.Result, m.Error, first)
		}
	}
	stream.turnEnded("turn_1")
	if m := p.answer(p.ask("sessions/sendMessage", args)); !bytes.Equal(m.Result, first) {
		t.Errorf("after its turn it was answered %s, %+v, want %s", m.Result, m.Error, first)
	}
	second := p.send("s", "echo twice").TurnID
	stream.turnEnded(second)
	turns := 0
	for _, ev := range stream.all() {
		if ev.Type == universal.TypeTurnStarted {
			turns++
		}
	}
	if turns != 2 {
		t.Errorf("%d turns, want 2", turns)
	}
	stream.check()
	p.endsClean()
}

// What is no request is answered too, and the next message is read.
func TestGarbage(t *testing.T) {
	t.Parallel()
	parse := typed{codeParse, "parse_error", ""}
	refusal := func(says string) typed { return typed{codeInvalidMessage, "invalid_message", says} }
	big := strings.Repeat("x", 65<<20)
	for name, tt := range map[string]struct {
		line string
		id   string // of the answer
		want typed
	}{
		"words":              {`hello`, "null", parse},
		"half a message":     {`{"jsonrpc":"2.0","id":1,"method":`, "null", parse},
		"zero bytes":         {"\x00\x00", "null", parse},
		"not UTF-8":          {"\xff\xfe", "null", parse},
		"a number":           {`7`, "null", refusal("JSON object")},
		"a batch":            {`[{"jsonrpc":"2.0","id":1,"method":"health"}]`, "null", refusal("batches")},
		"an empty batch":     {`[]`, "null", refusal("batches")},
		"an empty object":    {`{}`, "null", refusal("method is missing")},
		"no method":          {`{"id":"a"}`, `"a"`, refusal("method is missing")},
		"a number as method": {`{"id":"b","method":1}`, `"b"`, refusal("method must be a string")},
		"an old version":     {`{"jsonrpc":"1.0","id":"c","method":"health"}`, `"c"`, refusal(`must be "2.0"`)},
		"a fraction as id":   {`{"id":1.5,"method":"health"}`, "null", refusal("id must be")},
		"an object as id":    {`{"id":{},"method":"health"}`, "null", refusal("id must be")},
		"positional params":  {`{"id":"d","method":"sessions/get","params":["s"]}`, `"d"`, typed{codeInvalidParams, "unprocessable", "must be an object"}},
		"too long":           {`{"id":"e","method":"health","params":{"x":"` + big + `"}}`, "null", typed{codeInvalidMessage, "payload_too_large", "67108864"}},
		"too long garbage":   {big, "null", typed{codeInvalidMessage, "payload_too_large", "67108864"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startBridge(t, nil)
			p.create("s", nil)
			p.write(tt.line + "\n")
			var m *message
			p.await("an answer", func() bool {
				if len(p.strays) > 0 {
					m = p.strays[0]
				} else {
					m = p.answers[tt.id]
				}
				return m != nil
			})
			tt.want.check(t, m.Error)
			if string(m.ID) != tt.id {
				t.Errorf("id %s, want %s", m.ID, tt.id)
			}
			if list := p.list(); len(list) != 1 || list[0].Status != session.Idle {
				t.Errorf("sessions %+v", list)
			}
			p.endsClean()
			if len(p.strays) > 1 {
				t.Errorf("answered %d times", len(p.strays))
			}
		})
	}
}

// These are heard and not answered, or answered though they are odd.
func TestTolerance(t *testing.T) {
	t.Parallel()
	p := startBridge(t, nil)
	p.write("\ufeff\r\n\n \r\n")
	p.write(`{"method":"never/heard/of"}` + "\n")
	p.write(`{"method":"never/heard/of","params":[1,2]}` + "\r\n")
	p.write(`{"method":"$/cancelRequest","params":{"id":77}}` + "\n")
	p.write(`{"jsonrpc":"2.0","id":1,"result":{}}` + "\n")
	for _, id := range []string{`"text"`, `-1`, `12345678901234567890123`, `"\u00e4"`, `0`} {
		p.write(`{"id":` + id + `,"method":"health","params":null,"extra":[]}` + "\r\n")
		if m := p.answer(id); m.Error != nil || string(m.Result) != `{"status":"ok"}` {
			t.Errorf("%s: %s %+v", id, m.Result, m.Error)
		}
	}
	p.endsClean()
	if len(p.strays) > 0 || len(p.answers) != 5 {
		t.Errorf("%d answers, %d without an id", len(p.answers), len(p.strays))
	}
}

func TestInputThatEndsInAMessage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		input string
		stray bool
	}{
		"half a line":              {`{"jsonrpc":"2.0","id":1,"method":"hea`, true},
		"a message without an end": {`{"jsonrpc":"2.0","id":1,"method":"health"}`, false},
		"half a header":            {"Content-Len", true},
		"half a body":              {"Content-Length: 100\r\n\r\n{\"jsonrpc\"", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startBridge(t, nil)
			p.write(tt.input)
			start := time.Now()
			p.closeInput()
			if strings.HasPrefix(tt.input, "C") {
				<-p.exited
				<-p.read
				if got := strings.Join(p.garbage, "") + p.cut; !strings.HasPrefix(got, "Content-Length: ") || p.cmd.ProcessState.ExitCode() != exitOK {
					t.Errorf("output %q, %v", got, p.cmd.ProcessState)
				}
				return
			}
			p.exit(start, exitOK)
			switch {
			case tt.stray && len(p.strays) == 1:
				typed{codeParse, "parse_error", ""}.check(t, p.strays[0].Error)
			case !tt.stray && p.answers["1"] != nil:
			default:
				t.Errorf("answers %v, strays %v", p.answers, p.strays)
			}
		})
	}
}

func TestExitWithoutShutdown(t *testing.T) {
	t.Parallel()
	p := startBridge(t, nil)
	p.create("s", nil)
	stream, _ := p.subscribe("s", nil)
	p.send("s", "wait")
	start := time.Now()
	p.notify("exit", nil)
	p.exit(start, exitFailed)
	stream.closed()
	if got := p.stderr(); !strings.Contains(got, "exit without shutdown") {
		t.Errorf("stderr %q does not say why", got)
	}
}

func TestRequestsAfterShutdown(t *testing.T) {
	t.Parallel()
	p := startBridge(t, nil)
	p.create("s", nil)
	stream, _ := p.subscribe("s", nil)
	p.send("s", "wait")
	p.call("shutdown", nil, nil)
	stream.closed() // its last events came before the answer
	for _, method := range []string{"health", "sessions/list", "sessions/create", "shutdown"} {
		typed{codeInvalidMessage, "invalid_message", "only exit is left"}.check(t, p.refused(method, params{"agent": "mock"}))
	}
	start := time.Now()
	p.notify("exit", nil)
	p.exit(start, exitOK)
}
