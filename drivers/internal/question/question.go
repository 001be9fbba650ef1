// Package question makes what clients are asked out of what agents ask a
// person.
package question

import (
	"cmp"
	"encoding/json"
	"errors"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Refusal is the text that the model gets for its questions when a person
// refuses to answer them, perhaps without a word.
func Refusal(message string) string {
	return cmp.Or(strings.TrimSpace(message), "The user declined to answer. Go on with what you can decide by yourself.")
}

// Data is a request with at least one question; its flat fields, which older
// clients read, show the first. id is what replies name, item the call that
// waits for the answer, or "".
func Data(id, item string, questions []universal.Question) universal.QuestionData {
	d := universal.QuestionData{
		QuestionID: id,
		Prompt:     questions[0].Prompt,
		Options:    []string{},
		Status:     universal.QuestionRequested,
		Questions:  questions,
		ItemID:     item,
	}
	for _, o := range questions[0].Options {
		d.Options = append(d.Options, o.Label)
	}
	return d
}

// ReadAsked reads the input of a tool by which a model asks, in the form of
// Claude Code's AskUserQuestion (2.1.330). That tool takes free text for every
// question. An input without questions is an error.
func ReadAsked(input json.RawMessage) ([]universal.Question, error) {
	var asked struct {
		Questions []struct {
			Question    string `json:"question"`
			Header      string `json:"header"`
			MultiSelect bool   `json:"multiSelect"`
			Options     []struct {
				Label       string `json:"label"`
				Description string `json:"description"`
			} `json:"options"`
		} `json:"questions"`
	}
	if err := json.Unmarshal(input, &asked); err != nil {
		return nil, err
	}
	if len(asked.Questions) == 0 {
		return nil, errors.New("no questions")
	}
	questions := make([]universal.Question, len(asked.Questions))
	for i, q := range asked.Questions {
		questions[i] = universal.Question{
			Prompt:      q.Question,
			Header:      q.Header,
			MultiSelect: q.MultiSelect,
			Custom:      true,
			Options:     []universal.QuestionOption{},
		}
		for _, o := range q.Options {
			questions[i].Options = append(questions[i].Options, universal.QuestionOption{Label: o.Label, Description: o.Description})
		}
	}
	return questions, nil
}

// Check refuses a reply that has not one list of answers for each question. A
// refusal, which has none at all, is fine. The error is a *universal.Error.
func Check(questions []universal.Question, reply drivers.QuestionReply) error {
	if reply.Answers == nil || len(reply.Answers) == len(questions) {
		return nil
	}
	return universal.InvalidRequest("answers has %d lists for %d questions; give one list for each question",
		len(reply.Answers), len(questions)).With("reason", "wrong_count")
}
