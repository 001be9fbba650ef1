package opencode

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// request is something that the agent wants to know from a person and waits for.
type request struct {
	id      string
	order   int
	session string // who asks: the session, or one of a sub-agent

	// As it was requested; one of the two.
	permission *universal.PermissionData
	question   *universal.QuestionData
}

// nativeCall names the call that waits.
type nativeCall struct {
	MessageID string `json:"messageID"`
	CallID    string `json:"callID"`
}

// waiting is the call that waits for a request; nil if it isn't known.
func (c *converter) waiting(call *nativeCall) *part {
	if call == nil {
		return nil
	}
	return c.calls[callKey(call.MessageID, call.CallID)]
}

// itemOf names the call that waits. A request of a sub-agent whose call isn't
// known belongs to the call that started it.
func (c *converter) itemOf(session string, waits *part) string {
	if waits != nil {
		return waits.id
	}
	return c.agent(session).parent
}

// open notes a request; false if it is known already, answered perhaps.
func (c *converter) open(r *request) bool {
	if c.requests[r.id] != nil || c.answered[r.id] {
		return false
	}
	c.asked++
	r.order = c.asked
	c.requests[r.id] = r
	return true
}

// replied notes that a request was answered by us.
func (c *converter) replied(id string) {
	delete(c.requests, id)
	c.answered[id] = true
}

// requestReplied tells that a request is settled. If it was not answered here,
// the agent did that itself: it rejects others along with one.
func (c *converter) requestReplied(h head) error {
	var p struct {
		RequestID string `json:"requestID"`
	}
	if err := json.Unmarshal(h.properties, &p); err != nil {
		return err
	}
	if r := c.requests[p.RequestID]; r != nil {
		c.withdraw(r)
	}
	return nil
}

const withdrawn = "the agent withdrew the request"

func (c *converter) withdraw(r *request) {
	c.replied(r.id)
	if r.permission != nil {
		data := *r.permission
		data.Status, data.Message = universal.PermissionReject, withdrawn
		c.emitOwn(universal.TypePermissionResolved, &data)
		return
	}
	data := *r.question
	data.Status, data.Message = universal.QuestionRejected, withdrawn
	c.emitOwn(universal.TypeQuestionResolved, &data)
}

// withdrawAll withdraws the requests that match, in their order, and clears them
// in the agent, which keeps what it asked in a turn that has ended.
func (c *converter) withdrawAll(match func(*request) bool) {
	for _, r := range c.openRequests(match) {
		c.withdraw(r)
		clear := wireRequest{Method: "POST", Path: "/permission/" + r.id + "/reply", Query: c.query(), Body: map[string]string{"reply": "reject"}}
		if r.question != nil {
			clear = wireRequest{Method: "POST", Path: "/question/" + r.id + "/reject", Query: c.query()}
		}
		c.wants = append(c.wants, wanted{clear, purpose{purposeClear, r.id}})
	}
}

// openRequests lists the requests that match, in their order.
func (c *converter) openRequests(match func(*request) bool) []*request {
	var open []*request
	for _, r := range c.requests {
		if match(r) {
			open = append(open, r)
		}
	}
	slices.SortFunc(open, func(a, b *request) int { return a.order - b.order })
	return open
}

// dropRequests withdraws what was asked in a turn that has ended.
func (c *converter) dropRequests() { c.withdrawAll(func(*request) bool { return true }) }

// asksAnswered takes the requests that are open, after the event stream broke:
// those that nobody knows were asked meanwhile, those that aren't there any more
// were settled.
func (c *converter) asksAnswered(a *answered, questions bool) error {
	if !a.ok() || !c.turn.active {
		return nil
	}
	var open []json.RawMessage
	if err := json.Unmarshal(a.body, &open); err != nil {
		return fmt.Errorf("open requests: %w", err)
	}
	there := map[string]bool{}
	for _, raw := range open {
		var id struct {
			ID        string `json:"id"`
			SessionID string `json:"sessionID"`
		}
		if err := json.Unmarshal(raw, &id); err != nil {
			return fmt.Errorf("open requests: %w", err)
		}
		there[id.ID] = true
		if id.SessionID != c.root && c.agents[id.SessionID] == nil {
			continue // of another session of the directory
		}
		h := head{session: id.SessionID, properties: raw}
		ask := c.permissionAsked
		if questions {
			ask = c.questionAsked
		}
		if err := ask(h); err != nil {
			return err
		}
	}
	for _, r := range c.openRequests(func(r *request) bool { return !there[r.id] && (r.question != nil) == questions }) {
		c.withdraw(r)
	}
	return nil
}
