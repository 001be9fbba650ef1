package codex

import (
	"encoding/json"
	"fmt"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/diff"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// converter turns the lines about one session, that is about its thread and
// those of its sub-agents, into events. It does no I/O, reads no clock and makes
// up no ids: the same lines in the same order give the same events. It isn't
// safe for concurrent use.
type converter struct {
	start     string // makes the ids of requests unique: Codex counts its own from 0
	directory string // where the session works, as Codex says
	root      string // the session's own thread
	settings  drivers.Settings

	model, effort string // of the thread, as they are
	planned       bool   // the thread has been in plan mode

	turn     turn
	threads  map[string]*thread
	items    map[string]*item    // open ones, by key
	requests map[string]*request // open ones of Codex, by our id
	answered map[string]*request // those that Codex has our answer of
	asked    int                 // numbers requests
	raws     map[string]*rawCall // calls that may leave no item, by key
	usage    usageCounter
	diff     string            // of the turn, as it was told last
	changes  diff.Sum          // of all turns
	quota    map[string]string // by limit, as it was told last
	warnings map[string]bool   // that were told
	failed   map[string]string // why tool servers don't start, as it was told last
	noticed  int               // numbers notices
	detached int               // commands that go on after their turn
	typed    int               // numbers what the model types into commands
	plan     proposedPlan

	unloaded chan struct{} // closed when Codex has let go of the thread
	gone     bool          // it has

	found found // what the server picks up after a line, besides the events
	out   []universal.Event
	line  []byte
}

// thread is the session's own or that of a sub-agent.
type thread struct {
	id     string
	call   string // key of the call that started the sub-agent; "" for the main agent
	native string // id of that call's item
	turn   string // the turn that runs, "" if none does

	items    int     // that it had so far
	caller   *thread // of the sub-agent
	said     string  // its last message
	working  bool    // its call has no result yet
	detached bool    // its call has one, and it works

	untold *nativeTokens // what its last answer took, until Codex tells it
}

// item is one that is open: its end has not come.
type item struct {
	key, native string
	kind        string // Codex's type
	thread      *thread
	turn        string

	counted bool   // among the items of its thread
	called  bool   // its call was told
	result  bool   // its result was begun
	text    []byte // output of a command so far

	// Of a text that streams; a reasoning has two, by visibility.
	texts   [2][]byte
	started [2]bool
	part    [2]int

	command   string
	cwd       string
	processID string
	server    string // of an MCP call, with its tool
	tool      string
	arguments string
	changes   []fileChange
}

func newConverter(start string, settings drivers.Settings) *converter {
	return &converter{
		start:    start,
		settings: settings,
		threads:  map[string]*thread{},
		items:    map[string]*item{},
		requests: map[string]*request{},
		answered: map[string]*request{},
		raws:     map[string]*rawCall{},
		quota:    map[string]string{},
		warnings: map[string]bool{},
		failed:   map[string]string{},
		unloaded: make(chan struct{}),
	}
}

// Convert appends to dst the events of one line. Their Raw is the line itself,
// not a copy.
func (c *converter) Convert(dst []universal.Event, m *message, line []byte) []universal.Event {
	c.out, c.line = dst, line
	c.convert(m)
	dst = c.out
	c.out, c.line = nil, nil
	return dst
}

func (c *converter) convert(m *message) {
	th := c.threadOf(m.thread)
	handle := handlerOf(m.method)
	switch {
	case m.isRequest():
		if err := c.serverRequest(th, m); err != nil {
			c.found.refuse = append(c.found.refuse, append(json.RawMessage(nil), m.id...))
			c.unparsed(m.method, fmt.Errorf("%w; it was refused", err))
		}
	case handle != nil:
		if err := handle(c, th, m.params); err != nil {
			c.unparsed(m.method, err)
		}
	case isDropped(m.method):
	default:
		c.unparsed(m.method, fmt.Errorf("unknown method"))
	}
}

// threadOf finds the thread of a line. The server sends those of the session
// only; a line without one is about the main agent.
func (c *converter) threadOf(id string) *thread {
	if id == "" {
		id = c.root
	}
	th := c.threads[id]
	if th == nil {
		th = &thread{id: id}
		c.threads[id] = th
	}
	return th
}

// isRoot tells whether a thread is the main agent's.
func (c *converter) isRoot(th *thread) bool { return th.id == c.root }

// handlerOf is the table of the notifications that are understood.
func handlerOf(method string) func(*converter, *thread, []byte) error {
	switch method {
	case methodTextDelta, "item/plan/delta":
		return (*converter).textDelta
	case methodOutputDelta:
		return (*converter).outputDelta
	case methodSummaryDelta:
		return (*converter).summaryDelta
	case "item/reasoning/textDelta":
		return (*converter).thoughtDelta
	case "item/started":
		return (*converter).itemStarted
	case "item/completed":
		return (*converter).itemCompleted
	case "item/commandExecution/terminalInteraction":
		return (*converter).terminalInteraction
	case "item/mcpToolCall/progress":
		return (*converter).toolProgress
	case "item/autoApprovalReview/completed":
		return (*converter).reviewCompleted
	case "rawResponseItem/completed":
		return (*converter).rawItem
	case "rawResponse/completed":
		return (*converter).rawUsage
	case "turn/started":
		return (*converter).turnStarted
	case "turn/completed":
		return (*converter).turnCompleted
	case "turn/plan/updated":
		return (*converter).planUpdated
	case "turn/diff/updated":
		return (*converter).diffUpdated
	case "thread/tokenUsage/updated":
		return (*converter).tokenUsage
	case "thread/settings/updated":
		return (*converter).settingsUpdated
	case "thread/name/updated":
		return (*converter).nameUpdated
	case "thread/closed":
		return (*converter).threadClosed
	case "hook/completed":
		return (*converter).hookCompleted
	case "model/rerouted":
		return (*converter).modelRerouted
	case "mcpServer/startupStatus/updated":
		return (*converter).serverStatus
	case "serverRequest/resolved":
		return (*converter).requestResolved
	case "account/rateLimits/updated":
		return (*converter).rateLimits
	case "error":
		return (*converter).errorLine
	case "warning", "guardianWarning":
		return (*converter).warning
	}
	return nil
}

func (c *converter) emit(t universal.EventType, data universal.Data) {
	c.out = append(c.out, universal.Event{Type: t, Data: data, Raw: c.line})
}

// emitOwn emits what the driver makes up itself.
func (c *converter) emitOwn(t universal.EventType, data universal.Data) {
	c.out = append(c.out, universal.Event{Type: t, Data: data, Raw: c.line, Synthetic: true, Source: universal.SourceDaemon})
}

func (c *converter) unparsed(location string, err error) {
	c.out = append(c.out, unparsed(location, err, c.line))
}

// key names an item, or a call, in the session: models of other services than
// OpenAI's count the ids of their items anew in every answer.
func key(turn, id string) string { return turn + "/" + id }

// status emits a notice as a completed item.
func (c *converter) status(th *thread, key, label, detail string) {
	c.emit(universal.TypeItemCompleted, &universal.ItemData{Item: statusItem(th, key, label, detail, universal.StatusCompleted)})
}

func statusItem(th *thread, key, label, detail string, status universal.ItemStatus) universal.Item {
	return universal.Item{
		ItemID:   key,
		ParentID: universal.NullString(th.call),
		Kind:     universal.KindStatus,
		Role:     universal.RoleSystem,
		Status:   status,
		Content:  universal.Content{&universal.StatusPart{Label: label, Detail: universal.NullString(detail)}},
	}
}
