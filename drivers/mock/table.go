package mock

import (
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// command is something that the first word of a message asks for.
type command struct {
	words []string // the first is its name, the others are read alike
	args  string   // as shown in the help
	help  string
	run   func(*turn)
}

// commandTable is the one list of commands: the help, the slash commands and
// the dispatch are made from it.
func commandTable() []command {
	return []command{
		{[]string{"help"}, "", "list these commands", (*turn).help},
		{[]string{"echo", "say"}, "TEXT", "say TEXT", (*turn).echo},
		{[]string{"demo"}, "", "show one of everything", (*turn).demo},
		{[]string{"markdown"}, "", "stream a sample of Markdown", (*turn).markdown},
		{[]string{"reasoning", "think"}, "", "stream reasoning, then an answer", (*turn).reasoning},
		{[]string{"status"}, "", "report a status", (*turn).status},
		{[]string{"image"}, "", "send an image", (*turn).image},
		{[]string{"unknown"}, "", "send an item of an unknown kind", (*turn).unknown},
		{[]string{"attachments"}, "", "list the attachments of this message", (*turn).attachments},

		{[]string{"tool", "tools", "tooling"}, "", "call a tool that fails, with file references", (*turn).tool},
		{[]string{"gate"}, "COMMAND", "ask permission to run COMMAND, then run it", (*turn).gate},
		{[]string{"edit"}, "PATH", "ask permission to edit PATH, then edit it", (*turn).edit},
		{[]string{"diff"}, "", "change files and show the diff of the turn", (*turn).diff},
		{[]string{"mcp"}, "", "call a tool of an MCP server", (*turn).mcp},
		{[]string{"subagent"}, "[gate COMMAND]", "let a sub-agent work, which starts another or runs COMMAND", (*turn).subagent},
		{[]string{"background"}, "[hold] [gate COMMAND]", "start a sub-agent that outlives the turn; held, it waits for release", (*turn).background},
		{[]string{"release"}, "", "let the held sub-agents go on", (*turn).release},

		{[]string{"permission", "permissions"}, "", "ask for two permissions", (*turn).permissions},
		{[]string{"question", "questions"}, "", "ask two questions", (*turn).questions},
		{[]string{"ask"}, "", "ask several questions at once and quote the answers", (*turn).askSeveral},
		{[]string{"propose"}, "", "propose a plan and wait for its approval", (*turn).propose},

		{[]string{"plan"}, "", "show a plan and its progress", (*turn).plan},
		{[]string{"usage"}, "", "tell what the turn cost", (*turn).tellUsage},
		{[]string{"quota"}, "", "tell a limit of the account", (*turn).quota},
		{[]string{"compact"}, "", "tell that the context was shortened", (*turn).compact},
		{[]string{"title"}, "TEXT", "rename the session", (*turn).title},
		{[]string{"recall"}, "", "tell how many messages this conversation has seen", (*turn).recall},
		{[]string{"context"}, "[NAME...]", "tell the settings, and whether the environment variables NAME are set", (*turn).context},

		{[]string{"wait"}, "[MS]", "wait to be interrupted, to be steered to go on, or MS milliseconds", (*turn).wait},
		{[]string{"slow"}, "N MS", "stream N deltas, one each MS milliseconds", (*turn).slow},
		{[]string{"flood"}, "N BYTES [raw]", "stream N deltas of BYTES bytes as fast as possible", (*turn).flood},

		{[]string{"error"}, "", "report an error and something unparsed", (*turn).error},
		{[]string{"unparsed"}, "", "send something that nobody understands", (*turn).unparsed},
		{[]string{"fail"}, "[CATEGORY]", "end the turn with an error, such as rate_limit", (*turn).fail},
		{[]string{"stop"}, "REASON", "end the turn with a stop reason, such as max_tokens", (*turn).stop},
		{[]string{"leave-open"}, "", "end the turn with everything left open", (*turn).leaveOpen},
		{[]string{"crash"}, "[CODE]", "die in mid-turn, of a signal or with an exit code", (*turn).crash},
		{[]string{"poison"}, "[N]", "let the next N resumes of this conversation fail", (*turn).poison},
		{[]string{"end", "ended", "session.end"}, "", "end the session", (*turn).end},
	}
}

// fixedPrompts are whole messages that real agents can be given as well.
func fixedPrompts() map[string]func(*turn) {
	table := []struct {
		prompt string
		run    func(*turn)
	}{
		{"Reply with exactly the single word OK.", func(t *turn) { t.say("ok", "OK") }},
		{"Reply with exactly the word FIRST.", func(t *turn) { t.say("first", "FIRST") }},
		{"Reply with exactly the word SECOND.", func(t *turn) { t.say("second", "SECOND") }},
		{"Answer briefly and include your reasoning.", (*turn).rich},
		{"Provide a short status update.", (*turn).status},
		{"List files in the current directory using available tools.", (*turn).permissionOnly},
		{"Use the bash tool to run `ls` in the current directory. Do not answer without using the tool.", (*turn).permissionIgnored},
		{"Use the AskUserQuestion tool to ask exactly one yes/no question, then wait for a reply. Do not answer yourself.", (*turn).questionOnly},
		{"Call the AskUserQuestion tool with exactly one yes/no question and wait for a reply. Do not answer yourself.", (*turn).questionOnly},
	}
	prompts := make(map[string]func(*turn), len(table))
	for _, row := range table {
		prompts[strings.ToLower(row.prompt)] = row.run
	}
	return prompts
}

// slashCommands are the commands as clients list them.
func (d *Driver) slashCommands() []universal.Command {
	list := make([]universal.Command, len(d.commands))
	for i, c := range d.commands {
		list[i] = universal.Command{Name: c.words[0], Description: c.help}
	}
	return list
}

func (t *turn) help() {
	var b strings.Builder
	b.WriteString("The first word of a message is a command; anything else is repeated.")
	for _, c := range t.session.driver.commands {
		b.WriteString("\n" + strings.TrimSpace(strings.Join(c.words, ", ")+" "+c.args) + ": " + c.help)
	}
	t.say("help", b.String())
}
