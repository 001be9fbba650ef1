package claude

import (
	"encoding/json"
	"fmt"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/diff"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// converter turns the CLI's lines into events. It does no I/O, reads no clock
// and makes up no ids: the same lines in the same order give the same events.
// It isn't safe for concurrent use.
type converter struct {
	native    string           // the conversation's id
	model     string           // what was last told of it
	settings  drivers.Settings // agent and permission mode, as they are
	cwd       string           // of the agent's shell; "" while unknown
	directory string           // the session's; "" while unknown

	// lifecycle says that the CLI names the messages a turn answers; 2.1.197
	// doesn't.
	lifecycle bool

	turn     turn
	usage    usageCounter
	streams  map[string]*stream  // by parent
	calls    map[string]*call    // unanswered tool calls, by id
	callsN   int                 // numbers calls in their order
	requests map[string]*request // open requests of the CLI, by request id
	asked    map[string]bool     // question ids that were used in this turn
	sent     map[string]string   // our own open control requests: subtype by id
	plan     plan
	compact  compaction
	tasks    backgroundTasks
	changes  diff.Changes
	commands commands

	// What the session picks up after a line, besides the events.
	responses []controlResponse // to our own control requests
	refuse    []string          // requests of the CLI that nobody can answer
	beganTurn bool              // the agent has begun a turn by itself

	out     []universal.Event
	raw     []byte
	shape   deltaShape
	scratch []byte // for unescaping
	spare   []byte // the buffer of a closed block's text, until the turn ends
}

func newConverter(native string, settings drivers.Settings, resumed bool) *converter {
	c := &converter{
		native:   native,
		model:    settings.Model,
		settings: settings,
		streams:  map[string]*stream{},
		calls:    map[string]*call{},
		requests: map[string]*request{},
		asked:    map[string]bool{},
		sent:     map[string]string{},
	}
	c.usage.baselineKnown = !resumed
	return c
}

// Convert appends to dst the events of one line. Their Raw is the line itself,
// not a copy.
func (c *converter) Convert(dst []universal.Event, line []byte) []universal.Event {
	c.out, c.raw = dst, line
	if !c.convertDelta(line) {
		c.convertAny(line)
	}
	dst = c.out
	c.out, c.raw = nil, nil
	return dst
}

// convertAny is the way of all lines but the ones that flood.
func (c *converter) convertAny(line []byte) {
	h, ok := scanHead(line)
	if !ok {
		h = head{}
		if err := json.Unmarshal(line, &h); err != nil {
			c.raw = universal.AppendString(nil, string(line[:min(len(line), maxKept)]))
			c.unparsed("line", fmt.Errorf("decode: %w", err))
			return
		}
	}
	kind := h.Type
	if h.Type == "system" {
		kind += "/" + h.Subtype
	}
	handle := handlerOf(kind)
	switch {
	case handle != nil:
		if err := handle(c, line); err != nil {
			c.unparsed(kind, err)
		}
	case isDropped(kind):
	default:
		c.unparsed(kind, fmt.Errorf("unknown kind of line"))
	}
}

// maxKept is how much is kept of a line that is no JSON.
const maxKept = 64 << 10

// handlerOf is the table of what is understood.
func handlerOf(kind string) func(*converter, []byte) error {
	switch kind {
	case "stream_event":
		return (*converter).streamLine
	case "assistant":
		return (*converter).assistantLine
	case "user":
		return (*converter).userLine
	case "result":
		return (*converter).resultLine
	case "control_request":
		return (*converter).controlRequest
	case "control_response":
		return (*converter).controlResponse
	case "control_cancel_request":
		return (*converter).controlCancel
	case "command_lifecycle":
		return (*converter).lifecycleLine
	case "conversation_reset":
		return (*converter).resetLine
	case "rate_limit_event":
		return (*converter).rateLimitLine
	case "auth_status":
		return (*converter).authLine
	case "system/init":
		return (*converter).initLine
	case "system/status":
		return (*converter).statusLine
	case "system/compact_boundary":
		return (*converter).compactLine
	case "system/api_retry":
		return (*converter).retryLine
	case "system/informational":
		return (*converter).informationalLine
	case "system/model_refusal_fallback":
		return (*converter).informationalLine
	case "system/local_command_output":
		return (*converter).localOutputLine
	case "system/session_title_changed":
		return (*converter).titleLine
	case "system/commands_changed":
		return (*converter).commandsLine
	case "system/session_writes_lost":
		return (*converter).writesLostLine
	case "system/background_tasks_changed":
		return (*converter).backgroundLine
	case "system/task_started":
		return (*converter).taskStartedLine
	case "system/task_updated":
		return (*converter).taskUpdatedLine
	case "system/task_notification":
		return (*converter).taskNotificationLine
	}
	return nil
}

// Outgoing tells the converter what is written to the CLI, before it is.
func (c *converter) Outgoing(line []byte) {
	var l outgoingLine
	if json.Unmarshal(line, &l) != nil {
		return
	}
	switch l.Type {
	case "user":
		c.turn.message(l.UUID)
	case "control_request":
		c.sent[l.RequestID] = l.Request.Subtype
	case "control_response":
		if r := c.requests[l.Response.RequestID]; r != nil {
			if call := c.calls[r.toolUseID]; call != nil && l.Response.Response.Behavior == "allow" {
				call.waiting = false
			}
			delete(c.requests, r.id)
		}
	}
}

func (c *converter) emit(t universal.EventType, data universal.Data) {
	c.out = append(c.out, universal.Event{Type: t, Data: data, Raw: c.raw})
}

// emitOwn emits what the driver makes up itself.
func (c *converter) emitOwn(t universal.EventType, data universal.Data) {
	c.out = append(c.out, universal.Event{Type: t, Data: data, Raw: c.raw, Synthetic: true, Source: universal.SourceDaemon})
}

func (c *converter) unparsed(location string, err error) {
	c.emit(universal.TypeUnparsed, &universal.UnparsedData{Error: err.Error(), Location: "claude: " + location})
}

// status emits a notice as a completed item.
func (c *converter) status(key, label, detail string) {
	c.completeStatus(key, label, detail, universal.StatusCompleted)
}

func (c *converter) completeStatus(key, label, detail string, status universal.ItemStatus) {
	c.emit(universal.TypeItemCompleted, &universal.ItemData{Item: statusItem(key, label, detail, status)})
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
