package codex

import (
	"encoding/json"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/version"
)

func TestPolicyOf(t *testing.T) {
	for _, tt := range []struct {
		agent             string
		mode              drivers.PermissionMode
		approval, sandbox string
	}{
		{"", "", "untrusted", "workspaceWrite"},
		{"build", drivers.PermissionDefault, "untrusted", "workspaceWrite"},
		{"build", drivers.PermissionAcceptEdits, "untrusted", "workspaceWrite"},
		{"build", drivers.PermissionBypass, "never", "dangerFullAccess"},
		{"build", drivers.PermissionPlan, "never", "readOnly"},
		{"plan", drivers.PermissionDefault, "on-request", "readOnly"},
		{"plan", drivers.PermissionAcceptEdits, "on-request", "readOnly"},
		{"plan", drivers.PermissionBypass, "never", "readOnly"},
		{"plan", drivers.PermissionPlan, "never", "readOnly"},
	} {
		p := policyOf(drivers.Settings{AgentMode: tt.agent, PermissionMode: tt.mode})
		if p.approval != tt.approval || p.sandbox.Type != tt.sandbox {
			t.Errorf("%s, %s: %s in %s, want %s in %s", tt.agent, tt.mode, p.approval, p.sandbox.Type, tt.approval, tt.sandbox)
		}
	}
}

// Plan mode is told with a model, and left again.
func TestTurnSettings(t *testing.T) {
	for _, tt := range []struct {
		name     string
		settings drivers.Settings
		planned  bool
		want     string
	}{
		{"plain", drivers.Settings{}, false, `null`},
		{"plan", drivers.Settings{AgentMode: "plan"}, false,
			`{"mode":"plan","settings":{"model":"own","reasoning_effort":"low","developer_instructions":null}}`},
		{"plan with another model", drivers.Settings{AgentMode: "plan", Model: "m", Variant: "high"}, true,
			`{"mode":"plan","settings":{"model":"m","reasoning_effort":"high","developer_instructions":null}}`},
		{"back", drivers.Settings{AgentMode: "build"}, true,
			`{"mode":"default","settings":{"model":"own","reasoning_effort":"low","developer_instructions":null}}`},
	} {
		got, err := json.Marshal(turnSettingsOf(tt.settings, "own", "low", tt.planned).CollaborationMode)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: %s (%v), want %s", tt.name, got, err, tt.want)
		}
	}
}

func TestVersions(t *testing.T) {
	for _, tt := range []struct {
		version       string
		tooOld, known bool
	}{
		{"0.169.0", false, true},
		{"0.169.7", false, true},
		{"0.169.0-alpha.1", false, true},
		{"0.170.0", false, false},
		{"1.0.0", false, false},
		{"0.149.9", true, false},
		{"0.99.0", true, false},
		{"next", false, false},
	} {
		if got := version.Older(tt.version, oldestVersion); got != tt.tooOld {
			t.Errorf("%s is too old: %v", tt.version, got)
		}
		if got := version.Near(tt.version, knownVersion); got != tt.known {
			t.Errorf("%s is known: %v", tt.version, got)
		}
	}
}
