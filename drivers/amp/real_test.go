package amp

import (
	"context"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/environ"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
	"github.com/sandbox-agent/sandbox-agent/fixtures/agents"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
)

// These tests run the real Amp against the scripted server.

type bench struct {
	driver *Driver
	server *modelserver.Server
	home   string
	dir    string // the agent's working directory
}

func newBench(t testing.TB, agent string) *bench {
	t.Helper()
	path, err := agents.Ensure(t.Context(), agent, nil)
	if err != nil {
		t.Fatalf("the agent could not be installed: %v", err)
	}
	server, err := modelserver.Start(modelserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	supervisor, err := process.New(process.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := supervisor.Close(context.Background()); err != nil {
			t.Errorf("close supervisor: %v", err)
		}
	})
	home := t.TempDir()
	env := modelserver.AmpEnv(server.URL(), home)
	return &bench{
		driver: New(Options{
			Supervisor: supervisor,
			Locate:     func() (string, error) { return path, nil },
			Environ:    func() []string { return env },
			Getenv:     environ.Getenv(env),
		}),
		server: server,
		home:   home,
		dir:    t.TempDir(),
	}
}

// greased is an agent that also says what no version of it says.
type greased struct {
	*Agent
	first  [][]byte                   // before everything else
	change func(line []byte) [][]byte // what is read instead of a line; nil changes nothing
}

func (g *greased) ReadLine() ([]byte, bool, error) {
	if len(g.first) == 0 {
		line, _, err := g.Agent.ReadLine()
		if err != nil || g.change == nil {
			return line, false, err
		}
		g.first = g.change(line)
	}
	line := g.first[0]
	g.first = g.first[1:]
	return line, false, nil
}

// now is the process of the running turn, nil if there is none.
func (s *session) now() *run {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running
}
