package universal

import (
	"encoding/json"
	"time"
)

// EventType names what an event tells and thereby what its data holds.
type EventType string

// The event types. Started/completed and requested/resolved pairs share one
// type of Data.
const (
	TypeSessionStarted      EventType = "session.started"
	TypeSessionUpdated      EventType = "session.updated"
	TypeSessionEnded        EventType = "session.ended"
	TypeTurnStarted         EventType = "turn.started"
	TypeTurnEnded           EventType = "turn.ended"
	TypeItemStarted         EventType = "item.started"
	TypeItemDelta           EventType = "item.delta"
	TypeItemCompleted       EventType = "item.completed"
	TypePermissionRequested EventType = "permission.requested"
	TypePermissionResolved  EventType = "permission.resolved"
	TypeQuestionRequested   EventType = "question.requested"
	TypeQuestionResolved    EventType = "question.resolved"
	TypeUsageUpdated        EventType = "usage.updated"
	TypePlanUpdated         EventType = "plan.updated"
	TypeDiffUpdated         EventType = "diff.updated"
	TypeQuotaUpdated        EventType = "quota.updated"
	TypeError               EventType = "error"
	TypeUnparsed            EventType = "agent.unparsed"
)

// Source tells who an event comes from.
type Source string

const (
	SourceAgent  Source = "agent"  // the agent said so
	SourceDaemon Source = "daemon" // the bridge made it; such an event is synthetic
)

// Event is one entry of a session's stream.
type Event struct {
	// EventID is "evt_<sequence>": unique only within its session.
	EventID string `json:"event_id"`
	// Sequence starts at 1 and grows by exactly 1.
	Sequence uint64 `json:"sequence"`
	// Time is when the event was recorded, UTC. It never goes back.
	Time time.Time `json:"time"`
	// SessionID is the id the client chose or was given at creation.
	SessionID string `json:"session_id"`
	// NativeSessionID is the agent's own id of the conversation, null until known.
	NativeSessionID NullString `json:"native_session_id"`
	// TurnID is null for what happens outside a turn.
	TurnID NullString `json:"turn_id"`
	// Synthetic marks an event that the bridge made; Source is then "daemon".
	Synthetic bool      `json:"synthetic"`
	Source    Source    `json:"source"`
	Type      EventType `json:"type"`
	Data      Data      `json:"data"`
	// Raw is the agent's own message, one line of JSON; null unless asked for.
	Raw json.RawMessage `json:"raw"`
}

// Data is what an event tells: a pointer to one of the *Data types of this
// package, chosen by the event's type.
type Data interface{ isData() }

// dataTypes is the one list of the union: decoding, the checker and the
// schema export read it.
var dataTypes = []struct {
	Type EventType
	New  func() Data
}{
	{TypeSessionStarted, func() Data { return new(SessionStartedData) }},
	{TypeSessionUpdated, func() Data { return new(SessionUpdatedData) }},
	{TypeSessionEnded, func() Data { return new(SessionEndedData) }},
	{TypeTurnStarted, func() Data { return new(TurnStartedData) }},
	{TypeTurnEnded, func() Data { return new(TurnEndedData) }},
	{TypeItemStarted, func() Data { return new(ItemData) }},
	{TypeItemDelta, func() Data { return new(ItemDeltaData) }},
	{TypeItemCompleted, func() Data { return new(ItemData) }},
	{TypePermissionRequested, func() Data { return new(PermissionData) }},
	{TypePermissionResolved, func() Data { return new(PermissionData) }},
	{TypeQuestionRequested, func() Data { return new(QuestionData) }},
	{TypeQuestionResolved, func() Data { return new(QuestionData) }},
	{TypeUsageUpdated, func() Data { return new(UsageData) }},
	{TypePlanUpdated, func() Data { return new(PlanData) }},
	{TypeDiffUpdated, func() Data { return new(DiffData) }},
	{TypeQuotaUpdated, func() Data { return new(QuotaData) }},
	{TypeError, func() Data { return new(ErrorData) }},
	{TypeUnparsed, func() Data { return new(UnparsedData) }},
}

// EventTypes lists every event type of this version of the schema, in the
// order of its documentation.
func EventTypes() []EventType {
	types := make([]EventType, len(dataTypes))
	for i, v := range dataTypes {
		types[i] = v.Type
	}
	return types
}

// NewData returns an empty Data for an event type, an *OpaqueData for one
// that is not known.
func NewData(t EventType) Data {
	for _, v := range dataTypes {
		if v.Type == t {
			return v.New()
		}
	}
	return new(OpaqueData)
}
