package session_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/rpc/eventlog"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is a safety net: no test waits for it unless something hangs.
const patience = 2 * time.Minute

func newManager(t testing.TB, opts session.ManagerOptions) *session.Manager {
	t.Helper()
	store, err := eventlog.OpenStore(eventlog.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	opts.Store, opts.Directory = store, t.TempDir()
	opts.Logger = slog.New(slog.DiscardHandler)
	if opts.Drivers == nil {
		opts.Drivers = []drivers.Driver{mock.New(mock.Options{})}
	}
	m, err := session.NewManager(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := m.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := store.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	return m
}

// talk is a session under test with a reader of its stream.
type talk struct {
	*session.Session
	t      testing.TB
	cursor *eventlog.Cursor
	events []universal.Event // read so far
}

func newTalk(t testing.TB, m *session.Manager, opts session.CreateOptions) *talk {
	t.Helper()
	if opts.Agent == "" {
		opts.Agent = "mock"
	}
	s, err := m.Create(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return &talk{Session: s, t: t, cursor: s.Cursor(0)}
}

func decode(t testing.TB, r eventlog.Record) universal.Event {
	t.Helper()
	raw := r.Raw
	if raw == nil {
		raw = []byte("null")
	}
	var ev universal.Event
	if err := json.Unmarshal(append(append(append([]byte{}, r.Head...), raw...), '}'), &ev); err != nil {
		t.Fatalf("event %d: %v", r.Seq, err)
	}
	return ev
}

// until reads on to the first event that fits and returns it.
func (k *talk) until(what string, fits func(*universal.Event) bool) universal.Event {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), patience)
	defer cancel()
	for {
		records, err := k.cursor.Next(ctx)
		if err != nil {
			k.t.Fatalf("waiting for %s after %d events: %v", what, len(k.events), err)
		}
		found := -1
		for r := range records.All() {
			k.events = append(k.events, decode(k.t, r))
			if found < 0 && fits(&k.events[len(k.events)-1]) {
				found = len(k.events) - 1
				k.cursor = k.Cursor(r.Seq)
				return k.events[found]
			}
		}
	}
}

func (k *talk) untilType(t universal.EventType) universal.Event {
	k.t.Helper()
	return k.until(string(t), func(ev *universal.Event) bool { return ev.Type == t })
}

func (k *talk) untilEnd(turnID string) *universal.TurnEndedData {
	k.t.Helper()
	ev := k.until("the end of "+turnID, func(ev *universal.Event) bool {
		return ev.Type == universal.TypeTurnEnded && string(ev.TurnID) == turnID
	})
	return ev.Data.(*universal.TurnEndedData)
}

func (k *talk) send(text string) session.SendResult {
	k.t.Helper()
	r, err := k.Send(session.MessageOptions{Message: text})
	if err != nil {
		k.t.Fatalf("send %q: %v", text, err)
	}
	return r
}

// ask sends a message and returns the last text of the assistant.
func (k *talk) ask(text string) string {
	k.t.Helper()
	sent := k.send(text)
	answer := ""
	k.until("the answer", func(ev *universal.Event) bool {
		if d, ok := ev.Data.(*universal.ItemData); ok && ev.Type == universal.TypeItemCompleted && d.Item.Role == universal.RoleAssistant && d.Item.Kind == universal.KindMessage {
			answer = d.Item.Text()
		}
		return ev.Type == universal.TypeTurnEnded && string(ev.TurnID) == sent.TurnID
	})
	return answer
}

// end terminates the session and checks its whole stream.
func (k *talk) end() []universal.Event {
	k.t.Helper()
	if err := k.Terminate(k.t.Context()); err != nil {
		k.t.Fatal(err)
	}
	all := k.all()
	for _, v := range universal.CheckStream(all) {
		k.t.Error(v)
	}
	if last := all[len(all)-1].Type; last != universal.TypeSessionEnded {
		k.t.Errorf("the stream ends with %s", last)
	}
	return all
}

func (k *talk) all() []universal.Event {
	k.t.Helper()
	var all []universal.Event
	for after := uint64(0); ; {
		page, err := k.Events(after, 1000)
		if err != nil {
			k.t.Fatal(err)
		}
		for _, r := range page.Events {
			all = append(all, decode(k.t, r))
			after = r.Seq
		}
		if !page.HasMore {
			return all
		}
	}
}

func wantKind(t testing.TB, err error, kind universal.ErrorKind) *universal.Error {
	t.Helper()
	e, ok := errors.AsType[*universal.Error](err)
	if !ok || e.Kind != kind {
		t.Fatalf("error is %v, want kind %s", err, kind)
	}
	return e
}

func TestQueueRunsInOrder(t *testing.T) {
	k := newTalk(t, newManager(t, session.ManagerOptions{}), session.CreateOptions{})
	first := k.send("wait")
	second, third := k.send("echo two"), k.send("echo three")
	if info := k.Info(false); info.Status != session.Running || info.QueuedTurns != 2 || string(info.TurnID) != first.TurnID {
		t.Errorf("while one runs: %+v", info)
	}
	k.untilType(universal.TypeTurnStarted)
	if err := k.Interrupt(t.Context(), session.InterruptOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := k.untilEnd(first.TurnID).StopReason; got != universal.StopInterrupted {
		t.Errorf("first ends with %s", got)
	}
	k.untilEnd(second.TurnID)
	k.untilEnd(third.TurnID)
	k.end()
}

func TestInterruptDropsQueue(t *testing.T) {
	k := newTalk(t, newManager(t, session.ManagerOptions{}), session.CreateOptions{})
	k.send("wait")
	queued := k.send("echo never")
	k.untilType(universal.TypeTurnStarted)
	if err := k.Interrupt(t.Context(), session.InterruptOptions{Queue: "drop"}); err != nil {
		t.Fatal(err)
	}
	if got := k.untilEnd(queued.TurnID).StopReason; got != universal.StopCancelled {
		t.Errorf("the waiting turn ends with %s", got)
	}
	if got := k.ask("echo still here"); got != "still here" {
		t.Errorf("afterwards the agent says %q", got)
	}
	k.end()
}

func TestInterruptOfOneWaitingTurn(t *testing.T) {
	k := newTalk(t, newManager(t, session.ManagerOptions{}), session.CreateOptions{})
	running := k.send("wait 1")
	waiting := k.send("echo never")
	if err := k.Interrupt(t.Context(), session.InterruptOptions{TurnID: waiting.TurnID}); err != nil {
		t.Fatal(err)
	}
	if got := k.untilEnd(running.TurnID).StopReason; got != universal.StopEndTurn {
		t.Errorf("the running turn ends with %s", got)
	}
	if err := k.Interrupt(t.Context(), session.InterruptOptions{TurnID: "turn_99"}); err != nil {
		t.Errorf("interrupt of a turn that is over: %v", err)
	}
	k.end()
}

func TestOnBusy(t *testing.T) {
	k := newTalk(t, newManager(t, session.ManagerOptions{}), session.CreateOptions{})
	first := k.send("wait")
	_, err := k.Send(session.MessageOptions{Message: "echo no", OnBusy: session.BusyReject})
	wantKind(t, err, universal.KindSessionBusy)
	steered, err := k.Send(session.MessageOptions{Message: "steered", OnBusy: session.BusySteer})
	if err != nil || steered.TurnID != first.TurnID {
		t.Errorf("steer: %+v, %v", steered, err)
	}
	next, err := k.Send(session.MessageOptions{Message: "echo next", OnBusy: session.BusyInterrupt})
	if err != nil {
		t.Fatal(err)
	}
	if got := k.untilEnd(first.TurnID).StopReason; got != universal.StopInterrupted {
		t.Errorf("the first turn ends with %s", got)
	}
	k.untilEnd(next.TurnID)
	_, err = k.Send(session.MessageOptions{Message: "x", OnBusy: "later"})
	wantKind(t, err, universal.KindInvalidRequest)
	k.end()
}

func TestSendIsIdempotent(t *testing.T) {
	k := newTalk(t, newManager(t, session.ManagerOptions{}), session.CreateOptions{})
	opts := session.MessageOptions{Message: "echo once", ClientMessageID: "c1"}
	first, err := k.Send(opts)
	if err != nil {
		t.Fatal(err)
	}
	k.untilEnd(first.TurnID)
	again, err := k.Send(opts)
	if err != nil || again != first {
		t.Errorf("second send: %+v, %v, want %+v", again, err, first)
	}
	turns := 0
	for _, ev := range k.end() {
		if d, ok := ev.Data.(*universal.TurnStartedData); ok {
			turns++
			if d.ClientMessageID != "c1" {
				t.Errorf("turn.started has client_message_id %q", d.ClientMessageID)
			}
		}
	}
	if turns != 1 {
		t.Errorf("%d turns", turns)
	}
}

func TestAlwaysMeansExactlyThis(t *testing.T) {
	k := newTalk(t, newManager(t, session.ManagerOptions{}), session.CreateOptions{})
	request := func(command string) *universal.PermissionData {
		k.send("gate " + command)
		return k.untilType(universal.TypePermissionRequested).Data.(*universal.PermissionData)
	}
	ls := request("ls")
	if info := k.Info(true); info.Status != session.Waiting || info.PendingPermissionCount != 1 || len(info.PendingPermissions) != 1 {
		t.Errorf("while it waits: %+v", info)
	}
	if err := k.ReplyPermission(t.Context(), ls.PermissionID, drivers.PermissionReply{Decision: drivers.Always}); err != nil {
		t.Fatal(err)
	}
	if d := k.untilType(universal.TypePermissionResolved).Data.(*universal.PermissionData); d.Status != universal.PermissionAcceptForSession {
		t.Errorf("resolved as %s", d.Status)
	}
	k.untilType(universal.TypeTurnEnded)

	request("ls") // nobody answers this one
	if d := k.untilType(universal.TypePermissionResolved).Data.(*universal.PermissionData); d.Status != universal.PermissionAcceptForSession {
		t.Errorf("the second ls is resolved as %s", d.Status)
	}
	k.untilType(universal.TypeTurnEnded)

	rm := request("rm -r x")
	if err := k.ReplyPermission(t.Context(), rm.PermissionID, drivers.PermissionReply{Decision: drivers.Reject}); err != nil {
		t.Fatal(err)
	}
	if d := k.untilType(universal.TypePermissionResolved).Data.(*universal.PermissionData); d.Status != universal.PermissionReject || d.Message == "" {
		t.Errorf("rm is resolved as %s with %q", d.Status, d.Message)
	}
	for id, reason := range map[string]string{rm.PermissionID: "already_answered", "nope": "unknown"} {
		err := k.ReplyPermission(t.Context(), id, drivers.PermissionReply{Decision: drivers.Once})
		if got := wantKind(t, err, universal.KindInvalidRequest).Details["reason"]; got != reason {
			t.Errorf("%s: reason is %v, want %s", id, got, reason)
		}
	}
	k.untilType(universal.TypeTurnEnded)
	k.end()
}

func TestBridgeKeepsPermissionModes(t *testing.T) {
	for mode, want := range map[drivers.PermissionMode]map[string]universal.PermissionStatus{
		drivers.PermissionBypass:      {"gate rm x": universal.PermissionAccept, "edit a.txt": universal.PermissionAccept},
		drivers.PermissionAcceptEdits: {"gate rm x": "", "edit a.txt": universal.PermissionAccept},
		drivers.PermissionDefault:     {"gate rm x": "", "edit a.txt": ""},
	} {
		k := newTalk(t, newManager(t, session.ManagerOptions{}), session.CreateOptions{PermissionMode: mode})
		for prompt, status := range want {
			sent := k.send(prompt)
			d := k.untilType(universal.TypePermissionRequested).Data.(*universal.PermissionData)
			if status == "" {
				if err := k.ReplyPermission(t.Context(), d.PermissionID, drivers.PermissionReply{Decision: drivers.Reject, Message: "no"}); err != nil {
					t.Errorf("%s, %s: was not asked: %v", mode, prompt, err)
				}
			} else if got := k.untilType(universal.TypePermissionResolved).Data.(*universal.PermissionData).Status; got != status {
				t.Errorf("%s, %s: resolved as %s, want %s", mode, prompt, got, status)
			}
			k.untilEnd(sent.TurnID)
		}
		k.end()
	}
}

// In plan mode nothing may be changed, whoever would allow it: an agent that
// keeps the mode by itself, as the mock does, may still ask.
func TestPlanModeRefusesWhatTheAgentAsksFor(t *testing.T) {
	k := newTalk(t, newManager(t, session.ManagerOptions{}), session.CreateOptions{PermissionMode: drivers.PermissionPlan})
	k.untilEnd(k.send("permission").TurnID)
	var got []universal.PermissionStatus
	for _, ev := range k.end() {
		if d, ok := ev.Data.(*universal.PermissionData); ok && ev.Type == universal.TypePermissionResolved {
			got = append(got, d.Status)
		}
	}
	if want := []universal.PermissionStatus{universal.PermissionReject, universal.PermissionReject}; !slices.Equal(got, want) {
		t.Errorf("a command and an edit are resolved as %v, want %v", got, want)
	}
}

func TestCrashEndsOnlyTheTurn(t *testing.T) {
	k := newTalk(t, newManager(t, session.ManagerOptions{}), session.CreateOptions{})
	k.ask("echo one")
	sent := k.send("crash 3")
	crash := k.untilType(universal.TypeError).Data.(*universal.ErrorData)
	details, _ := crash.Details.(map[string]any)
	if crash.Category != universal.CategoryAgentCrash || details["exitCode"] != float64(3) {
		t.Errorf("the crash is told as %+v", crash)
	}
	if got := k.untilEnd(sent.TurnID).StopReason; got != universal.StopError {
		t.Errorf("the turn ends with %s", got)
	}
	if got := k.ask("recall"); got == "" || k.Info(false).Status == session.Ended {
		t.Errorf("after the crash it recalls %q", got)
	}
	k.end()
}

func TestRestartThatFailsEndsTheSession(t *testing.T) {
	k := newTalk(t, newManager(t, session.ManagerOptions{}), session.CreateOptions{})
	k.ask("poison")
	k.send("crash")
	k.untilType(universal.TypeTurnEnded)
	k.send("echo lost")
	ended := k.untilType(universal.TypeSessionEnded).Data.(*universal.SessionEndedData)
	if ended.Reason != universal.EndError || ended.Message == "" {
		t.Errorf("session.ended is %+v", ended)
	}
	_, err := k.Send(session.MessageOptions{Message: "x"})
	wantKind(t, err, universal.KindSessionEnded)
	k.end()
}

func TestAgentEndsTheSession(t *testing.T) {
	k := newTalk(t, newManager(t, session.ManagerOptions{}), session.CreateOptions{})
	k.send("wait") // so that none of the others begins before all are there
	k.untilType(universal.TypeTurnStarted)
	k.send("end")
	queued := k.send("echo late")
	if err := k.Interrupt(t.Context(), session.InterruptOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := k.untilType(universal.TypeSessionEnded).Data.(*universal.SessionEndedData); got.Reason != universal.EndCompleted || got.TerminatedBy != universal.SourceAgent {
		t.Errorf("session.ended is %+v", got)
	}
	var got universal.StopReason
	for _, ev := range k.end() {
		if d, ok := ev.Data.(*universal.TurnEndedData); ok && d.TurnID == queued.TurnID {
			got = d.StopReason
		}
	}
	if got != universal.StopCancelled && got != universal.StopInterrupted { // it may just have begun
		t.Errorf("the waiting turn ends with %q", got)
	}
}

func TestUpdate(t *testing.T) {
	k := newTalk(t, newManager(t, session.ManagerOptions{}), session.CreateOptions{Title: "before"})
	if err := k.Update(t.Context(), session.UpdateOptions{Variant: "high", AgentMode: "plan", PermissionMode: drivers.PermissionBypass, Title: "after"}); err != nil {
		t.Fatal(err)
	}
	d := k.until("session.updated with a title", func(ev *universal.Event) bool {
		u, ok := ev.Data.(*universal.SessionUpdatedData)
		return ok && u.Title != ""
	}).Data.(*universal.SessionUpdatedData)
	if d.Variant != "high" || d.AgentMode != "plan" || d.PermissionMode != "bypass" || d.Title != "after" {
		t.Errorf("session.updated is %+v", d)
	}
	for _, wrong := range []session.UpdateOptions{{AgentMode: "fly"}, {PermissionMode: "yolo"}, {Model: "none"}} {
		if err := k.Update(t.Context(), wrong); universal.KindOf(err) == universal.KindInternal {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	if info := k.Info(false); info.Variant != "high" || info.AgentMode != "plan" || info.PermissionMode != "bypass" || info.Title != "after" {
		t.Errorf("info is %+v", info)
	}
	k.end()
}

func TestIdleTimeoutKeepsMemory(t *testing.T) {
	k := newTalk(t, newManager(t, session.ManagerOptions{}), session.CreateOptions{IdleTimeoutMS: 1})
	k.ask("echo one")
	before := k.ask("recall")
	if before == "" {
		t.Error("recall says nothing")
	}
	if after := k.ask("recall"); after == before {
		t.Errorf("recall still says %q", after)
	}
	k.end()
}

func TestTurnReader(t *testing.T) {
	k := newTalk(t, newManager(t, session.ManagerOptions{}), session.CreateOptions{})
	read := func(r *session.TurnReader) (types []universal.EventType, end session.StreamEnd) {
		for {
			record, end, err := r.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if end != "" {
				return types, end
			}
			types = append(types, decode(t, record).Type)
		}
	}
	k.send("wait 1")
	sent := k.send("gate ls")
	types, end := read(k.ReadTurn(sent, session.UntilInput))
	if end != session.EndInputNeeded || types[0] != universal.TypeTurnStarted || types[len(types)-1] != universal.TypePermissionRequested {
		t.Errorf("until input: %v, %s", types, end)
	}
	whole := k.ReadTurn(sent, session.UntilTurn)
	permission := k.Info(true).PendingPermissions[0].PermissionID
	if err := k.ReplyPermission(t.Context(), permission, drivers.PermissionReply{Decision: drivers.Once}); err != nil {
		t.Fatal(err)
	}
	types, end = read(whole)
	if end != session.EndTurnEnded || types[0] != universal.TypeTurnStarted || types[len(types)-1] != universal.TypeTurnEnded {
		t.Errorf("until turn: %v, %s", types, end)
	}
	k.end()
}

func TestWatcherSeesAllSessions(t *testing.T) {
	m := newManager(t, session.ManagerOptions{})
	w := m.Watch()
	defer w.Close()
	a, b := newTalk(t, m, session.CreateOptions{SessionID: "a"}), newTalk(t, m, session.CreateOptions{SessionID: "b"})
	a.ask("echo x")
	b.send("gate ls")
	b.untilType(universal.TypePermissionRequested)
	states := map[string]session.Status{}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for states["a"] != session.Idle || states["b"] != session.Waiting {
		infos, err := w.Next(ctx)
		if err != nil {
			t.Fatalf("saw %v: %v", states, err)
		}
		for _, info := range infos {
			states[info.SessionID] = info.Status
		}
	}
}

func TestListAndDelete(t *testing.T) {
	m := newManager(t, session.ManagerOptions{})
	for _, id := range []string{"a", "b", "c"} {
		newTalk(t, m, session.CreateOptions{SessionID: id})
	}
	_, err := m.Create(t.Context(), session.CreateOptions{SessionID: "b", Agent: "mock"})
	wantKind(t, err, universal.KindSessionAlreadyExists)
	page, err := m.ListInfo("", 2, "")
	if err != nil || len(page.Sessions) != 2 || page.Sessions[0].SessionID != "c" || page.NextCursor == "" {
		t.Errorf("first page: %+v, %v", page, err)
	}
	page, err = m.ListInfo(session.Idle, 2, page.NextCursor)
	if err != nil || len(page.Sessions) != 1 || page.Sessions[0].SessionID != "a" || page.NextCursor != "" {
		t.Errorf("second page: %+v, %v", page, err)
	}
	b, err := m.Get("b")
	if err != nil {
		t.Fatal(err)
	}
	one, err := json.Marshal(b.Info(true))
	if err != nil || !bytes.Contains(one, []byte(`"pendingPermissions":[],"pendingQuestions":[]`)) {
		t.Errorf("one session is %s, %v", one, err)
	}
	if many, err := json.Marshal(b.Info(false)); err != nil || bytes.Contains(many, []byte(`"pendingPermissions"`)) {
		t.Errorf("one of many is %s, %v", many, err)
	}
	if err := m.Delete(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	_, err = m.Get("b")
	wantKind(t, err, universal.KindSessionNotFound)
	_, err = b.Events(0, -1)
	wantKind(t, err, universal.KindSessionNotFound)
}

func TestCreateRefuses(t *testing.T) {
	m := newManager(t, session.ManagerOptions{})
	for name, test := range map[string]struct {
		opts session.CreateOptions
		kind universal.ErrorKind
	}{
		"agent":           {session.CreateOptions{Agent: "nope"}, universal.KindUnsupportedAgent},
		"agent mode":      {session.CreateOptions{Agent: "mock", AgentMode: "fly"}, universal.KindModeNotSupported},
		"permission mode": {session.CreateOptions{Agent: "mock", PermissionMode: "yolo"}, universal.KindInvalidRequest},
		"directory":       {session.CreateOptions{Agent: "mock", Directory: "missing"}, universal.KindInvalidRequest},
		"environment":     {session.CreateOptions{Agent: "mock", Env: map[string]string{"A=B": "c"}}, universal.KindInvalidRequest},
		"session id":      {session.CreateOptions{Agent: "mock", SessionID: "\xff"}, universal.KindInvalidRequest},
	} {
		_, err := m.Create(t.Context(), test.opts)
		if got := universal.KindOf(err); err == nil || got != test.kind {
			t.Errorf("%s: %v, want kind %s", name, err, test.kind)
		}
	}
	if n := len(m.List()); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
}

// deaf is the mock, whose turns are always over when a message would join.
type deaf struct{ *mock.Driver }

func (d deaf) Start(ctx context.Context, cfg drivers.Config, sink drivers.Sink) (drivers.Session, error) {
	s, err := d.Driver.Start(ctx, cfg, sink)
	return deafSession{s}, err
}

type deafSession struct{ drivers.Session }

func (s deafSession) Send(ctx context.Context, msg drivers.Message) error {
	if msg.Steer {
		return universal.InvalidRequest("no turn is running")
	}
	return s.Session.Send(ctx, msg)
}

func TestSteeringTooLateLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, session.ManagerOptions{Drivers: []drivers.Driver{deaf{mock.New(mock.Options{})}}})
		k := newTalk(t, m, session.CreateOptions{})
		first := k.send("wait 20")
		synctest.Wait() // the agent has it, and no time goes by
		if r, err := k.Send(session.MessageOptions{Message: "echo heard", OnBusy: session.BusySteer}); err != nil || r.TurnID != first.TurnID {
			t.Fatalf("steer: %+v, %v, want the running turn", r, err)
		}
		k.untilEnd(first.TurnID)
		k.until("the answer in a turn of its own", func(ev *universal.Event) bool {
			d, ok := ev.Data.(*universal.ItemData)
			return ok && ev.Type == universal.TypeItemCompleted && d.Item.Text() == "heard" && string(ev.TurnID) != first.TurnID
		})
		k.untilType(universal.TypeTurnEnded)
		users := 0
		for _, ev := range k.end() {
			if d, ok := ev.Data.(*universal.ItemData); ok && ev.Type == universal.TypeItemCompleted && d.Item.Role == universal.RoleUser {
				users++
			}
		}
		if users != 2 {
			t.Errorf("the stream has %d user messages", users)
		}
	})
}
