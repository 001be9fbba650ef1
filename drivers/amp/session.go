package amp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// session is one conversation. Between its turns no process runs; in a turn one
// goroutine reads its process, and only that one calls the sink. At the end of
// the session whoever ends it does so, when no turn runs any more.
type session struct {
	driver  *Driver
	log     *slog.Logger
	program program
	dir     string
	env     []string
	place   *workplace
	sink    drivers.Sink

	mu       sync.Mutex // guards what follows; never held across I/O
	conv     *converter
	settings drivers.Settings
	running  *run // the process of the running turn; nil between turns
	ending   bool // Close was called, or the agent died

	exit sync.Once
	over chan struct{} // closed when the sink has been told of the end
}

// run is the process of one turn.
type run struct {
	Transport
	done chan struct{} // closed when the turn has ended

	// guarded by the session's lock
	interrupted bool
	stalled     limit
}

func newSession(d *Driver, p program, cfg drivers.Config, env []string, place *workplace, sink drivers.Sink) *session {
	return &session{
		driver:   d,
		log:      d.opts.Logger,
		program:  p,
		dir:      cfg.Directory,
		env:      env,
		place:    place,
		sink:     sink,
		conv:     newConverter(d.opts.NewID(), cfg.Resume, cfg.Directory),
		settings: cfg.Settings,
		over:     make(chan struct{}),
	}
}

// NativeID implements drivers.Session.
func (s *session) NativeID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conv.thread
}

// Send implements drivers.Session: it starts the process of a turn.
func (s *session) Send(ctx context.Context, msg drivers.Message) error {
	if msg.Steer {
		return universal.NotSupported(agentID, "takes no message into a running turn; send it as a turn of its own")
	}
	line, err := s.program.generation.messageLine(msg)
	if err != nil {
		return err
	}
	r := &run{done: make(chan struct{})}
	settings, thread, err := s.reserve(r)
	if err != nil {
		return err
	}
	transport, err := s.driver.launch(ctx, process.Spec{
		Path:   s.program.path,
		Args:   s.program.generation.arguments(thread, &settings, s.place),
		Dir:    s.dir,
		Env:    s.env,
		Graces: graces(),
	})
	if err != nil {
		s.release(r)
		return startError(ctx, err)
	}
	s.mu.Lock()
	r.Transport = transport
	stop := r.interrupted || s.ending
	s.mu.Unlock()
	written := make(chan error, 1)
	go s.read(r, stop, func() { // ends with the process; r.done tells
		err := s.write(r, line)
		if err == nil {
			err = s.write(r, []byte(endLine))
		}
		written <- err
	})
	select {
	case err = <-written:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil && ctx.Err() != nil {
		s.interrupt(r)
		return universal.Timeout("sending the message was given up: %v", err).Because(err)
	}
	// A process that ended before it took the message tells how the turn ended.
	return nil
}

// reserve makes a turn the running one, before it has a process.
func (s *session) reserve(r *run) (settings drivers.Settings, thread string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ending:
		return settings, "", s.gone()
	case s.running != nil:
		return settings, "", universal.Errorf(universal.KindSessionBusy, "session busy: a turn runs; send the message when it has ended")
	}
	s.running = r
	bypass := s.settings.PermissionMode == drivers.PermissionBypass
	s.conv.start(s.program.generation, s.program.generation.mode(s.settings.AgentMode), rules{bypass: bypass, ask: s.place.ask})
	return s.settings, s.conv.thread, nil
}

// release takes back a turn that has got no process.
func (s *session) release(r *run) {
	s.mu.Lock()
	s.running = nil
	s.mu.Unlock()
	close(r.done)
}

// gone is the error of whatever needs an agent that has ended.
func (s *session) gone() error { return universal.AgentProcessExited(agentID, nil, "") }

func (s *session) write(r *run, lines []byte) error {
	if trace := s.driver.opts.Trace; trace != nil {
		trace(TraceIn, lines[:len(lines)-1])
	}
	return r.Write(lines)
}

