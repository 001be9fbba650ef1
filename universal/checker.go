package universal

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Rule names one rule of the stream grammar.
type Rule string

// The rules. A stream that keeps them all can be consumed without guessing:
// everything that opens closes, in order, exactly once.
const (
	// RuleSequence: sequence starts at 1 and grows by exactly 1, event_id is
	// "evt_<sequence>", and the session id stays the same.
	RuleSequence Rule = "sequence"
	// RuleTime: time never goes back.
	RuleTime Rule = "time"
	// RuleEnvelope: synthetic events come from the daemon and no others do;
	// the data is of the event's type.
	RuleEnvelope Rule = "envelope"
	// RuleSessionStarted: session.started is first and only once.
	RuleSessionStarted Rule = "session-started"
	// RuleSessionEnded: nothing comes after session.ended.
	RuleSessionEnded Rule = "session-ended"
	// RuleTurnOverlap: a turn starts when no other runs, and no turn twice.
	RuleTurnOverlap Rule = "turn-overlap"
	// RuleTurnEnd: turn.ended names the running turn and a stop reason, and
	// every turn gets one.
	RuleTurnEnd Rule = "turn-end"
	// RuleTurnID: events carry the id of the turn they belong to; outside a
	// turn there is no user message and nothing of the main agent.
	RuleTurnID Rule = "turn-id"
	// RuleTurnOpen: what a turn opened is closed before its turn.ended.
	RuleTurnOpen Rule = "turn-open"
	// RuleItemStart: an item starts once, in progress.
	RuleItemStart Rule = "item-start"
	// RuleItemOpen: deltas and completion belong to an open item.
	RuleItemOpen Rule = "item-open"
	// RuleItemStatus: a completed item is completed, failed or cancelled, and
	// keeps its kind, role and parent.
	RuleItemStatus Rule = "item-status"
	// RuleItemText: the deltas of a message or a reasoning text equal its
	// final text, unless it says rewritten.
	RuleItemText Rule = "item-text"
	// RuleParent: parent_id names a tool call before it.
	RuleParent Rule = "parent"
	// RuleToolResult: a tool result names the call_id of a tool call before
	// it, and is an item of its own; each call gets exactly one result.
	RuleToolResult Rule = "tool-result"
	// RuleRequest: every request is resolved exactly once.
	RuleRequest Rule = "request"
)

// Violation is one breach of the grammar.
type Violation struct {
	Rule     Rule
	Sequence uint64 // of the event that shows it; the last one for a stream that ends too early
	Message  string
}

// String returns "rule at sequence: message".
func (v Violation) String() string {
	return fmt.Sprintf("%s at %d: %s", v.Rule, v.Sequence, v.Message)
}

// CheckStream checks a whole stream, from its first event to a point where no
// turn runs.
func CheckStream(events []Event) []Violation {
	var c Checker
	var all []Violation
	for i := range events {
		all = append(all, c.Check(&events[i])...)
	}
	return append(all, c.Finish()...)
}

// Checker checks a stream event by event. Its memory grows with the number of
// items, turns and requests of the stream. The zero Checker is ready; it is
// not safe for concurrent use.
type Checker struct {
	last      uint64
	lastTime  time.Time
	sessionID string
	ended     bool
	turn      string // the running turn
	turns     map[string]bool
	items     map[string]*checkedItem
	calls     map[string]*checkedCall // by call_id
	requests  map[string]*checkedRequest
	found     []Violation
	now       uint64
}

type checkedItem struct {
	item Item // without its content
	turn string
	open bool
	text strings.Builder // of its deltas
}

type checkedCall struct {
	itemID   string
	turn     string
	answered bool
}

type checkedRequest struct {
	turn string
	open bool
}

// Check takes the next event and returns what is wrong with it.
func (c *Checker) Check(ev *Event) []Violation {
	if c.items == nil {
		c.turns = map[string]bool{}
		c.items = map[string]*checkedItem{}
		c.calls = map[string]*checkedCall{}
		c.requests = map[string]*checkedRequest{}
	}
	c.found, c.now = nil, ev.Sequence
	c.checkEnvelope(ev)
	switch d := ev.Data.(type) {
	case *SessionStartedData, *SessionUpdatedData, *UsageData, *PlanData, *DiffData, *QuotaData, *ErrorData, *UnparsedData, *OpaqueData:
	case *SessionEndedData:
		c.sessionEnded()
	case *TurnStartedData:
		c.turnStarted(ev, d)
	case *TurnEndedData:
		c.turnEnded(ev, d)
	case *ItemData:
		if ev.Type == TypeItemStarted {
			c.itemStarted(ev, &d.Item)
		} else {
			c.itemCompleted(ev, d)
		}
	case *ItemDeltaData:
		c.itemDelta(d)
	case *PermissionData:
		c.request(ev, "permission "+d.PermissionID, ev.Type == TypePermissionRequested, d.Status == PermissionRequested)
	case *QuestionData:
		c.request(ev, "question "+d.QuestionID, ev.Type == TypeQuestionRequested, d.Status == QuestionRequested)
	}
	return c.found
}

