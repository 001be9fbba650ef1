package codex

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/drivers/scratch"
	"github.com/sandbox-agent/sandbox-agent/drivers/shared"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// session is one thread of an app-server, with those of its sub-agents.
type session struct {
	check   func(context.Context, drivers.Settings) error // of model and variant
	log     *slog.Logger
	srv     *server
	lease   *shared.Lease[*server]
	sink    drivers.Sink
	scratch scratch.Dir // removed at the end
	number  int         // in the order of starts
	mark    string      // the variable that its commands have, "NAME=value"
	skills  []skill     // that a message can begin with

	// These two belong to the server: the first is used by its reader only, the
	// second guarded by its lock.
	waiting bool // it has something to hand on
	leaving bool // it gets no further thread

	// telling is held while the sink is called: the reader tells what the agent
	// says, and whoever closes the session its end.
	telling sync.Mutex

	mu          sync.Mutex // guards what follows; never held across I/O
	conv        *converter
	events      []universal.Event  // converted, not handed on
	background  int                // last told
	checkpoint  process.Checkpoint // taken when the turn began
	interrupted string             // turn of Codex that is being interrupted
	starting    bool               // Start has not returned yet
	ended       bool               // Exit was told, or is about to be
	closed      chan struct{}
	closeErr    error
}

// root is the id of the session's own thread, "" while unknown.
func (s *session) root() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conv.root
}

func (s *session) setRoot(thread string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conv.root = thread
}

// isActive tells whether a turn runs.
func (s *session) isActive() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conv.turn.active
}

// found is what a line makes the server do, besides the events.
type found struct {
	threads []string          // of sub-agents that are the session's now
	refuse  []json.RawMessage // ids of requests that nobody can answer
	began   bool              // the agent has begun a turn by itself
}

// convert turns a line into events, which wait for flush.
func (s *session) convert(m *message, line []byte) found {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := len(s.events)
	s.events = s.conv.Convert(s.events, m, line)
	for i := from; i < len(s.events); i++ {
		// Lines of a batch may lie in one buffer, which is used again for the
		// next.
		s.events[i].Raw = append(json.RawMessage(nil), s.events[i].Raw...)
	}
	f := s.conv.found
	s.conv.found = found{}
	return f
}

// append adds an event of the server's.
func (s *session) append(ev universal.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, ev)
}

// warn adds a warning of the server's, once.
func (s *session) warn(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = s.conv.warn(s.events, text)
}

// flush hands on what was converted.
func (s *session) flush() {
	s.telling.Lock()
	defer s.telling.Unlock()
	s.mu.Lock()
	events, background, ended := s.events, s.conv.background(), s.ended
	changed := background != s.background
	s.events, s.background = nil, background
	s.mu.Unlock()
	if ended {
		return
	}
	if len(events) > 0 {
		s.sink.Emit(events)
	}
	if changed {
		s.sink.Background(background)
	}
}

// exit tells the sink that the agent is gone, once. A session that is still
// starting tells nothing: Start does.
func (s *session) exit(exit drivers.Exit) {
	s.telling.Lock()
	defer s.telling.Unlock()
	s.mu.Lock()
	told := s.ended || s.starting
	s.ended = true
	s.mu.Unlock()
	if told {
		return
	}
	if err := s.scratch.Remove(); err != nil {
		s.log.Warn("removing a session's temporary files failed", "error", err)
	}
	s.sink.Exit(exit)
}

func (s *session) takeCheckpoint() {
	c := s.srv.transport.Checkpoint()
	s.mu.Lock()
	s.checkpoint = c
	s.mu.Unlock()
}

// NativeID implements drivers.Session.
func (s *session) NativeID() string { return s.root() }

// call makes a request about the session.
func (s *session) call(ctx context.Context, method string, params any, note func() error) (json.RawMessage, error) {
	result, err := s.srv.call(ctx, method, params, func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.ended {
			return errServerGone
		}
		if note == nil {
			return nil
		}
		return note()
	})
	if errors.Is(err, errServerGone) {
		return nil, s.gone(err)
	}
	return result, err
}

// gone is the error of whatever needs an agent that has ended.
func (s *session) gone(cause error) error {
	select {
	case <-s.srv.gone:
		return s.srv.goneError(cause)
	default:
		return universal.AgentProcessExited(agentID, nil, "").Because(cause)
	}
}

type threadParams struct {
	ThreadID string `json:"threadId"`
}

// Send implements drivers.Session.
func (s *session) Send(ctx context.Context, msg drivers.Message) error {
	if err := s.send(ctx, msg); err != nil {
		return fmt.Errorf("send message: %w", err)
	}
	return nil
}

func (s *session) send(ctx context.Context, msg drivers.Message) error {
	if msg.Steer {
		return s.steer(ctx, msg)
	}
	if command, ok := nativeCommand(msg); ok {
		return s.begin(ctx, command.method, command.params(s.root()))
	}
	input, err := s.input(msg)
	if err != nil {
		return err
	}
	return s.startTurn(ctx, input)
}

