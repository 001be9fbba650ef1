package main

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/sandbox-agent/sandbox-agent/drivers/credentials"
)

func extractEnvCommand() *cli.Command {
	return &cli.Command{
		Name:  "extract-env",
		Usage: "print the credentials that were found for a shell to set",
		UsageText: "eval \"$(sandbox-agent credentials extract-env --export)\"\n" +
			"sandbox-agent credentials extract-env >agent.env",
		Description: "Prints lines of NAME=value, quoted for the shell where a value needs it. What\n" +
			"was found is printed in full, since that is what the command is for; but not at\n" +
			"a terminal, where everybody could read it, unless --reveal is given. The token of\n" +
			"a login is never printed under the name of an API key.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "export", Aliases: []string{"e"}, Usage: "print export NAME=value"},
			homeDirFlag(),
			noOAuthFlag(),
			&cli.BoolFlag{Name: "reveal", Aliases: []string{"r"}, Usage: "show secrets at a terminal too"},
		},
		Action: func(_ context.Context, cmd *cli.Command) error {
			set, err := findCredentials(cmd)
			if err != nil {
				return err
			}
			root := cmd.Root()
			vars, notes := environmentOf(&set)
			for _, text := range notes {
				note(root.ErrWriter, "%s", text)
			}
			if isTerminal(root.Writer) && !cmd.Bool("reveal") {
				if len(vars) > 0 {
					note(root.ErrWriter, "values are hidden at a terminal; --reveal shows them")
				}
				return writeHiddenVars(root.Writer, vars)
			}
			return writeVars(root.Writer, vars, cmd.Bool("export"))
		},
	}
}

// envVar is an environment variable for a credential.
type envVar struct {
	name  string
	value credentials.Secret
}

// environmentOf are the variables of a set, and what can't be one.
func environmentOf(set *credentials.Set) (vars []envVar, notes []string) {
	all := set.All()
	if len(all) == 0 {
		notes = append(notes, "no credentials were found")
	}
	taken := map[string]string{} // provider by name
	for _, c := range all {
		names := credentials.Variables(c)
		if len(names) == 0 {
			notes = append(notes, fmt.Sprintf("the login for %s (%s) is left out: no program takes its token from a variable", c.Provider, c.Where()))
		}
		for _, name := range names {
			if other, ok := taken[name]; ok {
				notes = append(notes, fmt.Sprintf("the credential for %s is left out of %s, which has the one for %s", c.Provider, name, other))
				continue
			}
			taken[name] = c.Provider
			vars = append(vars, envVar{name, c.Secret})
		}
	}
	return vars, notes
}

// writeVars writes what a shell can read.
func writeVars(w io.Writer, vars []envVar, export bool) error {
	var out strings.Builder
	for _, v := range vars {
		if export {
			out.WriteString("export ")
		}
		fmt.Fprintf(&out, "%s=%s\n", v.name, shellQuote(v.value.Reveal()))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// writeHiddenVars writes what a person may see, as comments.
func writeHiddenVars(w io.Writer, vars []envVar) error {
	var out strings.Builder
	for _, v := range vars {
		fmt.Fprintf(&out, "# %s: %s\n", v.name, v.value.Redacted())
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// plainValue is one that means the same to every reader, quoted or not: to a
// shell, and to programs that read such lines without being one. One that
// begins with an equals sign is quoted: zsh takes =ls for the path of ls.
var plainValue = regexp.MustCompile(`^[A-Za-z0-9_.,:/@%+-][A-Za-z0-9_.,:/@%+=-]*$`)

// shellQuote writes a value so that a POSIX shell reads that value and nothing
// else.
func shellQuote(value string) string {
	if plainValue.MatchString(value) {
		return value
	}
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}
