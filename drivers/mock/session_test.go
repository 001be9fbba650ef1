package mock_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/drivertest"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

func TestContextShowsSettings(t *testing.T) {
	disabled, skill := false, filepath.Join(t.TempDir(), "SKILL.md")
	if err := os.WriteFile(skill, []byte("---\nname: greeter\ndescription: Greets people\n---\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, mock.New(mock.Options{}), drivers.Config{
		Settings:     drivers.Settings{Variant: "high", Title: "Work"},
		Directory:    "/somewhere",
		Env:          map[string]string{"TOKEN": "hush"},
		SystemPrompt: "Rhyme.",
		MCP: map[string]drivers.MCPServer{
			"files": {Type: "local", Command: []string{"x"}},
			"off":   {Type: "local", Command: []string{"x"}, Enabled: &disabled},
		},
		Skills: []drivers.SkillSource{{Type: "local", Source: filepath.Dir(skill)}},
	})
	if err := s.Update(t.Context(), drivers.Settings{Variant: "low", AgentMode: drivers.ModePlan}); err != nil {
		t.Fatalf("Update: %v", err)
	}
	got := drivertest.Text(s.turn("context TOKEN OTHER"))
	for _, line := range []string{
		"model: mock", "variant: low", "agent mode: plan", "permission mode: default", "title: Work", "directory: /somewhere",
		"system prompt: Rhyme.", "mcp servers: files", "skills: " + filepath.Dir(skill), "env TOKEN: set", "env OTHER: not set",
	} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("the context lacks %q:\n%s", line, got)
		}
	}
	if strings.Contains(got, "hush") {
		t.Errorf("the context shows the value of a variable:\n%s", got)
	}
}

func TestUpdateIsAllOrNothing(t *testing.T) {
	s := open(t, mock.New(mock.Options{}), drivers.Config{})
	for _, bad := range []drivers.Settings{
		{Title: "New", Model: "gpt"}, {Title: "New", Variant: "x"}, {Title: "New", AgentMode: "x"}, {Title: "New", PermissionMode: "x"},
	} {
		if err := s.Update(t.Context(), bad); err == nil {
			t.Errorf("Update %+v succeeds", bad)
		}
	}
	if got := drivertest.Text(s.turn("context")); !strings.Contains(got, "title: none\n") {
		t.Errorf("a refused update has changed the title:\n%s", got)
	}
}

func TestPlanModeRefusesByItself(t *testing.T) {
	for _, set := range []drivers.Settings{{AgentMode: drivers.ModePlan}, {PermissionMode: drivers.PermissionPlan}} {
		s := open(t, mock.New(mock.Options{}), drivers.Config{Settings: set})
		wantSkeleton(t, s.turn("gate ls"), "mock_1", "S(gate_call) C(gate_call) S(gate_result) C(gate_result) "+said("gate_refused")+"turn.ended*")
	}
}

func TestEditsAreNotAcceptedByItself(t *testing.T) {
	for _, mode := range []drivers.PermissionMode{drivers.PermissionAcceptEdits, drivers.PermissionBypass} {
		s := open(t, mock.New(mock.Options{}), drivers.Config{Settings: drivers.Settings{PermissionMode: mode}})
		s.rec.AwaitType(t, s.send("edit a.txt"), universal.TypePermissionRequested)
		s.reply("mock_1_edit_permission", drivers.Once, "")
	}
}

func TestSecretAnswersStaySecret(t *testing.T) {
	s := open(t, mock.New(mock.Options{}), drivers.Config{})
	from := s.send("ask")
	s.rec.AwaitType(t, from, universal.TypeQuestionRequested)
	if err := s.ReplyQuestion(t.Context(), "mock_1_ask_question", drivers.QuestionReply{Answers: make([][]string, 5)}); universal.KindOf(err) != universal.KindInvalidRequest {
		t.Errorf("five answers to four questions: %v, want invalid_request", err)
	}
	s.answer("mock_1_ask_question", [][]string{{"Red"}, {"Cheese", "Basil"}, {"Ada"}, {"sesame"}})
	events, _ := s.rec.AwaitTurnEnd(t, from)
	got := drivertest.Text(events)
	if want := "You answered:\nColor: Red\nToppings: Cheese, Basil\nName: Ada\nPassword: ********\n"; !strings.Contains(got, want) {
		t.Errorf("the answers are quoted as %q, want %q", got, want)
	}
	if strings.Contains(got, "sesame") {
		t.Errorf("a secret answer is shown: %q", got)
	}
}

