package main

import (
	"fmt"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Subscriptions of one connection have nothing to do with each other: one ends
// and one begins in the middle of a flood, and each gets all that is its own.
func TestSubscriptionsDuringAFlood(t *testing.T) {
	t.Parallel()
	const deltas, offset = 100_000 / slowdown, 5_000 / slowdown
	p := startBridge(t, nil)
	p.create("s", nil)
	all, _ := p.subscribe("s", nil)
	given, givenID := p.subscribe("s", nil)
	turn := p.send("s", fmt.Sprintf("flood %d 60 raw", deltas)).TurnID

	p.await("part of the flood", func() bool { return given.last > offset })
	p.call("sessions/unsubscribe", params{"subscriptionId": givenID}, nil)
	given.ended(session.EndUnsubscribed)
	typed{codeInvalidParams, "invalid_request", "may have ended"}.check(t,
		p.refused("sessions/unsubscribe", params{"subscriptionId": givenID}))

	rest, _ := p.subscribe("s", params{"offset": offset, "includeRaw": true})
	late := p.answer(p.ask("sessions/events", params{"sessionId": "s", "offset": offset, "limit": 2}))
	if late.Error != nil {
		t.Errorf("sessions/events: %+v", late.Error)
	}

	for _, s := range []*stream{all, rest} {
		if ended := s.turnEnded(turn); ended.StopReason != universal.StopEndTurn {
			t.Errorf("stop reason %q", ended.StopReason)
		}
	}
	var info session.Info
	p.call("sessions/get", params{"sessionId": "s"}, &info)
	for _, tt := range []struct {
		name              string
		stream            *stream
		first, last       uint64
		deltas, fewest    int
		raws              int
		startsWithSession bool
	}{
		{"all", all, 1, info.EventCount, deltas, deltas, 0, true},
		{"rest", rest, offset + 1, info.EventCount, deltas, deltas - offset, -1, false},
	} {
		tt.stream.check()
		p.mu.Lock()
		s := *tt.stream
		p.mu.Unlock()
		if tt.raws < 0 {
			tt.raws = s.deltas // each has one, and nothing else
		}
		if s.first != tt.first || s.last != tt.last {
			t.Errorf("%s: events %d to %d, want %d to %d", tt.name, s.first, s.last, tt.first, tt.last)
		}
		if s.deltas > tt.deltas || s.deltas < tt.fewest {
			t.Errorf("%s: %d deltas, want %d to %d", tt.name, s.deltas, tt.fewest, tt.deltas)
		}
		if s.raws != tt.raws {
			t.Errorf("%s: %d events with a raw payload, want %d", tt.name, s.raws, tt.raws)
		}
		if (s.checker != nil) != tt.startsWithSession {
			t.Errorf("%s: the grammar was checked: %v", tt.name, s.checker != nil)
		}
	}
	p.endsClean()
	for _, s := range []*stream{all, rest} {
		s.ended(session.EndShutdown)
	}
	given.check() // also that nothing came after its end
}

// A subscription without a session tells of all sessions, whoever changed them.
func TestWatchAllSessions(t *testing.T) {
	t.Parallel()
	p := startBridge(t, nil)
	p.create("before", nil)
	watch, _ := p.subscribe("", nil)
	other, otherID := p.subscribe("", nil)
	const sessions = 20
	for i := range sessions {
		p.create(fmt.Sprint(i), nil)
	}
	p.send("before", "echo hello")
	p.send("0", "permission")
	p.send("1", "wait")
	p.call("sessions/terminate", params{"sessionId": "2"}, nil)
	p.call("sessions/update", params{"sessionId": "3", "title": "three"}, nil)

	newest := func(s *stream, id string) session.Info {
		for i := len(s.changes) - 1; i >= 0; i-- {
			if s.changes[i].SessionID == id {
				return s.changes[i]
			}
		}
		return session.Info{}
	}
	for _, s := range []*stream{watch, other} {
		p.await("all sessions", func() bool {
			for i := range sessions {
				if newest(s, fmt.Sprint(i)).SessionID == "" {
					return false
				}
			}
			return newest(s, "before").Usage.OutputTokens != nil && newest(s, "before").Status == session.Idle &&
				newest(s, "0").PendingPermissionCount == 2 && newest(s, "0").Status == session.Waiting &&
				newest(s, "1").Status == session.Running &&
				newest(s, "2").Status == session.Ended &&
				newest(s, "3").Title == "three" &&
				newest(s, "19").Status == session.Idle
		})
	}
	p.call("sessions/unsubscribe", params{"subscriptionId": otherID}, nil)
	other.ended(session.EndUnsubscribed)
	p.call("sessions/interrupt", params{"sessionId": "1"}, nil)
	p.await("the interrupted session", func() bool { return newest(watch, "1").Status == session.Idle })
	p.endsClean()
	watch.ended(session.EndShutdown)
	other.check()
	for i := range sessions {
		if got := newest(watch, fmt.Sprint(i)).Status; got != session.Ended {
			t.Errorf("session %d was last told to be %q", i, got)
		}
	}
}
