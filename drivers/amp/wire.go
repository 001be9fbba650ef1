package amp

import (
	"bytes"
	"encoding/json"
)

// The lines that the CLI prints, as far as they are read. Decoding ignores what
// is not listed here.

// head is what every line has.
type head struct {
	Type    string `json:"type"`
	Subtype string `json:"subtype"`
}

// initLine opens the output of a process. Native builds print it only when the
// model has been asked.
type initLine struct {
	Cwd       string      `json:"cwd"`
	SessionID string      `json:"session_id"`
	Tools     []string    `json:"tools"`
	Servers   []mcpStatus `json:"mcp_servers"`
	AgentMode string      `json:"agent_mode"` // since May 2026
}

type mcpStatus struct {
	Name   string `json:"name"`
	Status string `json:"status"`
}

// messageLine is a message of the model, or one to it: the person's, or the
// results of tools.
type messageLine struct {
	Message   message `json:"message"`
	Parent    string  `json:"parent_tool_use_id"`
	SessionID string  `json:"session_id"`
}

type message struct {
	Content    json.RawMessage `json:"content"`
	StopReason *string         `json:"stop_reason"`
	Usage      *tokenUsage     `json:"usage"`
}

// contentBlock is one of a message's content.
type contentBlock struct {
	Type string `json:"type"`
	// text, thinking
	Text     string `json:"text"`
	Thinking string `json:"thinking"`
	// tool_use
	ID    string          `json:"id"`
	Name  string          `json:"name"`
	Input json.RawMessage `json:"input"`
	// tool_result
	ToolUseID string          `json:"tool_use_id"`
	Content   json.RawMessage `json:"content"`
	IsError   bool            `json:"is_error"`
}

// resultLine is the last line of a turn.
type resultLine struct {
	Subtype   string `json:"subtype"`
	IsError   bool   `json:"is_error"`
	Error     string `json:"error"`
	SessionID string `json:"session_id"`
}

// channelLine is what something inside the CLI asks on the side channel, or
// that it asks no more.
type channelLine struct {
	Type    string  `json:"type"`
	ID      int     `json:"id"`
	Request request `json:"request"`
}

// request is a question to the bridge.
type request struct {
	// Kind is one of those below.
	Kind string `json:"kind"`
	// Tool, Input and ToolUseID are those of the call that wants to run. Who
	// asks for the person's answer has no ToolUseID in the JavaScript builds.
	Tool      string          `json:"tool,omitempty"`
	Input     json.RawMessage `json:"input,omitempty"`
	ToolUseID string          `json:"tool_use_id,omitempty"`
	// Status, Output and Error are those of a result. The output is a text or
	// an object, depending on the tool.
	Status string          `json:"status,omitempty"` // "done", "error" or "cancelled"
	Output json.RawMessage `json:"output,omitempty"`
	Error  string          `json:"error,omitempty"`
}

// Kinds of a request.
const (
	kindTool     = "tool"     // may this call run?
	kindQuestion = "question" // what does the person say?
	kindResult   = "result"   // this call has ended; asked for by answer.Report
	kindAlive    = "alive"    // nothing: it is gone when the plugin is
)

// answer is what is said to a request.
type answer struct {
	Action string `json:"action"`
	// Text is the reason of a refusal, or what the person said.
	Text string `json:"text,omitempty"`
	// Report asks for the result of the call.
	Report bool `json:"report,omitempty"`
}

// Actions of an answer.
const (
	actionAllow  = "allow"
	actionReject = "reject"
	actionAnswer = "answer"
)

// answerLine is how an answer is written to the transport.
type answerLine struct {
	Type   string `json:"type"` // typeAnswer
	ID     int    `json:"id"`
	Answer answer `json:"answer"`
}

// Types of our own lines.
const (
	typeChannel = "channel"
	typeAnswer  = "channel_answer"
	typeEnd     = "channel_end" // the CLI gets no more messages
)

// endLine is the line that ends the messages to the CLI.
const endLine = `{"type":"` + typeEnd + `"}` + "\n"

// encodeLine makes a line, with nothing escaped that needn't be.
func encodeLine(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
