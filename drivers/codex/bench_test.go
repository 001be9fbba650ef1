package codex

import (
	"context"
	"sync"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/environ"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/fixtures/rig"
)

// bench is a driver of the real Codex, which talks to a scripted model server.
type bench struct {
	*rig.Rig
	driver *Driver
	home   string

	mu      sync.Mutex
	started []*greased // app-servers and what else was run, in the order of their start
}

func newBench(tb testing.TB) *bench {
	tb.Helper()
	program := rig.Program(tb, "codex")
	b := &bench{Rig: rig.New(tb), home: tb.TempDir()}
	env := modelserver.CodexEnv(b.Server.URL(), b.home)
	b.driver = New(Options{
		Locate:  func() (string, error) { return program, nil },
		Environ: func() []string { return env },
		Getenv:  environ.Getenv(env),
		Launch: func(ctx context.Context, spec process.Spec) (Transport, error) {
			p, err := b.Supervisor.Start(ctx, spec)
			if err != nil {
				return nil, err
			}
			g := &greased{p, rig.NewFeed(p.ReadLine, nil)}
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

// greased is an agent that also says what no version of it says.
type greased struct {
	*process.Process
	*rig.Feed
}

func (g *greased) ReadLine() ([]byte, bool, error) { return g.Feed.ReadLine() }
