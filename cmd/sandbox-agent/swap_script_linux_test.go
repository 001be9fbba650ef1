package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// errand is something that an agent is made to do. Behind a real agent the
// scripted model does what the scenario says; the mock has no model and takes
// a command of its own that means the same.
type errand struct {
	scenario string
	params   modelserver.Input
	mock     string
}

func (e errand) forModel() string { return modelserver.Prompt(e.scenario, e.params) }
func (e errand) forMock() string  { return e.mock }

// runs is a shell command.
func runs(command string) errand {
	return errand{"bash", modelserver.Input{"command": command}, "gate " + command}
}

// writes makes a file, or changes one, which is all the same to the mock.
func writes(path, content string) errand {
	return errand{"write", modelserver.Input{"path": path, "content": content}, "edit " + filepath.Base(path)}
}

// performance is one agent's way through the script.
type performance struct {
	*talk
	t        *testing.T
	can      *drivers.Capabilities
	real     bool // it does what it says
	models   [2]string
	tell     func(errand) string
	create   func() session.CreateOptions
	crash    func(*performance) // ends the agent's process in mid-turn, which runs a command
	sessions []*talk
}

// step is a part of the script.
type step struct {
	name  string
	needs ability // nil: every agent can do it
	do    func(*performance)
}

// script is what every agent is put through, in this order. Nothing in it
// knows which agent it is.
func script() []step {
	return []step{
		{"text", nil, saysSomething},
		{"reasoning", canReason, reasons},
		{"usage", canCount, counts},
		{"a command, allowed once", canBePermitted, runsOnce},
		{"a command, allowed for good", canBePermitted, runsAlways},
		{"a command, refused", canBePermitted, runsNot},
		{"a new file", canBePermitted, makesFile},
		{"a changed file", canBePermitted, changesFile},
		{"a question", canAsk, asks},
		{"a question, refused", canAsk, asksInVain},
		{"a list of tasks", canPlan, lists},
		{"a sub-agent", nil, delegates},
		{"a plan to approve", canPropose, proposes},
		{"another model", canSwitchModel, switchesModel},
		{"edits accepted", canSwitchModes, acceptsEdits},
		{"nothing may change", canSwitchModes, changesNothing},
		{"everything allowed", canSwitchModes, allowsAll},
		{"interrupt of a command", canBeInterrupted, isInterrupted},
		{"resumed by another session", canResume, isResumed},
		{"crash", canResume, crashes},
		{"the end", nil, ends},
	}
}

func (p *performance) wantFile(name, content string) {
	p.t.Helper()
	if got := p.file(name); p.real && got != content {
		p.t.Errorf("%s holds %q, want %q", name, got, content)
	}
}

// errand sends the agent on an errand and returns what it says.
func (p *performance) errand(e errand, replies ...personReply) string {
	p.t.Helper()
	from := len(p.events)
	p.turn(p.tell(e), replies...)
	return p.said(from)
}

// wantWords checks that what the model said got through.
func (p *performance) wantWords(said string, words ...string) {
	p.t.Helper()
	for _, w := range words {
		if p.real && !strings.Contains(said, w) {
			p.t.Errorf("the model said %q and the agent %q", w, said)
		}
	}
}

func saysSomething(p *performance) {
	from := len(p.events)
	said := p.errand(errand{"text", nil, "slow 3 1"})
	p.wantWords(said, "Hello from the scripted model.")
	pieces := 0
	for i := range p.events[from:] {
		if ev := &p.events[from+i]; ev.Type == universal.TypeItemDelta && !ev.Synthetic {
			pieces++
		}
	}
	if streams := pieces > 1; streams != p.can.StreamingDeltas {
		p.t.Errorf("the text came in %d pieces, and the flag streamingDeltas is %v", pieces, p.can.StreamingDeltas)
	}
}

func reasons(p *performance) {
	p.wantWords(p.errand(errand{"thinking", nil, "reasoning"}), "I have thought about it.")
}

