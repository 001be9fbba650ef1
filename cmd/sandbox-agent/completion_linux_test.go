package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The script completes commands and flags in a plain bash, without any package
// for it, and runs nothing of what was typed.
func TestBashCompletion(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "sandbox-agent")); err != nil {
		t.Fatal(err)
	}
	// complete sets what bash sets, and calls what bash calls.
	const complete = `
source <(sandbox-agent completion bash)
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_sandbox_agent sandbox-agent
printf '%s\n' "${COMPREPLY[@]}"
`
	for _, tt := range []struct {
		words []string
		want  string
	}{
		{[]string{"se"}, "server sessions"},
		{[]string{"api", ""}, "health schema agents sessions fs"},
		{[]string{"sessions", "send"}, "send-message send-message-stream"},
		{[]string{"server", "--cors-allow-m"}, "--cors-allow-method"},
		{[]string{"fs", "read", "a b", "--sess"}, "--session-id"},
		{[]string{"completion", ""}, "bash zsh fish"},
		{[]string{"run", "$(touch pwned)", "`touch pwned`", "--per"}, "--permission-mode"},
		{[]string{"nonsense", "x"}, ""},
	} {
		cmd := exec.CommandContext(t.Context(), "bash", append([]string{"--norc", "-c", complete, "bash", "sandbox-agent"}, tt.words...)...)
		cmd.Dir = dir
		cmd.Env = []string{asProgram + "=1", "HOME=" + dir, "PATH=" + dir + ":" + os.Getenv("PATH")}
		out, err := cmd.CombinedOutput()
		if got := strings.Join(strings.Fields(string(out)), " "); err != nil || got != tt.want {
			t.Errorf("%q: %v, completed to %q, want %q", tt.words, err, got, tt.want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
		t.Error("completing ran what was typed")
	}
}
