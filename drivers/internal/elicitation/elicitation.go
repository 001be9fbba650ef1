// Package elicitation makes questions of what an MCP server wants to know from a
// person, and of the answers what the server gets.
//
// A server asks with a form: a JSON schema of an object whose properties are
// primitives or choices, as the Model Context Protocol defines it. Each property
// becomes a question. A form without properties, or a page to be visited,
// becomes one question with the options to accept and to decline.
package elicitation

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Request is a server asking.
type Request struct {
	Server  string
	Message string
	URL     string // of the page to be visited, if it is one
	Schema  Schema
	// Order lists properties in the order in which they are asked, before the
	// others.
	Order []string
}

// Schema is what a form looks like.
type Schema struct {
	Properties Properties `json:"properties"`
	Required   []string   `json:"required"`
}

// Properties are a form's fields in the order of the document.
type Properties struct {
	names  []string
	byName map[string]property
}

// UnmarshalJSON keeps the order of the members.
func (p *Properties) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &p.byName); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if _, err := d.Token(); err != nil { // the opening brace
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		p.names = append(p.names, fmt.Sprint(name))
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
	}
	return nil
}

// property is one field of a form: a primitive or a choice.
type property struct {
	Type        string            `json:"type"`
	Title       string            `json:"title"`
	Description string            `json:"description"`
	Format      string            `json:"format"`
	Enum        []json.RawMessage `json:"enum"`
	EnumNames   []string          `json:"enumNames"`
	OneOf       []choice          `json:"oneOf"`
	Items       *struct {
		Enum  []json.RawMessage `json:"enum"`
		AnyOf []choice          `json:"anyOf"`
	} `json:"items"`
}

type choice struct {
	Const json.RawMessage `json:"const"`
	Title string          `json:"title"`
}

// choices are the values that are offered, with their labels.
func (p *property) choices() []choice {
	values, titled := p.Enum, p.OneOf
	if p.Items != nil {
		values, titled = p.Items.Enum, p.Items.AnyOf
	}
	var all []choice
	for i, v := range values {
		label := rawLabel(v)
		if i < len(p.EnumNames) && p.Items == nil {
			label = p.EnumNames[i]
		}
		all = append(all, choice{Const: v, Title: label})
	}
	for _, o := range titled {
		if o.Title == "" {
			o.Title = rawLabel(o.Const)
		}
		all = append(all, o)
	}
	if all == nil && p.Type == "boolean" {
		all = []choice{{json.RawMessage("true"), "Yes"}, {json.RawMessage("false"), "No"}}
	}
	return all
}

func rawLabel(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) == nil {
		return s
	}
	return string(v)
}

// names are the form's properties in the order in which they are asked.
func (r *Request) names() []string {
	var names []string
	seen := map[string]bool{}
	for _, list := range [][]string{r.Order, r.Schema.Properties.names} {
		for _, name := range list {
			if _, ok := r.Schema.Properties.byName[name]; ok && !seen[name] {
				names = append(names, name)
				seen[name] = true
			}
		}
	}
	return names
}

// Labels of the answers to an elicitation that has no form.
const (
	Accept  = "Accept"
	Decline = "Decline"
)

// Questions are what the person is asked.
func (r *Request) Questions() []universal.Question {
	names := r.names()
	if len(names) == 0 {
		prompt := r.Message
		if r.URL != "" {
			prompt = strings.TrimSpace(prompt + "\n" + r.URL)
		}
		return []universal.Question{{
			Prompt: prompt,
			Header: r.Server,
			Options: []universal.QuestionOption{
				{Label: Accept}, {Label: Decline},
			},
		}}
	}
	questions := make([]universal.Question, len(names))
	for i, name := range names {
		p := r.Schema.Properties.byName[name]
		q := universal.Question{
			Header:      cmp.Or(p.Title, name),
			Prompt:      cmp.Or(p.Description, p.Title, name),
			MultiSelect: p.Type == "array",
			Secret:      p.Format == "password",
			Options:     []universal.QuestionOption{},
		}
		if i == 0 && r.Message != "" {
			q.Prompt = r.Message
			if p.Description != "" {
				q.Prompt += "\n" + p.Description
			}
		}
		for _, o := range p.choices() {
			q.Options = append(q.Options, universal.QuestionOption{Label: o.Title})
		}
		q.Custom = len(q.Options) == 0
		questions[i] = q
	}
	return questions
}

// Answer is what the server gets.
type Answer struct {
	Action  string                     `json:"action"` // "accept" or "decline"
	Content map[string]json.RawMessage `json:"content,omitempty"`
}

// Answer makes the server's answer of a person's, which has one list for each
// question. An answer that the schema doesn't allow is a *universal.Error.
func (r *Request) Answer(reply drivers.QuestionReply) (Answer, error) {
	if reply.Answers == nil {
		return Answer{Action: "decline"}, nil
	}
	names := r.names()
	if len(names) == 0 {
		if len(reply.Answers[0]) > 0 && strings.EqualFold(reply.Answers[0][0], Decline) {
			return Answer{Action: "decline"}, nil
		}
		return Answer{Action: "accept"}, nil
	}
	content := map[string]json.RawMessage{}
	for i, name := range names {
		p := r.Schema.Properties.byName[name]
		if len(reply.Answers[i]) == 0 {
			if r.requires(name) {
				return Answer{}, wrongAnswer(name, "an answer is required")
			}
			continue
		}
		value, err := p.value(reply.Answers[i])
		if err != nil {
			return Answer{}, wrongAnswer(name, err.Error())
		}
		content[name] = value
	}
	return Answer{Action: "accept", Content: content}, nil
}

func (r *Request) requires(name string) bool {
	return slices.Contains(r.Schema.Required, name)
}

func wrongAnswer(name, why string) error {
	return universal.InvalidRequest("answer to %q: %s", name, why).With("reason", "wrong_answer")
}

// value makes what the schema wants of what a person answered.
func (p *property) value(answers []string) (json.RawMessage, error) {
	if p.Type == "array" {
		values := []json.RawMessage{}
		for _, answer := range answers {
			v, err := p.one(answer)
			if err != nil {
				return nil, err
			}
			values = append(values, v)
		}
		return json.Marshal(values)
	}
	if len(answers) > 1 {
		return nil, fmt.Errorf("only one choice is possible")
	}
	return p.one(answers[0])
}

func (p *property) one(answer string) (json.RawMessage, error) {
	choices := p.choices()
	for _, o := range choices {
		if answer == o.Title || answer == rawLabel(o.Const) {
			return o.Const, nil
		}
	}
	switch {
	case p.Type == "boolean":
		b, err := strconv.ParseBool(strings.ToLower(strings.TrimSpace(answer)))
		if err != nil {
			return nil, fmt.Errorf("%q is neither yes nor no", answer)
		}
		return json.Marshal(b)
	case len(choices) > 0:
		return nil, fmt.Errorf("%q is none of the options", answer)
	case p.Type == "integer":
		n, err := strconv.ParseInt(strings.TrimSpace(answer), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no whole number", answer)
		}
		return json.Marshal(n)
	case p.Type == "number":
		text := []byte(strings.TrimSpace(answer))
		var n json.Number
		if json.Unmarshal(text, &n) != nil || bytes.HasPrefix(text, []byte(`"`)) {
			return nil, fmt.Errorf("%q is no number", answer)
		}
		return text, nil
	}
	return json.Marshal(answer)
}
