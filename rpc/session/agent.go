package session

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

const (
	// startTimeout is for an agent to become ready. Many sessions may wait for
	// one shared server on a small machine.
	startTimeout = 3 * time.Minute
	stopTimeout  = 10 * time.Second // for an agent to be gone; drivers need 2 s
	replyTimeout = time.Minute      // for an agent to take an answer
)

// agentState is what is known of the agent's process.
type agentState struct {
	session    drivers.Session // nil while none runs
	generation int             // counts starts: what older ones say is ignored
	exited     int             // the last generation that is gone
	gone       chan struct{}   // closed when the latest one is gone
	startup    chan struct{}   // closed when the start under way has ended
	stopping   chan struct{}   // closed when the stop under way has ended
}

// ensureAgent returns the running agent, which it starts if there is none.
func (s *Session) ensureAgent(ctx context.Context) (drivers.Session, error) {
	for {
		s.lock()
		agent, wait := s.agent.session, s.agent.stopping
		if wait == nil {
			wait = s.agent.startup
		}
		if agent == nil && wait == nil {
			return s.startAgent(ctx)
		}
		s.unlock()
		if agent != nil {
			return agent, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// startAgent starts the agent. It is called with the lock held and releases it.
func (s *Session) startAgent(ctx context.Context) (drivers.Session, error) {
	if s.isEnding() {
		defer s.unlock()
		return nil, s.endedError() // whoever ends the session waits for a start under way, and for none to come
	}
	startup := make(chan struct{})
	s.agent.startup = startup
	s.agent.generation++
	s.agent.gone = make(chan struct{})
	generation := s.agent.generation
	if generation > 1 {
		s.manager.counters.restarts.Add(1)
	}
	cfg := s.cfg
	cfg.Settings = s.forDriver(cfg.Settings)
	if !s.memory {
		cfg.Resume = "" // there is nothing yet to come back to
	}
	mayForget := s.memory && !s.completed && s.options.Resume == ""
	s.unlock()

	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, universal.Timeout("%s was not ready within %v", s.info.ID, startTimeout))
	defer cancel()
	agent, err := s.driver.Start(ctx, cfg, &sink{session: s, generation: generation})
	if universal.KindOf(err) == universal.KindInvalidRequest && mayForget {
		cfg.Resume = "" // it died before it had stored anything of its first turn
		agent, err = s.driver.Start(ctx, cfg, &sink{session: s, generation: generation})
	}

	s.lock()
	defer s.unlock()
	defer close(startup)
	s.agent.startup = nil
	if err != nil {
		return nil, err
	}
	s.agent.session = agent
	switch {
	case s.agent.exited == generation:
		s.agent.session = nil
		return nil, universal.AgentProcessExited(s.info.ID, nil, "")
	case s.isEnding():
		s.stopAgent()
		return nil, s.endedError()
	}
	if id := agent.NativeID(); id != "" && id != s.cfg.Resume {
		s.setNativeID(id)
		s.ledger.Daemon(universal.TypeSessionUpdated, &universal.SessionUpdatedData{NativeSessionID: id})
	}
	return agent, nil
}

// stopAgent stops the agent's process, if any; the session goes on. The
// channel is closed when it is gone. Called with the lock held.
func (s *Session) stopAgent() <-chan struct{} {
	if s.agent.stopping != nil {
		return s.agent.stopping
	}
	stopping := make(chan struct{})
	agent := s.agent.session
	if agent == nil {
		close(stopping)
		return stopping
	}
	s.agent.session, s.agent.stopping = nil, stopping
	s.tasks.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), stopTimeout)
		defer cancel()
		if err := agent.Close(ctx); err != nil {
			s.logger.Error("session: agent could not be stopped", "session", s.id, "error", err)
		}
		s.lock()
		s.agent.stopping = nil
		close(stopping)
		s.unlock()
	})
	return stopping
}

// isNative tells whether the agent keeps a permission mode by itself.
func (s *Session) isNative(mode drivers.PermissionMode) bool {
	return slices.Contains(s.info.PermissionModes, mode)
}

