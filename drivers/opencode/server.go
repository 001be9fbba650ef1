package opencode

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/oneline"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/program"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/drivers/scratch"
	"github.com/sandbox-agent/sandbox-agent/drivers/shared"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// server is a running server, which several sessions share. One goroutine reads
// its lines and hands each to the session that it belongs to.
type server struct {
	log       *slog.Logger
	trace     func(dir string, line []byte)
	launch    *launch
	private   scratch.Dir // removed at the end
	transport Transport

	up   chan struct{} // closed when the event stream is connected
	gone chan struct{} // closed when the process and all it started is gone
	done chan struct{} // closed when the reader has ended

	writing chan struct{} // holds a token while a line is written

	mu       sync.Mutex // guards what follows; taken before that of a session; never held across I/O
	calls    map[int64]*call
	lastCall int64
	sessions map[string]*session // by native id, those of sub-agents included
	places   map[string]*place   // by directory
	ended    bool                // the reader has seen the end
}

// call is one of our requests that waits for its answer.
type call struct {
	answer chan answered // for somebody who waits; it has room for the one answer
	// of is the session whose converter deals with the answer, by its purpose.
	of      *session
	purpose purpose
	// starts is the session whose native id the answer tells: its events may
	// follow at once.
	starts *session
}

// errServerGone tells that the server ended before it answered.
var errServerGone = errors.New("the agent ended before it answered")

// errUnread is an errServerGone of a request that the server did not get.
var errUnread = fmt.Errorf("%w: %w", errServerGone, drivers.ErrNotTaken)

// startServer starts a server and waits until its events are told.
func (d *Driver) startServer(ctx context.Context, l *launch) (*server, error) {
	spec, private, err := l.spec()
	if err != nil {
		return nil, err
	}
	transport, err := d.opts.Launch(ctx, spec)
	if err != nil {
		_ = private.Remove()
		return nil, startError(ctx, err)
	}
	srv := &server{
		log:       d.opts.Logger,
		trace:     d.opts.Trace,
		launch:    l,
		private:   private,
		transport: transport,
		up:        make(chan struct{}),
		gone:      make(chan struct{}),
		done:      make(chan struct{}),
		writing:   make(chan struct{}, 1),
		calls:     map[int64]*call{},
		sessions:  map[string]*session{},
		places:    map[string]*place{},
	}
	go srv.read() // ends with the agent; srv.done tells
	select {
	case <-srv.up:
		return srv, nil
	case <-srv.done:
		return nil, srv.goneError(errServerGone)
	case <-ctx.Done():
		_ = srv.Stop(context.WithoutCancel(ctx))
		return nil, startError(ctx, context.Cause(ctx))
	}
}

// startError is why the program could not be started.
func startError(ctx context.Context, err error) error {
	var notReady *notReadyError
	if ctx.Err() == nil && errors.As(err, &notReady) {
		return exitError(notReady.exit, err)
	}
	return program.NotStarted(ctx, agentID, err)
}

func exitError(exit process.Exit, cause error) error {
	said := colours.ReplaceAllString(exit.Stderr.Head, "")
	if why := brokenConfiguration.FindString(said); why != "" {
		return configurationError(why, cause)
	}
	e := universal.AgentProcessExited(agentID, exit.Code, said).Because(cause)
	if text := oneline.Text(said); text != "" {
		e.Detail += ": " + text
	}
	return e
}

// colours are what OpenCode prints also where nobody sees them.
var colours = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// brokenConfiguration is what a server says of the user's own files before it
// ends.
var brokenConfiguration = regexp.MustCompile(`Config file at .+ is not valid JSON\(C\)|Configuration is invalid at .+`)

// goneError is the error of whatever needs a server that has ended.
func (srv *server) goneError(cause error) error { return exitError(srv.transport.Exit(), cause) }

// Done implements shared.Server.
func (srv *server) Done() <-chan struct{} { return srv.gone }

// BaseURL is where the server listens; "" in a recording.
func (srv *server) BaseURL() string {
	if c, ok := srv.transport.(interface{ BaseURL() string }); ok {
		return c.BaseURL()
	}
	return ""
}

// Stop implements shared.Server.
func (srv *server) Stop(ctx context.Context) error {
	return shared.Stop(ctx, agentID, srv.transport.Stop, srv.done)
}

// batch is what a few lines gave.
type batch struct {
	sessions []*session // those that have something to hand on
	answers  []toldAnswer
}

type toldAnswer struct {
	to *call
	a  answered
}

// read is the life of the server: it ends when the agent has.
func (srv *server) read() {
	defer close(srv.done)
	var b batch
	err := process.Batches{
		Line:    func(line []byte) { srv.take(&b, line) },
		TooLong: func(err error) { srv.unparsed(&b, "line", err, nil) },
		Flush:   func() { srv.flush(&b) },
	}.Read(srv.transport)
	srv.end(err)
}

