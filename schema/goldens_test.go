package schema_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/schema"
	"github.com/sandbox-agent/sandbox-agent/schema/schematest"
)

// goldens are the events of all recordings, by the file that they are in.
func goldens(t *testing.T) map[string][][]byte {
	t.Helper()
	files, err := filepath.Glob("../fixtures/*/*/universal.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	found := map[string][][]byte{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found[file] = bytes.Split(bytes.TrimSpace(content), []byte("\n"))
	}
	return found
}

// allEvents are those of the recordings and those of the mock.
func allEvents(t *testing.T) map[string][][]byte {
	t.Helper()
	all := goldens(t)
	all["mock"] = mockEvents(t)
	return all
}

func TestGoldensValidate(t *testing.T) {
	validator := newValidator(t)
	for file, events := range allEvents(t) {
		for i, event := range events {
			if err := validator.Event(event); err != nil {
				t.Errorf("%s:%d: %v", file, i+1, err)
			}
		}
	}
}

func newValidator(t *testing.T) *schematest.Validator {
	t.Helper()
	validator, err := schematest.New()
	if err != nil {
		t.Fatal(err)
	}
	return validator
}

// Whatever is wrong with an event, in whatever depth, the schema refuses it.
func TestMutatedGoldensAreRefused(t *testing.T) {
	validator := newValidator(t)
	broken := mutations(t)
	if len(broken) < 300 {
		t.Errorf("only %d mutations", len(broken))
	}
	for what, event := range broken {
		if validator.Event(event) == nil {
			t.Errorf("%s: accepted: %s", what, event)
		}
	}
}

// rarities are members that neither a recording nor the mock has, and why.
func rarities() map[string]string {
	const compatible = "this bridge has nothing to put there; servers of the v0.1 API have, and their streams can be read too"
	return map[string]string{
		"TurnStartedData.metadata": compatible,
		"TurnEndedData.metadata":   compatible,
		"StderrOutput.tail":        "a recorded agent would have to write more than 70 lines to stderr; package process has the test of it",
	}
}

// Every member of the schema of an event is in a recording, or the mock
// shows it, or there is a reason.
func TestEveryMemberIsSeen(t *testing.T) {
	w := walkGoldens(t)
	reasons := rarities()
	var never []string
	for _, member := range w.members("UniversalEvent") {
		if !w.seen[member] && reasons[member] == "" {
			never = append(never, member)
		}
		if w.seen[member] && reasons[member] != "" {
			t.Errorf("%s is seen; its reason can go", member)
		}
	}
	if len(never) > 0 {
		t.Errorf("no recording has: %s", strings.Join(never, " "))
	}
}

// mutations are broken events by what is wrong with them: each rule of the
// schema is broken once.
func mutations(t *testing.T) map[string][]byte {
	t.Helper()
	return walkGoldens(t).broken
}

func walkGoldens(t *testing.T) *walk {
	t.Helper()
	w := newWalk(t)
	all := allEvents(t)
	for _, file := range slices.Sorted(maps.Keys(all)) {
		for _, event := range all[file] {
			w.text("UniversalEvent", event)
		}
	}
	return w
}

func newWalk(t *testing.T) *walk {
	t.Helper()
	var document struct {
		Defs map[string]node `json:"$defs"`
	}
	if err := json.Unmarshal(schema.Exports()[0].Content, &document); err != nil {
		t.Fatal(err)
	}
	return &walk{t: t, defs: document.Defs, seen: map[string]bool{}, broken: map[string][]byte{}}
}

type node = map[string]any

// walk goes through values along their schema.
type walk struct {
	t      *testing.T
	defs   map[string]node
	whole  any               // the value that is walked through
	seen   map[string]bool   // members, as definition.member
	broken map[string][]byte // by what is wrong
}

// text visits a value of a definition.
func (w *walk) text(definition string, text []byte) {
	w.t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	w.whole = nil
	if err := decoder.Decode(&w.whole); err != nil {
		w.t.Fatal(err)
	}
	w.value(definition, node{"$ref": "#/$defs/" + definition}, w.whole, func(other any) { w.whole = other })
}

