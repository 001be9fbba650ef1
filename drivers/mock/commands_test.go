package mock_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/drivertest"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// client is a session of the mock with what it says.
type client struct {
	drivers.Session
	t   *testing.T
	rec *drivertest.Recorder
}

// open starts a session that is checked and closed with the test.
func open(t *testing.T, d drivers.Driver, cfg drivers.Config) *client {
	t.Helper()
	if cfg.SessionID == "" {
		cfg.SessionID = "s1"
	}
	rec := drivertest.NewRecorder(0)
	s, err := d.Start(t.Context(), cfg, rec)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	c := &client{Session: s, t: t, rec: rec}
	t.Cleanup(func() {
		if err := s.Close(t.Context()); err != nil {
			t.Errorf("Close: %v", err)
		}
		for _, v := range rec.Violations() {
			t.Errorf("violation: %s", v)
		}
	})
	return c
}

func (c *client) send(text string) (from int) {
	c.t.Helper()
	from = c.rec.Len()
	if err := c.Send(c.t.Context(), drivers.Message{Text: text}); err != nil {
		c.t.Fatalf("Send %q: %v", text, err)
	}
	return from
}

// turn returns the events of a turn that needs no answers.
func (c *client) turn(text string) []universal.Event {
	c.t.Helper()
	events, _ := c.rec.AwaitTurnEnd(c.t, c.send(text))
	return events
}

func (c *client) reply(id string, decision drivers.Decision, message string) {
	c.t.Helper()
	if err := c.ReplyPermission(c.t.Context(), id, drivers.PermissionReply{Decision: decision, Message: message}); err != nil {
		c.t.Fatalf("ReplyPermission %s: %v", id, err)
	}
}

func (c *client) answer(id string, answers [][]string) {
	c.t.Helper()
	if err := c.ReplyQuestion(c.t.Context(), id, drivers.QuestionReply{Answers: answers, Message: "no answer"}); err != nil {
		c.t.Fatalf("ReplyQuestion %s: %v", id, err)
	}
}

// wantSkeleton compares a turn with its events in shorthand: S(x) and C(x)
// for start and completion of an item, D(x) for its delta, a star after what
// is synthetic; anything else stands for itself.
func wantSkeleton(t *testing.T, events []universal.Event, prefix, want string) {
	t.Helper()
	var got []string
	for i := range events {
		got = append(got, short(&events[i], prefix))
	}
	if diff := cmp.Diff(strings.Fields(want), got); diff != "" {
		t.Errorf("skeleton (-want +got):\n%s", diff)
	}
}

func short(ev *universal.Event, prefix string) string {
	star := ""
	if ev.Synthetic {
		star = "*"
	}
	name := func(key string) string { return strings.TrimPrefix(key, prefix+"_") }
	switch d := ev.Data.(type) {
	case *universal.ItemData:
		letter := map[universal.EventType]string{universal.TypeItemStarted: "S", universal.TypeItemCompleted: "C"}[ev.Type]
		return letter + star + "(" + name(d.Item.ItemID) + ")"
	case *universal.ItemDeltaData:
		return "D" + star + "(" + name(d.ItemID) + ")"
	case *universal.PermissionData:
		return string(ev.Type) + star + "(" + name(d.PermissionID) + ")"
	case *universal.QuestionData:
		return string(ev.Type) + star + "(" + name(d.QuestionID) + ")"
	}
	return string(ev.Type) + star
}

const (
	toolSkeleton     = "S(tool_call) C(tool_call) S(tool_result) C(tool_result) "
	markdownSkeleton = "S(markdown) D(markdown) D(markdown) D(markdown) D(markdown) D(markdown) D(markdown) D(markdown) D(markdown) C(markdown) "
	richSkeleton     = "S(assistant_rich) D(assistant_rich) D(assistant_rich) C(assistant_rich) "
	statusSkeleton   = "S(status) C(status) "
	imageSkeleton    = "S(image) D*(image) C(image) "
	unknownSkeleton  = "S(unknown) C(unknown) "
	askTwo           = "permission.requested(permission) permission.requested(permission_denied) "
	askTwoQuestions  = "question.requested(question) question.requested(question_reject) "
	errorSkeleton    = "error* agent.unparsed* "
)

func said(name string) string { return "S(" + name + ") D*(" + name + ") C(" + name + ") " }

