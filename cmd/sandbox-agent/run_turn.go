package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/sandbox-agent/sandbox-agent/cmd/sandbox-agent/terminal"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

const (
	// endTimeout bounds the end of the session after its turn.
	endTimeout = 10 * time.Second
	// askTimeout bounds questions to the bridge that it answers by itself.
	askTimeout = 5 * time.Second
)

// turnOptions are what one run is made of.
type turnOptions struct {
	create  session.CreateOptions
	message session.MessageOptions
	json    bool // events instead of text
	streams streams
	bridge  bridgeOptions
}

// turnRun is one turn of an agent, shown to whoever started the program. All
// its fields belong to the goroutine of loop.
type turnRun struct {
	opts   turnOptions
	client *rpc.Client
	calls  sync.WaitGroup // calls under way

	show    func(*universal.Event) error
	endLine func() error // ends a line that show left open
	asker   *asker       // nil when nobody is there
	keys    *keyboard    // of the asker
	stderr  io.Writer

	sessionID string
	nativeID  string
	turnID    string
	stop      universal.StopReason // of the turn; "" while it runs
	broken    error                // why nothing can be shown any more
}

// runTurn runs one turn in a bridge of its own.
func runTurn(ctx context.Context, opts turnOptions) error {
	b, err := newBridge(opts.bridge)
	if err != nil {
		return err
	}
	r := &turnRun{opts: opts}
	r.prepare()
	first, stop := watchInterrupts(func() {
		if r.keys != nil {
			r.keys.setEcho(true)
		}
		os.Exit(exitInterrupted) // the guard sees to the agent
	})
	defer stop()
	client, served := b.connect(context.WithoutCancel(ctx))
	r.client = client
	err = r.loop(ctx, first)
	closed := client.Close()
	r.calls.Wait()
	if r.keys != nil {
		r.keys.close()
	}
	closed = errors.Join(closed, <-served, b.close())
	if err == nil && closed != nil {
		err = fmt.Errorf("end the session: %w", closed)
	}
	return err
}

// prepare chooses how events are shown and who is asked.
func (r *turnRun) prepare() {
	std := r.opts.streams
	r.stderr = &lockedWriter{w: std.stderr}
	r.endLine = func() error { return nil }
	if isTerminal(std.stdin) && isTerminal(std.stderr) {
		r.keys = newKeyboard(std.stdin)
		r.asker = &asker{out: r.stderr, opts: terminalOptions(std.stderr), echo: r.keys.setEcho}
	}
	out := std.stdout
	if r.asker != nil && isTerminal(out) {
		out = behindPrompt{out, r.asker}
	}
	if r.opts.json {
		r.show = func(ev *universal.Event) error { return writeJSON(out, ev) }
		return
	}
	look := terminalOptions(std.stdout)
	look.SkipRequests = r.asker != nil
	if look.Directory = r.opts.create.Directory; look.Directory == "" {
		look.Directory, _ = os.Getwd()
	}
	printer := terminal.New(out, look)
	r.show, r.endLine = printer.Event, printer.EndLine
}

// startResult is a session whose turn has begun.
type startResult struct {
	agent     string
	sessionID string
	events    *rpc.Subscription
	err       error
}

// loop runs the turn and returns how it ended.
func (r *turnRun) loop(ctx context.Context, first <-chan struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	var pump sync.WaitGroup
	defer pump.Wait()
	defer cancel()
	starting, giveUp := context.WithCancel(ctx)
	defer giveUp()
	started := make(chan startResult, 1)
	r.calls.Go(func() { started <- r.start(starting) })

	var (
		lines    <-chan typedLine
		events   chan *universal.Event
		pumped   = make(chan error, 1)
		finished = make(chan error, 1)
		deadline <-chan time.Time
		agent    string
		stopped  bool // by a person
	)
	if r.keys != nil {
		lines = r.keys.lines
	}
	for {
		select {
		case s := <-started:
			if s.err != nil {
				if stopped {
					return exitError{exitInterrupted, errors.New("interrupted")}
				}
				return s.err
			}
			agent, events = s.agent, make(chan *universal.Event)
			r.sessionID = s.sessionID
			pump.Go(func() { pumped <- readEvents(ctx, s.events, events) })
			if stopped {
				r.interrupt(ctx)
			}
		case <-first:
			first, stopped = nil, true
			giveUp()
			if events != nil {
				r.interrupt(ctx)
			}
		case ev := <-events:
			r.event(ctx, ev)
			if r.stop != "" && deadline == nil {
				deadline = time.After(endTimeout)
				r.calls.Go(func() { finished <- r.finish(ctx) })
			}
			if ev.Type == universal.TypeSessionEnded {
				return r.result(agent, stopped)
			}
		case line := <-lines:
			if line.err != nil {
				lines = nil
			}
			r.typed(ctx, line)
		case err := <-finished:
			if err != nil {
				return fmt.Errorf("end the session: %w", err)
			}
		case <-deadline:
			return errors.New("end the session: it takes too long; the agent is killed")
		case err := <-pumped:
			if r.stop != "" {
				return r.result(agent, stopped)
			}
			return fmt.Errorf("read events: %w", err)
		}
	}
}

