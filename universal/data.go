package universal

import (
	"encoding/json"
	"time"
)

// OpaqueData keeps the data of an event whose type this version does not know.
type OpaqueData json.RawMessage

// MarshalJSON returns the bytes as they came.
func (d *OpaqueData) MarshalJSON() ([]byte, error) {
	if len(*d) == 0 {
		return []byte("{}"), nil
	}
	return *d, nil
}

// UnmarshalJSON keeps the bytes.
func (d *OpaqueData) UnmarshalJSON(b []byte) error {
	*d = append((*d)[:0], b...)
	return nil
}

// SessionStartedData opens every stream.
type SessionStartedData struct {
	// Metadata is {agent, agentMode, permissionMode, model, variant} for a
	// session of this bridge; the last two are null when unset.
	Metadata any `json:"metadata"`
}

// Command is a slash command that the agent offers.
type Command struct {
	Name        string `json:"name"` // without the slash
	Description string `json:"description"`
}

// SessionUpdatedData holds those settings of a session that changed.
type SessionUpdatedData struct {
	Title           string    `json:"title,omitempty"`
	Model           string    `json:"model,omitempty"`
	Variant         string    `json:"variant,omitempty"`
	AgentMode       string    `json:"agent_mode,omitempty"`
	PermissionMode  string    `json:"permission_mode,omitempty"`
	NativeSessionID string    `json:"native_session_id,omitempty"`
	Commands        []Command `json:"commands,omitempty"`
}

// IsZero tells whether nothing changed.
func (d *SessionUpdatedData) IsZero() bool {
	return d.Title == "" && d.Model == "" && d.Variant == "" && d.AgentMode == "" &&
		d.PermissionMode == "" && d.NativeSessionID == "" && len(d.Commands) == 0
}

// EndReason tells why a session ended.
type EndReason string

const (
	EndCompleted  EndReason = "completed"
	EndError      EndReason = "error"
	EndTerminated EndReason = "terminated"
)

// Stderr is what is kept of a process's standard error: up to 70 lines all in
// Head; of more, the first 20 in Head and the last 50 in Tail.
type Stderr struct {
	Head       string `json:"head,omitempty"`
	Tail       string `json:"tail,omitempty"`
	Truncated  bool   `json:"truncated"`
	TotalLines int    `json:"total_lines,omitempty"`
}

// SessionEndedData closes a stream: nothing comes after it.
type SessionEndedData struct {
	Reason       EndReason `json:"reason"`
	TerminatedBy Source    `json:"terminated_by"`
	// Message, ExitCode and Stderr are set only with reason error.
	Message  string  `json:"message,omitempty"`
	ExitCode *int    `json:"exit_code,omitempty"`
	Stderr   *Stderr `json:"stderr,omitempty"`
}

// TurnPhase is "started" or "ended".
type TurnPhase string

const (
	PhaseStarted TurnPhase = "started"
	PhaseEnded   TurnPhase = "ended"
)

// TurnOrigin tells who began a turn.
type TurnOrigin string

const (
	OriginUser  TurnOrigin = "user"  // a message of a client
	OriginAgent TurnOrigin = "agent" // the agent by itself: a background task came back
)

// TurnStartedData opens a turn.
type TurnStartedData struct {
	Phase  TurnPhase  `json:"phase"`
	TurnID string     `json:"turn_id,omitempty"`
	Origin TurnOrigin `json:"origin"`
	// ClientMessageID is the idempotency key that the client sent along.
	ClientMessageID string          `json:"client_message_id,omitempty"`
	Metadata        json.RawMessage `json:"metadata,omitempty"`
}

// StopReason tells why a turn ended.
type StopReason string

const (
	StopEndTurn     StopReason = "end_turn"
	StopInterrupted StopReason = "interrupted"
	StopCancelled   StopReason = "cancelled" // never ran
	StopError       StopReason = "error"
	StopMaxTokens   StopReason = "max_tokens"
	StopMaxTurns    StopReason = "max_turns"
	StopRefusal     StopReason = "refusal"
)

// TurnEndedData closes a turn. All that the turn opened is closed before it.
type TurnEndedData struct {
	Phase      TurnPhase       `json:"phase"`
	TurnID     string          `json:"turn_id,omitempty"`
	StopReason StopReason      `json:"stop_reason"`
	Usage      *Usage          `json:"usage,omitempty"` // of this turn
	Metadata   json.RawMessage `json:"metadata,omitempty"`
}