// value visits a value; set puts another one in its place.
func (w *walk) value(name string, schema node, value any, set func(any)) {
	for {
		if ref, ok := schema["$ref"].(string); ok {
			name = strings.TrimPrefix(ref, "#/$defs/")
			schema = w.defs[name]
		} else if all, ok := schema["allOf"].([]any); ok {
			schema = all[0].(node)
		} else {
			break
		}
	}
	if name == "JSONValue" {
		return // it can't be broken
	}
	if variants, ok := schema["oneOf"].([]any); ok {
		w.breaks(name+" is of no variant", func() { set("text") }, func() { set(value) })
		w.value(name, w.variant(variants, value), value, set)
		return
	}
	if options, ok := schema["anyOf"].([]any); ok { // a value or null
		if value != nil {
			w.value(name, options[0].(node), value, set)
		}
		return
	}
	w.breaks(name+" has another type", func() { set([]any{node{}, true}) }, func() { set(value) })
	if schema["enum"] != nil || schema["const"] != nil || schema["format"] == "date-time" {
		w.breaks(name+" has another value", func() { set("no such value") }, func() { set(value) })
	}
	if schema["minimum"] != nil {
		w.breaks(name+" is too small", func() { set(-1) }, func() { set(value) })
	}
	switch value := value.(type) {
	case node:
		w.object(name, schema, value)
		if element, ok := schema["additionalProperties"].(node); ok {
			for key, member := range value {
				w.value(name+"{}", element, member, func(other any) { value[key] = other })
			}
		}
	case []any:
		if items, ok := schema["items"].(node); ok {
			for i, element := range value {
				w.value(name+"[]", items, element, func(other any) { value[i] = other })
			}
		}
	}
}

// variant is the schema of a union that a value's type chooses.
func (w *walk) variant(variants []any, value any) node {
	object, _ := value.(node)
	for _, v := range variants {
		name := strings.TrimPrefix(v.(node)["$ref"].(string), "#/$defs/")
		tag := w.defs[name]["properties"].(node)["type"].(node)
		values, _ := tag["enum"].([]any)
		if tag["const"] == object["type"] || slices.Contains(values, object["type"]) {
			return v.(node)
		}
	}
	w.t.Fatalf("no variant has the type %v", object["type"])
	return nil
}

func (w *walk) object(name string, schema, object node) {
	properties, _ := schema["properties"].(node)
	required, _ := schema["required"].([]any)
	for _, member := range slices.Sorted(maps.Keys(properties)) {
		value, ok := object[member]
		if !ok {
			continue
		}
		path := name + "." + member
		w.seen[path] = true
		if slices.Contains(required, any(member)) {
			w.breaks(path+" is missing", func() { delete(object, member) }, func() { object[member] = value })
		}
		w.value(path, properties[member].(node), value, func(other any) { object[member] = other })
	}
}

// breaks keeps the value as it is when something is wrong with it.
func (w *walk) breaks(what string, wrong, right func()) {
	if w.broken[what] != nil {
		return
	}
	wrong()
	broken, err := json.Marshal(w.whole)
	right()
	if err != nil {
		w.t.Fatal(err)
	}
	w.broken[what] = broken
}

// members are all that values of some definitions can have, in whatever depth.
func (w *walk) members(roots ...string) []string {
	found := map[string]bool{}
	visited := map[string]bool{}
	var visit func(name string, schema any)
	visit = func(name string, schema any) {
		switch schema := schema.(type) {
		case []any:
			for _, s := range schema {
				visit(name, s)
			}
		case node:
			if ref, ok := schema["$ref"].(string); ok {
				name = strings.TrimPrefix(ref, "#/$defs/")
				if !visited[name] {
					visited[name] = true
					visit(name, w.defs[name])
				}
			}
			properties, _ := schema["properties"].(node)
			for member, s := range properties {
				found[name+"."+member] = true
				visit(name+"."+member, s)
			}
			for _, keyword := range []string{"oneOf", "anyOf", "allOf", "items", "additionalProperties"} {
				visit(name, schema[keyword])
			}
		}
	}
	for _, root := range roots {
		visit("", node{"$ref": "#/$defs/" + root})
	}
	return slices.Sorted(maps.Keys(found))
}

// The walk itself leaves events as they were.
func TestMutationsLeaveTheRestAlone(t *testing.T) {
	w := walkGoldens(t)
	var missing, whole node
	if err := json.Unmarshal(w.broken["SessionStartedEvent.raw is missing"], &missing); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(w.broken["SessionStartedEvent.session_id is missing"], &whole); err != nil {
		t.Fatal(err)
	}
	missing["raw"], whole["session_id"] = whole["raw"], missing["session_id"]
	if diff := cmp.Diff(missing, whole); diff != "" {
		t.Error(diff)
	}
}
