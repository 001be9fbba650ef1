package codex

import (
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/drivertest"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/fixtures/rig"
)

// The conformance suite, with the real Codex and the scripted model server: what
// the capability flags claim is true of the agent itself.
func TestConformance(t *testing.T) {
	var b *bench // of the case under way: they run one after the other
	prompts := rig.Prompts()
	prompts.Status, prompts.Compaction, prompts.Quota = "/compact", "/compact", "SCENARIO:quota"
	prompts.Plan, prompts.Subagent, prompts.Background = "SCENARIO:todo", "SCENARIO:task", "SCENARIO:background"
	drivertest.Run(t, drivertest.Subject{
		New: func(tb testing.TB) drivers.Driver {
			b = newBench(tb)
			b.Script(func() int { return b.last().PID() }, modelserver.Do(modelserver.Todo{}))
			b.Server.Script("background", background())
			return b.driver
		},
		Config: func(tb testing.TB) drivers.Config {
			return drivers.Config{Directory: tb.TempDir(), MCP: rig.Tools(tb)}
		},
		Prompts: prompts,
		Heard:   func(_ testing.TB, text string) bool { return b.Heard(text) },
		Grease: func(testing.TB, drivers.Session) error {
			b.last().Say(`{"method":"news/fromTheFuture","params":{"news":true}}`)
			return nil
		},
	})
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
