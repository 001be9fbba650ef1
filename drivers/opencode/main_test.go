package opencode

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/fixtures/toolserver"
)

func TestMain(m *testing.M) {
	process.RunGuardIfAsked()
	toolserver.ServeIfAsked()
	goleak.VerifyTestMain(m)
}
