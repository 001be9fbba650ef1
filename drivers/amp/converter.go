package amp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/diff"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// converter turns lines into events. It does no I/O, reads no clock and makes
// up no ids at random: the same lines in the same order give the same events.
// It lives as long as the session, over many processes. It isn't safe for
// concurrent use.
type converter struct {
	rules  rules
	prefix string // of the keys and ids that Amp has none for, unique in the session
	made   int    // numbers them
	thread string // the conversation's id; "" while unknown
	cwd    string // where the agent works
	mode   string // Amp's name of the mode that the turn was started in
	gen    generation

	turn     turn
	usage    usageCounter
	calls    map[string]*call // unanswered tool calls, by id
	callsN   int              // numbers calls in their order
	requests map[int]*asked   // what is asked on the process's side channel, by number
	alive    int              // the number under which the plugin holds its connection; 0 for none
	held     []heldRequest    // what is asked about calls that were not told yet, in order
	known    knownFiles
	changed  diff.Changes
	servers  map[string]string // the last status of each tool server, by its name

	// What the session picks up after a line, besides the events.
	answers []answerLine // to requests that no person has to see
	fatal   error        // why the process has to be stopped

	out []universal.Event
	raw []byte
}

// turn is what is known of the running turn.
type turn struct {
	begun  bool        // the first line has come
	lost   bool        // our plugin has ended
	said   bool        // the model's last message has no tool call
	cut    bool        // and it doesn't say why it stopped
	open   bool        // the CLI takes more messages
	sent   int         // messages of the person with a text
	echoed int         // those that the CLI has printed again
	result *resultLine // how it ended, if the CLI said so
}

func newConverter(prefix, thread, cwd string) *converter {
	return &converter{
		prefix:   prefix,
		thread:   thread,
		cwd:      cwd,
		calls:    map[string]*call{},
		requests: map[int]*asked{},
		servers:  map[string]string{},
	}
}

// start begins a turn, with a process of its own.
func (c *converter) start(g generation, mode string, r rules, texts int) {
	c.turn = turn{open: g == native, sent: texts}
	c.gen, c.mode, c.rules = g, mode, r
	c.usage.start()
	c.changed.Begin()
	c.held, c.alive = nil, 0
	clear(c.calls)
	clear(c.requests)
}

// isComplete tells whether the model has said its last word to all messages, so
// that the CLI can be told that there are no more: it ends its turn then.
func (c *converter) isComplete() bool { return c.turn.open && c.isAnswered() }

// isAnswered tells whether the model has said its last word to all messages.
func (c *converter) isAnswered() bool {
	t := &c.turn
	return t.said && t.echoed >= t.sent && len(c.calls) == 0 && len(c.requests) == 0 && len(c.held) == 0
}

// Convert appends to dst the events of one line. Their Raw is the line itself,
// not a copy.
func (c *converter) Convert(dst []universal.Event, line []byte) []universal.Event {
	c.out, c.raw = dst, line
	c.convert(line)
	dst = c.out
	c.out, c.raw = nil, nil
	return dst
}

// maxKept is how much is kept of a line that is no JSON, in bytes.
const maxKept = 64 << 10

func (c *converter) convert(line []byte) {
	var h head
	if err := json.Unmarshal(line, &h); err != nil {
		text := string(line[:min(len(line), maxKept)])
		if withoutControls(text) == "" {
			return // the terminal is reset
		}
		c.raw = universal.AppendString(nil, text)
		c.unparsed("line", fmt.Errorf("decode: %w", err))
		return
	}
	kind := h.Type
	if h.Subtype != "" && h.Type != "result" {
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
		c.unparsed(kind, errors.New("unknown kind of line"))
	}
}

// handlerOf is the table of what is understood.
func handlerOf(kind string) func(*converter, []byte) error {
	switch kind {
	case "system/init":
		return (*converter).initLine
	case "user":
		return (*converter).userLine
	case "assistant":
		return (*converter).assistantLine
	case "result":
		return (*converter).resultLine
	case typeChannel + "/request":
		return (*converter).requestLine
	case typeChannel + "/gone":
		return (*converter).goneLine
	case typeChannel + "/left":
		return (*converter).leftLine
	}
	return nil
}

func (c *converter) initLine(line []byte) error {
	var l initLine
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	c.turn.begun = true
	if l.Cwd != "" {
		c.cwd = l.Cwd
	}
	var changed universal.SessionUpdatedData
	c.isThread(l.SessionID, &changed)
	if l.AgentMode != "" && l.AgentMode != c.mode {
		c.mode = l.AgentMode
		changed.AgentMode = c.gen.clientMode(l.AgentMode)
	}
	if !changed.IsZero() {
		c.emit(universal.TypeSessionUpdated, &changed)
	}
	for _, s := range l.Servers {
		c.serverStatus(s)
	}
	if c.gen == native && !contains(l.Tools, askTool) {
		c.fatal = errNoPlugin
	}
	return nil
}

// errNoPlugin tells of a CLI that would do whatever its model wants.
var errNoPlugin = errors.New("the bridge's plugin was not loaded by amp, so that nobody could be asked for permissions; " +
	"see plugin-runtime.log in amp's folder of logs")

// errPluginLost tells of a CLI that lets its model do everything from now on.
var errPluginLost = errors.New("the bridge's plugin in amp has ended, so that nobody could be asked for permissions any more, " +
	"and the turn was stopped; send the message again")

