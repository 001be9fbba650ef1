package session_test

import (
	"context"
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// An "always" also answers what is waiting for the same permission already.
func TestAlwaysAnswersWhatWaits(t *testing.T) {
	k := newTalk(t, newManager(t, session.ManagerOptions{}), session.CreateOptions{})
	for _, text := range []string{"background hold gate ls", "background hold gate ls", "background hold gate rm x"} {
		k.untilEnd(k.send(text).TurnID)
	}
	k.send("release")
	asked := map[string]string{} // ids by what is asked for
	for range 3 {
		d := k.untilType(universal.TypePermissionRequested).Data.(*universal.PermissionData)
		asked[d.Title] = d.PermissionID
	}
	if len(asked) != 2 {
		t.Fatalf("asked for %v", asked)
	}
	if err := k.ReplyPermission(t.Context(), asked["Bash: ls"], drivers.PermissionReply{Decision: drivers.Always}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		d := k.untilType(universal.TypePermissionResolved).Data.(*universal.PermissionData)
		if d.Title != "Bash: ls" || d.Status != universal.PermissionAcceptForSession {
			t.Errorf("%s is answered with %s", d.Title, d.Status)
		}
	}
	if waiting := k.Info(true).PendingPermissions; len(waiting) != 1 || waiting[0].PermissionID != asked["Bash: rm x"] {
		t.Errorf("waiting: %+v", waiting)
	}
	k.end()
}

// A permission mode answers what waits for a person when it is chosen.
func TestModeAnswersWhatWaits(t *testing.T) {
	for mode, want := range map[drivers.PermissionMode]universal.PermissionStatus{
		drivers.PermissionBypass: universal.PermissionAccept,
		drivers.PermissionPlan:   universal.PermissionReject,
	} {
		k := newTalk(t, newManager(t, session.ManagerOptions{}), session.CreateOptions{})
		sent := k.send("gate ls")
		k.untilType(universal.TypePermissionRequested)
		if err := k.Update(t.Context(), session.UpdateOptions{PermissionMode: mode}); err != nil {
			t.Fatal(err)
		}
		if d := k.untilType(universal.TypePermissionResolved).Data.(*universal.PermissionData); d.Status != want {
			t.Errorf("%s: answered with %s, want %s", mode, d.Status, want)
		}
		k.untilEnd(sent.TurnID)
		k.end()
	}
}

// Who reads a turn late is not stopped at a request that was answered while
// another one waits.
func TestTurnReaderPassesWhatWasAnswered(t *testing.T) {
	k := newTalk(t, newManager(t, session.ManagerOptions{}), session.CreateOptions{})
	sent := k.send("permission")
	first := k.untilType(universal.TypePermissionRequested).Data.(*universal.PermissionData)
	k.untilType(universal.TypePermissionRequested)
	if err := k.ReplyPermission(t.Context(), first.PermissionID, drivers.PermissionReply{Decision: drivers.Once}); err != nil {
		t.Fatal(err)
	}
	reader, requests := k.ReadTurn(sent, session.UntilInput), 0
	for {
		record, end, err := reader.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if end != "" {
			if end != session.EndInputNeeded || requests != 2 {
				t.Errorf("it ends with %s after %d requests", end, requests)
			}
			break
		}
		if ev := decode(t, record); ev.Type == universal.TypePermissionRequested {
			requests++
		}
	}
	k.end()
}

// A message that joins a turn which waits for an answer doesn't make its reader
// wait for it as well.
func TestTurnReaderOfAWaitingTurn(t *testing.T) {
	k := newTalk(t, newManager(t, session.ManagerOptions{}), session.CreateOptions{})
	k.send("gate ls")
	k.untilType(universal.TypePermissionRequested)
	sent, err := k.Send(session.MessageOptions{Message: "be careful", OnBusy: session.BusySteer})
	if err != nil {
		t.Fatal(err)
	}
	reader, said := k.ReadTurn(sent, session.UntilInput), false
	for {
		record, end, err := reader.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if end != "" {
			if end != session.EndInputNeeded || !said {
				t.Errorf("it ends with %s; the message was read: %v", end, said)
			}
			break
		}
		if d, ok := decode(t, record).Data.(*universal.ItemData); ok && d.Item.Text() == "be careful" {
			said = true
		}
	}
	k.end()
}

// picky is the mock, with an agent that takes a name of letters only.
type picky struct{ *mock.Driver }

func (p picky) Start(ctx context.Context, cfg drivers.Config, sink drivers.Sink) (drivers.Session, error) {
	s, err := p.Driver.Start(ctx, cfg, sink)
	return pickySession{s}, err
}

type pickySession struct{ drivers.Session }

func (pickySession) CheckAnswers(_ string, reply drivers.QuestionReply) error {
	if reply.Answers != nil && len(reply.Answers[2]) > 0 && strings.ContainsAny(reply.Answers[2][0], "0123456789") {
		return universal.InvalidRequest("that is no name")
	}
	return nil
}

// An answer that the agent can't take leaves the question open, and the last
// questions need no answer.
func TestAnswersThatTheAgentCanTake(t *testing.T) {
	m := newManager(t, session.ManagerOptions{Drivers: []drivers.Driver{picky{mock.New(mock.Options{})}}})
	k := newTalk(t, m, session.CreateOptions{})
	sent := k.send("ask")
	id := k.untilType(universal.TypeQuestionRequested).Data.(*universal.QuestionData).QuestionID
	wrong := drivers.QuestionReply{Answers: [][]string{{"Red"}, nil, {"4711"}}}
	if err := k.ReplyQuestion(t.Context(), id, wrong); universal.KindOf(err) != universal.KindInvalidRequest {
		t.Errorf("an answer that the agent refuses: %v", err)
	}
	if err := k.ReplyQuestion(t.Context(), id, drivers.QuestionReply{Answers: [][]string{{"Red"}}}); err != nil {
		t.Fatal(err)
	}
	d := k.untilType(universal.TypeQuestionResolved).Data.(*universal.QuestionData)
	if d.Status != universal.QuestionAnswered || len(d.Responses) != 4 {
		t.Errorf("it was resolved as %s with %v", d.Status, d.Responses)
	}
	k.untilEnd(sent.TurnID)
	k.end()
}

// A refusal without words is told in the driver's own.
func TestRefusedQuestionWithoutWords(t *testing.T) {
	k := newTalk(t, newManager(t, session.ManagerOptions{}), session.CreateOptions{})
	sent := k.send("ask")
	id := k.untilType(universal.TypeQuestionRequested).Data.(*universal.QuestionData).QuestionID
	if err := k.ReplyQuestion(t.Context(), id, drivers.QuestionReply{}); err != nil {
		t.Fatal(err)
	}
	result := k.until("the result", func(ev *universal.Event) bool {
		d, ok := ev.Data.(*universal.ItemData)
		return ok && ev.Type == universal.TypeItemCompleted && d.Item.Kind == universal.KindToolResult
	}).Data.(*universal.ItemData).Item.Content[0].(*universal.ToolResultPart)
	if !result.IsError || result.Output == "" {
		t.Errorf("the agent is told %+v", result)
	}
	k.untilEnd(sent.TurnID)
	k.end()
}
