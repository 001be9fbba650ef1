package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/cmd/sandbox-agent/terminal"
	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// asker asks a person for permissions and answers, one after the other. It
// only writes: whoever owns it hands it the lines that the person types. It is
// not safe for concurrent use.
type asker struct {
	out   io.Writer
	opts  terminal.Options
	queue []*request // the first one is being asked
	// prompt numbers what is being asked, so that a line that was typed for
	// something else can be told.
	prompt int
	// echo says whether what is typed is shown; nil does nothing.
	echo func(on bool)
	// standing says that the cursor is behind the prompt.
	standing bool
}

// request is what a person is asked.
type request struct {
	event      *universal.Event
	id         string
	session    string
	permission *universal.PermissionData
	wantReason bool // refused; the reason is being asked for
	questions  []universal.Question
	answers    [][]string // of the first questions
}

// reply is the call that hands an answer to the agent.
type reply struct {
	method string
	params any
}

// add asks what an event asks, as soon as what came before is answered.
func (a *asker) add(ev *universal.Event) {
	r := &request{event: ev, session: ev.SessionID}
	switch d := ev.Data.(type) {
	case *universal.PermissionData:
		r.id, r.permission = d.PermissionID, d
	case *universal.QuestionData:
		r.id, r.questions = d.QuestionID, d.Questions
		if len(r.questions) == 0 {
			q := universal.Question{Prompt: d.Prompt, Custom: len(d.Options) == 0}
			for _, label := range d.Options {
				q.Options = append(q.Options, universal.QuestionOption{Label: label})
			}
			r.questions = []universal.Question{q}
		}
	default:
		return
	}
	a.queue = append(a.queue, r)
	if len(a.queue) == 1 {
		a.ask()
	}
}

// withdraw forgets a request that is resolved.
func (a *asker) withdraw(id string) {
	i := slices.IndexFunc(a.queue, func(r *request) bool { return r.id == id })
	if i < 0 {
		return
	}
	a.makeWay()
	a.queue = slices.Delete(a.queue, i, i+1)
	if i == 0 {
		a.ask()
	}
}

// asking tells whether a line is wanted.
func (a *asker) asking() bool { return len(a.queue) > 0 }

// secret tells whether the answer must not be shown.
func (a *asker) secret() bool {
	if len(a.queue) == 0 {
		return false
	}
	q := a.queue[0].question()
	return q != nil && q.Secret
}

func (a *asker) hide(secret bool) {
	if a.echo != nil {
		a.echo(!secret)
	}
}

// question is the one to be answered next, nil for a permission.
func (r *request) question() *universal.Question {
	if r.permission != nil {
		return nil
	}
	return &r.questions[len(r.answers)]
}

// makeWay ends the line of the prompt, so that something else can be written.
func (a *asker) makeWay() {
	if a.standing {
		fmt.Fprintln(a.out)
		a.standing = false
	}
}

// comeBack repeats the prompt after makeWay.
func (a *asker) comeBack() {
	if len(a.queue) > 0 && !a.standing {
		a.showPrompt()
	}
}

// ask shows the first request.
func (a *asker) ask() {
	a.prompt++
	if len(a.queue) == 0 {
		a.hide(false)
		return
	}
	a.makeWay()
	r := a.queue[0]
	if q := r.question(); q != nil {
		fmt.Fprint(a.out, terminal.Question(q, a.opts))
	} else if !r.wantReason {
		fmt.Fprint(a.out, terminal.Permission(r.permission, a.opts))
	}
	a.showPrompt()
}

func (a *asker) showPrompt() {
	r, text := a.queue[0], ""
	switch q := r.question(); {
	case r.wantReason:
		text = "Why? (Enter for no reason) "
	case q == nil && terminal.OffersAlways(r.permission):
		text = "Allow? [y/a/n] "
	case q == nil:
		text = "Allow? [y/n] "
	case len(q.Options) == 0:
		text = "Your answer (- to decline): "
	case q.MultiSelect:
		text = "Numbers, separated by commas" + ownWords(q) + " (- to decline): "
	default:
		text = "Number" + ownWords(q) + " (- to decline): "
	}
	// Before the prompt, since then a person may be typing already.
	a.hide(a.secret())
	fmt.Fprint(a.out, text)
	a.standing = true
}

