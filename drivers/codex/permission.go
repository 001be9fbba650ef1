package codex

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/diff"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/elicitation"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/oneline"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// permissionMetadata is what Codex says about a request, by the names that
// clients of the v0.1 API know.
type permissionMetadata struct {
	Kind      string          `json:"codexRequestKind"`
	RequestID json.RawMessage `json:"codexRequestId"`
	ThreadID  string          `json:"threadId"`
	TurnID    string          `json:"turnId"`
	ItemID    string          `json:"itemId,omitempty"`
	Command   string          `json:"command,omitempty"`
	Cwd       string          `json:"cwd,omitempty"`
	Reason    string          `json:"reason,omitempty"`
	GrantRoot string          `json:"grantRoot,omitempty"`
	Changes   []fileChange    `json:"changes,omitempty"`
	Server    string          `json:"server,omitempty"`
	Tool      string          `json:"tool,omitempty"`
	Arguments json.RawMessage `json:"arguments,omitempty"`
	Rights    json.RawMessage `json:"permissions,omitempty"`
}

// Ids of the options.
const (
	optionAllow  = "allow_once"
	optionAlways = "allow_always"
	optionReject = "reject_once"
)

// offer completes a permission request. What "always" allows is exactly what is
// asked for; the bridge remembers it. Codex's own ways to allow more either
// write to the user's rules or let similar commands through.
func (c *converter) offer(r *request, action, title string, kind universal.ToolKind, meta permissionMetadata, rules ...string) {
	meta.RequestID, meta.ThreadID, meta.TurnID = r.native, r.thread.id, r.turn
	r.permission = universal.PermissionData{
		PermissionID: r.id,
		Action:       action,
		Status:       universal.PermissionRequested,
		Metadata:     meta,
		Title:        oneline.Text(title),
		ToolKind:     kind,
		Options: []universal.PermissionOption{
			{ID: optionAllow, Kind: universal.AllowOnce, Name: "Allow"},
			{ID: optionAlways, Kind: universal.AllowAlways, Name: "Always allow in this session: " + strings.Join(rules, ", "), Rules: rules},
			{ID: optionReject, Kind: universal.RejectOnce, Name: "Reject"},
		},
	}
	if r.item != nil {
		r.permission.ItemID = r.item.key
	}
}

// maxRule is how long the content of a rule may be, in bytes, before its digest
// stands for it.
const maxRule = 1000

// rule names exactly one thing that a tool does.
func rule(tool, content string) string {
	switch {
	case len(content) > maxRule:
		content = fmt.Sprintf("exactly this input, sha256 %x", sha256.Sum256([]byte(content)))
	case strings.Contains(content, "*"):
		content = fmt.Sprintf("exactly %q", content) // it must not read as a pattern, nor equal one
	}
	return tool + "(" + content + ")"
}

func (c *converter) readCommandApproval(r *request, params []byte) error {
	var l struct {
		Kind    string `json:"kind"`
		TurnID  string `json:"turnId"`
		ItemID  string `json:"itemId"`
		Command string `json:"command"`
		Cwd     string `json:"cwd"`
		Reason  string `json:"reason"`
		Network *struct {
			Host     string `json:"host"`
			Protocol string `json:"protocol"`
		} `json:"networkApprovalContext"`
		More json.RawMessage `json:"additionalPermissions"`
	}
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	r.kind, r.turn, r.item = askCommand, l.TurnID, c.items[key(l.TurnID, l.ItemID)]
	meta := permissionMetadata{Kind: "commandExecution", ItemID: l.ItemID, Command: l.Command, Cwd: l.Cwd, Reason: l.Reason}
	command := innerCommand(l.Command)
	if l.Network != nil {
		c.offer(r, "network", "Connect to "+l.Network.Host, universal.ToolFetch, meta, rule("network", l.Network.Protocol+" "+l.Network.Host))
		return nil
	}
	tool, title := commandTool, command
	if l.Kind != "" && l.Kind != "command" {
		tool = l.Kind
	}
	content := command
	if l.Cwd != "" && l.Cwd != c.directory {
		content += " in " + l.Cwd
	}
	if l.Reason != "" || len(l.More) > 0 && string(l.More) != "null" {
		// It wants to leave the sandbox, or more rights inside: not the same as
		// the command alone.
		content += " with more rights"
		title = strings.TrimSpace(l.Reason + ": " + command)
	}
	c.offer(r, tool, title, universal.ToolExecute, meta, rule(tool, content))
	return nil
}

