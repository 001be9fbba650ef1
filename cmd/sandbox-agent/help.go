package main

import (
	"context"

	"github.com/urfave/cli/v3"
)

// helpCommand is what --help does, for those who write it as a command.
func helpCommand() *cli.Command {
	return &cli.Command{Name: "help", Usage: "show the help of a command", ArgsUsage: "[COMMAND]...", Action: showHelp}
}

func showHelp(ctx context.Context, c *cli.Command) error {
	parent, of := c.Root(), c.Root()
	for _, name := range c.Args().Slice() {
		below := of.Command(name)
		if below == nil {
			return usagef(c, "unknown command %q", name)
		}
		parent, of = of, below
	}
	if of == parent {
		return cli.ShowRootCommandHelp(of)
	}
	return cli.ShowCommandHelp(ctx, parent, of.Name)
}

// helpBesideArguments shows the help of a command whose --help stands beside
// arguments, which the library takes for commands below it.
func helpBesideArguments(ctx context.Context, cmd *cli.Command, _ string) {
	parent := cmd.Lineage()[1]
	_ = cli.ShowCommandHelp(ctx, parent, cmd.Name) // it is there
}
