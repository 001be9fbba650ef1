package codex

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/elicitation"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/question"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

type requestKind int

const (
	askCommand     requestKind = iota // a permission for a command
	askPatch                          // for a file change
	askProfile                        // for more rights for the rest of the turn
	askTool                           // for a tool of a tool server
	askQuestions                      // of the model
	askElicitation                    // of a tool server
	askAsync                          // of the model, which doesn't wait
	askToBuild                        // whether a plan is carried out
)

func (k requestKind) isPermission() bool { return k <= askTool }

// request is something that wants to be known from a person.
type request struct {
	id     string          // ours
	native json.RawMessage // Codex's; nil where no answer of the protocol is waited for
	order  int
	kind   requestKind
	thread *thread
	turn   string // of Codex
	item   *item  // that waits; nil if unknown

	questions []nativeQuestion
	form      elicitation.Request
	profile   json.RawMessage // the rights that are wanted
	answer    string          // what was answered, as text

	permission universal.PermissionData // as it was requested
	question   universal.QuestionData   // as it was requested
}

// serverRequest is Codex asking us. The error says why nobody can answer: Codex
// would wait for ever.
func (c *converter) serverRequest(th *thread, m *message) error {
	c.asked++
	r := &request{
		id:     fmt.Sprintf("%s:%d", c.start, c.asked),
		native: append(json.RawMessage(nil), m.id...),
		order:  c.asked,
		thread: th,
	}
	var err error
	switch m.method {
	case "item/commandExecution/requestApproval":
		err = c.readCommandApproval(r, m.params)
	case "item/fileChange/requestApproval":
		err = c.readPatchApproval(r, m.params)
	case "item/permissions/requestApproval":
		err = c.readProfileApproval(r, m.params)
	case "mcpServer/elicitation/request":
		err = c.readElicitation(r, m.params)
	case "item/tool/requestUserInput":
		err = c.readUserInput(r, m.params)
	default:
		err = errors.New("unknown request")
	}
	if err != nil {
		return err
	}
	c.ask(r)
	return nil
}

// ask opens a request.
func (c *converter) ask(r *request) {
	c.requests[r.id] = r
	if r.kind.isPermission() {
		data := r.permission
		c.emit(universal.TypePermissionRequested, &data)
		return
	}
	data := r.question
	c.emit(universal.TypeQuestionRequested, &data)
}

// requestResolved tells that Codex waits no more: it got our answer, or has
// withdrawn the request.
func (c *converter) requestResolved(_ *thread, params []byte) error {
	var l struct {
		RequestID json.RawMessage `json:"requestId"`
	}
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	for _, id := range sortedKeys(c.requests) {
		if r := c.requests[id]; r.native != nil && string(r.native) == string(l.RequestID) {
			c.withdraw(r)
		}
	}
	for id, r := range c.answered {
		if string(r.native) == string(l.RequestID) {
			delete(c.answered, id)
			c.answerTaken(r)
		}
	}
	return nil
}

// answerTaken tells the result of a question whose call leaves neither an item
// nor a raw one.
func (c *converter) answerTaken(r *request) {
	if r.kind != askQuestions || r.item == nil || c.raws[r.item.key] != nil {
		return
	}
	delete(c.items, r.item.key)
	c.completeResult(r.item, universal.StatusCompleted, r.answer)
}

const withdrawn = "the agent withdrew the request"

func (c *converter) withdraw(r *request) {
	delete(c.requests, r.id)
	if r.kind.isPermission() {
		data := r.permission
		data.Status, data.Message = universal.PermissionReject, withdrawn
		c.emitOwn(universal.TypePermissionResolved, &data)
		return
	}
	data := r.question
	data.Status, data.Message = universal.QuestionRejected, withdrawn
	c.emitOwn(universal.TypeQuestionResolved, &data)
}

// dropRequests withdraws what was asked in a turn that is over: Codex does it
// later, or not at all.
func (c *converter) dropRequests(th *thread) {
	var open []*request
	for _, r := range c.requests {
		if r.thread == th {
			open = append(open, r)
		}
	}
	slices.SortFunc(open, func(a, b *request) int { return a.order - b.order })
	for _, r := range open {
		c.withdraw(r)
	}
	for id, r := range c.answered {
		if r.thread == th {
			delete(c.answered, id)
		}
	}
}

// taken notes that a request is answered; false if it isn't open.
func (c *converter) taken(r *request) bool {
	if c.requests[r.id] != r {
		return false
	}
	delete(c.requests, r.id)
	if r.native != nil {
		c.answered[r.id] = r
	}
	return true
}

func notOpen(what, id string) error {
	return universal.InvalidRequest("%s %s is not open: unknown or already answered", what, id).With("reason", "not_open")
}

// find returns an open request.
func (s *session) find(what, id string, permission bool) (*request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.conv.requests[id]
	if r == nil || r.kind.isPermission() != permission {
		return nil, notOpen(what, id)
	}
	return r, nil
}

// ReplyPermission implements drivers.Session. Codex's answers have no room for a
// text: what a person says with a refusal is put into the turn first, so that
// the model reads it with the refusal.
func (s *session) ReplyPermission(ctx context.Context, id string, reply drivers.PermissionReply) error {
	r, err := s.find("permission", id, true)
	if err != nil {
		return err
	}
	answer, err := r.permissionAnswer(reply)
	if err != nil {
		return err
	}
	if reply.Decision == drivers.Reject {
		if err := s.say(ctx, r.thread.id, r.turn, reply.Message); err != nil {
			return fmt.Errorf("reply to permission: %w", err)
		}
	}
	return s.respond(ctx, "permission", r, answer)
}

// ReplyQuestion implements drivers.Session.
func (s *session) ReplyQuestion(ctx context.Context, id string, reply drivers.QuestionReply) error {
	r, err := s.find("question", id, false)
	if err != nil {
		return err
	}
	if err := question.Check(r.question.Questions, reply); err != nil {
		return err
	}
	switch r.kind {
	case askToBuild:
		return s.replyPlan(ctx, r, reply)
	case askAsync:
		return s.replyAsync(ctx, r, reply)
	}
	answer, err := r.questionAnswer(reply)
	if err != nil {
		return err
	}
	if reply.Answers == nil && r.kind == askElicitation {
		if err := s.say(ctx, r.thread.id, r.turn, reply.Message); err != nil {
			return fmt.Errorf("reply to question: %w", err)
		}
	}
	return s.respond(ctx, "question", r, answer)
}

// CheckAnswers implements drivers.AnswerChecker: the servers of tools say what
// their forms take.
func (s *session) CheckAnswers(id string, reply drivers.QuestionReply) error {
	r, err := s.find("question", id, false)
	if err != nil || r.kind != askElicitation {
		return nil // ReplyQuestion tells of a question that isn't open
	}
	if err := question.Check(r.question.Questions, reply); err != nil {
		return err
	}
	_, err = r.questionAnswer(reply)
	return err
}

// respond answers a request of Codex's, once.
func (s *session) respond(ctx context.Context, what string, r *request, answer any) error {
	err := s.srv.respond(ctx, r.native, answer, func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.ended {
			return errServerGone
		}
		if !s.conv.taken(r) {
			return notOpen(what, r.id)
		}
		return nil
	})
	if errors.Is(err, errServerGone) {
		err = s.gone(err)
	}
	if err != nil {
		return fmt.Errorf("reply to %s: %w", what, err)
	}
	return nil
}