// Usage counts the tokens of the turn so far. One meaning for every agent:
// input includes cache reads and writes, output includes reasoning, total is
// input plus output, sub-agents are included. A figure that the agent does
// not give is absent.
type Usage struct {
	InputTokens       *int64 `json:"input_tokens,omitempty"`        // with those of the cache
	CachedInputTokens *int64 `json:"cached_input_tokens,omitempty"` // read from the cache
	CacheWriteTokens  *int64 `json:"cache_write_tokens,omitempty"`  // written to the cache
	OutputTokens      *int64 `json:"output_tokens,omitempty"`       // with those of reasoning
	ReasoningTokens   *int64 `json:"reasoning_tokens,omitempty"`
	TotalTokens       *int64 `json:"total_tokens,omitempty"` // input and output
	// CostUSD is what the agent says the turn cost, in US dollars.
	CostUSD *float64 `json:"cost_usd,omitempty"`
	// ContextWindow is the model's limit, ContextUsed what of it is taken.
	ContextWindow *int64 `json:"context_window,omitempty"`
	ContextUsed   *int64 `json:"context_used,omitempty"`
}

// UsageData is the usage of the running turn, or outside one of the session's
// last turn.
type UsageData struct {
	Usage
}

// PlanStatus is the state of one entry of a plan.
type PlanStatus string

const (
	PlanPending    PlanStatus = "pending"
	PlanInProgress PlanStatus = "in_progress"
	PlanCompleted  PlanStatus = "completed"
	PlanCancelled  PlanStatus = "cancelled"
)

// PlanEntry is one task of the agent's list.
type PlanEntry struct {
	Content  string     `json:"content"`
	Status   PlanStatus `json:"status"`
	Priority string     `json:"priority,omitempty"`
}

// PlanData is the agent's whole task list.
type PlanData struct {
	Entries []PlanEntry `json:"entries"`
}

// DiffScope tells what a diff covers.
type DiffScope string

const (
	DiffTurn    DiffScope = "turn"
	DiffSession DiffScope = "session"
)

// DiffFile summarises the change of one file.
type DiffFile struct {
	Path      string     `json:"path"`
	Action    FileAction `json:"action"`
	Additions int        `json:"additions"`
	Deletions int        `json:"deletions"`
}

// DiffData is everything that the agent's own editing has changed in its scope so
// far, as unified text in git's form with names relative to the session's
// directory. A file of which the agent doesn't tell enough, or that is too long,
// is in Files only, without counts. What commands change is there only where the
// agent tells that, and a session's begins anew when its agent is started again.
type DiffData struct {
	Scope DiffScope  `json:"scope"`
	Diff  string     `json:"diff"`
	Files []DiffFile `json:"files"`
}

// QuotaKind tells which limit a quota event speaks of.
type QuotaKind string

const (
	QuotaRateLimit  QuotaKind = "rate_limit"
	QuotaUsageLimit QuotaKind = "usage_limit"
	QuotaBilling    QuotaKind = "billing"
)

// QuotaData is what the agent tells of the account's limits.
type QuotaData struct {
	Kind     QuotaKind  `json:"kind"`
	Status   string     `json:"status"` // in the agent's own words
	ResetsAt *time.Time `json:"resets_at,omitempty"`
	Detail   string     `json:"detail,omitempty"`
}

// ItemData carries a whole item, when it starts and when it is complete.
type ItemData struct {
	Item Item `json:"item"`
	// Rewritten says that the streamed deltas, put together, are not the
	// final text: the agent changed or took back what it had streamed.
	Rewritten bool `json:"rewritten,omitempty"`
}

// ItemDeltaData is the next piece of an item's text.
type ItemDeltaData struct {
	ItemID       string     `json:"item_id"`
	NativeItemID NullString `json:"native_item_id"` // the agent's own id of the item
	Delta        string     `json:"delta"`
}

// PermissionStatus is the state of a permission request.
type PermissionStatus string

const (
	PermissionRequested        PermissionStatus = "requested"
	PermissionAccept           PermissionStatus = "accept"
	PermissionAcceptForSession PermissionStatus = "accept_for_session"
	PermissionReject           PermissionStatus = "reject"
)

// OptionKind tells what choosing a permission option means.
type OptionKind string

const (
	AllowOnce    OptionKind = "allow_once"
	AllowAlways  OptionKind = "allow_always"
	RejectOnce   OptionKind = "reject_once"
	RejectAlways OptionKind = "reject_always"
)

// PermissionOption is one answer that can be given.
type PermissionOption struct {
	ID   string     `json:"id"`
	Kind OptionKind `json:"kind"`
	// Name is what a person reads; for an allow_always it says exactly what
	// would be allowed.
	Name string `json:"name"`
	// Rules are what an allow_always would allow for the rest of the session:
	// a later request is allowed when each of its rules has been granted.
	Rules []string `json:"rules,omitempty"`
}

