package generator

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
)

// openAPIDocument is an OpenAPI document, of which OpenAPI 3.1 says what the
// members mean.
type openAPIDocument struct {
	OpenAPI    string                          `json:"openapi"`
	Info       documentInfo                    `json:"info"`
	Servers    []openAPIServer                 `json:"servers"`
	Security   []map[string][]string           `json:"security"`
	Paths      map[string]map[string]operation `json:"paths"`
	Components openAPIComponents               `json:"components"`
}

type openAPIServer struct {
	URL         string `json:"url"`
	Description string `json:"description"`
}

type operation struct {
	OperationID string                     `json:"operationId"`
	Summary     string                     `json:"summary"`
	Description string                     `json:"description,omitempty"`
	Tags        []string                   `json:"tags,omitempty"`
	Security    *[]map[string][]string     `json:"security,omitempty"`
	Parameters  []parameter                `json:"parameters,omitempty"`
	RequestBody *requestBody               `json:"requestBody,omitempty"`
	Responses   map[string]openAPIResponse `json:"responses"`
	// Method is the row of the table; empty for what only HTTP has.
	Method string `json:"x-method,omitempty"`
}

type parameter struct {
	Name        string             `json:"name"`
	In          string             `json:"in"` // "path", "query" or "header"
	Description string             `json:"description,omitempty"`
	Required    bool               `json:"required,omitempty"`
	Schema      *jsonschema.Schema `json:"schema"`
}

type requestBody struct {
	Description string           `json:"description,omitempty"`
	Required    bool             `json:"required,omitempty"`
	Content     map[string]media `json:"content"`
}

type media struct {
	Schema *jsonschema.Schema `json:"schema,omitempty"`
	// EventSchema is the schema of the data of each server-sent event, for
	// which OpenAPI 3.1 has no member.
	EventSchema *jsonschema.Schema `json:"x-event-schema,omitempty"`
}

type openAPIResponse struct {
	Ref         string                    `json:"$ref,omitempty"`
	Description string                    `json:"description,omitempty"`
	Headers     map[string]responseHeader `json:"headers,omitempty"`
	Content     map[string]media          `json:"content,omitempty"`
}

type responseHeader struct {
	Description string             `json:"description"`
	Required    bool               `json:"required,omitempty"`
	Schema      *jsonschema.Schema `json:"schema"`
}

type openAPIComponents struct {
	Schemas         jsonschema.Definitions     `json:"schemas"`
	Responses       map[string]openAPIResponse `json:"responses"`
	SecuritySchemes map[string]securityScheme  `json:"securitySchemes"`
}

type securityScheme struct {
	Type        string `json:"type"`
	Scheme      string `json:"scheme"`
	Description string `json:"description"`
}

const (
	mediaJSON   = "application/json"
	mediaBytes  = "application/octet-stream"
	mediaStream = "text/event-stream"
)

// openAPI describes the methods on HTTP.
func (r *reflector) openAPI(api surface) *openAPIDocument {
	doc := &openAPIDocument{
		OpenAPI: "3.1.0",
		Info: info("sandbox-agent over HTTP", "The methods of `sandbox-agent server`.\n\n"+
			"Every failure is answered with a problem document (RFC 7807) whose `type` names its kind. "+
			"A JSON body's members that are text, numbers or switches may be given in the query instead, also in snake_case; "+
			"what both say, the query decides. Wherever there is GET and no stream, there is HEAD.\n\n"+
			"`x-method` is the method's name on stdio. `x-event-schema` is the schema of the `data` of each event of a "+
			"`text/event-stream`; the `id` of an event of a session is its sequence number, and lines that begin with a colon, "+
			"which come every 15 s of silence, are to be ignored."),
		Servers:  []openAPIServer{{"http://127.0.0.1:2468", "where the server listens unless it is told otherwise"}},
		Security: []map[string][]string{{"bearer": {}}, {"basic": {}}, {}},
		Paths:    map[string]map[string]operation{},
		Components: openAPIComponents{
			Schemas:   r.schemas,
			Responses: problemResponses(),
			SecuritySchemes: map[string]securityScheme{
				"bearer": {"http", "bearer", "The server's token, where it was started with one."},
				"basic":  {"http", "basic", "The same token as the password; the user's name doesn't matter."},
			},
		},
	}
	for _, m := range api.methods {
		for i, path := range m.Paths {
			doc.add(m.Verb, path, r.operation(m, path, i))
		}
	}
	doc.add(http.MethodGet, "/v1/metrics", operation{
		OperationID: "metrics", Summary: "Gives figures of the bridge.",
		Responses: withProblems(map[string]openAPIResponse{"200": {
			Description: "The figures, as Prometheus reads them.",
			Content:     map[string]media{"text/plain": {Schema: &jsonschema.Schema{Type: "string"}}},
		}}, 401),
	})
	return doc
}

