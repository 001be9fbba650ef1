package amp

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// askInput is the input of the tool that asks the person.
type askInput struct {
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

func readQuestions(input json.RawMessage) ([]universal.Question, error) {
	var in askInput
	if err := json.Unmarshal(input, &in); err != nil {
		return nil, err
	}
	if len(in.Questions) == 0 {
		return nil, errors.New("there is none")
	}
	questions := make([]universal.Question, len(in.Questions))
	for i, q := range in.Questions {
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

// questionData is the request; its flat fields show the first question.
func questionData(id, item string, questions []universal.Question) universal.QuestionData {
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

// questionAnswer is what the model gets for a person's answers.
func questionAnswer(q *universal.QuestionData, reply drivers.QuestionReply) (answer, error) {
	if reply.Answers == nil {
		return answer{Action: actionReject, Text: firstOf(strings.TrimSpace(reply.Message), "The user declined to answer.")}, nil
	}
	if len(reply.Answers) != len(q.Questions) {
		return answer{}, universal.InvalidRequest("answers has %d lists for %d questions; give one list for each question",
			len(reply.Answers), len(q.Questions)).With("reason", "wrong_count")
	}
	var lines []string
	for i, asked := range q.Questions {
		said := "(no answer)"
		if len(reply.Answers[i]) > 0 {
			said = strings.Join(reply.Answers[i], ", ")
		}
		lines = append(lines, fmt.Sprintf("%q: %s", asked.Prompt, said))
	}
	return answer{Action: actionAnswer, Text: "The user answered:\n" + strings.Join(lines, "\n")}, nil
}
