package mock

import (
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/question"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// These commands want something of the person.

// options are what a permission request offers; always allowing it grants
// exactly the rules.
func options(rules ...string) []universal.PermissionOption {
	return []universal.PermissionOption{
		{ID: "allow", Kind: universal.AllowOnce, Name: "Allow once"},
		{ID: "always", Kind: universal.AllowAlways, Name: "Always allow " + strings.Join(rules, " and "), Rules: rules},
		{ID: "reject", Kind: universal.RejectOnce, Name: "Reject"},
	}
}

// commandPermission and filePermission stand for no tool call.
func (t *turn) commandPermission(command string) *request {
	return t.ask(&request{permission: &universal.PermissionData{
		PermissionID: t.key("permission"),
		Action:       "command_execution",
		Status:       universal.PermissionRequested,
		Metadata:     map[string]any{"codexRequestKind": "commandExecution", "command": command},
		ToolKind:     universal.ToolExecute,
		Options:      options("command_execution(" + command + ")"),
	}})
}

func (t *turn) filePermission(path string) *request {
	return t.ask(&request{permission: &universal.PermissionData{
		PermissionID: t.key("permission_denied"),
		Action:       "file_change",
		Status:       universal.PermissionRequested,
		Metadata:     map[string]any{"codexRequestKind": "fileChange", "path": path},
		ToolKind:     universal.ToolEdit,
		Options:      options("file_change(" + path + ")"),
	}})
}

func (t *turn) askPermissions() []*request {
	return []*request{t.commandPermission("echo mock"), t.filePermission(t.prefix + "/deny.txt")}
}

func (t *turn) permissions()    { t.await(t.askPermissions()...) }
func (t *turn) permissionOnly() { t.await(t.commandPermission("ls")) }

// permissionIgnored asks and goes on without waiting.
func (t *turn) permissionIgnored() {
	asked := t.commandPermission("ls")
	t.tool()
	t.withdraw(asked)
}

// newQuestion is a request of one or more questions; the flat fields show the first.
func newQuestion(id string, questions ...universal.Question) *request {
	first := questions[0]
	labels := make([]string, len(first.Options))
	for i, o := range first.Options {
		labels[i] = o.Label
	}
	return &request{question: &universal.QuestionData{
		QuestionID: id, Prompt: first.Prompt, Options: labels, Status: universal.QuestionRequested, Questions: questions,
	}}
}

// choice is a question with options to choose one of.
func choice(prompt string, labels ...string) universal.Question {
	q := universal.Question{Prompt: prompt, Options: make([]universal.QuestionOption, len(labels))}
	for i, label := range labels {
		q.Options[i].Label = label
	}
	return q
}

func (t *turn) askQuestions() []*request {
	first := t.ask(newQuestion(t.key("question"), choice("Choose a color", "Red", "Blue")))
	second := t.ask(newQuestion(t.key("question_reject"), choice("Allow mock experiment?", "Yes", "No")))
	return []*request{first, second}
}

func (t *turn) questions() { t.await(t.askQuestions()...) }
func (t *turn) questionOnly() {
	t.await(t.ask(newQuestion(t.key("question"), choice("Proceed?", "Yes", "No"))))
}

// askSeveral asks four questions at once, by a tool call that waits for them.
func (t *turn) askSeveral() {
	color := choice("Choose a color", "Red", "Blue")
	color.Header = "Color"
	toppings := choice("Choose toppings", "Cheese", "Olives", "Basil")
	toppings.Header, toppings.MultiSelect = "Toppings", true
	toppings.Options[2].Description = "fresh"
	name := universal.Question{Prompt: "What is your name?", Header: "Name", Custom: true, Options: []universal.QuestionOption{}}
	password := universal.Question{Prompt: "What is the password?", Header: "Password", Custom: true, Secret: true, Options: []universal.QuestionOption{}}

	callID := t.key("ask")
	call := t.call("ask_call", universal.ToolCallPart{Name: "AskUserQuestion", Arguments: `{"questions":4}`, CallID: callID, ToolKind: universal.ToolQuestion, Title: "Four questions"})
	asked := newQuestion(t.key("ask_question"), color, toppings, name, password)
	asked.question.ItemID = call.ItemID
	if !t.await(t.ask(asked)) {
		return
	}
	if asked.answer.Answers == nil {
		why := question.Refusal(asked.answer.Message)
		t.result("ask_result", universal.ToolResultPart{CallID: callID, Output: why, IsError: true})
		t.say("ask_refused", "You did not answer: "+why)
		return
	}
	var lines []string
	for i, q := range asked.question.Questions {
		lines = append(lines, q.Header+": "+asked.choices(i))
	}
	answers := strings.Join(lines, "\n")
	t.result("ask_result", universal.ToolResultPart{CallID: callID, Output: answers})
	t.say("ask_done", "You answered:\n"+answers)
}

// propose asks for the approval of a plan; approved, the agent leaves plan
// mode.
func (t *turn) propose() {
	t.say("proposal", "My plan: 1. look, 2. change, 3. test.")
	approval := choice("Approve plan execution?", "approve", "reject")
	asked := t.ask(newQuestion(t.key("approval"), approval))
	if !t.await(asked) {
		return
	}
	if asked.choices(0) != "approve" {
		t.say("rejected", strings.TrimSpace("I will think again. "+asked.answer.Message))
		return
	}
	t.session.change(drivers.Settings{AgentMode: drivers.ModeBuild})
	t.emit(agentEvent(universal.TypeSessionUpdated, &universal.SessionUpdatedData{AgentMode: drivers.ModeBuild}))
	t.say("approved", "I will carry the plan out.")
}
