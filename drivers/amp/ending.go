package amp

import (
	"errors"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/program"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// ending is how a turn's process ended, and what we did to it.
type ending struct {
	exit        process.Exit
	interrupted bool  // we stopped it, since a person wanted that
	stalled     limit // we stopped it, since it had hung there; noLimit if not
	fatal       error // we stopped it, since it can't be worked with
}

// cancelledText is how the CLI tells that a signal ended its turn.
const cancelledText = "User cancelled"

// end appends to dst what ends the turn; crashed says that the agent died
// instead, which is for the session to tell.
func (c *converter) end(dst []universal.Event, e ending) (events []universal.Event, crashed bool) {
	c.out, c.raw = dst, nil
	defer func() { c.out = nil }()
	stop, problem, crashed := c.outcome(e)
	if crashed {
		c.turn = turn{}
		return c.out, true
	}
	if problem != nil {
		c.emit(universal.TypeError, problem)
	}
	c.withdrawAll()
	c.cutCommands()
	if d := c.changed.Session(); d != nil {
		c.emit(universal.TypeDiffUpdated, d)
	}
	ended := &universal.TurnEndedData{Phase: universal.PhaseEnded, StopReason: stop}
	if u := c.usage.turn(); u.TotalTokens != nil {
		ended.Usage = u
	}
	c.turn = turn{}
	c.emit(universal.TypeTurnEnded, ended)
	return c.out, false
}

// outcome decides how the turn ended. The CLI's word counts, if it gave one:
// its exit code is 0 also for errors, and may be 1 after an interrupt.
func (c *converter) outcome(e ending) (stop universal.StopReason, problem *universal.ErrorData, crashed bool) {
	t := &c.turn
	cancelled := t.result != nil && strings.HasPrefix(t.result.Error, cancelledText)
	switch r := t.result; {
	case e.fatal != nil && !errors.Is(e.fatal, errPluginLost):
		return universal.StopError, &universal.ErrorData{Message: e.fatal.Error(), Category: universal.CategoryInternal}, false
	case r != nil && !r.IsError && t.cut:
		return universal.StopMaxTokens, nil, false
	case r != nil && !r.IsError:
		return universal.StopEndTurn, nil, false
	case e.interrupted:
		return universal.StopInterrupted, nil, false
	case e.fatal != nil && (cancelled || r == nil && e.exit.Code != nil):
		// The plugin also goes with a CLI that ends by itself, or was killed.
		return universal.StopError, &universal.ErrorData{Message: e.fatal.Error(), Category: universal.CategoryInternal, Retryable: true}, false
	case cancelled && e.stalled == noLimit:
		return universal.StopInterrupted, nil, false
	case e.stalled == limitCut, e.stalled == limitSaid && t.cut:
		// The JavaScript builds say nothing more when an answer was too long
		// or refused, and don't tell which of the two it was.
		return universal.StopMaxTokens, nil, false
	case e.stalled == limitSaid:
		return universal.StopEndTurn, nil, false
	case e.stalled != noLimit:
		return universal.StopError, e.stalled.problem(), false
	case r != nil:
		return universal.StopError, failure(r.Error), false
	case e.exit.Signal != "" || e.exit.Code == nil || t.begun && *e.exit.Code != 0:
		return "", nil, true
	case *e.exit.Code == 0:
		return universal.StopError, &universal.ErrorData{
			Message: "amp ended without telling how its turn ended", Category: universal.CategoryInternal, Retryable: true,
		}, false
	}
	return universal.StopError, startFailure(e.exit.Code, program.Exit(e.exit).Stderr), false
}

// cutCommands tells the results of the commands that ran when their turn was
// ended; the CLI tells nothing of them. Those that a person had not allowed yet
// never ran.
func (c *converter) cutCommands() {
	var ran []string
	for id, k := range c.calls {
		if (k.asked || !c.rules.asks(k.name)) && !k.refused {
			ran = append(ran, id)
		}
	}
	slices.SortFunc(ran, func(a, b string) int { return c.calls[a].order - c.calls[b].order })
	for _, id := range ran {
		k := c.calls[id]
		command := (&result{call: k, input: decodeInput(k.input)}).command(c.cwd)
		if command == nil {
			continue
		}
		delete(c.calls, id)
		c.emitOwn(universal.TypeItemCompleted, &universal.ItemData{Item: universal.Item{
			ItemID:       id + ":result",
			NativeItemID: universal.NullString(id),
			ParentID:     universal.NullString(k.parent),
			Kind:         universal.KindToolResult,
			Role:         universal.RoleTool,
			Status:       universal.StatusCancelled,
			Content: universal.Content{
				&universal.ToolResultPart{CallID: id, Output: "[The turn ended before the command did.]", IsError: true},
				command,
			},
		}})
	}
}
