package rpc

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// SchemaFormat names a description of the API that other programs read.
type SchemaFormat string

const (
	FormatJSONSchema SchemaFormat = "json-schema" // of events, params and results
	FormatOpenAPI    SchemaFormat = "openapi"     // of the methods on HTTP
	FormatOpenRPC    SchemaFormat = "openrpc"     // of the methods on stdio
)

// SchemaFormats lists all of them.
func SchemaFormats() []SchemaFormat {
	return []SchemaFormat{FormatJSONSchema, FormatOpenAPI, FormatOpenRPC}
}

// SchemaParams choose a description.
type SchemaParams struct {
	// Format is json-schema unless another one is asked for.
	Format SchemaFormat `json:"format,omitempty"`
}

// SchemaDocument is a description: a JSON Schema, an OpenAPI or an OpenRPC
// document.
type SchemaDocument json.RawMessage

// MarshalJSON gives the document as it is.
func (d SchemaDocument) MarshalJSON() ([]byte, error) { return json.RawMessage(d).MarshalJSON() }

func schemaGet(_ context.Context, s *Server, p *SchemaParams) (SchemaDocument, error) {
	format := p.Format
	if format == "" {
		format = FormatJSONSchema
	}
	if !slices.Contains(SchemaFormats(), format) {
		return nil, universal.InvalidRequest("format is %q; choose json-schema, openapi or openrpc", format)
	}
	document, ok := s.documents[format]
	if !ok {
		return nil, universal.Errorf(universal.KindNotSupported, "not supported: this bridge has no description of its API with it")
	}
	return SchemaDocument(document), nil
}
