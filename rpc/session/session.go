package session

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
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
	number  uint64        // grows from session to session; the manager sets it
	options CreateOptions // as given, secrets included

	// ctx ends when the session does; its cause says why.
	ctx    context.Context
	cancel context.CancelCauseFunc
	// tasks are the goroutines that talk to the agent.
	tasks     sync.WaitGroup
	followers followers

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
	interrupts int       // calls of the agent's Interrupt that are under way
	calm       sync.Cond // of mu: there is none any more
	memory     bool      // the agent's conversation has begun, so a start resumes it
	completed  bool      // some turn has ended by itself
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
	rest       *time.Timer // nil while a turn runs
}

// turn is a message's way through the session, or work the agent began.
type turn struct {
	id              string
	message         drivers.Message
	content         universal.Content
	clientMessageID string

	ctx         context.Context // ends when the turn is interrupted before it was sent
	cancel      context.CancelFunc
	sending     bool              // the agent is being handed the message
	delivered   bool              // the agent has the message
	steering    []drivers.Message // messages that joined and are not handed over yet
	handing     bool              // somebody hands them over, or will
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
	s.armRestTimer()
	s.mu.Unlock()
	s.spill(s.log.Spill)
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
	buf, whole := appendRaw(s.batch.EndHead(buf), ev, s.batch.Size()+eventlog.MaxRecord)
	if !whole {
		s.logger.Warn("session: an event is kept without what the agent sent, which is too long", "session", s.id, "sequence", ev.Sequence, "bytes", len(ev.Raw))
	}
	s.batch.End(buf)
}

// appendRaw appends what the agent sent, unless buf becomes longer than most
// bytes by it: the log would refuse the event with all that comes along.
func appendRaw(buf []byte, ev *universal.Event, most int) (_ []byte, whole bool) {
	head := len(buf)
	switch {
	case ev.Raw == nil:
		return buf, true
	case head+len(ev.Raw) > most:
		return buf, false // found here, before so much is copied in vain
	case ev.Type == universal.TypeUnparsed && !json.Valid(ev.Raw):
		buf = universal.AppendString(buf, string(ev.Raw))
	default:
		buf = universal.AppendRaw(buf, ev.Raw)
	}
	if len(buf) > most { // by its escapes
		return buf[:head], false
	}
	return buf, true
}

func (s *Session) turnStarted(d *universal.TurnStartedData) {
	s.dirty = true
	s.usage.startTurn()
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
