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
	// loginVariables and loginFiles, in the home, are what is taken away to
	// have no login.
	loginVariables, loginFiles []string
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
}

// agentState is a file, or a folder with all in it; the path may be a pattern.
type agentState struct{ path, why string }

func realAgents() []realAgent {
	return []realAgent{claudeCode(), codexCLI(), openCode(), ampCLI()}
}

func claudeCode() realAgent {
	return realAgent{
		id: "claude", pathVariable: "SANDBOX_AGENT_CLAUDE_PATH",
		environ: func(url, home string) []string {
			return append(modelserver.ClaudeEnv(url, home), "CLAUDE_CODE_ENABLE_TODO_TOOLS=1")
		},
		models:         [2]string{"sonnet", "opus"},
		loginVariables: []string{"ANTHROPIC_API_KEY"},
		unknownNative:  "01234567-89ab-4def-8123-456789abcdef",
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
		environ:        modelserver.AmpEnv,
		loginVariables: []string{"AMP_API_KEY"},
		unknownNative:  "T-01999999-9999-7999-8999-999999999999",
		broken: []brokenFile{
			{path: ".config/amp/settings.json"},
			{path: ".amp/settings.json", inProject: true},
		},
		homeState: []agentState{
			{".local/share/amp", "the machine's id, and which conversations were the last"},
			{".cache/amp/logs", "logs"},
		},
	}
}

func codexCLI() realAgent {
	return realAgent{
		id: "codex", pathVariable: "SANDBOX_AGENT_CODEX_PATH",
		environ: modelserver.CodexEnv,
		// The first gets its tools in another form, and other rules for the
		// length of its context.
		models:         [2]string{modelserver.CodexCodeModel, modelserver.CodexModel},
		loginVariables: []string{"SCRIPTED_API_KEY"},
		unknownNative:  "01999999-9999-7999-8999-999999999999",
		broken: []brokenFile{
			{path: ".codex/config.toml"},
			{path: ".codex/config.toml", inProject: true},
		},
		sessions: 40,
		homeState: []agentState{
			{".codex/sessions", "the conversations"},
			{".codex/session_index.jsonl*", "their names"},
			{".codex/*.sqlite*", "what it knows of them, its logs, queues and memories"},
			{".codex/thread-writer-locks", "which process writes a conversation"},
			{".codex/shell_snapshots", "the aliases and functions of the person's shell"},
			{".codex/skills/.system", "its built-in skills, unpacked"},
			{".codex/installation_id", "the installation's id"},
			{".codex/.sandbox_migration", "how far its own update went"},
			{".codex/tmp", "links to its own program"},
		},
	}
}

func openCode() realAgent {
	return realAgent{
		id: "opencode", pathVariable: "SANDBOX_AGENT_OPENCODE_PATH",
		environ: modelserver.OpenCodeEnv,
		// The second gets a tool for patches in place of those that write.
		models:        [2]string{modelserver.OpenCodePatchModel, modelserver.OpenCodeModel},
		loginFiles:    []string{".config/opencode/opencode.json"},
		unknownNative: "ses_0123456789abABCDEFGHIJKLMN",
		broken: []brokenFile{
			{path: ".config/opencode/opencode.json"},
			{path: "opencode.json", inProject: true},
		},
		sessions: 20,
		homeState: []agentState{
			{".local/share/opencode", "the conversations, snapshots of files, logs"},
			{".local/state/opencode", "what is used often, and locks"},
			{".cache/opencode", "its catalogue of models"},
			{".config/opencode/.gitignore", "it keeps what it installs for plugins out of repositories"},
		},
		projectState: []agentState{
			{".git/opencode", "the project's id"},
			{".opencode/.gitignore", "it keeps what it installs for plugins out of repositories"},
		},
	}
}
