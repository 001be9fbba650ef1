package claude

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// fakeAgent is a transport whose agent is a function: it is called with each
// line that is written and returns the lines that it prints.
type fakeAgent struct {
	spec   process.Spec
	answer func(line string) []string
	exit   process.Exit

	mu      sync.Mutex
	written []string
	kills   int
	ended   bool

	printed chan string
	stop    sync.Once
	done    chan struct{}
}

func newFakeAgent(answer func(line string) []string) *fakeAgent {
	return &fakeAgent{answer: answer, printed: make(chan string, 1024), done: make(chan struct{})}
}

func (f *fakeAgent) Write(lines []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended {
		return process.ErrExited
	}
	line := strings.TrimSuffix(string(lines), "\n")
	f.written = append(f.written, line)
	for _, out := range f.answer(line) {
		f.printed <- out
	}
	return nil
}

func (f *fakeAgent) ReadLine() ([]byte, bool, error) {
	line, ok := <-f.printed
	if !ok {
		return nil, false, io.EOF
	}
	return []byte(line), len(f.printed) > 0, nil
}

func (f *fakeAgent) Checkpoint() process.Checkpoint { return process.Checkpoint{} }

func (f *fakeAgent) KillSince(context.Context, process.Checkpoint) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kills++
	return 0, nil
}

func (f *fakeAgent) Stop(ctx context.Context, goodbye func(context.Context) error) error {
	if goodbye != nil {
		_ = goodbye(ctx)
	}
	f.die()
	return nil
}

// die ends the agent.
func (f *fakeAgent) die() {
	f.stop.Do(func() {
		f.mu.Lock()
		f.ended = true
		f.mu.Unlock()
		close(f.printed)
		close(f.done)
	})
}

func (f *fakeAgent) Done() <-chan struct{} { return f.done }
func (f *fakeAgent) Exit() process.Exit    { return f.exit }

func (f *fakeAgent) lines() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.written)
}

// polite answers control requests with success, and initialize with a list.
func polite(line string) []string {
	var l struct {
		Type      string `json:"type"`
		RequestID string `json:"request_id"`
		Request   struct {
			Subtype string `json:"subtype"`
		} `json:"request"`
	}
	if json.Unmarshal([]byte(line), &l) != nil || l.Type != "control_request" {
		return nil
	}
	response := `{}`
	if l.Request.Subtype == "initialize" {
		response = `{"commands":[{"name":"compact","description":"Shortens\nthe context"}],"models":[{"value":"default"}]}`
	}
	return []string{`{"type":"control_response","response":{"subtype":"success","request_id":"` + l.RequestID + `","response":` + response + `}}`}
}

