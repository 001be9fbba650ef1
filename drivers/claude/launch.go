package claude

import (
	"context"
	"os"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/environ"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
)

// arguments is the command line of a session. What a person chose is written
// as --name=value, so that it can't be taken for a flag of its own.
func arguments(native string, cfg *drivers.Config, plugin string) []string {
	args := []string{
		"-p",
		"--input-format", "stream-json",
		"--output-format", "stream-json",
		"--verbose", // stream-json wants it
		"--include-partial-messages",
		// Not in --help. Without it the CLI neither asks for permissions nor
		// has the tools that ask questions.
		"--permission-prompt-tool", "stdio",
		"--thinking-display", "summarized",
		// Begins in the mode below and lets a later update reach bypass.
		"--allow-dangerously-skip-permissions",
		"--permission-mode", nativeMode(cfg.Settings),
	}
	if cfg.Resume != "" {
		args = append(args, "--resume="+cfg.Resume)
	} else {
		args = append(args, "--session-id="+native)
	}
	if cfg.Model != "" {
		args = append(args, "--model="+cfg.Model)
	}
	if cfg.Variant != "" {
		args = append(args, "--effort="+cfg.Variant)
	}
	if plugin != "" {
		args = append(args, "--plugin-dir="+plugin)
	}
	return args
}

// nestedMarks are variables by which a Claude Code tells its children that
// they run inside it; a bridge may be such a child, its agents are not.
var nestedMarks = []string{
	"CLAUDECODE",
	"CLAUDE_CODE_ENTRYPOINT",
	"CLAUDE_CODE_SSE_PORT",
	"CLAUDE_CODE_SESSION_ID",
	"CLAUDE_CODE_PARENT_SESSION_ID",
	"CLAUDE_CODE_CHILD_SESSION",
	"CLAUDE_CODE_EXECPATH",
}

// switches are the variables that a session gets unless the bridge's own
// environment or the session's says otherwise.
func switches() []string {
	s := []string{
		"DISABLE_AUTOUPDATER=1",
		"DISABLE_TELEMETRY=1",
		"DISABLE_ERROR_REPORTING=1",
		// The CLI's own 10 tries make a wrong key wait three minutes; these
		// give an overloaded service half a minute.
		"CLAUDE_CODE_MAX_RETRIES=6",
	}
	if os.Geteuid() == 0 {
		s = append(s, sandboxMark+"=1")
	}
	return s
}

// sandboxMark is what has to be 1 for root: else the CLI refuses our arguments,
// since one of them lets permissions be bypassed.
const sandboxMark = "IS_SANDBOX"

// notInherited are the variables that the bridge's own environment doesn't
// pass on. Sandboxes set their mark to other values than the one that counts.
func notInherited() []string {
	if os.Geteuid() == 0 {
		return append([]string{sandboxMark}, nestedMarks...)
	}
	return nestedMarks
}

// environment is that of a session's agent: the bridge's, with our switches,
// and over all of it the session's own.
func environment(base []string, own map[string]string) []string {
	return environ.Merge(base, notInherited(), switches(), own)
}

// start starts the CLI.
func start(ctx context.Context, supervisor *process.Supervisor, spec process.Spec) (Transport, error) {
	return supervisor.Start(ctx, spec)
}
