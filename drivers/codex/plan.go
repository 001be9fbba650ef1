package codex

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/question"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// In plan mode the model proposes a plan, and Codex's turn is over. Its own
// terminal then asks whether to carry it out, and starts another turn. The same
// is done here: the session's turn goes on until the plan is answered, and with
// the turn that follows.

// proposedPlan is the plan of the running turn.
type proposedPlan struct {
	text    string
	item    string // key
	waiting bool   // for its answer; no turn of Codex's runs
}

func (c *converter) planCompleted(it *item, raw json.RawMessage) error {
	var l struct {
		Text string `json:"text"`
	}
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	c.completeText(it, l.Text)
	if c.isRoot(it.thread) {
		c.plan.text, c.plan.item = l.Text, it.key
	}
	return nil
}

// Labels of the answers to a plan.
const (
	planApprove = "Approve"
	planReject  = "Reject"
)

// buildPrompt is what Codex's own terminal says when a plan is approved.
const buildPrompt = "Implement the plan."

// askPlan asks whether a plan is to be carried out; false if there is none.
func (c *converter) askPlan(turn string) bool {
	text := strings.TrimSpace(c.plan.text)
	c.plan.text = ""
	if text == "" || c.settings.AgentMode != drivers.ModePlan {
		return false
	}
	c.asked++
	c.plan.waiting = true
	r := &request{id: fmt.Sprintf("%s:%d", c.start, c.asked), order: c.asked, kind: askToBuild, thread: c.threadOf(c.root), turn: turn}
	r.question = question.Data(r.id, "", []universal.Question{{
		Prompt: text,
		Header: "Plan",
		Custom: true, // what should be different
		Options: []universal.QuestionOption{
			{Label: planApprove, Description: "Leave plan mode and carry out the plan"},
			{Label: planReject, Description: "Stay in plan mode"},
		},
	}})
	c.ask(r)
	return true
}

// endWaiting ends a turn in which a plan waits.
func (c *converter) endWaiting(dst []universal.Event) []universal.Event {
	if !c.plan.waiting {
		return dst
	}
	c.out = dst
	c.plan.waiting = false
	c.dropRequests(c.threadOf(c.root))
	c.emitOwn(universal.TypeTurnEnded, c.ending(universal.StopInterrupted))
	dst, c.out = c.out, nil
	return dst
}

// replyPlan approves a plan, or says what should be different.
func (s *session) replyPlan(ctx context.Context, r *request, reply drivers.QuestionReply) error {
	approved, feedback := readPlanReply(reply)
	s.mu.Lock()
	if !s.conv.taken(r) {
		s.mu.Unlock()
		return notOpen("question", r.id)
	}
	if approved && feedback == "" {
		s.conv.settings.AgentMode = drivers.ModeBuild
		s.events = append(s.events, own(universal.TypeSessionUpdated, &universal.SessionUpdatedData{AgentMode: drivers.ModeBuild}))
		feedback = buildPrompt
	}
	if feedback == "" { // a plain no
		s.conv.plan.waiting = false
		s.events = append(s.events, own(universal.TypeTurnEnded, s.conv.ending(universal.StopEndTurn)))
		s.mu.Unlock()
		s.flush()
		return nil
	}
	s.mu.Unlock()
	s.flush()
	if err := s.startTurn(ctx, []userInput{textInput(feedback)}); err != nil {
		return fmt.Errorf("reply to the plan: %w", err)
	}
	return nil
}

// own is an event that the driver makes up itself.
func own(t universal.EventType, data universal.Data) universal.Event {
	return universal.Event{Type: t, Data: data, Synthetic: true, Source: universal.SourceDaemon}
}

// readPlanReply takes apart what a person says to a plan.
func readPlanReply(reply drivers.QuestionReply) (approved bool, feedback string) {
	var said []string
	for _, answers := range reply.Answers {
		for _, answer := range answers {
			switch text := strings.TrimSpace(answer); {
			case strings.EqualFold(text, planApprove):
				approved = true
			case text != "" && !strings.EqualFold(text, planReject):
				said = append(said, text)
			}
		}
	}
	if reply.Message != "" {
		said = append(said, reply.Message)
	}
	return approved, strings.Join(said, "\n")
}
