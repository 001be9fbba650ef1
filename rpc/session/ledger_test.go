package session

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// journal is a ledger whose stream is written down: each event as one short
// line, and all of them for the checker.
type journal struct {
	*Ledger
	lines  []string
	events []universal.Event
}

func newJournal() *journal {
	j := &journal{}
	turns := 0
	j.Ledger = NewLedger("s", func() string { turns++; return fmt.Sprintf("agent_%d", turns) }, func(ev *universal.Event) {
		j.events = append(j.events, *ev)
		j.lines = append(j.lines, line(ev))
	})
	j.Now = time.Unix(1, 0)
	j.Ledger.Start(nil)
	return j
}

func line(ev *universal.Event) string {
	what := ""
	switch d := ev.Data.(type) {
	case *universal.ItemData:
		what = fmt.Sprintf("%s %s %s", d.Item.ItemID, d.Item.Kind, d.Item.Status)
		if d.Item.ParentID != "" {
			what += " under " + string(d.Item.ParentID)
		}
		if text := d.Item.Text(); text != "" {
			what += fmt.Sprintf(" %q", text)
		}
		if d.Rewritten {
			what += " rewritten"
		}
	case *universal.ItemDeltaData:
		what = fmt.Sprintf("%s %q", d.ItemID, d.Delta)
	case *universal.TurnEndedData:
		what = string(d.StopReason)
	case *universal.TurnStartedData:
		what = string(d.Origin)
	case *universal.PermissionData:
		what = strings.TrimSpace(d.PermissionID + " " + string(d.Status) + " " + d.ItemID)
	case *universal.QuestionData:
		what = d.QuestionID + " " + string(d.Status)
	}
	by := "agent"
	if ev.Synthetic {
		by = "bridge"
	}
	return strings.Join(strings.Fields(fmt.Sprintf("%s|%s %s %s", ev.TurnID, by, ev.Type, what)), " ")
}

func (j *journal) turn(id string) {
	j.StartTurn(universal.TurnStartedData{TurnID: id, Origin: universal.OriginUser})
}

func (j *journal) item(t universal.EventType, key string, kind universal.ItemKind, parent string, parts ...universal.Part) {
	it := universal.Item{ItemID: key, ParentID: universal.NullString(parent), Kind: kind, Role: universal.RoleAssistant, Content: parts}
	j.Apply(universal.Event{Type: t, Data: &universal.ItemData{Item: it}})
}

func (j *journal) started(key, text string) {
	j.item(universal.TypeItemStarted, key, universal.KindMessage, "", &universal.TextPart{Text: text})
}

func (j *journal) said(key, text string) {
	j.item(universal.TypeItemCompleted, key, universal.KindMessage, "", &universal.TextPart{Text: text})
}

func (j *journal) delta(key, text string) {
	j.Apply(universal.Event{Type: universal.TypeItemDelta, Data: &universal.ItemDeltaData{ItemID: key, Delta: text}})
}

func (j *journal) call(key, parent string, kind universal.ToolKind) {
	j.item(universal.TypeItemCompleted, key, universal.KindToolCall, parent, &universal.ToolCallPart{Name: "t", CallID: key, ToolKind: kind})
}

func (j *journal) result(key, callID, parent string) {
	j.item(universal.TypeItemCompleted, key, universal.KindToolResult, parent, &universal.ToolResultPart{CallID: callID})
}

func (j *journal) turnEnds() {
	j.Apply(universal.Event{Type: universal.TypeTurnEnded, Data: &universal.TurnEndedData{StopReason: universal.StopEndTurn}})
}

