package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v3"
	"golang.org/x/term"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Values of --output.
const (
	outputText = "text"
	outputJSON = "json"
)

func runCommand() *cli.Command {
	return &cli.Command{
		Name:      "run",
		Usage:     "let an agent do one thing, and show it",
		ArgsUsage: "[PROMPT]",
		UsageText: "sandbox-agent run [options] \"PROMPT\"\n" +
			"some-command | sandbox-agent run [options] [-]",
		Description: "Runs one turn of an agent and shows what it says and does while it does it.\n" +
			"Without PROMPT, or with -, the prompt is read from stdin.\n\n" +
			"At a terminal you are asked for permissions and answers. Elsewhere nobody is\n" +
			"there to ask: requests are refused, the agent is told so and goes on;\n" +
			"--permission-mode says what is allowed beforehand.\n\n" +
			"Ctrl-C interrupts the agent, a second one ends the program.\n\n" + exitCodes,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "agent", Aliases: []string{"a"}, Usage: "the `AGENT` to run (default: the first that is installed and logged in, else the mock)"},
			&cli.StringFlag{Name: "model", Aliases: []string{"m"}, Usage: "the `MODEL` to use (default: the agent's choice)"},
			&cli.StringFlag{Name: "variant", Usage: "the model's `VARIANT`, such as an effort"},
			&cli.StringFlag{Name: "agent-mode", Aliases: []string{"g"}, Usage: "how the agent works: `MODE` build or plan"},
			&cli.StringFlag{Name: "permission-mode", Aliases: []string{"p"}, Usage: "what is allowed without asking: `MODE` default, plan, acceptEdits or bypass"},
			&cli.StringFlag{Name: "directory", Aliases: []string{"C"}, Usage: "the `DIR` to work in (default: this one)"},
			&cli.StringFlag{Name: "resume", Aliases: []string{"r"}, Usage: "go on with the agent's conversation `ID`"},
			&cli.StringFlag{Name: "system-prompt", Usage: "`TEXT` to append to the agent's system prompt"},
			&cli.StringFlag{Name: "mcp-config", Usage: "`FILE` with MCP servers for the agent: a JSON object of them, by name"},
			&cli.StringSliceFlag{Name: "attach", Usage: "`FILE` to give along with the prompt; can be repeated"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Value: outputText, Usage: "`FORMAT` text, or json: one event on each line"},
			&cli.StringFlag{Name: "agent-version", Aliases: []string{"A"}, Usage: "the agent's `VERSION` (default: the one that is installed)"},
			installMissingFlag(),
			mockPaceFlag(),
			logLevelFlag(),
		},
		Action: runAction,
	}
}

// streams are where a command reads and writes.
type streams struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

func runAction(ctx context.Context, cmd *cli.Command) error {
	root := cmd.Root()
	std := streams{root.Reader, root.Writer, root.ErrWriter}
	level, err := logLevel(cmd)
	if err != nil {
		return err
	}
	create, err := createOptions(cmd)
	if err != nil {
		return err
	}
	output, err := choice(cmd, "output", outputText, outputJSON)
	if err != nil {
		return err
	}
	// Last, since it may wait for whoever writes to stdin.
	message, err := messageOptions(cmd, std.stdin)
	if err != nil {
		return err
	}
	return runTurn(ctx, turnOptions{
		create: create, message: message, json: output == outputJSON, streams: std,
		bridge: bridgeOptions{
			mockPace:       cmd.Duration("mock-pace"),
			log:            newLogger(std.stderr, level),
			installMissing: cmd.Bool("install-missing"),
			installing:     newInstallProgress(std.stderr).report,
		},
	})
}

