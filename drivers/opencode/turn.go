package opencode

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// turn is the session's turn. OpenCode has no word for its end: a session is
// idle then, and no message is left open. After an error or an interrupt it says
// so twice, the first time too early.
type turn struct {
	active      bool
	begun       bool // something of it was told
	idle        bool // the session is idle, but a message is open
	interrupted bool // by us, or by the agent
	aborted     bool // it was interrupted after it had begun
	ending      bool // it is over but for what is asked for its diff
	users       []string
	failure     *universal.ErrorData // the last thing that went wrong, unless the agent went on
	finish      string               // of the main agent's last message
	ran         bool                 // a tool was used
	snapshots   bool                 // the agent keeps snapshots, so that there is a diff
	asking      int                  // diffs that are asked for
	changed     []fileDiff
	usage       usageSum
	compacting  string // key of the open item of a compaction
}

// begin opens the turn of a message, and returns its number; one that joins the
// running turn opens none.
func (c *converter) begin() (number int) {
	if !c.turn.active {
		c.turns++
		c.turn = turn{active: true}
	}
	return c.turns
}

// forget takes back the turn of a message that the agent did not take. Another
// one may have begun meanwhile.
func (c *converter) forget(number int) {
	if c.turns == number && !c.turn.begun {
		c.turn = turn{}
	}
}

// turnAnswered deals with the answer to what began the turn. What goes wrong
// with a prompt its sender is told; a command or a compaction is answered at its
// end.
func (c *converter) turnAnswered(p purpose, a *answered) {
	no := a.failure()
	if p.kind == purposePrompt || no == nil || !c.turn.active || c.turn.ending {
		return
	}
	if c.turn.failure == nil && !c.turn.interrupted {
		c.fail(&universal.ErrorData{
			Message: no.text, Code: universal.NullString(no.name), Category: universal.CategoryInternal,
		})
	}
	if !c.turn.begun {
		c.finish()
	}
}

func (c *converter) fail(e *universal.ErrorData) {
	c.turn.failure = e
	c.emit(universal.TypeError, e)
}

// sessionStatus tells that the agent works, or waits for another try.
func (c *converter) sessionStatus(h head) error {
	var p struct {
		Status struct {
			Type    string  `json:"type"`
			Attempt int     `json:"attempt"`
			Message string  `json:"message"`
			Next    float64 `json:"next"` // ms since 1970
		} `json:"status"`
	}
	if err := json.Unmarshal(h.properties, &p); err != nil {
		return err
	}
	switch p.Status.Type {
	case "busy":
		if h.session == c.root && c.turn.active {
			c.turn.idle = false
		}
	case "retry":
		c.abandon(h.session)
		c.emit(universal.TypeError, retryError(p.Status.Attempt, p.Status.Message))
	case "idle": // session.idle follows
	default:
		return fmt.Errorf("unknown status %q", p.Status.Type)
	}
	return nil
}

// sessionIdle ends the turn, unless that is said too early.
func (c *converter) sessionIdle(h head) error {
	t := &c.turn
	if h.session != c.root || !t.active || t.ending || !t.begun {
		return nil
	}
	if t.idle || !c.hasOpenMessage() {
		c.finish()
		return nil
	}
	t.idle = true
	return nil
}

func (c *converter) hasOpenMessage() bool {
	for _, m := range c.messages {
		if m.session == c.root && m.role == roleAssistant && !m.completed {
			return true
		}
	}
	return false
}

// finish asks what the turn has changed, if it can have changed anything, and
// ends it then.
func (c *converter) finish() {
	t := &c.turn
	t.ending = true
	c.dropRequests()
	if t.ran && t.snapshots {
		for _, id := range t.users {
			t.asking++
			query := c.query()
			query["messageID"] = id
			c.wants = append(c.wants, wanted{
				wireRequest{Method: "GET", Path: "/session/" + c.root + "/diff", Query: query},
				purpose{purposeDiff, id},
			})
		}
	}
	if t.asking == 0 {
		c.endTurn()
	}
}

// endTurn closes what is open and forgets the turn.
func (c *converter) endTurn() {
	t := &c.turn
	stop := t.stopReason()
	c.closeParts(stop)
	c.endCompaction(universal.StatusFailed, "")
	c.tellDiffs()
	data := &universal.TurnEndedData{Phase: universal.PhaseEnded, StopReason: stop, Usage: t.usage.usage(c.window)}
	c.emit(universal.TypeTurnEnded, data)
	for id := range c.messages {
		c.floor = max(c.floor, id)
	}
	clear(c.messages)
	clear(c.parts)
	clear(c.calls)
	clear(c.answered)
	maps.DeleteFunc(c.agents, func(id string, _ *agent) bool { return id == c.root })
	c.turn = turn{}
}

func (t *turn) stopReason() universal.StopReason {
	switch {
	case t.interrupted:
		return universal.StopInterrupted
	case t.finish == "length":
		return universal.StopMaxTokens
	case t.finish == "content-filter":
		return universal.StopRefusal
	case t.failure != nil:
		return universal.StopError
	}
	return universal.StopEndTurn
}

const (
	roleUser      = "user"
	roleAssistant = "assistant"
)

