package session_test

import (
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
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
