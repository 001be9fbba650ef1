package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// fakeAgent writes a program that runs a shell command and fails.
func fakeAgent(t *testing.T, command string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "claude")
	script := "#!/bin/sh\n" + command + "\necho 'no luck today' >&2\nexit 7\n"
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// The bridge survives a parent that closes its streams, but what it starts
// must not be born with signals ignored: "yes | head" would not end as it does
// elsewhere.
func TestAgentsAreBornWithoutIgnoredSignals(t *testing.T) {
	t.Parallel()
	seen := filepath.Join(t.TempDir(), "signals")
	p := startBridge(t, nil, "SANDBOX_AGENT_CLAUDE_PATH="+fakeAgent(t, fmt.Sprintf("grep ^SigIgn: /proc/self/status > '%s'", seen)))
	p.refused("sessions/create", params{"agent": "claude"})
	got, err := os.ReadFile(seen)
	if err != nil {
		t.Fatal(err)
	}
	// What this test was itself born with, the bridge may pass on.
	want, err := exec.CommandContext(t.Context(), "grep", "^SigIgn:", "/proc/self/status").Output()
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("an agent sees %q, want %q", got, want)
	}
	p.endsClean()
}

// What is wrong with a session is found before its agent is started.
func TestBadCreatesStartNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	started := filepath.Join(dir, "started")
	p := startBridge(t, nil, "SANDBOX_AGENT_CLAUDE_PATH="+fakeAgent(t, fmt.Sprintf("touch '%s'", started)))
	p.create("taken", nil)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	invalid := func(says string) typed { return typed{codeInvalidParams, "invalid_request", says} }
	for name, tt := range map[string]struct {
		params params
		want   typed
	}{
		"duplicate id":      {params{"sessionId": "taken"}, typed{codeSessionExists, "session_already_exists", "another id"}},
		"agent mode":        {params{"agentMode": "yolo"}, typed{codeModeNotSupported, "mode_not_supported", "build, plan"}},
		"permission mode":   {params{"permissionMode": "yolo"}, invalid("acceptEdits")},
		"missing directory": {params{"directory": filepath.Join(dir, "missing")}, invalid("no such file")},
		"no directory":      {params{"directory": file}, invalid("not a directory")},
		"env":               {params{"env": params{"": "x"}}, invalid("environment variable")},
		"model":             {params{"model": "two words"}, invalid("no spaces")},
		"variant":           {params{"variant": "nonsense"}, invalid("low, medium, high")},
		"resume":            {params{"resume": "last week"}, invalid("UUIDs")},
		"mcp":               {params{"mcp": params{"x": params{"type": "nonsense"}}}, typed{codeInvalidParams, "unprocessable", "local or remote"}},
		"skills":            {params{"skills": params{"sources": []params{{"type": "local", "source": filepath.Join(dir, "missing")}}}}, invalid("skill")},
	} {
		t.Run(name, func(t *testing.T) {
			tt.params["agent"] = "claude"
			p.t = t
			tt.want.check(t, p.refused("sessions/create", tt.params))
			if list := p.list(); len(list) != 1 {
				t.Errorf("sessions %+v", list)
			}
			if _, err := os.Stat(started); err == nil {
				t.Error("the agent was started")
			}
		})
		p.t = t
	}

	// And one that ends at once leaves no session.
	err := p.refused("sessions/create", params{"agent": "claude"})
	typed{codeAgentExited, "agent_process_exited", ""}.check(t, err)
	if text, _ := err.Data.Details["stderr"].(string); !strings.Contains(text, "no luck today") || err.Data.Details["exitCode"] != 7.0 {
		t.Errorf("details %v", err.Data.Details)
	}
	if _, err := os.Stat(started); err != nil {
		t.Errorf("the agent was not started: %v", err)
	}
	if list := p.list(); len(list) != 1 {
		t.Errorf("sessions %+v", list)
	}
	p.endsClean()
}

// The agent says itself that it has no such conversation.
func TestResumeOfUnknownConversation(t *testing.T) {
	t.Parallel()
	p := newAgentLab(t, "claude").bridge(t)
	own := newMark("TEST_SESSION")
	typed{codeInvalidParams, "invalid_request", "no such conversation"}.check(t, p.refused("sessions/create", params{
		"agent": "claude", "resume": "01234567-89ab-4def-8123-456789abcdef", "env": params{own.name: own.value},
	}))
	if left := marked(t, own); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
	if list := p.list(); len(list) != 0 {
		t.Errorf("sessions %+v", list)
	}
	p.endsClean()
}

// The agent of an idle session is stopped, and the next message brings it back
// with its memory.
func TestIdleTimeoutOfTheAgent(t *testing.T) {
	t.Parallel()
	lab := newAgentLab(t, "claude")
	p := lab.bridge(t)
	own := newMark("TEST_SESSION")
	p.create("s", params{"agent": "claude", "directory": t.TempDir(), "idleTimeout": 200, "env": params{own.name: own.value}})
	stream, _ := p.subscribe("s", nil)
	answer := func(scenario string) string {
		t.Helper()
		turn := p.send("s", modelserver.Prompt(scenario, nil)).TurnID
		if ended := stream.turnEnded(turn); ended.StopReason != universal.StopEndTurn {
			t.Errorf("stop reason %q", ended.StopReason)
		}
		var text string
		for _, ev := range stream.all() {
			d, ok := ev.Data.(*universal.ItemData)
			if ok && string(ev.TurnID) == turn && ev.Type == universal.TypeItemCompleted && d.Item.Role == universal.RoleAssistant {
				text = d.Item.Text()
			}
		}
		return text
	}
	stopped := func() {
		t.Helper()
		took := eventually(t, "the agent to be stopped", func() bool { return len(marked(t, own)) == 0 })
		t.Logf("the idle agent was gone after %v", took.Round(time.Millisecond))
		if list := p.list(); len(list) != 1 || list[0].Status != session.Idle {
			t.Errorf("sessions %+v", list)
		}
	}
	answer("text")
	stopped()
	if got, want := answer("count"), "This conversation holds 1 assistant messages."; got != want {
		t.Errorf("the agent that came back says %q, want %q", got, want)
	}
	stopped()
	// One that comes at any moment of a stop is not lost either.
	for range 3 {
		answer("text")
	}
	stream.check()
	p.endsClean()
	stream.ended(session.EndShutdown)
}
