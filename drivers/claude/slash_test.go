package claude

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
)

// Clients are told the commands that work for them.
func TestCommands(t *testing.T) {
	start := []string{
		`> {"type":"control_request","request_id":"r1","request":{"subtype":"initialize"}}`,
		`{"type":"control_response","response":{"subtype":"success","request_id":"r1","response":{"commands":[{"name":"compact","description":"shorten"},{"name":"color","description":"the prompt bar"},{"name":"__internal","description":"x"}]}}}`,
	}
	const (
		told     = `session.updated {"commands":[{"name":"compact","description":"shorten"},{"name":"color","description":"the prompt bar"}]}` + "\n"
		terminal = `{"type":"system","subtype":"init","session_id":"s","terminal_slash_commands":["color"]}`
	)
	for _, tt := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"some do nothing here", []string{terminal, terminal}, `session.updated {"commands":[{"name":"compact","description":"shorten"}]}` + "\n"},
		{"all do", []string{`{"type":"system","subtype":"init","session_id":"s","terminal_slash_commands":[]}`}, ""},
		{"a CLI that doesn't tell", []string{`{"type":"system","subtype":"init","session_id":"s"}`}, ""},
		{
			"the list changes later",
			[]string{terminal, `{"type":"system","subtype":"commands_changed","commands":[{"name":"color","description":"x"},{"name":"greet","description":"hi"}]}`},
			`session.updated {"commands":[{"name":"compact","description":"shorten"}]}` + "\n" + `session.updated {"commands":[{"name":"greet","description":"hi"}]}` + "\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := play(t, newConverter("s", drivers.Settings{}, false), append(start, tt.lines...)...)
			if diff := cmp.Diff(told+tt.want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}
