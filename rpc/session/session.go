package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/rpc/eventlog"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Session is one conversation with an agent. Its methods are safe for
// concurrent use.
type Session struct {
	id      string
	manager *Manager
	driver  drivers.Driver
	info    drivers.Info
	log     *eventlog.Log
	logger  *slog.Logger
	created time.Time
	options CreateOptions // as given, secrets included

	// ctx ends when the session does; its cause says why.
	ctx    context.Context
	cancel context.CancelCauseFunc
	// tasks are the goroutines that talk to the agent.
	tasks sync.WaitGroup

	mu      sync.Mutex // guards all below
	cfg     drivers.Config
	ledger  *Ledger
	encoder universal.Encoder
	batch   eventlog.Batch
	tags    tagger
	state   Status // Starting, Idle (which covers all of a living session) or Ended
	ending  chan struct{}
	end     universal.SessionEndedData
	updated time.Time
	events  uint64
	dirty   bool // watchers should be told

	agent      agentState
	memory     bool // the agent's conversation has begun, so a start resumes it
	completed  bool // some turn has ended by itself
	nextTurn   uint64
	starting   *turn // its turn.started is being recorded
	running    *turn
	queue      []*turn
	sent       sentMessages
	resolved   idRing // requests that were answered
	grants     map[string]bool
	usage      usageSum
	commands   uint64 // sum of the slash commands that were told
	background int
	idle       idleTimer
}

// turn is a message's way through the session, or work the agent began.
type turn struct {
	id              string
	message         drivers.Message
	content         universal.Content
	clientMessageID string

	ctx         context.Context // ends when the turn is interrupted before it was sent
	cancel      context.CancelFunc
	delivered   bool              // the agent has the message
	steering    []drivers.Message // messages that joined before it was delivered
	interrupted bool
	cancelled   bool          // it will not run
	done        chan struct{} // closed when turn.ended is recorded
}

// ID returns the session's id.
func (s *Session) ID() string { return s.id }

// unlock records what happened in the log, lets the next turn begin, and
// releases the lock; the I/O that follows from it is done without the lock.
func (s *Session) unlock() {
	s.dispatch()
	s.flush()
	s.armIdleTimer()
	dirty := s.dirty
	s.dirty = false
	s.mu.Unlock()
	if err := s.log.Spill(); err != nil {
		s.logger.Warn("session: older events stay in memory", "session", s.id, "error", err)
	}
	if dirty {
		s.manager.changed(s)
	}
}

func (s *Session) lock() {
	s.mu.Lock()
	s.ledger.Now = s.manager.now()
}

// flush appends the recorded events to the log. When the log takes no more,
// the session ends: its events must not be lost silently.
func (s *Session) flush() {
	if s.batch.Len() == 0 {
		return
	}
	_, _, err := s.log.Append(&s.batch)
	if err != nil && s.state != Ended {
		s.logger.Error("session: the event log takes no more, the session ends", "session", s.id, "error", err)
		if _, _, finalErr := s.log.AppendFinal(&s.batch); finalErr == nil {
			s.batch.Reset()
		}
		s.finish(universal.SessionEndedData{
			Reason: universal.EndError, TerminatedBy: universal.SourceDaemon, Message: err.Error(),
		})
		s.stopAgent()
		_, _, err = s.log.AppendFinal(&s.batch)
	}
	if err != nil && !errors.Is(err, eventlog.ErrDeleted) && !errors.Is(err, eventlog.ErrClosed) {
		s.logger.Error("session: closing events are lost", "session", s.id, "error", err)
	}
	s.batch.Reset()
}

// record takes each finished event from the ledger.
func (s *Session) record(ev *universal.Event) {
	s.events, s.updated = ev.Sequence, ev.Time
	switch d := ev.Data.(type) {
	case *universal.TurnStartedData:
		s.turnStarted(d)
	case *universal.TurnEndedData:
		s.turnEnded(d)
	case *universal.UsageData:
		s.usage.update(d.Usage)
		s.dirty = true
	case *universal.PermissionData, *universal.QuestionData:
		s.dirty = true
	}
	s.encode(ev)
}

