// Package schema is the description of the API that other languages build on:
// a JSON Schema of the events and of every method's params and results, an
// OpenAPI document of the methods on HTTP and an OpenRPC document of those on
// stdio. With them come the types that the packages in sdk are made with, for
// programs that want no more than those.
//
// The documents are made from the Go types and from the one method table by
// package generator, with make generate, and are files of this folder; here
// they are only read, so that the program doesn't hold what made them. A test
// keeps them equal to the code, and package compat keeps a new version from
// breaking the programs that were written for an old one.
//
// Promises: what the bridge sends validates, and has all members that are
// required there. Objects are open: a reader has to ignore members, event
// types, part types and values of enumerations that it does not know, since some
// may be added at any time.
package schema

import (
	_ "embed"
	"encoding/json"

	"github.com/sandbox-agent/sandbox-agent/rpc"
)

// Version is that of the documents: the protocol's, and a number that goes up
// with every change within it that could break a program made from them.
const Version = rpc.ProtocolVersion + ".1"

//go:generate go run ./generator/cmd -root .. -out .

//go:embed schema.json
var jsonSchema []byte

//go:embed openapi.json
var openAPI []byte

//go:embed openrpc.json
var openRPC []byte

//go:embed sdk/typescript/src/types.ts
var typeScript []byte

//go:embed sdk/python/src/sandbox_agent/types.py
var python []byte

// Export is a file that other languages build on.
type Export struct {
	Format  string // what people call it
	Name    string // of the file
	Content []byte
}

// Exports lists all files, the documents first.
func Exports() []Export {
	return []Export{
		{string(rpc.FormatJSONSchema), "schema.json", jsonSchema},
		{string(rpc.FormatOpenAPI), "openapi.json", openAPI},
		{string(rpc.FormatOpenRPC), "openrpc.json", openRPC},
		{"typescript", "sandbox-agent.ts", typeScript},
		{"python", "sandbox_agent_types.py", python},
	}
}

// Documents are what an [rpc.Server] gives to its clients.
func Documents() map[rpc.SchemaFormat]json.RawMessage {
	return map[rpc.SchemaFormat]json.RawMessage{
		rpc.FormatJSONSchema: jsonSchema, rpc.FormatOpenAPI: openAPI, rpc.FormatOpenRPC: openRPC,
	}
}