func counts(p *performance) {
	from := len(p.events)
	p.errand(errand{"usage", nil, "usage"})
	priced := false
	for i := range p.events[from:] {
		switch d := p.events[from+i].Data.(type) {
		case *universal.TurnEndedData:
			priced = priced || d.Usage != nil && d.Usage.CostUSD != nil
		case *universal.UsageData:
			priced = priced || d.CostUSD != nil
		}
	}
	if priced != p.can.Cost {
		p.t.Errorf("a turn tells what it cost: %v, and the flag cost is %v", priced, p.can.Cost)
	}
}

func runsOnce(p *performance) {
	said := p.errand(runs("echo once > once.txt"), permit())
	p.wantWords(said, "Let me do that.", "The tool has run.")
	p.wantFile("once.txt", "once\n")
}

// runsAlways also shows that allowing one command for good doesn't allow
// another program. As for the same one, agents may offer more or less.
func runsAlways(p *performance) {
	same := runs("echo always >> always.txt")
	p.errand(same, permitAlways())
	p.errand(same)
	p.wantFile("always.txt", "always\nalways\n")
	p.errand(runs("rm always.txt"), forbid("That one stays."))
	p.wantFile("always.txt", "always\nalways\n")
}

func runsNot(p *performance) {
	said := p.errand(runs("cp once.txt never.txt"), forbid("Not on a Sunday."))
	p.wantWords(said, "The tool has run.") // so the scripted model goes on
	p.wantFile("never.txt", "")
}

func makesFile(p *performance) {
	p.errand(writes(p.path("hello.txt"), "hello file\n"), permit())
	p.wantFile("hello.txt", "hello file\n")
}

// changesFile changes the file of the step before, which the agent knows.
func changesFile(p *performance) {
	said := p.errand(errand{"swap_edit", nil, "edit hello.txt"}, forbid("First look again."))
	p.wantFile("hello.txt", "hello file\n")
	said += p.errand(errand{"swap_edit", nil, "edit hello.txt"}, permit())
	p.wantWords(said, "The file is edited.")
	p.wantFile("hello.txt", "another file\n")
}

// swapScenarios are what the model does in this script beside what it can do
// anyhow.
func swapScenarios() map[string]modelserver.Scenario {
	say := func(text string) modelserver.Step {
		return func(modelserver.Context) modelserver.Reply { return modelserver.Say(modelserver.Text(text)) }
	}
	return map[string]modelserver.Scenario{
		"swap_edit": {
			func(c modelserver.Context) modelserver.Reply {
				return modelserver.Say(modelserver.Do(modelserver.Edit{Path: c.Path("hello.txt"), Old: "hello file\n", New: "another file\n"}))
			},
			say("The file is edited."),
		},
	}
}

func asks(p *performance) {
	p.wantWords(p.errand(errand{"ask_one", nil, "ask"}, answerAll()), "Red")
}

func asksInVain(p *performance) {
	p.wantWords(p.errand(errand{"ask_one", nil, "ask"}, turnDown("No answer today.")), "No answer today.")
}

func lists(p *performance) {
	p.wantWords(p.errand(errand{"todo", nil, "plan"}), "The list is up to date.")
	for i := len(p.events) - 1; i >= 0; i-- {
		if d, ok := p.events[i].Data.(*universal.PlanData); ok {
			if len(d.Entries) != 2 || d.Entries[0].Status != universal.PlanCompleted {
				p.t.Errorf("the list is %+v", d.Entries)
			}
			return
		}
	}
}

// delegates lets a sub-agent work, which asks like its parent whether or not
// the agent tells what else it does.
func delegates(p *performance) {
	const command = "mv once.txt helped.txt"
	said := p.errand(errand{"task", modelserver.Input{
		"prompt": modelserver.Prompt("subagent", modelserver.Input{"command": command}),
		"extra":  modelserver.Input{"run_in_background": false},
	}, "subagent gate " + command}, permit())
	p.wantWords(said, "The helper came back.")
	p.wantFile("helped.txt", "once\n")
}

