package claude

import (
	"encoding/json"
	"slices"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// turn pairs the CLI's turns with those of the session. They differ: the CLI
// begins turns by itself when a background task comes back, folds a message
// into a running turn, merges waiting messages into one turn, or runs a steered
// message as a turn of its own.
type turn struct {
	// owner is the message that opened the session's turn; only the result
	// that answers it ends that turn.
	owner     string
	ownerSeen bool // the CLI has begun with it

	// open says that a turn is open that nobody sent a message for.
	open bool

	steered []string // messages that were sent while a turn ran, unanswered
	current []string // messages that the CLI's own turn answers, as it began
	failed  bool     // an error event was emitted
	tooLong bool     // the answer was longer than the model may give
}

// message notes one of our messages: the first one opens the session's turn,
// a further one is steered into it.
func (t *turn) message(uuid string) {
	if t.owner != "" {
		t.steered = append(t.steered, uuid)
		return
	}
	t.owner, t.ownerSeen = uuid, false
	// A turn that the agent had just begun by itself goes on inside this one.
	t.open = false
}

// forget takes back a message that could not be written.
func (t *turn) forget(uuid string) {
	if t.owner == uuid {
		t.owner, t.ownerSeen = "", false
		return
	}
	t.steered = slices.DeleteFunc(t.steered, func(u string) bool { return u == uuid })
}

func (t *turn) active() bool { return t.owner != "" || t.open }

// begin makes sure that a turn is open, for what the main agent does.
func (c *converter) begin() {
	t := &c.turn
	if t.active() {
		return
	}
	origin := universal.OriginAgent
	if slices.ContainsFunc(t.current, func(u string) bool { return slices.Contains(t.steered, u) }) {
		origin = universal.OriginUser
	}
	t.open, c.beganTurn = true, true
	c.emit(universal.TypeTurnStarted, &universal.TurnStartedData{Phase: universal.PhaseStarted, Origin: origin})
}

// initLine reads what may have changed. That a turn begins is believed only
// when the agent does something: the line also comes with /clear.
func (c *converter) initLine(line []byte) error {
	var l initLine
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	if slices.Contains(l.Capabilities, "msg_lifecycle_v1") {
		c.lifecycle = true
	}
	c.turn.current = l.UserMessages
	if c.turn.owner != "" && (slices.Contains(l.UserMessages, c.turn.owner) || !c.lifecycle) {
		c.turn.ownerSeen = true
	}
	c.cwd = l.Cwd
	if c.directory == "" { // a later one may be where a command has gone to
		c.directory = l.Cwd
	}
	var changed universal.SessionUpdatedData
	if l.Model != "" && l.Model != c.model {
		c.model = l.Model
		changed.Model = l.Model
	}
	c.sessionChanged(l.SessionID, &changed)
	c.modeChanged(l.PermissionMode, &changed)
	changed.Commands = c.commands.hide(l.OnlyTerminal)
	c.emitChanged(&changed)
	return nil
}

// lifecycleLine tells what becomes of a message of ours.
func (c *converter) lifecycleLine(line []byte) error {
	var l struct {
		UUID  string `json:"command_uuid"`
		State string `json:"state"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	c.lifecycle = true
	t := &c.turn
	switch {
	case l.State == "started" && l.UUID == t.owner:
		t.ownerSeen = true
	case l.State == "cancelled" && l.UUID == t.owner && !t.ownerSeen:
		// It was taken out of the CLI's queue by an interrupt, and no result
		// will answer it.
		c.endTurn(universal.StopInterrupted, nil)
	case l.State == "cancelled" || l.State == "completed":
		t.steered = slices.DeleteFunc(t.steered, func(u string) bool { return u == l.UUID })
	}
	return nil
}

// resultLine ends a turn of the CLI, and the session's turn when it is that
// one's.
func (c *converter) resultLine(line []byte) error {
	var l resultLine
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	t := &c.turn
	var changed universal.SessionUpdatedData
	c.sessionChanged(l.SessionID, &changed)
	c.emitChanged(&changed)

	stop := stopReason(&l)
	if stop == universal.StopError && t.tooLong {
		stop = universal.StopMaxTokens // 2.1.197 says so in the message only
	}
	if l.IsError && !t.failed && stop != universal.StopInterrupted && stop != universal.StopMaxTurns {
		c.emit(universal.TypeError, resultError(&l))
	}
	c.closeOpenBlocks(stop)
	c.compact.finish(c)
	c.dropRequests()
	usage := c.usage.result(&l)

	answers := slices.Contains(l.UserMessages, t.owner)
	if !answers && len(l.UserMessages) == 0 && l.Origin == nil {
		// A CLI that doesn't name messages: the turn it ends is the one that
		// is known to have begun.
		answers = t.ownerSeen || !c.lifecycle
	}
	t.steered = slices.DeleteFunc(t.steered, func(u string) bool { return !c.lifecycle || slices.Contains(l.UserMessages, u) })
	t.current, t.failed, t.tooLong = nil, false, false
	clear(c.asked)
	switch {
	case t.owner != "" && answers, t.owner == "" && t.open:
		c.endTurn(stop, usage)
	}
	return nil
}

func (c *converter) endTurn(stop universal.StopReason, usage *universal.Usage) {
	c.turn.owner, c.turn.ownerSeen, c.turn.open = "", false, false
	c.usage.turnEnded()
	c.tasks.turnEnded()
	c.spare = nil // an idle session holds nothing that it doesn't need
	if d := c.changes.Session(); d != nil {
		c.emit(universal.TypeDiffUpdated, d)
	}
	c.changes.Begin() // the next one
	c.emit(universal.TypeTurnEnded, &universal.TurnEndedData{Phase: universal.PhaseEnded, StopReason: stop, Usage: usage})
}

func stopReason(l *resultLine) universal.StopReason {
	switch {
	case l.interrupted():
		return universal.StopInterrupted
	case l.Subtype == "error_max_turns":
		return universal.StopMaxTurns
	case l.APIError == "max_output_tokens" || l.StopReason == "max_tokens":
		return universal.StopMaxTokens
	case l.StopReason == "refusal":
		return universal.StopRefusal
	case l.IsError:
		return universal.StopError
	}
	return universal.StopEndTurn
}
