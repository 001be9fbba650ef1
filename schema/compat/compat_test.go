package compat_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/schema"
	"github.com/sandbox-agent/sandbox-agent/schema/compat"
)

type node = map[string]any

// edited are the three documents of today, decoded, to be changed.
type edited struct{ schema, openAPI, openRPC node }

// def is a definition, property one of its members.
func (e *edited) def(name string) node { return at(e.schema, "$defs", name) }

func (e *edited) property(def, name string) node { return at(e.def(def), "properties", name) }

func (e *edited) method(name string) node {
	for _, m := range e.openRPC["methods"].([]any) {
		if m.(node)["name"] == name {
			return m.(node)
		}
	}
	panic("no method " + name)
}

func at(n node, path ...string) node {
	for _, name := range path {
		n = n[name].(node)
	}
	return n
}

func require(def node, name string) {
	required, _ := def["required"].([]any)
	def["required"] = append(required, name)
}

func allow(def node, name string) {
	var rest []any
	for _, required := range def["required"].([]any) {
		if required != name {
			rest = append(rest, required)
		}
	}
	def["required"] = rest
}

func drop(n node, keyword, value string) {
	var rest []any
	for _, v := range n[keyword].([]any) {
		if ref, ok := v.(node); v != value && (!ok || ref["$ref"] != value && ref["name"] != value) {
			rest = append(rest, v)
		}
	}
	if len(rest) == len(n[keyword].([]any)) {
		panic("no " + value)
	}
	n[keyword] = rest
}

func today() compat.Documents {
	exports := schema.Exports()
	return compat.Documents{Schema: exports[0].Content, OpenAPI: exports[1].Content, OpenRPC: exports[2].Content}
}

// read are the parts of today's documents that are compared: the schemas in two
// of them are those of the first.
func read(t *testing.T) compat.Documents {
	t.Helper()
	return changed(t, today(), func(e *edited) {
		delete(at(e.openAPI, "components"), "schemas")
		delete(at(e.openRPC, "components"), "schemas")
	})
}

func changed(t *testing.T, d compat.Documents, change func(*edited)) compat.Documents {
	t.Helper()
	var e edited
	for _, document := range []struct {
		text    *[]byte
		decoded *node
	}{{&d.Schema, &e.schema}, {&d.OpenAPI, &e.openAPI}, {&d.OpenRPC, &e.openRPC}} {
		if err := json.Unmarshal(*document.text, document.decoded); err != nil {
			t.Fatal(err)
		}
	}
	change(&e)
	for text, decoded := range map[*[]byte]node{&d.Schema: e.schema, &d.OpenAPI: e.openAPI, &d.OpenRPC: e.openRPC} {
		encoded, err := json.Marshal(decoded)
		if err != nil {
			t.Fatal(err)
		}
		*text = encoded
	}
	return d
}

// anyList is the schema of a list that holds anything.
func anyList(e *edited) node {
	for _, kind := range e.def("JSONValue")["anyOf"].([]any) {
		if kind := kind.(node); kind["type"] == "array" {
			return kind
		}
	}
	panic("no list")
}

