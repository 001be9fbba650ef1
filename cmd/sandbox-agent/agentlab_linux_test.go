package main

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/fixtures/agents"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/rpc"
)

// agentLab is what a real agent needs to run without a real model.
type agentLab struct {
	realAgent
	path   string // of the program
	search string // of ripgrep, which some agents would download
	server *modelserver.Server
}

func newAgentLab(t *testing.T, id string) *agentLab {
	t.Helper()
	for _, a := range realAgents() {
		if a.id == id {
			return a.lab(t)
		}
	}
	t.Fatalf("no agent %s in the table", id)
	return nil
}

// lab makes a model server for the agent alone.
func (a realAgent) lab(t *testing.T) *agentLab {
	t.Helper()
	return a.labWith(t, startModel(t))
}

// startModel starts a model server, which ends with the test.
func startModel(t *testing.T) *modelserver.Server {
	t.Helper()
	server, err := modelserver.Start(modelserver.Options{Scenarios: swapScenarios()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// labWith installs the agent, if need be.
func (a realAgent) labWith(t *testing.T, server *modelserver.Server) *agentLab {
	t.Helper()
	ensure := func(id string) string {
		path, err := agents.Ensure(t.Context(), id, func(line string) { t.Log(line) })
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	return &agentLab{realAgent: a, path: ensure(a.id), search: ensure("ripgrep"), server: server}
}

// env is the whole environment of a bridge that finds the agent and keeps its
// files in home. It also writes what the agent needs there.
func (l *agentLab) env(home string) []string {
	return append(l.environ(l.server.URL(), home),
		l.pathVariable+"="+l.path,
		"PATH="+filepath.Dir(l.search)+string(filepath.ListSeparator)+os.Getenv("PATH"),
		"AMP_RIPGREP_PATH="+l.search,
	)
}

// bridge starts a bridge that finds the agent; more is added to its
// environment.
func (l *agentLab) bridge(t *testing.T, more ...string) *parent {
	t.Helper()
	env := append([]string{"-"}, l.env(t.TempDir())...)
	return startBridge(t, nil, append(env, more...)...)
}

// mark is an environment variable that only one test has.
type mark struct{ name, value string }

func newMark(name string) mark { return mark{name, rand.Text()} }

func (m mark) String() string { return m.name + "=" + m.value }

// abilities are what the bridge says that an agent can do.
func abilities(t *testing.T, list rpc.AgentsResult, agent string) *drivers.Capabilities {
	t.Helper()
	for i := range list.Agents {
		if list.Agents[i].ID == agent {
			return &list.Agents[i].Capabilities
		}
	}
	t.Fatalf("the bridge has no agent %s", agent)
	return nil
}

// processes are those of the agent itself that have a mark: its program, not
// started by another one with that mark.
func (l *agentLab) processes(t *testing.T, m mark) []int {
	t.Helper()
	all := marked(t, m)
	return slices.DeleteFunc(slices.Clone(all), func(pid int) bool {
		parent := parentOf(pid)
		return parent == 0 || slices.Contains(all, parent) || !strings.Contains(commandLine(pid), l.path)
	})
}

// kill kills the agent's own processes.
func (l *agentLab) kill(t *testing.T, m mark) {
	t.Helper()
	pids := l.processes(t, m)
	if len(pids) == 0 {
		t.Fatalf("no process of the agent has %s", m.name)
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
}

// parentOf is the parent of a process, 0 if it is gone.
func parentOf(pid int) int {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "PPid:"); ok {
			parent, err := strconv.Atoi(strings.TrimSpace(rest))
			if err != nil {
				return 0
			}
			return parent
		}
	}
	return 0
}
