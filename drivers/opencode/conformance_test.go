package opencode

import (
	"context"
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
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/fixtures/rig"
)

// The conformance suite, with the real OpenCode and the scripted model server:
// what the capability flags claim is true of the agent itself.
func TestConformance(t *testing.T) {
	var b *bench // of the case under way: they run one after the other
	prompts := rig.Prompts()
	prompts.Attachments, prompts.Cost, prompts.Plan, prompts.Subagent = "SCENARIO:text", "SCENARIO:text", "SCENARIO:todo", "SCENARIO:task"
	prompts.Compaction = modelserver.Prompt("heavy", modelserver.Input{"tokens": 199_000})
	prompts.Status = prompts.Compaction
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
				MCP:       rig.Tools(tb),
			}
		},
		Prompts: prompts,
		Heard:   func(_ testing.TB, text string) bool { return b.Heard(text) },
		Grease:  func(_ testing.TB, s drivers.Session) error { return b.say(s.NativeID()) },
	})
}

// bench is a driver with the real agent and a scripted model.
type bench struct {
	*rig.Rig
	driver *Driver
	home   string

	mu     sync.Mutex
	agents []*greased // in the order of their start
}

func newBench(tb testing.TB) *bench {
	tb.Helper()
	program, ripgrep := rig.Program(tb, "opencode"), rig.Program(tb, "ripgrep")
	b := &bench{Rig: rig.New(tb), home: tb.TempDir()}
	env := modelserver.OpenCodeEnv(b.Server.URL(), b.home)
	for i, entry := range env {
		if path, ok := strings.CutPrefix(entry, "PATH="); ok {
			env[i] = "PATH=" + filepath.Dir(ripgrep) + string(os.PathListSeparator) + path
		}
	}
	b.driver = New(Options{
		Supervisor: b.Supervisor,
		Locate:     func() (string, error) { return program, nil },
		Environ:    func() []string { return env },
		Getenv:     environ.Getenv(env),
	})
	b.driver.opts.Launch = func(ctx context.Context, spec process.Spec) (Transport, error) {
		t, err := Start(ctx, b.Supervisor, spec)
		if err != nil {
			return nil, err
		}
		c, ok := t.(*wire.Conn)
		if !ok {
			return t, nil
		}
		g := &greased{c, rig.NewFeed(c.ReadLine, nil)}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.agents = append(b.agents, g)
		return g, nil
	}
	b.Script(func() int { return b.last().PID() }, modelserver.Do(modelserver.Bash{Command: "echo listening", Description: "Listen"}))
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
	b.last().Say(fmt.Sprintf(`{"event":{"payload":{"type":"from.the.future","properties":{"sessionID":%q}}}}`, session))
	return nil
}

// greased is a server that also says what no version of it says.
type greased struct {
	*wire.Conn
	*rig.Feed
}

func (g *greased) ReadLine() ([]byte, bool, error) { return g.Feed.ReadLine() }
