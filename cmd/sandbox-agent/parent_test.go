package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// patience is how long nothing may happen before a test gives up. No outcome
// depends on it.
const patience = 60 * time.Second

// params are those of a request.
type params map[string]any

// parent runs a bridge as its child and speaks to it in lines, so that a test
// sees the protocol as it is. Its methods are for the test's goroutine.
type parent struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *os.File
	tmp    string // the bridge's temporary files, and its stderr beside them

	mayCut bool // the last line need not have an end: nobody read it in time

	exited   chan struct{} // closed when the bridge has ended
	exitedAt time.Time
	read     chan struct{} // closed when its output has

	hold sync.Mutex // held while nothing shall be read

	mu      sync.Mutex // guards all below
	news    *sync.Cond
	ended   bool // nothing more will be read
	late    bool // patience is over
	lastID  int
	answers map[string]*message
	strays  []*message // answers that name no request
	streams map[string]*stream
	garbage []string // lines that are no message
	cut     string   // a last line without an end
}

// message is what a bridge writes.
type message struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method"`
	Result  json.RawMessage `json:"result"`
	Error   *wireError      `json:"error"`
	Params  struct {
		SubscriptionID string            `json:"subscriptionId"`
		Event          *universal.Event  `json:"event"`
		Session        *session.Info     `json:"session"`
		Reason         session.StreamEnd `json:"reason"`
	} `json:"params"`
}

type wireError struct {
	Code    int64       `json:"code"`
	Message string      `json:"message"`
	Data    rpc.Problem `json:"data"`
}

// stream is what a subscription brought.
type stream struct {
	parent     *parent
	first      uint64 // sequence of the first event
	last       uint64
	broken     []string           // what was out of order
	checker    *universal.Checker // of a stream that began with its session
	violations []string           // of the grammar
	events     []universal.Event  // all but deltas
	deltas     int                // counted only
	raws       int                // events with a raw payload
	changes    []session.Info     // of a subscription to all sessions
	end        session.StreamEnd  // why it ended
	afterEnd   int                // notifications that came later
}

