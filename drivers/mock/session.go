package mock

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// session is one conversation. While idle it is this struct and nothing else;
// each turn and each background task is a goroutine that Close waits for.
type session struct {
	driver *Driver
	cfg    drivers.Config // as started; the settings in it are not read
	native string
	talk   *conversation
	work   sync.WaitGroup
	gone   chan struct{} // closed when the agent leaves

	// sinkMu makes the sink's calls come one at a time, and is the only lock
	// held while the sink runs. It is never taken while mu is held.
	sinkMu sync.Mutex
	sink   drivers.Sink
	exited bool

	mu       sync.Mutex
	settings drivers.Settings
	turn     *turn               // the running one
	next     *turn               // accepted while turn ends by itself
	pending  map[string]*request // open permissions and questions, by id
	tasks    map[*task]bool      // those in the background
	left     *departure          // why the agent is gone; nil while it is there
}

// departure is why an agent left.
type departure struct {
	why     string
	crashed bool
	exit    drivers.Exit
}

func newSession(d *Driver, cfg drivers.Config, sink drivers.Sink, native string, talk *conversation) *session {
	s := &session{driver: d, cfg: cfg, native: native, talk: talk, sink: sink, gone: make(chan struct{})}
	s.settings = drivers.Settings{
		Model: modelID, AgentMode: drivers.ModeBuild, PermissionMode: drivers.PermissionDefault,
	}
	s.settings = changed(s.settings, cfg.Settings)
	return s
}

// changed returns the settings with those fields replaced that are set.
func changed(set, by drivers.Settings) drivers.Settings {
	for _, field := range []struct{ to, from *string }{
		{&set.Model, &by.Model}, {&set.Variant, &by.Variant}, {&set.AgentMode, &by.AgentMode}, {&set.Title, &by.Title},
	} {
		if *field.from != "" {
			*field.to = *field.from
		}
	}
	if by.PermissionMode != "" {
		set.PermissionMode = by.PermissionMode
	}
	return set
}

// NativeID is "mock-<session id>", or the id that was resumed.
func (s *session) NativeID() string { return s.native }

// Send begins a turn or, with Steer, adds to the running one. While a turn
// of a client runs, another is refused as busy; one message is kept while a
// turn that the agent began by itself runs.
func (s *session) Send(ctx context.Context, msg drivers.Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	text := messageText(msg)
	if text == "" {
		return universal.InvalidRequest("the message is empty: send some text, such as help")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left != nil {
		return s.departed()
	}
	if msg.Steer {
		return s.steerLocked(text)
	}
	switch {
	case s.turn == nil:
		s.beginLocked(s.newTurn(msg, text))
	case s.next == nil && (s.turn.ending || s.turn.own):
		s.next = s.newTurn(msg, text)
	default:
		return universal.SessionBusy(s.cfg.SessionID)
	}
	return nil
}

// messageText is the trimmed text with the attached paths appended, as for
// agents that know only text. A message of nothing but
// files asks for their list.
func messageText(msg drivers.Message) string {
	text := strings.TrimSpace(msg.Text)
	if text == "" && len(msg.Attachments) > 0 {
		text = "attachments"
	}
	block := "\n\nAttachments:"
	for _, a := range msg.Attachments {
		if a.Path != "" {
			text += block + "\n- " + a.Path
			block = ""
		}
	}
	return text
}

// hear counts a message and returns the prefix of all that answers it.
func (s *session) hear() string {
	return "mock_" + strconv.Itoa(s.driver.memory.hear(s.talk))
}

// Interrupt ends the running turn; it does nothing when none runs.
func (s *session) Interrupt(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left != nil {
		return s.departed()
	}
	if s.turn != nil {
		s.turn.interrupted = true
		s.turn.haltLocked()
	}
	return nil
}

// Update changes settings at once; what runs already may still use the old
// ones.
func (s *session) Update(ctx context.Context, change drivers.Settings) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := checkSettings(change); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left != nil {
		return s.departed()
	}
	s.settings = changed(s.settings, change)
	return nil
}

// Close ends the agent. It waits for what runs, which stops at its next
// event; a sink that blocks is therefore waited for.
func (s *session) Close(context.Context) error {
	code := 0
	s.leave(departure{why: "it was closed", exit: drivers.Exit{Code: &code}})
	s.work.Wait()
	s.exit()
	return nil
}

// leave makes the agent go, for the first reason that is given: everything
// that runs is stopped and says no more.
func (s *session) leave(d departure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left != nil {
		return
	}
	s.left = &d
	s.next, s.pending = nil, nil
	close(s.gone)
	if s.turn != nil {
		s.turn.haltLocked()
	}
}

// exit tells the sink, once, that the agent has left.
func (s *session) exit() {
	s.mu.Lock()
	left := s.left.exit
	s.mu.Unlock()

	s.sinkMu.Lock()
	defer s.sinkMu.Unlock()
	if !s.exited {
		s.exited = true
		s.sink.Exit(left)
	}
}

// departed is the error of whatever comes too late.
func (s *session) departed() error {
	if s.left.crashed {
		return universal.AgentProcessExited(ID, s.left.exit.Code, s.left.exit.Stderr.Head)
	}
	return universal.SessionEnded(s.cfg.SessionID, s.left.why)
}

func (s *session) hasLeft() bool {
	select {
	case <-s.gone:
		return true
	default:
		return false
	}
}

// current returns the settings as they are now.
func (s *session) current() drivers.Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings
}

// emit hands events to the sink, unless it was told that the agent is gone.
func (s *session) emit(events ...universal.Event) {
	s.sinkMu.Lock()
	defer s.sinkMu.Unlock()
	if !s.exited {
		s.sink.Emit(events)
	}
}
