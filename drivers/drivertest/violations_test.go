package drivertest_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers/drivertest"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

func event(t universal.EventType, data universal.Data) universal.Event {
	return universal.Event{Type: t, Source: universal.SourceAgent, Data: data}
}

func message(key string, status universal.ItemStatus, text string) *universal.ItemData {
	return &universal.ItemData{Item: universal.Item{
		ItemID: key, Kind: universal.KindMessage, Role: universal.RoleAssistant, Status: status,
		Content: universal.Content{&universal.TextPart{Text: text}},
	}}
}

func call(key, id string) universal.Event {
	return event(universal.TypeItemCompleted, &universal.ItemData{Item: universal.Item{
		ItemID: key, Kind: universal.KindToolCall, Role: universal.RoleAssistant, Status: universal.StatusCompleted,
		Content: universal.Content{&universal.ToolCallPart{Name: "x", CallID: id}},
	}})
}

func result(key, id string) universal.Event {
	return event(universal.TypeItemCompleted, &universal.ItemData{Item: universal.Item{
		ItemID: key, Kind: universal.KindToolResult, Role: universal.RoleTool, Status: universal.StatusCompleted,
		Content: universal.Content{&universal.ToolResultPart{CallID: id}},
	}})
}

func start(key string) universal.Event {
	return event(universal.TypeItemStarted, message(key, universal.StatusInProgress, ""))
}

func delta(key, text string) universal.Event {
	return event(universal.TypeItemDelta, &universal.ItemDeltaData{ItemID: key, Delta: text})
}

func complete(key, text string) universal.Event {
	return event(universal.TypeItemCompleted, message(key, universal.StatusCompleted, text))
}

func permission(t universal.EventType, status universal.PermissionStatus) universal.Event {
	return event(t, &universal.PermissionData{PermissionID: "p", Action: "a", Status: status})
}

func TestViolations(t *testing.T) {
	requested := permission(universal.TypePermissionRequested, universal.PermissionRequested)
	withdrawn := permission(universal.TypePermissionResolved, universal.PermissionReject)
	ended := event(universal.TypeTurnEnded, &universal.TurnEndedData{Phase: universal.PhaseEnded, StopReason: universal.StopEndTurn})
	rewritten := complete("a", "other")
	rewritten.Data.(*universal.ItemData).Rewritten = true
	child := complete("b", "")
	child.Data.(*universal.ItemData).Item.ParentID = "a"
	user := complete("a", "hi")
	user.Data.(*universal.ItemData).Item.Role = universal.RoleUser
	timed := ended
	timed.Time = time.Unix(1, 0)
	lonely := ended
	lonely.Synthetic = true
	raw := ended
	raw.Raw = json.RawMessage(`{"cut`)

	for _, c := range []struct {
		name   string
		events []universal.Event
		want   string // part of the only violation; "" for none
	}{
		{"nothing", nil, ""},
		{"a turn", []universal.Event{start("a"), delta("a", "h"), delta("a", "i"), complete("a", "hi"), ended}, ""},
		{"no start, no deltas", []universal.Event{complete("a", "hi"), ended}, ""},
		{"left open", []universal.Event{start("a"), delta("a", "h"), call("b", "c"), requested, ended}, ""},
		{"rewritten", []universal.Event{start("a"), delta("a", "h"), rewritten}, ""},
		{"a tool", []universal.Event{call("a", "c"), result("b", "c")}, ""},
		{"a child", []universal.Event{call("a", "c"), child}, ""},
		{"withdrawn", []universal.Event{requested, withdrawn}, ""},

		{"starts twice", []universal.Event{start("a"), start("a")}, "starts a second time"},
		{"completes twice", []universal.Event{complete("a", "x"), complete("a", "x")}, "completes a second time"},
		{"late delta", []universal.Event{complete("a", "x"), delta("a", "x")}, "is complete"},
		{"delta of nothing", []universal.Event{delta("a", "x")}, "has not started"},
		{"other text", []universal.Event{start("a"), delta("a", "x"), complete("a", "y")}, "add up to"},
		{"completes in progress", []universal.Event{event(universal.TypeItemCompleted, message("a", universal.StatusInProgress, ""))}, "completes with status"},
		{"no key", []universal.Event{start("")}, "has no key"},
		{"changes kind", []universal.Event{start("a"), call("a", "c")}, "completes as tool_call"},
		{"orphan result", []universal.Event{result("b", "c")}, "was never made"},
		{"second result", []universal.Event{call("a", "c"), result("b", "c"), result("d", "c")}, "a second result"},
		{"call twice", []universal.Event{call("a", "c"), call("b", "c")}, "empty or taken"},
		{"orphan child", []universal.Event{child}, "no tool call before it"},
		{"user message", []universal.Event{user}, "what the user says"},
		{"requested twice", []universal.Event{requested, requested}, "a second time"},
		{"resolved unasked", []universal.Event{withdrawn}, "not open"},
		{"answered by the driver", []universal.Event{requested, permission(universal.TypePermissionResolved, universal.PermissionAccept)}, "wrong status"},
		{"user's turn", []universal.Event{event(universal.TypeTurnStarted, &universal.TurnStartedData{Origin: universal.OriginUser})}, "the receiver's to start"},
		{"no stop reason", []universal.Event{event(universal.TypeTurnEnded, &universal.TurnEndedData{Phase: universal.PhaseEnded})}, "stop_reason"},
		{"after the end", []universal.Event{event(universal.TypeSessionEnded, &universal.SessionEndedData{}), ended}, "follows session.ended"},
		{"session.started", []universal.Event{event(universal.TypeSessionStarted, &universal.SessionStartedData{})}, "receiver's"},
		{"time", []universal.Event{timed}, "receiver's to set"},
		{"synthetic agent", []universal.Event{lonely}, "synthetic is true"},
		{"wrong data", []universal.Event{event(universal.TypeError, &universal.UnparsedData{})}, "Go type"},
		{"bad raw", []universal.Event{raw}, "raw is no JSON"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := drivertest.Violations(c.events)
			switch {
			case c.want == "" && len(got) > 0:
				t.Errorf("violations of a good stream: %q", got)
			case c.want != "" && (len(got) == 0 || !strings.Contains(got[0], c.want)):
				t.Errorf("violations are %q, want one with %q", got, c.want)
			}
		})
	}
}
