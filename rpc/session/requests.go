package session

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

const (
	// refusal is what the agent is told when a person refuses without words.
	refusal     = "The user did not allow this. Do not try it again in another way; go on with what you can do without it, or say what you need."
	planRefusal = "The session is in plan mode: nothing may be changed or run. Go on planning without it."
)

// ReplyPermission answers a permission request. The first answer counts.
func (s *Session) ReplyPermission(ctx context.Context, id string, reply drivers.PermissionReply) error {
	status := universal.PermissionAccept
	switch reply.Decision {
	case drivers.Once:
	case drivers.Always:
		status = universal.PermissionAcceptForSession
	case drivers.Reject:
		status = universal.PermissionReject
		if strings.TrimSpace(reply.Message) == "" {
			reply.Message = refusal
		}
	default:
		return universal.Errorf(universal.KindUnprocessable, "unprocessable: reply is %q; choose once, always or reject", reply.Decision)
	}
	if reply.Decision != drivers.Reject {
		reply.Message = ""
	}

	s.lock()
	if s.isEnding() {
		defer s.unlock()
		return s.endedError()
	}
	r := s.ledger.findRequest(id, "")
	if r == nil {
		defer s.unlock()
		return s.unknownRequest("permission", id)
	}
	if reply.Decision == drivers.Always {
		for _, rule := range alwaysRules(r.permission) {
			s.grants[rule] = true
		}
	}
	s.resolved.add(id)
	s.ledger.ResolvePermission(id, status, reply.Message)
	s.reconsiderPermissions()
	agent := s.agent.session
	s.unlock()
	return s.reply(ctx, agent, func(ctx context.Context, agent drivers.Session) error {
		return agent.ReplyPermission(ctx, id, reply)
	})
}

// ReplyQuestion answers a question; nil answers refuse it, for which the agent's
// driver has words if nobody gave any: a plan that is refused is not a question
// without an answer. The first answer counts.
func (s *Session) ReplyQuestion(ctx context.Context, id string, reply drivers.QuestionReply) error {
	r, agent, err := s.openQuestion(id)
	if err != nil {
		return err
	}
	if err := checkAnswers(r.question.Questions, reply.Answers); err != nil {
		return err
	}
	reply.Answers = oneEach(r.question.Questions, reply.Answers)
	// What the agent can't take has to be known before it counts as the answer:
	// else nobody could give another one.
	if checker, ok := agent.(drivers.AnswerChecker); ok {
		if err := checker.CheckAnswers(id, reply); err != nil {
			return err
		}
	}
	s.lock()
	if s.isEnding() {
		defer s.unlock()
		return s.endedError()
	}
	if s.ledger.findRequest("", id) != r {
		defer s.unlock()
		return s.unknownRequest("question", id)
	}
	s.resolved.add(id)
	s.ledger.ResolveQuestion(id, reply.Answers, reply.Message)
	agent = s.agent.session
	s.unlock()
	return s.reply(ctx, agent, func(ctx context.Context, agent drivers.Session) error {
		return agent.ReplyQuestion(ctx, id, reply)
	})
}

// openQuestion finds a question that waits, and who waits for its answer.
func (s *Session) openQuestion(id string) (*ledgerRequest, drivers.Session, error) {
	s.lock()
	defer s.unlock()
	if s.isEnding() {
		return nil, nil, s.endedError()
	}
	r := s.ledger.findRequest("", id)
	if r == nil {
		return nil, nil, s.unknownRequest("question", id)
	}
	return r, s.agent.session, nil
}

// reply hands an answer to the agent. It was recorded before, so that what
// the agent does about it comes after; the client going away does not take it
// back.
func (s *Session) reply(ctx context.Context, agent drivers.Session, deliver func(context.Context, drivers.Session) error) error {
	if agent == nil {
		return universal.AgentProcessExited(s.info.ID, nil, "")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), replyTimeout)
	defer cancel()
	return deliver(ctx, agent)
}

func (s *Session) unknownRequest(what, id string) error {
	err := universal.InvalidRequest("unknown %s id: %s", what, id)
	if s.resolved.has(id) {
		err.Detail += "; it was answered already"
		return err.With("reason", "already_answered")
	}
	return err.With("reason", "unknown")
}

