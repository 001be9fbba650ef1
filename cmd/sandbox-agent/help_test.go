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
