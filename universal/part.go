package universal

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Part is a piece of an item's content: a pointer to one of the *Part types
// of this package, told apart in JSON by the member "type".
type Part interface{ partType() string }

// Content is what an item is made of. It may be empty and is never null.
type Content []Part

// partTypes is the one list of the union.
var partTypes = []func() Part{
	func() Part { return new(TextPart) },
	func() Part { return new(JSONPart) },
	func() Part { return new(ToolCallPart) },
	func() Part { return new(ToolResultPart) },
	func() Part { return new(CommandPart) },
	func() Part { return new(FileRefPart) },
	func() Part { return new(ReasoningPart) },
	func() Part { return new(ImagePart) },
	func() Part { return new(StatusPart) },
}

// PartTypes returns an empty value of every part of this version of the
// schema, with its name, in the order of its documentation.
func PartTypes() map[string]Part {
	parts := make(map[string]Part, len(partTypes))
	for _, empty := range partTypes {
		p := empty()
		parts[p.partType()] = p
	}
	return parts
}

// TextPart is plain text or Markdown.
type TextPart struct {
	Text string `json:"text"`
}

// JSONPart is a structured value that has no part of its own.
type JSONPart struct {
	JSON json.RawMessage `json:"json"`
}

// ToolKind says what sort of thing a tool does.
type ToolKind string

const (
	ToolRead     ToolKind = "read"
	ToolEdit     ToolKind = "edit"
	ToolDelete   ToolKind = "delete"
	ToolMove     ToolKind = "move"
	ToolSearch   ToolKind = "search"
	ToolExecute  ToolKind = "execute"
	ToolThink    ToolKind = "think"
	ToolFetch    ToolKind = "fetch"
	ToolMCP      ToolKind = "mcp"
	ToolSubagent ToolKind = "subagent"
	ToolQuestion ToolKind = "question"
	ToolOther    ToolKind = "other"
)

// ToolCallPart is a call of a tool.
type ToolCallPart struct {
	Name string `json:"name"`
	// Arguments is text, normally JSON.
	Arguments string   `json:"arguments"`
	CallID    string   `json:"call_id"`
	ToolKind  ToolKind `json:"tool_kind,omitempty"`
	// Title is one line for a person, such as the command or the path.
	Title string `json:"title,omitempty"`
}

// ToolResultPart is what a call gave: the text that the model got.
type ToolResultPart struct {
	CallID  string `json:"call_id"`
	Output  string `json:"output"`
	IsError bool   `json:"is_error"`
}

// CommandPart is an executed shell command, on its result item.
type CommandPart struct {
	Command string `json:"command"`
	Cwd     string `json:"cwd,omitempty"`
	// ExitCode is absent when the command has not ended or nobody said how.
	ExitCode *int   `json:"exit_code,omitempty"`
	Output   string `json:"output"`
	// DurationMS is in milliseconds.
	DurationMS *int64 `json:"duration_ms,omitempty"`
}

// FileAction is what was done to a file.
type FileAction string

const (
	FileRead   FileAction = "read"
	FileWrite  FileAction = "write"
	FilePatch  FileAction = "patch"
	FileDelete FileAction = "delete"
	FileRename FileAction = "rename"
)

// FileRefPart is a file that was read or changed.
type FileRefPart struct {
	Path   string     `json:"path"`
	Action FileAction `json:"action"`
	// From is the former path of a renamed file.
	From string `json:"from,omitempty"`
	// Diff is unified text, null where the agent does not tell enough.
	Diff NullString `json:"diff"`
}

// Visibility tells whether reasoning is meant to be shown.
type Visibility string

const (
	VisibilityPublic  Visibility = "public"
	VisibilityPrivate Visibility = "private"
)

// ReasoningPart is what the model thought.
type ReasoningPart struct {
	Text       string     `json:"text"`
	Visibility Visibility `json:"visibility"`
}

// ImagePart is a picture: a file, or base64 in Data and then Path is null.
type ImagePart struct {
	Path NullString `json:"path"`
	Mime NullString `json:"mime"`
	Data string     `json:"data,omitempty"`
}

// StatusPart is a short notice of what is going on.
type StatusPart struct {
	Label  string     `json:"label"`
	Detail NullString `json:"detail"`
}

// OpaquePart keeps a part whose type this version does not know.
type OpaquePart json.RawMessage

func (*TextPart) partType() string       { return "text" }
func (*JSONPart) partType() string       { return "json" }
func (*ToolCallPart) partType() string   { return "tool_call" }
func (*ToolResultPart) partType() string { return "tool_result" }
func (*CommandPart) partType() string    { return "command" }
func (*FileRefPart) partType() string    { return "file_ref" }
func (*ReasoningPart) partType() string  { return "reasoning" }
func (*ImagePart) partType() string      { return "image" }
func (*StatusPart) partType() string     { return "status" }
func (*OpaquePart) partType() string     { return "" }

// MarshalJSON returns the bytes as they came.
func (p *OpaquePart) MarshalJSON() ([]byte, error) { return *p, nil }

// MarshalJSON writes every part with its "type" as the first member.
func (c Content) MarshalJSON() ([]byte, error) { return appendContent(nil, c) }

func appendContent(out []byte, c Content) ([]byte, error) {
	out = append(out, '[')
	for i, p := range c {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = appendPart(out, p); err != nil {
			return out, err
		}
	}
	return append(out, ']'), nil
}

func appendPart(out []byte, p Part) ([]byte, error) {
	switch p := p.(type) {
	case nil:
		return out, fmt.Errorf("encode content: nil part")
	case *OpaquePart:
		var compact bytes.Buffer // on one line, and checked
		if err := json.Compact(&compact, *p); err != nil {
			return out, fmt.Errorf("encode content: %w", err)
		}
		return AppendRaw(out, compact.Bytes()), nil
	case *TextPart:
		out = append(out, `{"type":"text","text":`...)
		return append(AppendString(out, p.Text), '}'), nil
	}
	fields, err := marshal(p)
	if err != nil {
		return out, fmt.Errorf("encode %s part: %w", p.partType(), err)
	}
	out = append(out, `{"type":"`...)
	out = append(out, p.partType()...)
	out = append(out, `",`...)
	return AppendRaw(out, fields[1:]), nil // every part has at least one member
}

// UnmarshalJSON chooses each part's Go type by its "type".
func (c *Content) UnmarshalJSON(b []byte) error {
	var raws []json.RawMessage
	if err := json.Unmarshal(b, &raws); err != nil {
		return err
	}
	*c = make(Content, len(raws))
	for i, raw := range raws {
		p, err := decodePart(raw)
		if err != nil {
			return err
		}
		(*c)[i] = p
	}
	return nil
}

func decodePart(raw []byte) (Part, error) {
	var tag struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(raw, &tag); err != nil {
		return nil, fmt.Errorf("decode content part: %w", err)
	}
	for _, empty := range partTypes {
		p := empty()
		if p.partType() != tag.Type {
			continue
		}
		if err := json.Unmarshal(raw, p); err != nil {
			return nil, fmt.Errorf("decode %s part: %w", tag.Type, err)
		}
		return p, nil
	}
	opaque := OpaquePart(raw)
	return &opaque, nil
}
