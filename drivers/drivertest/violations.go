package drivertest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Violations names every breach of the rules for what a driver emits:
//
//   - The envelope's ids, numbers and times are the receiver's; the data is of
//     the event's type and can be encoded; Raw is JSON.
//   - An item starts at most once, in progress, and completes at most once, as
//     completed, failed or cancelled; nothing is said of it afterwards. It
//     keeps its kind, role and parent. A driver may leave out the start, and
//     leave things open: the receiver mends both.
//   - The deltas of a message, if there are any, add up to its final text,
//     unless it says rewritten.
//   - A tool result names a call that was made before, in an item of its own,
//     and a call gets at most one.
//   - A parent is the item of a tool call that was made before.
//   - A request opens once. Answers are recorded by the receiver: a resolved
//     event takes back what nobody answered, so it is a rejection, of
//     something that was requested, at most once.
//   - Users' messages and users' turns are the receiver's: a turn.started has
//     origin agent.
//   - turn.ended gives a stop reason. Nothing follows a session.ended.
func Violations(events []universal.Event) []string {
	c := checker{items: map[string]*item{}, calls: map[string]string{}, answered: map[string]bool{}, requests: map[string]bool{}}
	for i := range events {
		c.now = fmt.Sprintf("event %d (%s)", i, Bone(&events[i]))
		c.check(&events[i])
	}
	return c.found
}

type checker struct {
	found    []string
	now      string
	over     bool
	encoder  universal.Encoder
	items    map[string]*item
	calls    map[string]string // call id to item key
	answered map[string]bool   // call ids
	requests map[string]bool   // true while open
}

type item struct {
	universal.Item
	done     bool
	streamed bool
	text     strings.Builder
}

func (c *checker) report(format string, args ...any) {
	c.found = append(c.found, c.now+": "+fmt.Sprintf(format, args...))
}

func (c *checker) check(ev *universal.Event) {
	c.envelope(ev)
	switch d := ev.Data.(type) {
	case *universal.ItemData:
		if ev.Type == universal.TypeItemStarted {
			c.started(&d.Item)
		} else {
			c.completed(d)
		}
	case *universal.ItemDeltaData:
		c.delta(d)
	case *universal.PermissionData:
		c.request(ev.Type == universal.TypePermissionRequested, "permission "+d.PermissionID,
			d.Status == universal.PermissionRequested, d.Status == universal.PermissionReject)
	case *universal.QuestionData:
		c.request(ev.Type == universal.TypeQuestionRequested, "question "+d.QuestionID,
			d.Status == universal.QuestionRequested, d.Status == universal.QuestionRejected)
	case *universal.TurnStartedData:
		if d.Origin != universal.OriginAgent {
			c.report("a turn of origin %q is the receiver's to start", d.Origin)
		}
	case *universal.TurnEndedData:
		if d.StopReason == "" || d.Phase != universal.PhaseEnded {
			c.report("phase is %q and stop_reason %q", d.Phase, d.StopReason)
		}
	case *universal.SessionStartedData:
		c.report("session.started is the receiver's")
	case *universal.SessionEndedData:
		c.over = true
	}
}

func (c *checker) envelope(ev *universal.Event) {
	if c.over {
		c.report("follows session.ended")
	}
	if ev.EventID != "" || ev.Sequence != 0 || ev.SessionID != "" || ev.TurnID != "" || !ev.Time.IsZero() {
		c.report("the envelope's ids, sequence and time are the receiver's to set")
	}
	if ev.Synthetic && ev.Source != universal.SourceDaemon || !ev.Synthetic && ev.Source == universal.SourceDaemon {
		c.report("synthetic is %v with source %q", ev.Synthetic, ev.Source)
	}
	if got, want := fmt.Sprintf("%T", ev.Data), fmt.Sprintf("%T", universal.NewData(ev.Type)); got != want {
		c.report("the data is of Go type %s, want %s", got, want)
		return
	}
	if ev.Raw != nil && !json.Valid(ev.Raw) {
		c.report("raw is no JSON: %.80q", ev.Raw)
	}
	if line, err := c.encoder.AppendEvent(nil, ev); err != nil {
		c.report("%v", err)
	} else if !json.Valid(line) {
		c.report("the encoded event is no JSON: %.200q", line)
	}
}

func (c *checker) started(it *universal.Item) {
	switch {
	case it.ItemID == "":
		c.report("the item has no key")
	case c.items[it.ItemID] != nil:
		c.report("the item starts a second time")
	case it.Status != universal.StatusInProgress:
		c.report("the item starts with status %q", it.Status)
	}
	c.add(it)
}

func (c *checker) add(it *universal.Item) *item {
	entry := &item{Item: *it}
	c.items[it.ItemID] = entry
	if it.Role == universal.RoleUser {
		c.report("what the user says is the receiver's to record")
	}
	if parent := string(it.ParentID); parent != "" && (c.items[parent] == nil || c.items[parent].Kind != universal.KindToolCall) {
		c.report("the parent %q is no tool call before it", parent)
	}
	return entry
}

func (c *checker) delta(d *universal.ItemDeltaData) {
	it := c.items[d.ItemID]
	switch {
	case it == nil:
		c.report("the delta's item has not started")
	case it.done:
		c.report("the delta's item is complete")
	default:
		it.streamed = true
		it.text.WriteString(d.Delta)
	}
}

func (c *checker) completed(d *universal.ItemData) {
	it := c.items[d.Item.ItemID]
	if it == nil {
		it = c.add(&d.Item)
	}
	if it.done {
		c.report("the item completes a second time")
		return
	}
	it.done = true
	if it.Kind != d.Item.Kind || it.Role != d.Item.Role || it.ParentID != d.Item.ParentID {
		c.report("the item started as %s of %q under %q and completes as %s of %q under %q",
			it.Kind, it.Role, it.ParentID, d.Item.Kind, d.Item.Role, d.Item.ParentID)
	}
	switch d.Item.Status {
	case universal.StatusCompleted, universal.StatusFailed, universal.StatusCancelled:
	default:
		c.report("the item completes with status %q", d.Item.Status)
	}
	if streamed := it.text.String(); it.Kind == universal.KindMessage && it.streamed && !d.Rewritten && streamed != d.Item.Text() {
		c.report("the deltas add up to %.80q, the final text is %.80q", streamed, d.Item.Text())
	}
	it.text.Reset()
	for _, p := range d.Item.Content {
		switch p := p.(type) {
		case *universal.ToolCallPart:
			c.call(it, p.CallID)
		case *universal.ToolResultPart:
			c.result(it, p.CallID)
		}
	}
}

func (c *checker) call(it *item, id string) {
	if _, taken := c.calls[id]; taken || id == "" {
		c.report("the call_id %q is empty or taken", id)
	}
	c.calls[id] = it.ItemID
}

func (c *checker) result(it *item, id string) {
	call, made := c.calls[id]
	switch {
	case !made:
		c.report("call %q was never made", id)
	case c.answered[id]:
		c.report("call %q gets a second result", id)
	case call == it.ItemID:
		c.report("call %q and its result share an item", id)
	}
	c.answered[id] = true
}

func (c *checker) request(opens bool, id string, asks, refuses bool) {
	open, known := c.requests[id]
	switch {
	case opens && known:
		c.report("%s is requested a second time", id)
	case opens && !asks, !opens && !refuses:
		c.report("%s has the wrong status", id)
	case !opens && !open:
		c.report("%s is resolved, but not open", id)
	}
	c.requests[id] = opens
}
