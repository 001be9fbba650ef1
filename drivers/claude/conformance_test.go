package claude

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/drivertest"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/fixtures/toolserver"
)

// The conformance suite, with the real Claude Code and the scripted model
// server: what the capability flags claim is true of the agent itself.
func TestConformance(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var c *conformance // of the case under way: they run one after the other
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
			Attachments: "SCENARIO:echo", AttachmentName: "word.txt",
			Steerable: "SCENARIO:listen", SteerText: "enough of that",

			Tool: "SCENARIO:bash", Command: "SCENARIO:bash", FileChange: "SCENARIO:write", MCP: "SCENARIO:mcp",
			Reasoning: "SCENARIO:thinking", Error: "SCENARIO:err400", Usage: "SCENARIO:text", Cost: "SCENARIO:text",
			Status:     modelserver.Prompt("bash_bg", modelserver.Input{"command": "sleep 0.3"}),
			Background: modelserver.Prompt("bash_bg", modelserver.Input{"command": "sleep 0.3"}),
			Plan:       "SCENARIO:todo",
			Subagent:   modelserver.Prompt("task", modelserver.Input{"extra": modelserver.Input{"run_in_background": false}}),
			Compaction: "SCENARIO:fill", Quota: "SCENARIO:text", Diff: "SCENARIO:write",
		},
		Heard: func(_ testing.TB, text string) bool { return c.heard(text) },
		Grease: func(testing.TB, drivers.Session) error {
			return c.say(`{"type":"news","subtype":"from_the_future","uuid":"u"}`)
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
	c := &conformance{bench: b, front: quotaFront(tb, b.server.URL())}
	supervisor := b.driver.opts.Supervisor
	b.driver.opts.Launch = func(ctx context.Context, spec process.Spec) (Transport, error) {
		p, err := supervisor.Start(ctx, spec)
		if err != nil {
			return nil, err
		}
		g := newGreased(p, func(line []byte) [][]byte { return [][]byte{line} })
		c.mu.Lock()
		defer c.mu.Unlock()
		c.agents = append(c.agents, g)
		return g, nil
	}
	b.server.Script("crash", modelserver.Scenario{c.crash})
	b.server.Script("recall", modelserver.Scenario{recall})
	b.server.Script("listen", modelserver.Scenario{listen})
	b.server.Script("fill", modelserver.Scenario{fill, func(modelserver.Context) modelserver.Reply {
		return modelserver.Say(modelserver.Text("There is room again."))
	}})
	return c
}

func (c *conformance) last() *greased {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.agents[len(c.agents)-1]
}

func (c *conformance) say(line string) error {
	c.last().say([]byte(line))
	return nil
}

// crash kills the agent that asks.
func (c *conformance) crash(modelserver.Context) modelserver.Reply {
	p, err := os.FindProcess(c.last().Process.PID())
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

// listen calls a tool until it is told to stop: what is said to a running turn
// reaches the model with the next result.
func listen(c modelserver.Context) modelserver.Reply {
	for _, m := range c.Messages {
		for _, b := range m.Blocks {
			if m.Role != "assistant" && strings.Contains(b.Text, "enough of that") {
				return modelserver.Say(modelserver.Text("As you like."))
			}
		}
	}
	return modelserver.Say(modelserver.ToolUse("Bash", modelserver.Input{"command": "echo listening", "description": "Listen"}))
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

// heard looks for a text in what is new in each request to the model: what the
// model itself has said comes back in every further request.
func (c *conformance) heard(text string) bool {
	for _, r := range c.server.Requests() {
		if strings.Contains(r.System, text) || inBlocks(r.Latest(), text) {
			return true
		}
	}
	return false
}

func inBlocks(blocks []modelserver.Block, text string) bool {
	return slices.ContainsFunc(blocks, func(b modelserver.Block) bool {
		return strings.Contains(b.Text, text) || strings.Contains(b.Title, text) || inBlocks(b.Content, text)
	})
}

// greased is an agent that also says what no version of it says.
type greased struct {
	*process.Process
	change func(line []byte) [][]byte // what is read instead of a line

	more  chan []byte   // from outside
	lines chan []byte   // changed ones, to the reader
	ended chan struct{} // closed with err set
	err   error
}

func newGreased(p *process.Process, change func([]byte) [][]byte) *greased {
	g := &greased{Process: p, change: change, more: make(chan []byte, 16), lines: make(chan []byte), ended: make(chan struct{})}
	go g.pump() // ends with the agent's output, which the session reads to the end
	return g
}

func (g *greased) pump() {
	defer close(g.ended)
	for {
		line, _, err := g.Process.ReadLine()
		switch {
		case err == nil:
			for _, l := range g.change(slices.Clone(line)) {
				g.lines <- l
			}
		case !errors.Is(err, process.ErrLineTooLong):
			g.err = err
			return
		}
	}
}

// say makes the agent print a line.
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
