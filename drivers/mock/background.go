package mock

import (
	"fmt"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// maxTasks bounds the background tasks of a session.
const maxTasks = 16

// task is a sub-agent that outlives the turn that launched it. When it comes
// back, it begins a turn of the agent's own.
type task struct {
	script
	launched *universal.Item
	command  string        // what it asks permission for on the way; "" for nothing
	hold     chan struct{} // closed when it may go on
	held     bool          // guarded by the session's mutex
}

// background launches a sub-agent and ends the turn.
func (t *turn) background() {
	words := strings.TrimSpace(t.rest)
	rest, held := strings.CutPrefix(words, "hold")
	_, command, _ := strings.Cut(rest, "gate ")
	title := "Work in the background"

	call := t.launch("background", title, true)
	if t.stopped() {
		return // the launch may not have been told
	}
	work := &task{launched: call, command: strings.TrimSpace(command), hold: make(chan struct{}), held: held}
	work.script = newScript(t.session, t.prefix, t.session.gone)
	if !held {
		close(work.hold)
	}
	if !t.session.startTask(t, work) {
		t.result("background_result", universal.ToolResultPart{CallID: t.key("background"), Output: "too many background tasks are running", IsError: true})
		return
	}
	t.result("background_result", universal.ToolResultPart{CallID: t.key("background"), Output: "started in the background"})
	t.say("launched", "It works in the background.")
}

// startTask begins a background task, which waits for the end of its turn. It
// tells whether there was room for one more.
func (s *session) startTask(t *turn, work *task) bool {
	s.mu.Lock()
	ok := s.left == nil && len(s.tasks) < maxTasks
	if ok {
		if s.tasks == nil {
			s.tasks = make(map[*task]bool)
		}
		s.tasks[work] = true
		s.work.Go(func() { s.runTask(t.done, work) })
	}
	s.mu.Unlock()
	if ok {
		s.tellTasks()
	}
	return ok
}

// runTask ends with the task, or when the agent leaves.
func (s *session) runTask(launched <-chan struct{}, work *task) {
	for _, signal := range []<-chan struct{}{launched, work.hold} {
		select {
		case <-signal:
		case <-s.gone:
			return
		}
	}
	work.tell()
	s.mu.Lock()
	delete(s.tasks, work)
	s.mu.Unlock()
	s.tellTasks()
	if t := s.beginOwn(work); t != nil {
		t.say("returned", "The work in the background is done.")
		s.finish(t)
	}
}

// tell is what the sub-agent does; all of it belongs to its launch.
func (w *task) tell() {
	w.within(w.launched, func() {
		w.say("background_message", "I am working in the background.")
		if w.command != "" {
			w.runGated("background_gate", w.command)
		}
		call := w.key("background_read")
		w.call("background_read_call", universal.ToolCallPart{Name: "Read", Arguments: `{"path":"readme.md"}`, CallID: call, ToolKind: universal.ToolRead, Title: "readme.md"})
		w.result("background_read_result", universal.ToolResultPart{CallID: call, Output: "mock readme"})
	})
}

// tellTasks tells the sink how many background tasks there are.
func (s *session) tellTasks() {
	s.sinkMu.Lock()
	defer s.sinkMu.Unlock()
	if s.exited {
		return
	}
	s.sink.Background(s.countTasks())
}

func (s *session) countTasks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.tasks)
}

// beginOwn begins a turn of the agent's own as soon as no other runs; nil
// when the agent leaves before. The caller's goroutine tells it.
func (s *session) beginOwn(work *task) *turn {
	t := &turn{own: true, done: make(chan struct{})}
	t.script = newScript(s, work.prefix, make(chan struct{}))
	t.wake = make(chan struct{}, 1)
	t.awake = t.answerSteered
	for {
		s.mu.Lock()
		running := s.turn
		switch {
		case s.left != nil:
			s.mu.Unlock()
			return nil
		case running == nil:
			s.turn = t
			s.mu.Unlock()
			s.emit(agentEvent(universal.TypeTurnStarted, &universal.TurnStartedData{Phase: universal.PhaseStarted, Origin: universal.OriginAgent}))
			return t
		}
		s.mu.Unlock()
		select {
		case <-running.done:
		case <-s.gone:
			return nil
		}
	}
}

// release lets the held background tasks go on.
func (t *turn) release() {
	s, n := t.session, 0
	s.mu.Lock()
	for work := range s.tasks {
		if work.held {
			work.held = false
			close(work.hold)
			n++
		}
	}
	s.mu.Unlock()
	t.say("release", fmt.Sprintf("released: %d", n))
}