func TestMissingAnswersAreNone(t *testing.T) {
	s := open(t, mock.New(mock.Options{}), drivers.Config{})
	from := s.send("ask")
	s.rec.AwaitType(t, from, universal.TypeQuestionRequested)
	s.answer("mock_1_ask_question", [][]string{{"Blue"}})
	events, _ := s.rec.AwaitTurnEnd(t, from)
	if got := drivertest.Text(events); !strings.Contains(got, "Color: Blue\nToppings: none\n") {
		t.Errorf("the answers are quoted as %q", got)
	}
}

func TestAttachments(t *testing.T) {
	byPath := drivers.Attachment{Path: "/somewhere/a.png", Mime: "image/png"}
	byValue := drivers.Attachment{Data: []byte("word"), Mime: "text/plain", Filename: "w.txt"}
	for _, c := range []struct{ text, want string }{
		{"what is this?", "what is this?\n\nAttachments:\n- /somewhere/a.png\n"},
		{"attachments", "/somewhere/a.png (image/png, 0 bytes given)\nw.txt (text/plain, 4 bytes given)\n"},
		{"", "/somewhere/a.png (image/png, 0 bytes given)\nw.txt (text/plain, 4 bytes given)\n"},
	} {
		s := open(t, mock.New(mock.Options{}), drivers.Config{})
		if err := s.Send(t.Context(), drivers.Message{Text: c.text, Attachments: []drivers.Attachment{byPath, byValue}}); err != nil {
			t.Fatalf("Send: %v", err)
		}
		events, _ := s.rec.AwaitTurnEnd(t, 0)
		if got := drivertest.Text(events); got != c.want {
			t.Errorf("%q with attachments gives %q, want %q", c.text, got, c.want)
		}
	}
}

func TestBusy(t *testing.T) {
	s := open(t, mock.New(mock.Options{}), drivers.Config{})
	from := s.send("wait")
	s.rec.AwaitType(t, from, universal.TypeItemCompleted)
	if err := s.Send(t.Context(), drivers.Message{Text: "hello"}); universal.KindOf(err) != universal.KindSessionBusy {
		t.Errorf("Send while a turn runs: %v, want kind session_busy", err)
	}
	if err := s.Send(t.Context(), drivers.Message{Text: " \n"}); universal.KindOf(err) != universal.KindInvalidRequest {
		t.Errorf("Send of nothing: %v, want kind invalid_request", err)
	}
}

func TestSteeredMessagesAreNeverLost(t *testing.T) {
	s := open(t, mock.New(mock.Options{}), drivers.Config{})
	from := s.send("gate ls")
	s.rec.AwaitType(t, from, universal.TypePermissionRequested)
	const n = 5
	for i := range n {
		if err := s.Send(t.Context(), drivers.Message{Text: fmt.Sprintf("by the way %d", i), Steer: true}); err != nil {
			t.Fatalf("steer: %v", err)
		}
	}
	s.reply("mock_1_gate_permission", drivers.Once, "")
	events, _ := s.rec.AwaitTurnEnd(t, from)
	for i := range n {
		if want := fmt.Sprintf("Steered: by the way %d\n", i); strings.Count(drivertest.Text(events), want) != 1 {
			t.Errorf("%q is not said once", want)
		}
	}
	if got := drivertest.Text(s.turn("recall")); got != "messages seen: 7\n" {
		t.Errorf("recall says %q", got)
	}
}

func TestFlood(t *testing.T) {
	for _, c := range []struct {
		prompt                 string
		deltas, messages, size int
		raw                    bool
	}{
		{"flood 2500 300", 2500, 3, 300, false},
		{"flood 100 7 raw", 100, 1, 7, true},
		{"flood 5 1048576", 5, 5, 1 << 20, false},
		{"flood 9 300000", 9, 3, 300000, false},
	} {
		t.Run(c.prompt, func(t *testing.T) {
			s := open(t, mock.New(mock.Options{}), drivers.Config{})
			deltas, messages := 0, 0
			for _, ev := range s.turn(c.prompt) {
				switch d := ev.Data.(type) {
				case *universal.ItemDeltaData:
					deltas++
					if len(d.Delta) != c.size || (ev.Raw != nil) != c.raw {
						t.Fatalf("a delta has %d bytes and %d of raw", len(d.Delta), len(ev.Raw))
					}
				case *universal.ItemData:
					if ev.Type == universal.TypeItemCompleted {
						messages++
					}
				}
			}
			if deltas != c.deltas || messages != c.messages {
				t.Errorf("%d deltas in %d messages, want %d in %d", deltas, messages, c.deltas, c.messages)
			}
		})
	}
}