// TestSkeletons compares the commands and prompts of the v0.1 mock with their
// events, as far as the grammar of streams left them.
func TestSkeletons(t *testing.T) {
	for _, c := range []struct{ prompt, want string }{
		{"Reply with exactly the single word OK.", said("ok")},
		{"  reply with exactly the single word ok.\n", said("ok")},
		{"Reply with exactly the word FIRST.", said("first")},
		{"Reply with exactly the word SECOND.", said("second")},
		{"Answer briefly and include your reasoning.", richSkeleton},
		{"Provide a short status update.", statusSkeleton},
		{"Use the bash tool to run `ls` in the current directory. Do not answer without using the tool.",
			"permission.requested(permission) " + toolSkeleton + "permission.resolved*(permission) "},

		{"help", said("help")},
		{"HELP me", said("help")},
		{"echo hello there", said("echo")},
		{"say", said("echo")},
		{"something else", said("reply")},
		{"markdown", markdownSkeleton},
		{"tool", toolSkeleton},
		{"tools now", toolSkeleton},
		{"tooling", toolSkeleton},
		{"status", statusSkeleton},
		{"image", imageSkeleton},
		{"unknown", unknownSkeleton},
		{"error", errorSkeleton},
		{"unparsed", "agent.unparsed* "},
		{"demo", said("marker_1") + "S(system) C(system) " + said("marker_2") + richSkeleton + said("marker_3") + statusSkeleton +
			said("marker_4") + markdownSkeleton + said("marker_5") + toolSkeleton + said("marker_6") + imageSkeleton +
			said("marker_7") + unknownSkeleton + said("marker_8") + askTwo + said("marker_9") + askTwoQuestions +
			said("marker_10") + errorSkeleton +
			"permission.resolved*(permission) permission.resolved*(permission_denied) question.resolved*(question) question.resolved*(question_reject) "},

		{"reasoning", "S(reasoning) D(reasoning) D(reasoning) D(reasoning) C(reasoning) " + said("answer")},
		{"attachments", said("attachments")},
		{"diff", "S(diff_call) C(diff_call) S(diff_result) C(diff_result) diff.updated "},
		{"mcp", "S(mcp_call) C(mcp_call) S(mcp_result) C(mcp_result) "},
		{"subagent", "S(task_call) C(task_call) " + said("task_message") + "S(inner_call) C(inner_call) " +
			"S(inner_read_call) C(inner_read_call) S(inner_read_result) C(inner_read_result) " + said("inner_message") +
			"S(inner_result) C(inner_result) S(task_result) C(task_result) " + said("summary")},
		{"plan", "plan.updated " + said("planned") + "plan.updated "},
		{"usage", said("usage") + "usage.updated "},
		{"quota", "quota.updated " + said("quota")},
		{"compact", "S(compact) C(compact) "},
		{"title My work", "session.updated "},
		{"recall", said("recall")},
		{"context HOME", said("context")},
		{"wait 1", "S(wait_call) C(wait_call) S(wait_result) C(wait_result) " + said("waited")},
		{"slow 3 1", "S(slow) D(slow) D(slow) D(slow) C(slow) "},
		{"flood 2 10", "S(flood_1) D(flood_1) D(flood_1) C(flood_1) "},
		{"fail overloaded", "error "},
		{"stop max_tokens", said("stop")},
		{"leave-open", "S(open) D(open) S(open_call) C(open_call) permission.requested(permission) question.requested(question) "},
		{"poison", said("poison")},
		{"release", said("release")},
	} {
		t.Run(c.prompt, func(t *testing.T) {
			s := open(t, mock.New(mock.Options{}), drivers.Config{})
			wantSkeleton(t, s.turn(c.prompt), "mock_1", c.want+"turn.ended*")
		})
	}
}

