package claude

import (
	"strconv"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Texts with which the CLI stands in for a command's output.
const (
	noOutput       = "(Bash completed with no output)"
	exitCodePrefix = "Exit code "
	toolErrorTag   = "<tool_use_error>"
	backgroundMark = "Command running in background with ID: "
	movedMark      = "Command was manually backgrounded"
)

// commandPart is the executed command of a result, nil where none was.
func (c *converter) commandPart(r *result) *universal.CommandPart {
	if r.call.name != "Bash" || r.input.Command == "" || r.call.waiting ||
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
	background := r.twin.BackgroundTask != "" || r.input.Background ||
		strings.HasPrefix(r.text, backgroundMark) || strings.HasPrefix(r.text, movedMark)
	// A code that is not 0 and yet no error, such as grep's 1, comes with an
	// interpretation instead of the code.
	known := r.hasTwin || r.toldSuccess
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
