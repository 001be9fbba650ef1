package codex

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/oneline"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/program"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/drivers/shared"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// server is a running app-server, which several sessions share. One goroutine
// reads its lines and hands each to the session whose thread it belongs to; it
// is the only one that calls the sessions' sinks, but for their Exit.
type server struct {
	log       *slog.Logger
	trace     func(dir string, line []byte)
	transport Transport

	gone    chan struct{}  // closed when the process and all it started is gone
	done    chan struct{}  // closed when the reader has ended
	writing chan struct{}  // holds a token while a line is written
	writes  sync.WaitGroup // lines that are written, and refusals on their way
	refuses chan struct{}  // holds a token for each refusal on its way

	mu       sync.Mutex // guards what follows; taken before that of a session; never held across I/O
	calls    map[int64]*call
	lastCall int64
	threads  map[string]*session // by thread id, those of sub-agents included
	strays   strays
	warnings []string // about the user's configuration
	ended    bool     // the reader has seen the end
}

// call is one of our requests that waits for its answer.
type call struct {
	answer chan message // it has room for the one answer
	// starts is the session whose thread the answer tells, nil for others: its
	// lines may follow at once.
	starts *session
}

// errServerGone tells that the app-server ended before it answered.
var errServerGone = errors.New("the agent ended before it answered")

// errUnread is an errServerGone of a request that the app-server did not get.
var errUnread = fmt.Errorf("%w: %w", errServerGone, drivers.ErrNotTaken)

// startServer starts an app-server and shakes hands with it.
func (d *Driver) startServer(ctx context.Context, spec process.Spec, key string) (*server, error) {
	transport, err := d.opts.Launch(ctx, spec)
	if err != nil {
		return nil, program.NotStarted(ctx, agentID, err)
	}
	srv := &server{
		log:       d.opts.Logger,
		trace:     d.opts.Trace,
		transport: transport,
		gone:      make(chan struct{}),
		done:      make(chan struct{}),
		writing:   make(chan struct{}, 1),
		refuses:   make(chan struct{}, maxRefusals),
		calls:     map[int64]*call{},
		threads:   map[string]*session{},
	}
	go srv.read() // ends with the agent; srv.done tells
	if err := srv.shakeHands(ctx, key); err != nil {
		_ = srv.Stop(context.WithoutCancel(ctx))
		return nil, srv.startFailure(ctx, err)
	}
	return srv, nil
}

// clientInfo is how the app-server is told who speaks. The name becomes a part
// of its user agent.
type clientInfo struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Version string `json:"version"`
}

type initializeParams struct {
	ClientInfo   clientInfo `json:"clientInfo"`
	Capabilities struct {
		// ExperimentalAPI allows plan mode, changes of settings, and the end of
		// commands.
		ExperimentalAPI bool `json:"experimentalApi"`
	} `json:"capabilities"`
}

func (srv *server) shakeHands(ctx context.Context, key string) error {
	hello := initializeParams{ClientInfo: clientInfo{Name: "sandbox-agent", Title: "Sandbox Agent", Version: "1"}}
	hello.Capabilities.ExperimentalAPI = true
	if _, err := srv.call(ctx, "initialize", hello, nil); err != nil {
		return err
	}
	if err := srv.notify(ctx, "initialized"); err != nil {
		return err
	}
	if key == "" {
		return nil
	}
	return srv.logIn(ctx, key)
}

// startFailure is why the agent, started, did not become ready.
func (srv *server) startFailure(ctx context.Context, err error) error {
	var no *rpcError
	switch {
	case ctx.Err() != nil:
		return universal.Timeout("codex was not ready in time").Because(err)
	case errors.As(err, &no):
		return startRefused(no)
	case errors.Is(err, errServerGone):
		return srv.goneError(err)
	}
	return fmt.Errorf("start codex: %w", err)
}

// goneError is the error of whatever needs an app-server that has ended.
func (srv *server) goneError(cause error) error {
	exit := srv.transport.Exit()
	e := universal.AgentProcessExited(agentID, exit.Code, exit.Stderr.Head).Because(cause)
	if text := oneline.Text(exit.Stderr.Head); text != "" {
		e.Detail += ": " + text
	}
	return e
}

