package generator

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/files"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// names are what types are called where their Go name is too short without its
// package, or is not what clients of the v0.1 API know.
func names() map[reflect.Type]string {
	return map[reflect.Type]string{
		reflect.TypeFor[universal.Event]():          eventName,
		reflect.TypeFor[universal.Item]():           "UniversalItem",
		reflect.TypeFor[universal.Source]():         "EventSource",
		reflect.TypeFor[universal.Command]():        "SlashCommand",
		reflect.TypeFor[universal.EndReason]():      "SessionEndReason",
		reflect.TypeFor[universal.Stderr]():         "StderrOutput",
		reflect.TypeFor[universal.OptionKind]():     "PermissionOptionKind",
		reflect.TypeFor[universal.Role]():           "ItemRole",
		reflect.TypeFor[universal.Visibility]():     "ReasoningVisibility",
		reflect.TypeFor[drivers.Capabilities]():     "AgentCapabilities",
		reflect.TypeFor[drivers.Mode]():             "AgentMode",
		reflect.TypeFor[drivers.Model]():            "AgentModel",
		reflect.TypeFor[drivers.Models]():           "ModelsResult",
		reflect.TypeFor[drivers.Decision]():         "PermissionDecision",
		reflect.TypeFor[session.Info]():             "SessionInfo",
		reflect.TypeFor[session.Status]():           "SessionStatus",
		reflect.TypeFor[session.Until]():            "StreamUntil",
		reflect.TypeFor[session.StreamEnd]():        "StreamEndReason",
		reflect.TypeFor[session.ListPage]():         "SessionsResult",
		reflect.TypeFor[session.CreateOptions]():    "CreateParams",
		reflect.TypeFor[session.SendResult]():       "SendResult",
		reflect.TypeFor[files.Stat]():               "FSStat",
		reflect.TypeFor[files.Entry]():              "FSEntry",
		reflect.TypeFor[files.EntryType]():          "FSEntryType",
		reflect.TypeFor[files.Written]():            "FSWriteResult",
		reflect.TypeFor[files.Changed]():            "FSChangeResult",
		reflect.TypeFor[files.Moved]():              "FSMoveResult",
		reflect.TypeFor[files.Uploaded]():           "FSUploadResult",
		reflect.TypeFor[rpc.SessionEvent]():         "SessionEventParams",
		reflect.TypeFor[rpc.SessionChanged]():       "SessionChangedParams",
		reflect.TypeFor[rpc.StreamEnded]():          "StreamEndedParams",
		reflect.TypeFor[localServer]():              "LocalMCPServerConfig",
		reflect.TypeFor[remoteServer]():             "RemoteMCPServerConfig",
		reflect.TypeFor[universal.QuestionStatus](): "QuestionStatus",
	}
}

// Names of the schemas that are made by hand, since their Go types are
// interfaces.
const (
	eventName     = "UniversalEvent"
	partName      = "ContentPart"
	mcpConfigName = "MCPServerConfig"
	valueName     = "JSONValue"
)

// reflector makes schemas of Go types.
type reflector struct {
	source    *source
	names     map[reflect.Type]string
	types     map[string]reflect.Type // by the name of the schema
	schemas   jsonschema.Definitions
	reflector *jsonschema.Reflector
	clash     error // of two types with one name
}

func newReflector(src *source) *reflector {
	r := &reflector{source: src, names: names(), types: map[string]reflect.Type{}, schemas: jsonschema.Definitions{}}
	r.reflector = &jsonschema.Reflector{
		Anonymous: true, AllowAdditionalProperties: true,
		Namer: r.name, Mapper: r.special, LookupComment: r.comment,
	}
	return r
}

// name is the name of a type's schema.
func (r *reflector) name(t reflect.Type) string {
	name, ok := r.names[t]
	if !ok {
		name = t.Name()
	}
	return name
}

// comment describes a type or a field. It is asked for each struct that gets a
// schema of its own, which is thereby known.
func (r *reflector) comment(t reflect.Type, field string) string {
	if field == "" && t.Kind() == reflect.Struct {
		name := r.name(t)
		if other, ok := r.types[name]; ok && other != t {
			r.clash = fmt.Errorf("%s and %s are both called %s", nameOf(t), nameOf(other), name)
		}
		r.types[name] = t
	}
	if field != "" {
		if f, ok := t.FieldByName(field); ok && f.Tag.Get("doc") != "" {
			return f.Tag.Get("doc")
		}
	}
	return r.source.describe(t, field, r.name(t))
}

// add makes the schema of a type, and those of all types that it is made of.
func (r *reflector) add(t reflect.Type) *jsonschema.Schema {
	made := r.reflector.ReflectFromType(t)
	for name, def := range made.Definitions {
		if _, ok := r.schemas[name]; ok {
			continue
		}
		r.schemas[name] = def
		if t, ok := r.types[name]; ok {
			finish(def, t)
		}
	}
	made.Definitions, made.Version = nil, ""
	return made
}

