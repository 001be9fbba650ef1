package main

import (
	"strings"
	"testing"
)

// What is made for a shell is not shown to a person, unless it is asked for.
func TestExtractEnvAtATerminal(t *testing.T) {
	t.Parallel()
	env := []string{"OPENAI_API_KEY=sk-made-up-for-a-test"}
	screen := atTerminal(t, env, "credentials", "extract-env").ends(exitOK)
	if !strings.Contains(screen, "# OPENAI_API_KEY: sk-m...test") || !strings.Contains(screen, "--reveal shows them") || strings.Contains(screen, "made-up") {
		t.Errorf("without --reveal:\n%s", screen)
	}
	screen = atTerminal(t, env, "credentials", "extract-env", "--reveal").ends(exitOK)
	if !strings.Contains(screen, "OPENAI_API_KEY=sk-made-up-for-a-test") {
		t.Errorf("with --reveal:\n%s", screen)
	}
}
