package generator

import (
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/schema"
)

// openRPCDocument is an OpenRPC document, of which OpenRPC 1.3 says what the
// members mean.
type openRPCDocument struct {
	OpenRPC string          `json:"openrpc"`
	Info    documentInfo    `json:"info"`
	Methods []openRPCMethod `json:"methods"`
	// Notifications are what OpenRPC has no place for.
	Notifications []openRPCNotification `json:"x-notifications"`
	Components    openRPCComponents     `json:"components"`
}

type documentInfo struct {
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Version     string          `json:"version"`
	License     documentLicense `json:"license"`
}

type documentLicense struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

type openRPCMethod struct {
	Name           string         `json:"name"`
	Summary        string         `json:"summary"`
	Tags           []openRPCTag   `json:"tags,omitempty"`
	ParamStructure string         `json:"paramStructure"`
	Params         []openRPCParam `json:"params"`
	Result         openRPCResult  `json:"result"`
	Errors         []reference    `json:"errors"`
	// ParamsSchema is the schema of the params as one object.
	ParamsSchema reference `json:"x-params"`
	// Stream lists the notifications that follow the answer of a method that
	// streams.
	Stream []string `json:"x-stream,omitempty"`
}

type openRPCTag struct {
	Name string `json:"name"`
}

type openRPCParam struct {
	Name        string             `json:"name"`
	Description string             `json:"description,omitempty"`
	Required    bool               `json:"required"`
	Schema      *jsonschema.Schema `json:"schema"`
}

type openRPCResult struct {
	Name   string             `json:"name"`
	Schema *jsonschema.Schema `json:"schema"`
}

type reference struct {
	Ref string `json:"$ref"`
}

type openRPCNotification struct {
	Name           string         `json:"name"`
	Summary        string         `json:"summary"`
	SentBy         string         `json:"sentBy"` // "client" or "server"
	ParamStructure string         `json:"paramStructure"`
	Params         []openRPCParam `json:"params"`
	ParamsSchema   reference      `json:"x-params"`
}

type openRPCComponents struct {
	Schemas jsonschema.Definitions  `json:"schemas"`
	Errors  map[string]openRPCError `json:"errors"`
}

type openRPCError struct {
	Code    int64            `json:"code"`
	Message string           `json:"message"`
	Data    openRPCErrorData `json:"data"`
}

// openRPCErrorData tells what an error of a code carries in its data.
type openRPCErrorData struct {
	Kinds  []string  `json:"kinds"`
	Schema reference `json:"schema"`
}

// openRPC describes the methods and notifications on stdio.
func (r *reflector) openRPC(api surface) *openRPCDocument {
	errors, refs := openRPCErrors()
	doc := &openRPCDocument{
		OpenRPC: "1.3.2",
		Info: info("sandbox-agent over stdio", "The methods of `sandbox-agent stdio`: JSON-RPC 2.0 over standard input and output, "+
			"a message per line or with Content-Length headers. Params are always given by name.\n\n"+
			"Beyond OpenRPC: `x-params` of a method is the schema of its params as one object; `x-stream` lists the notifications that "+
			"follow its answer; `x-notifications` describes the notifications, of which `sentBy` tells whether the client or the server "+
			"sends them. An error's `data` is a Problem; what stands as `data` here tells the kinds that share the error's code."),
		Components: openRPCComponents{Schemas: r.schemas, Errors: errors},
	}
	for _, m := range api.methods {
		described := openRPCMethod{
			Name: m.Name, Summary: m.Doc, ParamStructure: "by-name", Params: openRPCParams(m.params),
			Result: openRPCResult{"result", m.result}, Errors: refs, ParamsSchema: reference{"#/$defs/" + m.name},
		}
		if group, _, ok := strings.Cut(m.Name, "/"); ok {
			described.Tags = []openRPCTag{{group}}
		}
		if m.Streams {
			for _, n := range api.notifications {
				if !n.FromClient && (m.Name == "sessions/subscribe" || n.Name != "session/changed") {
					described.Stream = append(described.Stream, n.Name)
				}
			}
		}
		doc.Methods = append(doc.Methods, described)
	}
	for _, n := range api.notifications {
		sender := "server"
		if n.FromClient {
			sender = "client"
		}
		doc.Notifications = append(doc.Notifications, openRPCNotification{
			Name: n.Name, Summary: n.Doc, SentBy: sender, ParamStructure: "by-name",
			Params: openRPCParams(n.params), ParamsSchema: reference{"#/$defs/" + n.name},
		})
	}
	return doc
}

func info(title, description string) documentInfo {
	return documentInfo{title, description, schema.Version, documentLicense{Name: "Apache-2.0", URL: "https://www.apache.org/licenses/LICENSE-2.0"}}
}

// openRPCParams are the members of an object as params; OpenRPC wants those
// first that are required.
func openRPCParams(object *jsonschema.Schema) []openRPCParam {
	params := []openRPCParam{}
	for p := object.Properties.Oldest(); p != nil; p = p.Next() {
		params = append(params, openRPCParam{p.Key, p.Value.Description, slices.Contains(object.Required, p.Key), p.Value})
	}
	slices.SortStableFunc(params, func(a, b openRPCParam) int {
		switch {
		case a.Required == b.Required:
			return 0
		case a.Required:
			return -1
		}
		return 1
	})
	return params
}

// openRPCErrors are the error kinds by their codes, which some share: OpenRPC
// wants each code once.
func openRPCErrors() (map[string]openRPCError, []reference) {
	errors := map[string]openRPCError{}
	var refs []reference
	names := map[int64]string{}
	for _, e := range rpc.Errors() {
		name, ok := names[e.Code]
		if !ok {
			name = string(e.Kind)
			names[e.Code] = name
			refs = append(refs, reference{"#/components/errors/" + name})
			errors[name] = openRPCError{Code: e.Code, Message: e.Title, Data: openRPCErrorData{Schema: reference{"#/$defs/Problem"}}}
		}
		described := errors[name]
		described.Data.Kinds = append(described.Data.Kinds, string(e.Kind))
		errors[name] = described
	}
	return errors, refs
}
