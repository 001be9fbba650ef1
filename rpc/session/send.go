package session

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Send accepts a message: it becomes a turn of its own or joins the running
// one. It returns at acceptance, never at the end of the turn.
func (s *Session) Send(opts MessageOptions) (SendResult, error) {
	s.lock()
	dir := s.cfg.Directory
	before, repeated := s.sent.find(opts.ClientMessageID)
	s.mu.Unlock()
	if repeated { // before anything is looked at: a file that was attached may be gone
		return before, nil
	}
	msg, err := opts.message(dir)
	if err != nil {
		return SendResult{}, err
	}

	s.lock()
	defer s.unlock()
	if before, ok := s.sent.find(opts.ClientMessageID); ok { // sent twice at once
		return before, nil
	}
	if s.isEnding() {
		return SendResult{}, s.endedError()
	}
	result := SendResult{Sequence: s.log.Head()}
	busy := s.running != nil || len(s.queue) > 0
	switch {
	case busy && opts.OnBusy == BusyReject:
		return SendResult{}, universal.SessionBusy(s.id)
	case s.running != nil && opts.OnBusy == BusySteer && !s.info.Capabilities.Steer:
		return SendResult{}, universal.NotSupported(s.info.ID, "cannot take a message into a running turn; use onBusy queue or interrupt")
	case s.running != nil && opts.OnBusy == BusySteer && !s.running.interrupted:
		if err := s.checkRoom(slices.Values(s.running.steering)); err != nil {
			return SendResult{}, err
		}
		result.TurnID = s.running.id
		s.steer(s.running, msg)
	default:
		if err := s.checkRoom(s.queued); err != nil {
			return SendResult{}, err
		}
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

// queued iterates over the messages that wait for a turn of their own.
func (s *Session) queued(yield func(drivers.Message) bool) {
	for _, t := range s.queue {
		if !yield(t.message) {
			return
		}
	}
}

// checkRoom refuses a message when those that wait already are as many, or as
// long, as a session holds.
func (s *Session) checkRoom(waiting iter.Seq[drivers.Message]) error {
	n, size := 0, 0
	for msg := range waiting {
		n++
		size += len(msg.Text)
		for _, a := range msg.Attachments {
			size += len(a.Data)
		}
	}
	if n < maxQueuedTurns && size < maxQueuedBytes {
		return nil
	}
	err := universal.SessionBusy(s.id).With("queuedTurns", n).With("queuedBytes", size)
	err.Detail = fmt.Sprintf("session busy: %d messages of %d bytes wait for %s, which takes no more until some have run", n, size, s.id)
	return err
}

// dispatch begins the next waiting turn when none runs.
func (s *Session) dispatch() {
	for s.state == Idle && s.ending == nil && s.running == nil && len(s.queue) > 0 {
		t := s.queue[0]
		s.queue = s.queue[1:]
		s.begin(t)
		if !t.cancelled {
			t.handing = true
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
	s.awaitInterrupts(t)
	agent, err := s.ensureAgent(t.ctx)
	if err != nil {
		s.startFailed(t, err)
		return
	}
	err = s.deliver(t, agent)
	if errors.Is(err, drivers.ErrNotTaken) && s.awaitExit(t.ctx, agent) {
		// It died before the message, which starts it again like any other.
		if agent, err = s.ensureAgent(t.ctx); err != nil {
			s.startFailed(t, err)
			return
		}
		err = s.deliver(t, agent)
	}
	if err != nil {
		s.turnFailed(t, agent, err)
	}
	s.handSteering(t, agent)
	s.lock()
	again := t.interrupted // perhaps before the agent had the message: tell it again
	s.unlock()
	if again {
		s.interruptAgent(t)
	}
}

// deliver hands over the message of a turn that still wants it.
func (s *Session) deliver(t *turn, agent drivers.Session) error {
	s.mu.Lock()
	if t.interrupted || t.ctx.Err() != nil {
		s.mu.Unlock()
		return errTurnOver
	}
	t.sending = true
	s.memory = true // whatever becomes of the message, the agent may have stored it
	s.mu.Unlock()
	err := agent.Send(t.ctx, t.message)
	s.lock()
	defer s.unlock()
	t.sending = false
	if err != nil {
		return err
	}
	t.delivered = true
	if s.agent.session != agent && s.running == t { // it took the message, and died
		reason := universal.StopError
		if t.interrupted || s.ctx.Err() != nil {
			reason = universal.StopInterrupted
		}
		s.ledger.EndTurn(universal.TurnEndedData{StopReason: reason})
	}
	return nil
}

// steer takes a message into a turn.
func (s *Session) steer(t *turn, msg drivers.Message) {
	msg.Steer = true
	s.ledger.UserMessage(userContent(&msg))
	t.steering = append(t.steering, msg)
	if t.handing {
		return
	}
	t.handing = true
	agent := s.agent.session
	s.tasks.Go(func() { s.handSteering(t, agent) })
}

// handSteering hands the agent what joined a turn, one message after the other,
// so that they come in the order in which they were sent. One goroutine at a
// time does it for a turn.
func (s *Session) handSteering(t *turn, agent drivers.Session) {
	for {
		s.lock()
		if t.interrupted || len(t.steering) == 0 {
			t.steering = nil // it goes with the turn that it was to join
			t.handing = false
			s.unlock()
			return
		}
		next := t.steering[0]
		t.steering = t.steering[1:]
		over := s.running != t || agent == nil
		s.unlock()
		err := errTurnOver
		if !over {
			// Not the turn's context: it may end while the agent takes the message,
			// which nobody could tell then from one that came too late.
			err = agent.Send(s.ctx, next)
		}
		if err != nil {
			s.steerFailed(t, next, err)
		}
	}
}

var errTurnOver = errors.New("the turn has ended")

// steerFailed makes a turn of a message that came too late to join one, so
// that it is not lost. The stream has it already, where it was accepted.
func (s *Session) steerFailed(t *turn, msg drivers.Message, err error) {
	s.lock()
	defer s.unlock()
	if s.isEnding() || t.interrupted {
		return // it went with the turn that it was to join
	}
	if universal.KindOf(err) == universal.KindAgentProcessExited && !errors.Is(err, drivers.ErrNotTaken) {
		return // the agent may have had it when it died, and no message runs twice
	}
	s.logger.Debug("session: a message came too late for its turn and gets one of its own", "session", s.id, "turn", t.id, "error", err)
	own := s.newTurn(s.newTurnID())
	msg.Steer = false
	own.message = msg
	// It was accepted before those that wait, but after others of its kind.
	at := slices.IndexFunc(s.queue, func(t *turn) bool { return t.content != nil })
	if at < 0 {
		at = len(s.queue)
	}
	s.queue = slices.Insert(s.queue, at, own)
	s.dirty = true
}

// turnFailed ends a turn whose message could not be delivered. That the agent
// died of it may have been told.
func (s *Session) turnFailed(t *turn, agent drivers.Session, err error) {
	s.lock()
	defer s.unlock()
	told := universal.KindOf(err) == universal.KindAgentProcessExited && s.agent.session != agent
	if told && s.running == t && !t.interrupted {
		s.ledger.EndTurn(universal.TurnEndedData{StopReason: universal.StopError})
		return
	}
	s.failTurn(t, err)
}

func (s *Session) failTurn(t *turn, err error) {
	if s.running != t {
		return // it has ended already, for instance since the agent died
	}
	if t.interrupted || s.isEnding() { // the session's end cuts it short as well
		s.ledger.EndTurn(universal.TurnEndedData{StopReason: universal.StopInterrupted})
		return
	}
	s.ledger.Daemon(universal.TypeError, errorData(err))
	s.ledger.EndTurn(universal.TurnEndedData{StopReason: universal.StopError})
}

// startFailed ends a turn whose agent did not come up again, and with it the
// session: there is nothing left to talk to.
func (s *Session) startFailed(t *turn, err error) {
	s.lock()
	defer s.unlock()
	s.failTurn(t, err)
	if t.interrupted || s.isEnding() {
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