func (d *openAPIDocument) add(verb, path string, op operation) {
	if d.Paths[path] == nil {
		d.Paths[path] = map[string]operation{}
	}
	d.Paths[path][strings.ToLower(verb)] = op
}

// operation describes a method at the nth of its paths.
func (r *reflector) operation(m method, path string, n int) operation {
	op := operation{OperationID: operationID(m, path, n), Summary: m.Doc, Method: m.Name}
	if group, _, ok := strings.Cut(m.Name, "/"); ok {
		op.Tags = []string{group}
	}
	places := placesOf(m, path)
	for p := m.params.Properties.Oldest(); p != nil; p = p.Next() {
		in := places[p.Key]
		if in != inPath && in != inQuery {
			continue
		}
		required := in == inPath || slices.Contains(m.params.Required, p.Key)
		op.Parameters = append(op.Parameters, parameter{p.Key, in, p.Value.Description, required, p.Value})
	}
	op.RequestBody = r.body(m, places)
	statuses := []int{400, 401, 403, 422, 500}
	success := m.success(path)
	switch {
	case path == "/v1/health":
		op.Security = &[]map[string][]string{}
		statuses = []int{403}
	case m.Name == "fs/read":
		op.Description = "A piece is asked for by `Range`, without which the whole file is given, at any size."
		op.Parameters = append(op.Parameters, conditions()...)
	case m.Name == "fs/write":
		op.Description = "The body is the whole file, which replaces the one that is there in one step. Pieces are for stdio."
	case m.Streams && m.Verb == http.MethodGet && !m.watches(path):
		op.Parameters = append(op.Parameters, lastEventID())
	}
	if op.RequestBody != nil {
		statuses = append(statuses, 413, 415)
	}
	if _, ok := places["sessionId"]; ok {
		statuses = append(statuses, 404, 409)
	}
	if _, ok := places["agent"]; ok {
		statuses = append(statuses, 404, 504)
	}
	if len(op.Tags) > 0 && op.Tags[0] == "fs" {
		statuses = append(statuses, 502)
	}
	op.Responses = withProblems(success, statuses...)
	return op
}

// operationID is the method's name in one word. Further paths of a method
// have what they stand for, or how the first differs, behind it.
func operationID(m method, path string, n int) string {
	id := pascal(m.Name)
	id = strings.ToLower(id[:1]) + id[1:]
	for _, value := range m.Given[path] {
		return id + pascal(value)
	}
	if n > 0 {
		first := pathParams(m.Paths[0])
		return id + "Without" + pascal(first[len(first)-1])
	}
	return id
}

func pathParams(path string) []string {
	var names []string
	for part := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			names = append(names, strings.TrimSuffix(name, "}"))
		}
	}
	return names
}

// Where a param of a method is on HTTP.
const (
	inPath  = "path"
	inQuery = "query"
	inBody  = "body"
)

