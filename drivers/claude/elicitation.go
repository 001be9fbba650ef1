package claude

import (
	"encoding/json"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/elicitation"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/question"
)

// readElicitation reads what an MCP server wants to know. Versions before
// property_order have no order but the document's.
func (r *request) readElicitation(raw json.RawMessage) error {
	var l struct {
		Server  string             `json:"mcp_server_name"`
		Message string             `json:"message"`
		URL     string             `json:"url"`
		Schema  elicitation.Schema `json:"requested_schema"`
		Order   []string           `json:"property_order"`
	}
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	r.kind, r.form = askElicitation, elicitation.Request(l)
	r.question = question.Data(r.id, "", r.form.Questions())
	return nil
}
