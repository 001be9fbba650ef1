package claude

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/fixtures/rig"
	"github.com/sandbox-agent/sandbox-agent/fixtures/toolserver"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// These tests run the real Claude Code against the scripted model server.

type bench struct {
	*rig.Rig
	driver *Driver
	dir    string // the agent's working directory
	trace  *tracer
}

// tracer keeps the lines of a session.
type tracer struct {
	mu    sync.Mutex
	lines []string
}

func (tr *tracer) add(dir string, line []byte) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.lines = append(tr.lines, dir+" "+string(line))
}

// wait waits for the nth line with a text.
func (tr *tracer) wait(t *testing.T, nth int, text string) {
	t.Helper()
	waitFor(t, text, func() bool {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		n := 0
		for _, line := range tr.lines {
			if strings.Contains(line, text) {
				n++
			}
		}
		return n >= nth
	})
}

func newBench(t testing.TB) *bench {
	t.Helper()
	path, st := rig.Program(t, "claude"), rig.New(t)
	home, dir := t.TempDir(), t.TempDir()
	env := modelserver.ClaudeEnv(st.Server.URL(), home)
	trace := &tracer{}
	return &bench{
		Rig:   st,
		trace: trace,
		driver: New(Options{
			Trace:      trace.add,
			Supervisor: st.Supervisor,
			Locate:     func() (string, error) { return path, nil },
			Environ:    func() []string { return env },
		}),
		dir: dir,
	}
}

type live struct {
	*recorder
	drivers.Session
	t *testing.T
}

func (b *bench) start(t *testing.T, cfg drivers.Config) *live {
	t.Helper()
	cfg.Directory = b.dir
	r := newRecorder()
	s, err := b.driver.Start(t.Context(), cfg, r)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	l := &live{r, s, t}
	t.Cleanup(func() { l.close() })
	return l
}

func (l *live) close() {
	l.t.Helper()
	if err := l.Session.Close(context.Background()); err != nil {
		l.t.Errorf("close: %v", err)
	}
	l.mu.Lock()
	exits := len(l.exits)
	l.mu.Unlock()
	if exits != 1 {
		l.t.Errorf("exit was told %d times", exits)
	}
}

func (l *live) send(text string) {
	l.t.Helper()
	l.sent()
	if err := l.Session.Send(l.t.Context(), drivers.Message{Text: text}); err != nil {
		l.t.Fatalf("send: %v", err)
	}
}

// ReplyPermission tells the answer as the receiver does.
func (l *live) ReplyPermission(ctx context.Context, id string, reply drivers.PermissionReply) error {
	err := l.Session.ReplyPermission(ctx, id, reply)
	if err == nil {
		l.resolved(universal.TypePermissionResolved, &universal.PermissionData{PermissionID: id, Status: universal.PermissionAccept})
	}
	return err
}

// ReplyQuestion tells the answer as the receiver does.
func (l *live) ReplyQuestion(ctx context.Context, id string, reply drivers.QuestionReply) error {
	err := l.Session.ReplyQuestion(ctx, id, reply)
	if err == nil {
		l.resolved(universal.TypeQuestionResolved, &universal.QuestionData{QuestionID: id, Status: universal.QuestionAnswered})
	}
	return err
}

// result waits for the result of the nth tool call.
func (l *live) result(nth int) *universal.Item {
	l.t.Helper()
	d := event(l.t, l.recorder, nth, func(_ universal.EventType, d *universal.ItemData) bool {
		return d.Item.Kind == universal.KindToolResult
	})
	return &d.Item
}

func (l *live) permission(nth int) *universal.PermissionData {
	l.t.Helper()
	return event(l.t, l.recorder, nth, func(typ universal.EventType, _ *universal.PermissionData) bool {
		return typ == universal.TypePermissionRequested
	})
}

func (l *live) question(nth int) *universal.QuestionData {
	l.t.Helper()
	return event(l.t, l.recorder, nth, func(typ universal.EventType, _ *universal.QuestionData) bool {
		return typ == universal.TypeQuestionRequested
	})
}