// createOptions reads the flags that describe the session.
func createOptions(cmd *cli.Command) (session.CreateOptions, error) {
	opts := session.CreateOptions{
		Agent:        cmd.String("agent"),
		AgentVersion: cmd.String("agent-version"),
		Model:        cmd.String("model"),
		Variant:      cmd.String("variant"),
		AgentMode:    cmd.String("agent-mode"),
		Resume:       cmd.String("resume"),
		SystemPrompt: cmd.String("system-prompt"),
	}
	var modes []string
	for _, m := range drivers.PermissionModes() {
		modes = append(modes, string(m))
	}
	mode, err := choice(cmd, "permission-mode", modes...)
	if err != nil {
		return opts, err
	}
	opts.PermissionMode = drivers.PermissionMode(mode)
	if dir := cmd.String("directory"); dir != "" {
		switch info, err := os.Stat(dir); {
		case err != nil:
			return opts, usagef(cmd, "--directory: %w", err)
		case !info.IsDir():
			return opts, usagef(cmd, "--directory: %s is not a directory", dir)
		}
		if opts.Directory, err = filepath.Abs(dir); err != nil {
			return opts, fmt.Errorf("find the directory: %w", err)
		}
	}
	if file := cmd.String("mcp-config"); file != "" {
		if opts.MCP, err = readMCPConfig[drivers.MCPServer](file); err != nil {
			return opts, usagef(cmd, "--mcp-config: %w", err)
		}
	}
	return opts, nil
}

// readMCPConfig reads MCP servers by name; they may be inside "mcpServers", as
// other programs write them.
func readMCPConfig[Server any](file string) (map[string]Server, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var wrapped struct {
		Servers json.RawMessage `json:"mcpServers"`
	}
	if err := json.Unmarshal(data, &wrapped); err != nil {
		return nil, fmt.Errorf("%s is not a JSON object of servers by name: %w", file, err)
	}
	if wrapped.Servers != nil {
		data = wrapped.Servers
	}
	var servers map[string]Server
	if err := json.Unmarshal(data, &servers); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return servers, nil
}

// maxPrompt bounds what is read from stdin; a request may have 64 MiB, with
// everything in it escaped.
const maxPrompt = 8 << 20

// messageOptions reads the prompt and the attachments.
func messageOptions(cmd *cli.Command, stdin io.Reader) (session.MessageOptions, error) {
	var opts session.MessageOptions
	for _, file := range cmd.StringSlice("attach") {
		switch info, err := os.Stat(file); {
		case err != nil:
			return opts, usagef(cmd, "--attach: %w", err)
		case info.IsDir():
			return opts, usagef(cmd, "--attach: %s is a directory; give files", file)
		}
		path, err := filepath.Abs(file)
		if err != nil {
			return opts, fmt.Errorf("find %s: %w", file, err)
		}
		opts.Attachments = append(opts.Attachments, session.Attachment{Path: path})
	}
	args := cmd.Args().Slice()
	if len(args) > 1 {
		return opts, usagef(cmd, "unexpected argument %q; put the prompt in quotes", args[1])
	}
	if len(args) == 1 && args[0] != "-" {
		opts.Message = args[0]
	} else {
		if len(args) == 0 && isTerminal(stdin) {
			return opts, usagef(cmd, "the prompt is missing; say what the agent is to do")
		}
		text, err := io.ReadAll(io.LimitReader(stdin, maxPrompt+1))
		if err != nil {
			return opts, fmt.Errorf("read the prompt from stdin: %w", err)
		}
		if len(text) > maxPrompt {
			return opts, usagef(cmd, "the prompt on stdin is longer than %d bytes; put it into a file and use --attach", maxPrompt)
		}
		opts.Message = string(text)
	}
	if strings.TrimSpace(opts.Message) == "" {
		return opts, usagef(cmd, "the prompt is empty; say what the agent is to do")
	}
	return opts, nil
}

// isTerminal tells whether a stream is one, so that a person is there.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// commandLineFault tells whether the bridge refused what the command line asked
// for, rather than failed to do it.
func commandLineFault(err error) bool {
	switch universal.KindOf(err) {
	case universal.KindInvalidRequest, universal.KindUnprocessable, universal.KindUnsupportedAgent,
		universal.KindModeNotSupported, universal.KindNotSupported:
		return true
	}
	return false
}
