package claude

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/question"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Labels of the answers to a plan.
const (
	planApprove = "Approve"
	planReject  = "Reject"
)

func planQuestion(plan string) universal.Question {
	return universal.Question{
		Prompt: plan,
		Header: "Plan",
		Custom: true, // what should be different
		Options: []universal.QuestionOption{
			{Label: planApprove, Description: "Leave plan mode and carry out the plan"},
			{Label: planReject, Description: "Stay in plan mode"},
		},
	}
}

// planText is the plan that waits. The CLI fills it in from the plan's file;
// one that the model gave along is only in its call.
func (c *converter) planText(r *request) string {
	if plan := decodeInput(r.input).Plan; plan != "" {
		return plan
	}
	if k := c.calls[r.toolUseID]; k != nil {
		if plan := decodeInput(k.input).Plan; plan != "" {
			return plan
		}
	}
	return "Approve plan execution?"
}

// questionAnswer is what the CLI gets for a person's answers. mode is the
// permission mode to go on with after a plan.
func (r *request) questionAnswer(reply drivers.QuestionReply, mode drivers.PermissionMode) (any, error) {
	if err := question.Check(r.question.Questions, reply); err != nil {
		return nil, err
	}
	switch r.kind {
	case askElicitation:
		return r.form.Answer(reply)
	case askPlan:
		return r.planAnswer(reply, mode), nil
	}
	if reply.Answers == nil {
		return deny(question.Refusal(reply.Message)), nil
	}
	// The answers go by the text of their question; several choices are one
	// string.
	answers := map[string]string{}
	for i, q := range r.question.Questions {
		if len(reply.Answers[i]) > 0 {
			answers[q.Prompt] = strings.Join(reply.Answers[i], ", ")
		}
	}
	var input map[string]json.RawMessage
	if err := json.Unmarshal(r.input, &input); err != nil {
		return nil, fmt.Errorf("answer question: %w", err)
	}
	encoded, err := json.Marshal(answers)
	if err != nil {
		return nil, fmt.Errorf("answer question: %w", err)
	}
	input["answers"] = encoded
	updated, err := json.Marshal(input)
	if err != nil {
		return nil, fmt.Errorf("answer question: %w", err)
	}
	return allow(updated, nil), nil
}

// planAnswer approves a plan, or refuses it with what else was said.
func (r *request) planAnswer(reply drivers.QuestionReply, mode drivers.PermissionMode) behavior {
	var approved bool
	feedback := []string{}
	for _, answers := range reply.Answers {
		for _, answer := range answers {
			switch text := strings.TrimSpace(answer); {
			case strings.EqualFold(text, planApprove):
				approved = true
			case text != "" && !strings.EqualFold(text, planReject):
				feedback = append(feedback, text)
			}
		}
	}
	if approved && len(feedback) == 0 {
		return allow(r.input, planUpdates(mode))
	}
	if strings.TrimSpace(reply.Message) != "" {
		feedback = append(feedback, reply.Message)
	}
	if len(feedback) == 0 {
		return deny("The user rejected the plan. Stay in plan mode.")
	}
	return deny(strings.Join(feedback, "\n"))
}

// planUpdates makes the CLI go on in the session's permission mode: by itself
// it goes back to the mode that it was in before it planned, which is its
// default when the session began with planning.
func planUpdates(mode drivers.PermissionMode) []json.RawMessage {
	switch mode {
	case drivers.PermissionBypass, drivers.PermissionAcceptEdits:
		native := nativeMode(drivers.Settings{PermissionMode: mode})
		return []json.RawMessage{json.RawMessage(`{"type":"setMode","mode":"` + native + `","destination":"session"}`)}
	}
	return nil
}