// special makes the schemas of the types that reflection alone can't know.
func (r *reflector) special(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[universal.Event]():
		return ref(eventName)
	case reflect.TypeFor[universal.Part]():
		return ref(partName)
	case reflect.TypeFor[universal.Content]():
		return &jsonschema.Schema{Type: "array", Items: ref(partName)}
	case reflect.TypeFor[rpc.EncodedEvents]():
		return &jsonschema.Schema{Type: "array", Items: ref(eventName)}
	case reflect.TypeFor[rpc.SchemaDocument]():
		r.schemas[t.Name()] = &jsonschema.Schema{
			Type: "object", AdditionalProperties: jsonschema.TrueSchema, Description: r.comment(t, ""),
		}
		return ref(t.Name())
	case reflect.TypeFor[stringOrList]():
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, {Type: "array", Items: &jsonschema.Schema{Type: "string"}}}}
	case reflect.TypeFor[rpc.RequestID]():
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, {Type: "integer"}}}
	case reflect.TypeFor[universal.NullString]():
		return &jsonschema.Schema{Extras: map[string]any{"type": []string{"string", "null"}}}
	case reflect.TypeFor[files.Time](), reflect.TypeFor[time.Time]():
		return &jsonschema.Schema{Type: "string", Format: "date-time"}
	case reflect.TypeFor[json.RawMessage](), reflect.TypeFor[any]():
		r.addValue()
		return ref(valueName)
	case reflect.TypeFor[universal.Role]():
		r.addEnum(t)
		return nullable(ref(r.name(t)))
	}
	if t.Kind() == reflect.String && len(r.source.enum(t)) > 0 {
		r.addEnum(t)
		return ref(r.name(t))
	}
	return nil
}

func ref(name string) *jsonschema.Schema { return &jsonschema.Schema{Ref: "#/$defs/" + name} }

func nullable(s *jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{s, {Type: "null"}}}
}

// addValue makes the schema of any value. Some readers of schemas take an empty
// one for an object, and some validators want each type by itself, and some
// refuse the true that a schema without members is written as.
func (r *reflector) addValue() {
	r.schemas[valueName] = &jsonschema.Schema{
		Description: valueName + " is any value.",
		AnyOf: []*jsonschema.Schema{
			{Type: "object", AdditionalProperties: jsonschema.TrueSchema},
			{Type: "array", Items: &jsonschema.Schema{Description: "any value"}},
			{Type: "string"}, {Type: "number"}, {Type: "boolean"}, {Type: "null"},
		},
	}
}

func (r *reflector) addEnum(t reflect.Type) {
	s := &jsonschema.Schema{Type: "string", Description: r.source.describe(t, "", r.name(t))}
	for _, c := range r.source.enum(t) {
		s.Enum = append(s.Enum, c.value)
		if c.doc != "" {
			s.Description += "\n- `" + c.value + "`: " + plain(c.doc)
		}
	}
	r.schemas[r.name(t)] = s
}

// addEvents makes the union of all events: a schema for each type, with the
// envelope that all share and the data of this one.
func (r *reflector) addEvents() {
	envelope := r.envelope()
	union := &jsonschema.Schema{Description: r.source.describe(reflect.TypeFor[universal.Event](), "", eventName) +
		" Its `type` tells what it is about, and what `data` holds."}
	for _, eventType := range universal.EventTypes() {
		data := reflect.TypeOf(universal.NewData(eventType)).Elem()
		made := r.add(data)
		variant := &jsonschema.Schema{
			Type: "object", Required: envelope.Required, Properties: jsonschema.NewProperties(),
			Description: "`" + string(eventType) + "`: " + r.schemas[r.name(data)].Description,
		}
		for p := envelope.Properties.Oldest(); p != nil; p = p.Next() {
			switch p.Key {
			case "type":
				variant.Properties.Set(p.Key, &jsonschema.Schema{Type: "string", Const: string(eventType)})
			case "data":
				variant.Properties.Set(p.Key, made)
			default:
				variant.Properties.Set(p.Key, p.Value)
			}
		}
		name := eventVariant(eventType)
		r.schemas[name] = variant
		union.OneOf = append(union.OneOf, ref(name))
	}
	r.schemas[eventName] = union
}

// envelope is the schema of an event of no type in particular.
func (r *reflector) envelope() *jsonschema.Schema {
	type envelope universal.Event // which special doesn't know
	plain := &jsonschema.Reflector{
		Anonymous: true, AllowAdditionalProperties: true, ExpandedStruct: true,
		Namer: r.name, Mapper: r.special,
		LookupComment: func(t reflect.Type, field string) string {
			if t == reflect.TypeFor[envelope]() {
				t = reflect.TypeFor[universal.Event]()
			}
			return r.comment(t, field)
		},
	}
	s := plain.ReflectFromType(reflect.TypeFor[envelope]())
	s.Definitions = nil
	finish(s, reflect.TypeFor[envelope]())
	sequence, _ := s.Properties.Get("sequence")
	sequence.Minimum = "1"
	return s
}

// eventVariant is the name of an event type's schema: SessionStartedEvent for
// session.started.
func eventVariant(t universal.EventType) string { return pascal(string(t)) + "Event" }

