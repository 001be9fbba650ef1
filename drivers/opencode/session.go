package opencode

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/drivers/shared"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// session is one conversation on a server.
type session struct {
	log    *slog.Logger
	lease  *shared.Lease[*server]
	srv    *server
	place  *place
	sink   drivers.Sink
	system string // appended to the agent's own system prompt

	begun  sync.Once
	native string // set by begin, before the session is known to the server
	files  string // where attachments are saved; "" without a place for them

	telling sync.Mutex     // held while the sink is called
	tasks   sync.WaitGroup // requests on their way that nobody waits for

	mu         sync.Mutex // guards what follows; never held across I/O
	conv       *converter
	settings   drivers.Settings
	saved      int                // attachments
	checkpoint process.Checkpoint // taken when the turn began
	timer      *time.Timer        // asks how the turn is going
	silent     bool               // the sink is told nothing: before the end of the start, and after the end
	ended      bool
}

// sessionInfo is what OpenCode says of a session.
type sessionInfo struct {
	ID        string `json:"id"`
	ParentID  string `json:"parentID"`
	Directory string `json:"directory"`
	Title     string `json:"title"`
}

// begin ties the session to the native one.
func (s *session) begin(info *sessionInfo) {
	s.begun.Do(func() {
		s.native = info.ID
		if root := s.srv.private.Path(); root != "" {
			s.files = filepath.Join(root, attachmentsDir, info.ID)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.conv.root = info.ID
		if info.Directory != "" {
			s.conv.directory = info.Directory
		}
		s.conv.title = info.Title
	})
}

// convert lets the converter deal with something, and does what it wants.
func (s *session) convert(step func(*converter)) {
	s.mu.Lock()
	c := s.conv
	step(c)
	wants, claims := c.wants, c.claims
	c.wants, c.claims = nil, nil
	s.watch(c.watch())
	s.mu.Unlock()
	for _, id := range claims {
		s.srv.claim(s, id)
	}
	for _, w := range wants {
		s.want(w)
	}
}

// want makes a request whose answer the converter gets.
func (s *session) want(w wanted) {
	err := s.srv.send(context.Background(), w.request, &call{of: s, purpose: w.purpose}, nil)
	if err != nil {
		s.log.Debug("a request of a session was not made", "agent", agentID, "path", w.request.Path, "error", err)
	}
}

// watch sets the timer that asks how the turn is going, or stops it. The lock
// is held.
func (s *session) watch(after time.Duration) {
	switch {
	case s.ended || after == 0:
		if s.timer != nil {
			s.timer.Stop()
			s.timer = nil
		}
	case s.timer == nil:
		s.timer = time.AfterFunc(after, s.lookAfter)
	}
}

// lookAfter asks how the turn is going.
func (s *session) lookAfter() {
	s.mu.Lock()
	if s.ended || s.timer == nil {
		s.mu.Unlock()
		return
	}
	s.timer = nil
	s.tasks.Add(1)
	request := s.conv.statusRequest()
	s.mu.Unlock()
	defer s.tasks.Done()
	s.want(request)
}

// flush hands on the events.
func (s *session) flush() {
	s.telling.Lock()
	defer s.telling.Unlock()
	s.mu.Lock()
	events := s.conv.out
	s.conv.out = nil
	silent := s.silent
	s.mu.Unlock()
	if silent || len(events) == 0 {
		if silent && len(events) > 0 {
			s.mu.Lock()
			s.conv.out = append(events, s.conv.out...)
			s.mu.Unlock()
		}
		return
	}
	s.sink.Emit(events)
}

// started lets the sink hear; false when the server has ended meanwhile.
func (s *session) started() bool {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return false
	}
	s.silent = false
	s.mu.Unlock()
	s.flush()
	return true
}

// exit tells that the agent is gone, once; nothing is told after it.
func (s *session) exit(exit drivers.Exit) {
	s.telling.Lock()
	defer s.telling.Unlock()
	s.mu.Lock()
	ended, silent := s.ended, s.silent
	s.ended, s.silent = true, true
	s.watch(0)
	s.mu.Unlock()
	if !ended && !silent {
		s.sink.Exit(exit)
	}
}

// NativeID implements drivers.Session.
func (s *session) NativeID() string { return s.native }

// path is the route of the session, with more behind it.
func (s *session) path(more string) string { return "/session/" + s.native + more }

// query names the session's directory, by which OpenCode finds what belongs to
// it.
func (s *session) query() map[string]string { return s.place.query() }

// killAfter is how long the agent has to end its commands itself. It gives a
// command seconds to end after a first signal.
const killAfter = 300 * time.Millisecond

// interruptWait is how long the agent's answer to an interrupt is waited for,
// which comes when the turn's commands have ended.
const interruptWait = 4 * time.Second

// Interrupt implements drivers.Session.
func (s *session) Interrupt(ctx context.Context) error {
	s.mu.Lock()
	t, checkpoint := &s.conv.turn, s.checkpoint
	active, again := t.active, t.aborted
	if active {
		// One that comes before the agent tells of the turn may be lost.
		t.interrupted, t.aborted = true, t.begun
	}
	s.mu.Unlock()
	if !active || again {
		return nil
	}
	if err := s.abort(ctx, checkpoint); err != nil {
		return fmt.Errorf("interrupt: %w", err)
	}
	return nil
}

