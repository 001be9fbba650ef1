package codex

import (
	"encoding/json"
	"fmt"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/elicitation"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/question"
)

// readElicitation reads what a tool server wants to know, or Codex's question
// whether one of its tools may be used, which comes the same way.
func (c *converter) readElicitation(r *request, params []byte) error {
	var l struct {
		TurnID  string          `json:"turnId"`
		Server  string          `json:"serverName"`
		Mode    string          `json:"mode"` // "form", "url" and the vendor's own
		Message string          `json:"message"`
		URL     string          `json:"url"`
		Schema  json.RawMessage `json:"requestedSchema"`
		Meta    *toolApproval   `json:"_meta"`
	}
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	r.turn = l.TurnID
	if l.Meta != nil && l.Meta.Kind == "mcp_tool_call" {
		c.readToolApproval(r, l.Server, l.Meta)
		return nil
	}
	r.kind = askElicitation
	r.form = elicitation.Request{Server: l.Server, Message: l.Message, URL: l.URL}
	switch l.Mode {
	case "form":
		if err := json.Unmarshal(l.Schema, &r.form.Schema); err != nil {
			return err
		}
	case "url":
	default:
		return fmt.Errorf("unknown mode of elicitation %q", l.Mode)
	}
	r.question = question.Data(r.id, "", r.form.Questions())
	return nil
}
