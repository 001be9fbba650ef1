package mock

import (
	"time"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// script is how commands tell their story: it makes events and emits them at
// the driver's pace. When its turn or task is halted it falls silent, so that
// a story needs no checks between its sentences. It belongs to one goroutine.
type script struct {
	session *session
	prefix  string
	parent  universal.NullString // the tool call that all of this happens in
	halt    chan struct{}        // closed when nobody wants to hear more
	answers chan *request        // requests that were answered
	wake    chan struct{}        // a message was steered; nil where none can be
	awake   func()               // what to do about it

	begun    bool // the first event is out
	released bool // a steered message said to go on
	input    int  // bytes heard
	output   int  // bytes streamed
}

func newScript(s *session, prefix string, halt chan struct{}) script {
	return script{session: s, prefix: prefix, halt: halt, answers: make(chan *request, maxRequests)}
}

// agentEvent is something the agent said.
func agentEvent(t universal.EventType, data universal.Data) universal.Event {
	return universal.Event{Type: t, Source: universal.SourceAgent, Data: data}
}

// daemonEvent is something that the v0.1 server made up around the mock.
func daemonEvent(t universal.EventType, data universal.Data) universal.Event {
	return universal.Event{Type: t, Source: universal.SourceDaemon, Synthetic: true, Data: data}
}

// key is the name of something of this script, unique in the conversation.
func (s *script) key(name string) string { return s.prefix + "_" + name }

func (s *script) stopped() bool {
	select {
	case <-s.halt:
		return true
	default:
		return false
	}
}

// sleep waits and tells whether nobody halted it.
func (s *script) sleep(d time.Duration) bool {
	if d <= 0 {
		return !s.stopped()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.halt:
		return false
	}
}

// emit is one step of the story: a pause, then events that belong together.
func (s *script) emit(events ...universal.Event) {
	pace := s.session.driver.pace
	if !s.begun {
		s.begun, pace = true, 0
	}
	if s.sleep(pace) {
		s.session.emit(events...)
	}
}

// within tells a part of the story as done by what a tool call started.
func (s *script) within(call *universal.Item, story func()) {
	outer := s.parent
	s.parent = universal.NullString(call.ItemID)
	story()
	s.parent = outer
}

// item makes an item of the agent; its key is its native id.
func (s *script) item(name string, kind universal.ItemKind, role universal.Role, content ...universal.Part) *universal.Item {
	key := s.key(name)
	return &universal.Item{
		ItemID: key, NativeItemID: universal.NullString(key), ParentID: s.parent,
		Kind: kind, Role: role, Content: content, Status: universal.StatusCompleted,
	}
}

func (s *script) message(name string, content ...universal.Part) *universal.Item {
	return s.item(name, universal.KindMessage, universal.RoleAssistant, content...)
}

// started is the event that an item begins, with the content it has so far.
func started(it *universal.Item, content ...universal.Part) universal.Event {
	begin := *it
	begin.Content, begin.Status = content, universal.StatusInProgress
	return agentEvent(universal.TypeItemStarted, &universal.ItemData{Item: begin})
}

// delta is the event of the next piece of an item's text.
func (s *script) delta(it *universal.Item, text string) universal.Event {
	s.output += len(text)
	return agentEvent(universal.TypeItemDelta, &universal.ItemDeltaData{ItemID: it.ItemID, NativeItemID: it.NativeItemID, Delta: text})
}

func completed(it *universal.Item) universal.Event {
	return agentEvent(universal.TypeItemCompleted, &universal.ItemData{Item: *it})
}

// whole tells an item that does not stream: it has its content from the start.
func (s *script) whole(it *universal.Item) {
	s.emit(started(it, it.Content...))
	s.emit(completed(it))
}

// say tells a message that comes as one piece. The delta with all of its text
// is what the server of the v0.1 mock added, and marked as such.
func (s *script) say(name, text string, more ...universal.Part) {
	it := s.message(name, append(universal.Content{&universal.TextPart{Text: text}}, more...)...)
	s.emit(started(it, it.Content...))
	all := s.delta(it, text)
	all.Synthetic, all.Source = true, universal.SourceDaemon
	s.emit(all, completed(it))
}

// stream tells an item piece by piece.
func (s *script) stream(it *universal.Item, first universal.Content, pieces ...string) {
	s.emit(started(it, first...))
	for _, piece := range pieces {
		s.emit(s.delta(it, piece))
	}
	s.emit(completed(it))
}

// call tells a tool call and returns its item.
func (s *script) call(name string, part universal.ToolCallPart) *universal.Item {
	it := s.item(name, universal.KindToolCall, universal.RoleAssistant, &part)
	s.whole(it)
	return it
}

// result tells what a tool call gave, failed or not.
func (s *script) result(name string, part universal.ToolResultPart, more ...universal.Part) {
	it := s.item(name, universal.KindToolResult, universal.RoleTool, append(universal.Content{&part}, more...)...)
	if part.IsError {
		it.Status = universal.StatusFailed
	}
	s.whole(it)
}

// usage is what the turn took so far: a token is four bytes.
func (s *script) usage() *universal.Usage {
	in, out := tokens(s.input), tokens(s.output)
	total := in + out
	return &universal.Usage{InputTokens: &in, OutputTokens: &out, TotalTokens: &total}
}

func tokens(bytes int) int64 { return int64(bytes+3) / 4 }
