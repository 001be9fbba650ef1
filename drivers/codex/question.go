package codex

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/question"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

const questionTool = "request_user_input"

// nativeQuestion is a question of the model.
type nativeQuestion struct {
	ID       string `json:"id"`
	Header   string `json:"header"`
	Question string `json:"question"`
	Other    bool   `json:"isOther"` // free text is allowed
	Secret   bool   `json:"isSecret"`
	Options  []struct {
		Label       string `json:"label"`
		Description string `json:"description"`
	} `json:"options"`
}

// readUserInput reads questions of the model. Their call has no item; it is told
// here, so that the question has one to belong to.
func (c *converter) readUserInput(r *request, params []byte) error {
	var l struct {
		TurnID    string           `json:"turnId"`
		ItemID    string           `json:"itemId"`
		Questions []nativeQuestion `json:"questions"`
	}
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	if len(l.Questions) == 0 {
		return errors.New("no questions")
	}
	k := key(l.TurnID, l.ItemID)
	r.kind, r.turn, r.questions = askQuestions, l.TurnID, l.Questions
	if told := c.raws[k]; told != nil {
		c.callRaw(told)
		r.item = told.it
	} else {
		r.item = &item{key: k, native: l.ItemID, thread: r.thread, turn: l.TurnID}
		c.items[k] = r.item
		c.rawHasItem(r.item)
		c.call(r.item, universal.ToolQuestion, questionTool, encode(struct {
			Questions []nativeQuestion `json:"questions"`
		}{l.Questions}), l.Questions[0].Question)
	}
	questions := make([]universal.Question, len(l.Questions))
	for i, q := range l.Questions {
		questions[i] = universal.Question{
			Prompt:  q.Question,
			Header:  q.Header,
			Custom:  q.Other || len(q.Options) == 0,
			Secret:  q.Secret,
			Options: []universal.QuestionOption{},
		}
		for _, o := range q.Options {
			questions[i].Options = append(questions[i].Options, universal.QuestionOption{Label: o.Label, Description: o.Description})
		}
	}
	r.question = question.Data(r.id, r.item.key, questions)
	return nil
}

type (
	userInputAnswer struct {
		Answers map[string]answerList `json:"answers"`
	}
	answerList struct {
		Answers []string `json:"answers"`
	}
)

// questionAnswer is what Codex gets for a person's answers. A refusal is an answer
// to each question that says so, and the turn goes on.
func (r *request) questionAnswer(reply drivers.QuestionReply) (any, error) {
	if r.kind == askElicitation {
		return r.form.Answer(reply)
	}
	answers := map[string]answerList{}
	var texts []string
	for i, q := range r.questions {
		given := []string{question.Refusal(reply.Message)}
		if reply.Answers != nil {
			given = reply.Answers[i]
		}
		if len(given) > 0 {
			answers[q.ID] = answerList{given}
			texts = append(texts, q.Question+" "+shownAnswer(&q, given))
		}
	}
	r.answer = cmp.Or(strings.Join(texts, "\n"), "no answer")
	return userInputAnswer{answers}, nil
}

// shownAnswer is an answer as it may be shown again.
func shownAnswer(q *nativeQuestion, answers []string) string {
	if q.Secret {
		return "********"
	}
	return strings.Join(answers, ", ")
}

// asyncQuestion is one that the model asks without waiting for the answer, which
// is just said to it.
type asyncQuestion struct {
	Title   string   `json:"title"`
	Options []string `json:"options"`
}

func (c *converter) asyncQuestions(it *item, asked []asyncQuestion) {
	c.asked++
	r := &request{id: fmt.Sprintf("%s:%d", c.start, c.asked), order: c.asked, kind: askAsync, thread: it.thread, turn: it.turn}
	questions := make([]universal.Question, len(asked))
	for i, q := range asked {
		questions[i] = universal.Question{Prompt: q.Title, Custom: true, Options: []universal.QuestionOption{}}
		for _, o := range q.Options {
			questions[i].Options = append(questions[i].Options, universal.QuestionOption{Label: o})
		}
	}
	r.question = question.Data(r.id, "", questions)
	c.ask(r)
}

// replyAsync says the answers in the running turn; the question is withdrawn at
// the turn's end.
func (s *session) replyAsync(ctx context.Context, r *request, reply drivers.QuestionReply) error {
	texts := []string{question.Refusal(reply.Message)}
	if reply.Answers != nil {
		texts = nil
		for i, q := range r.question.Questions {
			if len(reply.Answers[i]) > 0 {
				texts = append(texts, q.Prompt+" "+strings.Join(reply.Answers[i], ", "))
			}
		}
	}
	s.mu.Lock()
	open := s.conv.taken(r)
	s.mu.Unlock()
	if !open {
		return notOpen("question", r.id)
	}
	if err := s.say(ctx, r.thread.id, r.turn, strings.TrimSpace(strings.Join(texts, "\n"))); err != nil {
		return fmt.Errorf("reply to question: %w", err)
	}
	return nil
}