// take deals with one line.
func (srv *server) take(b *batch, line []byte) {
	if srv.trace != nil {
		srv.trace(program.TraceOut, line)
	}
	in, h, err := decodeLine(line)
	switch {
	case err != nil:
		srv.unparsed(b, "line", fmt.Errorf("decode: %w", err), line)
	case h.kind != "":
		srv.route(b, h, line)
	case in.ID != nil:
		srv.takeAnswer(b, *in.ID, answered{status: in.Status, body: in.Body, err: in.Error, unsent: in.Unsent}, line)
	case in.Stream != "":
		srv.takeStream(b, in.Stream, line)
	default:
		srv.unparsed(b, "line", errors.New("unknown kind of line"), line)
	}
}

// maxKept is how much is kept of a line that is no JSON, in bytes.
const maxKept = 64 << 10

// unparsed tells every session of a line that nobody understands.
func (srv *server) unparsed(b *batch, location string, err error, line []byte) {
	raw := line
	if !json.Valid(line) {
		raw = universal.AppendString(nil, string(line[:min(len(line), maxKept)]))
	}
	all := srv.roots()
	if len(all) == 0 {
		srv.log.Warn("a line of the agent was not understood", "agent", agentID, "error", err)
	}
	for _, s := range all {
		s.convert(func(c *converter) {
			c.raw = slices.Clone(raw)
			c.unparsed(location, err)
			c.raw = nil
		})
		b.add(s)
	}
}

// route hands an event to its session, or to all where it belongs to none.
func (srv *server) route(b *batch, h head, line []byte) {
	switch {
	case h.session != "":
		if s := srv.sessionOf(&h); s != nil {
			s.convert(func(c *converter) { c.Convert(h, line) })
			b.add(s)
		}
	case isDropped(h.kind):
	default:
		for _, s := range srv.roots() {
			s.convert(func(c *converter) { c.Convert(h, line) })
			b.add(s)
		}
	}
}

// sessionOf finds the session that an event belongs to; nil if it is of nobody
// here. A new session of a sub-agent becomes known by its parent.
func (srv *server) sessionOf(h *head) *session {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if s := srv.sessions[h.session]; s != nil || h.kind != "session.created" {
		return s
	}
	var created struct {
		Info struct {
			ParentID string `json:"parentID"`
		} `json:"info"`
	}
	if json.Unmarshal(h.properties, &created) != nil {
		return nil
	}
	s := srv.sessions[created.Info.ParentID]
	if s != nil {
		srv.sessions[h.session] = s
	}
	return s
}

// claim makes a sub-agent's session known that was found otherwise.
func (srv *server) claim(s *session, id string) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.sessions[id] == nil && srv.sessions[s.native] == s {
		srv.sessions[id] = s
	}
}

// release forgets a session.
func (srv *server) release(s *session) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	maps.DeleteFunc(srv.sessions, func(_ string, other *session) bool { return other == s })
}

// takeAnswer finds who waits for an answer.
func (srv *server) takeAnswer(b *batch, id int64, a answered, line []byte) {
	srv.mu.Lock()
	c := srv.calls[id]
	delete(srv.calls, id)
	srv.mu.Unlock()
	if c == nil {
		srv.unparsed(b, "answer", errors.New("answer to a request that was not made"), line)
		return
	}
	a.body = slices.Clone(a.body) // the line is not kept
	if c.starts != nil && a.ok() {
		srv.startSession(c.starts, a.body)
	}
	if c.of != nil {
		c.of.convert(func(conv *converter) { conv.Answer(c.purpose, &a, line) })
		b.add(c.of)
	}
	switch {
	case c.answer == nil:
	case c.of != nil:
		// That a message was taken is known before what comes of it is told:
		// with the end of its turn nobody waits any more.
		c.answer <- a
	default:
		b.answers = append(b.answers, toldAnswer{c, a})
	}
}

// startSession ties a session to the native one that an answer tells, unless
// that is another session's: it would hear no more of it.
func (srv *server) startSession(s *session, body []byte) {
	var info sessionInfo
	if json.Unmarshal(body, &info) != nil || info.ID == "" {
		return // whoever waits for the answer finds it
	}
	srv.mu.Lock()
	taken := srv.sessions[info.ID] != nil
	srv.mu.Unlock()
	if taken {
		return // as above
	}
	s.begin(&info)
	srv.mu.Lock()
	srv.sessions[info.ID] = s
	srv.mu.Unlock()
}

// takeStream deals with the state of the event stream.
func (srv *server) takeStream(b *batch, state string, line []byte) {
	switch state {
	case "up":
		select {
		case <-srv.up:
		default:
			close(srv.up)
			return // nothing has happened before
		}
		for _, s := range srv.roots() {
			s.convert(func(c *converter) { c.streamUp() })
			b.add(s)
		}
	case "down":
		srv.log.Info("the agent's event stream broke", "agent", agentID) // as it also does when the server ends
		for _, s := range srv.roots() {
			s.convert(func(c *converter) { c.streamDown() })
		}
	default:
		srv.unparsed(b, "stream", fmt.Errorf("unknown state %q", state), line)
	}
}

func (b *batch) add(s *session) {
	if !slices.Contains(b.sessions, s) {
		b.sessions = append(b.sessions, s)
	}
}