// Finish returns what is wrong with the stream ending here: a turn that runs.
func (c *Checker) Finish() []Violation {
	c.found, c.now = nil, c.last
	if c.turn != "" {
		c.report(RuleTurnEnd, "the stream ends while turn %s runs", c.turn)
	}
	return c.found
}

func (c *Checker) report(rule Rule, format string, args ...any) {
	c.found = append(c.found, Violation{Rule: rule, Sequence: c.now, Message: fmt.Sprintf(format, args...)})
}

func (c *Checker) checkEnvelope(ev *Event) {
	if ev.Sequence != c.last+1 {
		c.report(RuleSequence, "sequence %d follows %d", ev.Sequence, c.last)
	}
	if want := fmt.Sprintf("evt_%d", ev.Sequence); ev.EventID != want {
		c.report(RuleSequence, "event_id is %q, want %q", ev.EventID, want)
	}
	if c.last > 0 && ev.SessionID != c.sessionID {
		c.report(RuleSequence, "session_id changes from %q to %q", c.sessionID, ev.SessionID)
	}
	if ev.Time.Before(c.lastTime) {
		c.report(RuleTime, "time goes back from %v to %v", c.lastTime, ev.Time)
	}
	if ev.Synthetic != (ev.Source == SourceDaemon) {
		c.report(RuleEnvelope, "synthetic is %v with source %q", ev.Synthetic, ev.Source)
	}
	if got, want := fmt.Sprintf("%T", ev.Data), fmt.Sprintf("%T", NewData(ev.Type)); got != want {
		c.report(RuleEnvelope, "%s has data of Go type %s, want %s", ev.Type, got, want)
	}
	if (ev.Type == TypeSessionStarted) != (c.last == 0) {
		c.report(RuleSessionStarted, "%s as event %d", ev.Type, ev.Sequence)
	}
	if c.ended {
		c.report(RuleSessionEnded, "%s after session.ended", ev.Type)
	}
	if turn := string(ev.TurnID); turn != "" && turn != c.turn && ev.Type != TypeTurnStarted {
		c.report(RuleTurnID, "%s has turn_id %q while turn %q runs", ev.Type, turn, c.turn)
	}
	c.last, c.lastTime, c.sessionID = ev.Sequence, ev.Time, ev.SessionID
}

func (c *Checker) sessionEnded() {
	if c.turn != "" {
		c.report(RuleTurnEnd, "session.ended while turn %s runs", c.turn)
	}
	c.reportOpen(func(string) bool { return true }, RuleSessionEnded, "at session.ended")
	c.ended = true
}

func (c *Checker) turnStarted(ev *Event, d *TurnStartedData) {
	switch {
	case d.Phase != PhaseStarted || d.TurnID == "" || d.TurnID != string(ev.TurnID):
		c.report(RuleEnvelope, "turn.started has phase %q, turn_id %q and %q", d.Phase, d.TurnID, ev.TurnID)
	case c.turn != "":
		c.report(RuleTurnOverlap, "turn %s starts while %s runs", d.TurnID, c.turn)
	case c.turns[d.TurnID]:
		c.report(RuleTurnOverlap, "turn %s starts again", d.TurnID)
	}
	c.turn = d.TurnID
	c.turns[d.TurnID] = true
}

func (c *Checker) turnEnded(ev *Event, d *TurnEndedData) {
	if d.Phase != PhaseEnded || d.TurnID != string(ev.TurnID) || d.TurnID != c.turn || c.turn == "" {
		c.report(RuleTurnEnd, "turn.ended has phase %q, turn_id %q and %q while turn %q runs", d.Phase, d.TurnID, ev.TurnID, c.turn)
	}
	if d.StopReason == "" {
		c.report(RuleTurnEnd, "turn.ended without a stop_reason")
	}
	turn := c.turn
	c.reportOpen(func(t string) bool { return t == turn && t != "" }, RuleTurnOpen, "at its turn.ended")
	c.turn = ""
}

// reportOpen reports whatever is open and belongs to a turn that is meant.
func (c *Checker) reportOpen(meant func(turn string) bool, rule Rule, when string) {
	for _, id := range slices.Sorted(maps.Keys(c.items)) {
		if it := c.items[id]; it.open && meant(it.turn) {
			c.report(rule, "item %s is open %s", id, when)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.calls)) {
		if call := c.calls[id]; !call.answered && meant(call.turn) {
			c.report(rule, "tool call %s has no result %s", id, when)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.requests)) {
		if r := c.requests[id]; r.open && meant(r.turn) {
			c.report(rule, "%s is open %s", id, when)
		}
	}
}