// message is one message of the turn; each step of an agent is one.
type message struct {
	session   string
	role      string
	completed bool
	hidden    bool // it is of OpenCode's own making, such as a summary
	errored   bool
}

// messageInfo is what OpenCode says of a message.
type messageInfo struct {
	ID        string          `json:"id"`
	SessionID string          `json:"sessionID"`
	Role      string          `json:"role"`
	ParentID  string          `json:"parentID"`
	Mode      string          `json:"mode"`
	Summary   json.RawMessage `json:"summary"` // true for one that sums up; an object for a user's
	Finish    string          `json:"finish"`
	Error     *nativeError    `json:"error"`
	Time      struct {
		Completed *float64 `json:"completed"`
	} `json:"time"`
}

func (c *converter) messageUpdated(h head) error {
	var p struct {
		Info messageInfo `json:"info"`
	}
	if err := json.Unmarshal(h.properties, &p); err != nil {
		return err
	}
	if p.Info.ID == "" {
		return fmt.Errorf("message without an id")
	}
	c.noteMessage(&p.Info)
	return nil
}

// noteMessage takes what is said of a message, once or again.
func (c *converter) noteMessage(info *messageInfo) {
	t := &c.turn
	if info.ID <= c.floor || !t.active {
		return
	}
	m := c.messages[info.ID]
	if m == nil {
		m = &message{session: info.SessionID, role: info.Role}
		c.messages[info.ID] = m
		c.messageBegins(info)
	}
	if m.role != roleAssistant {
		return
	}
	m.hidden = m.hidden || string(info.Summary) == "true" || info.Mode == "compaction"
	if info.Error != nil && !m.errored {
		m.errored = true
		c.messageFailed(info)
	}
	if info.SessionID == c.root && info.Finish != "" && !m.hidden {
		t.finish = info.Finish
	}
	if info.Time.Completed == nil || m.completed {
		return
	}
	m.completed = true
	if info.SessionID == c.root && t.idle && !t.ending && !c.hasOpenMessage() {
		c.finish()
	}
}

func (c *converter) messageBegins(info *messageInfo) {
	t := &c.turn
	if info.SessionID != c.root {
		return
	}
	t.begun = true
	if info.Role == roleUser {
		t.users = append(t.users, info.ID)
		return
	}
	// The agent goes on, whatever went wrong before.
	t.failure, t.finish, t.idle = nil, "", false
}

// messageFailed deals with the error of a message, which mostly was told
// before.
func (c *converter) messageFailed(info *messageInfo) {
	t := &c.turn
	if info.Error.aborted() {
		if info.SessionID == c.root {
			t.interrupted = true
		}
		return
	}
	e := info.Error.event()
	if t.failure != nil && t.failure.Message == e.Message {
		return
	}
	if info.SessionID == c.root {
		c.fail(e)
		return
	}
	c.emit(universal.TypeError, e)
}

// messageRemoved forgets a message that was taken back.
func (c *converter) messageRemoved(h head) error {
	var p struct {
		MessageID string `json:"messageID"`
	}
	if err := json.Unmarshal(h.properties, &p); err != nil {
		return err
	}
	for _, id := range c.partsOf(func(k *part) bool { return k.message == p.MessageID }) {
		c.closePart(c.parts[id], universal.StatusCancelled)
	}
	delete(c.messages, p.MessageID)
	return nil
}

// partsOf lists the open parts that match, in their order.
func (c *converter) partsOf(match func(*part) bool) []string {
	var ids []string
	for id, k := range c.parts {
		if !k.closed && match(k) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return c.parts[a].order - c.parts[b].order })
	return ids
}

// abandon closes what a session was saying: the try that it belongs to is void.
func (c *converter) abandon(session string) {
	for _, id := range c.partsOf(func(k *part) bool { return k.session == session && k.kind != partTool }) {
		c.closePart(c.parts[id], universal.StatusFailed)
	}
}

// closeParts closes what is open at the end of the turn.
func (c *converter) closeParts(stop universal.StopReason) {
	status := universal.StatusCompleted
	switch stop {
	case universal.StopInterrupted:
		status = universal.StatusCancelled
	case universal.StopError:
		status = universal.StatusFailed
	}
	for _, id := range c.partsOf(func(*part) bool { return true }) {
		c.closePart(c.parts[id], status)
	}
}

// sessionCompacted tells that a conversation was shortened.
func (c *converter) sessionCompacted(h head) error {
	if h.session == c.root {
		c.endCompaction(universal.StatusCompleted, h.session)
	}
	return nil
}

func (c *converter) beginCompaction(key, detail string) {
	t := &c.turn
	if t.compacting != "" {
		return
	}
	t.compacting = key
	c.emit(universal.TypeItemStarted, &universal.ItemData{Item: statusItem(key, "compacting", detail, universal.StatusInProgress)})
}

// endCompaction ends the item of a compaction. One that nobody saw begin is told
// under a key of its own.
func (c *converter) endCompaction(status universal.ItemStatus, otherwise string) {
	key := c.turn.compacting
	if key == "" && otherwise == "" {
		return
	}
	c.turn.compacting = ""
	label := "compacted"
	if status != universal.StatusCompleted {
		label = "compacting"
	}
	c.complete(statusItem(cmp.Or(key, "compaction:"+otherwise), label, "", status))
}
