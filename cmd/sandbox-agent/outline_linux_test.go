package main

import (
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// outline is what a stretch of a stream comes to when all is left out in which
// agents are free: ids, texts, times, the names of their tools, and into how
// many messages they cut what they say. What stays is what a client is written
// for: what happened, in which order, inside of what, and how it ended.
type outline []*outlined

// outlined is one line of an outline, with what happened inside of it.
type outlined struct {
	what   string
	detail []trait // what else can be said of it
	inside outline
	needs  ability // what an agent must be able to do to have the line; nil: nothing
}

// trait is something about a line that not every agent tells.
type trait struct {
	what  string
	needs ability
}

// ability is one of the capabilities.
type ability func(*drivers.Capabilities) bool

func canReason(c *drivers.Capabilities) bool        { return c.Reasoning }
func canPlan(c *drivers.Capabilities) bool          { return c.Plan }
func canPropose(c *drivers.Capabilities) bool       { return c.PlanApproval }
func canAsk(c *drivers.Capabilities) bool           { return c.Questions }
func canDelegate(c *drivers.Capabilities) bool      { return c.Subagents }
func canRun(c *drivers.Capabilities) bool           { return c.CommandExecution }
func canEdit(c *drivers.Capabilities) bool          { return c.FileChanges }
func canBePermitted(c *drivers.Capabilities) bool   { return c.Permissions }
func canCount(c *drivers.Capabilities) bool         { return c.Usage }
func canResume(c *drivers.Capabilities) bool        { return c.Resume }
func canSwitchModel(c *drivers.Capabilities) bool   { return c.ModelSwitch }
func canSwitchModes(c *drivers.Capabilities) bool   { return c.ModeSwitch }
func canBeInterrupted(c *drivers.Capabilities) bool { return c.Interrupt }

// outlineOf reduces events. Of the requests it has those that were answered by
// the client, since whether an agent keeps to a permission mode by itself or
// the bridge answers for it makes no difference to anyone.
func outlineOf(events []universal.Event, answered map[string]bool) outline {
	r := reduction{items: map[string]*outlined{}, calls: map[string]*outlined{}, answered: answered}
	for i := range events {
		r.take(&events[i])
	}
	return r.root.inside.neutral()
}

// reduction makes an outline, event by event.
type reduction struct {
	root     outlined
	items    map[string]*outlined // by item id
	calls    map[string]*outlined // by call id
	answered map[string]bool
	planned  bool
}

func (r *reduction) take(ev *universal.Event) {
	switch d := ev.Data.(type) {
	case *universal.TurnStartedData:
		r.planned = false
		if d.Origin == universal.OriginAgent {
			r.add(&r.root, &outlined{what: "begins by itself"})
		}
	case *universal.TurnEndedData:
		end := &outlined{what: "turn " + string(d.StopReason)}
		// What a turn took that didn't come to its end is often not known.
		if u := d.Usage; d.StopReason == universal.StopEndTurn && u != nil && u.InputTokens != nil && u.OutputTokens != nil {
			end.detail = append(end.detail, trait{"usage", canCount})
		}
		r.add(&r.root, end)
	case *universal.SessionEndedData:
		r.add(&r.root, &outlined{what: "session " + string(d.Reason) + " by " + string(d.TerminatedBy)})
	case *universal.SessionUpdatedData:
		r.settings(d)
	case *universal.ItemData:
		r.item(ev.Type, &d.Item)
	case *universal.PermissionData:
		// One that names no call is of a sub-agent whose calls aren't told.
		if call := r.items[d.ItemID]; call != nil && ev.Type == universal.TypePermissionResolved && r.answered[d.PermissionID] {
			r.add(call, &outlined{what: "permission for " + string(d.ToolKind) + ": " + string(d.Status), needs: canBePermitted})
		}
	case *universal.QuestionData:
		if ev.Type == universal.TypeQuestionResolved && r.answered[d.QuestionID] {
			r.add(r.place(d.ItemID), &outlined{what: "question: " + string(d.Status), needs: canAsk})
		}
	case *universal.PlanData:
		if !r.planned { // it is told whole each time
			r.planned = true
			r.add(&r.root, &outlined{what: "plan", needs: canPlan})
		}
	case *universal.ErrorData:
		r.add(&r.root, &outlined{what: "error " + string(d.Category)})
	}
}

// settings shows what holds for the requests to come. Agents also tell of
// titles that they make up, of ids, of commands, and of what they call the
// model that they were asked for, whenever they like.
func (r *reduction) settings(d *universal.SessionUpdatedData) {
	for _, s := range []struct {
		name, value string
	}{
		{"agent mode", d.AgentMode},
		{"permission mode", d.PermissionMode},
	} {
		if s.value != "" {
			r.add(&r.root, &outlined{what: "new " + s.name, needs: canSwitchModes})
		}
	}
}

// item shows an item where it began, and as it ended.
func (r *reduction) item(event universal.EventType, it *universal.Item) {
	line := r.items[it.ItemID]
	if line == nil {
		line = &outlined{}
		switch it.Kind {
		case universal.KindMessage, universal.KindToolCall:
			r.add(r.place(string(it.ParentID)), line)
		case universal.KindToolResult:
			r.add(r.called(it), line)
		default:
			return // what else is told is a notice, and nobody's business but a person's
		}
		r.items[it.ItemID] = line
	}
	if event != universal.TypeItemCompleted && it.Kind != universal.KindToolCall {
		return
	}
	switch it.Kind {
	case universal.KindMessage:
		line.message(it)
	case universal.KindToolCall:
		line.what = "call " + string(callOf(it).ToolKind)
		r.calls[callOf(it).CallID] = line
	case universal.KindToolResult:
		line.result(it)
	}
}

func callOf(it *universal.Item) *universal.ToolCallPart {
	for _, p := range it.Content {
		if call, ok := p.(*universal.ToolCallPart); ok {
			return call
		}
	}
	return new(universal.ToolCallPart)
}

func (line *outlined) message(it *universal.Item) {
	line.what = "says"
	if it.Role == universal.RoleUser {
		line.what = "is told"
	}
	for _, p := range it.Content {
		if _, thought := p.(*universal.ReasoningPart); thought && it.Role == universal.RoleAssistant {
			line.what, line.needs = "thinks", canReason
		}
	}
	if it.Status != universal.StatusCompleted {
		line.what += ", " + string(it.Status)
	}
}

func (line *outlined) result(it *universal.Item) {
	line.what = "result " + string(it.Status)
	for _, p := range it.Content {
		switch p := p.(type) {
		case *universal.ToolResultPart:
			if p.IsError != (it.Status != universal.StatusCompleted) {
				line.what += ", which it says is not so"
			}
		case *universal.CommandPart:
			// One that isn't to run is kept from it, or from what it wants.
			if p.ExitCode != nil && it.Status == universal.StatusCompleted {
				line.detail = append(line.detail, trait{"command with exit code", canRun})
			}
		case *universal.FileRefPart:
			if p.Diff != "" {
				line.detail = append(line.detail, trait{"diff of a file", canEdit})
			}
		}
	}
}

func (r *reduction) add(to *outlined, line *outlined) { to.inside = append(to.inside, line) }

// place is the line of an item, or the stretch as a whole.
func (r *reduction) place(item string) *outlined {
	if line := r.items[item]; line != nil {
		return line
	}
	return &r.root
}

// called is the line of the call that a result belongs to.
func (r *reduction) called(it *universal.Item) *outlined {
	for _, p := range it.Content {
		if result, ok := p.(*universal.ToolResultPart); ok {
			if line := r.calls[result.CallID]; line != nil {
				return line
			}
		}
	}
	return &r.root
}

// neutral takes out the rest in which agents are free.
func (o outline) neutral() outline {
	var kept outline
	for _, line := range o {
		line.inside = line.inside.neutral()
		switch line.what {
		case "call " + string(universal.ToolThink), "call " + string(universal.ToolOther):
			// With such a tool an agent keeps its own house. What a client
			// should know of it has events of its own.
			continue
		case "call " + string(universal.ToolQuestion):
			// Whether a question comes by a call or otherwise, it is the same
			// question.
			for _, asked := range line.inside {
				if strings.HasPrefix(asked.what, "question") {
					kept = append(kept, asked)
				}
			}
			continue
		case "call " + string(universal.ToolSubagent):
			for _, done := range line.inside {
				if !strings.HasPrefix(done.what, "result") {
					done.needs = canDelegate
				}
			}
			line.inside = slices.DeleteFunc(line.inside, func(done *outlined) bool { return done.what == "is told" })
		}
		// What is said or thought right before something is done is up to the
		// model, and the mock has none.
		if strings.HasPrefix(line.what, "call") {
			for len(kept) > 0 && (strings.HasPrefix(kept[len(kept)-1].what, "says") || kept[len(kept)-1].what == "thinks") {
				kept = kept[:len(kept)-1]
			}
		}
		if len(kept) > 0 && len(line.inside) == 0 && kept[len(kept)-1].what == line.what && len(kept[len(kept)-1].inside) == 0 {
			continue // the same once more
		}
		kept = append(kept, line)
	}
	return kept
}

// text shows the outline as an agent with these capabilities has it.
func (o outline) text(can *drivers.Capabilities) string {
	var b strings.Builder
	o.write(&b, "", can)
	return b.String()
}

func (o outline) write(b *strings.Builder, indent string, can *drivers.Capabilities) {
	for _, line := range o {
		if line.needs != nil && !line.needs(can) {
			continue
		}
		b.WriteString(indent + line.what)
		for _, d := range line.detail {
			if d.needs(can) {
				b.WriteString(", " + d.what)
			}
		}
		b.WriteByte('\n')
		line.inside.write(b, indent+"  ", can)
	}
}
