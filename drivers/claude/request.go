package claude

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/elicitation"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/oneline"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/question"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

var errRequestedAgain = errors.New("a request with this id is open")

type requestKind int

const (
	askPermission  requestKind = iota
	askQuestions               // AskUserQuestion
	askPlan                    // ExitPlanMode
	askElicitation             // of an MCP server
)

// request is something that the CLI wants to know from a person and waits for.
type request struct {
	id        string // the CLI's request id
	order     int
	kind      requestKind
	toolUseID string
	agentID   string // the sub-agent that asks; "" for the main agent
	input     json.RawMessage
	rules     []json.RawMessage // permission updates that "always" sends along
	form      elicitation.Request

	permission universal.PermissionData // as it was requested
	question   universal.QuestionData   // as it was requested
}

// controlRequest is the CLI asking us. What is not understood is refused: the
// CLI would wait for ever.
func (c *converter) controlRequest(line []byte) error {
	var l controlRequest
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	if c.requests[l.RequestID] != nil {
		return errRequestedAgain
	}
	r, err := c.readRequest(&l)
	if err != nil {
		c.refuse = append(c.refuse, l.RequestID)
		return err
	}
	if r.agentID == "" && r.kind != askElicitation {
		c.begin()
	}
	c.requests[r.id] = r
	if r.kind == askPermission {
		data := r.permission
		c.emit(universal.TypePermissionRequested, &data)
		return nil
	}
	data := r.question
	c.emit(universal.TypeQuestionRequested, &data)
	return nil
}

func (c *converter) readRequest(l *controlRequest) (*request, error) {
	var h head
	if err := json.Unmarshal(l.Request, &h); err != nil {
		return nil, err
	}
	c.callsN++
	r := &request{id: l.RequestID, order: c.callsN}
	switch h.Subtype {
	case "elicitation":
		return r, r.readElicitation(l.Request)
	case "can_use_tool":
		return r, c.readToolRequest(r, l.Request)
	}
	return nil, fmt.Errorf("unknown control request %q; it was refused", h.Subtype)
}

// readToolRequest tells the tools that ask something of the person from those
// that want a permission.
func (c *converter) readToolRequest(r *request, raw json.RawMessage) error {
	var l toolRequest
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	r.toolUseID, r.agentID, r.input = l.ToolUseID, l.AgentID, oneline.JSON(l.Input)
	switch l.ToolName {
	case toolAsk:
		r.kind = askQuestions
		questions, err := question.ReadAsked(r.input)
		if err != nil {
			return err
		}
		r.question = question.Data(c.questionID(r), r.toolUseID, questions)
	case toolExitPlan:
		r.kind = askPlan
		r.question = question.Data(c.questionID(r), r.toolUseID, []universal.Question{planQuestion(c.planText(r))})
	default:
		r.kind = askPermission
		c.readPermission(r, &l)
	}
	return nil
}

// questionID is the call's id, as clients know it; a call that asks twice
// falls back on the request's.
func (c *converter) questionID(r *request) string {
	if r.toolUseID == "" || c.asked[r.toolUseID] {
		return r.id
	}
	c.asked[r.toolUseID] = true
	return r.toolUseID
}

// controlCancel is the CLI withdrawing a request: it wants no answer.
func (c *converter) controlCancel(line []byte) error {
	var l struct {
		RequestID string `json:"request_id"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	if r := c.requests[l.RequestID]; r != nil {
		c.withdraw(r)
	}
	return nil
}

const withdrawn = "the agent withdrew the request"

func (c *converter) withdraw(r *request) {
	delete(c.requests, r.id)
	if r.kind == askPermission {
		data := r.permission
		data.Status, data.Message = universal.PermissionReject, withdrawn
		c.emitOwn(universal.TypePermissionResolved, &data)
		return
	}
	data := r.question
	data.Status, data.Message = universal.QuestionRejected, withdrawn
	c.emitOwn(universal.TypeQuestionResolved, &data)
}

// dropRequests withdraws what was asked in a turn that has ended. While there
// are background tasks, a sub-agent may be one of them, or part of one, and
// still waits.
func (c *converter) dropRequests() {
	c.withdrawAll(func(r *request) bool { return r.agentID == "" || len(c.tasks.running) == 0 })
}

// withdrawAll withdraws the requests that match, in their order.
func (c *converter) withdrawAll(match func(*request) bool) {
	var open []*request
	for _, r := range c.requests {
		if match(r) {
			open = append(open, r)
		}
	}
	slices.SortFunc(open, func(a, b *request) int { return a.order - b.order })
	for _, r := range open {
		c.withdraw(r)
	}
}

// openPermission and openQuestion find what a reply is for.
func (c *converter) openPermission(id string) *request {
	if r := c.requests[id]; r != nil && r.kind == askPermission {
		return r
	}
	return nil
}

func (c *converter) openQuestion(id string) *request {
	for _, r := range c.requests {
		if r.kind != askPermission && r.question.QuestionID == id {
			return r
		}
	}
	return nil
}