// forDriver replaces a permission mode that the bridge keeps by the agent's
// own default.
func (s *Session) forDriver(c drivers.Settings) drivers.Settings {
	if c.PermissionMode != "" && !s.isNative(c.PermissionMode) {
		c.PermissionMode = drivers.PermissionDefault
	}
	return c
}

// sink is where one start of the agent puts what it has to say.
type sink struct {
	session    *Session
	generation int
}

// stale tells whether a newer start has taken over, or the stream is closed.
func (k *sink) stale() bool {
	return k.generation != k.session.agent.generation || k.session.state == Ended
}

// Emit implements [drivers.Sink].
func (k *sink) Emit(events []universal.Event) {
	s := k.session
	s.lock()
	defer s.unlock()
	for i := range events {
		if k.stale() {
			return
		}
		s.take(&events[i])
	}
}

// take applies one event of the agent.
func (s *Session) take(ev *universal.Event) {
	switch d := ev.Data.(type) {
	case *universal.SessionUpdatedData:
		news := s.agentUpdated(d)
		if news == nil {
			return
		}
		ev.Data = news
	case *universal.SessionEndedData:
		s.finish(*d)
		s.stopAgent()
		return
	}
	s.ledger.apply(ev)
	if d, ok := ev.Data.(*universal.PermissionData); ok && ev.Type == universal.TypePermissionRequested {
		s.considerPermission(d)
	}
}

// Background implements [drivers.Sink].
func (k *sink) Background(n int) {
	s := k.session
	s.lock()
	defer s.unlock()
	if !k.stale() && s.background != n {
		s.background, s.dirty = n, true
	}
}

// Exit implements [drivers.Sink].
func (k *sink) Exit(exit drivers.Exit) {
	s := k.session
	s.lock()
	defer s.unlock()
	if k.stale() || s.agent.exited == k.generation {
		return
	}
	s.agent.exited = k.generation
	close(s.agent.gone)
	s.background, s.dirty = 0, true
	if s.agent.stopping != nil { // it was asked to go
		if t := s.running; t != nil && !t.delivered {
			// The message came after that: its turn waits for the next start.
			s.ledger.BackgroundGone(universal.StopInterrupted)
			return
		}
		s.ledger.AgentGone(universal.StopInterrupted)
		return
	}
	s.agent.session = nil
	if s.agent.startup != nil {
		return // whoever started it gets the error
	}
	s.ledger.Daemon(universal.TypeError, crashData(s.info.ID, exit))
	if t := s.running; t != nil && !t.delivered {
		// Whether the agent got the message, whoever hands it over finds out.
		s.ledger.BackgroundGone(universal.StopError)
		return
	}
	s.ledger.AgentGone(universal.StopError)
}

// awaitExit waits until an agent is gone that has ended, and that was told; it
// is false when ctx ends before.
func (s *Session) awaitExit(ctx context.Context, agent drivers.Session) bool {
	s.mu.Lock()
	gone, over := s.agent.gone, s.agent.session != agent
	s.mu.Unlock()
	if over {
		return true
	}
	select {
	case <-gone:
		return true
	case <-ctx.Done():
		return false
	}
}

// crashData tells how an agent died.
func crashData(agent string, exit drivers.Exit) *universal.ErrorData {
	details := map[string]any{}
	how := "ended without being asked to"
	if exit.Code != nil {
		details["exitCode"] = *exit.Code
		how = fmt.Sprintf("exited with code %d", *exit.Code)
	}
	if exit.Signal != "" {
		details["signal"] = exit.Signal
		how = "was ended by signal " + exit.Signal
	}
	if exit.Err != nil {
		details["cause"] = exit.Err.Error()
	}
	if exit.Stderr.TotalLines > 0 {
		details["stderr"] = exit.Stderr
	}
	return &universal.ErrorData{
		Message: fmt.Sprintf("%s %s; the next message starts it again with its memory", agent, how),
		Code:    "process_exit", Details: details,
		Category: universal.CategoryAgentCrash, Retryable: true,
	}
}
