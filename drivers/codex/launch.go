package codex

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/environ"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
)

// arguments is the command line of an app-server. All sessions that share it
// have these settings; what is a session's own is given to its thread.
func arguments(ephemeralLogin bool) []string {
	args := []string{
		"app-server",
		// They would call services of the vendor's at every start.
		"--disable", "plugins",
		"--disable", "apps",
		// Without these the model has neither a task list nor, outside of plan
		// mode, a tool to ask questions with.
		"--config", "tools.update_plan.enabled=true",
		"--enable", "default_mode_request_user_input",
		"--config", "suppress_unstable_features_warning=true", // about the line above, in every thread
		// A network that is down ends the turn instead of being retried for ever.
		"--disable", "unbounded_connection_retries",
		// A thread that its session has left goes at once, with its tool
		// servers, and not after half an hour.
		"--config", "thread_unload_delay_secs=0",
	}
	if ephemeralLogin {
		// The key that the bridge hands over must not replace the user's login.
		args = append(args, "--config", `cli_auth_credentials_store="ephemeral"`)
	}
	return args
}

// ownMarks are variables by which a Codex tells its commands that they run
// inside it; a bridge may be such a command, its agents are not.
var ownMarks = []string{
	"CODEX_SESSION_ID",
	"CODEX_THREAD_ID",
	"CODEX_TOOL_CALL_ID",
	"CODEX_CI",
	"CODEX_SANDBOX",
	"CODEX_SANDBOX_NETWORK_DISABLED",
	"CODEX_INTERNAL_ORIGINATOR_OVERRIDE",
}

// environment is that of an app-server: the bridge's, and over it what its
// sessions have in common.
func environment(base []string, own map[string]string) []string {
	// Without NO_COLOR, stderr has escape sequences also in a pipe.
	return environ.Merge(base, ownMarks, []string{"NO_COLOR=1"}, own)
}

// serverSpec is how to start an app-server. It runs in no project: each thread
// has a directory of its own.
func serverSpec(path string, args, env []string) process.Spec {
	root := "/"
	if volume := filepath.VolumeName(path); volume != "" {
		root = volume + `\`
	}
	return process.Spec{Path: path, Args: args, Dir: root, Env: env}
}

// serverKey is equal for sessions that can share an app-server. It holds no
// secret of the environment.
func serverKey(path string, args, env []string) string {
	h := sha256.New()
	env = slices.Clone(env)
	slices.Sort(env)
	for _, list := range [][]string{{path}, args, env} {
		for _, s := range list {
			fmt.Fprintf(h, "%q\n", s)
		}
		fmt.Fprintln(h)
	}
	return string(h.Sum(nil))
}

// start starts an app-server, or the program for something short.
func start(ctx context.Context, supervisor *process.Supervisor, spec process.Spec) (Transport, error) {
	return supervisor.Start(ctx, spec)
}