// TestLedger shows what becomes of what an agent says; every stream ends with
// the session's end and is legal.
func TestLedger(t *testing.T) {
	for name, test := range map[string]struct {
		do   func(*journal)
		want []string
	}{
		"text that was not streamed is": {
			func(j *journal) { j.turn("t"); j.said("a", "hi"); j.turnEnds() },
			[]string{"t|bridge turn.started user", "t|bridge item.started itm_1 message in_progress", `t|bridge item.delta itm_1 "hi"`, `t|agent item.completed itm_1 message completed "hi"`, "t|agent turn.ended end_turn"},
		},
		"the rest of a text is streamed": {
			func(j *journal) {
				j.turn("t")
				j.started("a", "")
				j.delta("a", "he")
				j.said("a", "hello")
				j.turnEnds()
			},
			[]string{"t|bridge turn.started user", "t|agent item.started itm_1 message in_progress", `t|agent item.delta itm_1 "he"`, `t|bridge item.delta itm_1 "llo"`, `t|agent item.completed itm_1 message completed "hello"`, "t|agent turn.ended end_turn"},
		},
		"another text is rewritten": {
			func(j *journal) {
				j.turn("t")
				j.started("a", "")
				j.delta("a", "he")
				j.said("a", "bye")
				j.turnEnds()
			},
			[]string{"t|bridge turn.started user", "t|agent item.started itm_1 message in_progress", `t|agent item.delta itm_1 "he"`, `t|agent item.completed itm_1 message completed "bye" rewritten`, "t|agent turn.ended end_turn"},
		},
		"what is said of closed things is dropped": {
			func(j *journal) {
				j.turn("t")
				j.said("a", "")
				j.said("a", "again")
				j.started("a", "")
				j.delta("a", "x")
				j.delta("never", "x")
				j.turnEnds()
				j.turnEnds()
			},
			[]string{"t|bridge turn.started user", "t|bridge item.started itm_1 message in_progress", "t|agent item.completed itm_1 message completed", "t|agent turn.ended end_turn"},
		},
		"a turn's end closes what is open, and nothing is asked any more": {
			func(j *journal) {
				j.turn("t")
				j.call("c", "", universal.ToolExecute)
				j.Apply(universal.Event{Type: universal.TypePermissionRequested, Data: &universal.PermissionData{PermissionID: "p", ItemID: "c"}})
				j.Apply(universal.Event{Type: universal.TypeQuestionRequested, Data: &universal.QuestionData{QuestionID: "q"}})
				j.started("a", "")
				j.delta("a", "so far")
				j.EndTurn(universal.TurnEndedData{StopReason: universal.StopInterrupted})
				j.result("c:result", "c", "")
				j.item(universal.TypeItemStarted, "c:late", universal.KindToolResult, "", &universal.ToolResultPart{CallID: "c"})
			},
			[]string{
				"t|bridge turn.started user", "t|bridge item.started itm_1 tool_call in_progress", "t|agent item.completed itm_1 tool_call completed",
				"t|agent permission.requested p requested itm_1", "t|agent question.requested q requested",
				"t|agent item.started itm_2 message in_progress", `t|agent item.delta itm_2 "so far"`,
				"t|bridge permission.resolved p reject itm_1", "t|bridge question.resolved q rejected",
				`t|bridge item.completed itm_2 message cancelled "so far"`,
				"t|bridge item.started itm_3 tool_result in_progress", "t|bridge item.completed itm_3 tool_result cancelled",
				"t|bridge turn.ended interrupted",
			},
		},
		"a request for what an earlier turn did belongs to the turn that runs": {
			func(j *journal) {
				j.turn("t")
				j.call("c", "", universal.ToolExecute)
				j.EndTurn(universal.TurnEndedData{StopReason: universal.StopInterrupted})
				j.Apply(universal.Event{Type: universal.TypePermissionRequested, Data: &universal.PermissionData{PermissionID: "p", ItemID: "c"}})
				j.ResolvePermission("p", universal.PermissionReject, "")
				j.turn("u")
				j.Apply(universal.Event{Type: universal.TypeQuestionRequested, Data: &universal.QuestionData{QuestionID: "q", ItemID: "c"}})
				j.turnEnds()
			},
			[]string{
				"t|bridge turn.started user", "t|bridge item.started itm_1 tool_call in_progress", "t|agent item.completed itm_1 tool_call completed",
				"t|bridge item.started itm_2 tool_result in_progress", "t|bridge item.completed itm_2 tool_result cancelled", "t|bridge turn.ended interrupted",
				"agent_1|bridge turn.started agent", "agent_1|agent permission.requested p requested itm_1",
				"agent_1|bridge permission.resolved p reject itm_1", "agent_1|bridge turn.ended end_turn",
				"u|bridge turn.started user", "u|agent question.requested q requested", "u|bridge question.resolved q rejected", "u|agent turn.ended end_turn",
			},
		},
		"a request of what works on behind its call belongs to no turn": {
			func(j *journal) {
				j.turn("t")
				j.call("sub", "", universal.ToolSubagent)
				j.result("sub:r", "sub", "")
				j.turnEnds()
				j.turn("u")
				j.Apply(universal.Event{Type: universal.TypePermissionRequested, Data: &universal.PermissionData{PermissionID: "p", ItemID: "sub"}})
				j.turnEnds()
				j.ResolvePermission("p", universal.PermissionAccept, "")
			},
			[]string{
				"t|bridge turn.started user", "t|bridge item.started itm_1 tool_call in_progress", "t|agent item.completed itm_1 tool_call completed",
				"t|bridge item.started itm_2 tool_result in_progress", "t|agent item.completed itm_2 tool_result completed", "t|agent turn.ended end_turn",
				"u|bridge turn.started user", "|agent permission.requested p requested itm_1", "u|agent turn.ended end_turn", "|bridge permission.resolved p accept itm_1",
			},
		},
		"a sub-agent whose call has returned works outside turns": {
			func(j *journal) {
				j.turn("t")
				j.call("sub", "", universal.ToolSubagent)
				j.call("in", "sub", universal.ToolRead)
				j.result("in:r", "in", "sub")
				j.result("sub:r", "sub", "")
				j.turnEnds()
				j.turn("u")
				j.call("late", "sub", universal.ToolRead)
				j.Apply(universal.Event{Type: universal.TypePermissionRequested, Data: &universal.PermissionData{PermissionID: "p", ItemID: "late"}})
				j.turnEnds()
				j.ResolvePermission("p", universal.PermissionAccept, "")
				j.result("late:r", "late", "sub")
			},
			[]string{
				"t|bridge turn.started user",
				"t|bridge item.started itm_1 tool_call in_progress", "t|agent item.completed itm_1 tool_call completed",
				"t|bridge item.started itm_2 tool_call in_progress under itm_1", "t|agent item.completed itm_2 tool_call completed under itm_1",
				"t|bridge item.started itm_3 tool_result in_progress under itm_1", "t|agent item.completed itm_3 tool_result completed under itm_1",
				"t|bridge item.started itm_4 tool_result in_progress", "t|agent item.completed itm_4 tool_result completed",
				"t|agent turn.ended end_turn", "u|bridge turn.started user",
				"|bridge item.started itm_5 tool_call in_progress under itm_1", "|agent item.completed itm_5 tool_call completed under itm_1",
				"|agent permission.requested p requested itm_5", "u|agent turn.ended end_turn", "|bridge permission.resolved p accept itm_5",
				"|bridge item.started itm_6 tool_result in_progress under itm_1", "|agent item.completed itm_6 tool_result completed under itm_1",
			},
		},
		"a turn of the agent within another is not its end": {
			func(j *journal) {
				j.turn("t")
				j.Apply(universal.Event{Type: universal.TypeTurnStarted, Data: &universal.TurnStartedData{Origin: universal.OriginAgent}})
				j.turnEnds()
				j.said("a", "")
				j.turnEnds()
			},
			[]string{"t|bridge turn.started user", "t|bridge item.started itm_1 message in_progress", "t|agent item.completed itm_1 message completed", "t|agent turn.ended end_turn"},
		},
		"words outside a turn get one": {
			func(j *journal) { j.started("a", ""); j.delta("a", "x"); j.said("a", "x") },
			[]string{"agent_1|bridge turn.started agent", "agent_1|agent item.started itm_1 message in_progress", `agent_1|agent item.delta itm_1 "x"`, `agent_1|agent item.completed itm_1 message completed "x"`, "agent_1|bridge turn.ended end_turn"},
		},
		"a result of a call that was never told brings it": {
			func(j *journal) { j.turn("t"); j.result("r", "c", ""); j.turnEnds() },
			[]string{
				"t|bridge turn.started user", "t|bridge item.started itm_1 tool_call in_progress", "t|bridge item.completed itm_1 tool_call completed",
				"t|bridge item.started itm_2 tool_result in_progress", "t|agent item.completed itm_2 tool_result completed", "t|agent turn.ended end_turn",
			},
		},
		"an unknown parent is no parent": {
			func(j *journal) {
				j.turn("t")
				j.item(universal.TypeItemCompleted, "a", universal.KindStatus, "nobody", &universal.StatusPart{Label: "l"})
				j.turnEnds()
			},
			[]string{"t|bridge turn.started user", "t|bridge item.started itm_1 status in_progress", "t|agent item.completed itm_1 status completed", "t|agent turn.ended end_turn"},
		},
		"an arguments stream that is cut keeps what came": {
			func(j *journal) {
				j.turn("t")
				j.item(universal.TypeItemStarted, "c", universal.KindToolCall, "", &universal.ToolCallPart{Name: "t", CallID: "c"})
				j.delta("c", `{"a`)
				j.EndTurn(universal.TurnEndedData{StopReason: universal.StopError})
			},
			[]string{
				"t|bridge turn.started user", "t|agent item.started itm_1 tool_call in_progress", `t|agent item.delta itm_1 "{\"a"`, "t|bridge item.completed itm_1 tool_call failed",
				"t|bridge item.started itm_2 tool_result in_progress", "t|bridge item.completed itm_2 tool_result cancelled", "t|bridge turn.ended error",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			j := newJournal()
			test.do(j)
			j.EndSession(universal.SessionEndedData{Reason: universal.EndTerminated, TerminatedBy: universal.SourceDaemon})
			j.said("after", "the end")
			got := j.lines[1 : len(j.lines)-1]
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, v := range universal.CheckStream(j.events) {
				t.Error(v)
			}
		})
	}
}

