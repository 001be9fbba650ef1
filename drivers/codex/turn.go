package codex

import (
	"cmp"
	"encoding/json"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// turn is the session's turn. It has one turn of Codex's inside, or several
// where a plan is approved.
type turn struct {
	active  bool
	id      string  // of Codex's turn, "" while unknown and while none runs
	ended   string  // id of the last one that is over
	failed  bool    // its error was told
	retry   string  // the cause of the retries that were told
	patched patched // by Codex's turn, so far
}

// turnRequested notes that a turn is about to be asked for.
func (c *converter) turnRequested() {
	c.turn.active = true
	c.plan.waiting = false
}

// turnAnswered reads the answer to that. It may come after the turn's lines.
func (c *converter) turnAnswered(result json.RawMessage) {
	var l struct {
		Turn struct {
			ID string `json:"id"`
		} `json:"turn"`
	}
	if json.Unmarshal(result, &l) == nil && c.turn.active && c.turn.id == "" && l.Turn.ID != c.turn.ended {
		c.turn.id = l.Turn.ID
	}
}

// isTurn tells whether a turn of Codex's is the one that runs. A line of it may be
// what tells its id.
func (c *converter) isTurn(id string) bool {
	t := &c.turn
	if t.active && t.id == "" && id != t.ended && !c.plan.waiting {
		t.id = id
	}
	return t.active && id == t.id
}

// turnRefused takes back a turn that Codex did not begin.
func (c *converter) turnRefused() {
	if c.turn.id == "" {
		c.turn.active = false
	}
}

func (c *converter) turnStarted(th *thread, params []byte) error {
	var l turnLine
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	th.untold = nil // of a turn whose end nobody told
	if !c.isRoot(th) {
		th.turn, th.detached = l.Turn.ID, th.call != "" && !th.working
		return nil
	}
	// A review has a turn of its own inside, which isn't heard of again.
	id := cmp.Or(l.Turn.RootID, l.Turn.ID)
	th.turn = id
	t := &c.turn
	if !t.active {
		t.active, c.found.began = true, true
		c.emit(universal.TypeTurnStarted, &universal.TurnStartedData{Phase: universal.PhaseStarted, Origin: universal.OriginAgent})
	}
	t.id, t.failed, t.retry, t.patched, c.diff = id, false, "", nil, ""
	return nil
}

func (c *converter) turnCompleted(th *thread, params []byte) error {
	var l turnLine
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	th.turn = ""
	if !c.isRoot(th) {
		c.agentEnded(th, &l.Turn)
		return nil
	}
	t := &c.turn
	if !t.active || t.id != "" && l.Turn.ID != t.id {
		return nil // it was over
	}
	stop := universal.StopEndTurn
	switch l.Turn.Status {
	case "interrupted":
		stop = universal.StopInterrupted
	case "failed":
		stop = c.turnFailed(l.Turn.Error)
	}
	c.closeTurn(th, stop)
	t.ended, t.id = l.Turn.ID, ""
	if stop == universal.StopEndTurn && c.askPlan(l.Turn.ID) {
		return nil
	}
	c.endTurn(stop)
	return nil
}

// closeTurn lets go of what belongs to a turn: what is open closes with it, but
// for commands and sub-agents that go on.
func (c *converter) closeTurn(th *thread, stop universal.StopReason) {
	for _, k := range sortedKeys(c.items) {
		it := c.items[k]
		if it.thread != th || it.turn != c.turn.id {
			continue
		}
		if stop == universal.StopEndTurn && it.kind == "commandExecution" && it.called {
			c.detachCommand(it)
			continue
		}
		c.cutCommand(it)
		delete(c.items, k)
	}
	c.dropRaws(th)
	c.dropRequests(th)
	c.countUntold(th)
	c.tellChanges()
	if stop == universal.StopEndTurn {
		c.detachAgents(th)
	}
}

func (c *converter) endTurn(stop universal.StopReason) {
	c.emit(universal.TypeTurnEnded, c.ending(stop))
}

// ending ends the session's turn.
func (c *converter) ending(stop universal.StopReason) *universal.TurnEndedData {
	c.turn.active, c.turn.id = false, ""
	return &universal.TurnEndedData{Phase: universal.PhaseEnded, StopReason: stop, Usage: c.usage.turn()}
}

// running lists the turns of Codex's that an interrupt has to end, that of the
// main agent last, and the commands that run in them.
func (c *converter) running() (turns []interruptParams, commands []runningCommand) {
	for _, id := range sortedKeys(c.threads) {
		if th := c.threads[id]; th.turn != "" && !c.isRoot(th) {
			turns = append(turns, interruptParams{th.id, th.turn})
		}
	}
	if c.turn.active && c.turn.id != "" {
		turns = append(turns, interruptParams{c.root, c.turn.id})
	}
	for _, k := range sortedKeys(c.items) {
		it := c.items[k]
		if it.kind == "commandExecution" && (!c.isRoot(it.thread) || it.turn == c.turn.id) {
			commands = append(commands, runningCommand{it.thread.id, it.native, it.processID})
		}
	}
	return turns, commands
}

// runs tells whether a turn of Codex's has not ended.
func (c *converter) runs(t interruptParams) bool {
	if t.ThreadID == c.root {
		return c.turn.active && c.turn.id == t.TurnID
	}
	th := c.threads[t.ThreadID]
	return th != nil && th.turn == t.TurnID
}

// runningCommand is a command that may run. Of one that had to be allowed first,
// Codex tells the process only when it has ended.
type runningCommand struct{ thread, item, process string }