func (s *Session) encode(ev *universal.Event) {
	tag := s.tags.tag(ev)
	buf, err := s.encoder.AppendHead(s.batch.Begin(tag), ev)
	if err != nil {
		s.logger.Error("session: an event could not be encoded", "session", s.id, "type", ev.Type, "error", err)
		substitute := *ev
		substitute.Type = universal.TypeError
		substitute.Data = &universal.ErrorData{Message: err.Error(), Code: "encode_failed", Category: universal.CategoryInternal}
		if buf, err = s.encoder.AppendHead(s.batch.Begin(tag), &substitute); err != nil {
			return // strings only: cannot fail
		}
	}
	buf = s.batch.EndHead(buf)
	switch {
	case ev.Raw == nil:
	case ev.Type == universal.TypeUnparsed && !json.Valid(ev.Raw):
		buf = universal.AppendString(buf, string(ev.Raw))
	default:
		buf = universal.AppendRaw(buf, ev.Raw)
	}
	s.batch.End(buf)
}

func (s *Session) turnStarted(d *universal.TurnStartedData) {
	s.dirty = true
	if t := s.starting; t != nil && t.id == d.TurnID {
		s.running, s.starting = t, nil
		return
	}
	s.running = s.newTurn(d.TurnID)
	s.running.delivered = true
}

func (s *Session) turnEnded(d *universal.TurnEndedData) {
	s.dirty = true
	s.usage.endTurn(d.Usage)
	s.completed = s.completed || d.StopReason == universal.StopEndTurn
	t := s.running
	s.running = nil
	t.cancel()
	close(t.done)
}

func (s *Session) newTurn(id string) *turn {
	t := &turn{id: id, done: make(chan struct{})}
	t.ctx, t.cancel = context.WithCancel(s.ctx)
	return t
}

func (s *Session) newTurnID() string {
	s.nextTurn++
	return turnPrefix + strconv.FormatUint(s.nextTurn, 10)
}

// --- sending

// Send accepts a message: it becomes a turn of its own or joins the running
// one. It returns at acceptance, never at the end of the turn.
func (s *Session) Send(opts MessageOptions) (SendResult, error) {
	s.lock()
	dir := s.cfg.Directory
	s.mu.Unlock()
	msg, err := opts.message(dir)
	if err != nil {
		return SendResult{}, err
	}

	s.lock()
	defer s.unlock()
	if opts.ClientMessageID != "" {
		if before, ok := s.sent.find(opts.ClientMessageID); ok {
			return before, nil
		}
	}
	if s.state == Ended || s.ending != nil {
		return SendResult{}, s.endedError()
	}
	result := SendResult{Sequence: s.log.Head()}
	busy := s.running != nil || len(s.queue) > 0
	switch {
	case busy && opts.OnBusy == BusyReject:
		return SendResult{}, universal.SessionBusy(s.id)
	case s.running != nil && opts.OnBusy == BusySteer:
		if !s.info.Capabilities.Steer {
			return SendResult{}, universal.NotSupported(s.info.ID, "cannot take a message into a running turn; use onBusy queue or interrupt")
		}
		result.TurnID = s.running.id
		s.steer(s.running, msg)
	case len(s.queue) >= maxQueuedTurns:
		return SendResult{}, universal.SessionBusy(s.id).With("queuedTurns", len(s.queue))
	default:
		t := s.newTurn(s.newTurnID())
		t.message, t.content, t.clientMessageID = msg, userContent(&msg), opts.ClientMessageID
		s.queue = append(s.queue, t)
		s.dirty = true
		result.TurnID = t.id
		if s.running != nil && opts.OnBusy == BusyInterrupt {
			s.beginInterrupt(s.running)
		}
	}
	if opts.ClientMessageID != "" {
		s.sent.add(opts.ClientMessageID, result)
	}
	return result, nil
}

// dispatch begins the next waiting turn when none runs.
func (s *Session) dispatch() {
	for s.state == Idle && s.ending == nil && s.running == nil && len(s.queue) > 0 {
		t := s.queue[0]
		s.queue = s.queue[1:]
		s.begin(t)
		if !t.cancelled {
			s.tasks.Go(func() { s.run(t) })
		}
	}
}

func (s *Session) begin(t *turn) {
	s.starting = t
	data := universal.TurnStartedData{TurnID: t.id, Origin: universal.OriginUser, ClientMessageID: t.clientMessageID}
	if t.cancelled {
		s.ledger.CancelTurn(data)
		return
	}
	s.ledger.StartTurn(data)
	if t.content != nil {
		s.ledger.UserMessage(t.content)
	}
}

// run hands a turn's message to the agent, which is started if need be.
func (s *Session) run(t *turn) {
	agent, err := s.ensureAgent(t.ctx)
	if err != nil {
		s.startFailed(t, err)
		return
	}
	if err := s.deliver(t, agent); err != nil {
		s.turnFailed(t, err)
	}
}

