package terminal

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// permission shows what was asked for and what was answered.
func (p *Printer) permission(t universal.EventType, d *universal.PermissionData) {
	defer p.stayWith(d.ItemID)()
	if t == universal.TypePermissionRequested {
		title := permissionTitle(d, p.local(d.Title))
		p.asked[d.PermissionID] = title
		if !p.skip {
			p.note(0, yellow, "? "+title)
		}
		return
	}
	title := name(p.asked[d.PermissionID], permissionTitle(d, p.local(d.Title)))
	delete(p.asked, d.PermissionID)
	switch d.Status {
	case universal.PermissionAccept:
		p.note(0, green, "✓ allowed once: "+title)
	case universal.PermissionAcceptForSession:
		p.note(0, green, "✓ allowed in this session: "+title)
	case universal.PermissionReject:
		p.refused("✗ refused: "+title, d.Message)
	}
}

// refused shows a refusal, with what the agent is told.
func (p *Printer) refused(text, message string) {
	if message != "" {
		text += "\n  " + strings.ReplaceAll(message, "\n", "\n  ")
	}
	p.note(0, red, text)
	p.refusal = message
}

// stayWith lets the result of a call follow what was asked about it, without
// another heading.
func (p *Printer) stayWith(itemID string) (restore func()) {
	latest := p.latest
	if itemID == "" || p.calls[latest].itemID != itemID {
		return func() {}
	}
	return func() { p.latest = latest }
}

// PermissionTitle says in one line what a permission is for. It is not clean.
func PermissionTitle(d *universal.PermissionData) string { return permissionTitle(d, d.Title) }

func permissionTitle(d *universal.PermissionData, title string) string {
	switch {
	case title == "" || title == d.Action:
		return d.Action
	case strings.HasPrefix(title, d.Action):
		return title
	}
	return d.Action + ": " + title
}

// question shows what was asked and what was answered.
func (p *Printer) question(t universal.EventType, d *universal.QuestionData) {
	defer p.stayWith(d.ItemID)()
	questions := d.Questions
	if len(questions) == 0 {
		questions = []universal.Question{{Prompt: d.Prompt}}
	}
	if t == universal.TypeQuestionRequested {
		for _, q := range questions {
			if !p.skip {
				p.note(0, yellow, "? "+q.Prompt)
			}
		}
		return
	}
	if d.Status != universal.QuestionAnswered {
		p.refused("✗ not answered: "+questions[0].Prompt, d.Message)
		return
	}
	for i, q := range questions {
		answer := "(no answer)"
		if i < len(d.Responses) && len(d.Responses[i]) > 0 {
			answer = strings.Join(d.Responses[i], ", ")
		}
		p.note(0, green, "✓ "+q.Prompt+" "+answer)
	}
}

// planUpdated shows the plan when it is another than before.
func (p *Printer) planUpdated(d *universal.PlanData) {
	if slices.Equal(p.plan, d.Entries) {
		return
	}
	p.plan = slices.Clone(d.Entries)
	p.begin(textBlock)
	p.line(0, bold, "Plan")
	for _, e := range d.Entries {
		sign, s := "○", plain
		switch e.Status {
		case universal.PlanInProgress:
			sign, s = "▸", cyan
		case universal.PlanCompleted:
			sign, s = "✓", green
		case universal.PlanCancelled:
			sign, s = "✗", dim
		}
		p.short(1, s, sign+" "+e.Content)
	}
}

// quota shows a limit when the agent says something new of it.
func (p *Printer) quota(d *universal.QuotaData) {
	if p.limits[d.Kind] == d.Status {
		return
	}
	p.limits[d.Kind] = d.Status
	text := fmt.Sprintf("%s: %s", strings.ReplaceAll(string(d.Kind), "_", " "), d.Status)
	if d.Detail != "" {
		text += ", " + d.Detail
	}
	if d.ResetsAt != nil {
		text += ", resets at " + d.ResetsAt.UTC().Format(time.RFC3339)
	}
	p.note(0, dim, text)
}

// error shows an error once a turn, however often it comes back.
func (p *Printer) error(d *universal.ErrorData) {
	if p.errors[d.Message] {
		return
	}
	if len(p.errors) < maxErrors {
		p.errors[d.Message] = true
	}
	text := "Error"
	if d.Category != "" && d.Category != universal.CategoryInternal {
		text += " (" + strings.ReplaceAll(string(d.Category), "_", " ") + ")"
	}
	text += ": " + d.Message
	if d.WillRetry {
		text += " (the agent tries again)"
	}
	p.note(0, red, text)
}

// maxErrors bounds how many different errors of a turn are remembered.
const maxErrors = 64

func (p *Printer) sessionUpdated(d *universal.SessionUpdatedData) {
	var changed []string
	for _, c := range []struct{ name, value string }{
		{"title", d.Title}, {"model", d.Model}, {"variant", d.Variant},
		{"mode", d.AgentMode}, {"permission mode", d.PermissionMode},
	} {
		if c.value != "" {
			changed = append(changed, c.name+": "+c.value)
		}
	}
	if len(changed) > 0 {
		p.note(0, dim, strings.Join(changed, ", "))
	}
}

// sessionEnded shows an end that nobody asked for.
func (p *Printer) sessionEnded(d *universal.SessionEndedData) {
	if d.Reason != universal.EndError {
		return
	}
	text := "The session ended with an error: " + name(d.Message, "the agent is gone")
	if d.ExitCode != nil {
		text += fmt.Sprintf(" (exit code %d)", *d.ExitCode)
	}
	p.note(0, red, text)
	if d.Stderr != nil {
		p.body(1, dim, cleanOutput(d.Stderr.Head+d.Stderr.Tail), errorHead, errorTail)
	}
}