func ownWords(q *universal.Question) string {
	if q.Custom {
		return ", or your own words"
	}
	return ""
}

// again says why a line is no answer, and asks once more.
func (a *asker) again(format string, args ...any) {
	fmt.Fprintf(a.out, format+"\n", args...)
	a.showPrompt()
}

// stale takes a line that was typed before the present question was shown.
func (a *asker) stale() {
	a.standing = false
	if len(a.queue) > 0 {
		a.again("(That was typed for something that is settled by now; it was not used.)")
	}
}

// line takes what a person typed. It returns a reply when that completes an
// answer.
func (a *asker) line(text string) *reply {
	if a.secret() {
		a.makeWay() // nothing was echoed, not even the newline
	}
	a.standing = false // the newline was typed
	if len(a.queue) == 0 {
		return nil
	}
	r := a.queue[0]
	text = strings.TrimSpace(text)
	if r.permission != nil {
		return a.permissionLine(r, text)
	}
	return a.questionLine(r, text)
}

func (a *asker) permissionLine(r *request, text string) *reply {
	if r.wantReason {
		return a.permit(r, drivers.Reject, text)
	}
	word, rest, _ := strings.Cut(text, " ")
	rest = strings.TrimSpace(rest)
	switch strings.ToLower(word) {
	case "y", "yes":
		if rest == "" {
			return a.permit(r, drivers.Once, "")
		}
	case "a", "always":
		if rest == "" && terminal.OffersAlways(r.permission) {
			return a.permit(r, drivers.Always, "")
		}
	case "n", "no":
		if rest != "" {
			return a.permit(r, drivers.Reject, rest)
		}
		r.wantReason = true
		a.ask()
		return nil
	}
	if terminal.OffersAlways(r.permission) {
		a.again("Please type y, a or n.")
	} else {
		a.again("Please type y or n.")
	}
	return nil
}

func (a *asker) permit(r *request, decision drivers.Decision, message string) *reply {
	a.next()
	return &reply{"permissions/reply", rpc.PermissionReplyParams{
		SessionID: r.session, PermissionID: r.id, Reply: decision, Message: message,
	}}
}

func (a *asker) questionLine(r *request, text string) *reply {
	if text == "-" {
		a.next()
		return decline(r.session, r.id, "")
	}
	q := r.question()
	choices, problem := readChoices(q, text)
	if problem != "" {
		a.again("%s", problem)
		return nil
	}
	r.answers = append(r.answers, choices)
	if len(r.answers) < len(r.questions) {
		a.ask()
		return nil
	}
	a.next()
	return &reply{"questions/reply", rpc.QuestionReplyParams{SessionID: r.session, QuestionID: r.id, Answers: r.answers}}
}

func decline(session, id, message string) *reply {
	return &reply{"questions/reject", rpc.QuestionRejectParams{SessionID: session, QuestionID: id, Message: message}}
}

// next goes on to the next request.
func (a *asker) next() {
	a.queue = a.queue[1:]
	a.ask()
}

// readChoices reads an answer: numbers or labels of options, or free text.
// problem says what is wrong with it.
func readChoices(q *universal.Question, text string) (choices []string, problem string) {
	if text == "" {
		return nil, "Please answer, or type - to decline."
	}
	if len(q.Options) == 0 {
		return []string{text}, ""
	}
	if label, ok := option(q, text); ok {
		return []string{label}, ""
	}
	fields := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
	for _, field := range fields {
		label, ok := option(q, field)
		switch {
		case !ok && q.Custom:
			return []string{text}, ""
		case !ok:
			return nil, fmt.Sprintf("Please choose from 1 to %d, or type - to decline.", len(q.Options))
		case !slices.Contains(choices, label):
			choices = append(choices, label)
		}
	}
	switch {
	case len(choices) == 0:
		return nil, "Please answer, or type - to decline."
	case len(choices) > 1 && !q.MultiSelect:
		return nil, "Please choose one."
	}
	return choices, ""
}

// option finds an option by its number or its label.
func option(q *universal.Question, text string) (label string, ok bool) {
	if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(q.Options) {
		return q.Options[n-1].Label, true
	}
	for _, o := range q.Options {
		if strings.EqualFold(o.Label, text) {
			return o.Label, true
		}
	}
	return "", false
}