func (s *Session) deliver(t *turn, agent drivers.Session) error {
	s.mu.Lock()
	s.memory = true // whatever becomes of the message, the agent may have stored it
	s.mu.Unlock()
	if err := agent.Send(t.ctx, t.message); err != nil {
		return err
	}
	for {
		s.lock()
		if t.interrupted { // perhaps before the agent had the message: tell it again
			t.delivered = true
			s.unlock()
			s.interruptAgent(t)
			return nil
		}
		if len(t.steering) == 0 {
			t.delivered = true
			s.unlock()
			return nil
		}
		next := t.steering[0]
		t.steering = t.steering[1:]
		s.unlock()
		if err := agent.Send(t.ctx, next); err != nil {
			s.steerFailed(t, next, err)
		}
	}
}

func (s *Session) steer(t *turn, msg drivers.Message) {
	msg.Steer = true
	s.ledger.UserMessage(userContent(&msg))
	if !t.delivered {
		t.steering = append(t.steering, msg)
		return
	}
	agent := s.agent.session
	s.tasks.Go(func() {
		err := error(universal.AgentProcessExited(s.info.ID, nil, ""))
		if agent != nil {
			err = agent.Send(t.ctx, msg)
		}
		if err != nil {
			s.steerFailed(t, msg, err)
		}
	})
}

// steerFailed makes a turn of a message that came too late to join one, so
// that it is not lost. The stream has it already, where it was accepted.
func (s *Session) steerFailed(t *turn, msg drivers.Message, err error) {
	s.lock()
	defer s.unlock()
	if s.state == Ended || s.ending != nil || t.interrupted {
		return // it went with the turn that it was to join
	}
	s.logger.Debug("session: a message came too late for its turn and gets one of its own", "session", s.id, "turn", t.id, "error", err)
	own := s.newTurn(s.newTurnID())
	msg.Steer = false
	own.message = msg
	s.queue = append([]*turn{own}, s.queue...)
	s.dirty = true
}

// turnFailed ends a turn whose message could not be delivered.
func (s *Session) turnFailed(t *turn, err error) {
	s.lock()
	defer s.unlock()
	if s.running != t {
		return // it has ended already, for instance since the agent died
	}
	if t.interrupted {
		s.ledger.EndTurn(universal.TurnEndedData{StopReason: universal.StopInterrupted})
		return
	}
	s.ledger.Daemon(universal.TypeError, errorData(err))
	s.ledger.EndTurn(universal.TurnEndedData{StopReason: universal.StopError})
}

// startFailed ends a turn whose agent did not come up again, and with it the
// session: there is nothing left to talk to.
func (s *Session) startFailed(t *turn, err error) {
	s.turnFailed(t, err)
	s.lock()
	defer s.unlock()
	if t.interrupted || s.ctx.Err() != nil {
		return
	}
	end := universal.SessionEndedData{Reason: universal.EndError, TerminatedBy: universal.SourceDaemon, Message: err.Error()}
	var typed *universal.Error
	if errors.As(err, &typed) {
		if code, ok := typed.Details["exitCode"].(int); ok {
			end.ExitCode = &code
		}
		if text, ok := typed.Details["stderr"].(string); ok && text != "" {
			end.Stderr = &universal.Stderr{Head: text, TotalLines: strings.Count(text, "\n") + 1}
		}
	}
	s.finish(end)
}

func errorData(err error) *universal.ErrorData {
	d := &universal.ErrorData{Message: err.Error(), Category: universal.CategoryInternal}
	var typed *universal.Error
	if errors.As(err, &typed) {
		d.Code = universal.NullString(typed.Kind)
		if typed.Kind == universal.KindAgentProcessExited {
			d.Category, d.Retryable = universal.CategoryAgentCrash, true
		}
		if len(typed.Details) > 0 {
			d.Details = typed.Details
		}
	}
	return d
}

// --- interrupting

const (
	// interruptCall bounds the driver's Interrupt, interruptGrace the wait for
	// the agent to end its turn; then the agent is stopped.
	interruptCall  = 5 * time.Second
	interruptGrace = 5 * time.Second
)

