package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers/credentials"
)

// hostile are values that a shell would do something with.
var hostile = []string{
	"plain-value_1.2,3:4/5@6%7+8=9", "", " ", "two words", "it's", "''", `back\slash`, "$HOME", "`id`", "$(id)", "a;b&c|d>e<f",
	"line\nbreak", "\"", "~", "~/x", "*", "?", "[a]", "{a,b}", "!x", "#x", "a\tb", "é", "-n", "=", "\r",
}

// What is quoted is read back by a shell as it was.
func TestShellQuote(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range hostile {
		var script strings.Builder
		if err := writeVars(&script, []envVar{{"X", credentials.NewSecret(value)}}, true); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), sh, "-c", `eval "$1"; printf '%s' "$X"`, "sh", script.String()).CombinedOutput()
		if err != nil || string(out) != value {
			t.Errorf("%q is written as %s and read as %q (%v)", value, script.String(), out, err)
		}
	}
}

// Only what every reader takes as it is stays without quotes.
func TestShellQuoteOnlyWhereNeeded(t *testing.T) {
	for value, want := range map[string]string{
		"sk-ant_1.2/3+4==": "sk-ant_1.2/3+4==", "=ls": "'=ls'", "": "''", "~": "'~'",
	} {
		if got := shellQuote(value); got != want {
			t.Errorf("%q is written as %s, want %s", value, got, want)
		}
	}
}

// A secret is not shown at a terminal.
func TestHiddenVars(t *testing.T) {
	var out strings.Builder
	if err := writeHiddenVars(&out, []envVar{{"X", credentials.NewSecret("sk-ant-abcdefghijkl")}}); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "# X: sk-a...ijkl\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