// start makes the session and sends the message.
func (r *turnRun) start(ctx context.Context) startResult {
	create := r.opts.create
	if create.Agent == "" {
		agent, note, err := chooseAgent(ctx, r.client)
		if err != nil {
			return startResult{err: fmt.Errorf("choose an agent: %w", err)}
		}
		if create.Agent = agent; note != "" {
			r.say("%s", note)
		}
	}
	created, err := r.client.Create(ctx, create)
	if err != nil {
		return startResult{err: explain("run", err)}
	}
	events, err := r.client.Subscribe(ctx, created.SessionID, 0, false)
	if err != nil {
		return startResult{err: err}
	}
	if _, err := r.client.Send(ctx, created.SessionID, r.opts.message); err != nil {
		return startResult{err: explain("run", err)}
	}
	return startResult{agent: create.Agent, sessionID: created.SessionID, events: events}
}

// explain makes of the bridge's refusal what a person at a command line needs.
func explain(command string, err error) error {
	var e *universal.Error
	if errors.As(err, &e) {
		if hint, ok := e.Details["message"].(string); ok && !strings.Contains(e.Detail, hint) {
			err = fmt.Errorf("%w: %s", err, hint)
		}
		if stderr, ok := e.Details["stderr"].(string); ok && stderr != "" {
			err = fmt.Errorf("%w\n%s", err, terminal.Clean(stderr))
		}
	}
	if commandLineFault(err) {
		return usageError{fmt.Errorf("%s: %w", command, err)}
	}
	return err
}

// readEvents hands on what a subscription has, until it ends or ctx does.
func readEvents(ctx context.Context, from *rpc.Subscription, to chan<- *universal.Event) error {
	for {
		ev, err := from.Next(ctx)
		if err != nil {
			return err
		}
		select {
		case to <- ev:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// event shows an event and does what it asks for.
func (r *turnRun) event(ctx context.Context, ev *universal.Event) {
	if ev.NativeSessionID != "" {
		r.nativeID = string(ev.NativeSessionID)
	}
	// What the agent begins by itself while its session is being ended is of
	// interest to programs only.
	if r.broken == nil && (r.stop == "" || r.opts.json) {
		if r.broken = r.show(ev); r.broken != nil {
			r.interrupt(ctx) // nobody sees what the agent does any more
		}
	}
	switch d := ev.Data.(type) {
	case *universal.PermissionData:
		r.requested(ctx, ev, d.PermissionID, ev.Type == universal.TypePermissionRequested)
	case *universal.QuestionData:
		r.requested(ctx, ev, d.QuestionID, ev.Type == universal.TypeQuestionRequested)
	case *universal.TurnStartedData:
		if d.Origin == universal.OriginUser {
			r.turnID = string(ev.TurnID)
		}
	case *universal.TurnEndedData:
		if string(ev.TurnID) == r.turnID {
			r.stop = d.StopReason
		}
	}
	if r.asker != nil {
		r.asker.comeBack()
		r.listen()
	}
}

// interrupt ends the turn; its end is an event.
func (r *turnRun) interrupt(ctx context.Context) {
	r.calls.Go(func() {
		if err := r.client.Interrupt(ctx, r.sessionID); err != nil && ctx.Err() == nil && !settled(err) {
			r.say("the agent could not be interrupted: %v", err)
		}
	})
}

// finish ends the session after its turn.
func (r *turnRun) finish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	if info, err := r.client.Get(ctx, r.sessionID); err == nil && info.BackgroundTasks > 0 {
		r.say("background tasks that end with this session: %d", info.BackgroundTasks)
	}
	if err := r.client.Terminate(ctx, r.sessionID); err != nil && !settled(err) {
		return err
	}
	return nil
}

// result is the end of the program, and says how to go on.
func (r *turnRun) result(agent string, stopped bool) error {
	if r.nativeID != "" {
		again := "sandbox-agent run --agent " + agent
		if dir := r.opts.create.Directory; dir != "" {
			again += " --directory " + shellQuote(dir)
		}
		r.say("to go on: %s --resume %s \"PROMPT\"", again, shellQuote(r.nativeID))
	}
	switch {
	case r.broken != nil:
		return fmt.Errorf("write the output: %w", r.broken)
	case r.stop == universal.StopEndTurn:
		return nil
	case stopped:
		return exitError{exitInterrupted, errors.New("interrupted")}
	case r.stop == "":
		return errors.New("the session ended before the turn did")
	}
	return fmt.Errorf("the turn ended with %s", r.stop)
}

// say tells the person something that is not the agent's.
func (r *turnRun) say(format string, args ...any) {
	fmt.Fprintf(r.stderr, "sandbox-agent: "+format+"\n", args...)
}