func (l *live) text(text string) {
	l.t.Helper()
	event(l.t, l.recorder, 1, func(_ universal.EventType, d *universal.ItemData) bool {
		return d.Item.Kind == universal.KindMessage && strings.Contains(d.Item.Text(), text)
	})
}

func TestRealText(t *testing.T) {
	l := newBench(t).start(t, drivers.Config{})
	if l.NativeID() == "" {
		t.Error("no native id after the start")
	}
	l.send("SCENARIO:text")
	ended := l.turnEnded(t, 1)
	l.text("Hello from the scripted model.")
	if ended.StopReason != universal.StopEndTurn {
		t.Errorf("stop reason %q", ended.StopReason)
	}
	u := ended.Usage
	if u == nil || u.InputTokens == nil || u.OutputTokens == nil || u.CostUSD == nil || u.ContextWindow == nil || u.ContextUsed == nil {
		t.Fatalf("usage is incomplete: %+v", u)
	}
	if *u.TotalTokens != *u.InputTokens+*u.OutputTokens {
		t.Errorf("total %d of %d and %d", *u.TotalTokens, *u.InputTokens, *u.OutputTokens)
	}
	commands := event(t, l.recorder, 1, func(_ universal.EventType, d *universal.SessionUpdatedData) bool { return d.Commands != nil })
	if len(commands.Commands) == 0 || commands.Commands[0].Name == "" {
		t.Errorf("commands: %+v", commands.Commands)
	}
	l.close()
	checkGrammar(t, l.snapshot())
}

func TestRealPermission(t *testing.T) {
	for _, reply := range []drivers.PermissionReply{
		{Decision: drivers.Once},
		{Decision: drivers.Always},
		{Decision: drivers.Reject, Message: "not this one"},
	} {
		t.Run(string(reply.Decision), func(t *testing.T) {
			b := newBench(t)
			l := b.start(t, drivers.Config{})
			l.send(modelserver.Prompt("bash", modelserver.Input{"command": "touch made.txt"}))
			p := l.permission(1)
			wantRules := []string{"Bash(touch made.txt)"}
			if diff := cmp.Diff(wantRules, p.Options[1].Rules); diff != "" {
				t.Errorf("rules (-want +got):\n%s", diff)
			}
			if err := l.ReplyPermission(t.Context(), p.PermissionID, reply); err != nil {
				t.Fatal(err)
			}
			if err := l.ReplyPermission(t.Context(), p.PermissionID, reply); universal.KindOf(err) != universal.KindInvalidRequest {
				t.Errorf("a second reply gives %v", err)
			}
			result := l.result(1)
			l.turnEnded(t, 1)
			_, err := os.Stat(filepath.Join(b.dir, "made.txt"))
			if reply.Decision == drivers.Reject {
				if !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("the refused command has run: %v", err)
				}
				if part := result.Content[0].(*universal.ToolResultPart); !part.IsError || part.Output != reply.Message {
					t.Errorf("the model got %+v", part)
				}
				if len(result.Content) != 1 {
					t.Errorf("a command that has not run is told as run: %+v", result.Content[1])
				}
			} else {
				if err != nil {
					t.Errorf("the allowed command has not run: %v", err)
				}
				command, ok := result.Content[1].(*universal.CommandPart)
				if !ok || command.Command != "touch made.txt" || command.ExitCode == nil || *command.ExitCode != 0 {
					t.Errorf("command: %+v", result.Content[1])
				}
			}
			l.close()
			checkGrammar(t, l.snapshot())
		})
	}
}

func TestRealQuestions(t *testing.T) {
	l := newBench(t).start(t, drivers.Config{})
	l.send("SCENARIO:ask")
	q := l.question(1)
	if len(q.Questions) != 2 || !q.Questions[1].MultiSelect || q.Prompt != q.Questions[0].Prompt {
		t.Fatalf("questions: %+v", q)
	}
	err := l.ReplyQuestion(t.Context(), q.QuestionID, drivers.QuestionReply{Answers: [][]string{{"Blue"}, {"Small", "Large"}}})
	if err != nil {
		t.Fatal(err)
	}
	l.turnEnded(t, 1)
	l.text(`"Blue"`)
	l.text(`"Small, Large"`)

	l.send("SCENARIO:ask_one")
	q = l.question(2)
	if err := l.ReplyQuestion(t.Context(), q.QuestionID, drivers.QuestionReply{Message: "no answer today"}); err != nil {
		t.Fatal(err)
	}
	l.turnEnded(t, 2)
	l.text("no answer today")
	l.close()
	checkGrammar(t, l.snapshot())
}

