package main

import (
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
)

// realAgent is a row of the table of agents that these tests run as they come
// from their makers. All else about an agent they learn from what the bridge
// tells of it.
type realAgent struct {
	id string
	// pathVariable tells a bridge where the program is.
	pathVariable string
	// environ is the whole environment of a bridge whose agent talks to the
	// model server at url and keeps what it keeps in home.
	environ func(url, home string) []string
	// models are two that the agent can be asked for, if it can be asked.
	models [2]string
	// login names what is taken out of the environment to have no login.
	login []string
	// unknownNative looks like an id of the agent's conversations.
	unknownNative string
	// broken are files of a person's configuration that can't be read.
	broken []brokenFile
	// sessions is how many are run at once in one process of the agent; 0
	// where each has its own.
	sessions int
	// homeState and projectState are what the agent keeps for itself in a
	// person's home and in a project, whoever runs it.
	homeState, projectState []agentState
}

// brokenFile is a file below the home, or below the project.
type brokenFile struct {
	path      string
	inProject bool
	// refused tells that no session can be made with it; else the agent goes
	// on without.
	refused bool
}

// agentState is a file, or a folder with all in it.
type agentState struct{ path, why string }

func realAgents() []realAgent {
	return []realAgent{claudeCode(), ampCLI()}
}

func claudeCode() realAgent {
	return realAgent{
		id: "claude", pathVariable: "SANDBOX_AGENT_CLAUDE_PATH",
		environ: func(url, home string) []string {
			return append(modelserver.ClaudeEnv(url, home), "CLAUDE_CODE_ENABLE_TODO_TOOLS=1")
		},
		models:        [2]string{"sonnet", "opus"},
		login:         []string{"ANTHROPIC_API_KEY"},
		unknownNative: "01234567-89ab-4def-8123-456789abcdef",
		broken: []brokenFile{
			{path: ".claude/settings.json"},
			{path: ".claude/settings.json", inProject: true},
			{path: ".mcp.json", inProject: true},
		},
		homeState: []agentState{
			{".claude/.claude.json", "counts starts and knows the projects it was in"},
			{".claude/backups", "copies of that file"},
			{".claude/projects", "the conversations"},
			{".claude/session-env", "environments that hooks set for a conversation"},
			{".claude/sessions", "which processes run"},
			{".claude/shell-snapshots", "the aliases and functions of the person's shell"},
			{".claude/plugins/store", "what its built-in plugins remember"},
			{".cache/claude-cli-nodejs", "logs of tool servers"},
		},
	}
}

func ampCLI() realAgent {
	return realAgent{
		id: "amp", pathVariable: "SANDBOX_AGENT_AMP_PATH",
		environ:       modelserver.AmpEnv,
		login:         []string{"AMP_API_KEY"},
		unknownNative: "T-01999999-9999-7999-8999-999999999999",
		broken: []brokenFile{
			{path: ".config/amp/settings.json", refused: true},
			{path: ".amp/settings.json", inProject: true},
		},
	}
}
