package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/sandbox-agent/sandbox-agent/cmd/sandbox-agent/remote"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// apiRow is a method as a command: its params become arguments and flags.
type apiRow struct {
	method      string
	group, name string
	aliases     []string
	args        []string          // params that are arguments, in order
	short       map[string]string // one-letter flags of params
	flags       []apiFlag         // for params that aren't a plain word, number or switch
	// send does the call where it isn't an object that goes and one that comes.
	send func(ctx context.Context, call *apiCall) error
}

// apiFlag is a flag that makes a param in a way of its own.
type apiFlag struct {
	param string
	flag  cli.Flag
	value func(cmd *cli.Command, name string) (any, error)
}

// apiRows are all methods that HTTP has. Names and one-letter flags are those
// that scripts for the v0.1 API use.
func apiRows() []apiRow {
	session := []string{"sessionId"}
	message := map[string]string{"message": "m"}
	events := map[string]string{"offset": "o", "limit": "l"}
	return []apiRow{
		{method: "health", name: "health"},
		{method: "agents/list", group: "agents", name: "list"},
		{method: "agents/install", group: "agents", name: "install", args: []string{"agent"}, short: map[string]string{"reinstall": "r"}},
		{method: "agents/modes", group: "agents", name: "modes", args: []string{"agent"}},
		{method: "agents/models", group: "agents", name: "models", args: []string{"agent"}},
		{method: "schema/get", name: "schema"},
		{method: "sessions/list", group: "sessions", name: "list"},
		{
			method: "sessions/create", group: "sessions", name: "create", args: session,
			short: map[string]string{"agent": "a", "agentMode": "g", "permissionMode": "p", "model": "m", "variant": "v", "agentVersion": "A"},
			flags: []apiFlag{mcpFlag(), skillFlag(), envFlag()},
		},
		{method: "sessions/get", group: "sessions", name: "get", args: session},
		{method: "sessions/update", group: "sessions", name: "update", args: session},
		{method: "sessions/sendMessage", group: "sessions", name: "send-message", args: session, short: message, flags: []apiFlag{attachFlag()}},
		{method: "sessions/sendMessageStream", group: "sessions", name: "send-message-stream", args: session, short: message, flags: []apiFlag{attachFlag()}},
		{method: "sessions/interrupt", group: "sessions", name: "interrupt", args: session},
		{method: "sessions/terminate", group: "sessions", name: "terminate", args: session},
		{method: "sessions/delete", group: "sessions", name: "delete", args: session},
		{method: "sessions/events", group: "sessions", name: "events", aliases: []string{"get-messages"}, args: session, short: events},
		{method: "sessions/subscribe", group: "sessions", name: "events-sse", args: session, short: map[string]string{"offset": "o"}},
		{method: "questions/reply", group: "sessions", name: "reply-question", args: []string{"sessionId", "questionId"}, flags: []apiFlag{answersFlag()}},
		{method: "questions/reject", group: "sessions", name: "reject-question", args: []string{"sessionId", "questionId"}},
		{method: "permissions/reply", group: "sessions", name: "reply-permission", args: []string{"sessionId", "permissionId"}, short: map[string]string{"reply": "r"}},
		{method: "fs/entries", group: "fs", name: "entries"},
		{method: "fs/read", group: "fs", name: "read", args: []string{"path"}, send: readFile},
		{method: "fs/write", group: "fs", name: "write", args: []string{"path"}, flags: []apiFlag{contentFlag(), fromFileFlag()}, send: writeFile},
		{method: "fs/delete", group: "fs", name: "delete", args: []string{"path"}},
		{method: "fs/mkdir", group: "fs", name: "mkdir", args: []string{"path"}},
		{method: "fs/move", group: "fs", name: "move", args: []string{"from", "to"}},
		{method: "fs/stat", group: "fs", name: "stat", args: []string{"path"}},
		{method: "fs/upload", group: "fs", name: "upload-batch", flags: []apiFlag{tarFlag()}, send: uploadFile},
	}
}

// optionalArgs are arguments that may be left out.
var optionalArgs = map[string]string{"sessions/create": "sessionId", "sessions/subscribe": "sessionId"}

// hiddenParams are params that have no place on a command line: pieces of
// files, which the commands for files read and write whole.
var hiddenParams = map[string][]string{
	"fs/read":  {"offset", "length"},
	"fs/write": {"offset"},
}

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
		Usage:     strings.ToLower(m.Doc[:1]) + strings.TrimSuffix(m.Doc[1:], "."),
		ArgsUsage: row.argsUsage(),
		Flags:     append(row.paramFlags(m), remoteFlags()...),
		Action:    func(ctx context.Context, cmd *cli.Command) error { return row.run(ctx, cmd, m) },
	}
	return cmd
}

