package main

import (
	"context"

	"github.com/urfave/cli/v3"
)

// apiRow is a method as a command: its params become arguments and flags.
type apiRow struct {
	method      string
	group, name string
	about       string // what the command does, where that is not all that the method does
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
		{method: "agents/install", group: "agents", name: "install", args: []string{"agent"}, short: map[string]string{"reinstall": "r"}, flags: []apiFlag{versionFlag()}},
		{method: "agents/modes", group: "agents", name: "modes", args: []string{"agent"}},
		{method: "agents/models", group: "agents", name: "models", args: []string{"agent"}},
		{method: "schema/get", name: "schema"},
		{method: "sessions/list", group: "sessions", name: "list"},
		{
			method: "sessions/create", group: "sessions", name: "create", args: session,
			short: map[string]string{"agent": "a", "agentMode": "g", "permissionMode": "p", "model": "m", "variant": "v", "agentVersion": "A"},
			flags: []apiFlag{mcpFlag(), skillFlag(), envFlag(), sessionIdleFlag()},
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
		{method: "fs/read", group: "fs", name: "read", about: "writes a file to stdout", args: []string{"path"}, send: readFile},
		{method: "fs/write", group: "fs", name: "write", about: "writes a file in one step", args: []string{"path"}, flags: []apiFlag{contentFlag(), fromFileFlag()}, send: writeFile},
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
