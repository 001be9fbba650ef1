package session_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// A session that waits for its next message holds little of its log in memory,
// and every event can be read all the same.
func TestIdleSessionHoldsLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, session.ManagerOptions{})
		k := newTalk(t, m, session.CreateOptions{})
		k.untilEnd(k.send("flood 300 1000").TurnID)
		k.ask("echo and now it rests")
		if got := m.Stats().Log; got.Memory < 512<<10 {
			t.Errorf("%d bytes are in memory right after the turn", got.Memory)
		}
		time.Sleep(time.Minute)
		if got := m.Stats().Log; got.Memory > 256<<10 || got.Disk == 0 {
			t.Errorf("%d bytes are in memory, %d on disk", got.Memory, got.Disk)
		}
		k.end()
	})
}

// Messages that wait are bounded by their size, not by their number alone.
func TestQueueIsBoundedInBytes(t *testing.T) {
	k := newTalk(t, newManager(t, session.ManagerOptions{}), session.CreateOptions{})
	k.send("wait")
	k.untilType(universal.TypeTurnStarted)
	long := strings.Repeat("x", 64<<20) // the messages share it
	accepted := 0
	var err error
	for err == nil && accepted < 10 {
		if _, err = k.Send(session.MessageOptions{Message: long}); err == nil {
			accepted++
		}
	}
	if e := wantKind(t, err, universal.KindSessionBusy); accepted != 4 || e.Details["queuedTurns"] != 4 {
		t.Errorf("%d messages are accepted, then %v", accepted, err)
	}
	if err := k.Interrupt(t.Context(), session.InterruptOptions{Queue: "drop"}); err != nil {
		t.Fatal(err)
	}
	k.ask("echo there is room again")
	k.end()
}
