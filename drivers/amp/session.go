package amp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/program"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// session is one conversation. Between its turns no process runs; in a turn one
// goroutine reads its process, and only that one calls the sink. At the end of
// the session whoever ends it does so, when no turn runs any more.
type session struct {
	driver  *Driver
	log     *slog.Logger
	program installed
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
	beside sync.WaitGroup // what must not keep the reader from reading
	done   chan struct{}  // closed when the turn has ended

	// guarded by the session's lock
	interrupted bool
	stalled     limit
}

func newSession(d *Driver, p installed, cfg drivers.Config, env []string, place *workplace, sink drivers.Sink) *session {
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

// Send implements drivers.Session: it starts the process of a turn, or hands a
// steering message to the one that runs.
func (s *session) Send(ctx context.Context, msg drivers.Message) error {
	if msg.Steer && s.program.generation != native {
		return universal.NotSupported(agentID, "takes no message into a running turn in this version; send it as a turn of its own")
	}
	line, texts, err := s.program.generation.messageLine(msg)
	if err != nil {
		return err
	}
	if msg.Steer {
		return s.steer(ctx, line, texts)
	}
	r := &run{done: make(chan struct{})}
	settings, thread, err := s.reserve(r, texts)
	if err != nil {
		return err
	}
	transport, err := s.driver.opts.Launch(ctx, process.Spec{
		Path:   s.program.path,
		Args:   s.program.generation.arguments(thread, &settings, s.place),
		Dir:    s.dir,
		Env:    s.env,
		Graces: graces(),
	})
	if err != nil {
		s.release(r)
		return program.NotStarted(ctx, agentID, err)
	}
	s.mu.Lock()
	r.Transport = transport
	stop := r.interrupted || s.ending
	s.mu.Unlock()
	written := make(chan error, 1)
	go s.read(r, stop, func() { // ends with the process; r.done tells
		err := s.write(r, line)
		if err == nil && s.program.generation != native {
			// The JavaScript builds take a second message for an end of the
			// first one, and hang in some places while more could come.
			err = s.write(r, []byte(endLine))
		}
		written <- err
	})
	select {
	case <-written:
		// A process that ended before it took the message tells how the turn
		// ended.
		return nil
	case <-ctx.Done():
		_ = s.stop(context.WithoutCancel(ctx), r) // the reader tells what is left
		return universal.Timeout("sending the message was given up: %v", context.Cause(ctx))
	}
}

// steer hands a message to the running turn. The CLI takes it to Amp's service,
// which gives it to the model with the next results, or else after its answer.
func (s *session) steer(ctx context.Context, line []byte, texts int) error {
	s.mu.Lock()
	r, t := s.running, &s.conv.turn
	if s.ending {
		s.mu.Unlock()
		return s.gone()
	}
	if r == nil || r.Transport == nil || !t.open {
		s.mu.Unlock()
		return universal.InvalidRequest("no turn runs that the message could join; send it as a message of its own").With("reason", "no_turn")
	}
	t.sent += texts // so that its input stays open for it
	written := make(chan error, 1)
	// Under the lock: while the input is open, the reader doesn't wait for what
	// is beside it.
	r.beside.Go(func() { written <- s.write(r, line) }) // ends when the process takes it or ends
	s.mu.Unlock()
	var err error
	select {
	case err = <-written:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("send message: %w", err)
	}
	return nil
}

// reserve makes a turn the running one, before it has a process.
func (s *session) reserve(r *run, texts int) (settings drivers.Settings, thread string, err error) {
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
	s.conv.start(s.program.generation, s.program.generation.mode(s.settings.AgentMode), rules{bypass: bypass, ask: s.place.ask}, texts)
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
		trace(program.TraceIn, lines[:len(lines)-1])
	}
	return r.Write(lines)
}

// heard is a line of the process, or the error that ended its output.
type heard struct {
	line []byte
	err  error
}

// listen reads the process's lines to the end. Each is valid until the next
// value is taken from more.
func (r *run) listen(lines chan<- heard, more <-chan struct{}) {
	for {
		line, _, err := r.ReadLine()
		lines <- heard{line, err}
		if err != nil && !errors.Is(err, process.ErrLineTooLong) {
			return
		}
		<-more
	}
}

