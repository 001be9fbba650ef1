package mock

import (
	"context"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// maxRequests bounds the requests of one turn or task.
const maxRequests = 8

// masked stands for the answer to a secret question.
const masked = "********"

// request is an open permission or question. Its reply is written before it
// is sent to the script that asked, and read after.
type request struct {
	script     *script
	permission *universal.PermissionData // one of the two is set
	question   *universal.QuestionData

	answered bool
	decision drivers.PermissionReply
	answer   drivers.QuestionReply
}

func (r *request) id() string {
	if r.permission != nil {
		return r.permission.PermissionID
	}
	return r.question.QuestionID
}

// requested is the event that opens a request.
func (r *request) requested() universal.Event {
	if r.permission != nil {
		return agentEvent(universal.TypePermissionRequested, r.permission)
	}
	return agentEvent(universal.TypeQuestionRequested, r.question)
}

// withdrawn is the event of a request that nobody answered and nobody can
// answer any more. Answers are the receiver's to record.
func (r *request) withdrawn() universal.Event {
	if r.permission != nil {
		data := *r.permission
		data.Status = universal.PermissionReject
		return daemonEvent(universal.TypePermissionResolved, &data)
	}
	data := *r.question
	data.Status = universal.QuestionRejected
	return daemonEvent(universal.TypeQuestionResolved, &data)
}

// choices are the answers to the n-th question, for people to read.
func (r *request) choices(n int) string {
	switch {
	case n >= len(r.answer.Answers):
		return "none"
	case r.question.Questions[n].Secret:
		return masked
	}
	return strings.Join(r.answer.Answers[n], ", ")
}

// ask opens a request: from here on it can be answered.
func (s *script) ask(r *request) *request {
	r.script = s
	in := s.session
	in.mu.Lock()
	if in.left == nil {
		if in.pending == nil {
			in.pending = make(map[string]*request)
		}
		in.pending[r.id()] = r
	}
	in.mu.Unlock()
	s.emit(r.requested())
	return r
}

// await waits until all of the requests are answered, in any order, and tells
// whether they were. Steered messages are answered meanwhile.
func (s *script) await(requests ...*request) bool {
	for slices.ContainsFunc(requests, func(r *request) bool { return !r.answered }) {
		select {
		case r := <-s.answers:
			r.answered = true
		case <-s.wake:
			s.awake()
		case <-s.halt:
			return false
		}
	}
	return !s.stopped()
}

// withdraw takes back those requests that were not answered.
func (s *script) withdraw(requests ...*request) {
	in := s.session
	in.mu.Lock()
	var open []universal.Event
	for _, r := range requests {
		if in.pending[r.id()] == r {
			delete(in.pending, r.id())
			open = append(open, r.withdrawn())
		}
	}
	in.mu.Unlock()
	if len(open) > 0 && !s.stopped() {
		in.emit(open...) // at once: this is no step of the story
	}
}

// ReplyPermission answers an open permission request.
func (s *session) ReplyPermission(ctx context.Context, id string, reply drivers.PermissionReply) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	switch reply.Decision {
	case drivers.Once, drivers.Always, drivers.Reject:
	default:
		return universal.InvalidRequest("permission reply is %q, want once, always or reject", reply.Decision)
	}
	return s.reply("permission", id, func(r *request) error {
		if r.permission == nil {
			return unknownRequest("permission", id)
		}
		r.decision = reply
		return nil
	})
}

// ReplyQuestion answers an open question.
func (s *session) ReplyQuestion(ctx context.Context, id string, reply drivers.QuestionReply) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.reply("question", id, func(r *request) error {
		if r.question == nil {
			return unknownRequest("question", id)
		}
		if asked, got := len(r.question.Questions), len(reply.Answers); got > asked {
			return universal.InvalidRequest("%s asks %d questions and got %d answers: give at most a list for each", id, asked, got)
		}
		r.answer = reply
		return nil
	})
}

// reply hands an answer to the script that waits for it. An answer that take
// refuses leaves the request open.
func (s *session) reply(what, id string, take func(*request) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left != nil {
		return s.departed()
	}
	r := s.pending[id]
	if r == nil {
		return unknownRequest(what, id)
	}
	if err := take(r); err != nil {
		return err
	}
	delete(s.pending, id)
	r.script.answers <- r // has room for all that a script may ask
	return nil
}

func unknownRequest(what, id string) error {
	return universal.InvalidRequest("%s %q is unknown or already answered", what, id).With("reason", "not_pending")
}
