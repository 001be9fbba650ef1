package drivertest

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// waiting starts a session with a turn under way that does not end by itself.
func (r *run) waiting() (c *conversation, from int) {
	r.Helper()
	c = r.start()
	from = c.send(r.need("Wait", r.subject.Prompts.Wait))
	c.rec.Await(r, from, "the turn to say something", func(*universal.Event) bool { return true })
	return c, from
}

func (r *run) interrupt() {
	if !r.can.Interrupt {
		r.wantKind("Interrupt", r.start().Interrupt(r.Context()), universal.KindNotSupported)
		return
	}
	c, from := r.waiting()
	for range 2 { // the second may come before or after the end
		if err := c.Interrupt(r.Context()); err != nil {
			r.Fatalf("Interrupt: %v", err)
		}
	}
	_, ended := c.rec.AwaitTurnEnd(r, from)
	r.wantStop(ended, universal.StopInterrupted)
	_, ended = c.rec.AwaitTurnEnd(r, c.send(r.subject.Prompts.Text))
	r.wantStop(ended, universal.StopEndTurn)
}

func (r *run) interruptPermission() {
	c, from, asked, ok := r.askPermission()
	if !ok || !r.can.Interrupt {
		return // the cases of either alone check the refusal
	}
	if err := c.Interrupt(r.Context()); err != nil {
		r.Fatalf("Interrupt: %v", err)
	}
	events, ended := c.rec.AwaitTurnEnd(r, from)
	r.wantStop(ended, universal.StopInterrupted)
	if toolRan(events) {
		r.Error("the tool ran although nobody allowed it")
	}
	r.wantKind("ReplyPermission", c.ReplyPermission(r.Context(), asked.PermissionID, drivers.PermissionReply{Decision: drivers.Once}), universal.KindInvalidRequest)
}

func (r *run) interruptIdle() {
	c := r.start()
	for range 2 {
		if err := c.Interrupt(r.Context()); err != nil && r.can.Interrupt {
			r.Errorf("Interrupt: %v", err)
		}
		_, ended := c.rec.AwaitTurnEnd(r, c.send(r.subject.Prompts.Text))
		r.wantStop(ended, universal.StopEndTurn)
	}
}

func (r *run) closeTwice() {
	c := r.start()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := c.Close(context.Background()); err != nil {
				r.Errorf("Close: %v", err)
			}
			if n := len(c.rec.Exits()); n != 1 {
				r.Errorf("when Close returns, Exit was called %d times, want once", n)
			}
		})
	}
	all.Wait()
}

func (r *run) closeMidTurn() {
	c, _ := r.waiting()
	if err := c.Close(r.Context()); err != nil {
		r.Errorf("Close: %v", err)
	}
	said := c.rec.Len()
	r.wantKind("Send after Close", c.Send(r.Context(), drivers.Message{Text: r.subject.Prompts.Text}))
	if c.rec.Len() != said {
		r.Error("events come after Close has returned")
	}
}

func (r *run) afterClose() {
	c := r.start()
	id := c.NativeID()
	if err := c.Close(r.Context()); err != nil {
		r.Errorf("Close: %v", err)
	}
	r.wantKind("Send", c.Send(r.Context(), drivers.Message{Text: r.subject.Prompts.Text}))
	r.wantKind("ReplyPermission", c.ReplyPermission(r.Context(), noSuchID, drivers.PermissionReply{Decision: drivers.Once}))
	r.wantKind("ReplyQuestion", c.ReplyQuestion(r.Context(), noSuchID, drivers.QuestionReply{Message: "no"}))
	_ = c.Interrupt(r.Context()) // may be an error or not
	_ = c.Update(r.Context(), drivers.Settings{Title: "Late"})
	if got := c.NativeID(); got != id {
		r.Errorf("the native id changes from %q to %q", id, got)
	}
}

// crashed starts a session whose agent has died in mid-turn.
func (r *run) crashed() *conversation {
	r.Helper()
	c := r.start()
	c.turn(r.subject.Prompts.Text)
	c.send(r.need("Crash", r.subject.Prompts.Crash))
	exit := c.rec.AwaitExit(r)
	if exit.Signal == "" && exit.Err == nil && (exit.Code == nil || *exit.Code == 0) {
		r.Errorf("Exit says %+v, want a code, a signal or an error", exit)
	}
	return c
}

func (r *run) crash() {
	c := r.crashed()
	r.wantKind("Send after a crash", c.Send(r.Context(), drivers.Message{Text: r.subject.Prompts.Text}))
	for range 2 {
		if err := c.Close(r.Context()); err != nil {
			r.Errorf("Close after a crash: %v", err)
		}
	}
}

func (r *run) resume() {
	c := r.start()
	c.turn(r.subject.Prompts.Text)
	c.turn(r.subject.Prompts.Text)
	if err := c.Close(r.Context()); err != nil {
		r.Fatalf("Close: %v", err)
	}
	r.resumed(c, 2)
}

func (r *run) resumeAfterCrash() {
	c := r.crashed()
	if err := c.Close(r.Context()); err != nil {
		r.Fatalf("Close: %v", err)
	}
	r.resumed(c, 2, 1) // the message that crashed it may have got lost with it
}

// resumed starts a conversation again and checks that it remembers one of the
// numbers of messages.
func (r *run) resumed(c *conversation, earlier ...int) {
	r.Helper()
	if !r.can.Resume {
		r.checkUnsupported()
		return
	}
	cfg := c.cfg
	if cfg.Resume = c.NativeID(); cfg.Resume == "" {
		r.Fatal("the native id is unknown after a turn, so nobody can resume")
	}
	again := r.startWith(cfg)
	p := r.subject.Prompts
	from := again.rec.Len()
	again.turn(r.need("Recall", p.Recall))
	if got := again.NativeID(); got != cfg.Resume {
		r.Errorf("the resumed conversation has native id %q, want %q", got, cfg.Resume)
	}
	said := Text(again.rec.Events(from))
	if !slices.ContainsFunc(earlier, func(n int) bool { return strings.Contains(said, p.Recalled(n)) }) {
		r.Errorf("after %v messages, the answer lacks %q, but says:\n%s", earlier, p.Recalled(earlier[0]), said)
	}
}
