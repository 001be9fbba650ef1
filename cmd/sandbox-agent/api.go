package main

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/sandbox-agent/sandbox-agent/rpc"
)

// apiCommand is the whole method set as commands for a server.
func apiCommand() *cli.Command {
	api := &cli.Command{
		Name:        "api",
		Usage:       "call the methods of a running server",
		Description: "Calls a server that was started with sandbox-agent server.\n\n" + exitCodes,
	}
	for _, row := range apiRows() {
		if row.group == "" {
			api.Commands = append(api.Commands, row.command())
		}
	}
	for _, group := range []string{"agents", "sessions", "fs"} {
		api.Commands = append(api.Commands, apiGroup(group))
	}
	return api
}

// apiGroup is one group of the methods; sessions and fs are also at top level.
func apiGroup(group string) *cli.Command {
	usage := map[string]string{
		"agents":   "list and install the agents of a server",
		"sessions": "make and use the sessions of a server",
		"fs":       "read and write files where a server runs",
	}
	cmd := &cli.Command{Name: group, Usage: usage[group], Description: exitCodes}
	for _, row := range apiRows() {
		if row.group == group {
			cmd.Commands = append(cmd.Commands, row.command())
		}
	}
	return cmd
}

// command makes the command of a row from what the table says of its method.
func (row apiRow) command() *cli.Command {
	m := row.lookup()
	cmd := &cli.Command{
		Name: row.name, Aliases: row.aliases,
		Usage:     cmp.Or(row.about, strings.ToLower(m.Doc[:1])+strings.TrimSuffix(m.Doc[1:], ".")),
		ArgsUsage: row.argsUsage(),
		Flags:     append(row.paramFlags(m), remoteFlags()...),
		Action:    func(ctx context.Context, cmd *cli.Command) error { return row.run(ctx, cmd, m) },
	}
	return cmd
}

// orRemote lets the commands of a group that have a bridge of their own call a
// server instead, when one is named or a token for it is given.
func orRemote(local *cli.Command) *cli.Command {
	for _, row := range apiRows() {
		cmd := local.Command(row.name)
		if row.group != local.Name || cmd == nil {
			continue
		}
		alone := cmd.Action
		cmd.Flags = append(cmd.Flags, &cli.StringFlag{Name: "endpoint", Aliases: []string{"e"}, Usage: "ask the server at this `URL` instead; with a token the default is " + defaultEndpoint})
		cmd.Flags = append(cmd.Flags, showTokenFlags()...)
		cmd.Action = func(ctx context.Context, cmd *cli.Command) error {
			if cmd.IsSet("endpoint") || cmd.IsSet("token") || cmd.IsSet("no-token") {
				return row.run(ctx, cmd, row.lookup())
			}
			return alone(ctx, cmd)
		}
	}
	return local
}

// lookup finds the row's method, which a test makes sure is there.
func (row apiRow) lookup() rpc.Method {
	table := rpc.Table()
	i := slices.IndexFunc(table, func(m rpc.Method) bool { return m.Name == row.method })
	return table[i]
}

func (row apiRow) argsUsage() string {
	var words []string
	for _, arg := range row.args {
		word := placeholder(arg)
		if optionalArgs[row.method] == arg {
			word = "[" + word + "]"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// paramFlags are the flags of the params that are no arguments.
func (row apiRow) paramFlags(m rpc.Method) []cli.Flag {
	var flags []cli.Flag
	own := map[string]bool{}
	for _, f := range row.flags {
		own[f.param] = true
		flags = append(flags, f.flag)
	}
	for name, field := range members(m.Params) {
		if own[name] || slices.Contains(row.args, name) || slices.Contains(hiddenParams[row.method], name) {
			continue
		}
		var aliases []string
		if short := row.short[name]; short != "" {
			aliases = []string{short}
		}
		if flag := plainFlag(kebab(name), aliases, row.usage(name), field); flag != nil {
			flags = append(flags, flag)
		}
	}
	return flags
}

// members iterates over the JSON members of a struct, in order.
func members(t reflect.Type) func(yield func(string, reflect.StructField) bool) {
	return func(yield func(string, reflect.StructField) bool) {
		for _, f := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Anonymous || name == "" || name == "-" {
				continue
			}
			if !yield(name, f) {
				return
			}
		}
	}
}

// kindOf is what a field holds, through a pointer.
func kindOf(f reflect.StructField) reflect.Kind {
	if f.Type.Kind() == reflect.Pointer {
		return f.Type.Elem().Kind()
	}
	return f.Type.Kind()
}

// plainFlag is the flag of a word, a number or a switch; nil for anything else.
func plainFlag(name string, aliases []string, usage string, f reflect.StructField) cli.Flag {
	required := !strings.Contains(f.Tag.Get("json"), ",omitempty")
	switch kindOf(f) {
	case reflect.String:
		return &cli.StringFlag{Name: name, Aliases: aliases, Required: required, Usage: usage}
	case reflect.Bool:
		return &cli.BoolFlag{Name: name, Aliases: aliases, Usage: usage}
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return &cli.Int64Flag{Name: name, Aliases: aliases, Usage: usage, HideDefault: true} // what 0 means, the usage says
	default:
		return nil
	}
}

// kebab is a param's name as flags are written.
func kebab(name string) string {
	var b strings.Builder
	for i, r := range name {
		if r >= 'A' && r <= 'Z' {
			if i > 0 {
				b.WriteByte('-')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}
