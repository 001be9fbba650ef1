package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"sync"
)

// ErrClosed is the error of [Supervisor.Start] after [Supervisor.Close].
var ErrClosed = errors.New("start process: the supervisor is closed")

// Options are the settings of a [Supervisor].
type Options struct {
	// Logger gets what nobody is told otherwise, such as strays that were
	// killed. Nil means no log.
	Logger *slog.Logger

	// GuardCommand starts the guard; see [RunGuardIfAsked]. The default is the
	// running executable without arguments.
	GuardCommand []string
}

// Supervisor owns every process that a bridge starts. Make one per bridge, with
// [New], and end it with [Supervisor.Close]. Its methods are safe for
// concurrent use.
type Supervisor struct {
	log    *slog.Logger
	bridge string // first part of the marks
	outer  string // the marks of the bridges around this one

	spawner *spawner
	host    *host
	guard   *guard // used on the spawner's goroutine only

	mu     sync.Mutex
	closed bool
	live   map[*Process]struct{}
	wg     sync.WaitGroup // one for each in live, and for starts that run
}

// New makes a supervisor. On Linux it makes the bridge a subreaper for good.
// No process is started yet.
func New(opts Options) (*Supervisor, error) {
	log := opts.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Supervisor{
		log:    log,
		bridge: newID(),
		outer:  os.Getenv(MarkVariable),
		live:   make(map[*Process]struct{}),
	}
	s.guard = newGuard(opts.GuardCommand, s.bridge, s.outer, log)
	host, err := newHost(s.bridge, s.outer, log)
	if err != nil {
		return nil, fmt.Errorf("supervise processes: %w", err)
	}
	s.host = host
	s.spawner = host.spawner
	return s, nil
}

// Mark is the first part of the mark of every process of this supervisor. With
// [Marked] it finds all that belong to this bridge.
func (s *Supervisor) Mark() string { return s.bridge }

// Start starts a process. ctx bounds the start only: the process goes on after
// ctx has ended. stdin, stdout and stderr are pipes; nothing else of the bridge
// is inherited. The error wraps [exec.ErrNotFound] or [os.ErrNotExist] when the
// program or the directory doesn't exist, and is [ErrClosed] after Close.
func (s *Supervisor) Start(ctx context.Context, spec Spec) (*Process, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	p, err := s.start(ctx, spec)
	if err != nil {
		s.wg.Done()
		return nil, fmt.Errorf("start process %s: %w", spec.Path, err)
	}
	return p, nil
}

// enter counts a start into wg, so that Close waits for it.
func (s *Supervisor) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.wg.Add(1)
	return nil
}

func (s *Supervisor) start(ctx context.Context, spec Spec) (*Process, error) {
	if spec.Dir != "" {
		// The error of a failed start doesn't tell a missing directory from a
		// missing program.
		if info, err := os.Stat(spec.Dir); err != nil {
			return nil, fmt.Errorf("working directory: %w", err)
		} else if !info.IsDir() {
			return nil, fmt.Errorf("working directory: %s is not a directory", spec.Dir)
		}
	}
	pipes, err := newPipes()
	if err != nil {
		return nil, err
	}
	mark := newID()
	cmd := exec.Command(spec.Path, spec.Args...)
	cmd.Dir = spec.Dir
	cmd.Env = markEnv(spec.Env, s.outer, s.bridge+"."+mark)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = pipes.childStdin, pipes.childStdout, pipes.childStderr
	s.host.prepare(cmd)

	var p *Process
	err = s.spawner.do(ctx, func() error {
		// A process whose ctx has ended meanwhile is not worth starting.
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.guard.ensure(); err != nil {
			return err
		}
		if err := cmd.Start(); err != nil {
			return err
		}
		family, err := s.host.adopt(cmd, mark)
		if err != nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			return err
		}
		s.guard.watch(family.agent)
		p = newProcess(s, cmd, spec, pipes, family)
		return nil
	})
	pipes.closeChildEnds()
	if err != nil {
		pipes.closeOwnEnds()
		return nil, err
	}
	s.register(p)
	go p.wait()
	go p.stderr.collect(p.stderrPipe)
	go p.live()
	return p, nil
}

// register makes p one of the live processes. A start that was under way when
// Close came shows up late and is stopped here.
func (s *Supervisor) register(p *Process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live[p] = struct{}{}
	if s.closed {
		p.requestStop(farewell{})
	}
}

// unregister ends what register and enter began.
func (s *Supervisor) unregister(p *Process) {
	s.mu.Lock()
	delete(s.live, p)
	s.mu.Unlock()
	s.wg.Done()
}

// processes returns the live processes.
func (s *Supervisor) processes() []*Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	live := make([]*Process, 0, len(s.live))
	for p := range s.live {
		live = append(live, p)
	}
	return live
}

// Close stops every process that is left, as [Process.Stop] does and all at the
// same time, kills strays, and ends the guard. It returns when nothing is left,
// or when ctx ends; then the rest goes on in the background and the guard
// stays. A further call waits for the same end.
func (s *Supervisor) Close(ctx context.Context) error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	if first {
		go s.shutDown()
	}
	select {
	case <-s.spawner.ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close supervisor: %w", context.Cause(ctx))
	}
}

// shutDown ends all that the supervisor owns. It ends when the last process is
// gone; closing spawner.ended is the last thing that it causes.
func (s *Supervisor) shutDown() {
	for _, p := range s.processes() {
		p.requestStop(farewell{})
	}
	s.wg.Wait()
	s.host.close()
	_ = s.spawner.do(context.Background(), func() error {
		s.guard.dismiss()
		return nil
	})
	s.spawner.close()
}
