package main

import (
	"context"
	"embed"
	"slices"

	"github.com/urfave/cli/v3"
)

// completionScripts replace the library's. That for bash needs a package that
// small systems don't have, and evaluates what was typed; that for fish completes
// no file names, and that for zsh writes errors between what is typed.
//
//go:embed completion/*
var completionScripts embed.FS

// completionShells are those that the help offers, and the files of their scripts.
var completionShells = map[string]string{"bash": "bash.sh", "zsh": "zsh.zsh", "fish": "fish.fish"}

// showCompletion makes the library's command one like the others.
func showCompletion(cmd *cli.Command) {
	cmd.Hidden = false
	cmd.Usage = "print the script that completes commands and flags in a shell"
	cmd.Description = `In ~/.bashrc:  source <(sandbox-agent completion bash)
In ~/.zshrc, after compinit:  source <(sandbox-agent completion zsh)
For fish:  sandbox-agent completion fish > ~/.config/fish/completions/sandbox-agent.fish

` + exitCodes
	cmd.Commands = slices.DeleteFunc(cmd.Commands, func(sub *cli.Command) bool { return completionShells[sub.Name] == "" })
	for _, sub := range cmd.Commands {
		sub.Usage = "print the script for " + sub.Name
		sub.Action = func(_ context.Context, cmd *cli.Command) error {
			script, err := completionScripts.ReadFile("completion/" + completionShells[sub.Name])
			if err != nil {
				return err
			}
			_, err = cmd.Root().Writer.Write(script)
			return err
		}
	}
	hardenUsage(cmd)
}
