package amp

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/internal/environ"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
)

// arguments is the command line of a turn. The message comes on stdin: other
// users of the machine could read it here, and its length is limited.
func (g generation) arguments(thread string, cfg *drivers.Settings, w *workplace) []string {
	var args []string
	if thread != "" {
		args = append(args, "threads", "continue", thread)
	}
	args = append(args,
		"--execute", "--stream-json-thinking", "--stream-json-input",
		"--no-ide", "--no-color",
		"--settings-file", w.settings,
		"--mode", g.mode(cfg.AgentMode),
	)
	if w.mcp != "" {
		args = append(args, "--mcp-config", w.mcp)
	}
	if cfg.PermissionMode == drivers.PermissionBypass {
		args = append(args, "--dangerously-allow-all") // not in the help of native builds
	}
	if g != native {
		return args
	}
	// Without it, the thread can't be continued once the process has ended.
	args = append(args, "--no-archive-after-execute")
	// Else a tool could run before the plugin listens.
	args = append(args, "--plugin-ready-timeout", "60")
	if thread == "" && cfg.Title != "" {
		args = append(args, "--title="+cfg.Title)
	}
	return args
}

// switches are the variables that a session gets unless the bridge's own
// environment or the session's says otherwise.
func switches() []string { return []string{"AMP_SKIP_UPDATE_CHECK=1"} }

// nestedMarks are variables by which Amp tells its children that they run
// inside it; a bridge may be such a child, its agents are not.
var nestedMarks = []string{
	"AGENT", "AI_AGENT", "AMP_THREAD_ID", "AMP_CURRENT_THREAD_ID",
	delegateVariable, "AGENT_TOOL_USE_ID", channelVariable, helperVariable,
}

// environment is that of a session's agent: the bridge's, with our switches,
// and over all of it the session's own.
func environment(base []string, own map[string]string) []string {
	return environ.Merge(base, nestedMarks, switches(), own)
}

// configHome is the user's folder of configurations, in an environment.
func configHome(getenv func(string) string) string {
	if dir := getenv("XDG_CONFIG_HOME"); dir != "" {
		return dir
	}
	variable := "HOME"
	if runtime.GOOS == "windows" {
		variable = "USERPROFILE"
	}
	home := getenv(variable)
	if home == "" {
		home, _ = os.UserHomeDir()
	}
	return filepath.Join(home, ".config")
}

// inWorkplace adds to an environment what makes the CLI use the workplace.
func inWorkplace(env []string, w *workplace) []string {
	env = append(slices.Clone(env), channelVariable+"=")
	if w.config == "" {
		return env
	}
	return append(environ.Without(env, "XDG_CONFIG_HOME", "BASH_ENV"), "XDG_CONFIG_HOME="+w.config, "BASH_ENV="+w.shell)
}

// graces let the CLI end its turn by itself: at SIGTERM it stops its commands
// and tells how the turn ended, at the end of its input it goes on.
func graces() process.Graces {
	return process.Graces{Input: -1, Terminate: 1200 * time.Millisecond}
}

// start starts the CLI.
func start(ctx context.Context, supervisor *process.Supervisor, spec process.Spec) (Transport, error) {
	return Launch(ctx, supervisor, spec)
}