func TestRealPlan(t *testing.T) {
	l := newBench(t).start(t, drivers.Config{Settings: drivers.Settings{AgentMode: drivers.ModePlan, PermissionMode: drivers.PermissionAcceptEdits}})
	l.send("SCENARIO:plan")
	q := l.question(1)
	if !strings.Contains(q.Prompt, "Write hello.txt") || q.Questions[0].Header != "Plan" {
		t.Errorf("the plan's question: %+v", q)
	}
	if err := l.ReplyQuestion(t.Context(), q.QuestionID, drivers.QuestionReply{Answers: [][]string{{"approve"}}}); err != nil {
		t.Fatal(err)
	}
	l.turnEnded(t, 1)
	left := event(t, l.recorder, 1, func(_ universal.EventType, d *universal.SessionUpdatedData) bool { return d.AgentMode != "" })
	if left.AgentMode != drivers.ModeBuild {
		t.Errorf("agent mode %q after the approval", left.AgentMode)
	}
	// The session's own permission mode holds now: an edit doesn't ask.
	l.send("SCENARIO:write")
	l.turnEnded(t, 2)
	for _, ev := range l.snapshot() {
		if ev.Type == universal.TypePermissionRequested {
			t.Errorf("asked in mode acceptEdits: %s", describe([]universal.Event{ev}))
		}
	}
	l.close()
	checkGrammar(t, l.snapshot())
}

func TestRealInterruptKillsTheCommand(t *testing.T) {
	b := newBench(t)
	l := b.start(t, drivers.Config{Settings: drivers.Settings{PermissionMode: drivers.PermissionBypass}})
	l.send(modelserver.Prompt("bash", modelserver.Input{"command": "echo $$ > pid; while true; do sleep 1; done"}))
	pid := waitFile(t, filepath.Join(b.dir, "pid"))
	if err := l.Interrupt(t.Context()); err != nil {
		t.Fatal(err)
	}
	ended := l.turnEnded(t, 1)
	if ended.StopReason != universal.StopInterrupted {
		t.Errorf("stop reason %q", ended.StopReason)
	}
	waitGone(t, pid)
	if result := l.result(1); result.Status != universal.StatusCancelled {
		t.Errorf("the result's status is %q", result.Status)
	}
	l.send("SCENARIO:text")
	l.turnEnded(t, 2)
	l.text("Hello from the scripted model.")
	l.close()
	checkGrammar(t, l.snapshot())
}