// startFake starts a session with a fake agent.
func startFake(t *testing.T, cfg drivers.Config, answer func(line string) []string) (*session, *fakeAgent, *recorder) {
	t.Helper()
	agent := newFakeAgent(answer)
	r := newRecorder()
	s, err := fakeDriver(agent).Start(t.Context(), cfg, r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s.(*session), agent, r
}

func fakeDriver(agent *fakeAgent) *Driver {
	return New(Options{
		Locate:  func() (string, error) { return "/bin/claude", nil },
		Environ: func() []string { return []string{"PATH=/bin", "CLAUDECODE=1", "DISABLE_TELEMETRY=0"} },
		Getenv:  func(string) string { return "" },
		NewID:   func() string { return "00000000-0000-4000-8000-000000000001" },
		Launch: func(_ context.Context, spec process.Spec) (Transport, error) {
			agent.spec = spec
			return agent, nil
		},
	})
}

func TestLaunch(t *testing.T) {
	dir := t.TempDir()
	_, agent, r := startFake(t, drivers.Config{
		Settings:     drivers.Settings{Model: "haiku", Variant: "low", AgentMode: drivers.ModePlan, PermissionMode: drivers.PermissionBypass, Title: "A title"},
		Directory:    dir,
		Env:          map[string]string{"TOKEN": "secret", "CLAUDE_CODE_MAX_RETRIES": "1"},
		SystemPrompt: "-be brief",
		MCP: map[string]drivers.MCPServer{
			"web": {Type: "remote", URL: "http://127.0.0.1:1/", Headers: map[string]string{"X-Key": "secret"}, TimeoutMS: 900},
		},
	}, polite)
	args := strings.Join(agent.spec.Args, " ")
	for _, want := range []string{
		"--input-format stream-json", "--permission-prompt-tool stdio", "--permission-mode plan", "--model=haiku", "--effort=low",
		"--session-id=00000000-0000-4000-8000-000000000001",
	} {
		if !strings.Contains(args, want) {
			t.Errorf("no %s in %s", want, args)
		}
	}
	if strings.Contains(args, "secret") || strings.Contains(args, "brief") {
		t.Errorf("what nobody else should read is in the arguments: %s", args)
	}
	for _, want := range []string{"TOKEN=secret", "CLAUDE_CODE_MAX_RETRIES=1", "DISABLE_TELEMETRY=0", "DISABLE_AUTOUPDATER=1"} {
		if !slices.Contains(agent.spec.Env, want) {
			t.Errorf("no %s in the environment %v", want, agent.spec.Env)
		}
	}
	if slices.ContainsFunc(agent.spec.Env, func(e string) bool {
		return strings.HasPrefix(e, "CLAUDECODE=") || e == "CLAUDE_CODE_MAX_RETRIES=6" || e == "DISABLE_TELEMETRY=1"
	}) {
		t.Errorf("environment: %v", agent.spec.Env)
	}
	if agent.spec.Dir != dir {
		t.Errorf("directory %q", agent.spec.Dir)
	}
	want := []string{
		`{"type":"control_request","request_id":"sandbox-agent-1","request":{"subtype":"initialize","forwardSubagentText":true,"appendSystemPrompt":"-be brief"}}`,
		`{"type":"control_request","request_id":"sandbox-agent-2","request":{"subtype":"mcp_set_servers","servers":{"web":{"type":"http","url":"http://127.0.0.1:1/","headers":{"X-Key":"secret"},"timeout":900}}}}`,
		`{"type":"control_request","request_id":"sandbox-agent-3","request":{"subtype":"rename_session","title":"A title"}}`,
	}
	if diff := cmp.Diff(want, agent.lines()); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
	commands := event(t, r, 1, func(_ universal.EventType, d *universal.SessionUpdatedData) bool { return d.Commands != nil })
	if diff := cmp.Diff([]universal.Command{{Name: "compact", Description: "Shortens"}}, commands.Commands); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

func TestStartFails(t *testing.T) {
	one := 1
	tests := []struct {
		name   string
		resume string
		exit   process.Exit
		answer func(*fakeAgent, string) []string
		kind   universal.ErrorKind
		text   string
	}{
		{
			name:   "the agent dies",
			exit:   process.Exit{Code: &one, Stderr: process.Stderr{Head: "error: unknown option '--x'"}},
			answer: func(f *fakeAgent, _ string) []string { go f.die(); return nil },
			kind:   universal.KindAgentProcessExited, text: "unknown option",
		},
		{
			name: "nothing to resume", resume: "00000000-0000-4000-8000-000000000404",
			exit:   process.Exit{Code: &one, Stderr: process.Stderr{Head: "No conversation found with session ID: x"}},
			answer: func(f *fakeAgent, _ string) []string { go f.die(); return nil },
			kind:   universal.KindInvalidRequest, text: "no such conversation",
		},
		{
			name: "the agent refuses",
			answer: func(_ *fakeAgent, line string) []string {
				return []string{`{"type":"control_response","response":{"subtype":"error","request_id":"sandbox-agent-1","error":"not today"}}`}
			},
			kind: universal.KindInternal, text: "not today",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var agent *fakeAgent
			agent = newFakeAgent(func(line string) []string { return tt.answer(agent, line) })
			agent.exit = tt.exit
			r := newRecorder()
			_, err := fakeDriver(agent).Start(t.Context(), drivers.Config{Directory: t.TempDir(), Resume: tt.resume}, r)
			if universal.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error %v of kind %s, want %s with %q", err, universal.KindOf(err), tt.kind, tt.text)
			}
			if len(r.exits) != 0 {
				t.Errorf("exit was told: %+v", r.exits)
			}
		})
	}
}

func TestStartIsGivenUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	agent := newFakeAgent(func(string) []string { cancel(); return nil })
	_, err := fakeDriver(agent).Start(ctx, drivers.Config{Directory: t.TempDir()}, newRecorder())
	if universal.KindOf(err) != universal.KindTimeout {
		t.Errorf("error %v", err)
	}
	select {
	case <-agent.done:
	default:
		t.Error("the agent was left running")
	}
}

func TestUnknownRequestIsRefused(t *testing.T) {
	refused := make(chan string, 1)
	_, agent, r := startFake(t, drivers.Config{Directory: t.TempDir()}, func(line string) []string {
		if strings.Contains(line, `"control_response"`) {
			refused <- line
		}
		return polite(line)
	})
	agent.printed <- `{"type":"control_request","request_id":"q1","request":{"subtype":"something_new"}}`
	want := `{"type":"control_response","response":{"subtype":"error","request_id":"q1","error":"sandbox-agent does not answer this kind of request"}}`
	if got := <-refused; got != want {
		t.Errorf("answer %s", got)
	}
	event(t, r, 1, func(_ universal.EventType, d *universal.UnparsedData) bool {
		return strings.Contains(d.Error, "something_new")
	})
}

