package codex

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/environ"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/fixtures/agents"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
)

// bench is a driver of the real Codex, which talks to a scripted model server.
type bench struct {
	driver *Driver
	server *modelserver.Server
	home   string

	mu      sync.Mutex
	started []*greased // app-servers and what else was run, in the order of their start
}

func newBench(tb testing.TB) *bench {
	tb.Helper()
	program, err := agents.Ensure(tb.Context(), "codex", func(step string) { tb.Log(step) })
	if err != nil {
		tb.Fatalf("the real agent is needed and could not be installed: %v", err)
	}
	server, err := modelserver.Start(modelserver.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(server.Close)
	supervisor, err := process.New(process.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := supervisor.Close(context.Background()); err != nil {
			tb.Errorf("close the supervisor: %v", err)
		}
	})
	b := &bench{server: server, home: tb.TempDir()}
	env := modelserver.CodexEnv(server.URL(), b.home)
	b.driver = New(Options{
		Locate:  func() (string, error) { return program, nil },
		Environ: func() []string { return env },
		Getenv:  environ.Getenv(env),
		Launch: func(ctx context.Context, spec process.Spec) (Transport, error) {
			p, err := supervisor.Start(ctx, spec)
			if err != nil {
				return nil, err
			}
			g := newGreased(p)
			b.mu.Lock()
			defer b.mu.Unlock()
			b.started = append(b.started, g)
			return g, nil
		},
	})
	return b
}

// last is the app-server that was started last.
func (b *bench) last() *greased {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.started[len(b.started)-1]
}

// kill kills the app-server that was started last.
func (b *bench) kill() error {
	p, err := os.FindProcess(b.last().PID())
	if err != nil {
		return err
	}
	return p.Kill()
}

// heard looks for a text in what is new in each request to the model: what the
// model itself has said comes back in every further request.
func (b *bench) heard(text string) bool {
	for _, r := range b.server.Requests() {
		if strings.Contains(r.System, text) || inBlocks(r.Latest(), text) {
			return true
		}
	}
	return false
}

func inBlocks(blocks []modelserver.Block, text string) bool {
	return slices.ContainsFunc(blocks, func(b modelserver.Block) bool {
		return strings.Contains(b.Text, text) || strings.Contains(b.Title, text) || inBlocks(b.Content, text)
	})
}

// greased is an agent that also says what no version of it says.
type greased struct {
	*process.Process

	more  chan []byte   // from outside
	lines chan []byte   // its own, to the reader
	ended chan struct{} // closed with err set
	err   error
}

func newGreased(p *process.Process) *greased {
	g := &greased{Process: p, more: make(chan []byte, 16), lines: make(chan []byte), ended: make(chan struct{})}
	go g.pump() // ends with the agent's output, which the server reads to the end
	return g
}

func (g *greased) pump() {
	defer close(g.ended)
	for {
		line, _, err := g.Process.ReadLine()
		switch {
		case err == nil:
			g.lines <- slices.Clone(line)
		case !errors.Is(err, process.ErrLineTooLong):
			g.err = err
			return
		}
	}
}

// say makes the agent print a line.
func (g *greased) say(line string) { g.more <- []byte(line) }

func (g *greased) ReadLine() ([]byte, bool, error) {
	select {
	case line := <-g.lines:
		return line, false, nil
	case line := <-g.more:
		return line, false, nil
	case <-g.ended:
		return nil, false, g.err
	}
}
