package universal

import "strings"

// ItemKind tells what an item is.
type ItemKind string

const (
	KindMessage    ItemKind = "message"
	KindToolCall   ItemKind = "tool_call"
	KindToolResult ItemKind = "tool_result"
	KindSystem     ItemKind = "system"
	KindStatus     ItemKind = "status"
	KindUnknown    ItemKind = "unknown"
)

// Role tells who an item comes from. In JSON the empty one is null.
type Role string

const (
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
	RoleSystem    Role = "system"
	RoleTool      Role = "tool"
)

// MarshalJSON encodes the empty role as null.
func (r Role) MarshalJSON() ([]byte, error) { return NullString(r).MarshalJSON() }

// UnmarshalJSON decodes null as the empty role.
func (r *Role) UnmarshalJSON(b []byte) error { return (*NullString)(r).UnmarshalJSON(b) }

// ItemStatus is the state of an item.
type ItemStatus string

const (
	StatusInProgress ItemStatus = "in_progress"
	StatusCompleted  ItemStatus = "completed"
	StatusFailed     ItemStatus = "failed"
	StatusCancelled  ItemStatus = "cancelled"
)

// Item is something that was said or done. One item streams one text.
type Item struct {
	ItemID       string     `json:"item_id"`        // unique within the session
	NativeItemID NullString `json:"native_item_id"` // the agent's own id of it
	// ParentID is null for the main agent; for all that a sub-agent does it is
	// the item id of the tool call that started the sub-agent.
	ParentID NullString `json:"parent_id"`
	Kind     ItemKind   `json:"kind"`
	Role     Role       `json:"role"`
	Content  Content    `json:"content"`
	Status   ItemStatus `json:"status"`
}

// Text is the text that an item's deltas add up to: its text parts joined by
// newlines or, where it has none, its reasoning parts.
func (it *Item) Text() string {
	text, found := joinParts(it.Content, func(p Part) (string, bool) {
		t, ok := p.(*TextPart)
		if !ok {
			return "", false
		}
		return t.Text, true
	})
	if found {
		return text
	}
	text, _ = joinParts(it.Content, func(p Part) (string, bool) {
		r, ok := p.(*ReasoningPart)
		if !ok {
			return "", false
		}
		return r.Text, true
	})
	return text
}

func joinParts(content Content, text func(Part) (string, bool)) (joined string, found bool) {
	var texts []string
	for _, p := range content {
		if t, ok := text(p); ok {
			texts = append(texts, t)
		}
	}
	return strings.Join(texts, "\n"), len(texts) > 0
}