func TestAgentDies(t *testing.T) {
	s, agent, r := startFake(t, drivers.Config{Directory: t.TempDir()}, polite)
	agent.exit = process.Exit{Signal: "SIGKILL", Stderr: process.Stderr{Head: "oops", TotalLines: 1}}
	agent.die()
	r.wait(t, "the exit", func() bool { return len(r.exits) == 1 })
	want := drivers.Exit{Signal: "SIGKILL", Stderr: universal.Stderr{Head: "oops", TotalLines: 1}}
	if diff := cmp.Diff(want, r.exits[0]); diff != "" {
		t.Errorf("exit (-want +got):\n%s", diff)
	}
	for name, err := range map[string]error{
		"send":   s.Send(t.Context(), drivers.Message{Text: "hi"}),
		"update": s.Update(t.Context(), drivers.Settings{Model: "haiku"}),
	} {
		if universal.KindOf(err) != universal.KindAgentProcessExited {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := errors.Join(s.Close(t.Context()), s.Close(t.Context())); err != nil {
		t.Errorf("close: %v", err)
	}
	if len(r.exits) != 1 {
		t.Errorf("exit was told %d times", len(r.exits))
	}
}

func TestInterruptTakesBackWhatHasNotBegun(t *testing.T) {
	s, agent, r := startFake(t, drivers.Config{Directory: t.TempDir()}, func(line string) []string {
		out := polite(line)
		switch {
		case strings.Contains(line, `"user"`):
			return []string{lifecycle("00000000-0000-4000-8000-000000000001", "queued")}
		case strings.Contains(line, "cancel_async_message"):
			return append([]string{lifecycle("00000000-0000-4000-8000-000000000001", "cancelled")}, out...)
		}
		return out
	})
	if err := s.Interrupt(t.Context()); err != nil {
		t.Errorf("interrupt of nothing: %v", err)
	}
	if agent.kills != 0 {
		t.Error("an idle session's commands were killed")
	}
	agent.printed <- initFor()
	agent.printed <- text("m1", "busy with a task")
	event[*universal.TurnStartedData](t, r, 1, nil)
	if err := s.Send(t.Context(), drivers.Message{Text: "hi"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Interrupt(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ended := event[*universal.TurnEndedData](t, r, 1, nil); ended.StopReason != universal.StopInterrupted {
		t.Errorf("stop reason %q", ended.StopReason)
	}
	if agent.kills != 1 {
		t.Errorf("commands were killed %d times", agent.kills)
	}
	last := agent.lines()[len(agent.lines())-1]
	if !strings.Contains(last, `"subtype":"interrupt"`) {
		t.Errorf("last line %s", last)
	}
}

func TestUpdateKeepsWhatWasRefused(t *testing.T) {
	s, _, _ := startFake(t, drivers.Config{Directory: t.TempDir()}, func(line string) []string {
		if strings.Contains(line, "set_permission_mode") {
			return []string{`{"type":"control_response","response":{"subtype":"error","request_id":"sandbox-agent-2","error":"no","error_code":"invalid_mode"}}`}
		}
		return polite(line)
	})
	err := s.Update(t.Context(), drivers.Settings{PermissionMode: drivers.PermissionBypass})
	if universal.KindOf(err) != universal.KindInvalidRequest {
		t.Errorf("error %v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conv.settings.PermissionMode != "" {
		t.Errorf("permission mode %q", s.conv.settings.PermissionMode)
	}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		cfg  drivers.Config
		kind universal.ErrorKind // "" for none
	}{
		{"nothing set", drivers.Config{Directory: dir}, ""},
		{"all modes", drivers.Config{Settings: drivers.Settings{AgentMode: "build", PermissionMode: "acceptEdits", Variant: "max", Model: "opus[1m]"}}, ""},
		{"agent mode", drivers.Config{Settings: drivers.Settings{AgentMode: "dream"}}, universal.KindModeNotSupported},
		{"permission mode", drivers.Config{Settings: drivers.Settings{PermissionMode: "dontAsk"}}, universal.KindModeNotSupported},
		{"variant", drivers.Config{Settings: drivers.Settings{Variant: "huge"}}, universal.KindInvalidRequest},
		{"model", drivers.Config{Settings: drivers.Settings{Model: "two words"}}, universal.KindInvalidRequest},
		{"no directory", drivers.Config{Directory: filepath.Join(dir, "none")}, universal.KindInvalidRequest},
		{"a file for a directory", drivers.Config{Directory: filepath.Join(dir, "file")}, universal.KindInvalidRequest},
		{"resume", drivers.Config{Resume: "yesterday"}, universal.KindInvalidRequest},
		{"env", drivers.Config{Env: map[string]string{"A=B": "x"}}, universal.KindInvalidRequest},
		{"mcp", drivers.Config{MCP: map[string]drivers.MCPServer{"a": {Type: "local"}}}, universal.KindInvalidRequest},
		{"mcp token", drivers.Config{MCP: map[string]drivers.MCPServer{"a": {Type: "remote", URL: "http://x", BearerTokenEnvVar: "UNSET"}}}, universal.KindInvalidRequest},
		{"skills from elsewhere", drivers.Config{Skills: []drivers.SkillSource{{Type: "github", Source: "a/b"}}}, universal.KindNotSupported},
		{"no skills", drivers.Config{Skills: []drivers.SkillSource{{Type: "local", Source: dir}}}, universal.KindInvalidRequest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := fakeDriver(newFakeAgent(polite)).Check(t.Context(), &tt.cfg)
			switch {
			case tt.kind == "" && err != nil:
				t.Errorf("error %v", err)
			case tt.kind != "" && universal.KindOf(err) != tt.kind:
				t.Errorf("error %v of kind %s, want %s", err, universal.KindOf(err), tt.kind)
			}
		})
	}
}
