package main

import (
	"os"
	"os/exec"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers/amp"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/fixtures/toolserver"
)

// asProgram, in the environment of the test binary, makes it be the program.
const asProgram = "SANDBOX_AGENT_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	process.RunGuardIfAsked()
	amp.RunHelperIfAsked()
	toolserver.ServeIfAsked()
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// program is a command that runs sandbox-agent with these arguments.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}
