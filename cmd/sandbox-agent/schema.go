package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/sandbox-agent/sandbox-agent/schema"
)

func schemaCommand() *cli.Command {
	var formats []string
	for _, export := range schema.Exports() {
		formats = append(formats, export.Format)
	}
	return &cli.Command{
		Name:        "schema",
		Usage:       "export the description of the API for other languages",
		Description: "Gives other programs and languages what they need to know of events, params, results and methods.\n\n" + exitCodes,
		Commands: []*cli.Command{{
			Name:  "export",
			Usage: "write the description to stdout or into files",
			Description: "Writes one description to stdout; with --out, into a file of a directory, or without --format\n" +
				"all of them. A file is there as a whole or not at all.\n\n" + exitCodes,
			Flags: []cli.Flag{
				&cli.StringFlag{Name: "format", Usage: "`FORMAT` of the description: " + alternatives(formats) + " (default: json-schema)"},
				&cli.StringFlag{Name: "out", Usage: "write into this `DIR`, which is made if it is missing"},
			},
			Action: func(_ context.Context, cmd *cli.Command) error { return exportSchema(cmd, formats) },
		}},
	}
}

func exportSchema(cmd *cli.Command, formats []string) error {
	format, err := choice(cmd, "format", formats...)
	if err != nil {
		return err
	}
	dir := cmd.String("out")
	exports := schema.Exports()
	if format != "" || dir == "" {
		if format == "" {
			format = formats[0]
		}
		exports = slices.DeleteFunc(exports, func(e schema.Export) bool { return e.Format != format })
	}
	if dir != "" {
		if err := writeExports(dir, exports); err != nil {
			return fmt.Errorf("schema export: %w", err)
		}
		return nil
	}
	for _, export := range exports {
		if _, err := cmd.Root().Writer.Write(export.Content); err != nil {
			return fmt.Errorf("schema export: write to stdout: %w", err)
		}
	}
	return nil
}

// writeExports writes all files under other names before it gives one its own,
// so that none is ever there in part.
func writeExports(dir string, exports []schema.Export) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var written []string
	defer func() {
		for _, name := range written {
			if removeErr := os.Remove(name); removeErr != nil && !errors.Is(removeErr, os.ErrNotExist) {
				err = errors.Join(err, removeErr)
			}
		}
	}()
	for _, export := range exports {
		name, err := writeBeside(dir, export)
		if name != "" {
			written = append(written, name)
		}
		if err != nil {
			return err
		}
	}
	for i, export := range exports {
		if err := os.Rename(written[i], filepath.Join(dir, export.Name)); err != nil {
			return err
		}
	}
	return nil
}

// writeBeside writes a file under another name and returns that, also when
// the file could not be written to its end.
func writeBeside(dir string, export schema.Export) (name string, err error) {
	file, err := os.CreateTemp(dir, "."+export.Name+"-")
	if err != nil {
		return "", err
	}
	_, err = file.Write(export.Content)
	return file.Name(), errors.Join(err, file.Chmod(0o644), file.Close())
}
