package universal_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// stream builds a stream event by event, numbered and named as it should be.
type stream []universal.Event

func (s stream) add(turn string, data universal.Data, t universal.EventType) stream {
	n := uint64(len(s) + 1)
	return append(s[:len(s):len(s)], universal.Event{
		EventID: fmt.Sprintf("evt_%d", n), Sequence: n, Time: time.Unix(int64(n), 0), SessionID: "s",
		TurnID: universal.NullString(turn), Type: t, Source: universal.SourceAgent, Data: data,
	})
}

func begin() stream {
	return stream{}.add("", &universal.SessionStartedData{}, universal.TypeSessionStarted)
}

func (s stream) turn(id string) stream {
	return s.add(id, &universal.TurnStartedData{Phase: universal.PhaseStarted, TurnID: id, Origin: universal.OriginUser}, universal.TypeTurnStarted)
}

func (s stream) turnEnd(id string) stream {
	return s.add(id, &universal.TurnEndedData{Phase: universal.PhaseEnded, TurnID: id, StopReason: universal.StopEndTurn}, universal.TypeTurnEnded)
}

func (s stream) sessionEnd() stream {
	return s.add("", &universal.SessionEndedData{Reason: universal.EndTerminated, TerminatedBy: universal.SourceDaemon}, universal.TypeSessionEnded)
}

// item describes one; edit changes it before it is added.
func (s stream) item(turn string, t universal.EventType, it universal.Item, edit ...func(*universal.ItemData)) stream {
	if it.Status == "" {
		it.Status = universal.StatusCompleted
		if t == universal.TypeItemStarted {
			it.Status = universal.StatusInProgress
		}
	}
	d := &universal.ItemData{Item: it}
	for _, e := range edit {
		e(d)
	}
	return s.add(turn, d, t)
}

func (s stream) start(turn string, it universal.Item) stream {
	return s.item(turn, universal.TypeItemStarted, it)
}

func (s stream) complete(turn string, it universal.Item) stream {
	return s.item(turn, universal.TypeItemCompleted, it)
}

func (s stream) both(turn string, it universal.Item) stream {
	return s.start(turn, it).complete(turn, it)
}

func (s stream) delta(turn, id, text string) stream {
	return s.add(turn, &universal.ItemDeltaData{ItemID: id, Delta: text}, universal.TypeItemDelta)
}

func (s stream) permission(turn, id string, status universal.PermissionStatus) stream {
	t := universal.TypePermissionResolved
	if status == universal.PermissionRequested {
		t = universal.TypePermissionRequested
	}
	return s.add(turn, &universal.PermissionData{PermissionID: id, Status: status}, t)
}

func message(id, text string) universal.Item {
	return universal.Item{ItemID: id, Kind: universal.KindMessage, Role: universal.RoleAssistant, Content: universal.Content{&universal.TextPart{Text: text}}}
}

func call(id, callID string) universal.Item {
	return universal.Item{ItemID: id, Kind: universal.KindToolCall, Role: universal.RoleAssistant, Content: universal.Content{&universal.ToolCallPart{Name: "t", CallID: callID}}}
}

func result(id, callID string) universal.Item {
	return universal.Item{ItemID: id, Kind: universal.KindToolResult, Role: universal.RoleTool, Content: universal.Content{&universal.ToolResultPart{CallID: callID}}}
}

func child(it universal.Item, parent string) universal.Item {
	it.ParentID = universal.NullString(parent)
	return it
}

