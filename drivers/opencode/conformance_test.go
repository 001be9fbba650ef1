package opencode

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/drivertest"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/environ"
	"github.com/sandbox-agent/sandbox-agent/drivers/opencode/wire"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/fixtures/agents"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/fixtures/toolserver"
)

// The conformance suite, with the real OpenCode and the scripted model server:
// what the capability flags claim is true of the agent itself.
func TestConformance(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var b *bench // of the case under way: they run one after the other
	drivertest.Run(t, drivertest.Subject{
		New: func(tb testing.TB) drivers.Driver {
			b = newBench(tb)
			return b.driver
		},
		Config: func(tb testing.TB) drivers.Config {
			dir := tb.TempDir()
			gitInit(tb, dir) // there are diffs of turns in repositories only
			return drivers.Config{
				Directory: dir,
				Settings:  drivers.Settings{AgentMode: drivers.ModeBuild},
				MCP: map[string]drivers.MCPServer{
					"demo": {Type: "local", Command: []string{self}, Env: map[string]string{toolserver.Role: "demo"}},
				},
			}
		},
		Prompts: drivertest.Prompts{
			Text:       "SCENARIO:text",
			Permission: modelserver.Prompt("bash", modelserver.Input{"command": "touch made.txt"}),
			Question:   "SCENARIO:ask_one",
			Wait:       modelserver.Prompt("gated", modelserver.Input{"gate": "never", "after": 2}),
			Crash:      "SCENARIO:crash",
			Recall:     "SCENARIO:recall", Recalled: func(earlier int) string { return fmt.Sprintf("after %d messages", earlier) },
			Context: "SCENARIO:text", SystemPrompt: "Answer in rhymes, whatever comes.",
			Attachments: "SCENARIO:text", AttachmentName: "word.txt",
			Steerable: "SCENARIO:listen", SteerText: "enough of that",

			Tool: "SCENARIO:bash", Command: "SCENARIO:bash", FileChange: "SCENARIO:write", MCP: "SCENARIO:mcp",
			Reasoning: "SCENARIO:thinking", Error: "SCENARIO:err400", Usage: "SCENARIO:text", Cost: "SCENARIO:text",
			Status:     modelserver.Prompt("heavy", modelserver.Input{"tokens": 199_000}),
			Compaction: modelserver.Prompt("heavy", modelserver.Input{"tokens": 199_000}),
			Plan:       "SCENARIO:todo", Subagent: "SCENARIO:task", Diff: "SCENARIO:write",
		},
		Heard:  func(_ testing.TB, text string) bool { return b.heard(text) },
		Grease: func(_ testing.TB, s drivers.Session) error { return b.say(s.NativeID()) },
	})
}

// bench is a driver with the real agent and a scripted model.
type bench struct {
	server *modelserver.Server
	driver *Driver
	home   string

	mu     sync.Mutex
	agents []*greased // in the order of their start
}

func newBench(tb testing.TB) *bench {
	tb.Helper()
	ensure := func(id string) string {
		path, err := agents.Ensure(tb.Context(), id, func(step string) { tb.Log(step) })
		if err != nil {
			tb.Fatalf("the real %s is needed and could not be installed: %v", id, err)
		}
		return path
	}
	program, ripgrep := ensure("opencode"), ensure("ripgrep")
	server, err := modelserver.Start(modelserver.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(server.Close)
	supervisor, err := process.New(process.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := supervisor.Close(context.Background()); err != nil {
			tb.Errorf("close the supervisor: %v", err)
		}
	})
	b := &bench{server: server, home: tb.TempDir()}
	env := modelserver.OpenCodeEnv(server.URL(), b.home)
	for i, entry := range env {
		if path, ok := strings.CutPrefix(entry, "PATH="); ok {
			env[i] = "PATH=" + filepath.Dir(ripgrep) + string(os.PathListSeparator) + path
		}
	}
	b.driver = New(Options{
		Supervisor: supervisor,
		Locate:     func() (string, error) { return program, nil },
		Environ:    func() []string { return env },
		Getenv:     environ.Getenv(env),
	})
	b.driver.opts.Launch = func(ctx context.Context, spec process.Spec) (Transport, error) {
		t, err := Start(ctx, supervisor, spec)
		if err != nil {
			return nil, err
		}
		c, ok := t.(*wire.Conn)
		if !ok {
			return t, nil
		}
		g := newGreased(c)
		b.mu.Lock()
		defer b.mu.Unlock()
		b.agents = append(b.agents, g)
		return g, nil
	}
	server.Script("crash", modelserver.Scenario{b.crash})
	server.Script("recall", modelserver.Scenario{recall})
	server.Script("listen", modelserver.Scenario{listen})
	return b
}

