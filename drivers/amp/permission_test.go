package amp

import (
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// An edit that leads out of the session's directory, or whose files nobody
// knows, is not what a mode allows that lets the agent change files.
func TestEditsThatLeave(t *testing.T) {
	c := newConverter("p", "", "/project")
	for _, tt := range []struct {
		tool, input string
		kind        universal.ToolKind
		outside     bool // the title says so
	}{
		{"edit_file", `{"path":"/project/a/b.txt"}`, universal.ToolEdit, false},
		{"create_file", `{"path":"b.txt"}`, universal.ToolEdit, false},
		{"create_file", `{"path":"/etc/b.txt"}`, universal.ToolOther, true},
		{"edit_file", `{"path":"../b.txt"}`, universal.ToolOther, true},
		{"edit_file", `{"path":"/project/../b.txt"}`, universal.ToolOther, true},
		{"undo_edit", `{}`, universal.ToolOther, false},
		{"apply_patch", `{"patchText":"*** Begin Patch\n*** Update File: /project/a.txt\n@@\n-x\n+y\n*** End Patch"}`, universal.ToolEdit, false},
		{"apply_patch", `{"patchText":"*** Begin Patch\n*** Update File: /project/a.txt\n*** Move to: /etc/a.txt\n*** End Patch"}`, universal.ToolOther, true},
		{"Bash", `{"command":"rm /etc/b.txt"}`, universal.ToolExecute, false},
	} {
		asked := c.permission(&request{Tool: tt.tool, Input: []byte(tt.input), Kind: kindTool, ToolUseID: "c1"})
		if asked.ToolKind != tt.kind || strings.HasPrefix(asked.Title, "outside of the session's directory: ") != tt.outside {
			t.Errorf("%s %s: kind %s, title %q", tt.tool, tt.input, asked.ToolKind, asked.Title)
		}
	}
}
