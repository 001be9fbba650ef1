package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

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

// isEnding tells whether the session has ended or is about to. Called with the
// lock held.
func (s *Session) isEnding() bool { return s.state == Ended || s.ending != nil }

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
