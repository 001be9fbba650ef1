package schema_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/schema"
)

// Every reference of a document leads somewhere in it.
func TestReferencesResolve(t *testing.T) {
	for _, export := range schema.Exports()[:3] {
		var document any
		if err := json.Unmarshal(export.Content, &document); err != nil {
			t.Fatal(err)
		}
		count := 0
		var visit func(value any)
		visit = func(value any) {
			switch value := value.(type) {
			case []any:
				for _, v := range value {
					visit(v)
				}
			case node:
				if ref, ok := value["$ref"].(string); ok {
					count++
					var target any = document
					for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
						object, _ := target.(node)
						target = object[name]
					}
					if target == nil {
						t.Errorf("%s: nothing is at %s", export.Name, ref)
					}
				}
				for _, v := range value {
					visit(v)
				}
			}
		}
		visit(document)
		if count == 0 {
			t.Errorf("%s has no references", export.Name)
		}
	}
}

// OpenRPC's rules that no other test looks at, and that it has the whole table.
func TestOpenRPC(t *testing.T) {
	type described struct {
		Name           string
		ParamStructure string
		SentBy         string
		Params         []struct {
			Name     string
			Required bool
		}
	}
	var document struct {
		OpenRPC       string
		Info          struct{ Title, Version string }
		Methods       []described
		Notifications []described `json:"x-notifications"`
		Components    struct {
			Errors map[string]struct {
				Code int
				Data struct{ Kinds []string }
			}
		}
	}
	if err := json.Unmarshal(schema.Exports()[2].Content, &document); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(document.OpenRPC, "1.") || document.Info.Version != schema.Version || document.Info.Title == "" {
		t.Errorf("OpenRPC %s, %+v", document.OpenRPC, document.Info)
	}
	var want, got []string
	for _, m := range rpc.Table() {
		want = append(want, m.Name)
	}
	for _, n := range rpc.Notifications() {
		want = append(want, map[bool]string{true: "client", false: "server"}[n.FromClient]+" "+n.Name)
	}
	for _, m := range document.Methods {
		got = append(got, m.Name)
	}
	for _, n := range document.Notifications {
		got = append(got, n.SentBy+" "+n.Name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("methods and notifications (-table +document):\n%s", diff)
	}
	for _, m := range append(document.Methods, document.Notifications...) {
		optional := false
		for _, p := range m.Params {
			if p.Required && optional {
				t.Errorf("%s: %s is required and comes after an optional one", m.Name, p.Name)
			}
			optional = optional || !p.Required
		}
		if m.ParamStructure != "by-name" {
			t.Errorf("%s: the params are given %s", m.Name, m.ParamStructure)
		}
	}
	codes := map[int]bool{}
	var kinds []string
	for name, e := range document.Components.Errors {
		if codes[e.Code] {
			t.Errorf("%s: another error has the code %d", name, e.Code)
		}
		codes[e.Code] = true
		kinds = append(kinds, e.Data.Kinds...)
	}
	for _, e := range rpc.Errors() {
		if !slices.Contains(kinds, string(e.Kind)) {
			t.Errorf("%s is no error", e.Kind)
		}
	}
}
