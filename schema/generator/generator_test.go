package generator_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/schema"
	"github.com/sandbox-agent/sandbox-agent/schema/generator"
)

const root = "../.."

// The exported files are what the code says now.
func TestExportsAreCurrent(t *testing.T) {
	made, err := generator.Documents(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(made) != 3 {
		t.Fatalf("%d documents were made", len(made))
	}
	for _, want := range made {
		for _, got := range schema.Exports() {
			if got.Name == want.Name && !bytes.Equal(got.Content, want.Content) {
				t.Errorf("%s is old; run make generate (-file +code):\n%s", got.Name,
					cmp.Diff(strings.Split(string(got.Content), "\n"), strings.Split(string(want.Content), "\n")))
			}
		}
	}
}

// Every schema and every method says what it is for.
func TestEverythingIsDescribed(t *testing.T) {
	made, err := generator.Documents(root)
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Defs map[string]struct {
			Description string
		} `json:"$defs"`
	}
	if err := json.Unmarshal(made[0].Content, &document); err != nil {
		t.Fatal(err)
	}
	for name, def := range document.Defs {
		if def.Description == "" {
			t.Errorf("%s has no description", name)
		}
	}
}

func TestNoSource(t *testing.T) {
	if _, err := generator.Documents(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no source") {
		t.Errorf("got %v", err)
	}
}

// The program reads the documents and holds nothing of what makes or checks
// them.
func TestProgramLinksNoGenerator(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "../../cmd/sandbox-agent").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"invopop/jsonschema", "santhosh-tekuri/jsonschema", "kin-openapi", "schema/generator", "schema/schematest"} {
		if strings.Contains(string(out), name) {
			t.Errorf("the program links %s", name)
		}
	}
}

// A schema may be written as true, which many readers of OpenAPI refuse.
func TestSchemasAreObjects(t *testing.T) {
	made, err := generator.Documents(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, export := range made {
		for _, keyword := range []string{"schema", "items"} {
			if bytes.Contains(export.Content, []byte(`"`+keyword+`": true`)) {
				t.Errorf("%s: %s is true", export.Name, keyword)
			}
		}
	}
}
