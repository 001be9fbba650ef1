package opencode

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// converter turns the server's lines about one session, and the sub-agents that
// work for it, into events. It does no I/O, reads no clock and makes up no ids:
// the same lines in the same order give the same events. It isn't safe for
// concurrent use.
type converter struct {
	root      string // the session's native id
	directory string
	title     string   // as it was last told
	mcp       []string // what the names of tool servers' tools begin with
	window    int64    // of the model's context, 0 while unknown
	commands  []universal.Command
	compacts  bool // it compacts a conversation by itself when that is too long
	// floor is the newest message of what is over: what is said of older ones
	// is no news.
	floor string

	turn     turn
	turns    int                   // numbers the turns
	agents   map[string]*agent     // by session id, the main one too
	messages map[string]*message   // of the turn, by id
	parts    map[string]*part      // of the turn, by id
	calls    map[string]*part      // of the turn, by message and call
	requests map[string]*request   // open ones, by id
	asked    int                   // numbers requests in their order
	answered map[string]bool       // requests of the turn that were answered
	diffs    map[string][]fileDiff // what earlier turns changed, by file
	files    []string              // the keys of diffs in their order
	bytes    int                   // of the texts in diffs
	lost     bool                  // the event stream is down
	rereads  []wanted              // what is read again after that, and was not yet

	// What the session picks up, besides the events.
	wants  []wanted
	claims []string // sessions of sub-agents that were found

	out  []universal.Event
	line []byte // that is dealt with
	raw  []byte // its copy, once an event needs it
}

// agent is the main agent, or a sub-agent.
type agent struct {
	parent string // key of the call that started it; "" for the main one
}

// purpose says what an answer is for.
type purpose struct {
	kind purposeKind
	id   string // of the message or session that it is about
}

type purposeKind int

const (
	purposeNone      purposeKind = iota
	purposePrompt                // begins a turn; fails at once or never
	purposeRun                   // begins a turn, and is answered at its end
	purposeStatus                // how the turn is going
	purposeDiff                  // what a message of the turn has changed
	purposeClear                 // clears a request that nobody waits for
	purposeChildren              // after the event stream broke: the sub-agents,
	purposeMessages              // what was said,
	purposeAsks                  // which permissions are wanted,
	purposeQuestions             // and which answers
)

// wanted is a request that the converter wants to be made.
type wanted struct {
	request wireRequest
	purpose purpose
}

func newConverter(directory string) *converter {
	return &converter{
		directory: directory,
		agents:    map[string]*agent{},
		messages:  map[string]*message{},
		parts:     map[string]*part{},
		calls:     map[string]*part{},
		requests:  map[string]*request{},
		answered:  map[string]bool{},
		diffs:     map[string][]fileDiff{},
	}
}

// Convert deals with an event. The Raw of what comes of it is a copy of the
// line.
func (c *converter) Convert(h head, line []byte) {
	c.line = line
	if h.kind == deltaKind {
		c.delta(h.properties)
	} else {
		c.convert(h)
	}
	c.line, c.raw = nil, nil
}

func (c *converter) convert(h head) {
	handle := handlerOf(h.kind)
	switch {
	case handle != nil:
		if err := handle(c, h); err != nil {
			c.unparsed(h.kind, err)
		}
	case isDropped(h.kind):
	default:
		c.unparsed(h.kind, errors.New("unknown kind of event"))
	}
}

// handlerOf is the table of what is understood.
func handlerOf(kind string) func(*converter, head) error {
	switch kind {
	case "session.created":
		return (*converter).sessionCreated
	case "session.updated":
		return (*converter).sessionUpdated
	case "session.status":
		return (*converter).sessionStatus
	case "session.idle":
		return (*converter).sessionIdle
	case "session.error":
		return (*converter).sessionError
	case "session.compacted":
		return (*converter).sessionCompacted
	case "message.updated":
		return (*converter).messageUpdated
	case "message.removed":
		return (*converter).messageRemoved
	case "message.part.updated":
		return (*converter).partUpdated
	case "message.part.removed":
		return (*converter).partRemoved
	case "todo.updated":
		return (*converter).todoUpdated
	case "permission.asked":
		return (*converter).permissionAsked
	case "permission.replied":
		return (*converter).requestReplied
	case "question.asked":
		return (*converter).questionAsked
	case "question.replied", "question.rejected":
		return (*converter).requestReplied
	}
	return nil
}

// Answer deals with the answer to a request that was made for the session.
func (c *converter) Answer(p purpose, a *answered, line []byte) {
	c.line = line
	if err := c.answer(p, a); err != nil {
		c.unparsed("answer", err)
	}
	c.line, c.raw = nil, nil
}

func (c *converter) answer(p purpose, a *answered) error {
	switch p.kind {
	case purposePrompt, purposeRun:
		c.turnAnswered(p, a)
	case purposeStatus:
		return c.statusAnswered(a)
	case purposeDiff:
		return c.diffAnswered(a)
	case purposeChildren, purposeMessages, purposeAsks, purposeQuestions:
		defer c.nextReread()
		return c.rereadAnswered(p.kind, a)
	}
	return nil
}

func (c *converter) rereadAnswered(kind purposeKind, a *answered) error {
	switch kind {
	case purposeChildren:
		return c.childrenAnswered(a)
	case purposeMessages:
		return c.messagesAnswered(a)
	}
	return c.asksAnswered(a, kind == purposeQuestions)
}

