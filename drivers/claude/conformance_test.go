package claude

import (
	"context"
	"sync"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/drivertest"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/fixtures/rig"
)

// The conformance suite, with the real Claude Code and the scripted model
// server: what the capability flags claim is true of the agent itself.
func TestConformance(t *testing.T) {
	var c *conformance // of the case under way: they run one after the other
	prompts := rig.Prompts()
	prompts.Cost, prompts.Plan, prompts.Compaction, prompts.Quota = "SCENARIO:text", "SCENARIO:todo", "SCENARIO:fill", "SCENARIO:text"
	prompts.Background = modelserver.Prompt("bash_bg", modelserver.Input{"command": "sleep 0.3"})
	prompts.Status = prompts.Background
	prompts.Subagent = modelserver.Prompt("task", modelserver.Input{"extra": modelserver.Input{"run_in_background": false}})
	drivertest.Run(t, drivertest.Subject{
		New: func(tb testing.TB) drivers.Driver {
			c = newConformance(tb)
			return c.driver
		},
		Config: func(tb testing.TB) drivers.Config {
			return drivers.Config{
				Directory: tb.TempDir(),
				Env: map[string]string{
					"CLAUDE_CODE_ENABLE_TODO_TOOLS": "1", // off for the newest models
					// The limits of a plan are told to subscribers only.
					"ANTHROPIC_BASE_URL":      c.front,
					"ANTHROPIC_API_KEY":       "",
					"CLAUDE_CODE_OAUTH_TOKEN": "scripted-model-needs-no-token",
				},
				MCP: rig.Tools(tb),
			}
		},
		Prompts: prompts,
		Heard:   func(_ testing.TB, text string) bool { return c.Heard(text) },
		Grease: func(testing.TB, drivers.Session) error {
			c.last().Say(`{"type":"news","subtype":"from_the_future","uuid":"u"}`)
			return nil
		},
	})
}

// conformance is what the driver of one case runs on.
type conformance struct {
	*bench
	front string // URL of the model's API

	mu     sync.Mutex
	agents []*greased // in the order of their start
}

func newConformance(tb testing.TB) *conformance {
	tb.Helper()
	b := newBench(tb)
	c := &conformance{bench: b, front: quotaFront(tb, b.Server.URL())}
	b.driver.opts.Launch = func(ctx context.Context, spec process.Spec) (Transport, error) {
		p, err := b.Supervisor.Start(ctx, spec)
		if err != nil {
			return nil, err
		}
		g := newGreased(p, nil)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.agents = append(c.agents, g)
		return g, nil
	}
	c.Script(func() int { return c.last().PID() }, modelserver.ToolUse("Bash", modelserver.Input{"command": "echo listening", "description": "Listen"}))
	c.Server.Script("fill", modelserver.Scenario{fill, func(modelserver.Context) modelserver.Reply {
		return modelserver.Say(modelserver.Text("There is room again."))
	}})
	return c
}

func (c *conformance) last() *greased {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.agents[len(c.agents)-1]
}

// fill leaves no room in the context before the turn is over.
func fill(modelserver.Context) modelserver.Reply {
	return modelserver.Reply{
		Blocks: []modelserver.Block{
			modelserver.Text("The context is full."),
			modelserver.ToolUse("Bash", modelserver.Input{"command": "echo full", "description": "Fill"}),
		},
		Usage: modelserver.Usage{Input: 990_000, Output: 50},
	}
}

// greased is an agent that also says what no version of it says.
type greased struct {
	*process.Process
	*rig.Feed
}

func newGreased(p *process.Process, change func(line []byte) [][]byte) *greased {
	return &greased{p, rig.NewFeed(p.ReadLine, change)}
}

func (g *greased) ReadLine() ([]byte, bool, error) { return g.Feed.ReadLine() }
