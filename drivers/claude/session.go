package claude

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/program"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/drivers/scratch"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// agentID is how clients name the agent.
const agentID = "claude"

// maxRefusals bounds the refusals that wait for the agent to read them.
const maxRefusals = 64

// session is one running CLI. One goroutine reads its lines; it is the only one
// that calls the sink.
type session struct {
	log       *slog.Logger
	trace     func(dir string, line []byte)
	newID     func() string
	transport Transport
	sink      drivers.Sink
	scratch   scratch.Dir // removed at the end

	done    chan struct{}  // closed when the reader has ended
	writing chan struct{}  // holds a token while a line is written
	writes  sync.WaitGroup // lines that are written, and refusals on their way
	refuses chan struct{}  // holds a token for each refusal on its way

	mu         sync.Mutex // guards what follows; never held across I/O
	conv       *converter
	waiting    map[string]chan controlResponse // by request id
	requests   int                             // numbers our control requests
	checkpoint process.Checkpoint              // taken when the turn began
	ended      bool                            // the reader has seen the end
	starting   bool                            // Start has not returned yet
}

func newSession(d *Driver, native string, cfg *drivers.Config, sink drivers.Sink) *session {
	return &session{
		log:      d.opts.Logger,
		trace:    d.opts.Trace,
		newID:    d.opts.NewID,
		sink:     sink,
		done:     make(chan struct{}),
		writing:  make(chan struct{}, 1),
		refuses:  make(chan struct{}, maxRefusals),
		conv:     newConverter(native, cfg.Settings, cfg.Resume != ""),
		waiting:  map[string]chan controlResponse{},
		starting: true,
	}
}

// read is the life of the session: it ends when the agent has.
func (s *session) read() {
	defer close(s.done)
	var b batch
	err := process.Batches{
		Line: func(line []byte) { s.convert(&b, line) },
		TooLong: func(err error) {
			b.events = append(b.events, universal.Event{Type: universal.TypeUnparsed, Data: &universal.UnparsedData{
				Error: err.Error(), Location: "claude: line",
			}})
		},
		Flush: func() { s.flush(&b) },
	}.Read(s.transport)
	s.end(err)
}

// batch is what a few lines gave.
type batch struct {
	events     []universal.Event
	responses  []controlResponse
	background int
	changed    bool // background did
}

func (s *session) convert(b *batch, line []byte) {
	if s.trace != nil {
		s.trace(program.TraceOut, line)
	}
	s.mu.Lock()
	c := s.conv
	b.events = c.Convert(b.events, line)
	b.responses = append(b.responses, c.responses...)
	refuse := c.refuse
	c.responses, c.refuse = c.responses[:0], nil
	if c.tasks.changed {
		c.tasks.changed = false
		b.background, b.changed = c.tasks.n, true
	}
	began := c.beganTurn
	c.beganTurn = false
	s.mu.Unlock()
	if began {
		s.takeCheckpoint()
	}
	for _, id := range refuse {
		s.refuse(id)
	}
}

// refuse answers a request that nobody can. The reader must not wait for the
// agent to read, so that is done beside it; it ends when the agent takes the
// answer or ends.
func (s *session) refuse(id string) {
	select {
	case s.refuses <- struct{}{}:
	default:
		s.log.Warn("the agent asks without reading the answers", "agent", agentID, "request", id)
		return
	}
	s.writes.Go(func() {
		defer func() { <-s.refuses }()
		if err := s.respondError(context.Background(), id, "sandbox-agent does not answer this kind of request"); err != nil {
			s.log.Debug("refusing a request of the agent failed", "error", err)
		}
	})
}

// flush hands on events before the answers that follow them, so that whoever
// asked for a change finds it told.
func (s *session) flush(b *batch) {
	if len(b.events) > 0 {
		s.sink.Emit(b.events)
		clear(b.events) // the sink has them; let go of their data
		b.events = b.events[:0]
	}
	if b.changed {
		s.sink.Background(b.background)
	}
	for _, r := range b.responses {
		s.mu.Lock()
		waiter := s.waiting[r.RequestID]
		delete(s.waiting, r.RequestID)
		s.mu.Unlock()
		if waiter != nil {
			waiter <- r // it has room for the one answer
		}
	}
	clear(b.responses)
	b.responses = b.responses[:0]
	b.changed = false
}

// end clears up after the agent and tells how it ended.
func (s *session) end(readErr error) {
	s.mu.Lock()
	s.ended = true
	waiting := s.waiting
	s.waiting = nil
	s.mu.Unlock()
	// An agent whose output has ended is of no use, even if it lives.
	if err := s.transport.Stop(context.Background(), nil); err != nil {
		s.log.Warn("the agent left processes behind", "agent", agentID, "error", err)
	}
	<-s.transport.Done()
	for _, waiter := range waiting {
		close(waiter)
	}
	s.writes.Wait()
	if err := s.scratch.Remove(); err != nil {
		s.log.Warn("removing a session's temporary files failed", "error", err)
	}
	s.mu.Lock()
	failed := s.starting
	s.mu.Unlock()
	if failed {
		return // Start tells it
	}
	exit := program.Exit(s.transport.Exit())
	if readErr != nil && !errors.Is(readErr, io.EOF) {
		exit.Err = errors.Join(exit.Err, fmt.Errorf("read from the agent: %w", readErr))
	}
	s.sink.Exit(exit)
}

