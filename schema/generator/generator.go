// Package generator makes the documents of package schema from the Go types,
// their comments and the method table. The program doesn't link it: it needs
// the source of the module.
package generator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/invopop/jsonschema"

	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/schema"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Documents makes the files that package schema embeds; root is the module's.
func Documents(root string) ([]schema.Export, error) {
	src, err := readSource(root)
	if err != nil {
		return nil, fmt.Errorf("make the schema: %w", err)
	}
	r := newReflector(src)
	api, err := r.all()
	if err != nil {
		return nil, fmt.Errorf("make the schema: %w", err)
	}
	var made []schema.Export
	for _, export := range schema.Exports() {
		var document any
		schemas := "#/components/schemas/" // where they are in the document
		switch rpc.SchemaFormat(export.Format) {
		case rpc.FormatJSONSchema:
			document, schemas = r.jsonSchema(), "#/$defs/"
		case rpc.FormatOpenAPI:
			document = r.openAPI(api)
		case rpc.FormatOpenRPC:
			document = r.openRPC(api)
		default:
			continue // it is made in another way
		}
		content, err := encode(document)
		if err != nil {
			return nil, fmt.Errorf("make %s: %w", export.Name, err)
		}
		export.Content = bytes.ReplaceAll(content, []byte(`"$ref": "#/$defs/`), []byte(`"$ref": "`+schemas))
		made = append(made, export)
	}
	return made, nil
}

func encode(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(value)
	return out.Bytes(), err
}

// method is a row of the table with its schemas.
type method struct {
	rpc.Method
	params *jsonschema.Schema // of the whole object
	name   string             // of that schema
	result *jsonschema.Schema
}

// notification is a notification with its schemas.
type notification struct {
	rpc.Notification
	params *jsonschema.Schema
	name   string
}

// surface is everything that the documents speak of.
type surface struct {
	methods       []method
	notifications []notification
}

// all makes the schemas of everything.
func (r *reflector) all() (surface, error) {
	r.addEvents()
	r.addParts()
	var api surface
	for _, m := range rpc.Table() {
		r.add(m.Params)
		name := r.name(m.Params)
		notNegative(r.schemas[name])
		api.methods = append(api.methods, method{m, r.schemas[name], name, r.add(m.Result)})
	}
	for _, n := range rpc.Notifications() {
		r.add(n.Params)
		name := r.name(n.Params)
		api.notifications = append(api.notifications, notification{n, r.schemas[name], name})
	}
	r.addProblem()
	if err := errors.Join(r.addMCPConfig(), r.addQueueChoice()); err != nil {
		return surface{}, err
	}
	return api, r.clash
}

// notNegative says of a method's numbers what is true of all of them but for
// one, of which a negative one means never.
func notNegative(params *jsonschema.Schema) {
	for p := params.Properties.Oldest(); p != nil; p = p.Next() {
		if p.Value.Type == "integer" && p.Key != "idleTimeout" {
			p.Value.Minimum = "0"
		}
	}
}

// addProblem makes the schema of an error, whose type is one of a closed list.
func (r *reflector) addProblem() {
	r.add(reflect.TypeFor[universal.ErrorKind]())
	r.add(reflect.TypeFor[rpc.Problem]())
	kind, _ := r.schemas["Problem"].Properties.Get("type")
	for _, e := range rpc.Errors() {
		kind.Enum = append(kind.Enum, problemType(e))
	}
}

// problemType is the type of a kind's problem.
func problemType(e rpc.ErrorInfo) string {
	problem, _ := rpc.ProblemOf(&universal.Error{Kind: e.Kind})
	return problem.Type
}

// jsonSchema is the document that validates an event, and as its definitions
// has everything else.
func (r *reflector) jsonSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Version:     jsonschema.Version,
		ID:          jsonschema.ID(ID),
		Title:       eventName,
		Description: "An event of the stream that every coding agent is turned into; in $defs also the params and results of all methods.",
		Ref:         "#/$defs/" + eventName,
		Definitions: r.schemas,
	}
}

// ID is the JSON Schema's own identifier, which names its version.
const ID = "urn:sandbox-agent:schema:" + schema.Version
