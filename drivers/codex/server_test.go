package codex

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/drivertest"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// scripted is an app-server that answers as a test wants and prints what it is
// told to.
type scripted struct {
	answer func(method string, params []byte) (result string, ok bool)

	mu      sync.Mutex
	wrote   []string      // methods, and answers as they are
	changed chan struct{} // closed when something is written
	threads int
	killed  []string
	deaf    bool // it reads no more, and its end was not seen

	lines chan []byte
	once  sync.Once
	ended chan struct{}
}

func newScripted() *scripted {
	s := &scripted{changed: make(chan struct{}), lines: make(chan []byte, 1024), ended: make(chan struct{})}
	s.answer = s.usual
	return s
}

// usual starts threads and agrees with everything.
func (s *scripted) usual(method string, params []byte) (string, bool) {
	switch method {
	case "thread/start":
		s.threads++
		return fmt.Sprintf(`{"thread":{"id":"thread-%d"},"cwd":"/project","model":"m"}`, s.threads), true
	case "thread/resume":
		m, _ := decodeMessage(fmt.Appendf(nil, `{"method":"x","params":%s}`, params))
		return fmt.Sprintf(`{"thread":{"id":%q},"model":"m"}`, m.thread), true
	case "turn/start":
		return `{"turn":{"id":"t1"}}`, true
	case "thread/unsubscribe":
		m, _ := decodeMessage(fmt.Appendf(nil, `{"method":"x","params":%s}`, params))
		s.print(fmt.Sprintf(`{"method":"thread/closed","params":{"threadId":%q}}`, m.thread))
	}
	return `{}`, true
}

func (s *scripted) print(line string) { s.lines <- []byte(line) }

func (s *scripted) Write(line []byte) error {
	select {
	case <-s.ended:
		return process.ErrExited
	default:
	}
	m, err := decodeMessage(line)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deaf {
		return process.ErrInputClosed
	}
	defer func() {
		close(s.changed)
		s.changed = make(chan struct{})
	}()
	if m.method == "" {
		s.wrote = append(s.wrote, string(bytes.TrimSpace(line)))
		return nil
	}
	s.wrote = append(s.wrote, m.method)
	if m.id == nil {
		return nil
	}
	if result, ok := s.answer(m.method, m.params); ok {
		s.print(fmt.Sprintf(`{"id":%s,%s}`, m.id, asMember(result)))
	}
	return nil
}

func asMember(result string) string {
	if strings.HasPrefix(result, `"error"`) {
		return result
	}
	return `"result":` + result
}

func (s *scripted) ReadLine() ([]byte, bool, error) {
	select {
	case line := <-s.lines:
		return line, len(s.lines) > 0, nil
	case <-s.ended:
		return nil, false, io.EOF
	}
}

func (s *scripted) Checkpoint() process.Checkpoint { return process.Checkpoint{} }

func (s *scripted) KillMarked(_ context.Context, variable string, _ process.Checkpoint) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.killed = append(s.killed, variable)
	return 0, nil
}

func (s *scripted) die() { s.once.Do(func() { close(s.ended) }) }

func (s *scripted) Stop(context.Context, func(context.Context) error) error { s.die(); return nil }
func (s *scripted) Done() <-chan struct{}                                   { return s.ended }
func (s *scripted) Exit() process.Exit {
	return process.Exit{Signal: "killed", Stderr: process.Stderr{Head: "it broke"}}
}

func (s *scripted) written(what string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.wrote, func(w string) bool { return strings.Contains(w, what) })
}