func (s *session) takeCheckpoint() {
	c := s.transport.Checkpoint()
	s.mu.Lock()
	s.checkpoint = c
	s.mu.Unlock()
}

// NativeID implements drivers.Session.
func (s *session) NativeID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conv.native
}

// Send implements drivers.Session.
func (s *session) Send(ctx context.Context, msg drivers.Message) error {
	content, err := messageContent(msg)
	if err != nil {
		return err
	}
	uuid := s.newID()
	line, err := encodeLine(userMessage{
		Type:    "user",
		Message: userContent{Role: "user", Content: content},
		UUID:    uuid,
	})
	if err != nil {
		return fmt.Errorf("send message: %w", err)
	}
	checkpoint := s.transport.Checkpoint()
	err = s.write(ctx, line, func() error {
		if !s.conv.turn.active() {
			if msg.Steer {
				return universal.InvalidRequest("no turn runs that the message could join; send it as a message of its own").With("reason", "no_turn")
			}
			s.checkpoint = checkpoint
		}
		s.conv.Outgoing(line)
		return nil
	})
	if err != nil {
		s.mu.Lock()
		s.conv.turn.forget(uuid)
		s.mu.Unlock()
		return fmt.Errorf("send message: %w", err)
	}
	return nil
}

// interruptWait is how long the agent's answer to an interrupt is waited for
// before its commands are killed anyway.
const interruptWait = time.Second

// prepareWait is how long the answers are waited for to what is asked before an
// interrupt, which is sent anyway.
const prepareWait = 300 * time.Millisecond

// Interrupt implements drivers.Session.
func (s *session) Interrupt(ctx context.Context) error {
	s.mu.Lock()
	active := s.conv.turn.active()
	checkpoint := s.checkpoint
	unseen := ""
	t := &s.conv.turn
	if !t.ownerSeen && s.conv.lifecycle {
		unseen = t.owner
	}
	// What was steered into the turn and waits for its place in it goes with
	// the turn; it would run as a turn of its own.
	request := interruptRequest{"interrupt", len(t.steered) > 0}
	tasks := s.conv.tasks.ofTurn()
	s.mu.Unlock()
	if !active {
		return nil
	}
	preparing, cancel := context.WithTimeout(ctx, prepareWait)
	defer cancel()
	if unseen != "" {
		// The agent is busy with something of its own and would run the
		// message afterwards.
		if _, err := s.ask(preparing, cancelMessageRequest{"cancel_async_message", unseen}); err != nil {
			s.log.Debug("taking back a message failed", "error", err)
		}
	}
	for _, id := range tasks {
		// Of a task that is killed without this, the CLI tells its model, for
		// which it begins another turn.
		if _, err := s.ask(preparing, stopTaskRequest{"stop_task", id}); err != nil {
			s.log.Debug("stopping a background task failed", "error", err)
		}
	}
	asking, cancel := context.WithTimeout(ctx, interruptWait)
	defer cancel()
	_, err := s.ask(asking, request)
	if _, killErr := s.transport.KillSince(ctx, checkpoint); killErr != nil && !errors.Is(killErr, errors.ErrUnsupported) {
		s.log.Warn("commands of an interrupted turn may be left", "agent", agentID, "error", killErr)
	}
	if err != nil {
		return fmt.Errorf("interrupt: %w", err)
	}
	return nil
}

// ReplyPermission implements drivers.Session.
func (s *session) ReplyPermission(ctx context.Context, id string, reply drivers.PermissionReply) error {
	s.mu.Lock()
	r := s.conv.openPermission(id)
	s.mu.Unlock()
	if r == nil {
		return notOpen("permission", id)
	}
	answer, err := r.permissionAnswer(reply)
	if err != nil {
		return err
	}
	return s.respond(ctx, "permission", id, r, answer)
}

// ReplyQuestion implements drivers.Session.
func (s *session) ReplyQuestion(ctx context.Context, id string, reply drivers.QuestionReply) error {
	s.mu.Lock()
	r := s.conv.openQuestion(id)
	mode := s.conv.settings.PermissionMode
	s.mu.Unlock()
	if r == nil {
		return notOpen("question", id)
	}
	answer, err := r.questionAnswer(reply, mode)
	if err != nil {
		return err
	}
	return s.respond(ctx, "question", id, r, answer)
}

// CheckAnswers implements drivers.AnswerChecker: the servers of tools say what
// their forms take.
func (s *session) CheckAnswers(id string, reply drivers.QuestionReply) error {
	s.mu.Lock()
	r := s.conv.openQuestion(id)
	s.mu.Unlock()
	if r == nil || r.kind != askElicitation {
		return nil
	}
	_, err := r.questionAnswer(reply, "")
	return err
}

