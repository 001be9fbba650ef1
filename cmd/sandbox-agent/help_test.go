package main

import (
	"bytes"
	"strings"
	"testing"
)

// Who asks for help in the middle of a command gets it, whatever else stands
// there.
func TestHelpBesideArguments(t *testing.T) {
	for line, name := range map[string]string{
		"install-agent --help":       "sandbox-agent install-agent",
		"install-agent amp --help":   "sandbox-agent install-agent",
		"run --help PROMPT":          "sandbox-agent run",
		"agents install codex -h":    "sandbox-agent agents install",
		"api sessions create x -h":   "sandbox-agent api sessions create",
		"credentials extract --help": "sandbox-agent credentials extract",
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), append([]string{"sandbox-agent"}, strings.Fields(line)...), strings.NewReader(""), &stdout, &stderr)
		if code != exitOK || !strings.Contains(stdout.String(), name+" - ") || stderr.Len() > 0 {
			t.Errorf("%s: exit %d, stderr %q, stdout %q", line, code, stderr.String(), stdout.String())
		}
	}
}

// The command shows what the flag shows.
func TestHelpCommand(t *testing.T) {
	say := func(line string) (stdout, stderr string, code int) {
		var out, errs bytes.Buffer
		code = run(t.Context(), append([]string{"sandbox-agent"}, strings.Fields(line)...), strings.NewReader(""), &out, &errs)
		return out.String(), errs.String(), code
	}
	for _, command := range []string{"", "run", "sessions", "agents install", "api sessions create", "help"} {
		want, _, _ := say(command + " --help")
		got, complaint, code := say("help " + command)
		if code != exitOK || got != want || complaint != "" {
			t.Errorf("help %s: exit %d, stderr %q, stdout %q, want %q", command, code, complaint, got, want)
		}
	}
	if stdout, stderr, code := say("help sessions nope"); code != exitUsage || stdout != "" || !strings.Contains(stderr, `unknown command "nope"`) {
		t.Errorf("help of no command: exit %d, stderr %q, stdout %q", code, stderr, stdout)
	}
}
