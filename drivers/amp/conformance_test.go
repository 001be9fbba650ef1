package amp

import (
	"context"
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

// The conformance suite, with the real Amp and the scripted server: what the
// capability flags claim is true of the agent itself.
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
			Reasoning: "SCENARIO:thinking", Error: "SCENARIO:err400", Usage: "SCENARIO:text",
			Subagent: "SCENARIO:task", Diff: "SCENARIO:write",
		},
		Heard:  func(_ testing.TB, text string) bool { return c.heard(text) },
		Grease: func(_ testing.TB, s drivers.Session) error { return c.grease(s) },
	})
}

// conformance is what the driver of one case runs on.
type conformance struct {
	*bench

	mu     sync.Mutex
	agents []*greased // in the order of their start
	next   [][]byte   // what the next process says first
}

func newConformance(tb testing.TB) *conformance {
	tb.Helper()
	c := &conformance{bench: newBench(tb, "amp")}
	supervisor := c.driver.opts.Supervisor
	c.driver.opts.Launch = func(ctx context.Context, spec process.Spec) (Transport, error) {
		a, err := Launch(ctx, supervisor, spec)
		if err != nil {
			return nil, err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		g := &greased{Agent: a, first: c.next}
		c.next = nil
		c.agents = append(c.agents, g)
		return g, nil
	}
	c.server.Script("crash", modelserver.Scenario{c.crash})
	c.server.Script("recall", modelserver.Scenario{recall})
	c.server.Script("listen", modelserver.Scenario{listen})
	return c
}

func (c *conformance) last() *greased {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.agents[len(c.agents)-1]
}

// grease has a turn in which the agent says what nobody knows: between turns
// there is no agent.
func (c *conformance) grease(s drivers.Session) error {
	c.mu.Lock()
	c.next = [][]byte{[]byte(`{"type":"news","subtype":"from_the_future"}`)}
	c.mu.Unlock()
	if err := s.Send(context.Background(), drivers.Message{Text: "SCENARIO:text"}); err != nil {
		return err
	}
	if r := s.(*session).now(); r != nil {
		<-r.done
	}
	return nil
}

// crash kills the agent that asks.
func (c *conformance) crash(modelserver.Context) modelserver.Reply {
	p, err := os.FindProcess(c.last().PID())
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
		if m.Role != "assistant" && inBlocks(m.Blocks, "enough of that") {
			return modelserver.Say(modelserver.Text("As you like."))
		}
	}
	return modelserver.Say(modelserver.Do(modelserver.Bash{Command: "echo listening"}))
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