func TestLedgerForgetsWhatIsLongPast(t *testing.T) {
	j := newJournal()
	j.turn("t")
	j.call("sub", "", universal.ToolSubagent)
	j.call("waits", "", universal.ToolExecute)
	for i := range 3 * rememberClosed {
		key := fmt.Sprint("c", i)
		j.call(key, "sub", universal.ToolRead)
		j.result(key+":r", key, "sub")
	}
	if n := len(j.items) + len(j.calls); n > 3*rememberClosed+8 {
		t.Errorf("%d items and calls are remembered", n)
	}
	for key, it := range j.items {
		if unsolved := key == "waits" || key == "sub"; (it.content != nil) != unsolved {
			t.Errorf("what %s said is kept: %v, want %v", key, it.content != nil, unsolved)
		}
	}
	j.result("waits:r", "waits", "")
	j.call("last", "sub", universal.ToolRead)
	j.result("last:r", "last", "sub")
	j.result("sub:r", "sub", "")
	j.turnEnds()
	for _, v := range universal.CheckStream(j.events) {
		t.Error(v)
	}
}

func TestLedgerTimeNeverGoesBack(t *testing.T) {
	j := newJournal()
	j.Now = time.Unix(100, 0)
	j.turn("t")
	j.Now = time.Unix(50, 0)
	j.turnEnds()
	for _, v := range universal.CheckStream(j.events) {
		t.Error(v)
	}
}

func TestSecretAnswersAreMasked(t *testing.T) {
	j := newJournal()
	j.turn("t")
	q := &universal.QuestionData{QuestionID: "q", Questions: []universal.Question{{Prompt: "Key?", Secret: true, Custom: true}, {Prompt: "Name?", Custom: true}}}
	j.Apply(universal.Event{Type: universal.TypeQuestionRequested, Data: q})
	j.ResolveQuestion("q", [][]string{{"hunter2"}, {"Ada"}}, "")
	d := j.events[len(j.events)-1].Data.(*universal.QuestionData)
	if diff := cmp.Diff([][]string{{masked}, {"Ada"}}, d.Responses); diff != "" || *d.Response != masked {
		t.Errorf("responses (-want +got):\n%s, response %q", diff, *d.Response)
	}
}
