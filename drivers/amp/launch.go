package amp

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
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
	var env []string
	for _, entry := range base {
		name, _, _ := strings.Cut(entry, "=")
		if _, replaced := lookup(own, name); !replaced && !slices.Contains(nestedMarks, name) {
			env = append(env, entry)
		}
	}
	for _, entry := range switches() {
		name, _, _ := strings.Cut(entry, "=")
		_, set := lookup(own, name)
		if !set && getenv(env)(name) == "" {
			env = append(env, entry)
		}
	}
	for _, name := range sortedKeys(own) {
		env = append(env, name+"="+own[name])
	}
	return env
}

// getenv reads an environment.
func getenv(env []string) func(string) string {
	return func(name string) string {
		value := ""
		for _, entry := range env {
			if key, v, found := strings.Cut(entry, "="); found && sameName(key, name) {
				value = v
			}
		}
		return value
	}
}

// sameName compares names of variables; Windows takes them in any case.
func sameName(a, b string) bool {
	return a == b || runtime.GOOS == "windows" && strings.EqualFold(a, b)
}

func lookup(own map[string]string, name string) (string, bool) {
	if value, ok := own[name]; ok {
		return value, true
	}
	for key, value := range own {
		if sameName(key, name) {
			return value, true
		}
	}
	return "", false
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
	env = slices.DeleteFunc(env, func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return sameName(name, "XDG_CONFIG_HOME") || sameName(name, "BASH_ENV")
	})
	return append(env, "XDG_CONFIG_HOME="+w.config, "BASH_ENV="+w.shell)
}

// graces let the CLI end its turn by itself: at SIGTERM it stops its commands
// and tells how the turn ended, at the end of its input it goes on.
func graces() process.Graces {
	return process.Graces{Input: -1, Terminate: 1200 * time.Millisecond}
}

// launch starts the CLI.
func (d *Driver) launch(ctx context.Context, spec process.Spec) (Transport, error) {
	if d.opts.Launch != nil {
		return d.opts.Launch(ctx, spec)
	}
	return Launch(ctx, d.opts.Supervisor, spec)
}