// abort ends the running turn with its commands, those of its sub-agents and
// what they have left behind since c.
func (s *session) abort(ctx context.Context, c process.Checkpoint) error {
	asking, cancel := context.WithTimeout(ctx, interruptWait)
	defer cancel()
	aborted := make(chan error, 1)
	go func() { // ends with the answer, or with asking; it is waited for below
		_, err := s.srv.ask(asking, wireRequest{Method: "POST", Path: s.path("/abort")})
		aborted <- err
	}()
	patience := time.NewTimer(killAfter)
	defer patience.Stop()
	select {
	case err := <-aborted:
		s.killCommands(ctx, c)
		return err
	case <-patience.C:
		s.killCommands(ctx, c)
	}
	err := <-aborted
	s.killCommands(ctx, c) // what it has begun meanwhile
	return err
}

// killCommands kills what commands of the session, and of its sub-agents, have
// started since c.
func (s *session) killCommands(ctx context.Context, c process.Checkpoint) {
	s.mu.Lock()
	ids := s.conv.family()
	s.mu.Unlock()
	for _, id := range ids {
		_, err := s.srv.transport.KillMarked(ctx, sessionVariable+"="+id, c)
		if err != nil && !errors.Is(err, errors.ErrUnsupported) {
			s.log.Warn("commands of a session may be left", "agent", agentID, "error", err)
		}
	}
}

// ReplyPermission implements drivers.Session. "Always" is kept by the bridge:
// OpenCode's own reaches other sessions of the directory.
func (s *session) ReplyPermission(ctx context.Context, id string, reply drivers.PermissionReply) error {
	type body struct {
		Reply   string `json:"reply"`
		Message string `json:"message,omitempty"`
	}
	b := body{Reply: "once"}
	switch reply.Decision {
	case drivers.Once, drivers.Always:
	case drivers.Reject:
		// With a text the agent goes on, without one its turn ends.
		b = body{"reject", cmp.Or(reply.Message, refusalText)}
	default:
		return universal.InvalidRequest("reply is %q, want once, always or reject", reply.Decision)
	}
	return s.reply(ctx, "permission", id, wireRequest{
		Method: "POST", Path: "/permission/" + id + "/reply", Query: s.query(), Body: b,
	})
}

// ReplyQuestion implements drivers.Session.
func (s *session) ReplyQuestion(ctx context.Context, id string, reply drivers.QuestionReply) error {
	s.mu.Lock()
	r := s.conv.requests[id]
	s.mu.Unlock()
	if r == nil || r.question == nil {
		return notOpen("question", id)
	}
	answers, err := r.answers(reply)
	if err != nil {
		return err
	}
	return s.reply(ctx, "question", id, wireRequest{
		Method: "POST", Path: "/question/" + id + "/reply", Query: s.query(),
		Body: map[string][][]string{"answers": answers},
	})
}

// reply answers a request of the agent, once.
func (s *session) reply(ctx context.Context, what, id string, r wireRequest) error {
	_, err := s.srv.askAs(ctx, r, &call{answer: make(chan answered, 1)}, func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		open := s.conv.requests[id]
		if open == nil || (open.question != nil) != (what == "question") {
			return notOpen(what, id)
		}
		s.conv.replied(id)
		return nil
	})
	var no *refusal
	if errors.As(err, &no) && no.status == 404 {
		return notOpen(what, id)
	}
	if err != nil {
		return fmt.Errorf("reply to %s: %w", what, err)
	}
	return nil
}

func notOpen(what, id string) error {
	return universal.InvalidRequest("%s %s is not open: unknown or already answered", what, id).With("reason", "not_open")
}

// Update implements drivers.Session. Model, variant and mode are sent along with
// each message.
func (s *session) Update(ctx context.Context, change drivers.Settings) error {
	s.mu.Lock()
	now := s.settings
	s.mu.Unlock()
	next := now
	if change.Model != "" {
		next.Model = change.Model
	}
	if change.Variant != "" {
		next.Variant = change.Variant
	} else if change.Model != "" && change.Model != now.Model {
		next.Variant = "" // it is the other model's
	}
	if change.AgentMode != "" {
		next.AgentMode = change.AgentMode
	}
	if change.PermissionMode != "" {
		next.PermissionMode = change.PermissionMode
	}
	if err := s.checkSettings(&next, now); err != nil {
		return err
	}
	if change.Title != "" {
		_, err := s.srv.ask(ctx, wireRequest{
			Method: "PATCH", Path: s.path(""), Body: map[string]string{"title": change.Title},
		})
		if err != nil {
			return fmt.Errorf("update title: %w", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings = next
	s.conv.window = s.place.window(next.Model)
	return nil
}

// Close implements drivers.Session. The server goes with its last session.
func (s *session) Close(ctx context.Context) error {
	s.mu.Lock()
	active, ended := s.conv.turn.active, s.ended
	s.mu.Unlock()
	if !ended {
		if active {
			if err := s.abort(ctx, process.Checkpoint{}); err != nil {
				s.log.Debug("aborting the turn of a session that is closed failed", "agent", agentID, "error", err)
			}
		} else {
			s.killCommands(ctx, process.Checkpoint{})
		}
	}
	s.srv.release(s)
	s.exit(drivers.Exit{})
	s.tasks.Wait()
	if err := s.lease.Release(ctx); err != nil {
		return fmt.Errorf("close session: %w", err)
	}
	return nil
}

// decode reads the body of an answer.
func decode[T any](body json.RawMessage, err error) (T, error) {
	var v T
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(body, &v); err != nil {
		return v, fmt.Errorf("read an answer of the agent: %w", err)
	}
	return v, nil
}
