package claude

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/sandbox-agent/sandbox-agent/drivers/process"
)

func TestMain(m *testing.M) {
	process.RunGuardIfAsked()
	if os.Getenv(toolServerRole) != "" {
		if err := serveTools(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "tool server:", err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}
