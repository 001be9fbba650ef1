package session

import (
	"context"
	"time"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

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
	if s.isEnding() {
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
	if s.agent.session == nil || !t.sending && !t.delivered {
		t.cancel() // the agent need not get the message, nor come up for this
		s.calm.Broadcast()
	}
	s.tasks.Go(func() { s.interruptAgent(t) })
}

// interruptAgent makes the agent end a turn; an agent that does not is
// stopped, and comes back with the next message.
func (s *Session) interruptAgent(t *turn) {
	s.mu.Lock()
	agent, over := s.agent.session, s.running != t
	if over {
		s.mu.Unlock()
		return // the agent would end the next one
	}
	if !t.sending && !t.delivered {
		agent = nil // it knows nothing of this turn
	}
	s.interrupts++
	s.mu.Unlock()
	if agent != nil {
		ctx, cancel := context.WithTimeout(s.ctx, interruptCall)
		err := agent.Interrupt(ctx)
		cancel()
		if err != nil {
			s.logger.Warn("session: interrupt failed", "session", s.id, "error", err)
		}
	}
	s.mu.Lock()
	if s.interrupts--; s.interrupts == 0 {
		s.calm.Broadcast()
	}
	s.mu.Unlock()
	grace := time.NewTimer(interruptGrace)
	defer grace.Stop()
	select {
	case <-t.done:
		return
	case <-s.ctx.Done():
		return // whoever ends the session ends the turn
	case <-grace.C:
	}
	s.lock()
	if s.running != t {
		s.unlock()
		return // it ended just now, and the agent has the next one
	}
	s.logger.Warn("session: agent does not end its turn, it is stopped", "session", s.id, "turn", t.id)
	stopped := s.stopAgent()
	s.unlock()
	<-stopped
	s.lock()
	defer s.unlock()
	if s.running == t {
		s.ledger.EndTurn(universal.TurnEndedData{StopReason: universal.StopInterrupted})
	}
}

// awaitInterrupts waits until no interrupt is on its way to the agent, or until
// the turn that is to begin is interrupted too. They are of earlier turns: what
// they end, and which commands they kill, is whatever the agent is doing, so that
// it must not have the next message yet. Each is bounded by interruptCall.
func (s *Session) awaitInterrupts(next *turn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.interrupts > 0 && !next.interrupted {
		s.calm.Wait()
	}
}
