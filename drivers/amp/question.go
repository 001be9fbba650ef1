package amp

import (
	"fmt"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/question"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// questionAnswer is what the model gets for a person's answers.
func questionAnswer(q *universal.QuestionData, reply drivers.QuestionReply) (answer, error) {
	if reply.Answers == nil {
		return answer{Action: actionReject, Text: question.Refusal(reply.Message)}, nil
	}
	if err := question.Check(q.Questions, reply); err != nil {
		return answer{}, err
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