// gitInit makes a directory a git repository without a commit.
func gitInit(tb testing.TB, dir string) {
	tb.Helper()
	for name, content := range map[string]string{
		".git/HEAD": "ref: refs/heads/main\n", ".git/config": "[core]\n\trepositoryformatversion = 0\n",
		".git/objects/.keep": "", ".git/refs/.keep": "",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
}

func (b *bench) last() *greased {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.agents[len(b.agents)-1]
}

// say makes the agent tell of something that no version knows.
func (b *bench) say(session string) error {
	b.last().say(fmt.Appendf(nil, `{"event":{"payload":{"type":"from.the.future","properties":{"sessionID":%q}}}}`, session))
	return nil
}

// crash kills the agent that asks.
func (b *bench) crash(modelserver.Context) modelserver.Reply {
	p, err := os.FindProcess(b.last().PID())
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		return modelserver.Say(modelserver.Textf("The agent can't be killed: %v", err))
	}
	return modelserver.Reply{Fault: modelserver.Fault{Kind: modelserver.FaultHang}}
}

// recall counts the person's messages before this one.
func recall(c modelserver.Context) modelserver.Reply {
	n := 0
	for _, m := range c.Messages {
		for _, b := range m.Blocks {
			if m.Role == "user" && b.Kind == modelserver.KindText && strings.HasPrefix(b.Text, "SCENARIO:") {
				n++
			}
		}
	}
	return modelserver.Say(modelserver.Textf("You say this after %d messages.", n-1))
}

// listen calls a tool until it is told to stop.
func listen(c modelserver.Context) modelserver.Reply {
	for _, m := range c.Messages {
		for _, b := range m.Blocks {
			if m.Role != "assistant" && strings.Contains(b.Text, "enough of that") {
				return modelserver.Say(modelserver.Text("As you like."))
			}
		}
	}
	return modelserver.Say(modelserver.Do(modelserver.Bash{Command: "echo listening", Description: "Listen"}))
}

// heard looks for a text in what the model was sent.
func (b *bench) heard(text string) bool {
	for _, r := range b.server.ModelRequests() {
		if strings.Contains(r.System, text) || strings.Contains(strings.Join(r.LatestTexts(), "\n"), text) || strings.Contains(string(r.Body), text) {
			return true
		}
	}
	return false
}

// greased is a server that also says what no version of it says.
type greased struct {
	*wire.Conn
	more  chan []byte
	lines chan []byte
	ended chan struct{} // closed with err set
	err   error
}

func newGreased(c *wire.Conn) *greased {
	g := &greased{Conn: c, more: make(chan []byte, 16), lines: make(chan []byte), ended: make(chan struct{})}
	go g.pump() // ends with the agent's lines, which the driver reads to the end
	return g
}

func (g *greased) pump() {
	defer close(g.ended)
	for {
		line, _, err := g.Conn.ReadLine()
		switch {
		case err == nil:
			g.lines <- line
		case !errors.Is(err, process.ErrLineTooLong):
			g.err = err
			return
		}
	}
}

// say makes the agent tell a line.
func (g *greased) say(line []byte) { g.more <- line }

func (g *greased) ReadLine() ([]byte, bool, error) {
	select {
	case line := <-g.lines:
		return line, false, nil
	case line := <-g.more:
		return line, false, nil
	case <-g.ended:
		return nil, false, g.err
	}
}
