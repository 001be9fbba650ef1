// Package schematest holds what the bridge says to what its schema promises.
// It is for tests: a [Validator] takes events, params, results and whole
// answers on HTTP, and names what is wrong with one.
package schematest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/schema"
)

// Validator reads the exported documents. It is safe for concurrent use.
type Validator struct {
	openAPI openAPI
	openRPC openRPC

	mu       sync.Mutex // guards all below
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema
}

// openAPI is what answers are checked by.
type openAPI struct {
	Paths      map[string]map[string]operation
	Components struct {
		Responses map[string]response
	}
}

type operation struct {
	Responses map[string]response
}

type response struct {
	Ref     string `json:"$ref"`
	Headers map[string]struct{ Required bool }
	Content map[string]struct {
		EventSchema json.RawMessage `json:"x-event-schema"`
	}
}

// openRPC is where the names of params and results are.
type openRPC struct {
	Methods []struct {
		Name   string
		Params reference `json:"x-params"`
		Result struct{ Schema reference }
	}
	Notifications []struct {
		Name   string
		Params reference `json:"x-params"`
	} `json:"x-notifications"`
}

type reference struct {
	Ref string `json:"$ref"`
}

// Where the documents are for the compiler.
const (
	schemaURL  = "memory:///schema.json"
	openAPIURL = "memory:///openapi.json"
)

// New makes a validator of the documents that are embedded.
func New() (*Validator, error) {
	v := &Validator{compiler: jsonschema.NewCompiler(), compiled: map[string]*jsonschema.Schema{}}
	v.compiler.AssertFormat()
	documents := schema.Documents()
	for url, format := range map[string]rpc.SchemaFormat{schemaURL: rpc.FormatJSONSchema, openAPIURL: rpc.FormatOpenAPI} {
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(documents[format]))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", format, err)
		}
		if err := v.compiler.AddResource(url, document); err != nil {
			return nil, fmt.Errorf("%s: %w", format, err)
		}
	}
	if err := json.Unmarshal(documents[rpc.FormatOpenAPI], &v.openAPI); err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	if err := json.Unmarshal(documents[rpc.FormatOpenRPC], &v.openRPC); err != nil {
		return nil, fmt.Errorf("openrpc: %w", err)
	}
	return v, nil
}

// Event checks an event.
func (v *Validator) Event(event []byte) error { return v.check(schemaURL, event) }

// Definition checks a value by a definition of the JSON Schema.
func (v *Validator) Definition(name string, value []byte) error {
	return v.check(schemaURL+"#/$defs/"+name, value)
}

// Params checks the params of a method or of a notification.
func (v *Validator) Params(method string, params []byte) error {
	definition, err := v.ParamsOf(method)
	if err != nil {
		return err
	}
	return v.Definition(definition, params)
}

// Result checks the result of a method on stdio.
func (v *Validator) Result(method string, result []byte) error {
	definition, err := v.ResultOf(method)
	if err != nil {
		return err
	}
	return v.Definition(definition, result)
}

// ParamsOf is the definition of the params of a method or of a notification.
func (v *Validator) ParamsOf(method string) (string, error) {
	for _, m := range v.openRPC.Methods {
		if m.Name == method {
			return m.Params.name(), nil
		}
	}
	for _, n := range v.openRPC.Notifications {
		if n.Name == method {
			return n.Params.name(), nil
		}
	}
	return "", fmt.Errorf("there is no method %s", method)
}

// ResultOf is the definition of the result of a method.
func (v *Validator) ResultOf(method string) (string, error) {
	for _, m := range v.openRPC.Methods {
		if m.Name == method {
			return m.Result.Schema.name(), nil
		}
	}
	return "", fmt.Errorf("there is no method %s", method)
}

func (r reference) name() string { return r.Ref[strings.LastIndex(r.Ref, "/")+1:] }

func (v *Validator) check(url string, value []byte) error {
	s, err := v.compile(url)
	if err != nil {
		return err
	}
	decoded, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
	if err != nil {
		return fmt.Errorf("%w in %.200s", err, value)
	}
	if err := s.Validate(decoded); err != nil {
		return fmt.Errorf("%w\nin %.2000s", err, value)
	}
	return nil
}

