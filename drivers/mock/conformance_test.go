package mock_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/drivertest"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
)

func TestConformance(t *testing.T) {
	for _, pace := range []time.Duration{0, time.Millisecond} {
		t.Run(fmt.Sprint("pace ", pace), func(t *testing.T) {
			drivertest.Run(t, subject(pace))
		})
	}
}

func subject(pace time.Duration) drivertest.Subject {
	var sessions atomic.Int64
	return drivertest.Subject{
		New: func(testing.TB) drivers.Driver { return mock.New(mock.Options{Pace: pace}) },
		Config: func(t testing.TB) drivers.Config {
			return drivers.Config{SessionID: fmt.Sprintf("s%d", sessions.Add(1)), Directory: t.TempDir()}
		},
		Prompts: drivertest.Prompts{
			Text:       "hello",
			Permission: "gate ls", Question: "ask", Wait: "wait", Crash: "crash",
			Recall: "recall", Recalled: func(earlier int) string { return fmt.Sprintf("messages seen: %d", earlier+1) },
			Context: "context", SystemPrompt: "Answer in rhymes.",
			Attachments: "attachments", AttachmentName: "word.txt",
			Steerable: "wait", SteerText: "go on",

			Tool: "tool", Command: "gate ls", FileChange: "edit notes.txt", MCP: "mcp", Reasoning: "reasoning",
			Status: "status", Error: "error", Usage: "usage", Cost: "usage", Plan: "plan", Subagent: "subagent",
			Background: "background", Compaction: "compact", Diff: "diff", Quota: "quota",
		},
	}
}