// TestRequestSkeletons has those that wait for answers, in either order.
func TestRequestSkeletons(t *testing.T) {
	type answer struct {
		permission, question string
		decision             drivers.Decision
		answers              [][]string
	}
	for _, c := range []struct {
		name, prompt, asked, rest string
		last                      string // id of the last request
		answers                   []answer
	}{
		{"permission", "permission", askTwo, "", "permission_denied",
			[]answer{{permission: "permission_denied", decision: drivers.Reject}, {permission: "permission", decision: drivers.Always}}},
		{"question", "questions", askTwoQuestions, "", "question_reject",
			[]answer{{question: "question", answers: [][]string{{"Red"}}}, {question: "question_reject"}}},
		{"one permission", "List files in the current directory using available tools.", "permission.requested(permission) ", "", "permission",
			[]answer{{permission: "permission", decision: drivers.Once}}},
		{"one question", "Use the AskUserQuestion tool to ask exactly one yes/no question, then wait for a reply. Do not answer yourself.",
			"question.requested(question) ", "", "question", []answer{{question: "question", answers: [][]string{{"Yes"}}}}},
		{"the same question", "Call the AskUserQuestion tool with exactly one yes/no question and wait for a reply. Do not answer yourself.",
			"question.requested(question) ", "", "question", []answer{{question: "question", answers: [][]string{{"No"}}}}},
		{"gate allowed", "gate ls", "S(gate_call) C(gate_call) permission.requested(gate_permission) ",
			"S(gate_result) C(gate_result) " + said("gate_done"), "gate_permission",
			[]answer{{permission: "gate_permission", decision: drivers.Once}}},
		{"gate refused", "gate ls", "S(gate_call) C(gate_call) permission.requested(gate_permission) ",
			"S(gate_result) C(gate_result) " + said("gate_refused"), "gate_permission",
			[]answer{{permission: "gate_permission", decision: drivers.Reject}}},
		{"edit", "edit a.txt", "S(edit_call) C(edit_call) permission.requested(edit_permission) ",
			"S(edit_result) C(edit_result) " + said("edit_done"), "edit_permission",
			[]answer{{permission: "edit_permission", decision: drivers.Always}}},
		{"ask", "ask", "S(ask_call) C(ask_call) question.requested(ask_question) ",
			"S(ask_result) C(ask_result) " + said("ask_done"), "ask_question",
			[]answer{{question: "ask_question", answers: [][]string{{"Red"}, {"Cheese", "Basil"}, {"Ada"}, {"sesame"}}}}},
		{"ask refused", "ask", "S(ask_call) C(ask_call) question.requested(ask_question) ",
			"S(ask_result) C(ask_result) " + said("ask_refused"), "ask_question", []answer{{question: "ask_question"}}},
		{"propose", "propose", said("proposal") + "question.requested(approval) ", "session.updated " + said("approved"), "approval",
			[]answer{{question: "approval", answers: [][]string{{"approve"}}}}},
		{"propose rejected", "propose", said("proposal") + "question.requested(approval) ", said("rejected"), "approval",
			[]answer{{question: "approval"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, mock.New(mock.Options{}), drivers.Config{})
			from := s.send(c.prompt)
			_, next := s.rec.Await(t, from, c.last, func(ev *universal.Event) bool {
				return strings.HasSuffix(drivertest.Bone(ev), ".requested mock_1_"+c.last)
			})
			wantSkeleton(t, s.rec.Events(from)[:next-from], "mock_1", c.asked)
			for _, a := range c.answers {
				if a.permission != "" {
					s.reply("mock_1_"+a.permission, a.decision, "not today")
				} else {
					s.answer("mock_1_"+a.question, a.answers)
				}
			}
			events, ended := s.rec.AwaitTurnEnd(t, from)
			wantSkeleton(t, events, "mock_1", c.asked+c.rest+"turn.ended*")
			if ended.StopReason != universal.StopEndTurn {
				t.Errorf("stop_reason is %q", ended.StopReason)
			}
		})
	}
}

func TestPrefixCountsMessages(t *testing.T) {
	s := open(t, mock.New(mock.Options{}), drivers.Config{})
	for _, prefix := range []string{"mock_1", "mock_2", "mock_3"} {
		wantSkeleton(t, s.turn("echo hi"), prefix, said("echo")+"turn.ended*")
	}
}

func TestEndEndsTurnThenSession(t *testing.T) {
	s := open(t, mock.New(mock.Options{}), drivers.Config{})
	from := s.send("session.end")
	if exit := s.rec.AwaitExit(t); exit.Code == nil || *exit.Code != 0 {
		t.Errorf("Exit is %+v, want code 0", exit)
	}
	events := s.rec.Events(from)
	wantSkeleton(t, events, "mock_1", "turn.ended* session.ended")
	want := &universal.SessionEndedData{Reason: universal.EndCompleted, TerminatedBy: universal.SourceAgent}
	if diff := cmp.Diff(universal.Data(want), events[1].Data); diff != "" {
		t.Errorf("session.ended (-want +got):\n%s", diff)
	}
	if err := s.Send(t.Context(), drivers.Message{Text: "hello"}); universal.KindOf(err) != universal.KindSessionEnded {
		t.Errorf("Send after the end: %v, want kind session_ended", err)
	}
}

