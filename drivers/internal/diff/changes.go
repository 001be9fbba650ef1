package diff

import "github.com/sandbox-agent/sandbox-agent/universal"

// Changes are what single edits have changed together, in a turn and in a
// session. It is for agents that tell each edit, and no more. The zero value is
// ready.
type Changes struct {
	turn, session Sum
	changed       bool // in the turn
}

// Begin begins a turn.
func (c *Changes) Begin() { c.turn, c.changed = Sum{}, false }

// Add takes what has become of the file with a name: a diff in git's form, ""
// where nobody told it.
func (c *Changes) Add(name, text string) {
	c.changed = true
	for _, s := range [...]*Sum{&c.turn, &c.session} {
		if text == "" {
			s.Lose(name)
		} else {
			s.Add(text)
		}
	}
}

// Turn is what the turn has changed so far, nil if that is nothing.
func (c *Changes) Turn() *universal.DiffData {
	if !c.changed {
		return nil
	}
	return c.turn.Data(universal.DiffTurn)
}

// Session is what the session has changed, nil if the turn has changed nothing.
func (c *Changes) Session() *universal.DiffData {
	if !c.changed {
		return nil
	}
	return c.session.Data(universal.DiffSession)
}
