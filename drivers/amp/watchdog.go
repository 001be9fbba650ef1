package amp

import (
	"fmt"
	"time"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// limit is a place where the CLI may hang for ever without a word, and how long
// its silence is borne there.
type limit int

const (
	// noLimit: a tool runs, a sub-agent works, or a person is asked. These may
	// take days.
	noLimit limit = iota
	// limitBegin: nothing was printed yet. Native builds print their first line
	// when the model begins; a build without a login would wait for a browser.
	limitBegin
	// limitModel: the model thinks, or its stream has stalled: the CLI prints
	// neither pieces nor signs of life, and no time limit of its own was seen.
	// So it has to be longer than any one message of a model takes.
	limitModel
	// limitOpen: the same, while the CLI could still be given a message. It is
	// told then that none comes: in some places that makes it end, where it would
	// wait otherwise, and nowhere does it harm.
	limitOpen
	// limitHeld: somebody asks about a call that was not told yet. It is asked
	// without the call then.
	limitHeld
	// limitSaid: the model has said its last word and the result is to come.
	limitSaid
	// limitCut: the model has stopped without saying why. The JavaScript builds
	// hang there.
	limitCut
	// limitResult: the result is there, and the process has to end.
	limitResult
)

func (l limit) duration() time.Duration {
	switch l {
	case limitBegin:
		return 3 * time.Minute
	case limitModel:
		return 30 * time.Minute
	case limitOpen:
		return time.Minute
	case limitHeld:
		return 2 * time.Second
	case limitSaid:
		return 5 * time.Minute
	case limitCut:
		return 5 * time.Second
	case limitResult:
		return 10 * time.Second
	}
	return 0
}

// problem is what is told of a turn that hung.
func (l limit) problem() *universal.ErrorData {
	d := &universal.ErrorData{Code: "stalled", Category: universal.CategoryNetwork, Retryable: true}
	switch l {
	case limitBegin:
		d.Message = fmt.Sprintf("amp said nothing for %v after its start; is it logged in, and its service reachable?", l.duration())
	default:
		d.Message = fmt.Sprintf("the model said nothing for %v; the turn was given up", l.duration())
	}
	return d
}

// limit is the one that holds now.
func (c *converter) limit() limit {
	t := &c.turn
	switch {
	case t.result != nil:
		return limitResult
	case len(c.held) > 0:
		return limitHeld
	case !t.begun:
		return limitBegin
	case len(c.calls) > 0 || len(c.requests) > 0:
		return noLimit
	case t.open:
		return limitOpen
	case t.cut:
		return limitCut
	case t.said && t.echoed >= t.sent:
		return limitSaid
	}
	return limitModel
}
