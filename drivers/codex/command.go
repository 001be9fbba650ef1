package codex

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/oneline"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// commandItem is an executed command.
type commandItem struct {
	Command   string  `json:"command"` // quoted for a shell, the shell included
	Cwd       string  `json:"cwd"`
	ProcessID string  `json:"processId"`
	Source    string  `json:"source"`
	Status    string  `json:"status"`
	Output    *string `json:"aggregatedOutput"`
	ExitCode  *int    `json:"exitCode"`
	Duration  *int64  `json:"durationMs"`
}

const (
	commandTool = "exec_command"
	userCommand = "userShell" // the source of a command that is the user's own
	// maxKeptOutput bounds the output that is kept of a running command, in
	// bytes; only one that outlives its turn needs it.
	maxKeptOutput = 256 << 10
)

// commandStarted tells the call of a command. Codex also tells of a command
// that waits for a permission this way.
func (c *converter) commandStarted(it *item, raw json.RawMessage) error {
	var l commandItem
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	c.callCommand(it, &l)
	return nil
}

func (c *converter) callCommand(it *item, l *commandItem) {
	if l.ProcessID != "" {
		it.processID = l.ProcessID
	}
	if it.called {
		return
	}
	it.command, it.cwd = innerCommand(l.Command), l.Cwd
	c.call(it, universal.ToolExecute, commandTool, encode(struct {
		Command string `json:"command"`
		Cwd     string `json:"cwd,omitempty"`
	}{it.command, l.Cwd}), it.command)
}

// outputDelta is a piece of a command's output.
func (c *converter) outputDelta(_ *thread, params []byte) error {
	var l deltaLine
	if err := l.decode(params); err != nil {
		return err
	}
	it := c.items[key(l.TurnID, l.ItemID)]
	if it == nil || !it.called {
		return nil // of a turn that is over
	}
	if len(it.text)+len(l.Delta) <= maxKeptOutput {
		it.text = append(it.text, l.Delta...)
	}
	if l.Delta != "" && it.thread.call == "" && it.turn != c.turn.id {
		return nil // its result was told when its turn ended
	}
	c.resultDelta(it, l.Delta)
	return nil
}

func (c *converter) commandCompleted(it *item, raw json.RawMessage) error {
	var l commandItem
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	c.callCommand(it, &l)
	if it.turn != c.turn.id && c.isRoot(it.thread) {
		c.detachedCommandEnded(it, &l)
		return nil
	}
	output := ""
	if l.Output != nil {
		output = *l.Output
	}
	if l.Status == "declined" || l.ExitCode == nil && l.ProcessID == "" {
		if output == "" {
			output = "The command was not run."
		}
		c.completeResult(it, universal.StatusFailed, output)
		return nil
	}
	c.completeResult(it, done(l.Status), output, &universal.CommandPart{
		Command: it.command, Cwd: l.Cwd, ExitCode: exitCode(&l), Output: output, DurationMS: l.Duration,
	})
	return nil
}

// exitCode is nil where there is none: Codex says −1 of a command that was
// killed.
func exitCode(l *commandItem) *int {
	if l.ExitCode != nil && *l.ExitCode < 0 {
		return nil
	}
	return l.ExitCode
}

// detachCommand tells the result of a command that goes on when its turn is
// over.
func (c *converter) detachCommand(it *item) {
	output := string(it.text)
	c.completeResult(it, universal.StatusCompleted, output+"[The command goes on in the background.]",
		&universal.CommandPart{Command: it.command, Cwd: it.cwd, Output: output})
	c.detached++
}

// cutCommand tells the result of a command that ran when its turn was ended, with
// what it had printed; other items, and commands that waited for a permission,
// have nothing to tell. What becomes of it, Codex says too late.
func (c *converter) cutCommand(it *item) {
	if it.kind != "commandExecution" || !it.called {
		return
	}
	for _, r := range c.requests {
		if r.item == it {
			return
		}
	}
	output := string(it.text)
	c.emitOwn(universal.TypeItemCompleted, &universal.ItemData{
		Item: it.universal(resultSuffix, universal.KindToolResult, universal.RoleTool, universal.StatusCancelled,
			&universal.ToolResultPart{CallID: it.key, Output: output + "[The turn ended before the command did.]", IsError: true},
			&universal.CommandPart{Command: it.command, Cwd: it.cwd, Output: output}),
	})
}

// detachedCommandEnded tells the end of a command that had outlived its turn.
func (c *converter) detachedCommandEnded(it *item, l *commandItem) {
	c.detached--
	how := "ended"
	if code := exitCode(l); code != nil {
		how = fmt.Sprintf("exited with code %d", *code)
	}
	c.status(it.thread, it.key+":ended", "background command "+how, oneline.Text(it.command))
}

// terminalInteraction tells that the model typed into a running command.
func (c *converter) terminalInteraction(th *thread, params []byte) error {
	var l struct {
		TurnID string `json:"turnId"`
		ItemID string `json:"itemId"`
		Stdin  string `json:"stdin"`
	}
	if err := json.Unmarshal(params, &l); err != nil {
		return err
	}
	it := c.items[key(l.TurnID, l.ItemID)]
	if it == nil || l.Stdin == "" {
		return nil // it only looks, or the command's turn is over
	}
	c.typed++
	c.status(th, fmt.Sprintf("%s:typed:%d", it.key, c.typed), "typed into a running command", l.Stdin)
	return nil
}

// innerCommand takes a command out of the shell that runs it: what it says is
// `/bin/bash -lc 'echo hello'`.
func innerCommand(command string) string {
	words, ok := shellWords(command)
	if !ok || len(words) != 3 {
		return command
	}
	switch path.Base(strings.ReplaceAll(words[0], `\`, "/")) {
	case "bash", "sh", "zsh", "dash":
	default:
		return command
	}
	if words[1] != "-lc" && words[1] != "-c" {
		return command
	}
	return words[2]
}

// shellWords splits a command that was quoted word by word.
func shellWords(command string) (words []string, ok bool) {
	var word strings.Builder
	quote, in := byte(0), false
	for i := 0; i < len(command); i++ {
		ch := command[i]
		switch {
		case quote == '\'' && ch != '\'', quote == '"' && ch != '"' && ch != '\\':
			word.WriteByte(ch)
		case quote != 0 && ch == quote:
			quote = 0
		case ch == '\\':
			i++
			if i == len(command) {
				return nil, false
			}
			if quote == '"' && !strings.ContainsRune("\\\"$`\n", rune(command[i])) {
				word.WriteByte('\\')
			}
			word.WriteByte(command[i])
			in = true
		case ch == '\'' || ch == '"':
			quote, in = ch, true
		case ch == ' ':
			if in {
				words = append(words, word.String())
				word.Reset()
			}
			in = false
		default:
			word.WriteByte(ch)
			in = true
		}
	}
	if in {
		words = append(words, word.String())
	}
	return words, quote == 0
}

// encode makes JSON of a value of this package, which can't fail.
func encode(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "{}"
	}
	return strings.TrimSuffix(b.String(), "\n")
}