func TestRealInterruptText(t *testing.T) {
	b := newBench(t)
	l := b.start(t, drivers.Config{})
	l.send(modelserver.Prompt("gated", modelserver.Input{"gate": "hold", "after": 2}))
	event[*universal.ItemDeltaData](t, l.recorder, 1, nil)
	if err := l.Interrupt(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ended := l.turnEnded(t, 1); ended.StopReason != universal.StopInterrupted {
		t.Errorf("stop reason %q", ended.StopReason)
	}
	cut := event(t, l.recorder, 1, func(typ universal.EventType, d *universal.ItemData) bool {
		return typ == universal.TypeItemCompleted && d.Item.Kind == universal.KindMessage
	})
	if cut.Item.Status != universal.StatusCancelled || cut.Item.Text() == "" {
		t.Errorf("the interrupted text: %+v", cut.Item)
	}
	l.close()
	checkGrammar(t, l.snapshot())
}

func TestRealResume(t *testing.T) {
	b := newBench(t)
	l := b.start(t, drivers.Config{})
	l.send("SCENARIO:text")
	l.turnEnded(t, 1)
	id := l.NativeID()
	l.close()

	again := b.start(t, drivers.Config{Resume: id})
	if again.NativeID() != id {
		t.Errorf("native id %q, want %q", again.NativeID(), id)
	}
	again.send("SCENARIO:count")
	again.turnEnded(t, 1)
	again.text("1 assistant messages")
	again.close()
	checkGrammar(t, again.snapshot())
}

func TestRealResumeUnknown(t *testing.T) {
	b := newBench(t)
	r := newRecorder()
	_, err := b.driver.Start(t.Context(), drivers.Config{Directory: b.dir, Resume: "00000000-0000-4000-8000-000000000404"}, r)
	if universal.KindOf(err) != universal.KindInvalidRequest || !strings.Contains(err.Error(), "no such conversation") {
		t.Errorf("error %v", err)
	}
	if len(r.exits) != 0 {
		t.Errorf("a start that failed told an exit: %+v", r.exits)
	}
}

func TestRealUpdate(t *testing.T) {
	b := newBench(t)
	l := b.start(t, drivers.Config{})
	for _, change := range []drivers.Settings{
		{PermissionMode: drivers.PermissionBypass},
		{AgentMode: drivers.ModePlan},
		{AgentMode: drivers.ModeBuild},
		{Model: "haiku", Variant: "low", Title: "A title"},
	} {
		if err := l.Update(t.Context(), change); err != nil {
			t.Fatalf("update %+v: %v", change, err)
		}
	}
	for _, wrong := range []drivers.Settings{
		{PermissionMode: "nonsense"}, {AgentMode: "nonsense"}, {Variant: "nonsense"}, {Model: "two words"},
	} {
		if kind := universal.KindOf(l.Update(t.Context(), wrong)); kind != universal.KindInvalidRequest && kind != universal.KindModeNotSupported {
			t.Errorf("update %+v gives kind %q", wrong, kind)
		}
	}
	l.send("SCENARIO:model")
	l.turnEnded(t, 1)
	l.text("haiku")
	// Bypass holds again after planning.
	l.send(modelserver.Prompt("bash", modelserver.Input{"command": "touch made.txt"}))
	l.turnEnded(t, 2)
	if _, err := os.Stat(filepath.Join(b.dir, "made.txt")); err != nil {
		t.Errorf("in bypass mode: %v", err)
	}
	l.close()
	checkGrammar(t, l.snapshot())
}

func TestRealBackgroundSubagent(t *testing.T) {
	l := newBench(t).start(t, drivers.Config{})
	l.send(modelserver.Prompt("task", modelserver.Input{"prompt": "SCENARIO:subagent"}))
	first := l.turnEnded(t, 1)
	second := l.turnEnded(t, 2)
	if first.StopReason != universal.StopEndTurn || second.StopReason != universal.StopEndTurn {
		t.Errorf("stop reasons %q and %q", first.StopReason, second.StopReason)
	}
	begun := event(t, l.recorder, 2, func(universal.EventType, *universal.TurnStartedData) bool { return true })
	if begun.Origin != universal.OriginAgent {
		t.Errorf("the agent's own turn has origin %q", begun.Origin)
	}
	call := event(t, l.recorder, 1, func(_ universal.EventType, d *universal.ItemData) bool { return d.Item.Kind == universal.KindToolCall })
	child := event(t, l.recorder, 1, func(_ universal.EventType, d *universal.ItemData) bool {
		return d.Item.ParentID != "" && d.Item.Kind == universal.KindMessage
	})
	if string(child.Item.ParentID) != call.Item.ItemID {
		t.Errorf("parent %q, want %q", child.Item.ParentID, call.Item.ItemID)
	}
	l.wait(t, "the end of the background task", func() bool { return len(l.background) >= 2 })
	if diff := cmp.Diff([]int{1, 0}, l.background); diff != "" {
		t.Errorf("background tasks (-want +got):\n%s", diff)
	}
	l.close()
	checkGrammar(t, l.snapshot())
}

func TestRealSkill(t *testing.T) {
	b := newBench(t)
	source := t.TempDir()
	if err := os.MkdirAll(filepath.Join(source, "greeter"), 0o755); err != nil {
		t.Fatal(err)
	}
	skill := "---\nname: greeter\ndescription: Greets people\n---\nSCENARIO:text\n"
	if err := os.WriteFile(filepath.Join(source, "greeter", "SKILL.md"), []byte(skill), 0o644); err != nil {
		t.Fatal(err)
	}
	l := b.start(t, drivers.Config{Skills: []drivers.SkillSource{{Type: "local", Source: source}}})
	l.send("/greeter")
	l.turnEnded(t, 1)
	l.text("Hello from the scripted model.")
	scratch := l.Session.(*session).scratch.Path()
	l.close()
	if _, err := os.Stat(scratch); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the session's temporary directory is left: %v", err)
	}
}

