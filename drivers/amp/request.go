package amp

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// asked is something that waits for a person.
type asked struct {
	number     int // of the request on the side channel
	order      int
	toolUseID  string
	permission *universal.PermissionData // either of them, as it was requested
	question   *universal.QuestionData
}

// requestLine is somebody inside the CLI asking. What can't be understood is
// refused: the CLI would wait for ever.
func (c *converter) requestLine(line []byte) error {
	var l channelLine
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	if c.requests[l.ID] != nil {
		return errors.New("a request with this number is open")
	}
	r := &l.Request
	r.Input = compact(r.Input)
	switch {
	case r.Kind == kindQuestion:
		return c.ask(l.ID, r)
	case r.Kind != kindTool || r.Tool == "":
		c.refuse(l.ID, "sandbox-agent does not know this kind of request")
		return fmt.Errorf("unknown request %q; it was refused", r.Kind)
	case !c.rules.asks(r.Tool):
		c.answers = append(c.answers, answerLine{Type: typeAnswer, ID: l.ID, Answer: answer{Action: actionAllow}})
		return nil
	}
	p := c.permission(r)
	c.open(&asked{number: l.ID, toolUseID: r.ToolUseID, permission: p})
	data := *p
	c.emit(universal.TypePermissionRequested, &data)
	return nil
}

func (c *converter) ask(number int, r *request) error {
	questions, err := readQuestions(r.Input)
	if err != nil {
		c.refuse(number, "The questions can't be read: "+err.Error())
		return nil // the model is told, and its call shows what it asked
	}
	id := c.requestID(r.ToolUseID)
	item := r.ToolUseID
	if item == "" {
		item = c.unansweredAsker()
	}
	q := questionData(id, item, questions)
	c.open(&asked{number: number, toolUseID: item, question: &q})
	data := q
	c.emit(universal.TypeQuestionRequested, &data)
	return nil
}

// unansweredAsker is the call of the asking tool that is open, for a tool
// server that doesn't know by which call it was called.
func (c *converter) unansweredAsker() string {
	newest, order := "", 0
	for id, k := range c.calls {
		if isAsker(k.name) && k.order > order {
			newest, order = id, k.order
		}
	}
	return newest
}

func (c *converter) open(a *asked) {
	c.callsN++
	a.order = c.callsN
	c.requests[a.number] = a
}

func (c *converter) refuse(number int, why string) {
	c.answers = append(c.answers, answerLine{Type: typeAnswer, ID: number, Answer: answer{Action: actionReject, Text: why}})
}

// requestID is the id of the call, as clients know it; one that asks without a
// call, or asks again, gets another.
func (c *converter) requestID(toolUseID string) string {
	if toolUseID != "" && c.calls[toolUseID] != nil && !c.calls[toolUseID].asked {
		c.calls[toolUseID].asked = true
		return toolUseID
	}
	return c.newKey()
}

// goneLine tells that nobody waits for the answer any more.
func (c *converter) goneLine(line []byte) error {
	var l channelLine
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	if a := c.requests[l.ID]; a != nil {
		c.withdraw(a)
	}
	return nil
}

const withdrawn = "the agent withdrew the request"

func (c *converter) withdraw(a *asked) {
	delete(c.requests, a.number)
	if a.permission != nil {
		data := *a.permission
		data.Status, data.Message = universal.PermissionReject, withdrawn
		c.emitOwn(universal.TypePermissionResolved, &data)
		return
	}
	data := *a.question
	data.Status, data.Message = universal.QuestionRejected, withdrawn
	c.emitOwn(universal.TypeQuestionResolved, &data)
}

// withdrawAll withdraws all that is open, in its order.
func (c *converter) withdrawAll() {
	var open []*asked
	for _, a := range c.requests {
		open = append(open, a)
	}
	slices.SortFunc(open, func(a, b *asked) int { return a.order - b.order })
	for _, a := range open {
		c.withdraw(a)
	}
}

// Outgoing tells the converter what is answered, before it is.
func (c *converter) Outgoing(a *asked, reply answer) {
	delete(c.requests, a.number)
	if k := c.calls[a.toolUseID]; k != nil && reply.Action == actionReject {
		k.refused = true
	}
}

// openPermission and openQuestion find what a reply is for.
func (c *converter) openPermission(id string) *asked {
	for _, a := range c.requests {
		if a.permission != nil && a.permission.PermissionID == id {
			return a
		}
	}
	return nil
}

func (c *converter) openQuestion(id string) *asked {
	for _, a := range c.requests {
		if a.question != nil && a.question.QuestionID == id {
			return a
		}
	}
	return nil
}