// checkAnswers wants at most one list of choices per question and, where no
// free text is allowed, only labels that were offered.
func checkAnswers(questions []universal.Question, answers [][]string) error {
	if answers == nil {
		return nil
	}
	if len(questions) > 0 && len(answers) > len(questions) {
		return universal.InvalidRequest("there are %d answers to %d questions", len(answers), len(questions))
	}
	given := false
	for i, choices := range answers {
		given = given || len(choices) > 0
		if i >= len(questions) {
			continue
		}
		q := &questions[i]
		if len(choices) > 1 && !q.MultiSelect {
			return universal.InvalidRequest("question %d takes one answer, %d were given", i+1, len(choices))
		}
		for _, choice := range choices {
			offered := slices.ContainsFunc(q.Options, func(o universal.QuestionOption) bool { return o.Label == choice })
			if !offered && !q.Custom {
				return universal.InvalidRequest("question %d does not offer %q; choose one of: %s", i+1, choice, labels(q.Options))
			}
		}
	}
	if !given {
		return universal.InvalidRequest("no question is answered; use questions/reject to refuse")
	}
	return nil
}

// oneEach adds an empty list for each of the last questions that was left out.
func oneEach(questions []universal.Question, answers [][]string) [][]string {
	if answers == nil {
		return nil // a refusal
	}
	answers = slices.Clip(answers)
	for len(answers) < len(questions) {
		answers = append(answers, []string{})
	}
	return answers
}

func labels(options []universal.QuestionOption) string {
	names := make([]string, len(options))
	for i, o := range options {
		names[i] = o.Label
	}
	return strings.Join(names, ", ")
}

// alwaysRules are the rules that an "always" would grant.
func alwaysRules(d *universal.PermissionData) []string {
	for _, o := range d.Options {
		if o.Kind == universal.AllowAlways {
			return o.Rules
		}
	}
	return nil
}

// considerPermission answers a request by itself where an earlier "always"
// or the permission mode says so.
func (s *Session) considerPermission(d *universal.PermissionData) {
	if s.ledger.findRequest(d.PermissionID, "") == nil {
		return
	}
	status, message := s.policy(d)
	if status == "" {
		return
	}
	id, agent := d.PermissionID, s.agent.session
	s.resolved.add(id)
	s.ledger.ResolvePermission(id, status, message)
	reply := drivers.PermissionReply{Decision: drivers.Once, Message: message}
	if status == universal.PermissionReject {
		reply.Decision = drivers.Reject
	}
	s.tasks.Go(func() {
		err := s.reply(s.ctx, agent, func(ctx context.Context, agent drivers.Session) error {
			return agent.ReplyPermission(ctx, id, reply)
		})
		if err != nil && universal.KindOf(err) != universal.KindAgentProcessExited { // that has an event of its own
			s.logger.Warn("session: the agent did not take an answer", "session", s.id, "permission", id, "error", fmt.Sprint(err))
		}
	})
}

// reconsiderPermissions answers what waits for a person and need not any more,
// by an "always" or a permission mode that is newer.
func (s *Session) reconsiderPermissions() {
	waiting, _ := s.ledger.OpenRequests()
	for i := range waiting {
		s.considerPermission(&waiting[i])
	}
}

// policy is what the bridge answers without asking; "" means ask.
func (s *Session) policy(d *universal.PermissionData) (status universal.PermissionStatus, message string) {
	mode := s.cfg.PermissionMode
	keeps := !s.isNative(mode) // the agent does not
	switch {
	case mode == drivers.PermissionPlan && !harmless(d.ToolKind):
		// Also where the agent keeps this mode: Claude Code asks for edits in it.
		return universal.PermissionReject, planRefusal
	case keeps && mode == drivers.PermissionBypass,
		keeps && mode == drivers.PermissionAcceptEdits && changesFiles(d.ToolKind):
		return universal.PermissionAccept, ""
	case s.granted(d):
		return universal.PermissionAcceptForSession, ""
	}
	return "", ""
}

// granted tells whether every rule of a request was allowed for good.
func (s *Session) granted(d *universal.PermissionData) bool {
	rules := alwaysRules(d)
	return len(rules) > 0 && !slices.ContainsFunc(rules, func(rule string) bool { return !s.grants[rule] })
}

func harmless(kind universal.ToolKind) bool {
	switch kind {
	case universal.ToolRead, universal.ToolSearch, universal.ToolThink, universal.ToolFetch:
		return true
	}
	return false
}

func changesFiles(kind universal.ToolKind) bool {
	switch kind {
	case universal.ToolEdit, universal.ToolDelete, universal.ToolMove:
		return true
	}
	return false
}
