package amp

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/drivertest"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/fixtures/toolserver"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// The JavaScript builds do the same as the native one, which the conformance
// suite and the recordings are about, by other means: a delegate program and a
// tool server, both played by this test program.
func TestOlderGenerations(t *testing.T) {
	for _, agent := range []string{"amp-may26", "amp-jan26"} {
		t.Run(agent, func(t *testing.T) {
			t.Parallel()
			for _, c := range []struct {
				name string
				run  func(*talk)
			}{
				{"text", (*talk).text},
				{"permissions", (*talk).permissions},
				{"bypass", (*talk).bypass},
				{"question", (*talk).question},
				{"interrupt", (*talk).interrupt},
				{"resume", (*talk).resume},
				{"session", (*talk).session},
				{"endings", (*talk).endings},
				{"crash", (*talk).crash},
			} {
				t.Run(c.name, func(t *testing.T) {
					c.run(&talk{T: t, bench: newBench(t, agent)})
				})
			}
		})
	}
}

// talk is a session that a test talks with.
type talk struct {
	*testing.T
	*bench
	cfg   drivers.Config
	agent drivers.Session
	rec   *drivertest.Recorder
	turns int // number of the events before the turn that runs
}

// start starts a session, once the test has set its options.
func (k *talk) start() {
	k.Helper()
	k.cfg.Directory = k.dir
	k.rec = drivertest.NewRecorder(0)
	s, err := k.driver.Start(k.Context(), k.cfg, k.rec)
	if err != nil {
		k.Fatalf("start: %v", err)
	}
	k.agent, k.turns = s, 0
	k.Cleanup(k.close)
}

func (k *talk) close() {
	k.Helper()
	if err := k.agent.Close(context.Background()); err != nil {
		k.Errorf("close: %v", err)
	}
	if n := len(k.rec.Exits()); n != 1 {
		k.Errorf("exit was told %d times", n)
	}
	for _, v := range k.rec.Violations() {
		k.Errorf("violation: %s", v)
	}
	if k.Failed() {
		k.Logf("recorded:\n%s", drivertest.Skeleton(k.rec.Events(0)))
	}
}

func (k *talk) send(text string) {
	k.Helper()
	k.turns = k.rec.Len()
	if err := k.agent.Send(k.Context(), drivers.Message{Text: text}); err != nil {
		k.Fatalf("send: %v", err)
	}
}

// end waits for the end of the turn that was sent last.
func (k *talk) end(want universal.StopReason) []universal.Event {
	k.Helper()
	events, ended := k.rec.AwaitTurnEnd(k, k.turns)
	if ended.StopReason != want {
		k.Errorf("the turn ended as %s, want %s", ended.StopReason, want)
	}
	return events
}

// said checks that a turn said something.
func (k *talk) said(events []universal.Event, text string) {
	k.Helper()
	if all := drivertest.Text(events); !strings.Contains(all, text) {
		k.Errorf("nobody says %q; the turn:\n%s", text, all)
	}
}

func (k *talk) permission() *universal.PermissionData {
	k.Helper()
	ev, _ := k.rec.AwaitType(k, k.turns, universal.TypePermissionRequested)
	return ev.Data.(*universal.PermissionData)
}

func (k *talk) text() {
	k.start()
	k.send("SCENARIO:text")
	k.said(k.end(universal.StopEndTurn), "Hello from the scripted model.")
	if !threadForm.MatchString(k.agent.NativeID()) {
		k.Errorf("the native id is %q", k.agent.NativeID())
	}
	k.send("SCENARIO:thinking")
	k.said(k.end(universal.StopEndTurn), "First I weigh the options")
	k.send("SCENARIO:count")
	events := k.end(universal.StopEndTurn)
	k.said(events, "2 assistant messages")
	u := events[len(events)-1].Data.(*universal.TurnEndedData).Usage
	if u == nil || u.TotalTokens == nil || u.ContextWindow == nil {
		k.Errorf("usage is %+v", u)
	}
}