// await waits until something was written.
func (s *scripted) await(ctx context.Context, what string) {
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if s.written(what) {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// stage is a driver whose app-servers are scripted.
type stage struct {
	*testing.T
	driver *Driver

	mu      sync.Mutex
	servers []*scripted
}

func newStage(t *testing.T, prepare func(*scripted)) *stage {
	st := &stage{T: t}
	ids := 0
	st.driver = New(Options{
		Locate:  func() (string, error) { return "/bin/codex", nil },
		Environ: func() []string { return nil },
		Getenv:  func(string) string { return "" },
		NewID:   func() string { ids++; return fmt.Sprintf("key%d", ids) },
		Launch: func(context.Context, process.Spec) (Transport, error) {
			s := newScripted()
			if prepare != nil {
				prepare(s)
			}
			st.mu.Lock()
			defer st.mu.Unlock()
			st.servers = append(st.servers, s)
			return s, nil
		},
	})
	return st
}

func (st *stage) server(n int) *scripted {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.servers[n]
}

func (st *stage) start(cfg drivers.Config) (drivers.Session, *drivertest.Recorder) {
	st.Helper()
	rec := drivertest.NewRecorder(0)
	cfg.Directory = st.TempDir()
	s, err := st.driver.start(st.Context(), &cfg, rec)
	if err != nil {
		st.Fatal(err)
	}
	return s, rec
}

// Sessions with the same environment share a server, and each hears of its own
// thread only.
func TestRouting(t *testing.T) {
	st := newStage(t, nil)
	one, oneRec := st.start(drivers.Config{})
	two, twoRec := st.start(drivers.Config{})
	other, _ := st.start(drivers.Config{Env: map[string]string{"A": "b"}})
	if len(st.servers) != 2 {
		t.Fatalf("there are %d servers, want 2", len(st.servers))
	}
	srv := st.server(0)
	srv.print(`{"method":"warning","params":{"threadId":"thread-2","message":"for two"}}`)
	srv.print(`{"method":"warning","params":{"threadId":"thread-1","message":"for one"}}`)
	srv.print(`{"method":"news","params":{"about":"all"}}`)
	srv.print(`not JSON`)
	for _, tt := range []struct {
		rec  *drivertest.Recorder
		want string
	}{{oneRec, "for one"}, {twoRec, "for two"}} {
		_, next := tt.rec.AwaitType(t, 0, universal.TypeUnparsed)
		tt.rec.AwaitType(t, next, universal.TypeUnparsed)
		var told []string
		for _, ev := range tt.rec.Events(0) {
			if d, ok := ev.Data.(*universal.ItemData); ok {
				told = append(told, string(d.Item.Content[0].(*universal.StatusPart).Detail))
			}
			if ev.Type == universal.TypeUnparsed && !json.Valid(ev.Raw) {
				t.Errorf("the raw of agent.unparsed is %q", ev.Raw)
			}
		}
		if len(told) != 1 || told[0] != tt.want {
			t.Errorf("the session was told %q, want %q", told, tt.want)
		}
	}
	for _, s := range []drivers.Session{one, two, other} {
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if !srv.written("thread/unsubscribe") || !slices.Contains(srv.killed, sessionVariable+"=key1") {
		t.Errorf("the end of a session did %v and killed %v", srv.wrote, srv.killed)
	}
}

// What a sub-agent says before its parent has named it isn't lost.
func TestEarlyLines(t *testing.T) {
	st := newStage(t, nil)
	s, rec := st.start(drivers.Config{})
	srv := st.server(0)
	if err := s.Send(t.Context(), drivers.Message{Text: "go"}); err != nil {
		t.Fatal(err)
	}
	srv.print(`{"method":"turn/started","params":{"threadId":"thread-1","turn":{"id":"t1"}}}`)
	srv.print(`{"method":"turn/started","params":{"threadId":"child","turn":{"id":"c1"}}}`)
	srv.print(`{"method":"item/completed","params":{"threadId":"child","turnId":"c1","item":{"type":"agentMessage","id":"m","text":"early"}}}`)
	srv.print(`{"id":0,"method":"item/commandExecution/requestApproval","params":{"threadId":"child","turnId":"c1","itemId":"x","command":"ls"}}`)
	srv.print(`{"method":"item/completed","params":{"threadId":"thread-1","turnId":"t1","item":{"type":"collabAgentToolCall","id":"spawn","tool":"spawnAgent","status":"completed","receiverThreadIds":["child"],"prompt":"help"}}}`)
	ev, _ := rec.AwaitType(t, 0, universal.TypePermissionRequested)
	early := slices.ContainsFunc(rec.Events(0), func(ev universal.Event) bool {
		d, ok := ev.Data.(*universal.ItemData)
		return ok && d.Item.ParentID == "t1/spawn" && d.Item.Text() == "early"
	})
	if !early {
		t.Errorf("the sub-agent's text is not there:\n%s", drivertest.Skeleton(rec.Events(0)))
	}
	reply := drivers.PermissionReply{Decision: drivers.Reject, Message: "No."}
	if err := s.ReplyPermission(t.Context(), ev.Data.(*universal.PermissionData).PermissionID, reply); err != nil {
		t.Error(err)
	}
	if !srv.written(`{"id":0,"result":{"decision":"decline"}}`) || !srv.written("turn/steer") {
		t.Errorf("the answer is %v", srv.wrote)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// Requests that nobody can answer are refused, of no thread, too.
func TestRefusals(t *testing.T) {
	st := newStage(t, nil)
	s, rec := st.start(drivers.Config{})
	srv := st.server(0)
	srv.print(`{"id":7,"method":"attestation/generate","params":{}}`)
	srv.print(`{"id":"eight","method":"ask/fromTheFuture","params":{"threadId":"thread-1"}}`)
	rec.AwaitType(t, 0, universal.TypeUnparsed)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for _, id := range []string{`{"id":7,"error":{"code":-32601`, `{"id":"eight","error":{"code":-32601`} {
		srv.await(ctx, id)
		if !srv.written(id) {
			t.Errorf("there is no %s in %v", id, srv.wrote)
		}
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// When the server dies, every session is told, and what waits fails.
func TestServerDies(t *testing.T) {
	st := newStage(t, func(s *scripted) {
		s.answer = func(method string, params []byte) (string, bool) {
			if method == "turn/start" {
				return "", false // for ever
			}
			return s.usual(method, params)
		}
	})
	one, oneRec := st.start(drivers.Config{})
	two, twoRec := st.start(drivers.Config{})
	sent := make(chan error, 1)
	go func() { sent <- one.Send(t.Context(), drivers.Message{Text: "go"}) }()
	srv := st.server(0)
	srv.await(t.Context(), "turn/start")
	srv.die()
	if err := <-sent; universal.KindOf(err) != universal.KindAgentProcessExited || errors.Is(err, drivers.ErrNotTaken) {
		t.Errorf("the message that waits gives %v", err)
	}
	for _, rec := range []*drivertest.Recorder{oneRec, twoRec} {
		exit := rec.AwaitExit(t)
		if exit.Signal != "killed" || exit.Stderr.Head != "it broke" {
			t.Errorf("a session was told %+v", exit)
		}
	}
	if err := two.Send(t.Context(), drivers.Message{Text: "go"}); universal.KindOf(err) != universal.KindAgentProcessExited || !errors.Is(err, drivers.ErrNotTaken) {
		t.Errorf("a message after it gives %v", err)
	}
	again, _ := st.start(drivers.Config{Resume: "thread-1"})
	if again.NativeID() != "thread-1" || len(st.servers) != 2 {
		t.Errorf("the conversation is %q on server %d", again.NativeID(), len(st.servers))
	}
	for _, s := range []drivers.Session{one, two, again} {
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// A message that finds the server dead, before anybody has seen that, is known
// to be with nobody.
func TestServerDiedUnseen(t *testing.T) {
	st := newStage(t, nil)
	s, rec := st.start(drivers.Config{})
	srv := st.server(0)
	srv.mu.Lock()
	srv.deaf = true
	srv.mu.Unlock()
	if err := s.Send(t.Context(), drivers.Message{Text: "go"}); universal.KindOf(err) != universal.KindAgentProcessExited || !errors.Is(err, drivers.ErrNotTaken) {
		t.Errorf("the message gives %v", err)
	}
	srv.die()
	rec.AwaitExit(t)
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// A start that fails leaves nothing running, and says why.
func TestStartFailures(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer func(s *scripted, method string) (string, bool)
		resume string
		kind   universal.ErrorKind
		text   string
	}{
		{"no handshake", func(s *scripted, method string) (string, bool) { s.die(); return "", false }, "", universal.KindAgentProcessExited, "it broke"},
		{"handshake refused", func(s *scripted, method string) (string, bool) { return `"error":{"code":1,"message":"too new"}`, true }, "", universal.KindInternal, "too new"},
		{"thread refused", func(s *scripted, method string) (string, bool) {
			if method == "thread/start" {
				return `"error":{"code":1,"message":"bad provider"}`, true
			}
			return s.usual(method, nil)
		}, "", universal.KindInternal, "bad provider"},
		{"no such conversation", func(s *scripted, method string) (string, bool) {
			if method == "thread/resume" {
				return `"error":{"code":1,"message":"no rollout found for thread id x"}`, true
			}
			return s.usual(method, nil)
		}, "x", universal.KindInvalidRequest, "no such conversation"},
		{"conversation in use", func(s *scripted, method string) (string, bool) {
			if method == "thread/resume" {
				return `"error":{"code":1,"message":"thread x already has an active writer"}`, true
			}
			return s.usual(method, nil)
		}, "x", universal.KindInvalidRequest, "another program"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			st := newStage(t, func(s *scripted) {
				s.answer = func(method string, _ []byte) (string, bool) { return tt.answer(s, method) }
			})
			rec := drivertest.NewRecorder(0)
			_, err := st.driver.start(t.Context(), &drivers.Config{Directory: t.TempDir(), Resume: tt.resume}, rec)
			if universal.KindOf(err) != tt.kind || !strings.Contains(fmt.Sprint(err), tt.text) {
				t.Errorf("the error is %v of kind %s, want %s with %q", err, universal.KindOf(err), tt.kind, tt.text)
			}
			select {
			case <-st.server(0).ended:
			default:
				t.Error("the server runs on")
			}
			if n := len(rec.Exits()); n != 0 {
				t.Errorf("the sink was told %d ends", n)
			}
		})
	}
}

// A call whose context ends gives up, and the answer that comes later does no
// harm.
func TestLateAnswer(t *testing.T) {
	var held []byte
	st := newStage(t, nil)
	s, rec := st.start(drivers.Config{})
	srv := st.server(0)
	srv.mu.Lock()
	srv.answer = func(method string, params []byte) (string, bool) {
		if method == "thread/name/set" {
			held = []byte(method)
			return "", false
		}
		return srv.usual(method, params)
	}
	srv.mu.Unlock()
	ctx, cancel := context.WithCancelCause(t.Context())
	gaveUp := errors.New("gave up")
	go func() {
		srv.await(t.Context(), "thread/name/set")
		cancel(gaveUp)
	}()
	if err := s.Update(ctx, drivers.Settings{Title: "x"}); !errors.Is(err, gaveUp) {
		t.Errorf("the update gives %v", err)
	}
	srv.print(`{"id":6,"result":{}}`)
	srv.print(`{"method":"warning","params":{"threadId":"thread-1","message":"still here"}}`)
	rec.AwaitType(t, 0, universal.TypeItemCompleted)
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if held == nil {
		t.Error("nothing was asked")
	}
}

// An interrupt right after the start of a turn, which Codex does not take the
// first two times, ends the turn nevertheless.
func TestInterruptTooEarly(t *testing.T) {
	attempts := 0
	st := newStage(t, func(s *scripted) {
		s.answer = func(method string, params []byte) (string, bool) {
			if method != "turn/interrupt" {
				return s.usual(method, params)
			}
			switch attempts++; attempts {
			case 1:
				return `"error":{"code":-32600,"message":"no active turn to interrupt"}`, true
			case 2:
				return "", false // for ever
			}
			s.print(`{"method":"turn/completed","params":{"threadId":"thread-1","turn":{"id":"t1","status":"interrupted"}}}`)
			return `{}`, true
		}
	})
	s, rec := st.start(drivers.Config{})
	if err := s.Send(t.Context(), drivers.Message{Text: "go"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Interrupt(t.Context()); err != nil {
		t.Errorf("the interrupt gives %v", err)
	}
	if _, ended := rec.AwaitTurnEnd(t, 0); ended.StopReason != universal.StopInterrupted {
		t.Errorf("the turn ended as %s", ended.StopReason)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if attempts != 3 {
		t.Errorf("Codex was asked %d times", attempts)
	}
}

// An interrupt that finds the turn at its end has nothing to complain of.
func TestInterruptTooLate(t *testing.T) {
	st := newStage(t, func(s *scripted) {
		s.answer = func(method string, params []byte) (string, bool) {
			if method != "turn/interrupt" {
				return s.usual(method, params)
			}
			s.print(`{"method":"turn/completed","params":{"threadId":"thread-1","turn":{"id":"t1","status":"completed"}}}`)
			return `"error":{"code":-32600,"message":"no active turn to interrupt"}`, true
		}
	})
	s, rec := st.start(drivers.Config{})
	if err := s.Send(t.Context(), drivers.Message{Text: "go"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Interrupt(t.Context()); err != nil {
		t.Errorf("the interrupt gives %v", err)
	}
	if _, ended := rec.AwaitTurnEnd(t, 0); ended.StopReason != universal.StopEndTurn {
		t.Errorf("the turn ended as %s", ended.StopReason)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestStrays(t *testing.T) {
	var s strays
	for i := range maxStrayThreads + 3 {
		s.add(fmt.Sprint(i), []byte("line"))
	}
	if got := len(s.order); got != maxStrayThreads {
		t.Errorf("lines of %d threads are kept", got)
	}
	if s.take("0") != nil || len(s.take("5")) != 1 || s.take("5") != nil {
		t.Error("the oldest threads are not those that went")
	}
	for range maxStrayLines + 5 {
		s.add("many", []byte("line"))
	}
	if got := len(s.take("many")); got != maxStrayLines {
		t.Errorf("%d lines of a thread are kept", got)
	}
	s.add("large", make([]byte, maxStrayBytes/2))
	s.add("larger", make([]byte, maxStrayBytes/2+1))
	if s.bytes > maxStrayBytes || len(s.take("large")) != 0 {
		t.Errorf("%d bytes are kept", s.bytes)
	}
	s.leave("gone")
	if s.add("gone", []byte("line")); len(s.take("gone")) != 0 {
		t.Error("lines of a thread are kept whose session has gone")
	}
}
