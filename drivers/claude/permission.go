package claude

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// permissionMetadata is what the CLI says about a request, by the names that
// clients of the v0.1 API know.
type permissionMetadata struct {
	ToolName    string            `json:"toolName"`
	Input       json.RawMessage   `json:"input"`
	Suggestions []json.RawMessage `json:"permissionSuggestions"`
	BlockedPath *string           `json:"blockedPath"`
	// Reason is why the CLI doesn't simply do it, where it says so.
	Reason string `json:"decisionReason,omitempty"`
}

// Ids of the options.
const (
	optionAllow  = "allow_once"
	optionAlways = "allow_always"
	optionReject = "reject_once"
)

func (c *converter) readPermission(r *request, l *toolRequest) {
	name := l.ToolName
	rules, updates := alwaysRules(name, r.input, l.Suggestions)
	r.rules = updates
	r.permission = universal.PermissionData{
		PermissionID: r.id,
		Action:       name,
		Status:       universal.PermissionRequested,
		Metadata: permissionMetadata{
			ToolName:    name,
			Input:       r.input,
			Suggestions: l.Suggestions,
			BlockedPath: l.BlockedPath,
			Reason:      l.Reason,
		},
		Title:    toolTitle(name, r.input),
		ItemID:   r.toolUseID,
		ToolKind: toolKind(name),
		Options: []universal.PermissionOption{
			{ID: optionAllow, Kind: universal.AllowOnce, Name: "Allow"},
			{ID: optionAlways, Kind: universal.AllowAlways, Name: "Always allow in this session: " + strings.Join(rules, ", "), Rules: rules},
			{ID: optionReject, Kind: universal.RejectOnce, Name: "Reject"},
		},
	}
	if k := c.calls[r.toolUseID]; k != nil {
		k.waiting = true
		if strings.HasPrefix(name, mcpPrefix) && k.title != "" {
			// By the server's own words. Of other tools the title is of the
			// input, which a hook may have changed since.
			r.permission.Title = k.title
		}
	}
}

// ruleUpdate is a permission update that the CLI suggests, or takes.
type ruleUpdate struct {
	Type        string       `json:"type"`
	Rules       []nativeRule `json:"rules"`
	Behavior    string       `json:"behavior"`
	Destination string       `json:"destination"`
}

type nativeRule struct {
	Tool    string `json:"toolName"`
	Content string `json:"ruleContent,omitempty"`
}

func (r nativeRule) String() string { return r.Tool + "(" + r.Content + ")" }

// alwaysRules says what "always" allows, and which updates make the CLI itself
// keep that. They are the rules that the CLI suggests, where these cover the
// whole of the request and no more than the request's own kind of action;
// otherwise the rule is exactly this command, path or input, and the CLI gets
// none: it would take it for more. The bare tool is never a rule.
func alwaysRules(tool string, input json.RawMessage, suggestions []json.RawMessage) (rules []string, updates []json.RawMessage) {
	in := decodeInput(input)
	for _, raw := range suggestions {
		var u ruleUpdate
		if json.Unmarshal(raw, &u) != nil || u.Type != "addRules" || u.Behavior != "allow" || len(u.Rules) == 0 {
			continue
		}
		u.Destination = "session"
		for _, rule := range u.Rules {
			if !rule.fits(tool, &in) {
				return []string{exactRule(tool, &in, input)}, nil
			}
			rules = append(rules, rule.String())
		}
		update, err := json.Marshal(u)
		if err != nil {
			return []string{exactRule(tool, &in, input)}, nil
		}
		updates = append(updates, update)
	}
	// Several rules together may be parts of one compound command, and the
	// CLI may have left some out.
	if len(rules) != 1 {
		return []string{exactRule(tool, &in, input)}, nil
	}
	return rules, updates
}

// fits tells whether a suggested rule is about the request as a whole, and
// narrower than the bare tool.
func (r nativeRule) fits(tool string, in *toolInput) bool {
	if r.Tool != tool || strings.Trim(r.Content, "*:/. ") == "" {
		return false
	}
	if tool != toolBash {
		return true
	}
	if r.Content == in.Command {
		// The CLI would take a * of the command for any text.
		return !strings.Contains(r.Content, "*")
	}
	prefix, found := strings.CutSuffix(r.Content, " *")
	if !found {
		prefix, found = strings.CutSuffix(r.Content, ":*")
	}
	if !found || strings.ContainsAny(in.Command, "\n;&|<>()`$") {
		return false
	}
	return in.Command == prefix || strings.HasPrefix(in.Command, prefix+" ")
}

// exactRule allows the same tool with the same command, path or input only.
func exactRule(tool string, in *toolInput, input json.RawMessage) string {
	content := string(input)
	switch toolKind(tool) {
	case universal.ToolExecute:
		if in.Command != "" && !in.Background {
			content = in.Command
		}
	case universal.ToolRead, universal.ToolEdit:
		if in.file() != "" {
			content = in.file()
		}
	case universal.ToolFetch:
		if in.URL != "" {
			content = in.URL
		}
	}
	switch {
	case len(content) > maxRule:
		content = fmt.Sprintf("exactly this input, sha256 %x", sha256.Sum256([]byte(content)))
	case strings.Contains(content, "*"):
		content = fmt.Sprintf("exactly %q", content) // it must not read as a pattern, nor equal one
	}
	return nativeRule{Tool: tool, Content: content}.String()
}

// maxRule is how long the content of a rule may be, in bytes, before its digest
// stands for it.
const maxRule = 1000

// refusal is the text that the model gets when nobody gave one.
const refusal = "The user refused this action."

// behavior answers a can_use_tool request.
type behavior struct {
	Behavior           string            `json:"behavior"` // "allow" or "deny"
	UpdatedInput       json.RawMessage   `json:"updatedInput,omitempty"`
	UpdatedPermissions []json.RawMessage `json:"updatedPermissions,omitempty"`
	Message            string            `json:"message,omitempty"`
}

// allow echoes the input: older versions of the CLI want it.
func allow(input json.RawMessage, updates []json.RawMessage) behavior {
	return behavior{Behavior: "allow", UpdatedInput: input, UpdatedPermissions: updates}
}

func deny(message string) behavior {
	if strings.TrimSpace(message) == "" {
		message = refusal
	}
	return behavior{Behavior: "deny", Message: message}
}

// permissionAnswer is what the CLI gets for a person's reply.
func (r *request) permissionAnswer(reply drivers.PermissionReply) (behavior, error) {
	switch reply.Decision {
	case drivers.Once:
		return allow(r.input, nil), nil
	case drivers.Always:
		return allow(r.input, r.rules), nil
	case drivers.Reject:
		return deny(reply.Message), nil
	}
	return behavior{}, universal.InvalidRequest("reply is %q, want once, always or reject", reply.Decision)
}