func (c *Checker) itemStarted(ev *Event, it *Item) {
	if it.ItemID == "" || c.items[it.ItemID] != nil {
		c.report(RuleItemStart, "item %q starts again", it.ItemID)
	}
	if it.Status != StatusInProgress {
		c.report(RuleItemStart, "item %s starts with status %q", it.ItemID, it.Status)
	}
	if parent := string(it.ParentID); parent != "" {
		if p := c.items[parent]; p == nil || p.item.Kind != KindToolCall {
			c.report(RuleParent, "item %s has parent %q, which is no tool call before it", it.ItemID, parent)
		}
	}
	mayStandAlone := it.ParentID != "" || it.Kind == KindStatus || it.Kind == KindSystem
	if ev.TurnID == "" && !mayStandAlone {
		c.report(RuleTurnID, "%s item %s of the main agent outside a turn", it.Kind, it.ItemID)
	}
	entry := &checkedItem{item: *it, turn: string(ev.TurnID), open: true}
	entry.item.Content = nil
	c.items[it.ItemID] = entry
}

func (c *Checker) itemDelta(d *ItemDeltaData) {
	it := c.items[d.ItemID]
	if it == nil || !it.open {
		c.report(RuleItemOpen, "delta of item %q, which is not open", d.ItemID)
		return
	}
	it.text.WriteString(d.Delta)
}

func (c *Checker) itemCompleted(ev *Event, d *ItemData) {
	it := c.items[d.Item.ItemID]
	if it == nil || !it.open {
		c.report(RuleItemOpen, "item %q completes, but is not open", d.Item.ItemID)
		return
	}
	it.open = false
	switch d.Item.Status {
	case StatusCompleted, StatusFailed, StatusCancelled:
	default:
		c.report(RuleItemStatus, "item %s completes with status %q", d.Item.ItemID, d.Item.Status)
	}
	if was := it.item; was.Kind != d.Item.Kind || was.Role != d.Item.Role || was.ParentID != d.Item.ParentID {
		c.report(RuleItemStatus, "item %s started as %s of %q under %q and completes as %s of %q under %q", d.Item.ItemID,
			was.Kind, was.Role, was.ParentID, d.Item.Kind, d.Item.Role, d.Item.ParentID)
	}
	c.itemText(it, d)
	for _, p := range d.Item.Content {
		switch p := p.(type) {
		case *ToolCallPart:
			c.toolCall(it, p)
		case *ToolResultPart:
			c.toolResult(it, p)
		}
	}
	it.text.Reset()
}

func (c *Checker) itemText(it *checkedItem, d *ItemData) {
	if d.Item.Kind != KindMessage || d.Rewritten {
		return
	}
	streamed, final := it.text.String(), d.Item.Text()
	if d.Item.Role == RoleUser && streamed == "" {
		return // what the user said is not streamed
	}
	if streamed != final {
		c.report(RuleItemText, "item %s streamed %d bytes that are not its final text of %d bytes", d.Item.ItemID, len(streamed), len(final))
	}
}

func (c *Checker) toolCall(it *checkedItem, p *ToolCallPart) {
	if p.CallID == "" || c.calls[p.CallID] != nil {
		c.report(RuleToolResult, "call_id %q of item %s is empty or taken", p.CallID, it.item.ItemID)
		return
	}
	c.calls[p.CallID] = &checkedCall{itemID: it.item.ItemID, turn: it.turn}
}

func (c *Checker) toolResult(it *checkedItem, p *ToolResultPart) {
	call := c.calls[p.CallID]
	switch {
	case call == nil:
		c.report(RuleToolResult, "result of call %q, which was never made", p.CallID)
	case call.answered:
		c.report(RuleToolResult, "call %q gets a second result", p.CallID)
	case call.itemID == it.item.ItemID:
		c.report(RuleToolResult, "call %q and its result share item %s", p.CallID, call.itemID)
	default:
		call.answered = true
	}
}

func (c *Checker) request(ev *Event, id string, requested, statusRequested bool) {
	if requested != statusRequested {
		c.report(RuleRequest, "%s: %s has the wrong status", id, ev.Type)
	}
	r := c.requests[id]
	switch {
	case requested && r != nil:
		c.report(RuleRequest, "%s is requested again", id)
	case requested:
		c.requests[id] = &checkedRequest{turn: string(ev.TurnID), open: true}
	case r == nil || !r.open:
		c.report(RuleRequest, "%s is resolved, but is not open", id)
	default:
		r.open = false
	}
}
