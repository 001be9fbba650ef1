package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v3"

	"github.com/sandbox-agent/sandbox-agent/drivers/credentials"
)

func credentialsCommand() *cli.Command {
	return &cli.Command{
		Name:  "credentials",
		Usage: "find the logins that are on this machine already",
		Description: "Looks in the environment and in the files of Claude Code, Codex, OpenCode and\n" +
			"Amp. Nothing is changed, no program is run and no network is used.",
		Commands: []*cli.Command{extractCommand(), extractEnvCommand()},
	}
}

func homeDirFlag() cli.Flag {
	return &cli.StringFlag{Name: "home-dir", Aliases: []string{"d"}, Usage: "look for files in the home `DIR` of somebody else"}
}

func noOAuthFlag() cli.Flag {
	return &cli.BoolFlag{Name: "no-oauth", Usage: "leave out the tokens of logins: API keys only"}
}

// findCredentials looks for credentials as the flags say, and tells on stderr
// what is broken.
func findCredentials(cmd *cli.Command) (credentials.Set, error) {
	opts := credentials.Options{NoOAuth: cmd.Bool("no-oauth")}
	if dir := cmd.String("home-dir"); dir != "" {
		switch info, err := os.Stat(dir); {
		case err != nil:
			return credentials.Set{}, usagef(cmd, "--home-dir: %w", err)
		case !info.IsDir():
			return credentials.Set{}, usagef(cmd, "--home-dir: %s is not a directory", dir)
		}
		var err error
		if opts.Home, err = filepath.Abs(dir); err != nil {
			return credentials.Set{}, fmt.Errorf("find the home: %w", err)
		}
	}
	set := credentials.Find(opts)
	for _, p := range set.Problems {
		note(cmd.Root().ErrWriter, "%v", p)
	}
	return set, nil
}

// note tells a person something beside the output.
func note(stderr io.Writer, format string, args ...any) {
	fmt.Fprintf(stderr, "sandbox-agent: "+format+"\n", args...)
}