// readPatchApproval reads a request for a file change. What it would change is
// in the item that waits.
func (c *converter) readPatchApproval(r *request, params []byte) error {
	var l struct {
		TurnID    string `json:"turnId"`
		ItemID    string `json:"itemId"`
		Reason    string `json:"reason"`
		GrantRoot string `json:"grantRoot"`
	}
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	r.kind, r.turn, r.item = askPatch, l.TurnID, c.items[key(l.TurnID, l.ItemID)]
	meta := permissionMetadata{Kind: "fileChange", ItemID: l.ItemID, Reason: l.Reason, GrantRoot: l.GrantRoot}
	var paths, rules []string
	if r.item != nil {
		meta.Changes = r.item.changes
		for _, f := range r.item.changes {
			for _, path := range []string{f.Path, f.Kind.MovePath} {
				if path != "" {
					paths, rules = append(paths, path), append(rules, rule(patchTool, path))
				}
			}
		}
	}
	if len(rules) == 0 {
		rules = []string{rule(patchTool, "request "+r.id)}
	}
	if l.GrantRoot != "" {
		rules = append(rules, rule(patchTool, "everything below "+l.GrantRoot))
	}
	title, kind := cmp.Or(strings.Join(paths, ", "), "a file change"), patchKind(meta.Changes)
	leaves := slices.ContainsFunc(paths, func(path string) bool { return diff.Leaves(c.directory, path) })
	if leaves {
		title = diff.Outside + title
	}
	if leaves || len(paths) == 0 || l.GrantRoot != "" {
		// More than an edit, or nobody knows of what: a mode that lets the agent
		// change files doesn't mean it.
		kind = universal.ToolOther
	}
	c.offer(r, patchTool, title, kind, meta, rules...)
	return nil
}

func (c *converter) readProfileApproval(r *request, params []byte) error {
	var l struct {
		TurnID string          `json:"turnId"`
		ItemID string          `json:"itemId"`
		Reason string          `json:"reason"`
		Rights json.RawMessage `json:"permissions"`
	}
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	r.kind, r.turn, r.item, r.profile = askProfile, l.TurnID, c.items[key(l.TurnID, l.ItemID)], l.Rights
	rights := string(oneline.JSON(l.Rights))
	c.offer(r, "request_permissions", cmp.Or(l.Reason, rights), universal.ToolOther,
		permissionMetadata{Kind: "permissions", ItemID: l.ItemID, Reason: l.Reason, Rights: json.RawMessage(rights)},
		rule("request_permissions", rights))
	return nil
}

// toolApproval is how Codex asks for a tool of a tool server: as if the server
// wanted a form filled in that has no fields.
type toolApproval struct {
	Kind        string          `json:"codex_approval_kind"`
	Tool        string          `json:"tool_name"`
	Description string          `json:"tool_description"`
	Params      json.RawMessage `json:"tool_params"`
}

func (c *converter) readToolApproval(r *request, server string, l *toolApproval) {
	r.kind = askTool
	arguments := string(oneline.JSON(l.Params))
	for _, k := range sortedKeys(c.items) {
		it := c.items[k]
		if it.thread == r.thread && it.kind == "mcpToolCall" && it.server == server && it.tool == l.Tool && !c.isAskedFor(it) &&
			(r.item == nil || it.arguments == arguments) {
			r.item = it
		}
	}
	tool := mcpName(server, l.Tool)
	meta := permissionMetadata{Kind: "mcpToolCall", Server: server, Tool: l.Tool, Arguments: json.RawMessage(arguments)}
	if r.item != nil {
		meta.ItemID = r.item.native
	}
	c.offer(r, tool, server+"."+l.Tool, universal.ToolMCP, meta, rule(tool, arguments))
}

// isAskedFor tells whether an open request is about an item.
func (c *converter) isAskedFor(it *item) bool {
	for _, r := range c.requests {
		if r.item == it {
			return true
		}
	}
	return false
}

type (
	decisionAnswer struct {
		Decision string `json:"decision"`
	}
	profileAnswer struct {
		Permissions json.RawMessage `json:"permissions"`
		Scope       string          `json:"scope"`
	}
)

// permissionAnswer is what Codex gets for a person's reply.
func (r *request) permissionAnswer(reply drivers.PermissionReply) (any, error) {
	allow := false
	switch reply.Decision {
	case drivers.Once, drivers.Always:
		allow = true
	case drivers.Reject:
	default:
		return nil, universal.InvalidRequest("reply is %q, want once, always or reject", reply.Decision)
	}
	switch {
	case r.kind == askProfile && allow:
		return profileAnswer{r.profile, "turn"}, nil
	case r.kind == askProfile:
		return profileAnswer{json.RawMessage("{}"), "turn"}, nil
	case r.kind == askTool && allow:
		return elicitation.Answer{Action: "accept", Content: map[string]json.RawMessage{}}, nil
	case r.kind == askTool:
		return elicitation.Answer{Action: "decline"}, nil
	case allow:
		return decisionAnswer{"accept"}, nil
	}
	return decisionAnswer{"decline"}, nil
}
