package drivertest

import (
	"slices"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

const noSuchID = "no-such-id"

// askPermission sends the prompt and waits for the request, which must hold
// the turn up. It returns false when the agent asks for no permissions.
func (r *run) askPermission() (c *conversation, from int, asked *universal.PermissionData, ok bool) {
	r.Helper()
	c = r.start()
	if !r.can.Permissions {
		r.wantKind("ReplyPermission", c.ReplyPermission(r.Context(), noSuchID, drivers.PermissionReply{Decision: drivers.Once}),
			universal.KindNotSupported, universal.KindInvalidRequest)
		return c, 0, nil, false
	}
	from = c.send(r.need("Permission", r.subject.Prompts.Permission))
	ev, _ := c.rec.AwaitType(r, from, universal.TypePermissionRequested)
	asked = ev.Data.(*universal.PermissionData)
	events := c.rec.Events(from)
	if slices.ContainsFunc(events, func(ev universal.Event) bool { return ev.Type == universal.TypeTurnEnded }) {
		r.Error("the turn ends before the permission is answered")
	}
	if asked.PermissionID == "" || asked.Action == "" || asked.Title == "" {
		r.Errorf("the request lacks an id, an action or a title: %+v", asked)
	}
	if asked.ItemID != "" && !slices.ContainsFunc(events, func(ev universal.Event) bool {
		it := itemOf(&ev)
		return it != nil && it.ItemID == asked.ItemID && it.Kind == universal.KindToolCall
	}) {
		r.Errorf("the request names item %q, which is no tool call before it", asked.ItemID)
	}
	kinds := map[universal.OptionKind]bool{}
	for _, o := range asked.Options {
		kinds[o.Kind] = true
		if o.ID == "" || o.Name == "" {
			r.Errorf("option %+v lacks an id or a name", o)
		}
		if o.Kind == universal.AllowAlways && len(o.Rules) == 0 {
			r.Errorf("option %+v does not say by rules what it would allow", o)
		}
	}
	if !kinds[universal.AllowOnce] || !kinds[universal.RejectOnce] {
		r.Errorf("the options %+v lack allow_once or reject_once", asked.Options)
	}
	return c, from, asked, true
}

// toolRan tells whether the turn has a tool result that did not fail.
func toolRan(events []universal.Event) bool {
	return slices.ContainsFunc(events, func(ev universal.Event) bool {
		it := itemOf(&ev)
		return it != nil && ev.Type == universal.TypeItemCompleted && it.Kind == universal.KindToolResult && it.Status == universal.StatusCompleted
	})
}

func (r *run) permissionOnce()   { r.allow(drivers.Once) }
func (r *run) permissionAlways() { r.allow(drivers.Always) }

func (r *run) allow(decision drivers.Decision) {
	c, from, asked, ok := r.askPermission()
	if !ok {
		return
	}
	if err := c.ReplyPermission(r.Context(), asked.PermissionID, drivers.PermissionReply{Decision: decision}); err != nil {
		r.Fatalf("ReplyPermission: %v", err)
	}
	events, ended := c.rec.AwaitTurnEnd(r, from)
	r.wantStop(ended, universal.StopEndTurn)
	if !toolRan(events) {
		r.Error("the tool was allowed, but no result of it came")
	}
}

func (r *run) permissionReject() {
	c, from, asked, ok := r.askPermission()
	if !ok {
		return
	}
	const why = "Not on a Tuesday, please."
	if err := c.ReplyPermission(r.Context(), asked.PermissionID, drivers.PermissionReply{Decision: drivers.Reject, Message: why}); err != nil {
		r.Fatalf("ReplyPermission: %v", err)
	}
	events, ended := c.rec.AwaitTurnEnd(r, from)
	r.wantStop(ended, universal.StopEndTurn, universal.StopRefusal)
	if toolRan(events) {
		r.Error("the tool was refused, but gave a result")
	}
	c.heard(from, why)
	_, ended = c.rec.AwaitTurnEnd(r, c.send(r.subject.Prompts.Text))
	r.wantStop(ended, universal.StopEndTurn)
}

func (r *run) askQuestion() (c *conversation, from int, asked *universal.QuestionData, ok bool) {
	r.Helper()
	c = r.start()
	if !r.can.Questions {
		r.wantKind("ReplyQuestion", c.ReplyQuestion(r.Context(), noSuchID, drivers.QuestionReply{Message: "no"}),
			universal.KindNotSupported, universal.KindInvalidRequest)
		return c, 0, nil, false
	}
	from = c.send(r.need("Question", r.subject.Prompts.Question))
	ev, _ := c.rec.AwaitType(r, from, universal.TypeQuestionRequested)
	asked = ev.Data.(*universal.QuestionData)
	if slices.ContainsFunc(c.rec.Events(from), func(ev universal.Event) bool { return ev.Type == universal.TypeTurnEnded }) {
		r.Error("the turn ends before the question is answered")
	}
	if asked.QuestionID == "" || len(asked.Questions) == 0 {
		r.Fatalf("the request lacks an id or its questions: %+v", asked)
	}
	if asked.Prompt != asked.Questions[0].Prompt || len(asked.Options) != len(asked.Questions[0].Options) {
		r.Errorf("the flat fields %q and %q do not show the first question %+v", asked.Prompt, asked.Options, asked.Questions[0])
	}
	return c, from, asked, true
}

func (r *run) questionAnswer() {
	c, from, asked, ok := r.askQuestion()
	if !ok {
		return
	}
	answers := someAnswers(asked)
	if err := c.ReplyQuestion(r.Context(), asked.QuestionID, drivers.QuestionReply{Answers: answers}); err != nil {
		r.Fatalf("ReplyQuestion: %v", err)
	}
	_, ended := c.rec.AwaitTurnEnd(r, from)
	r.wantStop(ended, universal.StopEndTurn)
	for i, q := range asked.Questions {
		if !q.Secret {
			c.heard(from, answers[i][0])
		}
	}
}

func (r *run) questionReject() {
	c, from, asked, ok := r.askQuestion()
	if !ok {
		return
	}
	const why = "Decide that for yourself."
	if err := c.ReplyQuestion(r.Context(), asked.QuestionID, drivers.QuestionReply{Message: why}); err != nil {
		r.Fatalf("ReplyQuestion: %v", err)
	}
	_, ended := c.rec.AwaitTurnEnd(r, from)
	r.wantStop(ended, universal.StopEndTurn, universal.StopRefusal)
	c.heard(from, why)
}

func (r *run) unknownIDs() {
	c, from, asked, ok := r.askPermission()
	allow := drivers.PermissionReply{Decision: drivers.Once}
	r.wantKind("an unknown permission", c.ReplyPermission(r.Context(), noSuchID, allow), universal.KindInvalidRequest, universal.KindNotSupported)
	r.wantKind("an unknown question", c.ReplyQuestion(r.Context(), noSuchID, drivers.QuestionReply{Answers: [][]string{{"yes"}}}), universal.KindInvalidRequest, universal.KindNotSupported)
	if !ok {
		return
	}
	if err := c.ReplyPermission(r.Context(), asked.PermissionID, allow); err != nil {
		r.Fatalf("ReplyPermission: %v", err)
	}
	r.wantKind("an answered permission", c.ReplyPermission(r.Context(), asked.PermissionID, allow), universal.KindInvalidRequest)
	_, ended := c.rec.AwaitTurnEnd(r, from)
	r.wantStop(ended, universal.StopEndTurn)
	r.wantKind("a permission of a turn that is over", c.ReplyPermission(r.Context(), asked.PermissionID, allow), universal.KindInvalidRequest)
}
