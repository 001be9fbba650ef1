package codex

import (
	"encoding/json"

	"github.com/sandbox-agent/sandbox-agent/drivers"
)

// Codex has two knobs where we have one: when it asks, and what its sandbox lets
// a command do without asking.
//
// In the modes default and acceptEdits Codex asks for every command and every
// file change ("untrusted"); the bridge answers what the mode allows. That is
// stricter than Codex by itself, which in a trusted directory asks for nothing
// inside of it: there "default" would be "acceptEdits" and more, and the same
// mode would mean something else than with the other agents. What was allowed
// still runs in the sandbox of the workspace, with the network; what wants to
// leave the sandbox is asked about apart.
//
// To plan, by either of our modes, is to run in a read-only sandbox. The
// permission mode plan refuses what would leave it without asking anybody, the
// agent mode plan asks.
type policy struct {
	approval string
	sandbox  sandboxPolicy
}

// sandboxPolicy is what commands may do without asking.
type sandboxPolicy struct {
	Type          string `json:"type"`
	NetworkAccess *bool  `json:"networkAccess,omitempty"`
}

const (
	askAlways  = "untrusted"  // for every command and file change
	askToLeave = "on-request" // for what the sandbox doesn't let through
	askNever   = "never"      // refuse it instead
)

func policyOf(s drivers.Settings) policy {
	yes, no := true, false
	readOnly := sandboxPolicy{Type: "readOnly", NetworkAccess: &no}
	switch {
	case s.PermissionMode == drivers.PermissionPlan:
		return policy{askNever, readOnly}
	case s.AgentMode == drivers.ModePlan && s.PermissionMode == drivers.PermissionBypass:
		return policy{askNever, readOnly}
	case s.AgentMode == drivers.ModePlan:
		return policy{askToLeave, readOnly}
	case s.PermissionMode == drivers.PermissionBypass:
		return policy{askNever, sandboxPolicy{Type: "dangerFullAccess"}}
	}
	return policy{askAlways, sandboxPolicy{Type: "workspaceWrite", NetworkAccess: &yes}}
}

// turnSettings are the settings that every turn is started with: a thread keeps
// the last ones, and they are cheap to repeat.
type turnSettings struct {
	Model             string             `json:"model,omitempty"`
	Effort            string             `json:"effort,omitempty"`
	Summary           string             `json:"summary"` // of reasoning; Codex has none by itself
	ApprovalPolicy    string             `json:"approvalPolicy"`
	SandboxPolicy     sandboxPolicy      `json:"sandboxPolicy"`
	CollaborationMode *collaborationMode `json:"collaborationMode,omitempty"`
}

// collaborationMode is the agent mode in Codex's words. It overrides model and
// effort, and wants to be told the model.
type collaborationMode struct {
	Mode     string                `json:"mode"` // "plan" or "default"
	Settings collaborationSettings `json:"settings"`
}

type collaborationSettings struct {
	Model                 string          `json:"model"`
	ReasoningEffort       *string         `json:"reasoning_effort"`
	DeveloperInstructions json.RawMessage `json:"developer_instructions"` // null: those of the mode
}

// turnSettingsOf are the settings of the next turn. model is the thread's own,
// which is named where Codex wants a name; planned says that the thread was in
// plan mode before.
func turnSettingsOf(s drivers.Settings, model, effort string, planned bool) turnSettings {
	p := policyOf(s)
	t := turnSettings{
		Model:          s.Model,
		Effort:         s.Variant,
		Summary:        "auto",
		ApprovalPolicy: p.approval,
		SandboxPolicy:  p.sandbox,
	}
	plan := s.AgentMode == drivers.ModePlan
	if !plan && !planned {
		return t
	}
	mode := collaborationMode{Mode: "default", Settings: collaborationSettings{Model: model, DeveloperInstructions: json.RawMessage("null")}}
	if plan {
		mode.Mode = "plan"
	}
	if s.Model != "" {
		mode.Settings.Model = s.Model
	}
	if s.Variant != "" {
		effort = s.Variant
	}
	if effort != "" {
		mode.Settings.ReasoningEffort = &effort
	}
	t.CollaborationMode = &mode
	return t
}

// apply changes those settings that are set.
func apply(to *drivers.Settings, change drivers.Settings) {
	for _, f := range []struct {
		to   *string
		from string
	}{
		{&to.Model, change.Model},
		{&to.Variant, change.Variant},
		{&to.AgentMode, change.AgentMode},
		{(*string)(&to.PermissionMode), string(change.PermissionMode)},
		{&to.Title, change.Title},
	} {
		if f.from != "" {
			*f.to = f.from
		}
	}
}