// Done implements shared.Server.
func (srv *server) Done() <-chan struct{} { return srv.gone }

// Stop implements shared.Server. The end of its input is the app-server's own
// way to end.
func (srv *server) Stop(ctx context.Context) error {
	return shared.Stop(ctx, agentID, srv.transport.Stop, srv.done)
}

// read is the life of the server: it ends when the agent has.
func (srv *server) read() {
	defer close(srv.done)
	var b batch
	err := process.Batches{
		Line:    func(line []byte) { srv.take(&b, line) },
		TooLong: func(err error) { srv.tellAll(&b, unparsed("line", err, nil)) },
		Flush:   func() { srv.flush(&b) },
	}.Read(srv.transport)
	srv.end(err)
}

// batch is what a few lines gave.
type batch struct {
	sessions []*session // those that have something to hand on
}

// take deals with one line.
func (srv *server) take(b *batch, line []byte) {
	if srv.trace != nil {
		srv.trace(program.TraceOut, line)
	}
	m, err := decodeMessage(line)
	switch {
	case err != nil:
		kept := universal.AppendString(nil, string(line[:min(len(line), maxKept)]))
		srv.tellAll(b, unparsed("line", fmt.Errorf("decode: %w", err), kept))
	case m.isAnswer():
		srv.takeAnswer(b, m, line)
	default:
		srv.route(b, &m, line)
	}
}

// maxKept is how much is kept of a line that is no JSON, in bytes.
const maxKept = 64 << 10

// takeAnswer finds who waits for an answer. A thread that it starts is known
// from here on.
func (srv *server) takeAnswer(b *batch, m message, line []byte) {
	id, err := strconv.ParseInt(string(m.id), 10, 64)
	srv.mu.Lock()
	c := srv.calls[id]
	delete(srv.calls, id)
	srv.mu.Unlock()
	if err != nil || c == nil {
		// Nobody waits any more, or nobody ever did.
		srv.log.Debug("an answer that nobody waits for", "agent", agentID, "id", string(m.id))
		if err != nil {
			srv.tellAll(b, unparsed("answer", errors.New("answer to a request that was not made"), line))
		}
		return
	}
	m.result = append(json.RawMessage(nil), m.result...) // the line is not kept
	if c.starts != nil && m.err == nil {
		srv.startThread(b, c.starts, m.result)
	}
	// What was told before an answer is told before whoever waits for it goes on,
	// and what comes after it is told after.
	srv.flush(b)
	c.answer <- m
}

// startThread ties a session to the thread that an answer tells.
func (srv *server) startThread(b *batch, s *session, result []byte) {
	var started struct {
		Thread struct {
			ID string `json:"id"`
		} `json:"thread"`
	}
	if err := json.Unmarshal(result, &started); err != nil || started.Thread.ID == "" {
		return // whoever waits for the answer finds it
	}
	srv.claim(b, s, started.Thread.ID)
}

// claim gives a thread to a session, with the lines that came too early.
func (srv *server) claim(b *batch, s *session, thread string) {
	srv.mu.Lock()
	early := srv.strays.take(thread)
	if srv.threads[thread] == nil && !s.leaving {
		srv.threads[thread] = s
	}
	srv.mu.Unlock()
	for _, line := range early {
		if m, err := decodeMessage(line); err == nil {
			srv.route(b, &m, line)
		}
	}
}

// route hands a line to its session; one that belongs to no thread goes to all
// that it concerns.
func (srv *server) route(b *batch, m *message, line []byte) {
	if m.thread == "" {
		srv.routeCommon(b, m, line)
		return
	}
	srv.mu.Lock()
	s := srv.threads[m.thread]
	if s == nil {
		if dropped := srv.strays.add(m.thread, line); dropped > 0 {
			srv.log.Debug("lines of an unknown thread were dropped", "agent", agentID, "thread", m.thread, "lines", dropped)
		}
	}
	srv.mu.Unlock()
	if s != nil {
		srv.convert(b, s, m, line)
	}
}

