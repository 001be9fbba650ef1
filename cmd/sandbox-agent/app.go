package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v3"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // something went wrong while running
	exitUsage  = 2 // the command line is wrong
)

// usageError is a mistake on the command line.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }

// run is the whole program but for the process it runs in.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	app := newApp(stdin, stdout, stderr)
	err := app.Run(ctx, args)
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(stderr, "sandbox-agent: %v\n", err)
	var wrong usageError
	if errors.As(err, &wrong) {
		return exitUsage
	}
	return exitFailed
}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *cli.Command {
	app := &cli.Command{
		Name:            "sandbox-agent",
		Usage:           "drive coding agents through one interface",
		Version:         version,
		HideHelpCommand: true,
		Reader:          stdin,
		Writer:          stdout,
		ErrWriter:       stderr,
		ExitErrHandler:  func(context.Context, *cli.Command, error) {}, // run decides
		Commands:        []*cli.Command{stdioCommand()},
	}
	hardenUsage(app)
	return app
}

// hardenUsage makes every mistake on the command line a usage error that
// prints nothing on stdout, which belongs to the protocol.
func hardenUsage(cmd *cli.Command) {
	cmd.OnUsageError = func(_ context.Context, c *cli.Command, err error, _ bool) error {
		return usageError{fmt.Errorf("%s: %w; see %s --help", c.FullName(), err, c.FullName())}
	}
	if cmd.Action == nil {
		cmd.Action = func(_ context.Context, c *cli.Command) error {
			if c.Args().Present() {
				return usageError{fmt.Errorf("%s: unknown command %q; see %s --help", c.FullName(), c.Args().First(), c.FullName())}
			}
			return usageError{fmt.Errorf("%s: a command is missing; see %s --help", c.FullName(), c.FullName())}
		}
	} else {
		action := cmd.Action
		cmd.Action = func(ctx context.Context, c *cli.Command) error {
			if extra := c.Args().Slice(); len(extra) > 0 {
				return usageError{fmt.Errorf("%s: unexpected argument %q; see %s --help", c.FullName(), extra[0], c.FullName())}
			}
			return action(ctx, c)
		}
	}
	for _, sub := range cmd.Commands {
		hardenUsage(sub)
	}
}
