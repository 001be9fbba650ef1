package elicitation

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

const form = `{"properties":{
	"name":{"type":"string","title":"Name","description":"Who are you?"},
	"age":{"type":"integer"},
	"size":{"type":"string","enum":["s","l"],"enumNames":["Small","Large"]},
	"sure":{"type":"boolean"},
	"tags":{"type":"array","items":{"anyOf":[{"const":"a","title":"A"},{"const":"b"}]}},
	"pin":{"type":"string","format":"password"}
},"required":["name"]}`

func request(t *testing.T) *Request {
	t.Helper()
	r := &Request{Server: "s", Message: "Tell me.", Order: []string{"age", "unknown"}}
	if err := json.Unmarshal([]byte(form), &r.Schema); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestQuestions(t *testing.T) {
	questions := request(t).Questions()
	var headers []string
	for _, q := range questions {
		headers = append(headers, q.Header)
	}
	if got := strings.Join(headers, " "); got != "age Name size sure tags pin" {
		t.Errorf("the questions are %s", got)
	}
	if q := questions[0]; q.Prompt != "Tell me." || !q.Custom {
		t.Errorf("the first question is %+v", q)
	}
	if q := questions[2]; len(q.Options) != 2 || q.Options[1].Label != "Large" || q.Custom {
		t.Errorf("the choice is %+v", q)
	}
	if !questions[4].MultiSelect || !questions[5].Secret {
		t.Errorf("the questions are %+v", questions)
	}
}

func TestAnswer(t *testing.T) {
	r := request(t)
	answer, err := r.Answer(drivers.QuestionReply{Answers: [][]string{{"36"}, {"Ada"}, {"Large"}, {"Yes"}, {"A", "b"}, nil}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(answer)
	if want := `{"action":"accept","content":{"age":36,"name":"Ada","size":"l","sure":true,"tags":["a","b"]}}`; err != nil || string(got) != want {
		t.Errorf("the answer is %s (%v), want %s", got, err, want)
	}
	for name, answers := range map[string][][]string{
		"no number":   {{"many"}, {"Ada"}, nil, nil, nil, nil},
		"no choice":   {nil, {"Ada"}, {"Medium"}, nil, nil, nil},
		"not enough":  {nil, nil, nil, nil, nil, nil},
		"too many":    {nil, {"Ada", "Bob"}, nil, nil, nil, nil},
		"neither":     {nil, {"Ada"}, nil, {"perhaps"}, nil, nil},
		"wrong label": {nil, {"Ada"}, nil, nil, {"c"}, nil},
	} {
		if _, err := r.Answer(drivers.QuestionReply{Answers: answers}); universal.KindOf(err) != universal.KindInvalidRequest {
			t.Errorf("%s: %v", name, err)
		}
	}
	if answer, err := r.Answer(drivers.QuestionReply{}); err != nil || answer.Action != "decline" {
		t.Errorf("a refusal is %+v (%v)", answer, err)
	}
	page := &Request{Message: "Log in", URL: "https://example.test"}
	for label, want := range map[string]string{Accept: "accept", Decline: "decline"} {
		if answer, err := page.Answer(drivers.QuestionReply{Answers: [][]string{{label}}}); err != nil || answer.Action != want {
			t.Errorf("%s is %+v (%v)", label, answer, err)
		}
	}
}
