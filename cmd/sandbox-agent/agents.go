package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v3"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/rpc"
)

func agentsCommand() *cli.Command {
	return &cli.Command{
		Name:        "agents",
		Usage:       "list and install agents",
		Description: "Tells which agents there are and what they offer, and installs them.\n\n" + exitCodes,
		Commands: []*cli.Command{
			{
				Name:   "list",
				Usage:  "list the agents, installed or not",
				Flags:  []cli.Flag{jsonFlag(), answerFlag(), logLevelFlag()},
				Action: askAction(askAgents, writeAgents),
			},
			agentsInstallCommand(),
			{
				Name:      "modes",
				Usage:     "list the ways in which an agent works",
				ArgsUsage: "AGENT",
				Flags:     []cli.Flag{jsonFlag(), answerFlag(), logLevelFlag()},
				Action:    askAction(askOfAgent[rpc.ModesResult]("agents/modes"), writeModes),
			},
			{
				Name:      "models",
				Usage:     "list the models that an agent can be asked for",
				ArgsUsage: "AGENT",
				Description: "Asks the agent itself, which may start it for a moment; no token is spent.\n\n" +
					exitCodes,
				Flags:  []cli.Flag{jsonFlag(), answerFlag(), logLevelFlag()},
				Action: askAction(askOfAgent[drivers.Models]("agents/models"), writeModels),
			},
		},
	}
}

func jsonFlag() cli.Flag {
	return &cli.BoolFlag{Name: "json", Usage: "answer in JSON, like --output json"}
}

func answerFlag() cli.Flag {
	return outputFlag("write the answer as `FORMAT`: json or text (default: text; of a server, json)")
}

// wantsJSON tells how a command that has both flags is to answer.
func wantsJSON(cmd *cli.Command) (bool, error) {
	output, err := choice(cmd, "output", "json", "text")
	return output == "json" || output == "" && cmd.Bool("json"), err
}

// askAction makes the action of a command that asks a bridge of its own one
// thing and shows the answer.
func askAction[R any](ask func(context.Context, *cli.Command, *rpc.Client) (R, error), show func(io.Writer, R) error) cli.ActionFunc {
	return func(ctx context.Context, cmd *cli.Command) error {
		stdout := cmd.Root().Writer
		asJSON, err := wantsJSON(cmd)
		if err != nil {
			return err
		}
		return withBridge(ctx, cmd, bridgeOptions{}, func(ctx context.Context, client *rpc.Client) error {
			answer, err := ask(ctx, cmd, client)
			switch {
			case err != nil:
				return err
			case asJSON:
				return printJSON(stdout, answer)
			}
			return show(stdout, answer)
		})
	}
}

// withBridge lets a command speak with a bridge of its own, which ends with it
// or with the first signal.
func withBridge(ctx context.Context, cmd *cli.Command, opts bridgeOptions, do func(context.Context, *rpc.Client) error) error {
	level, err := logLevel(cmd)
	if err != nil {
		return err
	}
	opts.log = newLogger(cmd.Root().ErrWriter, level)
	ctx, stop := endBySignals(ctx)
	defer stop()
	b, err := newBridge(opts)
	if err != nil {
		return err
	}
	client, served := b.connect(context.WithoutCancel(ctx))
	err = do(ctx, client)
	closed := errors.Join(client.Close(), <-served, b.close())
	switch {
	case errors.Is(context.Cause(ctx), errSignal):
		return exitError{exitInterrupted, closed}
	case err != nil:
		return explain(cmd.Name, err)
	}
	return closed
}

func askAgents(ctx context.Context, _ *cli.Command, client *rpc.Client) (rpc.AgentsResult, error) {
	var list rpc.AgentsResult
	return list, client.Call(ctx, "agents/list", nil, &list)
}

// askOfAgent asks a method about the agent that the command line names.
func askOfAgent[R any](method string) func(context.Context, *cli.Command, *rpc.Client) (R, error) {
	return func(ctx context.Context, cmd *cli.Command, client *rpc.Client) (R, error) {
		var answer R
		agent, err := agentArgument(cmd)
		if err != nil {
			return answer, err
		}
		return answer, client.Call(ctx, method, rpc.AgentParams{Agent: agent}, &answer)
	}
}

// agentArgument is a command's only argument.
func agentArgument(cmd *cli.Command) (string, error) {
	switch args := cmd.Args().Slice(); {
	case len(args) == 0 || args[0] == "":
		return "", usagef(cmd, "say which agent; sandbox-agent agents list shows them")
	case len(args) > 1:
		return "", usagef(cmd, "unexpected argument %q", args[1])
	default:
		return args[0], nil
	}
}

func printJSON(w io.Writer, value any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(value)
}

// table writes rows of words in columns.
func table(w io.Writer, rows ...[]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if _, err := fmt.Fprintln(t, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return t.Flush()
}

func writeAgents(w io.Writer, list rpc.AgentsResult) error {
	rows := [][]string{{"AGENT", "VERSION", "LOGIN", "PROGRAM"}}
	for _, a := range list.Agents {
		login, program := "not found", a.Path
		if a.CredentialsAvailable {
			login = "found"
		}
		switch {
		case !a.Installed && a.Path == "":
			program = "not installed"
		case !a.Installed:
			program += " (can't be run)"
		case program == "":
			program = "built in"
		}
		version := a.Version
		if version == "" {
			version = "-"
		}
		rows = append(rows, []string{a.ID, version, login, program})
	}
	return table(w, rows...)
}

func writeModes(w io.Writer, modes rpc.ModesResult) error {
	rows := [][]string{{"MODE", "NAME", "DESCRIPTION"}}
	for _, m := range modes.Modes {
		rows = append(rows, []string{m.ID, m.Name, m.Description})
	}
	return table(w, rows...)
}

func writeModels(w io.Writer, models drivers.Models) error {
	if len(models.Models) == 0 {
		_, err := fmt.Fprintln(w, "There are no models to choose from; sandbox-agent doctor tells whether the agent is installed and logged in.")
		return err
	}
	rows := [][]string{{"MODEL", "NAME", "VARIANTS"}}
	for _, m := range models.Models {
		id := m.ID
		if id == models.DefaultModel {
			id += " (default)"
		}
		rows = append(rows, []string{id, m.Name, strings.Join(m.Variants, " ")})
	}
	return table(w, rows...)
}