// family lists the session and those of its sub-agents.
func (c *converter) family() []string {
	ids := []string{c.root}
	for _, id := range slices.Sorted(maps.Keys(c.agents)) {
		if id != c.root {
			ids = append(ids, id)
		}
	}
	return ids
}

// agent returns who works in a session.
func (c *converter) agent(session string) *agent {
	a := c.agents[session]
	if a == nil {
		a = &agent{}
		c.agents[session] = a
	}
	return a
}

func (c *converter) query() map[string]string { return map[string]string{"directory": c.directory} }

func (c *converter) emit(t universal.EventType, data universal.Data) {
	c.out = append(c.out, universal.Event{Type: t, Data: data, Raw: c.copied()})
}

// copied is a copy of the line, the same one for all of its events.
func (c *converter) copied() []byte {
	if c.raw == nil && c.line != nil {
		c.raw = slices.Clone(c.line)
	}
	return c.raw
}

// emitOwn emits what the driver makes up itself.
func (c *converter) emitOwn(t universal.EventType, data universal.Data) {
	c.out = append(c.out, universal.Event{Type: t, Data: data, Raw: c.copied(), Synthetic: true, Source: universal.SourceDaemon})
}

func (c *converter) unparsed(location string, err error) {
	c.emit(universal.TypeUnparsed, &universal.UnparsedData{Error: err.Error(), Location: agentID + ": " + location})
}

func (c *converter) complete(item universal.Item) {
	c.emit(universal.TypeItemCompleted, &universal.ItemData{Item: item})
}

// notice emits a notice as a completed item.
func (c *converter) notice(key, label, detail string) {
	c.complete(statusItem(key, label, detail, universal.StatusCompleted))
}

func statusItem(key, label, detail string, status universal.ItemStatus) universal.Item {
	return universal.Item{
		ItemID:  key,
		Kind:    universal.KindStatus,
		Role:    universal.RoleSystem,
		Status:  status,
		Content: universal.Content{&universal.StatusPart{Label: label, Detail: universal.NullString(detail)}},
	}
}

func (c *converter) tellCommands() {
	c.emitOwn(universal.TypeSessionUpdated, &universal.SessionUpdatedData{Commands: c.commands})
}

// sessionCreated makes a sub-agent known; which call it works for, that call
// tells.
func (c *converter) sessionCreated(h head) error {
	if h.session != c.root {
		c.agent(h.session)
	}
	return nil
}

// sessionUpdated tells the title that the agent has found.
func (c *converter) sessionUpdated(h head) error {
	var p struct {
		Info sessionInfo `json:"info"`
	}
	if err := json.Unmarshal(h.properties, &p); err != nil {
		return err
	}
	if h.session != c.root || p.Info.Title == "" || p.Info.Title == c.title {
		return nil
	}
	c.title = p.Info.Title
	c.emit(universal.TypeSessionUpdated, &universal.SessionUpdatedData{Title: p.Info.Title})
	return nil
}

// todoUpdated is the task list; those of sub-agents are their own.
func (c *converter) todoUpdated(h head) error {
	var p struct {
		Todos []struct {
			Content  string `json:"content"`
			Status   string `json:"status"`
			Priority string `json:"priority"`
		} `json:"todos"`
	}
	if err := json.Unmarshal(h.properties, &p); err != nil {
		return err
	}
	if h.session != c.root {
		return nil
	}
	entries := make([]universal.PlanEntry, len(p.Todos))
	for i, t := range p.Todos {
		entries[i] = universal.PlanEntry{Content: t.Content, Status: planStatus(t.Status), Priority: t.Priority}
	}
	c.emit(universal.TypePlanUpdated, &universal.PlanData{Entries: entries})
	return nil
}

func planStatus(native string) universal.PlanStatus {
	switch native {
	case "in_progress":
		return universal.PlanInProgress
	case "completed":
		return universal.PlanCompleted
	case "cancelled":
		return universal.PlanCancelled
	}
	return universal.PlanPending
}

// Delays before somebody asks how the turn is going: after it was said to be
// idle while a message is open, and after an error that may be all that comes.
const (
	openDelay  = 2 * time.Second
	errorDelay = 500 * time.Millisecond
)

// watch says after which time somebody has to ask how the turn is going; 0 if
// nobody has to.
func (c *converter) watch() time.Duration {
	t := &c.turn
	switch {
	case !t.active || t.ending:
		return 0
	case t.idle:
		return openDelay
	case t.failure != nil && !t.begun:
		return errorDelay
	}
	return 0
}

// statusRequest asks which sessions are busy.
func (c *converter) statusRequest() wanted {
	return wanted{wireRequest{Method: "GET", Path: "/session/status", Query: c.query()}, purpose{kind: purposeStatus}}
}

// statusAnswered ends a turn of which nothing more will come.
func (c *converter) statusAnswered(a *answered) error {
	if !a.ok() {
		return nil // asked in vain; the end of the session ends the turn
	}
	var busy map[string]json.RawMessage
	if err := json.Unmarshal(a.body, &busy); err != nil {
		return fmt.Errorf("status: %w", err)
	}
	if busy[c.root] == nil && c.turn.active && (c.turn.begun || c.turn.failure != nil) {
		c.finish()
	}
	return nil
}
