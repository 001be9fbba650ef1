package opencode

import (
	"encoding/json"
	"errors"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/question"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// nativeQuestions are the questions that are asked at once.
type nativeQuestions struct {
	ID        string      `json:"id"`
	SessionID string      `json:"sessionID"`
	Tool      *nativeCall `json:"tool"`
	Questions []struct {
		Question string `json:"question"`
		Header   string `json:"header"`
		Multiple bool   `json:"multiple"`
		Custom   *bool  `json:"custom"` // nil: free text is allowed
		Options  []struct {
			Label       string `json:"label"`
			Description string `json:"description"`
		} `json:"options"`
	} `json:"questions"`
}

func (c *converter) questionAsked(h head) error {
	var n nativeQuestions
	if err := json.Unmarshal(h.properties, &n); err != nil {
		return err
	}
	if n.ID == "" || len(n.Questions) == 0 {
		return errors.New("no questions")
	}
	if !c.turn.active {
		return nil
	}
	data := &universal.QuestionData{
		QuestionID: n.ID,
		Prompt:     n.Questions[0].Question,
		Options:    []string{},
		Status:     universal.QuestionRequested,
		ItemID:     c.itemOf(n.SessionID, c.waiting(n.Tool)),
	}
	for i, q := range n.Questions {
		question := universal.Question{
			Prompt: q.Question, Header: q.Header, MultiSelect: q.Multiple,
			Custom:  q.Custom == nil || *q.Custom,
			Options: []universal.QuestionOption{},
		}
		for _, o := range q.Options {
			question.Options = append(question.Options, universal.QuestionOption{Label: o.Label, Description: o.Description})
			if i == 0 {
				data.Options = append(data.Options, o.Label)
			}
		}
		data.Questions = append(data.Questions, question)
	}
	if c.open(&request{id: n.ID, session: n.SessionID, question: data}) {
		shown := *data
		c.emit(universal.TypeQuestionRequested, &shown)
	}
	return nil
}

// answers are the labels or texts of each question, in order. A refusal is an
// answer too: OpenCode would end the turn without one.
func (r *request) answers(reply drivers.QuestionReply) ([][]string, error) {
	n := len(r.question.Questions)
	if len(reply.Answers) > n {
		return nil, universal.InvalidRequest("answers has %d lists for %d questions; give one list for each question", len(reply.Answers), n).With("reason", "wrong_count")
	}
	answers := make([][]string, n)
	for i := range answers {
		answers[i] = []string{} // it was not answered
		switch {
		case reply.Answers == nil:
			answers[i] = []string{question.Refusal(reply.Message)}
		case i < len(reply.Answers) && reply.Answers[i] != nil:
			answers[i] = reply.Answers[i]
		}
	}
	return answers, nil
}
