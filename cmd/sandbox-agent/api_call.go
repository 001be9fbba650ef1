package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/sandbox-agent/sandbox-agent/cmd/sandbox-agent/remote"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

const defaultEndpoint = "http://127.0.0.1:2468"

// showTokenFlags say what a client shows to a server.
func showTokenFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "token", Aliases: []string{"t"}, Usage: "show this `TOKEN` to the server; " + tokenVariable + " does the same"},
		&cli.BoolFlag{Name: "no-token", Aliases: []string{"n"}, Usage: "show none, not even that of " + tokenVariable},
	}
}

func remoteFlags() []cli.Flag {
	return append(showTokenFlags(),
		&cli.StringFlag{Name: "endpoint", Aliases: []string{"e"}, Value: defaultEndpoint, Usage: "call the server at this `URL`"},
		outputFlag("write the answer as `FORMAT`: json or text (default: json, and streams as they come)"),
	)
}

func outputFlag(usage string) cli.Flag { return &cli.StringFlag{Name: "output", Usage: usage} }

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
	token, err := clientToken(cmd)
	if err != nil {
		return err
	}
	endpoint := cmp.Or(cmd.String("endpoint"), defaultEndpoint)
	if u, err := url.Parse(endpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return usagef(cmd, "--endpoint %q is not a URL such as %s", endpoint, defaultEndpoint)
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment}
	defer transport.CloseIdleConnections()
	call := &apiCall{
		cmd: cmd, method: m, params: params, output: output, stdout: cmd.Root().Writer,
		client: &remote.Client{Endpoint: endpoint, Token: token, HTTP: &http.Client{Transport: transport}},
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
			return nil, usagef(cmd, "%s is missing", placeholder(name))
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
