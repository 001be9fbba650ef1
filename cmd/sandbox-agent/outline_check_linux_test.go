package main

import (
	"os"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// An outline shows what a client would notice, and nothing in which agents are
// free.
func TestOutline(t *testing.T) {
	t.Parallel()
	client := spawnBridge(t, os.Environ())
	// play gives the same stream every time, for a change to be made in it.
	play := func(t *testing.T) *talk {
		s := begin(t, client, session.CreateOptions{Agent: "mock", Directory: t.TempDir()})
		s.turn("subagent gate echo", permit())
		s.turn("plan")
		s.terminate()
		return s
	}
	want := func() string { s := play(t); return outlineOf(s.events, s.answered).text(everything()) }()

	items := func(s *talk, kind universal.ItemKind, change func(*universal.Item)) {
		for i := range s.events {
			if d, ok := s.events[i].Data.(*universal.ItemData); ok && d.Item.Kind == kind {
				change(&d.Item)
			}
		}
	}
	for name, tt := range map[string]struct {
		change func(s *talk)
		same   bool
	}{
		"nothing": {func(*talk) {}, true},
		"names of tools": {func(s *talk) {
			items(s, universal.KindToolCall, func(it *universal.Item) { callOf(it).Name = "other" })
		}, true},
		"texts": {func(s *talk) {
			items(s, universal.KindMessage, func(it *universal.Item) { it.Content = universal.Content{&universal.TextPart{Text: "other"}} })
		}, true},
		"parents": {func(s *talk) {
			items(s, universal.KindToolCall, func(it *universal.Item) { it.ParentID = "" })
		}, false},
		"kinds of tools": {func(s *talk) {
			items(s, universal.KindToolCall, func(it *universal.Item) { callOf(it).ToolKind = universal.ToolOther })
		}, false},
		"results": {func(s *talk) {
			items(s, universal.KindToolResult, func(it *universal.Item) { it.Status = universal.StatusFailed })
		}, false},
		"parts": {func(s *talk) {
			items(s, universal.KindToolResult, func(it *universal.Item) { it.Content = it.Content[:1] })
		}, false},
		"answers": {func(s *talk) {
			for i := range s.events {
				if d, ok := s.events[i].Data.(*universal.PermissionData); ok {
					d.Status = universal.PermissionReject
				}
			}
		}, false},
		"calls of requests": {func(s *talk) {
			for i := range s.events {
				if d, ok := s.events[i].Data.(*universal.PermissionData); ok {
					d.ItemID = ""
				}
			}
		}, false},
		"plans": {func(s *talk) {
			for i := range s.events {
				if s.events[i].Type == universal.TypePlanUpdated {
					s.events[i].Data = &universal.QuotaData{}
				}
			}
		}, false},
		"ends of turns": {func(s *talk) {
			for i := range s.events {
				if d, ok := s.events[i].Data.(*universal.TurnEndedData); ok {
					d.StopReason = universal.StopRefusal
				}
			}
		}, false},
		"order": {func(s *talk) {
			last := len(s.events) - 1
			s.events[0], s.events[last] = s.events[last], s.events[0]
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := play(t)
			tt.change(s)
			if got := outlineOf(s.events, s.answered).text(everything()); (got == want) != tt.same {
				t.Errorf("the outline stays the same: %v\n%s", got == want, got)
			}
		})
	}
}