func TestInterruptStopsAFlood(t *testing.T) {
	s := open(t, mock.New(mock.Options{}), drivers.Config{})
	from := s.send("flood 10000000 1")
	s.rec.AwaitType(t, from, universal.TypeItemDelta)
	if err := s.Interrupt(t.Context()); err != nil {
		t.Fatalf("Interrupt: %v", err)
	}
	if _, ended := s.rec.AwaitTurnEnd(t, from); ended.StopReason != universal.StopInterrupted {
		t.Errorf("stop_reason is %q", ended.StopReason)
	}
}

func TestCrash(t *testing.T) {
	for _, c := range []struct {
		prompt, signal string
		code           int
	}{{"crash", "segmentation fault", 0}, {"crash 139", "", 139}} {
		t.Run(c.prompt, func(t *testing.T) {
			s := open(t, mock.New(mock.Options{}), drivers.Config{})
			from := s.send(c.prompt)
			exit := s.rec.AwaitExit(t)
			if exit.Signal != c.signal || (exit.Code != nil) != (c.code != 0) || exit.Code != nil && *exit.Code != c.code {
				t.Errorf("Exit is %+v", exit)
			}
			if exit.Stderr.TotalLines != 1 || exit.Stderr.Head == "" {
				t.Errorf("stderr is %+v", exit.Stderr)
			}
			wantSkeleton(t, s.rec.Events(from), "mock_1", "S(open) D(open) S(open_call) C(open_call) permission.requested(permission) question.requested(question)")
			if err := s.Send(t.Context(), drivers.Message{Text: "hello"}); universal.KindOf(err) != universal.KindAgentProcessExited {
				t.Errorf("Send after a crash: %v, want kind agent_process_exited", err)
			}
		})
	}
}

func TestResumeCountsOn(t *testing.T) {
	d := mock.New(mock.Options{})
	s := open(t, d, drivers.Config{SessionID: "a"})
	s.turn("hello")
	s.send("crash")
	s.rec.AwaitExit(t)
	again := open(t, d, drivers.Config{SessionID: "b", Resume: s.NativeID()})
	if got := again.NativeID(); got != "mock-a" {
		t.Errorf("the native id is %q", got)
	}
	wantSkeleton(t, again.turn("recall"), "mock_3", said("recall")+"turn.ended*")
	if got := drivertest.Text(again.rec.Events(0)); !strings.Contains(got, "messages seen: 3\n") {
		t.Errorf("recall says %q", got)
	}
	fresh := open(t, d, drivers.Config{SessionID: "a"})
	wantSkeleton(t, fresh.turn("recall"), "mock_1", said("recall")+"turn.ended*")
	if _, err := d.Start(t.Context(), drivers.Config{SessionID: "c", Resume: "other"}, drivertest.NewRecorder(0)); universal.KindOf(err) != universal.KindInvalidRequest {
		t.Errorf("resuming another agent's conversation: %v, want kind invalid_request", err)
	}
}

func TestPoison(t *testing.T) {
	d := mock.New(mock.Options{})
	s := open(t, d, drivers.Config{})
	s.turn("poison 2")
	rec := drivertest.NewRecorder(0)
	cfg := drivers.Config{SessionID: "s1", Resume: s.NativeID()}
	for range 2 {
		if _, err := d.Start(t.Context(), cfg, rec); universal.KindOf(err) != universal.KindAgentProcessExited {
			t.Errorf("Start of a poisoned conversation: %v, want kind agent_process_exited", err)
		}
	}
	if rec.Len() > 0 {
		t.Error("a failed start calls the sink")
	}
	open(t, d, cfg)
}