func proposes(p *performance) {
	p.update(session.UpdateOptions{AgentMode: drivers.ModePlan})
	p.errand(errand{"plan_inline", nil, "propose"}, answerAll())
	p.update(session.UpdateOptions{AgentMode: drivers.ModeBuild})
}

func switchesModel(p *performance) {
	for _, model := range p.models {
		p.update(session.UpdateOptions{Model: model})
		said := p.errand(errand{"model", nil, "context"})
		if _, own, ok := strings.Cut(model, "/"); ok {
			model = own // the provider's name is the agent's
		}
		if !strings.Contains(said, model) {
			p.t.Errorf("asked for model %s the agent says %q", model, said)
		}
	}
}

func acceptsEdits(p *performance) {
	p.update(session.UpdateOptions{PermissionMode: drivers.PermissionAcceptEdits})
	p.errand(writes(p.path("accepted.txt"), "accepted\n"))
	p.wantFile("accepted.txt", "accepted\n")
	p.errand(runs("sh -c 'echo not > accepted.txt'"), forbid("No commands."))
	p.wantFile("accepted.txt", "accepted\n")
}

func changesNothing(p *performance) {
	p.update(session.UpdateOptions{PermissionMode: drivers.PermissionPlan})
	p.errand(runs("cp hello.txt planned.txt"))
	p.wantFile("planned.txt", "")
}

func allowsAll(p *performance) {
	p.update(session.UpdateOptions{PermissionMode: drivers.PermissionBypass})
	p.errand(runs("echo bypassed > bypassed.txt"))
	p.wantFile("bypassed.txt", "bypassed\n")
}

// endless runs until it is ended from outside. It goes on being allowed what
// the step before it allowed.
func endless(p *performance) (turn string) {
	p.t.Helper()
	turn = p.send(session.MessageOptions{Message: p.tell(errand{"bash", modelserver.Input{
		"command": "echo $$ > pid.txt; while true; do sleep 1; done",
	}, "wait"})})
	if p.real {
		p.awaitFile("pid.txt")
	}
	p.until("the call", func(ev *universal.Event) bool {
		d, ok := ev.Data.(*universal.ItemData)
		return ok && d.Item.Kind == universal.KindToolCall
	})
	return turn
}

func isInterrupted(p *performance) {
	turn := endless(p)
	start := time.Now()
	if err := p.client.Call(p.t.Context(), "sessions/interrupt", rpc.InterruptParams{SessionID: p.id}, nil); err != nil {
		p.t.Fatal(err)
	}
	p.finish(turn)
	if p.real {
		p.endedCommand(start)
	}
	p.errand(errand{"text", nil, "echo hello"})
}

// isResumed ends the session and goes on in another one.
func isResumed(p *performance) {
	before := p.remembered(p.tell(errand{"count", nil, "recall"}))
	p.terminate()
	opts := p.create()
	opts.Resume = p.native
	p.enter(opts)
	if after := p.remembered(p.tell(errand{"count", nil, "recall"})); after != before+1 {
		p.t.Errorf("the agent remembered %d messages, and resumed %d", before, after)
	}
}

// enter begins a session that the script goes on in.
func (p *performance) enter(opts session.CreateOptions) {
	p.t.Helper()
	p.talk = begin(p.t, p.client, opts)
	p.sessions = append(p.sessions, p.talk)
}

func crashes(p *performance) {
	before := p.remembered(p.tell(errand{"count", nil, "recall"}))
	p.update(session.UpdateOptions{PermissionMode: drivers.PermissionBypass})
	p.crash(p)
	if after := p.remembered(p.tell(errand{"count", nil, "recall"})); after <= before {
		p.t.Errorf("the agent remembered %d messages, and after the crash %d", before, after)
	}
}

func ends(p *performance) { p.terminate() }