// read is the life of a turn: it ends when its process has.
func (s *session) read(r *run, stop bool, send func()) {
	var beside sync.WaitGroup // what must not keep the reader from reading
	heard := make(chan limit)
	beside.Go(send) // ends when the process takes the message or ends
	beside.Go(func() { watch(heard, func(at limit) { s.stall(r, at) }) })
	halt := func() {
		beside.Go(func() { _ = r.Stop(context.Background(), nil) }) // its end is waited for below
	}
	if stop {
		halt()
	}
	var fatal error
	var events []universal.Event
	var readErr error
	heard <- limitBegin
	for readErr == nil {
		line, _, err := r.ReadLine()
		switch {
		case errors.Is(err, process.ErrLineTooLong):
			events = append(events[:0], universal.Event{Type: universal.TypeUnparsed, Data: &universal.UnparsedData{
				Error: err.Error(), Location: "amp: line",
			}})
			s.sink.Emit(events)
			continue
		case err != nil:
			readErr = err
			continue
		case len(line) == 0:
			continue
		}
		var answers []answerLine
		var news error
		var now limit
		events, answers, now, news = s.convert(events[:0], line)
		if len(events) > 0 {
			s.sink.Emit(events)
		}
		if news != nil && fatal == nil {
			fatal = news
			halt()
		}
		for _, a := range answers {
			beside.Go(func() { s.answer(r, a) }) // small, to one who reads
		}
		heard <- now
	}
	close(heard)
	// A process whose output has ended is of no use, even if it lives.
	if err := r.Stop(context.Background(), nil); err != nil {
		s.log.Warn("the agent left processes behind", "agent", agentID, "error", err)
	}
	<-r.Done()
	beside.Wait()
	if errors.Is(readErr, io.EOF) {
		readErr = nil
	}
	s.finish(r, fatal, readErr, events[:0])
}

func (s *session) convert(events []universal.Event, line []byte) ([]universal.Event, []answerLine, limit, error) {
	if trace := s.driver.opts.Trace; trace != nil {
		trace(TraceOut, line)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.conv
	events = c.Convert(events, line)
	answers, fatal := c.answers, c.fatal
	c.answers, c.fatal = nil, nil
	return events, answers, c.limit(), fatal
}

// answer says what no person has to decide.
func (s *session) answer(r *run, a answerLine) {
	line, err := encodeLine(a)
	if err == nil {
		err = s.write(r, line)
	}
	if err != nil {
		s.log.Debug("answering a request of the agent failed", "agent", agentID, "error", err)
	}
}

// stall stops a process that hangs.
func (s *session) stall(r *run, at limit) {
	s.mu.Lock()
	r.stalled = at
	s.mu.Unlock()
	s.log.Warn("amp has said nothing for too long and is stopped", "limit", at.duration())
	_ = r.Stop(context.Background(), nil) // the reader waits for its end
}

// finish tells how a turn ended, or that the agent has died in it.
func (s *session) finish(r *run, fatal, readErr error, events []universal.Event) {
	exit := r.Exit()
	s.mu.Lock()
	events, crashed := s.conv.end(events, ending{exit: exit, interrupted: r.interrupted || s.ending, stalled: r.stalled, fatal: fatal})
	crashed = crashed && !s.ending
	if crashed {
		s.ending = true
	} else {
		// The receiver may send the next message as soon as it has the end.
		s.running = nil
	}
	s.mu.Unlock()
	if crashed {
		told := exitOf(exit)
		if readErr != nil {
			told.Err = errors.Join(told.Err, fmt.Errorf("read from the agent: %w", readErr))
		}
		s.tellExit(told)
		s.mu.Lock()
		s.running = nil
		s.mu.Unlock()
	} else if len(events) > 0 {
		s.sink.Emit(events)
	}
	close(r.done)
}

// tellExit ends the session, once.
func (s *session) tellExit(exit drivers.Exit) {
	s.exit.Do(func() {
		if err := s.place.remove(); err != nil {
			s.log.Warn("removing a session's temporary files failed", "error", err)
		}
		s.sink.Exit(exit)
		close(s.over)
	})
}

func exitOf(e process.Exit) drivers.Exit {
	return drivers.Exit{Code: e.Code, Signal: e.Signal, Err: e.Err, Stderr: stderrOf(e.Stderr)}
}

// current is the running turn's process, nil if there is none.
func (s *session) current() *run {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running
}

// interrupt stops the process of a turn, with all that it started.
func (s *session) interrupt(r *run) {
	s.mu.Lock()
	r.interrupted = true
	transport := r.Transport
	s.mu.Unlock()
	if transport == nil {
		return // it is being started; Send finds the mark
	}
	if err := transport.Stop(context.Background(), nil); err != nil {
		s.log.Warn("commands of an interrupted turn may be left", "agent", agentID, "error", err)
	}
}

// Interrupt implements drivers.Session. The CLI ends with its turn: at SIGTERM
// it stops what it runs and says so; whatever is left after that is killed.
func (s *session) Interrupt(ctx context.Context) error {
	r := s.current()
	if r == nil {
		return nil
	}
	s.mu.Lock()
	r.interrupted = true
	transport := r.Transport
	s.mu.Unlock()
	if transport != nil {
		if err := transport.Stop(ctx, nil); err != nil {
			return fmt.Errorf("interrupt: %w", err)
		}
	}
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("interrupt: %w", context.Cause(ctx))
	}
}

