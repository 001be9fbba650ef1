package sdk_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/fixtures/agents"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
)

// TestPython runs the tests of the Python package against the program: with
// the mock, and with the real Claude Code and a scripted model.
func TestPython(t *testing.T) {
	t.Parallel()
	server, err := modelserver.Start(modelserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	claude, err := agents.Ensure(t.Context(), "claude", func(line string) { t.Log(line) })
	if err != nil {
		t.Fatal(err)
	}
	project := filepath.Join(t.TempDir(), "project")
	if err := os.Mkdir(project, 0o755); err != nil {
		t.Fatal(err)
	}
	python := exec.CommandContext(t.Context(), "python3", "-m", "unittest", "discover", "--start-directory", "tests")
	python.Dir = "python"
	python.Env = append(modelserver.ClaudeEnv(server.URL(), t.TempDir()),
		"SANDBOX_AGENT_BIN="+buildProgram(t), "SANDBOX_AGENT_CLAUDE_PATH="+claude, "PROJECT="+project,
		"PYTHONPATH=src"+string(filepath.ListSeparator)+"tests", "PYTHONDONTWRITEBYTECODE=1", "PYTHONWARNINGS=error::ResourceWarning")
	var out bytes.Buffer
	python.Stdout, python.Stderr = &out, &out
	if err := python.Run(); err != nil {
		t.Fatalf("%v (the tests need Python 3.10 or later)\n%s", err, out.Bytes())
	}
}