type turnStartParams struct {
	ThreadID string      `json:"threadId"`
	Input    []userInput `json:"input"`
	turnSettings
}

// startTurn begins a turn of Codex's with the session's settings.
func (s *session) startTurn(ctx context.Context, input []userInput) error {
	s.mu.Lock()
	params := turnStartParams{s.conv.root, input, turnSettingsOf(s.conv.settings, s.conv.model, s.conv.effort, s.conv.planned)}
	s.mu.Unlock()
	return s.begin(ctx, "turn/start", params)
}

// begin makes a request that begins a turn.
func (s *session) begin(ctx context.Context, method string, params any) error {
	checkpoint := s.srv.transport.Checkpoint()
	result, err := s.call(ctx, method, params, func() error {
		if !s.conv.turn.active {
			s.checkpoint = checkpoint
		}
		s.conv.turnRequested()
		return nil
	})
	if err == nil {
		s.mu.Lock()
		s.conv.turnAnswered(result)
		s.mu.Unlock()
		return nil
	}
	var no *rpcError
	if errors.As(err, &no) {
		s.mu.Lock()
		s.conv.turnRefused()
		s.mu.Unlock()
		return universal.InvalidRequest("the agent did not take the message: %s", no.Message).Because(err)
	}
	return err
}

type steerParams struct {
	ThreadID       string      `json:"threadId"`
	ExpectedTurnID string      `json:"expectedTurnId"`
	Input          []userInput `json:"input"`
}

// steer adds a message to the running turn.
func (s *session) steer(ctx context.Context, msg drivers.Message) error {
	input, err := s.input(msg)
	if err != nil {
		return err
	}
	s.mu.Lock()
	params := steerParams{s.conv.root, s.conv.turn.id, input}
	s.mu.Unlock()
	if params.ExpectedTurnID == "" {
		return universal.InvalidRequest("no turn runs that the message could join; send it as a message of its own").With("reason", "no_turn")
	}
	_, err = s.call(ctx, "turn/steer", params, nil)
	var no *rpcError
	if errors.As(err, &no) {
		return universal.InvalidRequest("the message can't join the running turn: %s; send it as a message of its own", no.Message).With("reason", "no_turn").Because(err)
	}
	return err
}

// say tells the agent a text inside of a running turn, of the main agent or of a
// sub-agent: what a person said with a refusal, for which Codex's answers have
// no room.
func (s *session) say(ctx context.Context, thread, turn, text string) error {
	if text == "" || turn == "" {
		return nil
	}
	_, err := s.call(ctx, "turn/steer", steerParams{thread, turn, []userInput{textInput(text)}}, nil)
	var no *rpcError
	if errors.As(err, &no) {
		s.log.Debug("the agent did not take a remark", "error", err)
		return nil
	}
	return err
}

// interruptWait bounds each request of an interrupt; the commands are killed
// anyway.
const interruptWait = time.Second

// An attempt at one is given up after interruptTry; interruptPause is between two.
const (
	interruptTry   = 300 * time.Millisecond
	interruptPause = 20 * time.Millisecond
)

type interruptParams struct {
	ThreadID string `json:"threadId"`
	TurnID   string `json:"turnId"`
}

type terminateParams struct {
	ThreadID  string `json:"threadId"`
	ProcessID string `json:"processId"`
}

// Interrupt implements drivers.Session. Codex ends its turn and lets the
// command go on that it was waiting for, so that is killed apart; sub-agents
// are interrupted like the main agent.
func (s *session) Interrupt(ctx context.Context) error {
	s.mu.Lock()
	active, checkpoint := s.conv.turn.active, s.checkpoint
	turns, commands := s.conv.running()
	again := s.conv.turn.id != "" && s.conv.turn.id == s.interrupted
	s.interrupted = s.conv.turn.id
	s.mu.Unlock()
	if !active || again { // another call is at it
		return nil
	}
	if len(turns) == 0 {
		s.endWaiting()
	}
	var failed error
	for _, t := range turns {
		if err := s.interruptTurn(ctx, t); err != nil && t.ThreadID == s.root() {
			failed = err
		}
	}
	for _, c := range commands {
		if err := s.terminate(ctx, c); err != nil {
			s.log.Debug("ending a command failed", "error", err)
		}
	}
	// When ctx has ended, so does the session, whose end kills the rest.
	if err := s.kill(ctx, checkpoint); err != nil && ctx.Err() == nil {
		s.log.Warn("commands of an interrupted turn may be left", "agent", agentID, "error", err)
	}
	if failed != nil {
		s.mu.Lock()
		s.interrupted = ""
		s.mu.Unlock()
		return fmt.Errorf("interrupt: %w", failed)
	}
	return nil
}

