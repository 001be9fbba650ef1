package claude

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Texts with which the CLI stands in for a command's output.
const (
	noOutput       = "(Bash completed with no output)"
	exitCodePrefix = "Exit code "
	toolErrorTag   = "<tool_use_error>"
)

// backgroundMarks begin the result of a command that goes on in the background.
var backgroundMarks = []string{
	"Command running in background with ID: ",
	"Command was manually backgrounded ",
	"Command was moved to the background ",
	"Command did not complete within its ",
}

// commandPart is the executed command of a result, nil where none was.
func (c *converter) commandPart(r *result) *universal.CommandPart {
	if toolKind(r.call.name) != universal.ToolExecute || r.input.Command == "" || r.call.waiting ||
		r.notRun == notRunRefused || strings.HasPrefix(r.text, toolErrorTag) {
		return nil
	}
	p := &universal.CommandPart{Command: r.input.Command, Cwd: r.call.cwd, Output: r.text}
	if r.call.parent == "" && changesDirectory(p.Command) {
		// The shell's directory stays changed, and nothing tells to what.
		c.cwd = ""
	}
	if r.call.parent != "" {
		p.Cwd = "" // a sub-agent's shell is its own
	}
	code, output, told := exitCode(r.text)
	switch {
	case r.notRun != "":
		p.Output = "" // the text is the CLI's
		return p
	case told && r.isError:
		p.ExitCode, p.Output = &code, output
		return p
	case r.hasTwin && r.twin.Stdout != nil:
		p.Output = joinOutput(*r.twin.Stdout, r.twin.Stderr)
		if r.twin.IsImage {
			p.Output = "" // the picture is a part of its own
		}
	case r.text == noOutput:
		p.Output = ""
	}
	background := r.twin.BackgroundTask != "" || r.input.Background || r.call.name == toolMonitor ||
		slices.ContainsFunc(backgroundMarks, func(mark string) bool { return strings.HasPrefix(r.text, mark) })
	// A code that is not 0 and yet no error, such as grep's 1, comes with an
	// interpretation instead of the code; to a sub-agent without one.
	known := r.hasTwin || r.toldSuccess && !answersByCode(p.Command)
	if known && !r.isError && !background && !r.twin.Interrupted && r.twin.Interpretation == "" {
		zero := 0
		p.ExitCode = &zero
	}
	if background {
		p.Output = ""
	}
	return p
}

// exitCode reads "Exit code N" and the output behind it.
func exitCode(text string) (code int, output string, ok bool) {
	rest, ok := strings.CutPrefix(text, exitCodePrefix)
	if !ok {
		return 0, "", false
	}
	number, output, _ := strings.Cut(rest, "\n")
	code, err := strconv.Atoi(strings.TrimSpace(number))
	return code, output, err == nil
}

func joinOutput(stdout, stderr string) string {
	switch {
	case stderr == "":
		return stdout
	case stdout == "":
		return stderr
	}
	return strings.TrimSuffix(stdout, "\n") + "\n" + stderr
}

// changesDirectory tells whether a command may leave its shell elsewhere.
func changesDirectory(command string) bool {
	for _, word := range strings.FieldsFunc(command, func(r rune) bool {
		return strings.ContainsRune(" \t\n;&|(){}", r)
	}) {
		switch word {
		case "cd", "pushd", "popd":
			return true
		}
	}
	return false
}

// answersByCode tells whether a command may have ended with the code 1 that the
// CLI takes for an answer, not for a failure.
func answersByCode(command string) bool {
	for _, part := range strings.FieldsFunc(command, func(r rune) bool { return strings.ContainsRune("\n;&|(){}`", r) }) {
		words := strings.Fields(part)
		if len(words) == 0 {
			continue
		}
		switch path.Base(words[0]) {
		case "grep", "egrep", "fgrep", "rg", "find", "diff", "test", "[":
			return true
		case "git":
			if slices.Contains(words, "grep") || slices.Contains(words, "diff") {
				return true
			}
		}
	}
	return false
}
