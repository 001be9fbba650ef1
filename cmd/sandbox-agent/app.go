package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"syscall"

	"github.com/urfave/cli/v3"
)

// Exit codes, the same for every command. exitCodes tells them to people.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

const exitCodes = `Exit codes:
     0  success; for run: the agent came to the end of its turn
     1  failure; for run: an error, a refusal or a limit ended the turn;
        for doctor: no agent can run
     2  the command line is wrong
   130  interrupted by Ctrl-C or a signal; server and stdio end with 0 then`

// usageError is a mistake on the command line.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// usagef makes a usageError of a command.
func usagef(cmd *cli.Command, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if cmd != cmd.Root() {
		err = fmt.Errorf("%s: %w", cmd.Name, err)
	}
	return usageError{fmt.Errorf("%w; see %s --help", err, cmd.FullName())}
}

// exitError ends the program with a code. Without err nothing more is said,
// since the person knows already.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string { return fmt.Sprintf("exit %d: %v", e.code, e.err) }
func (e exitError) Unwrap() error { return e.err }

// run is the whole program but for the process it runs in.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	code, err := outcome(newApp(stdin, stdout, stderr).Run(ctx, args))
	if err != nil {
		fmt.Fprintf(stderr, "sandbox-agent: %v\n", err)
	}
	return code
}

// outcome is the exit code of an error, and what is left to say of it.
func outcome(err error) (int, error) {
	var wrong usageError
	var exit exitError
	switch {
	case err == nil, errors.Is(err, errVersionShown):
		return exitOK, nil
	case readerGone(err):
		return exitFailed, nil
	case errors.As(err, &exit):
		return exit.code, exit.err
	case errors.As(err, &wrong):
		return exitUsage, err
	}
	return exitFailed, err
}

// readerGone tells whether whoever read the output has gone, as head does after
// its last line; nobody needs to be told of it.
func readerGone(err error) bool {
	broken, ok := errors.AsType[*fs.PathError](err)
	return ok && broken.Op == "write" && broken.Path == os.Stdout.Name() && errors.Is(broken, syscall.EPIPE)
}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *cli.Command {
	app := &cli.Command{
		Name:                  "sandbox-agent",
		Usage:                 "drive coding agents through one interface",
		Description:           exitCodes,
		Version:               version,
		HideVersion:           true, // the library's flag prints more than the contract says
		HideHelpCommand:       true, // the library adds one to every group
		Reader:                stdin,
		Writer:                stdout,
		ErrWriter:             stderr,
		ExitErrHandler:        func(context.Context, *cli.Command, error) {}, // run decides
		Flags:                 []cli.Flag{&cli.BoolFlag{Name: "version", Aliases: []string{"V"}, Usage: "print the version", Local: true}},
		Before:                showVersion,
		EnableShellCompletion: true,

		ConfigureShellCompletionCommand: showCompletion,
		// A file name may hold a comma.
		DisableSliceFlagSeparator: true,
		Commands: []*cli.Command{
			runCommand(), stdioCommand(), serverCommand(), daemonCommand(),
			apiGroup("sessions"), apiGroup("fs"), apiCommand(),
			orRemote(agentsCommand()), installAgentCommand(), doctorCommand(), credentialsCommand(), schemaCommand(), helpCommand(),
		},
	}
	hardenUsage(app)
	return app
}

// errVersionShown keeps a command from running after --version.
var errVersionShown = errors.New("the version was shown")

func showVersion(ctx context.Context, cmd *cli.Command) (context.Context, error) {
	if !cmd.Bool("version") {
		return ctx, nil
	}
	if _, err := fmt.Fprintf(cmd.Writer, "sandbox-agent %s\n", version); err != nil {
		return ctx, err
	}
	return ctx, errVersionShown
}

// hardenUsage makes every mistake on the command line a usage error that
// prints nothing on stdout, which belongs to the protocol. Arguments are taken
// only by commands that have an ArgsUsage, which have to count them.
func hardenUsage(cmd *cli.Command) {
	cmd.OnUsageError = func(_ context.Context, c *cli.Command, err error, _ bool) error {
		return usagef(c, "%w", err)
	}
	// Set on every command: it isn't handed down.
	cmd.DisableSliceFlagSeparator = true
	if cmd.Action == nil {
		cmd.Action = missingCommand
	} else {
		cmd.Action = checked(cmd.Action, cmd.ArgsUsage != "")
	}
	if len(cmd.Commands) > 0 {
		cmd.Flags = append(cmd.Flags, earlyTokenFlags()...)
	} else {
		cmd.CommandNotFound = helpBesideArguments
	}
	for _, sub := range cmd.Commands {
		hardenUsage(sub)
	}
}

// missingCommand is the action of a group of commands.
func missingCommand(_ context.Context, c *cli.Command) error {
	if c.Args().Present() {
		return usagef(c, "unknown command %q", c.Args().First())
	}
	root := c.Root()
	root.Writer = root.ErrWriter
	var err error
	if c == root {
		err = cli.ShowRootCommandHelp(c)
	} else {
		err = cli.ShowSubcommandHelp(c)
	}
	return exitError{exitUsage, err}
}

// mayBeEmpty are the flags whose value may be nothing: a file's content.
var mayBeEmpty = []string{"content"}

// checked refuses what the library lets pass: arguments that nobody reads, and
// flags that are given without a value, as by an unset variable of a script.
func checked(action cli.ActionFunc, takesArgs bool) cli.ActionFunc {
	return func(ctx context.Context, c *cli.Command) error {
		if extra := c.Args().Slice(); len(extra) > 0 && !takesArgs {
			return usagef(c, "unexpected argument %q", extra[0])
		}
		if err := takeEarlyFlags(c); err != nil {
			return err
		}
		for _, f := range c.Flags {
			name := f.Names()[0]
			if !c.IsSet(name) {
				continue
			}
			switch f.(type) {
			case *cli.StringFlag:
				if c.String(name) == "" && !slices.Contains(mayBeEmpty, name) {
					return usagef(c, "--%s is empty; give it a value or leave it out", name)
				}
			case *cli.StringSliceFlag:
				if slices.Contains(c.StringSlice(name), "") {
					return usagef(c, "--%s is empty; give it a value or leave it out", name)
				}
			}
		}
		return action(ctx, c)
	}
}

// choice reads a flag that takes one of a few words.
func choice(cmd *cli.Command, flag string, words ...string) (string, error) {
	value := cmd.String(flag)
	if value != "" && !slices.Contains(words, value) {
		return "", usagef(cmd, "--%s is %q; choose %s", flag, value, alternatives(words))
	}
	return value, nil
}

// alternatives joins words as in "a, b or c".
func alternatives(words []string) string {
	text := ""
	for i, word := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			text += " or "
		default:
			text += ", "
		}
		text += word
	}
	return text
}
