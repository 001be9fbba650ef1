package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/urfave/cli/v3"
)

func doctorCommand() *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Usage: "look whether agents can run here, without using them",
		Description: "Looks which agents are installed and logged in, and whether this machine has\n" +
			"what they need. No token is spent and nothing is changed.\n\n" + exitCodes,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Value: outputText, Usage: "`FORMAT` text or json"},
			logLevelFlag(),
		},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			root := cmd.Root()
			output, err := choice(cmd, "output", outputText, outputJSON)
			if err != nil {
				return err
			}
			level, err := logLevel(cmd)
			if err != nil {
				return err
			}
			report := examine(ctx, newLogger(root.ErrWriter, level))
			if output == outputJSON {
				enc := json.NewEncoder(root.Writer)
				enc.SetEscapeHTML(false)
				enc.SetIndent("", "  ")
				err = enc.Encode(report)
			} else {
				err = report.write(root.Writer, terminalOptions(root.Writer).Color)
			}
			switch {
			case err != nil:
				return fmt.Errorf("write the report: %w", err)
			case !report.Ready:
				return exitError{exitFailed, errors.New("no agent can run here yet; the report says what to do")}
			}
			return nil
		},
	}
}
