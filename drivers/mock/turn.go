package mock

import (
	"strings"
	"unicode"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// maxSteered bounds the steered messages that wait for an answer.
const maxSteered = 64

// turn is the agent's work on one message, or on its own account.
type turn struct {
	script
	sent    drivers.Message
	text    string // the whole message, trimmed
	rest    string // what follows its first word
	own     bool   // the agent began it
	outcome outcome
	done    chan struct{} // closed after its turn.ended, when the next may begin

	// Guarded by the session's mutex.
	halted      bool
	interrupted bool
	ending      bool // nothing more can join it
	steered     []steered
}

// outcome is how a turn ends, where a command wants it to end in another way
// than well.
type outcome struct {
	stop  universal.StopReason
	over  bool          // the session ends with it
	crash *drivers.Exit // the agent dies in the middle of it
}

// steered is a message that joined a running turn.
type steered struct{ prefix, text string }

func (s *session) newTurn(msg drivers.Message, text string) *turn {
	t := &turn{sent: msg, text: text, done: make(chan struct{})}
	t.script = newScript(s, s.hear(), make(chan struct{}))
	t.wake = make(chan struct{}, 1)
	t.awake = t.answerSteered
	t.input = len(text)
	return t
}

// beginLocked starts a turn's goroutine, which ends with the turn.
func (s *session) beginLocked(t *turn) {
	s.turn = t
	s.work.Go(func() {
		t.perform()
		s.finish(t)
	})
}

// perform does what the message says.
func (t *turn) perform() {
	d := t.session.driver
	if fixed := d.prompts[strings.ToLower(t.text)]; fixed != nil {
		fixed(t)
		return
	}
	word := t.text
	if i := strings.IndexFunc(t.text, unicode.IsSpace); i >= 0 {
		word, t.rest = t.text[:i], strings.TrimSpace(t.text[i:])
	}
	if c := d.byWord[strings.ToLower(word)]; c != nil {
		c.run(t)
		return
	}
	t.say("reply", t.text)
}

// finish ends a turn and begins the one that waits, if any.
func (s *session) finish(t *turn) {
	for t.outcome.crash == nil && !s.closeToSteering(t) {
		t.answerSteered()
	}
	if crash := t.outcome.crash; crash != nil {
		s.leave(departure{why: "the agent crashed", crashed: true, exit: *crash})
		s.exit()
	}
	if !s.hasLeft() {
		s.emit(daemonEvent(universal.TypeTurnEnded, &universal.TurnEndedData{
			Phase: universal.PhaseEnded, StopReason: t.stopReason(), Usage: t.usage(),
		}))
	}
	if t.outcome.over && !s.hasLeft() {
		s.emit(agentEvent(universal.TypeSessionEnded, &universal.SessionEndedData{
			Reason: universal.EndCompleted, TerminatedBy: universal.SourceAgent,
		}))
		code := 0
		s.leave(departure{why: "the agent completed it", exit: drivers.Exit{Code: &code}})
		s.exit()
	}
	s.mu.Lock()
	s.turn = nil
	if next := s.next; next != nil {
		s.next = nil
		s.beginLocked(next)
	}
	s.mu.Unlock()
	close(t.done)
}

// closeToSteering marks a turn as ending, unless a steered message still
// waits for its answer, and withdraws its open requests.
func (s *session) closeToSteering(t *turn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(t.steered) > 0 && !t.halted {
		return false
	}
	t.ending = true
	for id, r := range s.pending {
		if r.script == &t.script {
			delete(s.pending, id)
		}
	}
	return true
}

func (t *turn) stopReason() universal.StopReason {
	t.session.mu.Lock()
	defer t.session.mu.Unlock()
	switch {
	case t.interrupted:
		return universal.StopInterrupted
	case t.outcome.stop != "":
		return t.outcome.stop
	}
	return universal.StopEndTurn
}

func (t *turn) haltLocked() {
	if !t.halted {
		t.halted = true
		close(t.halt)
	}
}

// steerLocked adds a message to the running turn.
func (s *session) steerLocked(text string) error {
	t := s.turn
	switch {
	case t == nil || t.ending || t.halted:
		return universal.InvalidRequest("no turn is running that the message could join: send it without steer").With("reason", "no_running_turn")
	case len(t.steered) == maxSteered:
		return universal.SessionBusy(s.cfg.SessionID)
	}
	t.steered = append(t.steered, steered{prefix: s.hear(), text: text})
	select {
	case t.wake <- struct{}{}:
	default: // it is awake already
	}
	return nil
}

// answerSteered answers what was steered so far, and remembers whether that
// told the turn to go on.
func (t *turn) answerSteered() {
	t.session.mu.Lock()
	messages := t.steered
	t.steered = nil
	t.session.mu.Unlock()

	own := t.prefix
	for _, m := range messages {
		t.prefix = m.prefix
		t.input += len(m.text)
		t.say("steered", "Steered: "+m.text)
		t.released = t.released || strings.EqualFold(m.text, "go on")
	}
	t.prefix = own
}