// startBridge runs "stdio" with arguments and an environment on top of the
// test's own, or instead of it where the first entry of env is "-".
func startBridge(t *testing.T, args []string, env ...string) *parent {
	t.Helper()
	cmd := program(t, append([]string{"stdio"}, args...)...)
	if len(env) > 0 && env[0] == "-" {
		cmd.Env, env = []string{asProgram + "=1"}, env[1:]
	}
	dir := t.TempDir()
	tmp := filepath.Join(dir, "tmp")
	if err := os.Mkdir(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	// The race detector's report at the end takes a second unless it is told not to.
	cmd.Env = append(append(cmd.Env, env...), "TMPDIR="+tmp, "GORACE=atexit_sleep_ms=0")
	stderr, err := os.Create(filepath.Join(dir, "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe() // unlike StdoutPipe, it stays readable after Wait
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, stderr
	err = cmd.Start()
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	p := &parent{
		t: t, cmd: cmd, stdin: stdin, stdout: r, tmp: tmp,
		exited: make(chan struct{}), read: make(chan struct{}),
		answers: map[string]*message{}, streams: map[string]*stream{},
	}
	p.news = sync.NewCond(&p.mu)
	go func() { // ends with the process, which the test's context kills
		_ = cmd.Wait()
		p.exitedAt = time.Now()
		close(p.exited)
	}()
	go p.readAll() // ends with the bridge, which is the only writer
	t.Cleanup(func() {
		<-p.exited
		<-p.read
		r.Close()
	})
	return p
}

// stderr is what the bridge logged.
func (p *parent) stderr() string {
	b, _ := os.ReadFile(filepath.Join(filepath.Dir(p.tmp), "stderr"))
	return string(b)
}

func (p *parent) readAll() {
	defer close(p.read)
	in := bufio.NewReaderSize(p.stdout, 64<<10)
	for {
		line, err := in.ReadBytes('\n')
		p.hold.Lock()
		p.mu.Lock()
		switch {
		case err != nil:
			p.cut = string(line)
		default:
			p.take(line)
		}
		p.ended = err != nil
		p.news.Broadcast()
		p.mu.Unlock()
		p.hold.Unlock()
		if err != nil {
			return
		}
	}
}

// pause makes the parent read nothing, but what pipes and buffers hold, until
// resume is called.
func (p *parent) pause() (resume func()) {
	p.hold.Lock()
	resume = sync.OnceFunc(p.hold.Unlock)
	p.t.Cleanup(resume)
	return resume
}

func (p *parent) take(line []byte) {
	m := new(message)
	if err := json.Unmarshal(line, m); err != nil || m.JSONRPC != "2.0" {
		p.garbage = append(p.garbage, string(line))
		return
	}
	switch {
	case m.Method != "":
		p.stream(m.Params.SubscriptionID).take(m)
	case string(m.ID) == "null":
		p.strays = append(p.strays, m)
	case p.answers[string(m.ID)] != nil:
		p.garbage = append(p.garbage, "second answer: "+string(line))
	default:
		p.answers[string(m.ID)] = m
	}
}

func (p *parent) stream(id string) *stream {
	s := p.streams[id]
	if s == nil {
		s = &stream{parent: p}
		p.streams[id] = s
	}
	return s
}

func (s *stream) take(m *message) {
	if s.end != "" {
		s.afterEnd++
	}
	switch m.Method {
	case "session/changed":
		s.changes = append(s.changes, *m.Params.Session)
		return
	case "session/streamEnded":
		s.end = m.Params.Reason
		return
	}
	ev := m.Params.Event
	if ev == nil {
		s.broken = append(s.broken, m.Method+" without an event")
		return
	}
	switch {
	case s.first == 0:
		s.first = ev.Sequence
		if ev.Sequence == 1 {
			s.checker = new(universal.Checker)
		}
	case ev.Sequence != s.last+1:
		s.broken = append(s.broken, fmt.Sprintf("%d follows %d", ev.Sequence, s.last))
	}
	s.last = ev.Sequence
	if ev.Raw != nil {
		s.raws++
	}
	if s.checker != nil {
		for _, v := range s.checker.Check(ev) {
			s.violations = append(s.violations, v.String())
		}
	}
	if ev.Type == universal.TypeItemDelta {
		s.deltas++
		return
	}
	s.events = append(s.events, *ev)
}

// await waits until done, which is called with the lock held, tells so.
func (p *parent) await(what string, done func() bool) {
	p.t.Helper()
	timer := time.AfterFunc(patience, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.late = true
		p.news.Broadcast()
	})
	defer timer.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for !done() {
		if p.ended || p.late {
			p.t.Fatalf("waiting for %s: the output has ended: %v; stderr:\n%s", what, p.ended, p.stderr())
		}
		p.news.Wait()
		timer.Reset(patience)
	}
}

// write writes bytes to the bridge as they are.
func (p *parent) write(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p.stdin, text); err != nil {
		p.t.Fatalf("write to the bridge: %v; stderr:\n%s", err, p.stderr())
	}
}

// ask sends a request and returns its id.
func (p *parent) ask(method string, args params) string {
	p.t.Helper()
	p.lastID++
	id := fmt.Sprint(p.lastID)
	line, err := json.Marshal(struct {
		JSONRPC string `json:"jsonrpc"`
		ID      int    `json:"id"`
		Method  string `json:"method"`
		Params  params `json:"params,omitempty"`
	}{"2.0", p.lastID, method, args})
	if err != nil {
		p.t.Fatal(err)
	}
	p.write(string(line) + "\n")
	return id
}

// notify sends a notification.
func (p *parent) notify(method string, args params) {
	p.t.Helper()
	line, err := json.Marshal(struct {
		JSONRPC string `json:"jsonrpc"`
		Method  string `json:"method"`
		Params  params `json:"params,omitempty"`
	}{"2.0", method, args})
	if err != nil {
		p.t.Fatal(err)
	}
	p.write(string(line) + "\n")
}

// answer waits for the answer to a request.
func (p *parent) answer(id string) *message {
	p.t.Helper()
	var m *message
	p.await("the answer to request "+id, func() bool {
		m = p.answers[id]
		return m != nil
	})
	return m
}

// call makes a request that has to succeed and decodes its result into the
// value that result points to, unless that is nil.
func (p *parent) call(method string, args params, result any) {
	p.t.Helper()
	m := p.answer(p.ask(method, args))
	if m.Error != nil {
		p.t.Fatalf("%s: %d %+v", method, m.Error.Code, m.Error.Data)
	}
	if result == nil {
		return
	}
	if err := json.Unmarshal(m.Result, result); err != nil {
		p.t.Fatalf("%s: result %s: %v", method, m.Result, err)
	}
}

// refused makes a request that has to fail.
func (p *parent) refused(method string, args params) *wireError {
	p.t.Helper()
	m := p.answer(p.ask(method, args))
	if m.Error == nil {
		p.t.Fatalf("%s was answered %s", method, m.Result)
	}
	return m.Error
}

func (p *parent) create(id string, more params) {
	p.t.Helper()
	args := params{"sessionId": id, "agent": "mock"}
	for name, value := range more {
		args[name] = value
	}
	p.call("sessions/create", args, nil)
}

func (p *parent) send(id, text string) session.SendResult {
	p.t.Helper()
	var sent session.SendResult
	p.call("sessions/sendMessage", params{"sessionId": id, "message": text}, &sent)
	return sent
}

// subscribe follows a session from its beginning, with more params.
func (p *parent) subscribe(id string, more params) (*stream, string) {
	p.t.Helper()
	args := params{}
	if id != "" {
		args["sessionId"] = id
	}
	for name, value := range more {
		args[name] = value
	}
	var r rpc.SubscribeResult
	p.call("sessions/subscribe", args, &r)
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stream(r.SubscriptionID), r.SubscriptionID
}

func (p *parent) list() []session.Info {
	p.t.Helper()
	var page session.ListPage
	p.call("sessions/list", nil, &page)
	return page.Sessions
}

// event waits for an event.
func (s *stream) event(what string, match func(*universal.Event) bool) *universal.Event {
	s.parent.t.Helper()
	var found *universal.Event
	next := 0
	s.parent.await(what, func() bool {
		for ; next < len(s.events); next++ {
			if match(&s.events[next]) {
				found = &s.events[next]
				return true
			}
		}
		return false
	})
	return found
}

// all returns the events so far, without deltas.
func (s *stream) all() []universal.Event {
	s.parent.mu.Lock()
	defer s.parent.mu.Unlock()
	return slices.Clone(s.events)
}

// turnEnded waits for the end of a turn.
func (s *stream) turnEnded(turn string) *universal.TurnEndedData {
	s.parent.t.Helper()
	ev := s.event("the end of "+turn, func(ev *universal.Event) bool {
		return ev.Type == universal.TypeTurnEnded && string(ev.TurnID) == turn
	})
	return ev.Data.(*universal.TurnEndedData)
}

// ended waits for the end of the stream and checks all of it.
func (s *stream) ended(want session.StreamEnd) {
	s.parent.t.Helper()
	s.parent.await("the end of a stream", func() bool { return s.end != "" })
	if s.end != want {
		s.parent.t.Errorf("the stream ended with %q, want %q", s.end, want)
	}
	s.check()
}

// check tells what is wrong with the stream so far.
func (s *stream) check() {
	s.parent.t.Helper()
	s.parent.mu.Lock()
	defer s.parent.mu.Unlock()
	report := func(what string, list []string) {
		s.parent.t.Helper()
		if len(list) > 0 {
			s.parent.t.Errorf("%s: %d, such as: %s", what, len(list), strings.Join(list[:min(5, len(list))], "; "))
		}
	}
	report("events out of order", s.broken)
	report("violations of the grammar", s.violations)
	if s.afterEnd > 0 {
		s.parent.t.Errorf("%d notifications came after the end of their stream", s.afterEnd)
	}
}

// closed tells that the stream ends as that of a session which was ended in
// the middle of a turn.
func (s *stream) closed() {
	s.parent.t.Helper()
	s.ended(session.EndShutdown)
	var tail []string
	events := s.all()
	for _, ev := range events[max(0, len(events)-2):] {
		switch d := ev.Data.(type) {
		case *universal.TurnEndedData:
			tail = append(tail, "turn "+string(d.StopReason))
		case *universal.SessionEndedData:
			tail = append(tail, "session "+string(d.Reason))
		default:
			tail = append(tail, string(ev.Type))
		}
	}
	if got, want := strings.Join(tail, ", "), "turn interrupted, session terminated"; got != want {
		s.parent.t.Errorf("the stream ends with %q, want %q", got, want)
	}
}

// closeInput is the end of what the client has to say.
func (p *parent) closeInput() {
	p.t.Helper()
	if err := p.stdin.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		p.t.Fatal(err)
	}
}

