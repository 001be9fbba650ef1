package amp

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers/drivertest"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// When our plugin dies, as the CLI kills it on a machine that stands still for
// too long, nothing runs unasked: the turn ends, and the next one asks again.
func TestKilledPlugin(t *testing.T) {
	t.Parallel()
	k := &talk{T: t, bench: newBench(t, "amp")}
	k.start()
	k.send(modelserver.Prompt("loop", modelserver.Input{"n": 3}))
	k.permission()
	if err := syscall.Kill(pluginOf(t, k.agent.(*session)), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	events := k.end(universal.StopError)
	told := ""
	for _, ev := range events {
		if d, ok := ev.Data.(*universal.ErrorData); ok {
			told += d.Message
		}
	}
	if told != errPluginLost.Error() {
		t.Errorf("told is %q", told)
	}
	if said := drivertest.Text(events); strings.Contains(said, "step-2\n") {
		t.Errorf("a command ran unasked:\n%s", said)
	}
	k.send(modelserver.Prompt("bash", modelserver.Input{"command": "echo again"}))
	k.permission()
	if err := k.agent.Interrupt(t.Context()); err != nil {
		t.Fatal(err)
	}
	k.end(universal.StopInterrupted)
}

// pluginOf finds the process that our plugin runs in.
func pluginOf(t *testing.T, s *session) (pid int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	plugin := []byte(filepath.Join(s.place.config, "amp", "plugins", pluginFile))
	for _, file := range files {
		if args, err := os.ReadFile(file); err == nil && bytes.Contains(args, plugin) {
			pid, err = strconv.Atoi(filepath.Base(filepath.Dir(file)))
			if err != nil {
				t.Fatal(err)
			}
			return pid
		}
	}
	t.Fatal("the plugin has no process")
	return 0
}
