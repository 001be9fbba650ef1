package claude

import (
	"os"
	"slices"
	"testing"
)

// The CLI starts for root wherever the bridge runs: in a sandbox that has
// another mark than the CLI knows, too. Sessions can still choose.
func TestEnvironmentOfRoot(t *testing.T) {
	kept, marked := "IS_SANDBOX=yes", "IS_SANDBOX=1"
	if os.Geteuid() == 0 {
		kept = marked
	}
	if env := environment([]string{"A=1", "IS_SANDBOX=yes", "CLAUDECODE=1"}, nil); !slices.Contains(env, kept) || !slices.Contains(env, "A=1") || slices.Contains(env, "CLAUDECODE=1") {
		t.Errorf("environment %q, want %s in it", env, kept)
	}
	if env := environment(nil, nil); slices.Contains(env, marked) != (os.Geteuid() == 0) {
		t.Errorf("environment %q of user %d", env, os.Geteuid())
	}
	if env := environment([]string{"IS_SANDBOX=yes"}, map[string]string{"IS_SANDBOX": "own"}); !slices.Contains(env, "IS_SANDBOX=own") || slices.Contains(env, marked) {
		t.Errorf("environment %q, want the session's own", env)
	}
}