// placesOf tells where the params of a method are at a path. The content of a
// file is the body itself, and its pieces are asked for by Range.
func placesOf(m method, path string) map[string]string {
	places := map[string]string{}
	inThePath := pathParams(path)
	if m.watches(path) {
		return places
	}
	for p := m.params.Properties.Oldest(); p != nil; p = p.Next() {
		_, given := m.Given[path][p.Key]
		switch {
		case given:
		case slices.Contains(inThePath, p.Key):
			places[p.Key] = inPath
		case isFile(m) && (p.Key == "content" || p.Key == "offset" || p.Key == "length"):
		case m.Verb == http.MethodGet, m.Verb == http.MethodDelete, isFile(m), m.Name == "fs/mkdir":
			places[p.Key] = inQuery
		case m.Streams && p.Key == "includeRaw":
			places[p.Key] = inQuery
		default:
			places[p.Key] = inBody
		}
	}
	return places
}

// watches tells whether a stream is about all sessions: its path names none,
// and then there is nothing to choose.
func (m method) watches(path string) bool {
	return m.Streams && !slices.Contains(pathParams(path), "sessionId")
}

// isFile tells whether a method's body, of the request or the answer, is a
// file.
func isFile(m method) bool {
	return slices.Contains([]string{"fs/read", "fs/write", "fs/upload"}, m.Name)
}

// body describes the body of a request.
func (r *reflector) body(m method, places map[string]string) *requestBody {
	switch m.Name {
	case "fs/write":
		return &requestBody{Required: true, Description: "The file, of any length and type.", Content: map[string]media{
			mediaBytes: {Schema: bytesSchema()}, "*/*": {Schema: bytesSchema()},
		}}
	case "fs/upload":
		return &requestBody{Required: true, Description: "The archive, of any length.", Content: map[string]media{
			"application/x-tar": {Schema: bytesSchema()}, "application/gzip": {Schema: bytesSchema()},
		}}
	}
	object := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties()}
	for p := m.params.Properties.Oldest(); p != nil; p = p.Next() {
		if places[p.Key] == inBody {
			object.Properties.Set(p.Key, p.Value)
			if slices.Contains(m.params.Required, p.Key) {
				object.Required = append(object.Required, p.Key)
			}
		}
	}
	if object.Properties.Len() == 0 {
		return nil
	}
	return &requestBody{Required: len(object.Required) > 0, Content: map[string]media{mediaJSON: {Schema: object}}}
}

// success describes the answer of a method that did what was asked.
func (m method) success(path string) map[string]openAPIResponse {
	switch {
	case m.Name == "fs/read":
		file := map[string]media{mediaBytes: {Schema: bytesSchema()}}
		problem := map[string]media{mediaJSON: {Schema: ref("Problem")}}
		whole := map[string]responseHeader{
			"Accept-Ranges": {"That pieces can be asked for: bytes.", false, &jsonschema.Schema{Type: "string"}},
			"Last-Modified": {"When the file was changed, to be given back as If-Modified-Since.", false, &jsonschema.Schema{Type: "string"}},
		}
		ranged := maps.Clone(whole)
		ranged["Content-Range"] = responseHeader{"Which bytes of how many.", false, &jsonschema.Schema{Type: "string"}}
		return map[string]openAPIResponse{
			"200": {Description: "The file.", Headers: whole, Content: file},
			"206": {Description: "The bytes that Range asked for.", Headers: ranged, Content: map[string]media{
				mediaBytes: {Schema: bytesSchema()}, "multipart/byteranges": {Schema: bytesSchema()},
			}},
			"304": {Description: "The file has not changed since If-Modified-Since.", Headers: whole},
			"412": {Description: "The file is not as If-Match or If-Unmodified-Since wants it.", Content: problem},
			"416": {Description: "The file has no such bytes.", Headers: ranged, Content: problem},
		}
	case m.Streams:
		answer := openAPIResponse{Description: "The stream.", Content: map[string]media{mediaStream: {
			Schema: &jsonschema.Schema{Type: "string"}, EventSchema: m.eventSchema(path),
		}}}
		if m.Verb == http.MethodPost {
			answer.Headers = sentHeaders()
		}
		return map[string]openAPIResponse{"200": answer}
	case m.Result == reflect.TypeFor[session.SendResult]():
		return map[string]openAPIResponse{"204": {Description: "The message is accepted.", Headers: sentHeaders()}}
	case m.Result == reflect.TypeFor[rpc.Empty]():
		return map[string]openAPIResponse{"204": {Description: "It is done."}}
	}
	return map[string]openAPIResponse{"200": {Description: "The answer.", Content: map[string]media{mediaJSON: {Schema: m.result}}}}
}

