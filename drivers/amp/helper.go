package amp

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// helperVariable makes the program of the bridge the tool server that asks the
// person, when it is started as one.
const helperVariable = "SANDBOX_AGENT_AMP_ASKER"

// delegateVariable names the tool in the environment of a program that the CLI
// asks for a permission.
const delegateVariable = "AGENT_TOOL_NAME"

// RunHelperIfAsked does, in a program that the CLI of a session has started,
// what that is for, and exits; in any other it returns at once. Every main
// function of a program that makes sessions with the JavaScript builds of Amp
// calls it first thing: the driver has these builds start the running
// executable again, in one of two roles.
//
// As a delegate, without arguments, it asks the bridge whether a tool call may
// run. As a tool server over stdin and stdout it gives the model the tool that
// asks the person.
func RunHelperIfAsked() {
	address := os.Getenv(channelVariable)
	if address == "" || len(os.Args) != 1 {
		return // such as another bridge that a command of the session starts
	}
	switch {
	case os.Getenv(helperVariable) != "":
		if err := serveAsker(os.Stdin, os.Stdout, address); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	case os.Getenv(delegateVariable) != "":
		os.Exit(delegate(os.Stdin, os.Stderr, address, os.Getenv))
	}
}

// Exit codes by which the CLI knows a delegate's answer. 1 would mean that it
// asks by itself, which it can't.
const (
	exitAllow  = 0
	exitReject = 2
)

// delegate asks whether a tool call may run. Whatever goes wrong is a refusal.
func delegate(stdin io.Reader, stderr io.Writer, address string, getenv func(string) string) int {
	refuse := func(reason any) int {
		fmt.Fprintln(stderr, reason)
		return exitReject
	}
	input, err := io.ReadAll(io.LimitReader(stdin, maxRequest))
	if err != nil {
		return refuse(err)
	}
	if !json.Valid(input) {
		return refuse("the tool's input is no JSON")
	}
	a, err := consult(address, request{
		Kind: kindTool, Tool: getenv(delegateVariable), Input: input, ToolUseID: getenv("AGENT_TOOL_USE_ID"),
	})
	switch {
	case err != nil:
		return refuse(err)
	case a.Action == actionAllow:
		return exitAllow
	}
	return refuse(a.Text)
}

// rpcMessage is a message of JSON-RPC in either direction.
type rpcMessage struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  any             `json:"result,omitempty"`
	Error   *rpcError       `json:"error,omitempty"`
}

type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

const (
	codeNoMethod = -32601
	codeInternal = -32603
)

// serveAsker is an MCP server with the one tool that asks the person. Its calls
// come one after the other, since the model waits for each.
func serveAsker(in io.Reader, out io.Writer, address string) error {
	r := bufio.NewReader(in)
	for {
		line, err := readBounded(r, maxRequest)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read from the agent: %w", err)
		}
		var m rpcMessage
		if json.Unmarshal(line, &m) != nil || m.ID == nil || m.Method == "" {
			continue // a notification, or nothing that can be answered
		}
		reply := rpcMessage{JSONRPC: "2.0", ID: m.ID}
		if reply.Result, reply.Error = askerResult(m.Method, m.Params, address); reply.Error != nil {
			reply.Result = nil
		}
		encoded, err := encodeLine(reply)
		if err != nil {
			return err
		}
		if _, err := out.Write(encoded); err != nil {
			return fmt.Errorf("write to the agent: %w", err)
		}
	}
}

func askerResult(method string, params json.RawMessage, address string) (any, *rpcError) {
	switch method {
	case "initialize":
		var p struct {
			Version string `json:"protocolVersion"`
		}
		_ = json.Unmarshal(params, &p) // an empty version is as good as none
		return map[string]any{
			"protocolVersion": p.Version,
			"capabilities":    map[string]any{"tools": struct{}{}},
			"serverInfo":      map[string]any{"name": askerServer, "version": "1"},
		}, nil
	case "ping":
		return struct{}{}, nil
	case "tools/list":
		return map[string]any{"tools": []any{map[string]any{
			"name": askTool, "description": askDescription, "inputSchema": json.RawMessage(askSchema),
		}}}, nil
	case "tools/call":
		var p struct {
			Arguments json.RawMessage `json:"arguments"`
		}
		if err := json.Unmarshal(params, &p); err != nil {
			return nil, &rpcError{codeInternal, err.Error()}
		}
		a, err := consult(address, request{Kind: kindQuestion, Tool: askTool, Input: p.Arguments})
		if err != nil {
			return nil, &rpcError{codeInternal, err.Error()}
		}
		return map[string]any{
			"content": []any{map[string]any{"type": "text", "text": a.Text}},
			"isError": a.Action == actionReject,
		}, nil
	}
	return nil, &rpcError{codeNoMethod, "there is no method " + method}
}
