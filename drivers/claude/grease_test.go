package claude

import (
	"context"
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/drivertest"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/fixtures/rig"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// greaseLines are lines that no version of the CLI prints. Each becomes one
// agent.unparsed.
func greaseLines() [][]byte {
	lines := []string{
		`{"type":"from_the_future","uuid":"u"}`,
		`{"type":"system","subtype":"from_the_future"}`,
		`{"type":"stream_event","event":{"type":"from_the_future"}}`,
		`{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"from_the_future"}}}`,
		`{"type":"stream_event","event":{"type":"content_block_delta","index":99,"delta":{"type":"text_delta","text":"lost"}}}`,
		`{"type":"control_request","request_id":"from_the_future","request":{"subtype":"from_the_future"}}`,
		`{"type":"control_response","response":{"subtype":"success","request_id":"from_the_future"}}`,
		`{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"from_the_future"}]}}`,
		`{"type":"result","usage":"from_the_future"}`,
		`{"type":7}`,
		`{}`,
		`null`,
		`[1,2]`,
		`{"type":"assistant","mess`,
		"\x00\xff\xfe not even text \xe2\x80\xa8",
		`Warning: something was printed to stdout`,
		`{"type":"from_the_future","pad":"` + strings.Repeat("x", 2<<20) + `"}`,
	}
	all := make([][]byte, len(lines))
	for i, line := range lines {
		all[i] = []byte(line)
	}
	return all
}

// An agent whose every line has a field that nobody knows, with lines between
// them that nobody knows, is understood as well as without.
func TestRealGrease(t *testing.T) {
	turns := func(change func(line []byte) [][]byte) []universal.Event {
		b := newBench(t)
		b.driver.opts.Launch = func(ctx context.Context, spec process.Spec) (Transport, error) {
			p, err := b.Supervisor.Start(ctx, spec)
			if err != nil {
				return nil, err
			}
			return newGreased(p, change), nil
		}
		l := b.start(t, drivers.Config{})
		for i, prompt := range []string{
			"SCENARIO:thinking",
			modelserver.Prompt("bash", modelserver.Input{"command": "touch made.txt"}),
			modelserver.Prompt("task", modelserver.Input{"extra": modelserver.Input{"run_in_background": false}}),
		} {
			l.send(prompt)
			if i == 1 {
				if err := l.ReplyPermission(t.Context(), l.permission(1).PermissionID, drivers.PermissionReply{Decision: drivers.Once}); err != nil {
					t.Fatal(err)
				}
			}
			l.turnEnded(t, i+1)
		}
		l.close()
		checkGrammar(t, l.snapshot())
		return l.snapshot()
	}
	rig.CheckGrease(t, greaseLines(), turns, outline)
}

// outline names events without what differs from run to run: the ids that the
// CLI makes up.
func outline(events []universal.Event) []string {
	var lines []string
	for i := range events {
		line := drivertest.Bone(&events[i])
		switch events[i].Data.(type) {
		case *universal.PermissionData:
			line = string(events[i].Type)
		case *universal.ItemDeltaData:
			if len(lines) > 0 && lines[len(lines)-1] == line {
				continue // how a text is cut is up to the network
			}
		}
		lines = append(lines, line)
	}
	return lines
}
