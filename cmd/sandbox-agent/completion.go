package main

import (
	"context"
	_ "embed"
	"io"
	"slices"

	"github.com/urfave/cli/v3"
)

// bashCompletion replaces the library's script, which needs a package that
// small systems don't have, and evaluates what was typed.
//
//go:embed completion/bash.sh
var bashCompletion string

// completionShells are those whose scripts the help offers.
var completionShells = []string{"bash", "zsh", "fish"}

// showCompletion makes the library's command one like the others.
func showCompletion(cmd *cli.Command) {
	cmd.Hidden = false
	cmd.Usage = "print the script that completes commands and flags in a shell"
	cmd.Description = `In ~/.bashrc:  source <(sandbox-agent completion bash)
In ~/.zshrc, after compinit:  source <(sandbox-agent completion zsh)
For fish:  sandbox-agent completion fish > ~/.config/fish/completions/sandbox-agent.fish

` + exitCodes
	cmd.Commands = slices.DeleteFunc(cmd.Commands, func(sub *cli.Command) bool { return !slices.Contains(completionShells, sub.Name) })
	for _, sub := range cmd.Commands {
		sub.Usage = "print the script for " + sub.Name
		if sub.Name == "bash" {
			sub.Action = func(_ context.Context, cmd *cli.Command) error {
				_, err := io.WriteString(cmd.Root().Writer, bashCompletion)
				return err
			}
		}
	}
	hardenUsage(cmd)
}
