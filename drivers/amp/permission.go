package amp

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/diff"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/oneline"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// permissionMetadata is what is known of a request, by the names that clients
// of the v0.1 API know.
type permissionMetadata struct {
	ToolName string          `json:"toolName"`
	Input    json.RawMessage `json:"input"`
}

// Ids of the options.
const (
	optionAllow  = "allow_once"
	optionAlways = "allow_always"
	optionReject = "reject_once"
)

func (c *converter) permission(r *request) *universal.PermissionData {
	rule := exactRule(r.Tool, r.Input)
	item := ""
	if c.calls[r.ToolUseID] != nil {
		item = r.ToolUseID // else a sub-agent's, which nothing else tells of
	}
	title, kind := toolTitle(r.Tool, r.Input), toolKind(r.Tool)
	if kind == universal.ToolEdit {
		// More than an edit, or nobody knows of what: a mode that lets the agent
		// change files doesn't mean it.
		switch paths := editedPaths(r.Input); {
		case len(paths) == 0:
			kind = universal.ToolOther
		case slices.ContainsFunc(paths, func(path string) bool { return diff.Leaves(c.cwd, path) }):
			title, kind = oneline.Text(diff.Outside+title), universal.ToolOther
		}
	}
	return &universal.PermissionData{
		PermissionID: c.requestID(r.ToolUseID),
		Action:       r.Tool,
		Status:       universal.PermissionRequested,
		Metadata:     permissionMetadata{ToolName: r.Tool, Input: r.Input},
		Title:        title,
		ItemID:       item,
		ToolKind:     kind,
		Options: []universal.PermissionOption{
			{ID: optionAllow, Kind: universal.AllowOnce, Name: "Allow"},
			{ID: optionAlways, Kind: universal.AllowAlways, Name: "Always allow in this session: " + rule, Rules: []string{rule}},
			{ID: optionReject, Kind: universal.RejectOnce, Name: "Reject"},
		},
	}
}

// editedPaths are the files that an edit names.
func editedPaths(input json.RawMessage) []string {
	in := decodeInput(input)
	paths := diff.Named(in.PatchText)
	if in.Path != "" {
		paths = append(paths, in.Path)
	}
	return paths
}

// maxRule is how long the content of a rule may be, in bytes, before its digest
// stands for it.
const maxRule = 1000

// exactRule says what "always" allows: the same tool with the same command,
// path or input only.
func exactRule(tool string, input json.RawMessage) string {
	in := decodeInput(input)
	content := string(input)
	switch command, _ := in.shell(); {
	case toolKind(tool) == universal.ToolExecute && command != "":
		content = command
	case toolKind(tool) == universal.ToolEdit && in.Path != "":
		content = in.Path
	case toolKind(tool) == universal.ToolFetch && in.URL != "":
		content = in.URL
	}
	switch {
	case len(content) > maxRule:
		content = fmt.Sprintf("exactly this input, sha256 %x", sha256.Sum256([]byte(content)))
	case strings.Contains(content, "*"):
		content = fmt.Sprintf("exactly %q", content) // it must not read as a pattern, nor equal one
	}
	return tool + "(" + content + ")"
}

// refusal is the text that the model gets when nobody gave one.
const refusal = "The user refused this action."

// permissionAnswer is what the CLI gets for a person's reply.
func permissionAnswer(reply drivers.PermissionReply) (answer, error) {
	switch reply.Decision {
	case drivers.Once, drivers.Always:
		return answer{Action: actionAllow}, nil
	case drivers.Reject:
		text := reply.Message
		if strings.TrimSpace(text) == "" {
			text = refusal
		}
		return answer{Action: actionReject, Text: text}, nil
	}
	return answer{}, universal.InvalidRequest("reply is %q, want once, always or reject", reply.Decision)
}