func notOpen(what, id string) error {
	return universal.InvalidRequest("%s %s is not open: unknown or already answered", what, id).With("reason", "not_open")
}

// updateWait bounds an update. For a model that it doesn't know, the CLI asks
// the model's API.
const updateWait = 30 * time.Second

// Update implements drivers.Session. All of it is checked before anything is
// asked of the agent; if the agent refuses one setting, those before it have
// changed.
func (s *session) Update(ctx context.Context, change drivers.Settings) error {
	if err := checkSettings(change); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, updateWait, universal.Timeout("the agent did not take the change within %v", updateWait))
	defer cancel()
	if change.Model != "" {
		if _, err := s.ask(ctx, setModelRequest{"set_model", change.Model}); err != nil {
			return refused("model", change.Model, err)
		}
	}
	if change.Variant != "" {
		if _, err := s.ask(ctx, flagSettingsRequest{"apply_flag_settings", flagSettings{change.Variant}}); err != nil {
			return refused("variant", change.Variant, err)
		}
	}
	if change.AgentMode != "" || change.PermissionMode != "" {
		if err := s.updateMode(ctx, change); err != nil {
			return err
		}
	}
	if change.Title != "" {
		if _, err := s.ask(ctx, renameRequest{"rename_session", change.Title}); err != nil {
			return refused("title", change.Title, err)
		}
	}
	return nil
}

// updateMode sets the CLI's one mode from our two. The wish is noted first, so
// that the CLI's report of it is no news.
func (s *session) updateMode(ctx context.Context, change drivers.Settings) error {
	s.mu.Lock()
	was := s.conv.settings
	now := was
	if change.AgentMode != "" {
		now.AgentMode = change.AgentMode
	}
	if change.PermissionMode != "" {
		now.PermissionMode = change.PermissionMode
	}
	s.conv.settings = now
	s.mu.Unlock()
	_, err := s.ask(ctx, setModeRequest{"set_permission_mode", nativeMode(now)})
	if err == nil {
		return nil
	}
	s.mu.Lock()
	if s.conv.settings == now {
		s.conv.settings = was
	}
	s.mu.Unlock()
	return refused("mode", nativeMode(now), err)
}

// refused makes a typed error of the agent's no.
func refused(what, value string, err error) error {
	var no *refusalError
	if errors.As(err, &no) {
		return universal.InvalidRequest("%s %q: the agent refused it: %s", what, value, no.text).Because(err)
	}
	return fmt.Errorf("update %s: %w", what, err)
}

// Close implements drivers.Session.
func (s *session) Close(ctx context.Context) error {
	err := s.transport.Stop(ctx, func(ctx context.Context) error {
		s.mu.Lock()
		active := s.conv.turn.active()
		s.mu.Unlock()
		if !active {
			return nil
		}
		_, err := s.ask(ctx, interruptRequest{Subtype: "interrupt"})
		return err
	})
	<-s.done
	if err != nil {
		return fmt.Errorf("close session: %w", err)
	}
	return nil
}

// write hands the agent one line. First note is called, with the lock held:
// lines are noted in the order in which they are written, and one that note
// objects to is not. When ctx ends before the agent has read it all, write
// returns and the agent may still get the line; a part of one would kill it.
func (s *session) write(ctx context.Context, line []byte, note func() error) error {
	select {
	case s.writing <- struct{}{}:
	case <-s.done:
		return s.unread(errAgentGone)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := s.begin(note); err != nil {
		<-s.writing
		return err
	}
	if s.trace != nil {
		s.trace(program.TraceIn, line[:len(line)-1])
	}
	written := make(chan error, 1)
	go func() { // ends when the agent takes the line or ends; the reader waits for it
		defer s.writes.Done()
		err := s.transport.Write(line)
		<-s.writing
		written <- err
	}()
	select {
	case err := <-written:
		return s.writeError(err)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// begin notes a line that is about to be written, for which writes is told.
func (s *session) begin(note func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return s.unread(errAgentGone)
	}
	if err := note(); err != nil {
		return err
	}
	s.writes.Add(1)
	return nil
}

func (s *session) writeError(err error) error {
	if errors.Is(err, process.ErrExited) || errors.Is(err, process.ErrInputClosed) {
		return s.unread(err)
	}
	return err
}

// unread is the error of a line that the agent, which has ended, did not get.
func (s *session) unread(cause error) error {
	exit := s.transport.Exit()
	return universal.AgentProcessExited(agentID, exit.Code, exit.Stderr.Head).Because(fmt.Errorf("%w: %w", drivers.ErrNotTaken, cause))
}

// encodeLine makes a line of a message. The CLI dies of one that is no JSON.
func encodeLine(message any) ([]byte, error) {
	line, err := json.Marshal(message)
	if err != nil {
		return nil, err
	}
	return append(line, '\n'), nil
}