func TestRealErrors(t *testing.T) {
	tests := []struct {
		scenario string
		category universal.ErrorCategory
		stop     universal.StopReason
	}{
		{"err401_final", universal.CategoryAuth, universal.StopError},
		{"too_long", universal.CategoryContextLength, universal.StopError},
		{"credit", universal.CategoryUsageLimit, universal.StopError},
		{"refusal", universal.CategoryModel, universal.StopRefusal},
		{"max_tokens", universal.CategoryModel, universal.StopMaxTokens},
	}
	l := newBench(t).start(t, drivers.Config{})
	for i, tt := range tests {
		l.send("SCENARIO:" + tt.scenario)
		if ended := l.turnEnded(t, i+1); ended.StopReason != tt.stop {
			t.Errorf("%s: stop reason %q, want %q", tt.scenario, ended.StopReason, tt.stop)
		}
		if e := event[*universal.ErrorData](t, l.recorder, i+1, nil); e.Category != tt.category || e.Message == "" {
			t.Errorf("%s: error %+v, want category %q", tt.scenario, e, tt.category)
		}
	}
	l.close()
	checkGrammar(t, l.snapshot())
}

func TestRealAgentDies(t *testing.T) {
	l := newBench(t).start(t, drivers.Config{})
	l.send("SCENARIO:hang")
	pid := l.Session.(*session).transport.(*process.Process).PID()
	p, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	l.wait(t, "the exit", func() bool { return len(l.exits) == 1 })
	if l.exits[0].Signal == "" {
		t.Errorf("exit: %+v", l.exits[0])
	}
	if err := l.Send(t.Context(), drivers.Message{Text: "anyone?"}); universal.KindOf(err) != universal.KindAgentProcessExited || !errors.Is(err, drivers.ErrNotTaken) {
		t.Errorf("send to a dead agent gives %v", err)
	}
}