// isThread notes the id of the conversation.
func (c *converter) isThread(id string, d *universal.SessionUpdatedData) {
	if id != "" && id != c.thread {
		c.thread = id
		d.NativeSessionID = id
	}
}

// serverStatus tells of a tool server that can't be used: the session goes on
// without it. Each process tells of it again, which is no news.
func (c *converter) serverStatus(s mcpStatus) {
	was, known := c.servers[s.Name]
	c.servers[s.Name] = s.Status
	if known && was == s.Status || s.Status == "connected" || s.Status == "connecting" {
		return
	}
	c.emit(universal.TypeError, &universal.ErrorData{
		Message:  fmt.Sprintf("mcp server %s can't be used: %s", s.Name, s.Status),
		Code:     "mcp_server_failed",
		Category: universal.CategoryInternal,
		Details:  map[string]string{"server": s.Name, "status": s.Status},
	})
}

// userLine has the results of calls, or a message of the person, which whoever
// sent it knows.
func (c *converter) userLine(line []byte) error {
	var l messageLine
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	blocks, err := decodeBlocks(l.Message.Content)
	if err != nil {
		return err
	}
	c.turn.begun = true
	echo := false
	var failed error
	for i := range blocks {
		switch kind := blocks[i].Type; {
		case kind == "tool_result":
			if err := c.toolResult(&blocks[i]); err != nil {
				failed = err
			}
		case isDropped("user/" + kind):
			echo = true
		default:
			failed = fmt.Errorf("unknown content block %q", kind)
		}
	}
	c.turn.said = false
	if echo && l.Parent == "" {
		c.turn.echoed++
	}
	return failed
}

func (c *converter) assistantLine(line []byte) error {
	var l messageLine
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	blocks, err := decodeBlocks(l.Message.Content)
	if err != nil {
		return err
	}
	c.turn.begun = true
	calls := false
	var failed error
	for i := range blocks {
		calls = calls || blocks[i].Type == "tool_use"
		if err := c.block(&blocks[i], l.Parent); err != nil {
			failed = err
		}
	}
	if calls {
		c.guard()
		c.releaseHeld(func(r *request) bool { return !c.comesEarly(r) })
	}
	if l.Parent == "" {
		c.turn.said = !calls
		c.turn.cut = !calls && l.Message.StopReason == nil && c.gen != native
	}
	if u := l.Message.Usage; u != nil {
		c.usage.add(u, l.Parent == "")
		c.emit(universal.TypeUsageUpdated, &universal.UsageData{Usage: *c.usage.turn()})
	}
	return failed
}

// block is one content block of the model's message: an item that is complete.
func (c *converter) block(b *contentBlock, parent string) error {
	item := universal.Item{
		ParentID: universal.NullString(parent),
		Kind:     universal.KindMessage,
		Role:     universal.RoleAssistant,
		Status:   universal.StatusCompleted,
	}
	switch b.Type {
	case "text":
		if b.Text == "" {
			return nil
		}
		item.Content = universal.Content{&universal.TextPart{Text: b.Text}}
	case "thinking":
		item.Content = universal.Content{&universal.ReasoningPart{Text: b.Thinking, Visibility: universal.VisibilityPublic}}
	case "redacted_thinking":
		// What is left of a thought that the model's API keeps for itself.
		item.Content = universal.Content{&universal.ReasoningPart{Visibility: universal.VisibilityPrivate}}
	case "tool_use":
		return c.toolCall(b, parent)
	default:
		return fmt.Errorf("unknown content block %q", b.Type)
	}
	item.ItemID = c.newKey()
	c.emit(universal.TypeItemCompleted, &universal.ItemData{Item: item})
	return nil
}

func (c *converter) resultLine(line []byte) error {
	var l resultLine
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	var changed universal.SessionUpdatedData
	c.isThread(l.SessionID, &changed)
	if !changed.IsZero() {
		c.emit(universal.TypeSessionUpdated, &changed)
	}
	c.turn.result = &l
	return nil
}

// newKey makes a key for an item that Amp gives no id.
func (c *converter) newKey() string {
	c.made++
	return c.prefix + ":" + strconv.Itoa(c.made)
}

func (c *converter) emit(t universal.EventType, data universal.Data) {
	c.out = append(c.out, universal.Event{Type: t, Data: data, Raw: c.raw})
}

// emitOwn emits what the driver makes up itself.
func (c *converter) emitOwn(t universal.EventType, data universal.Data) {
	c.out = append(c.out, universal.Event{Type: t, Data: data, Raw: c.raw, Synthetic: true, Source: universal.SourceDaemon})
}

func (c *converter) unparsed(location string, err error) {
	c.emit(universal.TypeUnparsed, &universal.UnparsedData{Error: err.Error(), Location: "amp: " + location})
}

// decodeBlocks reads the content of a message; a string is one text block.
func decodeBlocks(content json.RawMessage) ([]contentBlock, error) {
	content = bytes.TrimSpace(content)
	if len(content) > 0 && content[0] == '"' {
		b := contentBlock{Type: "text"}
		err := json.Unmarshal(content, &b.Text)
		return []contentBlock{b}, err
	}
	if len(content) == 0 {
		return nil, errors.New("message without content")
	}
	var blocks []contentBlock
	err := json.Unmarshal(content, &blocks)
	return blocks, err
}
