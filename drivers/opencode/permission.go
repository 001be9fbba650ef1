package opencode

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/diff"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/oneline"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// nativePermission is a request for a permission.
type nativePermission struct {
	ID         string          `json:"id"`
	SessionID  string          `json:"sessionID"`
	Permission string          `json:"permission"` // "bash", "edit", ..., or the name of a tool server's tool
	Patterns   []string        `json:"patterns"`   // what is to be done: commands, or paths
	Always     []string        `json:"always"`     // what OpenCode would allow for good
	Metadata   json.RawMessage `json:"metadata"`
	Tool       *nativeCall     `json:"tool"`
}

// permissionMetadata is what OpenCode says about a request.
type permissionMetadata struct {
	ToolName string          `json:"toolName"`
	Patterns []string        `json:"patterns"`
	Details  json.RawMessage `json:"details,omitempty"`
	Input    json.RawMessage `json:"input,omitempty"`
}

// Ids of the options.
const (
	optionAllow  = "allow_once"
	optionAlways = "allow_always"
	optionReject = "reject_once"
)

const (
	askOutside = "external_directory"
	askLoop    = "doom_loop"
)

// refusalText is what the model gets when nobody gave a text.
const refusalText = "The user refused this action."

func (c *converter) permissionAsked(h head) error {
	var n nativePermission
	if err := json.Unmarshal(h.properties, &n); err != nil {
		return err
	}
	if n.ID == "" {
		return fmt.Errorf("permission without an id")
	}
	if !c.turn.active {
		// Of a turn that has ended meanwhile: nobody waits for an answer.
		return nil
	}
	waits := c.waiting(n.Tool)
	if waits != nil && !waits.called && !waits.closed {
		// Some ask before the call's input is told, which the rules need.
		waits.asks = append(waits.asks, slices.Clone(h.properties))
		return nil
	}
	tool, input := n.Permission, json.RawMessage(nil)
	if waits != nil {
		tool, input = waits.tool.name, waits.tool.input
		c.noteAskedDiff(waits, &n)
	}
	rules := alwaysRules(&n, input)
	r := &request{id: n.ID, session: n.SessionID, permission: &universal.PermissionData{
		PermissionID: n.ID,
		Action:       n.Permission,
		Status:       universal.PermissionRequested,
		Metadata:     permissionMetadata{ToolName: tool, Patterns: n.Patterns, Details: n.Metadata, Input: input},
		Title:        c.permissionTitle(&n, tool, input),
		ItemID:       c.itemOf(n.SessionID, waits),
		ToolKind:     c.permissionKind(&n, tool),
		Options: []universal.PermissionOption{
			{ID: optionAllow, Kind: universal.AllowOnce, Name: "Allow"},
			{ID: optionAlways, Kind: universal.AllowAlways, Name: "Always allow in this session: " + strings.Join(rules, ", "), Rules: rules},
			{ID: optionReject, Kind: universal.RejectOnce, Name: "Reject"},
		},
	}}
	if c.open(r) {
		data := *r.permission
		c.emit(universal.TypePermissionRequested, &data)
	}
	return nil
}

// noteAskedDiff keeps the diff that an edit is asked for: of some the result
// doesn't tell it.
func (c *converter) noteAskedDiff(waits *part, n *nativePermission) {
	var of struct {
		Diff string `json:"diff"`
	}
	if n.Permission == "edit" && json.Unmarshal(n.Metadata, &of) == nil && len(of.Diff) <= diff.Most {
		waits.tool.diff = of.Diff
	}
}

// permissionKind says what is to be done. Leaving the session's directory is
// more than an edit, and less harmless than a command.
func (c *converter) permissionKind(n *nativePermission, tool string) universal.ToolKind {
	switch n.Permission {
	case "edit":
		return universal.ToolEdit
	case askOutside:
		if kind := c.toolKind(tool); kind != universal.ToolEdit {
			return kind
		}
		return universal.ToolOther
	case askLoop:
		return universal.ToolOther
	}
	return c.toolKind(n.Permission)
}

// permissionTitle is one line that a person reads of a request.
func (c *converter) permissionTitle(n *nativePermission, tool string, input json.RawMessage) string {
	switch n.Permission {
	case askOutside:
		return oneline.Text(diff.Outside + strings.Join(n.Patterns, ", "))
	case askLoop:
		return oneline.Text("the same call again and again: " + strings.Join(n.Patterns, ", "))
	}
	if len(input) > 0 {
		return c.toolTitle(tool, input)
	}
	return oneline.Text(cmp.Or(strings.Join(n.Patterns, ", "), n.Permission))
}

// alwaysRules says what "always" allows: of a command the patterns that
// OpenCode offers, of anything else exactly what is asked for. The bare tool is
// never a rule.
func alwaysRules(n *nativePermission, input json.RawMessage) []string {
	patterns := n.Patterns
	if n.Permission == toolBash && len(n.Always) > 0 && !slices.ContainsFunc(n.Always, isBare) {
		patterns = n.Always
	}
	if len(patterns) == 0 || slices.ContainsFunc(patterns, isBare) || n.Permission == askLoop {
		if len(input) == 0 {
			return []string{ruleOf(n.Permission, "this request only, "+n.ID, true)}
		}
		return []string{ruleOf(n.Permission, string(input), true)}
	}
	var rules []string
	for _, p := range patterns {
		rule := ruleOf(n.Permission, p, n.Permission != toolBash && n.Permission != askOutside)
		if !slices.Contains(rules, rule) {
			rules = append(rules, rule)
		}
	}
	return rules
}

// isBare tells whether a pattern matches anything.
func isBare(pattern string) bool { return strings.Trim(pattern, "*:/. ") == "" }

// maxRule is how long the content of a rule may be, in bytes, before its digest
// stands for it.
const maxRule = 1000

// ruleOf writes a rule as people read it. An exact one must not read as a
// pattern, nor equal one.
func ruleOf(permission, content string, exact bool) string {
	switch {
	case len(content) > maxRule:
		content = fmt.Sprintf("exactly this input, sha256 %x", sha256.Sum256([]byte(content)))
	case exact && strings.Contains(content, "*"):
		content = fmt.Sprintf("exactly %q", content)
	}
	return permission + "(" + content + ")"
}
