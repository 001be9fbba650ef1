package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

func permissionEvent(id string, options ...universal.PermissionOption) *universal.Event {
	return &universal.Event{SessionID: "s", Type: universal.TypePermissionRequested, Data: &universal.PermissionData{
		PermissionID: id, Action: "Bash", Title: "touch " + id, ToolKind: universal.ToolExecute, Options: options,
	}}
}

func questionEvent(id string, questions ...universal.Question) *universal.Event {
	return &universal.Event{SessionID: "s", Type: universal.TypeQuestionRequested, Data: &universal.QuestionData{
		QuestionID: id, Questions: questions,
	}}
}

func always() universal.PermissionOption {
	return universal.PermissionOption{Kind: universal.AllowAlways, Name: "Always allow Bash(touch a)"}
}

func options(labels ...string) (list []universal.QuestionOption) {
	for _, label := range labels {
		list = append(list, universal.QuestionOption{Label: label})
	}
	return list
}

func TestAskerReplies(t *testing.T) {
	permission := func(decision drivers.Decision, message string) *reply {
		return &reply{"permissions/reply", rpc.PermissionReplyParams{SessionID: "s", PermissionID: "a", Reply: decision, Message: message}}
	}
	answers := func(answers ...[]string) *reply {
		return &reply{"questions/reply", rpc.QuestionReplyParams{SessionID: "s", QuestionID: "a", Answers: answers}}
	}
	one := universal.Question{Prompt: "Which?", Options: options("Red", "Dark blue")}
	several := universal.Question{Prompt: "Which?", MultiSelect: true, Options: options("Red", "Blue", "Green")}
	own := universal.Question{Prompt: "Which?", Custom: true, Options: options("Red", "Blue")}
	free := universal.Question{Prompt: "Name?", Custom: true}
	for _, tt := range []struct {
		name  string
		event *universal.Event
		lines string // separated by |; all but the last give no reply
		want  *reply
	}{
		{"yes", permissionEvent("a"), "y", permission(drivers.Once, "")},
		{"yes in full", permissionEvent("a"), " YES ", permission(drivers.Once, "")},
		{"always", permissionEvent("a", always()), "a", permission(drivers.Always, "")},
		{"no always without the option", permissionEvent("a"), "a|n x", permission(drivers.Reject, "x")},
		{"no, with a reason", permissionEvent("a", always()), "n use git mv", permission(drivers.Reject, "use git mv")},
		{"no, then a reason", permissionEvent("a"), "n|too dangerous", permission(drivers.Reject, "too dangerous")},
		{"no, without a reason", permissionEvent("a"), "no|", permission(drivers.Reject, "")},
		{"what is no answer allows nothing", permissionEvent("a", always()), "|ok|yes please|yy|a lot|y", permission(drivers.Once, "")},

		{"number", questionEvent("a", one), "2", answers([]string{"Dark blue"})},
		{"label", questionEvent("a", one), "dark BLUE", answers([]string{"Dark blue"})},
		{"no option", questionEvent("a", one), "|3|0|Green|1,2|1", answers([]string{"Red"})},
		{"several", questionEvent("a", several), "3, 1 1", answers([]string{"Green", "Red"})},
		{"own words", questionEvent("a", own), "neither 1 nor 2", answers([]string{"neither 1 nor 2"})},
		{"free text", questionEvent("a", free), "|Ada Lovelace", answers([]string{"Ada Lovelace"})},
		{"several questions", questionEvent("a", one, several, free), "1|2,3|Ada", answers([]string{"Red"}, []string{"Blue", "Green"}, []string{"Ada"})},
		{"declined", questionEvent("a", one, free), "1|-", &reply{"questions/reject", rpc.QuestionRejectParams{SessionID: "s", QuestionID: "a"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			a := &asker{out: &out}
			a.add(tt.event)
			lines := strings.Split(tt.lines, "|")
			for i, line := range lines {
				if !a.asking() {
					t.Fatalf("nothing is asked before line %d", i+1)
				}
				got := a.line(line)
				if i < len(lines)-1 {
					if got != nil {
						t.Fatalf("line %q gave %+v\n%s", line, got, out.String())
					}
					continue
				}
				if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(reply{})); diff != "" {
					t.Errorf("(-want +got):\n%s\n%s", diff, out.String())
				}
			}
			if a.asking() {
				t.Error("something is still asked")
			}
		})
	}
}