func TestCheckerAccepts(t *testing.T) {
	background := begin().turn("t1").both("t1", call("i1", "c1")).both("t1", result("i2", "c1")).turnEnd("t1").
		both("", child(call("i3", "c3"), "i1")).turn("t2").
		start("", child(message("i4", "hi"), "i1")).delta("", "i4", "hi").complete("", child(message("i4", "hi"), "i1")).
		permission("", "p", universal.PermissionRequested).turnEnd("t2").
		permission("", "p", universal.PermissionReject).both("", child(result("i5", "c3"), "i1"))
	for name, s := range map[string]stream{
		"empty session":   begin().sessionEnd(),
		"text turn":       begin().turn("t").start("t", message("i", "")).delta("t", "i", "a").delta("t", "i", "b").complete("t", message("i", "ab")).turnEnd("t"),
		"user message":    begin().turn("t").both("t", universal.Item{ItemID: "i", Kind: universal.KindMessage, Role: universal.RoleUser, Content: universal.Content{&universal.TextPart{Text: "x"}}}).turnEnd("t"),
		"rewritten":       begin().turn("t").start("t", message("i", "")).delta("t", "i", "a").item("t", universal.TypeItemCompleted, message("i", "b"), func(d *universal.ItemData) { d.Rewritten = true }).turnEnd("t"),
		"tool":            begin().turn("t").both("t", call("i1", "c")).both("t", result("i2", "c")).turnEnd("t"),
		"background work": background,
		"status outside":  begin().both("", universal.Item{ItemID: "i", Kind: universal.KindStatus}),
	} {
		if v := universal.CheckStream(s); len(v) > 0 {
			t.Errorf("%s: %v", name, v)
		}
	}
}