func (k *talk) permissions() {
	k.start()
	for _, reply := range []drivers.PermissionReply{
		{Decision: drivers.Once},
		{Decision: drivers.Reject, Message: "not on a Tuesday"},
	} {
		k.send(modelserver.Prompt("bash", modelserver.Input{"command": "echo made > " + string(reply.Decision)}))
		p := k.permission()
		if p.ItemID == "" || p.ToolKind != universal.ToolExecute {
			k.Errorf("the request is %+v", p)
		}
		if err := k.agent.ReplyPermission(k.Context(), p.PermissionID, reply); err != nil {
			k.Fatal(err)
		}
		events := k.end(universal.StopEndTurn)
		_, err := os.Stat(filepath.Join(k.dir, string(reply.Decision)))
		if ran := err == nil; ran != (reply.Decision == drivers.Once) {
			k.Errorf("after %s the command has run: %v", reply.Decision, ran)
		}
		if reply.Message != "" {
			k.said(events, reply.Message)
		}
	}
	k.send("SCENARIO:write")
	p := k.permission()
	if p.ToolKind != universal.ToolEdit {
		k.Errorf("the request is %+v", p)
	}
	if err := k.agent.ReplyPermission(k.Context(), p.PermissionID, drivers.PermissionReply{Decision: drivers.Once}); err != nil {
		k.Fatal(err)
	}
	diffs := 0
	for _, ev := range k.end(universal.StopEndTurn) {
		if _, ok := ev.Data.(*universal.DiffData); ok {
			diffs++
		}
	}
	if diffs != 2 {
		k.Errorf("the change was told in %d diffs, want the turn's and the session's", diffs)
	}
}

func (k *talk) bypass() {
	k.cfg.PermissionMode = drivers.PermissionBypass
	k.start()
	k.send("SCENARIO:bash")
	for _, ev := range k.end(universal.StopEndTurn) {
		if ev.Type == universal.TypePermissionRequested {
			k.Errorf("a permission was asked for: %+v", ev.Data)
		}
	}
	if err := k.agent.Update(k.Context(), drivers.Settings{PermissionMode: drivers.PermissionDefault}); err != nil {
		k.Fatal(err)
	}
	k.send("SCENARIO:bash")
	if err := k.agent.ReplyPermission(k.Context(), k.permission().PermissionID, drivers.PermissionReply{Decision: drivers.Once}); err != nil {
		k.Fatal(err)
	}
	k.end(universal.StopEndTurn)
}

func (k *talk) question() {
	k.start()
	k.send("SCENARIO:ask_one")
	ev, _ := k.rec.AwaitType(k, k.turns, universal.TypeQuestionRequested)
	q := ev.Data.(*universal.QuestionData)
	if q.Prompt != "Which colour do you want?" || q.ItemID == "" {
		k.Errorf("the question is %+v", q)
	}
	if err := k.agent.ReplyQuestion(k.Context(), q.QuestionID, drivers.QuestionReply{Answers: [][]string{{"Mauve"}}}); err != nil {
		k.Fatal(err)
	}
	k.said(k.end(universal.StopEndTurn), "Mauve")
}

func (k *talk) interrupt() {
	k.cfg.PermissionMode = drivers.PermissionBypass
	k.start()
	k.send(modelserver.Prompt("bash", modelserver.Input{"command": "echo $$ > pid; while true; do sleep 1; done"}))
	pid := awaitPID(k.T, filepath.Join(k.dir, "pid"))
	if err := k.agent.Interrupt(k.Context()); err != nil {
		k.Fatal(err)
	}
	k.end(universal.StopInterrupted)
	if alive(pid) {
		k.Errorf("the command is still there")
	}
	k.send("SCENARIO:text")
	k.said(k.end(universal.StopEndTurn), "Hello from the scripted model.")
}

func (k *talk) resume() {
	k.start()
	k.send("SCENARIO:text")
	k.end(universal.StopEndTurn)
	native := k.agent.NativeID()
	k.close()
	k.cfg.Resume = native
	k.start()
	k.send("SCENARIO:count")
	k.said(k.end(universal.StopEndTurn), "1 assistant messages")
	if got := k.agent.NativeID(); got != native {
		k.Errorf("the conversation %s became %s", native, got)
	}
}

