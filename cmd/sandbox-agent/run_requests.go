package main

import (
	"context"
	"errors"
	"slices"

	"github.com/sandbox-agent/sandbox-agent/cmd/sandbox-agent/terminal"
	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// What the agent is told when nobody is there to be asked.
const (
	nobodyAllows  = "Nobody is there who could allow this, so it was refused. Do not try it again in another way; go on with what you can do without it, or say what you need."
	nobodyAnswers = "Nobody is there who could answer. Go on with what you can decide by yourself."
)

// requested asks the person, or refuses where there is none. What the bridge
// answered by itself meanwhile is left alone.
func (r *turnRun) requested(ctx context.Context, ev *universal.Event, id string, open bool) {
	switch {
	case !open && r.asker != nil:
		r.asker.withdraw(id)
	case !open, !r.pending(ctx, id):
	case r.asker != nil:
		_ = r.endLine()
		r.asker.add(ev)
	default:
		r.refuse(ctx, ev)
	}
}

// pending tells whether a request still waits for an answer.
func (r *turnRun) pending(ctx context.Context, id string) bool {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	info, err := r.client.Get(ctx, r.sessionID)
	if err != nil {
		return true // then the answer finds out
	}
	return slices.ContainsFunc(info.PendingPermissions, func(d universal.PermissionData) bool { return d.PermissionID == id }) ||
		slices.ContainsFunc(info.PendingQuestions, func(d universal.QuestionData) bool { return d.QuestionID == id })
}

// refuse answers for a person who isn't there.
func (r *turnRun) refuse(ctx context.Context, ev *universal.Event) {
	switch d := ev.Data.(type) {
	case *universal.PermissionData:
		r.say("refused, since nobody is at a terminal to allow it: %s (--permission-mode acceptEdits or bypass allows more)",
			terminal.CleanLine(terminal.PermissionTitle(d)))
		r.reply(ctx, &reply{"permissions/reply", rpc.PermissionReplyParams{
			SessionID: ev.SessionID, PermissionID: d.PermissionID, Reply: drivers.Reject, Message: nobodyAllows,
		}})
	case *universal.QuestionData:
		r.say("not answered, since nobody is at a terminal: %s", terminal.CleanLine(d.Prompt))
		r.reply(ctx, decline(ev.SessionID, d.QuestionID, nobodyAnswers))
	}
}

// typed takes a line of the person.
func (r *turnRun) typed(ctx context.Context, line typedLine) {
	r.keys.busy = false
	switch {
	case line.err != nil: // Ctrl-D, or the terminal is gone
		open := r.asker.queue
		r.asker.makeWay()
		r.keys.setEcho(true)
		r.asker = nil
		for _, q := range open {
			r.refuse(ctx, q.event)
		}
		return
	case line.prompt != r.asker.prompt:
		r.asker.stale()
	default:
		if answer := r.asker.line(line.text); answer != nil {
			r.reply(ctx, answer)
		}
	}
	r.listen()
}

// listen wants the person's next line, if something is being asked.
func (r *turnRun) listen() {
	if r.asker.asking() {
		r.keys.ask(r.asker.prompt)
	}
}

// reply hands an answer to the agent.
func (r *turnRun) reply(ctx context.Context, answer *reply) {
	r.calls.Go(func() {
		err := r.client.Call(ctx, answer.method, answer.params, nil)
		if err != nil && ctx.Err() == nil && !settled(err) {
			r.say("the answer did not reach the agent: %v", err)
		}
	})
}

// settled tells whether an answer failed since there is nothing to answer any
// more.
func settled(err error) bool {
	var e *universal.Error
	if !errors.As(err, &e) {
		return false
	}
	return e.Kind == universal.KindSessionEnded || e.Details["reason"] == "already_answered"
}
