package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode"

	"github.com/urfave/cli/v3"
)

// tokenVariable names the environment variable that may hold the token, so
// that it need not be on a command line that everybody can read.
const tokenVariable = "SANDBOX_AGENT_TOKEN"

// serverToken is the token that clients have to show; "" if there is none.
func serverToken(cmd *cli.Command) (string, error) {
	given, file := cmd.String("token"), cmd.String("token-file")
	switch {
	case cmd.Bool("no-token") && (given != "" || file != ""):
		return "", usagef(cmd, "--no-token contradicts the token that is given")
	case cmd.Bool("no-token"):
		return "", nil
	case given != "" && file != "":
		return "", usagef(cmd, "--token and --token-file are both given; leave one out")
	case given != "":
		return usable(given, "--token")
	case file == "":
		return usable(os.Getenv(tokenVariable), tokenVariable)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", fmt.Errorf("read the token: %s is empty", file)
	}
	return usable(token, file)
}

// clientToken is the token to show to a server; "" shows none.
func clientToken(cmd *cli.Command) (string, error) {
	given := cmd.String("token")
	switch {
	case cmd.Bool("no-token") && given != "":
		return "", usagef(cmd, "--no-token contradicts --token")
	case cmd.Bool("no-token"):
		return "", nil
	case given != "":
		return usable(given, "--token")
	}
	return usable(os.Getenv(tokenVariable), tokenVariable)
}

// usable refuses a token that no header can carry, such as two lines of a file:
// nobody could ever show it.
func usable(token, origin string) (string, error) {
	if token != strings.TrimSpace(token) || strings.ContainsFunc(token, unicode.IsControl) {
		return "", fmt.Errorf("the token of %s can't be shown in a header: it has a line break, a control character, or a space around it", origin)
	}
	return token, nil
}

// earlyTokenFlags are for commands that only have commands of their own: those
// who know the v0.1 command line write these flags before any of its words.
func earlyTokenFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "token", Aliases: []string{"t"}, Local: true, Hidden: true},
		&cli.BoolFlag{Name: "no-token", Aliases: []string{"n"}, Local: true, Hidden: true},
	}
}

// takeEarlyFlags gives a command those of its flags that stand before its name.
// One that has no such flag refuses them.
func takeEarlyFlags(cmd *cli.Command) error {
	for _, early := range earlyTokenFlags() {
		name := early.Names()[0]
		own := namedFlag(cmd, name)
		if own != nil && own.IsSet() {
			continue
		}
		for _, before := range cmd.Lineage()[1:] {
			f := namedFlag(before, name)
			if f == nil || !f.IsSet() {
				continue
			}
			if own == nil {
				return usagef(cmd, "--%s is given, which this command has no use for", name)
			}
			if err := cmd.Set(name, fmt.Sprint(f.Get())); err != nil {
				return errors.Join(usagef(cmd, "--%s", name), err)
			}
			break
		}
	}
	return nil
}

// namedFlag is a command's own flag; nil if it has none of that name.
func namedFlag(cmd *cli.Command, name string) cli.Flag {
	for _, f := range cmd.Flags {
		if f.Names()[0] == name {
			return f
		}
	}
	return nil
}
