package codex

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/drivertest"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/program"
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
			release := filepath.Join(tb.TempDir(), "release")
			b.Server.Script("background", background(release))
			b.driver.opts.Trace = func(dir string, line []byte) {
				if dir == program.TraceOut && bytes.Contains(line, []byte(`"method":"turn/completed"`)) {
					if err := os.WriteFile(release, nil, 0o600); err != nil {
						tb.Error(err)
					}
				}
			}
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

// background starts a command that goes on until there is a file, which there is
// when the turn is over.
func background(release string) modelserver.Scenario {
	return modelserver.Scenario{
		func(modelserver.Context) modelserver.Reply {
			return modelserver.Say(modelserver.Do(modelserver.Bash{Command: "while [ ! -e '" + release + "' ]; do sleep 0.05; done", Background: true}))
		},
		func(modelserver.Context) modelserver.Reply {
			return modelserver.Say(modelserver.Text("It runs in the background."))
		},
	}
}
