package question

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

func TestReadAsked(t *testing.T) {
	questions, err := ReadAsked([]byte(`{"questions":[
		{"question":"Which?","header":"Colour","options":[{"label":"Red","description":"warm"},{"label":"Blue"}]},
		{"question":"And?","multiSelect":true}]}`))
	if err != nil {
		t.Fatal(err)
	}
	got := Data("q1", "call1", questions)
	want := universal.QuestionData{
		QuestionID: "q1", ItemID: "call1", Status: universal.QuestionRequested,
		Prompt: "Which?", Options: []string{"Red", "Blue"},
		Questions: []universal.Question{
			{Prompt: "Which?", Header: "Colour", Custom: true, Options: []universal.QuestionOption{{Label: "Red", Description: "warm"}, {Label: "Blue"}}},
			{Prompt: "And?", MultiSelect: true, Custom: true, Options: []universal.QuestionOption{}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the request (-want +got):\n%s", diff)
	}
	for _, wrong := range []string{`{}`, `{"questions":[]}`, `{"questions":"x"}`, `7`, ``} {
		if questions, err := ReadAsked([]byte(wrong)); err == nil {
			t.Errorf("%q is read as %+v", wrong, questions)
		}
	}
}

func TestCheck(t *testing.T) {
	questions := []universal.Question{{Prompt: "Which?"}, {Prompt: "And?"}}
	for _, tt := range []struct {
		answers [][]string
		ok      bool
	}{
		{nil, true},
		{[][]string{{"a"}, nil}, true},
		{[][]string{}, false},
		{[][]string{{"a"}}, false},
		{[][]string{{"a"}, {"b"}, {"c"}}, false},
	} {
		if err := Check(questions, drivers.QuestionReply{Answers: tt.answers}); (err == nil) != tt.ok || err != nil && universal.KindOf(err) != universal.KindInvalidRequest {
			t.Errorf("%v: %v", tt.answers, err)
		}
	}
}