// ReplyPermission implements drivers.Session.
func (s *session) ReplyPermission(_ context.Context, id string, reply drivers.PermissionReply) error {
	a, err := permissionAnswer(reply)
	if err != nil {
		return err
	}
	return s.reply("permission", id, func() (*asked, answer, error) { return s.conv.openPermission(id), a, nil })
}

// ReplyQuestion implements drivers.Session.
func (s *session) ReplyQuestion(_ context.Context, id string, reply drivers.QuestionReply) error {
	return s.reply("question", id, func() (*asked, answer, error) {
		open := s.conv.openQuestion(id)
		if open == nil {
			return nil, answer{}, nil
		}
		a, err := questionAnswer(open.question, reply)
		return open, a, err
	})
}

// reply answers a request, once. find is called with the lock held.
func (s *session) reply(what, id string, find func() (*asked, answer, error)) error {
	s.mu.Lock()
	open, said, err := find()
	r := s.running
	if err != nil || open == nil || r == nil {
		ending := s.ending
		s.mu.Unlock()
		switch {
		case err != nil:
			return err
		case ending:
			return s.gone()
		}
		return universal.InvalidRequest("%s %s is not open: unknown or already answered", what, id).With("reason", "not_open")
	}
	s.conv.Outgoing(open, said)
	s.mu.Unlock()
	line, err := encodeLine(answerLine{Type: typeAnswer, ID: open.number, Answer: said})
	if err == nil {
		err = s.write(r, line)
	}
	if err != nil {
		return fmt.Errorf("reply to %s: %w", what, err)
	}
	return nil
}

// Update implements drivers.Session: it holds from the next turn on, as a
// process keeps the mode that it was started in.
func (s *session) Update(_ context.Context, change drivers.Settings) error {
	if err := checkSettings(s.program.generation, change); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return s.gone()
	}
	for _, f := range []struct{ to, value *string }{
		{&s.settings.AgentMode, &change.AgentMode},
		{(*string)(&s.settings.PermissionMode), (*string)(&change.PermissionMode)},
		{&s.settings.Title, &change.Title},
	} {
		if *f.value != "" {
			*f.to = *f.value
		}
	}
	return nil
}

// Close implements drivers.Session.
func (s *session) Close(ctx context.Context) error {
	s.mu.Lock()
	s.ending = true
	r := s.running
	var transport Transport
	if r != nil {
		transport = r.Transport
	}
	s.mu.Unlock()
	if transport != nil {
		if err := transport.Stop(ctx, nil); err != nil && ctx.Err() != nil {
			return fmt.Errorf("close: %w", err)
		}
	}
	if r != nil {
		select {
		case <-r.done:
		case <-ctx.Done():
			return fmt.Errorf("close: %w", context.Cause(ctx))
		}
	}
	s.tellExit(drivers.Exit{Code: new(int)})
	<-s.over
	return nil
}