// roots lists the sessions, each once, by their native ids.
func (srv *server) roots() []*session {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	return srv.rootsLocked()
}

func (srv *server) rootsLocked() []*session {
	var all []*session
	for _, id := range slices.Sorted(maps.Keys(srv.sessions)) {
		if s := srv.sessions[id]; s.native == id {
			all = append(all, s)
		}
	}
	return all
}

// flush hands on events before the answers that follow them, so that whoever
// asked for a change finds it told.
func (srv *server) flush(b *batch) {
	for _, s := range b.sessions {
		s.flush()
	}
	clear(b.sessions)
	b.sessions = b.sessions[:0]
	for _, t := range b.answers {
		t.to.answer <- t.a
	}
	clear(b.answers)
	b.answers = b.answers[:0]
}

// end clears up after the agent and tells every session how it ended.
func (srv *server) end(readErr error) {
	srv.mu.Lock()
	srv.ended = true
	calls := srv.calls
	srv.calls = nil
	sessions := srv.rootsLocked()
	srv.sessions = nil
	srv.mu.Unlock()
	// An agent whose output has ended is of no use, even if it lives.
	if err := srv.transport.Stop(context.Background(), nil); err != nil {
		srv.log.Warn("the agent left processes behind", "agent", agentID, "error", err)
	}
	<-srv.transport.Done()
	for _, c := range calls {
		if c.answer != nil {
			close(c.answer)
		}
	}
	if err := srv.private.Remove(); err != nil {
		srv.log.Warn("removing a server's temporary files failed", "agent", agentID, "error", err)
	}
	exit := program.Exit(srv.transport.Exit())
	if readErr != nil && !errors.Is(readErr, io.EOF) {
		exit.Err = errors.Join(exit.Err, fmt.Errorf("read from the agent: %w", readErr))
	}
	close(srv.gone)
	for _, s := range sessions {
		s.exit(exit)
	}
}

// send makes a request. note is called with the lock held, right before the
// line is written; what it objects to is not. Who waits for the answer waits on
// c.answer.
func (srv *server) send(ctx context.Context, r wireRequest, c *call, note func() error) error {
	select {
	case srv.writing <- struct{}{}:
	case <-srv.done:
		return srv.goneError(errUnread)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-srv.writing }()
	line, err := srv.enlist(&r, c, note)
	if err != nil {
		return err
	}
	if srv.trace != nil {
		srv.trace(program.TraceIn, line[:len(line)-1])
	}
	if err := srv.transport.Write(line); err != nil {
		srv.forget(r.ID)
		if errors.Is(err, process.ErrExited) || errors.Is(err, process.ErrInputClosed) {
			return srv.goneError(errUnread)
		}
		return err
	}
	return nil
}

// enlist gives a request its id.
func (srv *server) enlist(r *wireRequest, c *call, note func() error) ([]byte, error) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.ended {
		return nil, srv.goneError(errUnread)
	}
	r.ID = srv.lastCall + 1
	line, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode a request: %w", err)
	}
	if note != nil {
		if err := note(); err != nil {
			return nil, err
		}
	}
	srv.lastCall = r.ID
	srv.calls[r.ID] = c
	return append(line, '\n'), nil
}

func (srv *server) forget(id int64) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	delete(srv.calls, id)
}

// ask makes a request and waits for its answer. An answer that is an error of
// the server is a *refusal.
func (srv *server) ask(ctx context.Context, r wireRequest) (json.RawMessage, error) {
	return srv.askAs(ctx, r, &call{answer: make(chan answered, 1)}, nil)
}

func (srv *server) askAs(ctx context.Context, r wireRequest, c *call, note func() error) (json.RawMessage, error) {
	if err := srv.send(ctx, r, c, note); err != nil {
		return nil, err
	}
	select {
	case a, ok := <-c.answer:
		return srv.outcome(ctx, a, ok)
	case <-ctx.Done():
	}
	select {
	case a, ok := <-c.answer:
		return srv.outcome(ctx, a, ok)
	default:
		// The answer may still come; there is room for it.
		return nil, context.Cause(ctx)
	}
}

// outcome is what an answer means; ok is false when none will come.
func (srv *server) outcome(ctx context.Context, a answered, ok bool) (json.RawMessage, error) {
	switch {
	case !ok:
		return nil, srv.goneError(errServerGone)
	case a.err == "" || !srv.ends(ctx):
	case a.unsent:
		return nil, srv.goneError(errUnread)
	default:
		return nil, srv.goneError(errServerGone)
	}
	if no := a.failure(); no != nil {
		return nil, no
	}
	return a.body, nil
}

// endWait is how long after a lost connection the end of the process is seen.
const endWait = time.Second

// ends tells whether the server ends, of which a lost connection is often the
// first sign.
func (srv *server) ends(ctx context.Context) bool {
	late := time.NewTimer(endWait)
	defer late.Stop()
	select {
	case <-srv.done:
		return true
	case <-late.C:
	case <-ctx.Done():
	}
	return false
}