// exit waits for the end of the bridge, checks that it left nothing behind,
// and tells how long that took.
func (p *parent) exit(since time.Time, code int) time.Duration {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		p.t.Fatalf("the bridge does not end; stderr:\n%s", p.stderr())
	}
	<-p.read
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		p.t.Errorf("exit code %d (%v), want %d; stderr:\n%s", got, p.cmd.ProcessState, code, p.stderr())
	}
	if len(p.garbage) > 0 {
		p.t.Errorf("stdout is not clean: %d lines, the first %q", len(p.garbage), p.garbage[0])
	}
	if p.cut != "" && !p.mayCut {
		p.t.Errorf("the last line of stdout is cut: %q", p.cut)
	}
	if code == exitOK {
		left, err := filepath.Glob(filepath.Join(p.tmp, "sandbox-agent-*"))
		if err != nil || len(left) > 0 {
			p.t.Errorf("temporary files are left: %v, %v", left, err)
		}
	}
	return p.exitedAt.Sub(since)
}

// endsClean ends the bridge by closing its input.
func (p *parent) endsClean() {
	p.t.Helper()
	start := time.Now()
	p.closeInput()
	if took := p.exit(start, exitOK); took > 3*time.Second {
		p.t.Errorf("the bridge took %v to end", took)
	}
	if p.stderr() != "" {
		p.t.Errorf("the bridge complains:\n%s", p.stderr())
	}
}

// eventually polls until done tells so, and returns how long that took.
func eventually(t *testing.T, what string, done func() bool) time.Duration {
	t.Helper()
	start := time.Now()
	for !done() {
		if time.Since(start) > patience {
			t.Fatalf("waited too long for %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(start)
}
