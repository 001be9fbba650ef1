package drivertest

import (
	"slices"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

func (r *run) text() {
	c := r.start()
	events, ended := c.rec.AwaitTurnEnd(r, c.send(r.need("Text", r.subject.Prompts.Text)))
	r.wantStop(ended, universal.StopEndTurn)
	if Text(events) == "" {
		r.Error("the turn says nothing")
	}
}

func (r *run) turns() {
	c := r.start()
	for range 3 {
		_, ended := c.rec.AwaitTurnEnd(r, c.send(r.subject.Prompts.Text))
		r.wantStop(ended, universal.StopEndTurn)
	}
	ends := 0
	for _, ev := range c.rec.Events(0) {
		if ev.Type == universal.TypeTurnEnded {
			ends++
		}
	}
	if ends != 3 {
		r.Errorf("3 turns have %d turn.ended", ends)
	}
}

func (r *run) claims() {
	shown := map[string][]universal.Event{} // by prompt: several flags may share one
	for _, claim := range claims() {
		if !claim.flag(r.can) {
			continue // every case checks that no event shows it
		}
		prompt := claim.prompt(r.subject.Prompts)
		if prompt == "" {
			r.Errorf("no prompt is given that shows %s, which the driver claims", claim.name)
			continue
		}
		events, known := shown[prompt]
		if !known {
			c := r.start()
			c.turn(prompt)
			events = c.rec.Events(0)
			shown[prompt] = events
		}
		if !slices.ContainsFunc(events, func(ev universal.Event) bool { return claim.shows(&ev) }) {
			r.Errorf("the flag %s is true, but the prompt %q does not show it:\n%s", claim.name, prompt, Skeleton(events))
		}
		if claim.runs && !toolRan(events) {
			r.Errorf("the flag %s is true, but with the prompt %q no tool gives a result:\n%s", claim.name, prompt, Skeleton(events))
		}
	}
}

func (r *run) backgroundTask() {
	c := r.start()
	if !r.can.BackgroundTasks {
		c.turn(r.subject.Prompts.Text)
		c.rec.mu.Lock()
		defer c.rec.mu.Unlock()
		if len(c.rec.background) > 0 {
			r.Error("Background is called, but the flag backgroundTasks is false")
		}
		return
	}
	events := c.turn(r.need("Background", r.subject.Prompts.Background))
	c.rec.AwaitBackground(r, 1)
	c.rec.AwaitBackground(r, 0)
	after := c.rec.Events(0)
	after = after[slices.IndexFunc(after, func(ev universal.Event) bool { return ev.Type == universal.TypeTurnEnded })+1:]
	for _, ev := range after {
		if ev.Type == universal.TypeTurnStarted {
			break
		}
		if it := itemOf(&ev); it != nil && it.ParentID == "" && it.Kind != universal.KindStatus && it.Kind != universal.KindSystem {
			r.Errorf("%s is outside of a turn and has no parent", Bone(&ev))
		}
	}
	if !slices.ContainsFunc(events, func(ev universal.Event) bool { return hasPart[*universal.ToolCallPart](&ev) }) {
		r.Error("the turn shows no call that launches the task")
	}
}

func (r *run) systemPrompt() {
	if !r.can.SystemPrompt {
		r.checkUnsupported()
		return
	}
	p := r.subject.Prompts
	cfg := r.subject.Config(r)
	cfg.SystemPrompt = r.need("SystemPrompt", p.SystemPrompt)
	c := r.startWith(cfg)
	from := c.rec.Len()
	c.turn(r.need("Context", p.Context))
	c.heard(from, p.SystemPrompt)
}

func (r *run) attachment() {
	if !r.can.StructuredAttachments {
		return // there is no verb for it: the bridge then gives paths in the text
	}
	p := r.subject.Prompts
	c := r.start()
	from := c.sendMessage(drivers.Message{
		Text:        r.need("Attachments", p.Attachments),
		Attachments: []drivers.Attachment{{Data: []byte("The word is mellow.\n"), Mime: "text/plain", Filename: r.need("AttachmentName", p.AttachmentName)}},
	})
	c.answerAll(from)
	c.heard(from, p.AttachmentName)
}

func (r *run) twoSessions() {
	one, two := r.start(), r.start()
	fromOne, fromTwo := one.send(r.subject.Prompts.Text), two.send(r.subject.Prompts.Text)
	_, ended := two.rec.AwaitTurnEnd(r, fromTwo)
	r.wantStop(ended, universal.StopEndTurn)
	_, ended = one.rec.AwaitTurnEnd(r, fromOne)
	r.wantStop(ended, universal.StopEndTurn)
	if id := one.NativeID(); id != "" && id == two.NativeID() {
		r.Errorf("both sessions have the native id %q", id)
	}
	if err := one.Close(r.Context()); err != nil {
		r.Errorf("Close: %v", err)
	}
	_, ended = two.rec.AwaitTurnEnd(r, two.send(r.subject.Prompts.Text))
	r.wantStop(ended, universal.StopEndTurn)
}

func (r *run) update() {
	c := r.start()
	info := r.driver.Info()
	models, err := r.driver.Models(r.Context())
	if err != nil {
		r.Fatalf("Models: %v", err)
	}
	var good, bad []drivers.Settings
	modes := []drivers.Settings{{AgentMode: noSuchMode}, {PermissionMode: noSuchMode}}
	for _, m := range info.Modes {
		modes = append(modes, drivers.Settings{AgentMode: m.ID})
	}
	for _, m := range info.PermissionModes {
		modes = append(modes, drivers.Settings{PermissionMode: m})
	}
	modes = append(modes, drivers.Settings{AgentMode: info.Modes[0].ID, PermissionMode: drivers.PermissionDefault})
	if r.can.ModeSwitch {
		bad, good = append(bad, modes[:2]...), append(good, modes[2:]...)
	} else {
		bad = append(bad, modes...)
	}
	for _, m := range models.Models {
		switch change := (drivers.Settings{Model: m.ID}); {
		case r.can.ModelSwitch:
			good = append(good, change)
		case m.ID != models.DefaultModel: // which is no switch to another
			bad = append(bad, change)
		}
	}
	for _, change := range bad {
		r.wantKind("Update", c.Update(r.Context(), change), universal.KindModeNotSupported, universal.KindInvalidRequest, universal.KindNotSupported)
	}
	for _, change := range good {
		if err := c.Update(r.Context(), change); err != nil {
			r.Errorf("Update %+v: %v", change, err)
		}
	}
	_, ended := c.rec.AwaitTurnEnd(r, c.send(r.subject.Prompts.Text))
	r.wantStop(ended, universal.StopEndTurn)
}

func (r *run) steer() {
	c := r.start()
	msg := drivers.Message{Text: "Nobody works.", Steer: true}
	if !r.can.Steer {
		r.wantKind("Send with Steer", c.Send(r.Context(), msg), universal.KindNotSupported)
		return
	}
	if err := c.Send(r.Context(), msg); err == nil {
		r.Error("Send with Steer succeeds while no turn runs")
	}
	p := r.subject.Prompts
	from := c.send(r.need("Steerable", p.Steerable))
	c.rec.Await(r, from, "the turn to say something", func(*universal.Event) bool { return true })
	if err := c.Send(r.Context(), drivers.Message{Text: r.need("SteerText", p.SteerText), Steer: true}); err != nil {
		r.Fatalf("Send with Steer: %v", err)
	}
	c.answerAll(from)
	c.heard(from, p.SteerText)
	c.rec.AwaitTurnEnd(r, c.send(p.Text))
	ends := 0
	for _, ev := range c.rec.Events(from) {
		if ev.Type == universal.TypeTurnEnded {
			ends++
		}
	}
	if ends != 2 {
		r.Errorf("a steered turn and one more have %d turn.ended, want 2", ends)
	}
}

func (r *run) grease() {
	c := r.start()
	if r.subject.Grease == nil {
		// An agent without a protocol cannot say what nobody knows.
		_, ended := c.rec.AwaitTurnEnd(r, c.send(r.subject.Prompts.Text))
		r.wantStop(ended, universal.StopEndTurn)
		return
	}
	from := c.rec.Len()
	if err := r.subject.Grease(r, c.Session); err != nil {
		r.Fatalf("Grease: %v", err)
	}
	ev, _ := c.rec.AwaitType(r, from, universal.TypeUnparsed)
	if len(ev.Raw) == 0 {
		r.Error("agent.unparsed comes without the message as raw")
	}
	_, ended := c.rec.AwaitTurnEnd(r, c.send(r.subject.Prompts.Text))
	r.wantStop(ended, universal.StopEndTurn)
}