// interruptTurn makes Codex end one of its turns. For a moment after it has told
// the id of a turn it may say that there is none to interrupt, or say nothing,
// and go on to run it (seen with 0.169.0); so it is asked again while the turn
// runs.
func (s *session) interruptTurn(ctx context.Context, t interruptParams) error {
	ctx, cancel := context.WithTimeout(ctx, interruptWait)
	defer cancel()
	pause := time.NewTicker(interruptPause)
	defer pause.Stop()
	for {
		err := s.tryInterrupt(ctx, t)
		var refused *rpcError
		if !errors.As(err, &refused) && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		s.mu.Lock()
		runs := s.conv.runs(t)
		s.mu.Unlock()
		if !runs {
			return nil
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return err
		}
	}
}

func (s *session) tryInterrupt(ctx context.Context, t interruptParams) error {
	ctx, cancel := context.WithTimeout(ctx, interruptTry)
	defer cancel()
	_, err := s.call(ctx, "turn/interrupt", t, nil)
	return err
}

// terminate makes Codex end a command, so that it knows of its end.
func (s *session) terminate(ctx context.Context, c runningCommand) error {
	if c.process == "" {
		process, err := s.findProcess(ctx, c)
		if err != nil || process == "" {
			return err
		}
		c.process = process
	}
	return s.try(ctx, "thread/backgroundTerminals/terminate", terminateParams{c.thread, c.process}, nil)
}

// findProcess asks for the process of a command, "" if it doesn't run.
func (s *session) findProcess(ctx context.Context, c runningCommand) (string, error) {
	var list struct {
		Data []struct {
			ItemID    string `json:"itemId"`
			ProcessID string `json:"processId"`
		} `json:"data"`
	}
	if err := s.try(ctx, "thread/backgroundTerminals/list", threadParams{c.thread}, &list); err != nil {
		return "", err
	}
	for _, terminal := range list.Data {
		if terminal.ItemID == c.item {
			return terminal.ProcessID, nil
		}
	}
	return "", nil
}

// endWaiting ends a turn in which Codex runs nothing: a plan waits for its
// approval, and no line will tell the end.
func (s *session) endWaiting() {
	s.mu.Lock()
	s.events = s.conv.endWaiting(s.events)
	s.mu.Unlock()
	s.flush()
}

// try makes a request that is not waited for long. Its result goes to where to
// points, if that isn't nil.
func (s *session) try(ctx context.Context, method string, params, to any) error {
	ctx, cancel := context.WithTimeout(ctx, interruptWait)
	defer cancel()
	result, err := s.call(ctx, method, params, nil)
	if err != nil || to == nil {
		return err
	}
	return json.Unmarshal(result, to)
}

// kill kills the session's commands since a moment.
func (s *session) kill(ctx context.Context, since process.Checkpoint) error {
	_, err := s.srv.transport.KillMarked(ctx, s.mark, since)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

// Bounds of the steps of a close. What isn't done then goes with the server, or
// is killed.
const (
	closeCall = 500 * time.Millisecond // for an answer
	closeWait = 700 * time.Millisecond // for the thread to be gone
)

// Close implements drivers.Session.
func (s *session) Close(ctx context.Context) error {
	s.mu.Lock()
	first := s.closed == nil
	if first {
		s.closed = make(chan struct{})
	}
	closed := s.closed
	s.mu.Unlock()
	if first {
		s.closeErr = s.close(ctx)
		close(closed)
	}
	<-closed // the first call is bounded
	if s.closeErr != nil {
		return fmt.Errorf("close session: %w", s.closeErr)
	}
	return nil
}

func (s *session) close(ctx context.Context) error {
	s.leave(ctx)
	s.srv.detach(s)
	err := errors.Join(
		s.kill(ctx, process.Checkpoint{}),
		s.killServers(ctx),
		s.lease.Release(ctx),
	)
	s.exit(drivers.Exit{})
	return err
}

// leave makes Codex let go of the session's thread.
func (s *session) leave(ctx context.Context) {
	s.mu.Lock()
	turns, _ := s.conv.running()
	thread, unloaded := s.conv.root, s.conv.unloaded
	s.mu.Unlock()
	for _, t := range turns {
		if err := s.bye(ctx, "turn/interrupt", t); err != nil {
			s.log.Debug("interrupting a turn that is left failed", "error", err)
		}
	}
	if thread == "" || s.bye(ctx, "thread/unsubscribe", threadParams{thread}) != nil {
		return
	}
	select {
	case <-unloaded:
	case <-s.srv.gone:
	case <-ctx.Done():
	case <-time.After(closeWait):
	}
}

func (s *session) bye(ctx context.Context, method string, params any) error {
	ctx, cancel := context.WithTimeout(ctx, closeCall)
	defer cancel()
	_, err := s.call(ctx, method, params, nil)
	return err
}

// killServers kills what is left of the session's own tool servers.
func (s *session) killServers(ctx context.Context) error {
	_, err := s.srv.transport.KillMarked(ctx, s.mark+serverMark, process.Checkpoint{})
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
