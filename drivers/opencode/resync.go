package opencode

import (
	"encoding/json"
	"fmt"
)

// The event stream breaks: what happens until it is connected again is told by
// nobody. Then the state of the running turn is read, one thing after the other,
// and taken as if it had been told: the sub-agents, what was said, which
// requests are open, and last whether the turn still runs. All that the
// converter knows already is no news to it; events that come meanwhile are
// taken as ever.

// streamDown notes that pieces of what is being said will be missing.
func (c *converter) streamDown() {
	c.lost = true
	for _, k := range c.parts {
		if !k.closed {
			k.gap = true
		}
	}
}

// streamUp begins to read what has happened.
func (c *converter) streamUp() {
	c.lost = false
	c.rereads = nil
	if c.turn.active && !c.turn.ending {
		c.reread(purposeChildren, "/session/"+c.root+"/children")
		c.nextReread()
	}
}

// reread puts off a request until those before it are answered: what they tell
// builds on each other.
func (c *converter) reread(kind purposeKind, path string) {
	c.rereads = append(c.rereads, wanted{wireRequest{Method: "GET", Path: path, Query: c.query()}, purpose{kind: kind}})
}

func (c *converter) nextReread() {
	if len(c.rereads) > 0 && c.turn.active && !c.turn.ending {
		c.wants = append(c.wants, c.rereads[0])
		c.rereads = c.rereads[1:]
	}
}

// childrenAnswered makes the sub-agents known that were started meanwhile, and
// says what else is read.
func (c *converter) childrenAnswered(a *answered) error {
	var children []sessionInfo
	if a.ok() {
		if err := json.Unmarshal(a.body, &children); err != nil {
			return fmt.Errorf("sub-agents: %w", err)
		}
	}
	for _, child := range children {
		if child.ParentID == c.root && c.agents[child.ID] == nil {
			c.claims = append(c.claims, child.ID)
			c.agent(child.ID)
		}
	}
	// The main agent's messages come first: they have the calls that the
	// sub-agents belong to.
	for _, id := range c.family() {
		c.reread(purposeMessages, "/session/"+id+"/message")
	}
	c.reread(purposeAsks, "/permission")
	c.reread(purposeQuestions, "/question")
	c.reread(purposeStatus, "/session/status")
	return nil
}

// messagesAnswered takes the messages of a session and their parts.
func (c *converter) messagesAnswered(a *answered) error {
	if !a.ok() || !c.turn.active {
		return nil
	}
	var messages []struct {
		Info  messageInfo  `json:"info"`
		Parts []nativePart `json:"parts"`
	}
	if err := json.Unmarshal(a.body, &messages); err != nil {
		return fmt.Errorf("messages: %w", err)
	}
	for i := range messages {
		m := &messages[i]
		// The parts first: a message that is complete ends nothing before what
		// it says is known. A new one has to be known before its parts, so it
		// is noted as it began.
		began := m.Info
		began.Time.Completed, began.Error = nil, nil
		c.noteMessage(&began)
		for j := range m.Parts {
			if err := c.notePart(&m.Parts[j]); err != nil {
				c.unparsed("messages", err)
			}
		}
		c.noteMessage(&m.Info)
	}
	return nil
}
