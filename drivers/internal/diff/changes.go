package diff

import "github.com/sandbox-agent/sandbox-agent/universal"

// Changes are what single edits have changed together, in a turn and in a
// session. It is for agents that tell each edit, and no more. The zero value is
// ready.
type Changes struct {
	turn, session total
	changed       bool // in the turn
}

// total is the changes of a scope.
type total struct {
	sum  Sum
	lost bool // there was one that isn't known, or didn't fit: the rest would be wrong
}

// Begin begins a turn.
func (c *Changes) Begin() { c.turn, c.changed = total{}, false }

// Add takes the diff of an edit in git's form, "" where nobody told it.
func (c *Changes) Add(text string) {
	c.turn.add(text)
	c.session.add(text)
	c.changed = true
}

func (t *total) add(text string) {
	if t.lost = t.lost || text == "" || !t.sum.Add(text); t.lost {
		t.sum = Sum{}
	}
}

// Turn is what the turn has changed so far, nil if that is nothing or unknown.
func (c *Changes) Turn() *universal.DiffData { return c.tell(universal.DiffTurn, &c.turn) }

// Session is what the session has changed, nil if the turn has changed nothing
// or that is unknown.
func (c *Changes) Session() *universal.DiffData { return c.tell(universal.DiffSession, &c.session) }

func (c *Changes) tell(scope universal.DiffScope, t *total) *universal.DiffData {
	if !c.changed || t.lost {
		return nil
	}
	text := t.sum.String()
	return &universal.DiffData{Scope: scope, Diff: text, Files: Files(text)}
}