// read is the life of a turn: it ends when its process has.
func (s *session) read(r *run, stop bool, send func()) {
	lines, more := make(chan heard), make(chan struct{})
	r.beside.Go(send) // ends when the process takes the message or ends
	r.beside.Go(func() { r.listen(lines, more) })
	if stop {
		s.halt(r)
	}
	var (
		events  []universal.Event
		fatal   error
		readErr error
		now     = limitBegin
		silence = time.NewTimer(now.duration())
	)
	defer silence.Stop()
	for readErr == nil {
		var news outcome
		select {
		case h := <-lines:
			switch {
			case errors.Is(h.err, process.ErrLineTooLong):
				news.events = append(events[:0], universal.Event{Type: universal.TypeUnparsed, Data: &universal.UnparsedData{
					Error: h.err.Error(), Location: "amp: line",
				}})
				news.limit = now
			case h.err != nil:
				readErr = h.err
				continue
			default:
				news = s.convert(events[:0], h.line)
			}
			s.heed(r, &news, &fatal)
			more <- struct{}{}
		case <-silence.C:
			news = s.silent(r, now, events[:0])
			s.heed(r, &news, &fatal)
		}
		events, now = news.events, news.limit
		if now == noLimit {
			silence.Stop()
		} else {
			silence.Reset(now.duration())
		}
	}
	s.mu.Lock()
	s.conv.turn.open = false
	s.mu.Unlock()
	// A process whose output has ended is of no use, even if it lives.
	if err := r.Stop(context.Background(), nil); err != nil {
		s.log.Warn("the agent left processes behind", "agent", agentID, "error", err)
	}
	<-r.Done()
	r.beside.Wait()
	if errors.Is(readErr, io.EOF) {
		readErr = nil
	}
	s.finish(r, fatal, readErr, events[:0])
}

// halt stops the process beside the reader, which waits for its end.
func (s *session) halt(r *run) {
	r.beside.Go(func() { _ = r.Stop(context.Background(), nil) })
}

// outcome is what follows from a line, or from its absence.
type outcome struct {
	events  []universal.Event
	answers []answerLine // to requests that no person has to see
	end     bool         // the CLI gets no more messages
	fatal   error
	limit   limit // of the silence that follows
}

func (s *session) convert(events []universal.Event, line []byte) outcome {
	if len(line) > 0 {
		if trace := s.driver.opts.Trace; trace != nil {
			trace(program.TraceOut, line)
		}
	}
	seen := look(line, s.dir)
	s.mu.Lock()
	defer s.mu.Unlock()
	if seen != nil {
		s.conv.known.set(seen.path, seen.text)
	}
	if len(line) > 0 {
		events = s.conv.Convert(events, line)
	}
	return s.outcome(events)
}

// outcome takes from the converter what is to be done. The lock is held.
func (s *session) outcome(events []universal.Event) outcome {
	c := s.conv
	o := outcome{events: events, answers: c.answers, fatal: c.fatal}
	c.answers, c.fatal = nil, nil
	if c.isComplete() {
		c.turn.open, o.end = false, true
	}
	o.limit = c.limit()
	return o
}

// heed does what follows from a line.
func (s *session) heed(r *run, o *outcome, fatal *error) {
	if len(o.events) > 0 {
		s.sink.Emit(o.events)
		clear(o.events) // the sink has them; let go of their data
	}
	if o.fatal != nil && *fatal == nil {
		*fatal = o.fatal
		s.halt(r)
	}
	for _, a := range o.answers {
		r.beside.Go(func() { s.answer(r, a) })
	}
	if o.end {
		r.beside.Go(func() {
			if err := s.write(r, []byte(endLine)); err != nil {
				s.log.Debug("ending the agent's input failed", "agent", agentID, "error", err)
			}
		})
	}
}

// silent decides what becomes of a process that has said nothing for as long
// as it may.
func (s *session) silent(r *run, at limit, events []universal.Event) outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch at {
	case limitHeld:
		return s.outcome(s.conv.release(events))
	case limitOpen:
		s.conv.turn.open = false
		o := s.outcome(events)
		o.end = true
		return o
	}
	r.stalled = at
	s.log.Warn("amp has said nothing for too long and is stopped", "after", at.duration())
	s.halt(r)
	return outcome{events: events}
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
	thread := s.conv.thread
	s.mu.Unlock()
	if thread != "" {
		s.driver.threads.add(thread)
	}
	if crashed {
		told := program.Exit(exit)
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

// stop stops the process of a turn, with all that it started: somebody wants
// that.
func (s *session) stop(ctx context.Context, r *run) error {
	s.mu.Lock()
	r.interrupted = true
	transport := r.Transport
	s.mu.Unlock()
	if transport == nil {
		return nil // it is being started; Send finds the mark
	}
	return transport.Stop(ctx, nil)
}

// Interrupt implements drivers.Session. The CLI ends with its turn: at SIGTERM
// it stops what it runs and says so; whatever is left after that is killed.
func (s *session) Interrupt(ctx context.Context) error {
	s.mu.Lock()
	r := s.running
	s.mu.Unlock()
	if r == nil {
		return nil
	}
	if err := s.stop(ctx, r); err != nil {
		return fmt.Errorf("interrupt: %w", err)
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
	said.Report = open.report
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
	s.mu.Unlock()
	if r != nil {
		if err := s.stop(ctx, r); err != nil && ctx.Err() != nil {
			return fmt.Errorf("close: %w", err)
		}
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
