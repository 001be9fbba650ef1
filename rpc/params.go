package rpc

import (
	"encoding/json"
	"io"
	"strconv"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/rpc/eventlog"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
)

// Empty is the params or the result of a method that has none: {}.
type Empty struct{}

// InitializeParams introduce a client.
type InitializeParams struct {
	ProtocolVersion string          `json:"protocolVersion,omitempty"`
	ClientInfo      *ProgramInfo    `json:"clientInfo,omitempty"`
	Capabilities    json.RawMessage `json:"capabilities,omitempty"`
}

// ProgramInfo names a program.
type ProgramInfo struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

// Limits are what the server holds its clients to.
type Limits struct {
	// MaxMessageBytes is the size of the largest message it reads.
	MaxMessageBytes int `json:"maxMessageBytes"`
}

// InitializeResult introduces the server.
type InitializeResult struct {
	ProtocolVersion string      `json:"protocolVersion"`
	ServerInfo      ProgramInfo `json:"serverInfo"`
	Methods         []string    `json:"methods"`
	Limits          Limits      `json:"limits"`
	Agents          []string    `json:"agents"`
}

// HealthResult says that the server is there.
type HealthResult struct {
	Status string `json:"status"`
}

// ListParams choose sessions.
type ListParams struct {
	Status session.Status `json:"status,omitempty"`
	Limit  int            `json:"limit,omitempty"`
	Cursor string         `json:"cursor,omitempty"`
}

// CreateResult tells that a session is ready.
type CreateResult struct {
	Healthy         bool   `json:"healthy"`
	SessionID       string `json:"sessionId"`
	NativeSessionID string `json:"nativeSessionId,omitempty"`
}

// SessionParams name a session.
type SessionParams struct {
	SessionID string `json:"sessionId"`
}

// UpdateParams change a session's settings.
type UpdateParams struct {
	SessionID string `json:"sessionId"`
	session.UpdateOptions
}

// SendParams are a message for an agent.
type SendParams struct {
	SessionID string `json:"sessionId"`
	session.MessageOptions
}

// SendStreamParams are a message whose turn is to be followed.
type SendStreamParams struct {
	SendParams
	// Until is "input" (the default): the stream also ends when a permission
	// or question stays open; or "turn": only with the turn.
	Until      session.Until `json:"until,omitempty"`
	IncludeRaw bool          `json:"includeRaw,omitempty"`
}

// SendStreamResult tells that a message was accepted and which notifications
// belong to it.
type SendStreamResult struct {
	session.SendResult
	SubscriptionID string `json:"subscriptionId,omitempty"`
}

// InterruptParams say which turn to end.
type InterruptParams struct {
	SessionID string `json:"sessionId"`
	session.InterruptOptions
}

// EventsParams choose events.
type EventsParams struct {
	SessionID string `json:"sessionId"`
	// Offset is the last sequence number seen; the events after it are given.
	Offset uint64 `json:"offset,omitempty"`
	// Limit is how many at the most; none means as many as fit one answer.
	Limit      *int `json:"limit,omitempty"`
	IncludeRaw bool `json:"includeRaw,omitempty"`
}

// EventsResult is a run of events.
type EventsResult struct {
	Events EncodedEvents `json:"events"`
	// HasMore tells that there are events after the last of these.
	HasMore bool `json:"hasMore"`
}

const (
	eventsHead = `{"events":`
	eventsTail = `,"hasMore":`
)

// Size is how many bytes WriteTo writes.
func (r EventsResult) Size() int {
	return len(eventsHead) + r.Events.size() + len(eventsTail) + len(strconv.FormatBool(r.HasMore)) + len("}")
}

// WriteTo writes the result as JSON, as encoding/json would, but without
// looking at every byte of it again. It writes many small pieces.
func (r EventsResult) WriteTo(w io.Writer) (written int64, err error) {
	write := func(piece []byte) {
		if err == nil {
			var n int
			n, err = w.Write(piece)
			written += int64(n)
		}
	}
	write([]byte(eventsHead))
	r.Events.pieces(write)
	write([]byte(eventsTail + strconv.FormatBool(r.HasMore) + "}"))
	return written, err
}

// EncodedEvents are events as the log keeps them.
type EncodedEvents struct {
	records []eventlog.Record
	raw     bool
}

// MarshalJSON puts the events together without encoding them again.
func (e EncodedEvents) MarshalJSON() ([]byte, error) {
	out := make([]byte, 0, e.size())
	e.pieces(func(piece []byte) { out = append(out, piece...) })
	return out, nil
}

// size is the length of all pieces.
func (e EncodedEvents) size() int {
	size := len("[]") + max(0, len(e.records)-1)
	for _, r := range e.records {
		size += len(r.Head) + len(rawOrNull(r.Raw, e.raw)) + len("}")
	}
	return size
}

// pieces hands on the JSON list piece by piece.
func (e EncodedEvents) pieces(write func([]byte)) {
	write([]byte("["))
	for i, r := range e.records {
		if i > 0 {
			write([]byte(","))
		}
		write(r.Head)
		write(rawOrNull(r.Raw, e.raw))
		write([]byte("}"))
	}
	write([]byte("]"))
}

var null = []byte("null")

func rawOrNull(raw []byte, include bool) []byte {
	if !include || raw == nil {
		return null
	}
	return raw
}

// SubscribeParams choose what to be told.
type SubscribeParams struct {
	// SessionID is the session whose events are wanted; without it, changes
	// of all sessions are told.
	SessionID  string `json:"sessionId,omitempty"`
	Offset     uint64 `json:"offset,omitempty"`
	IncludeRaw bool   `json:"includeRaw,omitempty"`
}

// SubscribeResult tells which notifications belong to a subscription.
type SubscribeResult struct {
	SubscriptionID string `json:"subscriptionId,omitempty"`
}

// UnsubscribeParams name a subscription.
type UnsubscribeParams struct {
	SubscriptionID string `json:"subscriptionId"`
}

// QuestionReplyParams answer a question: one list of choices or free texts
// for each of its questions.
type QuestionReplyParams struct {
	SessionID  string     `json:"sessionId"`
	QuestionID string     `json:"questionId"`
	Answers    [][]string `json:"answers"`
}

// QuestionRejectParams refuse a question.
type QuestionRejectParams struct {
	SessionID  string `json:"sessionId"`
	QuestionID string `json:"questionId"`
	// Message is a text for the agent.
	Message string `json:"message,omitempty"`
}

// PermissionReplyParams answer a permission request.
type PermissionReplyParams struct {
	SessionID    string           `json:"sessionId"`
	PermissionID string           `json:"permissionId"`
	Reply        drivers.Decision `json:"reply"`
	// Message is a text for the agent with a refusal.
	Message string `json:"message,omitempty"`
}