// What is asked says exactly what is to be done, also the lines of a command
// that its title doesn't have.
func TestAskerShowsAll(t *testing.T) {
	var out strings.Builder
	a := &asker{out: &out}
	ev := permissionEvent("a", always())
	var command strings.Builder
	for n := range 100 {
		fmt.Fprintf(&command, "step %d\n", n)
	}
	ev.Data.(*universal.PermissionData).Metadata = map[string]any{"toolName": "Bash", "input": map[string]any{
		"command": command.String() + "rm -rf /\x1b[2K\r", "description": "Look around", "background": false,
	}}
	a.add(ev)
	for _, want := range []string{"? Bash: touch a\n", "step 50\n", "rm -rf /␛[2K\n", "description: Look around\n", "a  Always allow Bash(touch a)\n", "Allow? [y/a/n] "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "background") {
		t.Error("what isn't so is shown")
	}
}

func TestAskerTakesTurns(t *testing.T) {
	var out strings.Builder
	a := &asker{out: &out}
	a.add(permissionEvent("a"))
	first := a.prompt
	a.add(permissionEvent("b"))
	a.add(permissionEvent("c"))
	if a.prompt != first || strings.Contains(out.String(), "touch b") {
		t.Errorf("b is asked before a is answered:\n%s", out.String())
	}
	a.withdraw("nobody")
	a.withdraw("b")
	a.withdraw("a")
	if a.prompt == first || !strings.Contains(out.String(), "touch c") || strings.Contains(out.String(), "touch b") {
		t.Errorf("c is not asked next:\n%s", out.String())
	}
	// A line for a is none for c.
	a.stale()
	want := &reply{"permissions/reply", rpc.PermissionReplyParams{SessionID: "s", PermissionID: "c", Reply: drivers.Once}}
	if diff := cmp.Diff(want, a.line("y"), cmp.AllowUnexported(reply{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := a.line("y"); got != nil {
		t.Errorf("a line that nobody wants gave %+v", got)
	}
}

// Other output goes on lines of its own, and the prompt comes back.
func TestAskerMakesWay(t *testing.T) {
	var out strings.Builder
	a := &asker{out: &out}
	a.add(permissionEvent("a"))
	a.makeWay()
	fmt.Fprintln(&out, "output")
	a.comeBack()
	a.comeBack()
	if want := "Allow? [y/n] \noutput\nAllow? [y/n] "; !strings.HasSuffix(out.String(), want) {
		t.Errorf("got %q, want it to end with %q", out.String(), want)
	}
}

// Nothing shows a secret, from before it is asked for until it is typed.
func TestAskerHidesSecrets(t *testing.T) {
	var out strings.Builder
	a := &asker{out: &out}
	a.echo = func(on bool) { fmt.Fprintf(&out, "[%v]", on) }
	a.add(questionEvent("a", universal.Question{Prompt: "Name?", Custom: true}, universal.Question{Prompt: "Password?", Custom: true, Secret: true}))
	a.line("Ada")
	a.line("open sesame")
	const want = "? Name?\n[true]Your answer (- to decline): " +
		"? Password?\n[false]Your answer (- to decline): \n[true]"
	if got := out.String(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestKeyboard(t *testing.T) {
	k := newKeyboard(strings.NewReader("one\r\ntwo\nlast"))
	defer k.close()
	k.ask(1)
	k.ask(2) // while the first is under way
	for _, want := range []typedLine{{text: "one", prompt: 1}, {text: "two", prompt: 3}} {
		if got := <-k.lines; got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		k.busy = false
		k.ask(3)
	}
	if got := <-k.lines; got.err == nil || got.text != "last" {
		t.Errorf("got %+v, want the last line and an error", got)
	}
}
