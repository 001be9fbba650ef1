package rpc_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/eventlog"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/rpc/stdio"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is a safety net: no test waits for it unless something hangs.
const patience = 2 * time.Minute

// newClient starts a bridge in this process, with the mock agent unless others
// are given, and returns a client of it.
func newClient(t *testing.T, agents ...drivers.Driver) *rpc.Client {
	t.Helper()
	near, far := net.Pipe()
	serve(t, far, agents...)
	client := rpc.NewClient(near, stdio.FramingLine)
	t.Cleanup(func() { client.Close() })
	return client
}

// serve runs a bridge, with the mock agent unless others are given, on a
// connection until the other end is closed, which the caller's cleanup must do.
func serve(t *testing.T, far net.Conn, agents ...drivers.Driver) {
	t.Helper()
	if len(agents) == 0 {
		agents = []drivers.Driver{mock.New(mock.Options{})}
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	store, err := eventlog.OpenStore(eventlog.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	manager, err := session.NewManager(session.ManagerOptions{
		Drivers: agents, Store: store, Logger: logger, Directory: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := rpc.NewServer(rpc.ServerOptions{Sessions: manager, Version: "test", Logger: logger})
	served := make(chan error, 1)
	go func() { served <- server.ServeStdio(context.Background(), far) }()
	t.Cleanup(func() {
		if err := <-served; err != nil {
			t.Errorf("ServeStdio: %v", err)
		}
		store.Close()
	})
}

// follow reads a session's events until one fits.
func follow(t *testing.T, sub *rpc.Subscription, last func(*universal.Event) bool) []universal.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var events []universal.Event
	for {
		ev, err := sub.Next(ctx)
		if err != nil {
			t.Fatalf("after %d events: %v", len(events), err)
		}
		events = append(events, *ev)
		if last(ev) {
			return events
		}
	}
}

func turnEnded(ev *universal.Event) bool { return ev.Type == universal.TypeTurnEnded }

func create(t *testing.T, client *rpc.Client, id string) {
	t.Helper()
	r, err := client.Create(t.Context(), session.CreateOptions{SessionID: id, Agent: "mock"})
	if err != nil || !r.Healthy || r.SessionID != id || r.NativeSessionID != "mock-"+id {
		t.Fatalf("create: %+v, %v", r, err)
	}
}

func subscribe(t *testing.T, client *rpc.Client, id string, offset uint64, raw bool) *rpc.Subscription {
	t.Helper()
	sub, err := client.Subscribe(t.Context(), id, offset, raw)
	if err != nil {
		t.Fatal(err)
	}
	return sub
}

func send(t *testing.T, client *rpc.Client, id, text string) session.SendResult {
	t.Helper()
	r, err := client.Send(t.Context(), id, session.MessageOptions{Message: text})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestWholeSession walks a session from its creation to its end.
func TestWholeSession(t *testing.T) {
	ctx := t.Context()
	client := newClient(t)
	create(t, client, "s1")
	sub := subscribe(t, client, "s1", 0, false)
	send(t, client, "s1", "gate ls")
	events := follow(t, sub, func(ev *universal.Event) bool { return ev.Type == universal.TypePermissionRequested })
	info, err := client.Get(ctx, "s1")
	if err != nil || info.Status != session.Waiting || len(info.PendingPermissions) != 1 {
		t.Errorf("while it waits: %+v, %v", info, err)
	}
	reply := rpc.PermissionReplyParams{SessionID: "s1", PermissionID: info.PendingPermissions[0].PermissionID, Reply: drivers.Once}
	if err := client.Call(ctx, "permissions/reply", reply, nil); err != nil {
		t.Fatal(err)
	}
	events = append(events, follow(t, sub, turnEnded)...)
	if err := client.Terminate(ctx, "s1"); err != nil {
		t.Fatal(err)
	}
	events = append(events, follow(t, sub, func(ev *universal.Event) bool { return ev.Type == universal.TypeSessionEnded })...)
	for _, v := range universal.CheckStream(events) {
		t.Error(v)
	}
	if err := client.Call(ctx, "sessions/delete", rpc.SessionParams{SessionID: "s1"}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := sub.Next(ctx); !errors.Is(err, rpc.ErrStreamEnded) {
		t.Errorf("after delete the stream says %v", err)
	}
	if err := client.Terminate(ctx, "s1"); universal.KindOf(err) != universal.KindSessionNotFound {
		t.Errorf("terminate after delete: %v", err)
	}
}

// TestPipelining sends requests without waiting for any answer: those about
// one session are carried out in their order.
func TestPipelining(t *testing.T) {
	near, far := net.Pipe()
	serve(t, far)
	t.Cleanup(func() { near.Close() })
	const sends = 50
	lines := []string{`{"id":"c","method":"sessions/create","params":{"sessionId":"s","agent":"mock"}}`}
	for i := range sends {
		lines = append(lines, fmt.Sprintf(`{"id":%d,"method":"sessions/sendMessage","params":{"sessionId":"s","message":"echo %d"}}`, i, i))
	}
	go func() { // ends with the connection
		for _, l := range lines {
			if _, err := io.WriteString(near, l+"\n"); err != nil {
				return
			}
		}
	}()
	answers := json.NewDecoder(near)
	for range lines {
		var a struct {
			ID     any
			Result struct{ TurnID string }
			Error  *rpc.Problem
		}
		if err := answers.Decode(&a); err != nil {
			t.Fatal(err)
		}
		if i, ok := a.ID.(float64); ok && a.Result.TurnID != fmt.Sprintf("turn_%d", int(i)+1) || a.Error != nil {
			t.Errorf("request %v became %q, %v", a.ID, a.Result.TurnID, a.Error)
		}
	}
}

// TestSlowReaderGetsEverything reads nothing until far more has happened than
// a subscription keeps.
func TestSlowReaderGetsEverything(t *testing.T) {
	client := newClient(t)
	create(t, client, "s1")
	slow := subscribe(t, client, "s1", 0, false)
	quick := subscribe(t, client, "s1", 0, false)
	send(t, client, "s1", "flood 10000 20")
	n := len(follow(t, quick, turnEnded))
	events := follow(t, slow, turnEnded)
	if len(events) != n || n < 10000 {
		t.Errorf("the quick reader got %d events, the slow one %d", n, len(events))
	}
	for _, v := range universal.CheckStream(events) {
		t.Fatal(v)
	}
	if err := slow.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestSubscribeFromOffset(t *testing.T) {
	client := newClient(t)
	create(t, client, "s1")
	send(t, client, "s1", "echo one")
	all := follow(t, subscribe(t, client, "s1", 0, false), turnEnded)
	for offset := range all {
		rest := follow(t, subscribe(t, client, "s1", uint64(offset), false), turnEnded)
		if len(rest) != len(all)-offset || rest[0].Sequence != uint64(offset)+1 {
			t.Errorf("from %d: %d events, the first is %d", offset, len(rest), rest[0].Sequence)
		}
	}
}

func TestRawOnlyWhenAsked(t *testing.T) {
	client := newClient(t)
	create(t, client, "s1")
	send(t, client, "s1", "flood 3 10 raw")
	for _, want := range []bool{true, false} {
		seen := false
		for _, ev := range follow(t, subscribe(t, client, "s1", 0, want), turnEnded) {
			seen = seen || ev.Raw != nil
		}
		if seen != want {
			t.Errorf("includeRaw %v: raw is there: %v", want, seen)
		}
	}
}

func TestInitialize(t *testing.T) {
	var r rpc.InitializeResult
	if err := newClient(t).Call(t.Context(), "initialize", rpc.InitializeParams{ProtocolVersion: "1"}, &r); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range rpc.Table() {
		names = append(names, m.Name)
	}
	want := rpc.InitializeResult{
		ProtocolVersion: "1", ServerInfo: rpc.ProgramInfo{Name: "sandbox-agent", Version: "test"},
		Methods: names, Limits: rpc.Limits{MaxMessageBytes: 64 << 20}, Agents: []string{"mock"},
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAgents(t *testing.T) {
	client := newClient(t)
	var agents rpc.AgentsResult
	if err := client.Call(t.Context(), "agents/list", nil, &agents); err != nil || len(agents.Agents) != 1 || !agents.Agents[0].Installed || !agents.Agents[0].CredentialsAvailable {
		t.Errorf("agents: %+v, %v", agents, err)
	}
	var modes rpc.ModesResult
	if err := client.Call(t.Context(), "agents/modes", rpc.AgentParams{Agent: "mock"}, &modes); err != nil || len(modes.Modes) != 2 {
		t.Errorf("modes: %+v, %v", modes, err)
	}
	var models drivers.Models
	if err := client.Call(t.Context(), "agents/models", rpc.AgentParams{Agent: "mock"}, &models); err != nil || models.DefaultModel != "mock" {
		t.Errorf("models: %+v, %v", models, err)
	}
	if err := client.Call(t.Context(), "agents/install", rpc.InstallParams{Agent: "mock"}, nil); err != nil {
		t.Errorf("install what is built in: %v", err)
	}
	for _, method := range []string{"agents/install", "agents/modes", "agents/models"} {
		if err := client.Call(t.Context(), method, rpc.AgentParams{Agent: "nope"}, nil); universal.KindOf(err) != universal.KindUnsupportedAgent {
			t.Errorf("%s of an unknown agent: %v", method, err)
		}
	}
}

// TestErrorTable holds the codes and statuses that clients know.
func TestErrorTable(t *testing.T) {
	seen := map[universal.ErrorKind]bool{}
	for _, row := range rpc.Errors() {
		if seen[row.Kind] {
			t.Errorf("%s is there twice", row.Kind)
		}
		seen[row.Kind] = true
		if row.Code >= -32002 && row.Code <= -32000 {
			t.Errorf("%s has code %d, which other protocols use", row.Kind, row.Code)
		}
		if row.Title == "" || row.Status == 0 && row.Kind != universal.KindRequestCancelled {
			t.Errorf("%s lacks a title or a status: %+v", row.Kind, row)
		}
		problem, _ := rpc.ProblemOf(universal.Errorf(row.Kind, "detail"))
		if problem.Kind() != row.Kind || problem.Detail != "detail" || problem.Status != row.Status {
			t.Errorf("%s is described as %+v", row.Kind, problem)
		}
	}
	for kind, code := range map[universal.ErrorKind]int64{
		universal.KindInvalidRequest: -32602, universal.KindParseError: -32700, universal.KindNotFound: -32601,
		universal.KindUnsupportedAgent: -32003, universal.KindSessionNotFound: -32006, universal.KindSessionEnded: -32009,
		universal.KindNotSupported: -32016, universal.KindRequestCancelled: -32800, universal.KindInternal: -32603,
	} {
		if got := rpc.LookupError(kind).Code; got != code {
			t.Errorf("%s has code %d, want %d", kind, got, code)
		}
	}
	if got := rpc.LookupError("new").Kind; got != universal.KindInternal {
		t.Errorf("an unknown kind is %s", got)
	}
}

// A client that goes before it is told its subscription leaves nothing of it.
func TestSubscriberThatIsGone(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Run("", func(t *testing.T) {
		near, far := net.Pipe()
		serve(t, far)
		requests := `{"id":1,"method":"sessions/create","params":{"sessionId":"s","agent":"mock"}}` + "\n" +
			`{"id":2,"method":"sessions/subscribe","params":{"sessionId":"s"}}` + "\n"
		if _, err := io.WriteString(near, requests); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReaderSize(near, 16).ReadSlice(':'); err != nil { // some of the first answer
			t.Fatal(err)
		}
		near.Close()
	})
	goleak.VerifyNone(t, before)
}