// session has a system prompt, a skill, a tool server and a file of its own.
func (k *talk) session() {
	self, err := os.Executable()
	if err != nil {
		k.Fatal(err)
	}
	skills := k.TempDir()
	if err := os.MkdirAll(filepath.Join(skills, "fixture-greeter"), 0o755); err != nil {
		k.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(skills, "fixture-greeter", "SKILL.md"),
		[]byte("---\nname: fixture-greeter\ndescription: Greets people\n---\nGreet them.\n"), 0o644); err != nil {
		k.Fatal(err)
	}
	k.cfg.SystemPrompt = "Answer in the words of a fixture."
	k.cfg.Skills = []drivers.SkillSource{{Type: "local", Source: skills}}
	k.cfg.MCP = map[string]drivers.MCPServer{"demo": {Type: "local", Command: []string{self}, Env: map[string]string{toolserver.Role: "demo"}}}
	k.cfg.Env = map[string]string{"FIXTURE_TOKEN": "made-up-fixture-token"}
	k.cfg.PermissionMode = drivers.PermissionBypass
	k.start()
	k.send("SCENARIO:mcp")
	k.said(k.end(universal.StopEndTurn), "5")
	k.send(modelserver.Prompt("bash", modelserver.Input{"command": `echo "${#FIXTURE_TOKEN} characters"`}))
	k.said(k.end(universal.StopEndTurn), "21 characters")
	for _, text := range []string{"Answer in the words of a fixture.", "Greets people"} {
		if !k.told(text) {
			k.Errorf("the model was not told %q", text)
		}
	}

	k.turns = k.rec.Len()
	err = k.agent.Send(k.Context(), drivers.Message{Text: "SCENARIO:text", Attachments: []drivers.Attachment{
		{Data: []byte("some notes"), Mime: "text/plain", Filename: "notes.txt"},
	}})
	if err != nil {
		k.Fatal(err)
	}
	k.end(universal.StopEndTurn)
	if !k.told("some notes") {
		k.Error("the model was not given the notes")
	}
}

// told tells whether a text was in a request to the model.
func (k *talk) told(text string) bool {
	for _, r := range k.Server.ModelRequests() {
		if strings.Contains(string(r.Body), text) {
			return true
		}
	}
	return false
}

func (k *talk) endings() {
	k.start()
	k.send("SCENARIO:max_tokens") // the CLI hangs
	k.end(universal.StopMaxTokens)
	k.send("SCENARIO:credit")
	events := k.end(universal.StopError)
	var category universal.ErrorCategory
	for _, ev := range events {
		if d, ok := ev.Data.(*universal.ErrorData); ok {
			category = d.Category
		}
	}
	if category != universal.CategoryUsageLimit {
		k.Errorf("the error has category %q", category)
	}
	k.send("SCENARIO:text")
	k.said(k.end(universal.StopEndTurn), "Hello from the scripted model.")
}

func (k *talk) crash() {
	k.Server.Script("crash", modelserver.Scenario{func(modelserver.Context) modelserver.Reply {
		p := k.agent.(*session).now().Transport.(*Agent)
		if found, err := os.FindProcess(p.PID()); err == nil {
			_ = found.Kill()
		}
		return modelserver.Reply{Fault: modelserver.Fault{Kind: modelserver.FaultHang}}
	}})
	k.start()
	k.send("SCENARIO:crash")
	exit := k.rec.AwaitExit(k)
	if exit.Signal == "" {
		k.Errorf("exit is %+v, want a signal", exit)
	}
}

// awaitPID waits for a file with a process id.
func awaitPID(t *testing.T, path string) int {
	t.Helper()
	for {
		text, err := os.ReadFile(path)
		if pid, convErr := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && convErr == nil {
			return pid
		}
		select {
		case <-time.After(5 * time.Millisecond): // nobody tells when a command writes
		case <-t.Context().Done():
			t.Fatal("no command has written its process id")
		}
	}
}

func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	return err == nil && p.Signal(syscall.Signal(0)) == nil
}