func TestContent(t *testing.T) {
	code, ms, call := 0, int64(1), "mock_1_gate"
	for _, c := range []struct {
		prompt, key string
		want        universal.Item
	}{
		{"tool", "mock_1_tool_result", universal.Item{
			Kind: universal.KindToolResult, Role: universal.RoleTool, Status: universal.StatusFailed,
			Content: universal.Content{
				&universal.ToolResultPart{CallID: "mock_1_call", Output: "mock search results", IsError: true},
				&universal.FileRefPart{Path: "mock_1/readme.md", Action: universal.FileRead},
				&universal.FileRefPart{Path: "mock_1/output.txt", Action: universal.FileWrite, Diff: "+mock output\n"},
				&universal.FileRefPart{Path: "mock_1/patch.txt", Action: universal.FilePatch, Diff: "@@ -1,1 +1,1 @@\n-old\n+new\n"},
			}}},
		{"status", "mock_1_status", universal.Item{
			Kind: universal.KindStatus, Role: universal.RoleAssistant, Status: universal.StatusCompleted,
			Content: universal.Content{&universal.StatusPart{Label: "Indexing", Detail: "Done"}}}},
		{"echo  a \n b", "mock_1_echo", universal.Item{
			Kind: universal.KindMessage, Role: universal.RoleAssistant, Status: universal.StatusCompleted,
			Content: universal.Content{&universal.TextPart{Text: "a b"}}}},
		{" Hello  you ", "mock_1_reply", universal.Item{
			Kind: universal.KindMessage, Role: universal.RoleAssistant, Status: universal.StatusCompleted,
			Content: universal.Content{&universal.TextPart{Text: "Hello  you"}}}},
		{"gate ls", "mock_1_gate_result", universal.Item{
			Kind: universal.KindToolResult, Role: universal.RoleTool, Status: universal.StatusCompleted,
			Content: universal.Content{
				&universal.ToolResultPart{CallID: call, Output: "mock output of ls"},
				&universal.CommandPart{Command: "ls", Cwd: "/somewhere", ExitCode: &code, Output: "mock output of ls", DurationMS: &ms},
			}}},
	} {
		t.Run(c.prompt, func(t *testing.T) {
			s := open(t, mock.New(mock.Options{}), drivers.Config{Directory: "/somewhere"})
			from := s.send(c.prompt)
			if strings.HasPrefix(c.prompt, "gate") {
				s.rec.AwaitType(t, from, universal.TypePermissionRequested)
				s.reply("mock_1_gate_permission", drivers.Once, "")
			}
			ev, _ := s.rec.Await(t, from, c.key, func(ev *universal.Event) bool {
				d, ok := ev.Data.(*universal.ItemData)
				return ok && ev.Type == universal.TypeItemCompleted && d.Item.ItemID == c.key
			})
			c.want.ItemID, c.want.NativeItemID = c.key, universal.NullString(c.key)
			if diff := cmp.Diff(c.want, ev.Data.(*universal.ItemData).Item); diff != "" {
				t.Errorf("item (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAlwaysGrantsExactRules(t *testing.T) {
	s := open(t, mock.New(mock.Options{}), drivers.Config{})
	ev, _ := s.rec.AwaitType(t, s.send("gate ls -l && rm x"), universal.TypePermissionRequested)
	want := []universal.PermissionOption{
		{ID: "allow", Kind: universal.AllowOnce, Name: "Allow once"},
		{ID: "always", Kind: universal.AllowAlways, Name: "Always allow Bash(ls -l) and Bash(rm x)", Rules: []string{"Bash(ls -l)", "Bash(rm x)"}},
		{ID: "reject", Kind: universal.RejectOnce, Name: "Reject"},
	}
	if diff := cmp.Diff(want, ev.Data.(*universal.PermissionData).Options); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
}

func TestHelpListsEveryCommand(t *testing.T) {
	s := open(t, mock.New(mock.Options{}), drivers.Config{})
	started, _ := s.rec.AwaitType(t, 0, universal.TypeSessionUpdated)
	commands := started.Data.(*universal.SessionUpdatedData).Commands
	if len(commands) < 30 {
		t.Errorf("%d commands are listed at the start", len(commands))
	}
	text := drivertest.Text(s.turn("help"))
	for _, c := range commands {
		if !strings.Contains(text, "\n"+c.Name) || c.Description == "" {
			t.Errorf("the help lacks %q, or it has no description", c.Name)
		}
	}
}

func TestStopReasons(t *testing.T) {
	for prompt, want := range map[string]universal.StopReason{
		"stop max_tokens": universal.StopMaxTokens,
		"stop MAX_TURNS":  universal.StopMaxTurns,
		"stop refusal":    universal.StopRefusal,
		"stop something":  universal.StopEndTurn,
		"fail":            universal.StopError,
	} {
		t.Run(prompt, func(t *testing.T) {
			s := open(t, mock.New(mock.Options{}), drivers.Config{})
			if _, ended := s.rec.AwaitTurnEnd(t, s.send(prompt)); ended.StopReason != want {
				t.Errorf("stop_reason is %q, want %q", ended.StopReason, want)
			}
		})
	}
}

func TestPace(t *testing.T) {
	const pace = 5 * time.Millisecond
	s := open(t, mock.New(mock.Options{Pace: pace}), drivers.Config{})
	began := time.Now()
	s.turn("plan") // 4 steps, the first of them at once
	if took := time.Since(began); took < 3*pace {
		t.Errorf("4 steps took %v, want at least %v", took, 3*pace)
	}
}