func TestBackgroundOutlivesItsTurn(t *testing.T) {
	s := open(t, mock.New(mock.Options{}), drivers.Config{})
	from := s.send("background hold gate make")
	launch, _ := s.rec.AwaitTurnEnd(t, from)
	wantSkeleton(t, launch, "mock_1", "S(background_call) C(background_call) S(background_result) C(background_result) "+said("launched")+"turn.ended*")
	s.rec.AwaitBackground(t, 1)
	wantSkeleton(t, s.turn("echo hi"), "mock_2", said("echo")+"turn.ended*")

	from = s.rec.Len()
	released := s.turn("release")
	if got := drivertest.Text(released); !strings.Contains(got, "released: 1\n") {
		t.Errorf("release says %q", got)
	}
	ev, _ := s.rec.AwaitType(t, from, universal.TypePermissionRequested)
	if got := ev.Data.(*universal.PermissionData).ItemID; got != "mock_1_background_gate_call" {
		t.Errorf("the permission is for item %q", got)
	}
	s.reply("mock_1_background_gate_permission", drivers.Once, "")
	_, next := s.rec.AwaitType(t, from, universal.TypeTurnStarted)
	for _, ev := range s.rec.Events(from)[:next-from] {
		if d, ok := ev.Data.(*universal.ItemData); ok && strings.HasPrefix(d.Item.ItemID, "mock_1") && d.Item.ParentID != "mock_1_background_call" {
			t.Errorf("item %s has parent %q", d.Item.ItemID, d.Item.ParentID)
		}
	}
	own, _ := s.rec.AwaitTurnEnd(t, next)
	wantSkeleton(t, own, "mock_1", said("returned")+"turn.ended*")
	s.rec.AwaitBackground(t, 0)
}

// TestBackgroundTasksAreBounded leaves them held: closing the session ends
// them, else TestMain finds their goroutines.
func TestBackgroundTasksAreBounded(t *testing.T) {
	s := open(t, mock.New(mock.Options{}), drivers.Config{})
	for range 20 { // more than there is room for
		s.turn("background hold")
	}
	if got := drivertest.Text(s.rec.Events(0)); !strings.Contains(got, "too many background tasks") {
		t.Error("there is no bound to background tasks")
	}
}

// TestRandomSessions drives sessions from several goroutines at once; the
// rules are checked when they close.
func TestRandomSessions(t *testing.T) {
	prompts := []string{"gate ls", "ask", "permission", "questions", "wait", "demo", "background", "background hold", "release", "subagent", "flood 50 10", "leave-open", "hello"}
	d := mock.New(mock.Options{})
	for i := range 40 {
		s := open(t, d, drivers.Config{SessionID: fmt.Sprint("r", i)})
		done := make(chan struct{})
		go func() { // ends with the loop below
			defer close(done)
			for k := 1; k <= 30; k++ {
				for _, name := range []string{"gate_permission", "permission", "permission_denied", "background_gate_permission"} {
					_ = s.ReplyPermission(t.Context(), fmt.Sprintf("mock_%d_%s", k, name), drivers.PermissionReply{Decision: drivers.Once})
				}
				_ = s.ReplyQuestion(t.Context(), fmt.Sprintf("mock_%d_question", k), drivers.QuestionReply{})
				_ = s.Send(t.Context(), drivers.Message{Text: "go on", Steer: true})
				runtime.Gosched()
			}
		}()
		for k := range 30 {
			_ = s.Send(t.Context(), drivers.Message{Text: prompts[(i*7+k*5)%len(prompts)]}) // busy ones are refused
			if (i+k)%3 == 0 {
				if err := s.Interrupt(t.Context()); err != nil {
					t.Fatalf("Interrupt: %v", err)
				}
			}
			runtime.Gosched()
		}
		<-done
		if i%2 == 0 {
			_ = s.Send(t.Context(), drivers.Message{Text: "crash"})
		}
	}
}

type quietSink struct{}

func (quietSink) Emit([]universal.Event) {}
func (quietSink) Background(int)         {}
func (quietSink) Exit(drivers.Exit)      {}

func TestIdleSessionsAreCheap(t *testing.T) {
	const n = 2000
	d := mock.New(mock.Options{})
	goroutines := runtime.NumGoroutine()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	sessions := make([]drivers.Session, n)
	for i := range sessions {
		s, err := d.Start(t.Context(), drivers.Config{SessionID: fmt.Sprint("idle", i)}, quietSink{})
		if err != nil {
			t.Fatalf("Start: %v", err)
		}
		sessions[i] = s
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if got := runtime.NumGoroutine(); got > goroutines {
		t.Errorf("%d idle sessions have %d goroutines", n, got-goroutines)
	}
	if each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / n; each > 4096 {
		t.Errorf("an idle session takes %d bytes, want less than 4096", each)
	} else {
		t.Logf("an idle session takes %d bytes", each)
	}
	for _, s := range sessions {
		if err := s.Close(t.Context()); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
}
