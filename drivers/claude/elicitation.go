package claude

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// elicitation is an MCP server asking the person: a form with a property for
// each thing it wants, or a page to be visited.
type elicitation struct {
	Server  string `json:"mcp_server_name"`
	Message string `json:"message"`
	Mode    string `json:"mode"` // "form" or "url"
	URL     string `json:"url"`
	Schema  struct {
		Properties properties `json:"properties"`
		Required   []string   `json:"required"`
	} `json:"requested_schema"`
	Order []string `json:"property_order"`
}

// properties are a form's fields in the order of the document: versions before
// property_order have no other.
type properties struct {
	names  []string
	byName map[string]property
}

// UnmarshalJSON keeps the order of the members.
func (p *properties) UnmarshalJSON(b []byte) error {
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
func (e *elicitation) names() []string {
	var names []string
	seen := map[string]bool{}
	for _, list := range [][]string{e.Order, e.Schema.Properties.names} {
		for _, name := range list {
			if _, ok := e.Schema.Properties.byName[name]; ok && !seen[name] {
				names = append(names, name)
				seen[name] = true
			}
		}
	}
	return names
}

// Labels of the answers to an elicitation that has no form.
const (
	elicitAccept  = "Accept"
	elicitDecline = "Decline"
)

func (e *elicitation) question(id string) universal.QuestionData {
	names := e.names()
	if len(names) == 0 {
		prompt := e.Message
		if e.URL != "" {
			prompt = strings.TrimSpace(prompt + "\n" + e.URL)
		}
		return questionData(id, "", []universal.Question{{
			Prompt: prompt,
			Header: e.Server,
			Options: []universal.QuestionOption{
				{Label: elicitAccept}, {Label: elicitDecline},
			},
		}})
	}
	questions := make([]universal.Question, len(names))
	for i, name := range names {
		p := e.Schema.Properties.byName[name]
		q := universal.Question{
			Header:      firstOf(p.Title, name),
			Prompt:      firstOf(p.Description, p.Title, name),
			MultiSelect: p.Type == "array",
			Secret:      p.Format == "password",
			Options:     []universal.QuestionOption{},
		}
		if i == 0 && e.Message != "" {
			q.Prompt = e.Message
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
	return questionData(id, "", questions)
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// elicitationAnswer answers an elicitation.
type elicitationAnswer struct {
	Action  string                     `json:"action"` // "accept" or "decline"
	Content map[string]json.RawMessage `json:"content,omitempty"`
}

func (e *elicitation) answer(reply drivers.QuestionReply) (any, error) {
	if reply.Answers == nil {
		return elicitationAnswer{Action: "decline"}, nil
	}
	names := e.names()
	if len(names) == 0 {
		if len(reply.Answers[0]) > 0 && strings.EqualFold(reply.Answers[0][0], elicitDecline) {
			return elicitationAnswer{Action: "decline"}, nil
		}
		return elicitationAnswer{Action: "accept"}, nil
	}
	content := map[string]json.RawMessage{}
	for i, name := range names {
		p := e.Schema.Properties.byName[name]
		if len(reply.Answers[i]) == 0 {
			if e.requires(name) {
				return nil, wrongAnswer(name, "an answer is required")
			}
			continue
		}
		value, err := p.value(reply.Answers[i])
		if err != nil {
			return nil, wrongAnswer(name, err.Error())
		}
		content[name] = value
	}
	return elicitationAnswer{Action: "accept", Content: content}, nil
}

func (e *elicitation) requires(name string) bool {
	for _, r := range e.Schema.Required {
		if r == name {
			return true
		}
	}
	return false
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