// PermissionData asks whether the agent may do something, and later tells
// what was answered.
type PermissionData struct {
	PermissionID string `json:"permission_id"`
	// Action is what the agent calls the thing that it wants to do, such as the
	// name of a tool.
	Action string           `json:"action"`
	Status PermissionStatus `json:"status"`
	// Metadata is what the agent said about the request; null if nothing.
	Metadata any `json:"metadata"`
	// Title is one line for a person, such as the command or the path.
	Title string `json:"title,omitempty"`
	// ItemID is the tool call that waits.
	ItemID   string             `json:"item_id,omitempty"`
	ToolKind ToolKind           `json:"tool_kind,omitempty"`
	Options  []PermissionOption `json:"options,omitempty"`
	// Message is the text that the agent was given with a refusal.
	Message string `json:"message,omitempty"`
}

// QuestionStatus is the state of a question.
type QuestionStatus string

const (
	QuestionRequested QuestionStatus = "requested"
	QuestionAnswered  QuestionStatus = "answered"
	QuestionRejected  QuestionStatus = "rejected"
)

// QuestionOption is one answer that is offered.
type QuestionOption struct {
	Label       string `json:"label"`
	Description string `json:"description,omitempty"`
}

// Question is one of the things asked at once.
type Question struct {
	Prompt string `json:"prompt"`
	Header string `json:"header,omitempty"`
	// MultiSelect allows more than one option.
	MultiSelect bool `json:"multi_select"`
	// Custom allows free text instead of an option.
	Custom bool `json:"custom"`
	// Secret answers are masked wherever they are shown again.
	Secret  bool             `json:"secret"`
	Options []QuestionOption `json:"options"`
}

// QuestionData asks the person something, and later tells the answer. Prompt,
// Options and Response show the first question and the first choice;
// Questions and Responses have them all.
type QuestionData struct {
	QuestionID string         `json:"question_id"`
	Prompt     string         `json:"prompt"`
	Options    []string       `json:"options"`
	Response   *string        `json:"response"` // null until it is answered, and when it is refused
	Status     QuestionStatus `json:"status"`
	Questions  []Question     `json:"questions,omitempty"`
	Responses  [][]string     `json:"responses,omitempty"` // for each question its choices or free texts
	// ItemID is the tool call that waits.
	ItemID string `json:"item_id,omitempty"`
	// Message is the text that the agent was given with a refusal.
	Message string `json:"message,omitempty"`
}

// ErrorCategory is the kind of trouble behind an error event.
type ErrorCategory string

const (
	CategoryAuth          ErrorCategory = "auth"
	CategoryRateLimit     ErrorCategory = "rate_limit"
	CategoryUsageLimit    ErrorCategory = "usage_limit"
	CategoryOverloaded    ErrorCategory = "overloaded"
	CategoryContextLength ErrorCategory = "context_length"
	CategoryNetwork       ErrorCategory = "network"
	CategoryAgentCrash    ErrorCategory = "agent_crash"
	CategoryModel         ErrorCategory = "model"
	CategoryInternal      ErrorCategory = "internal"
)

// ErrorData reports trouble; the session goes on unless session.ended follows.
type ErrorData struct {
	Message string `json:"message"` // for a person
	// Code is the agent's or the bridge's own short name of the error.
	Code     NullString    `json:"code"`
	Details  any           `json:"details"` // whatever else is known; null if nothing
	Category ErrorCategory `json:"category"`
	// Retryable says that the same message may work later.
	Retryable bool `json:"retryable"`
	// WillRetry says that the agent is trying again by itself.
	WillRetry bool `json:"will_retry"`
}

// UnparsedData reports a message of the agent that was not understood. The
// message itself is the event's raw payload.
type UnparsedData struct {
	Error    string     `json:"error"`    // what is wrong with it
	Location string     `json:"location"` // the agent that it came from
	RawHash  NullString `json:"raw_hash"` // always null here
}

func (*OpaqueData) isData()         {}
func (*SessionStartedData) isData() {}
func (*SessionUpdatedData) isData() {}
func (*SessionEndedData) isData()   {}
func (*TurnStartedData) isData()    {}
func (*TurnEndedData) isData()      {}
func (*ItemData) isData()           {}
func (*ItemDeltaData) isData()      {}
func (*PermissionData) isData()     {}
func (*QuestionData) isData()       {}
func (*UsageData) isData()          {}
func (*PlanData) isData()           {}
func (*DiffData) isData()           {}
func (*QuotaData) isData()          {}
func (*ErrorData) isData()          {}
func (*UnparsedData) isData()       {}