func (v *Validator) compile(url string) (*jsonschema.Schema, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if s, ok := v.compiled[url]; ok {
		return s, nil
	}
	s, err := v.compiler.Compile(url)
	if err != nil {
		return nil, err
	}
	v.compiled[url] = s
	return s, nil
}

// exchange is an answer on HTTP with all that the document says of it.
type exchange struct {
	pointer  string // of the response in the document
	response response
	status   int
	media    string
}

// find finds what the document says of an answer; ok is false where the
// document has nothing to say: outside of /v1, and to a preflight of CORS.
func (v *Validator) find(verb, path string, status int, header http.Header) (found exchange, ok bool, err error) {
	if !strings.HasPrefix(path, "/v1/") || verb == http.MethodOptions {
		return found, false, nil
	}
	found.status = status
	template, op := v.route(verb, path)
	key := strconv.Itoa(status)
	described, known := op.Responses[key]
	switch {
	case known:
		found.pointer = "/paths/" + escape(template) + "/" + strings.ToLower(bodyVerb(verb)) + "/responses/" + key
	case status >= 400:
		described = response{Ref: "#/components/responses/Problem" + key}
		if _, ok := v.openAPI.Components.Responses["Problem"+key]; !ok {
			return found, true, fmt.Errorf("%s %s: nothing is said of the status %d", verb, path, status)
		}
	default:
		return found, true, fmt.Errorf("%s %s: nothing is said of the status %d", verb, path, status)
	}
	if name, isRef := strings.CutPrefix(described.Ref, "#/components/responses/"); isRef {
		described, found.pointer = v.openAPI.Components.Responses[name], "/components/responses/"+name
	}
	found.response = described
	for name, h := range described.Headers {
		if h.Required && header.Get(name) == "" {
			return found, true, fmt.Errorf("%s %s: %d without the header %s", verb, path, status, name)
		}
	}
	found.media, _, _ = strings.Cut(header.Get("Content-Type"), ";")
	if _, known := described.Content[found.media]; !known && (len(described.Content) > 0 || found.media != "") && verb != http.MethodHead {
		return found, true, fmt.Errorf("%s %s: %d with the type %q", verb, path, status, found.media)
	}
	return found, true, nil
}

// bodyVerb is the verb whose answer has the same header.
func bodyVerb(verb string) string {
	if verb == http.MethodHead {
		return http.MethodGet
	}
	return verb
}

// route finds the operation of a request; of two paths that match, the one
// with fewer params.
func (v *Validator) route(verb, path string) (template string, op operation) {
	fewest := -1
	for t, verbs := range v.openAPI.Paths {
		candidate, ok := verbs[strings.ToLower(bodyVerb(verb))]
		params, fits := match(t, path)
		if ok && fits && (fewest < 0 || params < fewest) {
			template, op, fewest = t, candidate, params
		}
	}
	return template, op
}

func match(template, path string) (params int, ok bool) {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return 0, false
	}
	for i, part := range want {
		switch {
		case strings.HasPrefix(part, "{") && got[i] != "":
			params++
		case part != got[i]:
			return 0, false
		}
	}
	return params, true
}

func escape(token string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(token)
}

// body checks the whole body of an answer that isn't a stream.
func (v *Validator) body(e exchange, body []byte) error {
	if e.media != "application/json" {
		return nil
	}
	if err := v.check(openAPIURL+"#"+e.pointer+"/content/"+escape(e.media)+"/schema", body); err != nil || e.status < 400 {
		return err
	}
	// The document doesn't say that: some generators of clients can't bring
	// together two schemas of one object of which one has a constant.
	var problem struct{ Status int }
	if err := json.Unmarshal(body, &problem); err != nil {
		return err
	}
	if problem.Status != e.status {
		return fmt.Errorf("the problem's status is %d, and that of the answer %d", problem.Status, e.status)
	}
	return nil
}

// streamed checks an event of a stream.
func (v *Validator) streamed(e exchange, data []byte) error {
	return v.check(openAPIURL+"#"+e.pointer+"/content/"+escape(e.media)+"/x-event-schema", data)
}