// TestCheckerRefuses breaks each rule in each way that it can be broken, with
// nothing else wrong.
func TestCheckerRefuses(t *testing.T) {
	edit := func(s stream, change func(ev *universal.Event)) stream {
		change(&s[len(s)-1])
		return s
	}
	inTurn := begin().turn("t")
	end := func(s stream) stream { return s.turnEnd("t") }
	for name, test := range map[string]struct {
		stream stream
		want   []universal.Rule
	}{
		"gap":                    {edit(begin().sessionEnd(), func(ev *universal.Event) { ev.Sequence, ev.EventID = 3, "evt_3" }), []universal.Rule{universal.RuleSequence}},
		"wrong event id":         {edit(begin().sessionEnd(), func(ev *universal.Event) { ev.EventID = "evt_1" }), []universal.Rule{universal.RuleSequence}},
		"other session":          {edit(begin().sessionEnd(), func(ev *universal.Event) { ev.SessionID = "other" }), []universal.Rule{universal.RuleSequence}},
		"time goes back":         {edit(begin().sessionEnd(), func(ev *universal.Event) { ev.Time = time.Unix(0, 0) }), []universal.Rule{universal.RuleTime}},
		"synthetic by agent":     {edit(begin().sessionEnd(), func(ev *universal.Event) { ev.Synthetic = true }), []universal.Rule{universal.RuleEnvelope}},
		"wrong data":             {edit(begin().sessionEnd(), func(ev *universal.Event) { ev.Data = &universal.ErrorData{} }), []universal.Rule{universal.RuleEnvelope}},
		"not started":            {stream{}.add("", &universal.ErrorData{}, universal.TypeError), []universal.Rule{universal.RuleSessionStarted}},
		"started twice":          {begin().add("", &universal.SessionStartedData{}, universal.TypeSessionStarted), []universal.Rule{universal.RuleSessionStarted}},
		"after the end":          {begin().sessionEnd().add("", &universal.ErrorData{}, universal.TypeError), []universal.Rule{universal.RuleSessionEnded}},
		"open at session end":    {begin().start("", universal.Item{ItemID: "i", Kind: universal.KindStatus}).sessionEnd(), []universal.Rule{universal.RuleSessionEnded}},
		"overlap":                {begin().turn("t").turn("u").turnEnd("u"), []universal.Rule{universal.RuleTurnOverlap}},
		"turn again":             {begin().turn("t").turnEnd("t").turn("t").turnEnd("t"), []universal.Rule{universal.RuleTurnOverlap}},
		"turn without id":        {edit(begin().turn("t"), func(ev *universal.Event) { ev.TurnID = "" }).turnEnd("t"), []universal.Rule{universal.RuleEnvelope}},
		"end of no turn":         {begin().turnEnd(""), []universal.Rule{universal.RuleTurnEnd}},
		"no stop reason":         {edit(end(inTurn), func(ev *universal.Event) { ev.Data.(*universal.TurnEndedData).StopReason = "" }), []universal.Rule{universal.RuleTurnEnd}},
		"turn never ends":        {inTurn, []universal.Rule{universal.RuleTurnEnd}},
		"session ends in a turn": {inTurn.sessionEnd(), []universal.Rule{universal.RuleTurnEnd, universal.RuleTurnEnd}},
		"id of no turn":          {begin().add("t", &universal.ErrorData{}, universal.TypeError), []universal.Rule{universal.RuleTurnID}},
		"message outside":        {begin().both("", message("i", "")), []universal.Rule{universal.RuleTurnID}},
		"open item at turn end":  {end(inTurn.start("t", message("i", ""))), []universal.Rule{universal.RuleTurnOpen}},
		"call without result":    {end(inTurn.both("t", call("i", "c"))), []universal.Rule{universal.RuleTurnOpen}},
		"request without answer": {end(inTurn.permission("t", "p", universal.PermissionRequested)), []universal.Rule{universal.RuleTurnOpen}},
		"item starts twice":      {end(inTurn.both("t", message("i", "")).both("t", message("i", ""))), []universal.Rule{universal.RuleItemStart}},
		"starts completed": {end(inTurn.item("t", universal.TypeItemStarted, universal.Item{ItemID: "i", Kind: universal.KindStatus, Status: universal.StatusCompleted}).
			complete("t", universal.Item{ItemID: "i", Kind: universal.KindStatus})), []universal.Rule{universal.RuleItemStart}},
		"delta of nothing":   {end(inTurn.delta("t", "i", "x")), []universal.Rule{universal.RuleItemOpen}},
		"delta after":        {end(inTurn.both("t", message("i", "")).delta("t", "i", "x")), []universal.Rule{universal.RuleItemOpen}},
		"completes unopened": {end(inTurn.complete("t", message("i", ""))), []universal.Rule{universal.RuleItemOpen}},
		"completes open":     {end(inTurn.start("t", message("i", "")).item("t", universal.TypeItemCompleted, message("i", ""), func(d *universal.ItemData) { d.Item.Status = universal.StatusInProgress })), []universal.Rule{universal.RuleItemStatus}},
		"changes kind":       {end(inTurn.start("t", message("i", "")).complete("t", universal.Item{ItemID: "i", Kind: universal.KindStatus, Role: universal.RoleAssistant})), []universal.Rule{universal.RuleItemStatus}},
		"other text":         {end(inTurn.start("t", message("i", "")).delta("t", "i", "a").complete("t", message("i", "b"))), []universal.Rule{universal.RuleItemText}},
		"text not streamed":  {end(inTurn.both("t", message("i", "b"))), []universal.Rule{universal.RuleItemText}},
		"parent is no call":  {end(inTurn.both("t", message("i", "")).both("t", child(message("j", ""), "i"))), []universal.Rule{universal.RuleParent}},
		"result of no call":  {end(inTurn.both("t", result("i", "c"))), []universal.Rule{universal.RuleToolResult}},
		"second result":      {end(inTurn.both("t", call("i", "c")).both("t", result("j", "c")).both("t", result("k", "c"))), []universal.Rule{universal.RuleToolResult}},
		"call id taken":      {end(inTurn.both("t", call("i", "c")).both("t", call("j", "c")).both("t", result("k", "c"))), []universal.Rule{universal.RuleToolResult}},
		"requested twice": {end(inTurn.permission("t", "p", universal.PermissionRequested).permission("t", "p", universal.PermissionRequested).
			permission("t", "p", universal.PermissionAccept)), []universal.Rule{universal.RuleRequest}},
		"resolved unasked": {end(inTurn.permission("t", "p", universal.PermissionAccept)), []universal.Rule{universal.RuleRequest}},
		"resolved twice": {end(inTurn.permission("t", "p", universal.PermissionRequested).permission("t", "p", universal.PermissionAccept).
			permission("t", "p", universal.PermissionAccept)), []universal.Rule{universal.RuleRequest}},
		"wrong status": {end(inTurn.add("t", &universal.QuestionData{QuestionID: "q", Status: universal.QuestionAnswered}, universal.TypeQuestionRequested).
			add("t", &universal.QuestionData{QuestionID: "q", Status: universal.QuestionAnswered}, universal.TypeQuestionResolved)), []universal.Rule{universal.RuleRequest}},
	} {
		var got []universal.Rule
		for _, v := range universal.CheckStream(test.stream) {
			got = append(got, v.Rule)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s%v", name, diff, universal.CheckStream(test.stream))
		}
	}
}
