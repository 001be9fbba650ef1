package amp

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/oneline"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/question"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// asked is something that waits for a person.
type asked struct {
	number     int // of the request on the side channel
	order      int
	toolUseID  string
	report     bool                      // the result is wanted too
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
	if c.comesEarly(&l.Request) {
		c.held = append(c.held, heldRequest{channelLine: l, raw: slices.Clone(line)})
		return nil
	}
	return c.request(&l)
}

// heldRequest is a request that waits for its call to be told.
type heldRequest struct {
	channelLine
	raw []byte // its line
}

// comesEarly tells whether a request is for a call that the CLI is going to
// tell. January's build asks before it prints the call; the others print it
// first, but on a busy machine what they print can be read after what is asked
// on the side channel. The calls of a sub-agent are never told.
func (c *converter) comesEarly(r *request) bool {
	switch {
	case r.Kind == kindQuestion && r.ToolUseID == "": // a tool server doesn't know by which call it was called
		return c.unansweredAsker() == ""
	case c.calls[r.ToolUseID] != nil:
		return false
	case r.Kind == kindQuestion:
		return true
	case r.Kind != kindTool || !c.rules.asks(r.Tool):
		return false
	}
	for _, k := range c.calls {
		if toolKind(k.name) == universal.ToolSubagent {
			return false
		}
	}
	return true
}

// release asks what was held back, as far as its calls were told by now; all of
// it if it was held for too long.
func (c *converter) release(dst []universal.Event) []universal.Event {
	c.out = dst
	c.releaseHeld(func(*request) bool { return true })
	dst, c.out = c.out, nil
	return dst
}

func (c *converter) releaseHeld(may func(*request) bool) {
	held := c.held
	c.held = nil
	for i := range held {
		l := &held[i]
		if !may(&l.Request) {
			c.held = append(c.held, *l)
			continue
		}
		told := c.raw
		c.raw = l.raw
		if err := c.request(&l.channelLine); err != nil {
			c.unparsed(typeChannel+"/request", err)
		}
		c.raw = told
	}
}

// request takes a request.
func (c *converter) request(l *channelLine) error {
	r := &l.Request
	r.Input = oneline.JSON(r.Input)
	switch {
	case r.Kind == kindAlive:
		// Later it is nobody's but a command's that the model has thought of.
		if !c.turn.begun || c.turn.lost {
			c.alive, c.turn.lost = l.ID, false
		}
		return nil
	case r.Kind == kindResult:
		c.allow(l.ID, false)
		return c.reported(r)
	case r.Kind == kindQuestion:
		return c.ask(l.ID, r)
	case r.Kind != kindTool || r.Tool == "":
		c.refuse(l.ID, "sandbox-agent does not know this kind of request")
		return fmt.Errorf("unknown request %q; it was refused", r.Kind)
	}
	c.subagentCall(r)
	k := c.calls[r.ToolUseID]
	report := k != nil && k.reported
	if !c.rules.asks(r.Tool) {
		c.allow(l.ID, report)
		return nil
	}
	p := c.permission(r)
	c.open(&asked{number: l.ID, toolUseID: r.ToolUseID, report: report, permission: p})
	data := *p
	c.emit(universal.TypePermissionRequested, &data)
	return nil
}

func (c *converter) ask(number int, r *request) error {
	questions, err := question.ReadAsked(r.Input)
	if err != nil {
		c.refuse(number, "The questions can't be read: "+err.Error())
		return nil // the model is told, and its call shows what it asked
	}
	id := c.requestID(r.ToolUseID)
	item := r.ToolUseID
	if item == "" {
		item = c.unansweredAsker()
	}
	q := question.Data(id, item, questions)
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

func (c *converter) allow(number int, report bool) {
	c.answers = append(c.answers, answerLine{Type: typeAnswer, ID: number, Answer: answer{Action: actionAllow, Report: report}})
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
	c.held = slices.DeleteFunc(c.held, func(h heldRequest) bool { return h.ID == l.ID })
	if a := c.requests[l.ID]; a != nil {
		c.withdraw(a)
	}
	if l.ID == c.alive {
		c.turn.lost = true
		c.guard()
	}
	return nil
}

// leftLine tells that the CLI is done with our plugin: it ends its turn, or loads
// its plugins once more. If it does neither, its next call shows that.
func (c *converter) leftLine(line []byte) error {
	var l channelLine
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	if l.ID != c.alive {
		return c.goneLine(line)
	}
	c.turn.lost = true
	return nil
}

// guard stops a CLI that works on without our plugin: it would run whatever its
// model wants, unasked.
func (c *converter) guard() {
	t := &c.turn
	if t.lost && t.begun && t.result == nil && !c.rules.bypass && !c.isAnswered() {
		c.fatal = errPluginLost
	}
}

const withdrawn = "the agent withdrew the request"

func (c *converter) withdraw(a *asked) {
	delete(c.requests, a.number)
	if k := c.calls[a.toolUseID]; k != nil {
		k.refused = true
	}
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
