package main

import (
	"crypto/rand"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/fixtures/agents"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
)

// agentLab is what the real Claude Code needs to run without a real model.
type agentLab struct {
	path   string
	server *modelserver.Server
}

func newAgentLab(t *testing.T) *agentLab {
	t.Helper()
	path, err := agents.Ensure(t.Context(), "claude", func(line string) { t.Log(line) })
	if err != nil {
		t.Fatal(err)
	}
	server, err := modelserver.Start(modelserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return &agentLab{path: path, server: server}
}

// bridge starts a bridge that finds the agent; more is added to its
// environment.
func (l *agentLab) bridge(t *testing.T, more ...string) *parent {
	t.Helper()
	env := append([]string{"-"}, modelserver.ClaudeEnv(l.server.URL(), t.TempDir())...)
	env = append(env, "SANDBOX_AGENT_CLAUDE_PATH="+l.path)
	return startBridge(t, nil, append(env, more...)...)
}

// mark is an environment variable that only one test has.
type mark struct{ name, value string }

func newMark(name string) mark { return mark{name, rand.Text()} }

func (m mark) String() string { return m.name + "=" + m.value }
