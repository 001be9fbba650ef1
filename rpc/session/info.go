package session

import (
	"encoding/json"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Info is a session as clients see it.
type Info struct {
	SessionID       string                       `json:"sessionId"`
	Agent           string                       `json:"agent"`
	AgentMode       string                       `json:"agentMode"`
	PermissionMode  string                       `json:"permissionMode"`
	Model           universal.NullString         `json:"model"`
	Variant         universal.NullString         `json:"variant"`
	NativeSessionID universal.NullString         `json:"nativeSessionId"`
	Ended           bool                         `json:"ended"`
	EventCount      uint64                       `json:"eventCount"`
	CreatedAt       int64                        `json:"createdAt"` // in Unix milliseconds
	UpdatedAt       int64                        `json:"updatedAt"` // of the last event, in Unix milliseconds
	Directory       universal.NullString         `json:"directory"`
	Title           universal.NullString         `json:"title"`
	MCP             map[string]drivers.MCPServer `json:"mcp,omitempty"` // secrets masked
	Skills          *Skills                      `json:"skills,omitempty"`

	Status Status `json:"status"`
	// TurnID is the running turn.
	TurnID universal.NullString `json:"turnId"`
	// QueuedTurns counts messages that wait for their turn.
	QueuedTurns int `json:"queuedTurns"`
	// Usage is the sum over the session's turns; the context figures are
	// those of the last.
	Usage                  universal.Usage `json:"usage"`
	PendingPermissionCount int             `json:"pendingPermissionCount"`
	PendingQuestionCount   int             `json:"pendingQuestionCount"`
	BackgroundTasks        int             `json:"backgroundTasks"`
	// DroppedEvents counts what the agent said about things that were closed.
	DroppedEvents int `json:"droppedEvents"`

	// PendingPermissions and PendingQuestions are there, in full, only where one
	// session was asked for.
	PendingPermissions []universal.PermissionData `json:"pendingPermissions,omitzero"`
	PendingQuestions   []universal.QuestionData   `json:"pendingQuestions,omitzero"`
}

// Status is the state of a session.
type Status string

const (
	Starting Status = "starting"
	Idle     Status = "idle"
	Running  Status = "running"
	Waiting  Status = "waiting" // for a permission or an answer
	Ended    Status = "ended"
)

// Info describes the session; with requests, what waits for a person is there
// in full.
func (s *Session) Info(requests bool) Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	info := Info{
		SessionID:       s.id,
		Agent:           s.info.ID,
		AgentMode:       s.cfg.AgentMode,
		PermissionMode:  string(s.cfg.PermissionMode),
		Model:           universal.NullString(s.cfg.Model),
		Variant:         universal.NullString(s.cfg.Variant),
		NativeSessionID: universal.NullString(s.cfg.Resume),
		Ended:           s.state == Ended,
		EventCount:      s.events,
		CreatedAt:       s.created.UnixMilli(),
		UpdatedAt:       s.updated.UnixMilli(),
		Directory:       universal.NullString(s.cfg.Directory),
		Title:           universal.NullString(s.cfg.Title),
		Skills:          s.options.Skills,
		Status:          s.status(),
		QueuedTurns:     len(s.queue),
		Usage:           s.usage.total(),
		BackgroundTasks: s.background,
		DroppedEvents:   s.ledger.Dropped,
	}
	if s.running != nil {
		info.TurnID = universal.NullString(s.running.id)
	}
	if s.options.MCP != nil {
		info.MCP = make(map[string]drivers.MCPServer, len(s.options.MCP))
		for name, server := range s.options.MCP {
			info.MCP[name] = server.Masked()
		}
	}
	permissions, questions := s.ledger.OpenRequests()
	info.PendingPermissionCount, info.PendingQuestionCount = len(permissions), len(questions)
	if requests {
		info.PendingPermissions, info.PendingQuestions = permissions, questions
	}
	return info
}

func (s *Session) status() Status {
	switch {
	case s.state != Idle:
		return s.state
	case len(s.ledger.requests) > 0:
		return Waiting
	case s.running != nil || len(s.queue) > 0:
		return Running
	}
	return Idle
}

// metadata is what session.started tells.
func (s *Session) metadata() json.RawMessage {
	b, err := json.Marshal(struct {
		Agent          string                 `json:"agent"`
		AgentMode      string                 `json:"agentMode"`
		PermissionMode drivers.PermissionMode `json:"permissionMode"`
		Model          universal.NullString   `json:"model"`
		Variant        universal.NullString   `json:"variant"`
	}{s.info.ID, s.cfg.AgentMode, s.cfg.PermissionMode, universal.NullString(s.cfg.Model), universal.NullString(s.cfg.Variant)})
	if err != nil {
		return nil // strings only: cannot fail
	}
	return b
}
