package amp

import (
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/environ"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/fixtures/rig"
)

// These tests run the real Amp against the scripted server.

type bench struct {
	*rig.Rig
	driver *Driver
	home   string
	dir    string // the agent's working directory
}

func newBench(t testing.TB, agent string) *bench {
	t.Helper()
	path, st, home := rig.Program(t, agent), rig.New(t), t.TempDir()
	env := modelserver.AmpEnv(st.Server.URL(), home)
	return &bench{
		Rig: st,
		driver: New(Options{
			Supervisor: st.Supervisor,
			Locate:     func() (string, error) { return path, nil },
			Environ:    func() []string { return env },
			Getenv:     environ.Getenv(env),
		}),
		home: home,
		dir:  t.TempDir(),
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