// eventSchema is what the events of a method's stream hold: of a session,
// events; of all sessions, their summaries.
func (m method) eventSchema(path string) *jsonschema.Schema {
	if m.watches(path) {
		return ref("SessionInfo")
	}
	return ref(eventName)
}

// bytesSchema is the schema of a body that is no text. One without members
// would be written as true, which many readers of OpenAPI refuse.
func bytesSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Format: "binary"}
}

func sentHeaders() map[string]responseHeader {
	return map[string]responseHeader{
		"Turn-Id":        {"The turn that the message becomes.", true, &jsonschema.Schema{Type: "string"}},
		"Event-Sequence": {"The log's head at acceptance: the message's events come after it.", true, &jsonschema.Schema{Type: "integer", Minimum: "0"}},
	}
}

// conditions are the headers that choose whether a file is sent, and what of it.
func conditions() []parameter {
	return []parameter{
		{"Range", "header", "Which bytes are wanted, such as bytes=0-99.", false, &jsonschema.Schema{Type: "string"}},
		{"If-Modified-Since", "header", "Answers 304 if the file has not changed since; a Last-Modified of before.", false, &jsonschema.Schema{Type: "string"}},
		{"If-Unmodified-Since", "header", "Answers 412 if the file has changed since; a Last-Modified of before.", false, &jsonschema.Schema{Type: "string"}},
		{"If-Range", "header", "With Range: gives the whole file if it has changed since; a Last-Modified of before.", false, &jsonschema.Schema{Type: "string"}},
	}
}

func lastEventID() parameter {
	return parameter{"Last-Event-ID", "header", "The id of the last event seen; it beats offset.", false, &jsonschema.Schema{Type: "integer", Minimum: "0"}}
}

// problemResponses are the answers that are errors, by their status, each
// with the kinds that have it.
func problemResponses() map[string]openAPIResponse {
	kinds := map[int][]any{}
	words := map[int][]string{}
	for _, e := range rpc.Errors() {
		if e.Status != 0 {
			kinds[e.Status] = append(kinds[e.Status], problemType(e))
			words[e.Status] = append(words[e.Status], "`"+string(e.Kind)+"`")
		}
	}
	responses := map[string]openAPIResponse{"Problem": {
		Description: "Any other problem.", Content: map[string]media{mediaJSON: {Schema: ref("Problem")}},
	}}
	for status := range kinds {
		narrowed := jsonschema.NewProperties()
		narrowed.Set("type", &jsonschema.Schema{Type: "string", Enum: kinds[status]})
		response := openAPIResponse{
			Description: "A problem: " + strings.Join(words[status], ", ") + ".",
			Content: map[string]media{mediaJSON: {Schema: &jsonschema.Schema{
				AllOf: []*jsonschema.Schema{ref("Problem"), {Type: "object", Properties: narrowed}},
			}}},
		}
		switch status {
		case http.StatusUnauthorized:
			response.Headers = map[string]responseHeader{"WWW-Authenticate": {"How to show the token.", true, &jsonschema.Schema{Type: "string"}}}
		case http.StatusMethodNotAllowed:
			response.Headers = map[string]responseHeader{"Allow": {"The methods that the path has.", true, &jsonschema.Schema{Type: "string"}}}
		}
		responses["Problem"+strconv.Itoa(status)] = response
	}
	return responses
}

// withProblems adds the answers that are errors.
func withProblems(responses map[string]openAPIResponse, statuses ...int) map[string]openAPIResponse {
	for _, status := range append(statuses, http.StatusMethodNotAllowed) {
		responses[strconv.Itoa(status)] = openAPIResponse{Ref: fmt.Sprintf("#/components/responses/Problem%d", status)}
	}
	responses["default"] = openAPIResponse{Ref: "#/components/responses/Problem"}
	return responses
}