// pascal joins the words of a name as in FileRef.
func pascal(name string) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(name, func(c rune) bool { return strings.ContainsRune("._-/", c) }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// addParts makes the union of all parts of an item's content.
func (r *reflector) addParts() {
	union := &jsonschema.Schema{Description: "ContentPart is a piece of an item's content. Its `type` tells what it is."}
	parts := universal.PartTypes()
	for _, tag := range slices.Sorted(maps.Keys(parts)) {
		t := reflect.TypeOf(parts[tag]).Elem()
		r.add(t)
		part := r.schemas[r.name(t)]
		properties := jsonschema.NewProperties()
		properties.Set("type", &jsonschema.Schema{Type: "string", Const: tag})
		for p := part.Properties.Oldest(); p != nil; p = p.Next() {
			properties.Set(p.Key, p.Value)
		}
		part.Properties = properties
		part.Required = append([]string{"type"}, part.Required...)
		union.OneOf = append(union.OneOf, ref(r.name(t)))
	}
	r.schemas[partName] = union
}

// localServer is an MCP server that the agent starts, as a client may give it.
type localServer struct {
	Type string `json:"type" jsonschema:"enum=local,enum=stdio"`
	// Command is the program, or the program with its arguments.
	Command stringOrList      `json:"command"`
	Args    []string          `json:"args,omitempty"`
	Env     map[string]string `json:"env,omitempty"`
	// Environment is another name of Env.
	Environment map[string]string `json:"environment,omitempty"`
	Cwd         string            `json:"cwd,omitempty"`
	// Enabled is true unless it says otherwise.
	Enabled *bool `json:"enabled,omitempty"`
	// TimeoutMS is in milliseconds.
	TimeoutMS int64 `json:"timeoutMs,omitempty"`
	// Timeout is another name of TimeoutMS.
	Timeout int64 `json:"timeout,omitempty"`
}

// remoteServer is an MCP server that is reached over HTTP, as a client may
// give it.
type remoteServer struct {
	Type      string            `json:"type" jsonschema:"enum=remote,enum=http"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers,omitempty"`
	Transport string            `json:"transport,omitempty" jsonschema:"enum=http,enum=sse"`
	// BearerTokenEnvVar names an environment variable of the bridge whose
	// value is sent as the token.
	BearerTokenEnvVar string `json:"bearerTokenEnvVar,omitempty"`
	// EnvHeaders name environment variables of the bridge whose values are
	// sent as headers.
	EnvHeaders map[string]string `json:"envHeaders,omitempty"`
	// Enabled is true unless it says otherwise.
	Enabled *bool `json:"enabled,omitempty"`
	// TimeoutMS is in milliseconds.
	TimeoutMS int64 `json:"timeoutMs,omitempty"`
	// Timeout is another name of TimeoutMS.
	Timeout int64 `json:"timeout,omitempty"`
}

type stringOrList any

// addMCPConfig lets MCP servers be given in every spelling that
// [drivers.MCPServer] reads; it is shown in one.
func (r *reflector) addMCPConfig() error {
	config := &jsonschema.Schema{Description: "MCPServerConfig is a tool server that a session gets."}
	for _, t := range []reflect.Type{reflect.TypeFor[localServer](), reflect.TypeFor[remoteServer]()} {
		config.OneOf = append(config.OneOf, r.add(t))
	}
	r.schemas[mcpConfigName] = config
	mcp, ok := r.schemas["CreateParams"].Properties.Get("mcp")
	if !ok {
		return fmt.Errorf("sessions/create has no mcp any more")
	}
	mcp.AdditionalProperties = ref(mcpConfigName)
	return nil
}

// addQueueChoice lists what may become of the messages that wait: in Go that
// is a string without a type of its own.
func (r *reflector) addQueueChoice() error {
	queue, ok := r.schemas["InterruptParams"].Properties.Get("queue")
	if !ok {
		return fmt.Errorf("sessions/interrupt has no queue any more")
	}
	queue.Enum = []any{"keep", "drop"}
	return nil
}

// finish corrects what reflection makes of a struct's fields.
func finish(s *jsonschema.Schema, t reflect.Type) {
	if s.Properties.Len() == 0 {
		s.AdditionalProperties = jsonschema.TrueSchema // else some take it for an object that has to be empty
	}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" || name == "-" {
			continue
		}
		p, ok := s.Properties.Get(name)
		if !ok {
			continue
		}
		if p.Ref != "" && p.Description != "" {
			// Some readers of schemas ignore what stands beside a reference, and
			// others the reference's name.
			p.AllOf = []*jsonschema.Schema{{Ref: p.Ref}}
			p.Ref = ""
		}
		kind := f.Type.Kind()
		if kind == reflect.Uint64 {
			p.Minimum = "0"
		}
		if kind == reflect.Pointer && !strings.Contains(options, "omitempty") && p.Type != "" {
			p.Extras = map[string]any{"type": []string{p.Type, "null"}}
			p.Type = ""
		}
		if kind == reflect.Map && f.Type.Elem().Kind() == reflect.Interface {
			p.AdditionalProperties = jsonschema.TrueSchema
		}
	}
}