func TestRealModelsAndProbe(t *testing.T) {
	b := newBench(t)
	models, err := b.driver.Models(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if models.DefaultModel != "default" || len(models.Models) < 2 || len(models.Models[0].Variants) == 0 {
		t.Errorf("models: %+v", models)
	}
	p := b.driver.Probe(t.Context())
	if !p.Installed || p.Version == "" || p.Problem != "" {
		t.Errorf("probe: %+v", p)
	}
}

func (l *live) steer(text string) {
	l.t.Helper()
	if err := l.Session.Send(l.t.Context(), drivers.Message{Text: text, Steer: true}); err != nil {
		l.t.Fatalf("steer: %v", err)
	}
}

// A message that comes while a tool runs joins the turn.
func TestRealSteerDuringTool(t *testing.T) {
	b := newBench(t)
	l := b.start(t, drivers.Config{Settings: drivers.Settings{PermissionMode: drivers.PermissionBypass}})
	l.send(modelserver.Prompt("bash", modelserver.Input{"command": "echo 1 > begun; while [ ! -e go ]; do sleep 0.05; done"}))
	waitFile(t, filepath.Join(b.dir, "begun"))
	l.steer("and by the way")
	b.trace.wait(t, 2, `"state":"queued"`)
	if err := os.WriteFile(filepath.Join(b.dir, "go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	l.turnEnded(t, 1)
	b.trace.wait(t, 2, `"state":"completed"`)
	l.send("SCENARIO:text")
	l.turnEnded(t, 2)
	l.close()
	checkGrammar(t, l.snapshot())
}

// A message that comes while the model speaks becomes a turn of its own.
func TestRealSteerDuringText(t *testing.T) {
	b := newBench(t)
	l := b.start(t, drivers.Config{})
	l.send(modelserver.Prompt("gated", modelserver.Input{"gate": "hold", "after": 2}))
	event[*universal.ItemDeltaData](t, l.recorder, 1, nil)
	l.steer("SCENARIO:text")
	b.trace.wait(t, 2, `"state":"queued"`)
	b.Server.Gate("hold").Open()
	l.turnEnded(t, 1)
	l.turnEnded(t, 2)
	second := event[*universal.TurnStartedData](t, l.recorder, 2, nil)
	if second.Origin != universal.OriginUser {
		t.Errorf("the steered message's turn has origin %q", second.Origin)
	}
	l.text("Hello from the scripted model.")
	l.close()
	checkGrammar(t, l.snapshot())
}

func TestRealToolServer(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l := newBench(t).start(t, drivers.Config{MCP: map[string]drivers.MCPServer{
		"demo":   {Type: "local", Command: []string{self}, Env: map[string]string{toolserver.Role: "demo"}, Cwd: t.TempDir()},
		"absent": {Type: "local", Command: []string{filepath.Join(t.TempDir(), "nothing")}},
	}})
	failed := event[*universal.ErrorData](t, l.recorder, 1, nil)
	if !strings.Contains(failed.Message, "absent") {
		t.Errorf("error of the server that is not there: %+v", failed)
	}
	l.send("SCENARIO:mcp")
	p := l.permission(1)
	if diff := cmp.Diff([]string{`mcp__demo__add({"a":2,"b":3})`}, p.Options[1].Rules); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	if err := l.ReplyPermission(t.Context(), p.PermissionID, drivers.PermissionReply{Decision: drivers.Always}); err != nil {
		t.Fatal(err)
	}
	if part := l.result(1).Content[0].(*universal.ToolResultPart); part.Output != `{"sum":5}` {
		t.Errorf("the tool gave %q", part.Output)
	}
	l.turnEnded(t, 1)

	// The bare tool was not allowed for good: it asks again.
	l.send(modelserver.Prompt("mcp_call", modelserver.Input{"tool": "mcp__demo__ask", "input": modelserver.Input{}}))
	p = l.permission(2)
	if err := l.ReplyPermission(t.Context(), p.PermissionID, drivers.PermissionReply{Decision: drivers.Once}); err != nil {
		t.Fatal(err)
	}
	q := l.question(1)
	if len(q.Questions) != 2 || q.Prompt != "Who are you?" {
		t.Errorf("elicitation: %+v", q)
	}
	checker := l.Session.(drivers.AnswerChecker)
	for age, fine := range map[string]bool{"old": false, "36": true} {
		if err := checker.CheckAnswers(q.QuestionID, drivers.QuestionReply{Answers: [][]string{{"Ada"}, {age}}}); (err == nil) != fine {
			t.Errorf("an age of %s: %v", age, err)
		}
	}
	if err := l.ReplyQuestion(t.Context(), q.QuestionID, drivers.QuestionReply{Answers: [][]string{{"Ada"}, {"36"}}}); err != nil {
		t.Fatal(err)
	}
	if part := l.result(2).Content[0].(*universal.ToolResultPart); !strings.Contains(part.Output, `"age":36`) {
		t.Errorf("the server got %q", part.Output)
	}
	l.turnEnded(t, 2)
	l.close()
	checkGrammar(t, l.snapshot())
}

func TestRealFiles(t *testing.T) {
	b := newBench(t)
	l := b.start(t, drivers.Config{Settings: drivers.Settings{PermissionMode: drivers.PermissionAcceptEdits}})
	l.send("SCENARIO:write")
	l.turnEnded(t, 1)
	written := l.result(1).Content[1].(*universal.FileRefPart)
	want := "--- /dev/null\n+++ b/hello.txt\n@@ -0,0 +1 @@\n+hello file\n"
	if diff := cmp.Diff(want, string(written.Diff)); diff != "" || written.Action != universal.FileWrite {
		t.Errorf("action %q, diff (-want +got):\n%s", written.Action, diff)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "edit-me.txt"), []byte("line one\nbefore\nline three\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	l.send("SCENARIO:edit")
	l.turnEnded(t, 2)
	edited := l.result(3).Content[1].(*universal.FileRefPart)
	want = "--- a/edit-me.txt\n+++ b/edit-me.txt\n@@ -1,3 +1,3 @@\n line one\n-before\n+after\n line three\n"
	if diff := cmp.Diff(want, string(edited.Diff)); diff != "" || edited.Action != universal.FilePatch {
		t.Errorf("action %q, diff (-want +got):\n%s", edited.Action, diff)
	}
	l.close()
	checkGrammar(t, l.snapshot())
}

func TestRealClearAndCompact(t *testing.T) {
	l := newBench(t).start(t, drivers.Config{})
	l.send("SCENARIO:text")
	l.turnEnded(t, 1)
	l.send("/compact")
	l.turnEnded(t, 2)
	event(t, l.recorder, 1, func(typ universal.EventType, d *universal.ItemData) bool {
		return typ == universal.TypeItemCompleted && d.Item.Kind == universal.KindStatus &&
			d.Item.Content[0].(*universal.StatusPart).Label == "compacted"
	})
	before := l.NativeID()
	l.send("/clear")
	l.turnEnded(t, 3)
	changed := event(t, l.recorder, 1, func(_ universal.EventType, d *universal.SessionUpdatedData) bool { return d.NativeSessionID != "" })
	if changed.NativeSessionID == before || l.NativeID() != changed.NativeSessionID {
		t.Errorf("native id %q, told %q, before %q", l.NativeID(), changed.NativeSessionID, before)
	}
	l.send("SCENARIO:text")
	l.turnEnded(t, 4)
	l.close()
	checkGrammar(t, l.snapshot())
}

func TestRealStreamCut(t *testing.T) {
	l := newBench(t).start(t, drivers.Config{})
	l.send("SCENARIO:cut_once")
	if ended := l.turnEnded(t, 1); ended.StopReason != universal.StopEndTurn {
		t.Errorf("stop reason %q", ended.StopReason)
	}
	retry := event[*universal.ErrorData](t, l.recorder, 1, nil)
	if !retry.WillRetry || retry.Category != universal.CategoryNetwork {
		t.Errorf("error: %+v", retry)
	}
	l.text("The second try came through.")
	l.close()
	checkGrammar(t, l.snapshot())
}

func TestRealTaskList(t *testing.T) {
	l := newBench(t).start(t, drivers.Config{Env: map[string]string{"CLAUDE_CODE_ENABLE_TODO_TOOLS": "1"}})
	l.send("SCENARIO:todo")
	l.turnEnded(t, 1)
	last := event[*universal.PlanData](t, l.recorder, 3, nil)
	want := []universal.PlanEntry{
		{Content: "Write code", Status: universal.PlanCompleted},
		{Content: "Run tests", Status: universal.PlanPending},
	}
	if diff := cmp.Diff(want, last.Entries); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	l.close()
	checkGrammar(t, l.snapshot())
}

func TestRealAttachments(t *testing.T) {
	b := newBench(t)
	l := b.start(t, drivers.Config{})
	l.sent()
	err := l.Session.Send(t.Context(), drivers.Message{Text: "SCENARIO:echo", Attachments: []drivers.Attachment{
		{Data: onePixelPNG(t), Mime: "image/png", Filename: "dot.png"},
		{Data: []byte("some notes"), Mime: "text/plain", Filename: "notes.txt"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	l.turnEnded(t, 1)
	l.text("image")
	l.text("notes.txt")
	l.close()
	checkGrammar(t, l.snapshot())
}

// quotaFront stands before a model server and tells the limits of a plan in
// its headers, as the service does for subscribers.
func quotaFront(t testing.TB, server string) string {
	t.Helper()
	target, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = transport
	proxy.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	proxy.ModifyResponse = func(r *http.Response) error {
		for name, value := range map[string]string{
			"status": "allowed_warning", "reset": "4102444800", "representative-claim": "five_hour",
			"5h-status": "allowed_warning", "5h-reset": "4102444800", "5h-utilization": "0.92", "5h-surpassed-threshold": "0.9",
		} {
			r.Header.Set("anthropic-ratelimit-unified-"+name, value)
		}
		return nil
	}
	front := httptest.NewServer(proxy)
	t.Cleanup(func() {
		front.Close()
		transport.CloseIdleConnections()
	})
	return front.URL
}

// The CLI reads a plan's limits from the headers of the model's API.
func TestRealQuota(t *testing.T) {
	b := newBench(t)
	front := quotaFront(t, b.Server.URL())
	l := b.start(t, drivers.Config{Env: map[string]string{
		"ANTHROPIC_BASE_URL":      front,
		"ANTHROPIC_API_KEY":       "",
		"CLAUDE_CODE_OAUTH_TOKEN": "scripted-model-needs-no-token",
	}})
	l.send("SCENARIO:text")
	l.turnEnded(t, 1)
	resets := time.Unix(4102444800, 0).UTC()
	want := &universal.QuotaData{Kind: universal.QuotaUsageLimit, Status: "allowed_warning", ResetsAt: &resets, Detail: "five_hour: 92% used"}
	if diff := cmp.Diff(want, event[*universal.QuotaData](t, l.recorder, 1, nil)); diff != "" {
		t.Errorf("quota (-want +got):\n%s", diff)
	}
	l.close()
	checkGrammar(t, l.snapshot())
}

// An interrupt takes the turn with all that belongs to it: a message that was
// steered into it does not run afterwards, and the agent does not begin a turn
// by itself to look at a task that died with it.
func TestRealInterruptEndsTheWholeTurn(t *testing.T) {
	b := newBench(t)
	b.Server.Script("launch", modelserver.Scenario{
		func(modelserver.Context) modelserver.Reply {
			return modelserver.Say(modelserver.ToolUse("Bash", modelserver.Input{
				"command": "echo $$ > pid; while true; do sleep 1; done", "description": "Run on", "run_in_background": true,
			}))
		},
		func(c modelserver.Context) modelserver.Reply {
			return modelserver.Reply{
				Blocks: []modelserver.Block{modelserver.Text("It runs, and I talk on.")},
				Pace:   modelserver.Pace{Chunk: 4}, Hold: modelserver.Hold{Gate: c.Gate("hold"), After: 2},
			}
		},
	})
	l := b.start(t, drivers.Config{Settings: drivers.Settings{PermissionMode: drivers.PermissionBypass}})
	l.send("SCENARIO:launch")
	pid := waitFile(t, filepath.Join(b.dir, "pid"))
	event(t, l.recorder, 1, func(_ universal.EventType, d *universal.ItemData) bool { return d.Item.Kind == universal.KindMessage })
	l.steer("SCENARIO:text")
	b.trace.wait(t, 2, `"state":"queued"`)
	if err := l.Interrupt(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ended := l.turnEnded(t, 1); ended.StopReason != universal.StopInterrupted {
		t.Errorf("stop reason %q", ended.StopReason)
	}
	waitGone(t, pid)
	l.wait(t, "the end of the background task", func() bool { return slices.Equal(l.background, []int{1, 0}) })
	l.send("SCENARIO:model")
	l.turnEnded(t, 2)
	l.close()
	var turns []universal.TurnOrigin
	for _, ev := range l.snapshot() {
		if d, ok := ev.Data.(*universal.TurnStartedData); ok {
			turns = append(turns, d.Origin)
		}
	}
	if diff := cmp.Diff([]universal.TurnOrigin{universal.OriginUser, universal.OriginUser}, turns); diff != "" {
		t.Errorf("turns (-want +got):\n%s", diff)
	}
	for _, r := range b.Server.Requests() {
		if r.Scenario == "text" {
			t.Error("the steered message was carried out after the interrupt")
		}
	}
	checkGrammar(t, l.snapshot())
}

// What is given to every turn is read by the model, also when it is longer than
// an argument of a program may be.
func TestRealSystemPrompt(t *testing.T) {
	b := newBench(t)
	long := "Answer in rhymes. " + strings.Repeat("Always. ", 40_000)
	l := b.start(t, drivers.Config{SystemPrompt: long})
	l.send("SCENARIO:text")
	l.turnEnded(t, 1)
	if !slices.ContainsFunc(b.Server.Requests(), func(r modelserver.Request) bool { return strings.Contains(r.System, strings.TrimSpace(long)) }) {
		t.Error("the system prompt did not reach the model")
	}
}