// routeCommon deals with a line that belongs to no thread.
func (srv *server) routeCommon(b *batch, m *message, line []byte) {
	switch {
	case m.isRequest():
		srv.refuse(m.id, m.method)
	case m.method == "account/rateLimits/updated":
		// It follows every answer of the model, without saying in whose turn.
		for _, s := range srv.sessions() {
			if s.isActive() {
				srv.convert(b, s, m, line)
			}
		}
	case m.method == "configWarning":
		srv.configWarning(b, m.params)
	case isDropped(m.method):
	default:
		for _, s := range srv.sessions() {
			srv.convert(b, s, m, line)
		}
	}
}

// maxConfigWarnings bounds the warnings that are kept for sessions to come.
const maxConfigWarnings = 16

// configWarning tells every session, also those to come, of a file of the user's
// configuration that can't be used: Codex goes on without. What else it has to say
// about its configuration is about the machine, and logged.
func (srv *server) configWarning(b *batch, params []byte) {
	var l struct {
		Summary string `json:"summary"`
		Details string `json:"details"`
		Path    string `json:"path"`
	}
	if err := json.Unmarshal(params, &l); err != nil || l.Path == "" {
		srv.log.Info("codex says about its configuration", "warning", string(params))
		return
	}
	text := strings.TrimSpace(l.Summary + " " + l.Details)
	srv.log.Info("codex can't use a file of its configuration", "warning", text)
	srv.mu.Lock()
	if len(srv.warnings) < maxConfigWarnings {
		srv.warnings = append(srv.warnings, text)
	}
	srv.mu.Unlock()
	for _, s := range srv.sessions() {
		s.warn(text)
		b.add(s)
	}
}

// convert turns a line into events of a session, which flush hands on.
func (srv *server) convert(b *batch, s *session, m *message, line []byte) {
	found := s.convert(m, line)
	b.add(s)
	if found.began {
		s.takeCheckpoint()
	}
	for _, id := range found.refuse {
		srv.refuse(id, m.method)
	}
	for _, thread := range found.threads {
		srv.claim(b, s, thread)
	}
}

func (b *batch) add(s *session) {
	if !s.waiting {
		s.waiting = true // read and written by the reader only
		b.sessions = append(b.sessions, s)
	}
}

// tellAll gives every session an event that concerns all or nobody knows whom.
func (srv *server) tellAll(b *batch, ev universal.Event) {
	all := srv.sessions()
	if len(all) == 0 {
		srv.log.Warn("a line of the agent was not understood", "agent", agentID, "line", string(ev.Raw))
	}
	for _, s := range all {
		data := *ev.Data.(*universal.UnparsedData)
		s.append(universal.Event{Type: ev.Type, Data: &data, Raw: ev.Raw})
		b.add(s)
	}
}

func unparsed(location string, err error, raw []byte) universal.Event {
	return universal.Event{Type: universal.TypeUnparsed, Raw: raw, Data: &universal.UnparsedData{
		Error: err.Error(), Location: agentID + ": " + location,
	}}
}

// sessions lists the sessions, each once, in the order in which they came.
func (srv *server) sessions() []*session {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	return srv.sessionsLocked()
}

// flush hands on what was converted.
func (srv *server) flush(b *batch) {
	for _, s := range b.sessions {
		s.waiting = false
		s.flush()
	}
	clear(b.sessions)
	b.sessions = b.sessions[:0]
}

// end clears up after the agent and tells every session how it ended.
func (srv *server) end(readErr error) {
	srv.mu.Lock()
	srv.ended = true
	calls := srv.calls
	srv.calls = nil
	sessions := srv.sessionsLocked()
	srv.threads = nil
	srv.strays = strays{}
	srv.mu.Unlock()
	// An agent whose output has ended is of no use, even if it lives.
	if err := srv.transport.Stop(context.Background(), nil); err != nil {
		srv.log.Warn("the agent left processes behind", "agent", agentID, "error", err)
	}
	<-srv.transport.Done()
	for _, c := range calls {
		close(c.answer)
	}
	srv.writes.Wait()
	close(srv.gone)
	exit := program.Exit(srv.transport.Exit())
	if readErr != nil && !errors.Is(readErr, io.EOF) {
		exit.Err = errors.Join(exit.Err, fmt.Errorf("read from the agent: %w", readErr))
	}
	for _, s := range sessions {
		s.exit(exit)
	}
}