// orRemote lets the commands of a group that have a bridge of their own call a
// server instead, when one is named.
func orRemote(local *cli.Command) *cli.Command {
	for _, row := range apiRows() {
		cmd := local.Command(row.name)
		if row.group != local.Name || cmd == nil {
			continue
		}
		alone := cmd.Action
		cmd.Flags = append(cmd.Flags,
			&cli.StringFlag{Name: "endpoint", Aliases: []string{"e"}, Usage: "ask the server at this `URL` instead"},
			&cli.StringFlag{Name: "token", Aliases: []string{"t"}, Usage: "show this `TOKEN` to the server; " + tokenVariable + " does the same"})
		cmd.Action = func(ctx context.Context, cmd *cli.Command) error {
			if !cmd.IsSet("endpoint") {
				return alone(ctx, cmd)
			}
			return row.run(ctx, cmd, row.lookup())
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
		word := strings.ToUpper(strings.ReplaceAll(kebab(arg), "-", "_"))
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
		if flag := plainFlag(kebab(name), aliases, field); flag != nil {
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
func plainFlag(name string, aliases []string, f reflect.StructField) cli.Flag {
	required := !strings.Contains(f.Tag.Get("json"), ",omitempty")
	switch kindOf(f) {
	case reflect.String:
		return &cli.StringFlag{Name: name, Aliases: aliases, Required: required}
	case reflect.Bool:
		return &cli.BoolFlag{Name: name, Aliases: aliases}
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return &cli.Int64Flag{Name: name, Aliases: aliases}
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

// --- the call

const defaultEndpoint = "http://127.0.0.1:2468"

func remoteFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "endpoint", Aliases: []string{"e"}, Value: defaultEndpoint, Usage: "call the server at this `URL`"},
		&cli.StringFlag{Name: "token", Aliases: []string{"t"}, Usage: "show this `TOKEN` to the server; " + tokenVariable + " does the same"},
		&cli.StringFlag{Name: "output", Usage: "write the answer as `FORMAT`: json or text (default: json, and streams as they come)"},
	}
}

// apiCall is a call on its way.
type apiCall struct {
	cmd    *cli.Command
	method rpc.Method
	params remote.Params
	client *remote.Client
	output string
	stdout io.Writer
}

func (row apiRow) run(ctx context.Context, cmd *cli.Command, m rpc.Method) error {
	output, err := choice(cmd, "output", "json", "text")
	if err != nil {
		return err
	}
	params, err := row.params(cmd, m)
	if err != nil {
		return err
	}
	token := cmd.String("token")
	if token == "" {
		token = os.Getenv(tokenVariable)
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment}
	defer transport.CloseIdleConnections()
	call := &apiCall{
		cmd: cmd, method: m, params: params, output: output, stdout: cmd.Root().Writer,
		client: &remote.Client{Endpoint: cmd.String("endpoint"), Token: token, HTTP: &http.Client{Transport: transport}},
	}
	ctx, stop := endBySignals(ctx)
	defer stop()
	switch {
	case row.send != nil:
		err = row.send(ctx, call)
	case m.Streams:
		err = call.stream(ctx)
	default:
		err = call.once(ctx)
	}
	if errors.Is(context.Cause(ctx), errSignal) {
		return exitError{exitInterrupted, nil}
	}
	return call.failed(err)
}

// failed shows the problem that the server answered with as it is.
func (c *apiCall) failed(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return err
	}
	if _, ok := errors.AsType[*universal.Error](err); !ok {
		return fmt.Errorf("%s: %w", c.cmd.Name, err)
	}
	problem, _ := rpc.ProblemOf(err)
	if err := printJSON(c.cmd.Root().ErrWriter, problem); err != nil {
		return err
	}
	return exitError{exitFailed, nil}
}

// params are the arguments and flags that were given.
func (row apiRow) params(cmd *cli.Command, m rpc.Method) (remote.Params, error) {
	params := remote.Params{}
	args := cmd.Args().Slice()
	for i, name := range row.args {
		switch {
		case i < len(args) && args[i] != "":
			params[name] = args[i]
		case optionalArgs[row.method] != name:
			return nil, usagef(cmd, "%s is missing", strings.ToUpper(strings.ReplaceAll(kebab(name), "-", "_")))
		}
	}
	if len(args) > len(row.args) {
		return nil, usagef(cmd, "unexpected argument %q", args[len(row.args)])
	}
	own := map[string]bool{}
	for _, f := range row.flags {
		own[f.param] = true
		name := f.flag.Names()[0]
		if !cmd.IsSet(name) || f.value == nil {
			continue
		}
		value, err := f.value(cmd, name)
		if err != nil {
			return nil, usagef(cmd, "--%s: %w", name, err)
		}
		params[f.param] = value
	}
	for name, field := range members(m.Params) {
		flag := kebab(name)
		if own[name] || slices.Contains(row.args, name) || !cmd.IsSet(flag) {
			continue
		}
		switch kindOf(field) {
		case reflect.String:
			params[name] = cmd.String(flag)
		case reflect.Bool:
			params[name] = cmd.Bool(flag)
		case reflect.Int, reflect.Int64, reflect.Uint64:
			params[name] = cmd.Int64(flag)
		}
	}
	return params, nil
}

// once calls and shows the answer; one without content shows nothing.
func (c *apiCall) once(ctx context.Context) error {
	body, err := c.client.Call(ctx, c.method, c.params)
	if err != nil {
		return err
	}
	return c.show(body)
}

func (c *apiCall) show(body []byte) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	switch {
	case c.output == "text" && c.method.Name == "sessions/events":
		return c.showEvents(body)
	case c.output == "text":
		return printText(c.stdout, body)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, body, "", "  "); err != nil {
		return fmt.Errorf("the answer is not JSON: %w", err)
	}
	pretty.WriteByte('\n')
	_, err := pretty.WriteTo(c.stdout)
	return err
}
