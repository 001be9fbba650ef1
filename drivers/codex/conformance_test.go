package codex

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/drivertest"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/fixtures/toolserver"
)

// The conformance suite, with the real Codex and the scripted model server: what
// the capability flags claim is true of the agent itself.
func TestConformance(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var b *bench // of the case under way: they run one after the other
	drivertest.Run(t, drivertest.Subject{
		New: func(tb testing.TB) drivers.Driver {
			b = newBench(tb)
			b.server.Script("crash", modelserver.Scenario{b.crash})
			b.server.Script("recall", modelserver.Scenario{recall})
			b.server.Script("listen", modelserver.Scenario{listen})
			b.server.Script("background", background())
			return b.driver
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
			Status:     "/compact",
			Background: "SCENARIO:background",
			Plan:       "SCENARIO:todo", Diff: "SCENARIO:write",
			Subagent:   "SCENARIO:task",
			Compaction: "/compact", Quota: "SCENARIO:quota",
		},
		Heard: func(_ testing.TB, text string) bool { return b.heard(text) },
		Grease: func(testing.TB, drivers.Session) error {
			b.last().say(`{"method":"news/fromTheFuture","params":{"news":true}}`)
			return nil
		},
	})
}

// crash kills the agent that asks.
func (b *bench) crash(modelserver.Context) modelserver.Reply {
	if err := b.kill(); err != nil {
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
	return modelserver.Say(modelserver.Do(modelserver.Todo{}))
}

// background starts a command that goes on when the turn is over.
func background() modelserver.Scenario {
	return modelserver.Scenario{
		func(modelserver.Context) modelserver.Reply {
			return modelserver.Say(modelserver.Do(modelserver.Bash{Command: "sleep 1", Background: true}))
		},
		func(modelserver.Context) modelserver.Reply {
			return modelserver.Say(modelserver.Text("It runs in the background."))
		},
	}
}