// Interrupt ends the running turn and returns once turn.ended is recorded.
// When the context ends earlier, the interrupt goes on.
func (s *Session) Interrupt(ctx context.Context, opts InterruptOptions) error {
	if opts.Queue != "" && opts.Queue != "keep" && opts.Queue != "drop" {
		return universal.InvalidRequest("queue is %q; choose keep or drop", opts.Queue)
	}
	s.lock()
	if s.state == Ended || s.ending != nil {
		defer s.unlock()
		return s.endedError()
	}
	var waits []*turn
	for _, t := range s.queue {
		if t.id == opts.TurnID || opts.Queue == "drop" {
			t.cancelled = true
			if t.id == opts.TurnID {
				waits = append(waits, t)
			}
		}
	}
	if t := s.running; t != nil && (opts.TurnID == "" || opts.TurnID == t.id) {
		s.beginInterrupt(t)
		waits = append(waits, t)
	}
	s.unlock()
	for _, t := range waits {
		select {
		case <-t.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// beginInterrupt starts the end of a turn, once.
func (s *Session) beginInterrupt(t *turn) {
	if t.interrupted {
		return
	}
	t.interrupted = true
	if s.agent.session == nil {
		t.cancel() // the agent is not up yet, and need not come up for this
	}
	s.tasks.Go(func() { s.interruptAgent(t) })
}

// interruptAgent makes the agent end a turn; an agent that does not is
// stopped, and comes back with the next message.
func (s *Session) interruptAgent(t *turn) {
	s.mu.Lock()
	agent := s.agent.session
	s.mu.Unlock()
	if agent != nil {
		ctx, cancel := context.WithTimeout(s.ctx, interruptCall)
		err := agent.Interrupt(ctx)
		cancel()
		if err != nil {
			s.logger.Warn("session: interrupt failed", "session", s.id, "error", err)
		}
	}
	grace := time.NewTimer(interruptGrace)
	defer grace.Stop()
	select {
	case <-t.done:
		return
	case <-s.ctx.Done():
		return // whoever ends the session ends the turn
	case <-grace.C:
	}
	s.logger.Warn("session: agent does not end its turn, it is stopped", "session", s.id, "turn", t.id)
	s.lock()
	stopped := s.stopAgent()
	s.unlock()
	<-stopped
	s.lock()
	defer s.unlock()
	if s.running == t {
		s.ledger.EndTurn(universal.TurnEndedData{StopReason: universal.StopInterrupted})
	}
}

// --- settings

// Update changes settings, at once where the agent can, else from the next
// turn on.
func (s *Session) Update(ctx context.Context, opts UpdateOptions) error {
	change := drivers.Settings{Model: opts.Model, Variant: opts.Variant, PermissionMode: opts.PermissionMode, Title: opts.Title}
	if opts.AgentMode != "" {
		mode, err := agentMode(s.info, opts.AgentMode)
		if err != nil {
			return err
		}
		change.AgentMode = mode
	}
	if opts.PermissionMode != "" {
		if _, err := permissionMode(opts.PermissionMode); err != nil {
			return err
		}
	}
	if len(opts.Title) > maxTitleBytes {
		return universal.InvalidRequest("title is longer than %d bytes", maxTitleBytes)
	}
	caps := s.info.Capabilities
	switch {
	case (opts.Model != "" || opts.Variant != "") && !caps.ModelSwitch:
		return universal.NotSupported(s.info.ID, "cannot switch the model in mid-session")
	case opts.AgentMode != "" && !caps.ModeSwitch:
		return universal.NotSupported(s.info.ID, "cannot switch the mode in mid-session")
	}

	s.lock()
	if s.state == Ended || s.ending != nil {
		defer s.unlock()
		return s.endedError()
	}
	agent, startup := s.agent.session, s.agent.startup
	cfg := s.cfg
	apply(&cfg.Settings, change)
	s.unlock()
	if agent == nil && startup != nil {
		select {
		case <-startup:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		s.mu.Lock()
		agent = s.agent.session
		s.mu.Unlock()
	}
	if agent != nil {
		if err := agent.Update(ctx, s.forDriver(change)); err != nil {
			return err
		}
	} else if err := s.driver.Check(ctx, &cfg); err != nil {
		return err
	}

	s.lock()
	defer s.unlock()
	if s.state == Ended {
		return s.endedError()
	}
	if data := s.change(change); data != nil {
		s.ledger.Daemon(universal.TypeSessionUpdated, data)
	}
	return nil
}

func apply(to *drivers.Settings, change drivers.Settings) {
	set := func(to *string, v string) {
		if v != "" {
			*to = v
		}
	}
	set(&to.Model, change.Model)
	set(&to.Variant, change.Variant)
	set(&to.AgentMode, change.AgentMode)
	set((*string)(&to.PermissionMode), string(change.PermissionMode))
	set(&to.Title, change.Title)
}

// change applies new settings and tells which were changed by it, nil if none.
func (s *Session) change(c drivers.Settings) *universal.SessionUpdatedData {
	before := s.cfg.Settings
	apply(&s.cfg.Settings, c)
	after := s.cfg.Settings
	if after == before {
		return nil
	}
	s.dirty = true
	changed := func(before, after string) string {
		if before == after {
			return ""
		}
		return after
	}
	return &universal.SessionUpdatedData{
		Title:          changed(before.Title, after.Title),
		Model:          changed(before.Model, after.Model),
		Variant:        changed(before.Variant, after.Variant),
		AgentMode:      changed(before.AgentMode, after.AgentMode),
		PermissionMode: changed(string(before.PermissionMode), string(after.PermissionMode)),
	}
}

// agentUpdated takes what the agent says of its settings; nil if it tells
// nothing new.
func (s *Session) agentUpdated(d *universal.SessionUpdatedData) *universal.SessionUpdatedData {
	mode := drivers.PermissionMode(d.PermissionMode)
	if !s.isNative(s.cfg.PermissionMode) {
		mode = "" // the bridge keeps this mode, whatever the agent runs under
	}
	news := s.change(drivers.Settings{Model: d.Model, Variant: d.Variant, AgentMode: d.AgentMode, PermissionMode: mode, Title: d.Title})
	if news == nil {
		news = &universal.SessionUpdatedData{}
	}
	if id := d.NativeSessionID; id != "" && id != s.cfg.Resume {
		s.setNativeID(id)
		news.NativeSessionID = id
	}
	if sum := commandsSum(d.Commands); len(d.Commands) > 0 && sum != s.commands {
		s.commands = sum
		news.Commands = d.Commands
	}
	if news.IsZero() {
		return nil
	}
	return news
}

// commandsSum tells one list of commands from another without keeping it.
func commandsSum(commands []universal.Command) uint64 {
	h := fnv.New64a()
	for _, c := range commands {
		fmt.Fprintf(h, "%q%q", c.Name, c.Description)
	}
	return h.Sum64()
}

func (s *Session) setNativeID(id string) {
	s.cfg.Resume = id
	s.ledger.SetNativeID(id)
	s.dirty = true
}

// --- ending

// endedError says that the session is over and why.
func (s *Session) endedError() error {
	why := "it is being ended"
	if s.state == Ended {
		why = string(s.end.Reason)
		if s.end.Message != "" {
			why += ": " + s.end.Message
		}
	}
	return universal.SessionEnded(s.id, why+"; create a new session to go on, with resume to keep its memory")
}

// finish ends the stream. The caller sees to the agent.
func (s *Session) finish(end universal.SessionEndedData) {
	if s.state == Ended {
		return
	}
	reason := universal.StopInterrupted
	if end.Reason == universal.EndError {
		reason = universal.StopError
	}
	s.ledger.AgentGone(reason)
	for _, t := range s.queue {
		t.cancelled = true
		s.begin(t)
	}
	s.queue = nil
	s.ledger.EndSession(end)
	s.state, s.end, s.dirty = Ended, end, true
	s.background = 0
	s.cancel(errSessionEnded)
}

var errSessionEnded = errors.New("the session has ended")

// Terminate ends the session with everything it started and keeps its events.
// It does nothing when the session has ended.
func (s *Session) Terminate(ctx context.Context) error {
	s.lock()
	if s.ending == nil {
		s.ending = make(chan struct{})
		s.manager.tasks.Go(s.terminate)
	}
	ending := s.ending
	s.unlock()
	select {
	case <-ending:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("terminate session %s: %w", s.id, context.Cause(ctx))
	}
}

func (s *Session) terminate() {
	defer close(s.ending)
	s.cancel(errSessionEnded)
	s.mu.Lock()
	startup := s.agent.startup
	s.mu.Unlock()
	if startup != nil {
		<-startup // the end of the session's context ends it
	}
	s.lock()
	stopped := s.stopAgent()
	s.unlock()
	<-stopped
	s.tasks.Wait()
	s.lock()
	s.finish(universal.SessionEndedData{Reason: universal.EndTerminated, TerminatedBy: universal.SourceDaemon})
	s.unlock()
}