func TestBreaks(t *testing.T) {
	const create = "/v1/sessions/{sessionId}"
	now := read(t)
	tests := map[string]struct {
		change func(*edited)
		want   []string // the beginnings of what is broken
	}{
		"nothing": {change: func(*edited) {}},

		// What clients are sent.
		"a member goes":            {func(e *edited) { delete(at(e.def("SessionInfo"), "properties"), "title") }, []string{"sessions/get result.title: it goes"}},
		"a member comes":           {func(e *edited) { at(e.def("SessionInfo"), "properties")["more"] = node{"type": "string"} }, nil},
		"a member may be left out": {func(e *edited) { allow(e.def("ItemData"), "item") }, []string{"UniversalEvent.data.item: it may be left out"}},
		"a member is always there": {func(e *edited) { require(e.def("ItemData"), "rewritten") }, nil},
		"a member changes its type": {
			func(e *edited) { e.property("DiffFile", "additions")["type"] = "string" },
			[]string{"UniversalEvent.data.files[].additions: string is possible now"},
		},
		"a member may be null": {
			func(e *edited) { e.property("HealthResult", "status")["type"] = []any{"string", "null"} },
			[]string{"health result.status: null is possible now"},
		},
		"a member is never null": {func(e *edited) { e.property("UniversalItem", "native_item_id")["type"] = "string" }, nil},
		"a number becomes whole": {func(e *edited) { e.property("Usage", "cost_usd")["type"] = "integer" }, nil},
		"a whole number gets pieces": {
			func(e *edited) { e.property("Usage", "input_tokens")["type"] = "number" },
			[]string{"UniversalEvent.data.usage.input_tokens: number is possible now"},
		},
		"a value goes":                {func(e *edited) { drop(e.def("ItemKind"), "enum", "system") }, []string{`UniversalEvent.data.item.kind: the value "system" goes`}},
		"a value comes":               {func(e *edited) { def := e.def("ItemKind"); def["enum"] = append(def["enum"].([]any), "new") }, nil},
		"values become free":          {func(e *edited) { delete(e.def("ItemKind"), "enum") }, []string{"UniversalEvent.data.item.kind: every value is possible now"}},
		"a type of event goes":        {func(e *edited) { drop(e.def("UniversalEvent"), "oneOf", "#/$defs/PlanUpdatedEvent") }, []string{"UniversalEvent: type plan.updated is not possible any more"}},
		"a type of event comes":       {addEvent, nil},
		"a part goes":                 {func(e *edited) { drop(e.def("ContentPart"), "oneOf", "#/$defs/TextPart") }, []string{"UniversalEvent.data.item.content[]: type text"}},
		"the form of a text changes":  {func(e *edited) { delete(e.property("ItemDeltaEvent", "time"), "format") }, []string{"UniversalEvent.time: format changes"}},
		"a smaller number may come":   {func(e *edited) { e.property("ItemDeltaEvent", "sequence")["minimum"] = -5.0 }, []string{"UniversalEvent.sequence: the minimum"}},
		"a kind of error gets a code": {func(e *edited) { at(e.openRPC, "components", "errors", "session_busy")["code"] = -1.0 }, []string{"error session_busy: the code changes"}},

		// What clients send.
		"a param goes":              {func(e *edited) { delete(at(e.def("CreateParams"), "properties"), "title") }, []string{"sessions/create params.title: it goes"}},
		"a param comes":             {func(e *edited) { at(e.def("CreateParams"), "properties")["more"] = node{"type": "string"} }, nil},
		"a param becomes required":  {func(e *edited) { require(e.def("CreateParams"), "directory") }, []string{"sessions/create params.directory: it is required now"}},
		"a required param comes":    {requireNew, []string{"sessions/create params.more: it is required now"}},
		"a param becomes optional":  {func(e *edited) { allow(e.def("CreateParams"), "agent") }, nil},
		"a param changes its type":  {func(e *edited) { e.property("EventsParams", "limit")["type"] = "string" }, []string{"sessions/events params.limit: integer is not possible any more"}},
		"a param takes null too":    {func(e *edited) { e.property("EventsParams", "limit")["type"] = []any{"integer", "null"} }, nil},
		"a param takes any number":  {func(e *edited) { e.property("EventsParams", "limit")["type"] = "number" }, nil},
		"a value of a param goes":   {func(e *edited) { drop(e.def("BusyPolicy"), "enum", "steer") }, []string{`sessions/sendMessage params.onBusy: the value "steer" goes`}},
		"a param takes some values": {func(e *edited) { e.property("CreateParams", "agent")["enum"] = []any{"claude"} }, []string{"sessions/create params.agent: only some values"}},
		"a param has to be larger":  {func(e *edited) { e.property("EventsParams", "offset")["minimum"] = 1.0 }, []string{"sessions/events params.offset: the minimum"}},
		"a map's values narrow": {
			func(e *edited) { e.property("CreateParams", "env")["additionalProperties"] = node{"type": "integer"} },
			[]string{"sessions/create params.env[]: string is not possible any more"},
		},
		"anything is said in another way": {func(e *edited) { anyList(e)["items"] = true }, nil},
		"a list of anything narrows": {
			func(e *edited) { anyList(e)["items"] = node{"description": "a name", "type": "string"} },
			[]string{"initialize params.capabilities[]: only some values"},
		},

		// Methods and routes.
		"a method goes":           {func(e *edited) { drop(e.openRPC, "methods", "sessions/list") }, []string{"sessions/list: the method goes"}},
		"a method comes":          {addMethod, nil},
		"a stream says less":      {func(e *edited) { drop(e.method("sessions/subscribe"), "x-stream", "session/changed") }, []string{"sessions/subscribe: the notification session/changed goes"}},
		"a notification goes":     {func(e *edited) { drop(e.openRPC, "x-notifications", "session/event") }, []string{"session/event: the notification goes"}},
		"a route goes":            {func(e *edited) { delete(at(e.openAPI, "paths"), "/v1/sessions") }, []string{"GET /v1/sessions: the route goes", "POST /v1/sessions: the route goes"}},
		"a verb goes":             {func(e *edited) { delete(at(e.openAPI, "paths", create), "patch") }, []string{"PATCH " + create + ": the route goes"}},
		"a parameter moves":       {moveParameter, []string{"GET /v1/fs/stat path: the parameter moves from query to header"}},
		"an answer's status goes": {func(e *edited) { delete(at(e.openAPI, "paths", create, "post", "responses"), "200") }, []string{"POST " + create + ": the status 200 goes"}},
		"an answer's header goes": {func(e *edited) {
			delete(at(e.openAPI, "paths", create+"/messages", "post", "responses", "204", "headers"), "Turn-Id")
		}, []string{"POST " + create + "/messages 204: the header Turn-Id goes"}},
		"a body's media type goes": {func(e *edited) {
			delete(at(e.openAPI, "paths", "/v1/fs/upload-batch", "post", "requestBody", "content"), "application/x-tar")
		}, []string{"POST /v1/fs/upload-batch body: application/x-tar goes"}},
		"a body becomes required":   {func(e *edited) { at(e.openAPI, "paths", create+"/interrupt", "post", "requestBody")["required"] = true }, []string{"POST " + create + "/interrupt body: it is required now"}},
		"a kind's status changes":   {moveStatus, []string{"urn:sandbox-agent:error:session_already_exists: the status changes", "urn:sandbox-agent:error:session_busy: the status changes"}},
		"descriptions are not read": {func(e *edited) { e.def("UniversalEvent")["description"] = "other" }, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := compat.Check(now, changed(t, now, tt.change))
			var breaking *compat.BreakingError
			if !errors.As(err, &breaking) {
				if err != nil || tt.want != nil {
					t.Fatalf("got %v, want %q", err, tt.want)
				}
				return
			}
			got := slices.Clone(breaking.Breaks)
			for i := range min(len(got), len(tt.want)) {
				if strings.HasPrefix(got[i], tt.want[i]) {
					got[i] = tt.want[i]
				}
			}
			if len(tt.want) == 0 || len(got) < len(tt.want) {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
			if diff := cmp.Diff(tt.want, got[:len(tt.want)]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func addEvent(e *edited) {
	e.def("UniversalEvent")["oneOf"] = append(e.def("UniversalEvent")["oneOf"].([]any), node{"$ref": "#/$defs/NewEvent"})
	at(e.schema, "$defs")["NewEvent"] = node{"type": "object", "properties": node{"type": node{"type": "string", "const": "new"}}}
}

func requireNew(e *edited) {
	at(e.def("CreateParams"), "properties")["more"] = node{"type": "string"}
	require(e.def("CreateParams"), "more")
}

func addMethod(e *edited) {
	e.openRPC["methods"] = append(e.openRPC["methods"].([]any), node{"name": "new"})
}

func moveParameter(e *edited) {
	for _, p := range at(e.openAPI, "paths", "/v1/fs/stat", "get")["parameters"].([]any) {
		if p.(node)["name"] == "path" {
			p.(node)["in"] = "header"
		}
	}
}

func moveStatus(e *edited) {
	responses := at(e.openAPI, "components", "responses")
	responses["Problem410"] = responses["Problem409"]
	delete(responses, "Problem409")
}

// A higher version may break what it wants.
func TestVersion(t *testing.T) {
	now := changed(t, read(t), func(e *edited) { e.schema["$id"] = "urn:sandbox-agent:schema:1.0" })
	for version, refused := range map[string]bool{"1.0": true, "0.9": true, "1.1": false, "1.10": false, "2.0": false} {
		err := compat.Check(now, changed(t, now, func(e *edited) {
			e.schema["$id"] = "urn:sandbox-agent:schema:" + version
			drop(e.def("ItemKind"), "enum", "system")
		}))
		if (err != nil) != refused {
			t.Errorf("version %s: %v", version, err)
		}
	}
	if err := compat.Check(now, changed(t, now, func(e *edited) { e.schema["$id"] = "urn:x" })); err == nil || !strings.Contains(err.Error(), "no version") {
		t.Errorf("no version: %v", err)
	}
}

func TestBadDocuments(t *testing.T) {
	for name, d := range map[string]compat.Documents{
		"the old schema: JSON Schema": {},
		"the old schema: OpenAPI":     {Schema: today().Schema, OpenAPI: []byte("{")},
		"the old schema: OpenRPC":     {Schema: today().Schema, OpenAPI: today().OpenAPI},
	} {
		if err := compat.Check(d, today()); err == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("got %v, want %s", err, name)
		}
	}
}
