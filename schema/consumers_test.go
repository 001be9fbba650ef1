package schema_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/sandbox-agent/sandbox-agent/fixtures/nodemodules"
	"github.com/sandbox-agent/sandbox-agent/schema"
)

// consumer runs programs of Node.js in a folder with the exported files.
type consumer struct {
	t       *testing.T
	dir     string
	modules string
}

func newConsumer(t *testing.T) *consumer {
	t.Helper()
	modules, err := nodemodules.Ensure(t.Context(), "testdata/consumers/package.json")
	if err != nil {
		t.Fatal(err)
	}
	c := &consumer{t: t, dir: t.TempDir(), modules: modules}
	for _, export := range schema.Exports() {
		c.write(export.Name, export.Content)
	}
	return c
}

func (c *consumer) write(name string, content []byte) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), content, 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// node runs a program, and returns what it prints on both streams.
func (c *consumer) node(program string, args ...string) (stdout, stderr string) {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), "node", append([]string{program}, args...)...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "NODE_PATH="+c.modules)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		c.t.Fatalf("%s: %v\n%s%s", filepath.Base(program), err, out.Bytes(), errs.Bytes())
	}
	return out.String(), errs.String()
}

// ajv in its strict mode gives the same verdicts as the validator of our tests.
func TestAjv(t *testing.T) {
	t.Parallel()
	c := newConsumer(t)
	var lines bytes.Buffer
	count := 0
	add := func(what string, valid bool, event []byte) {
		count++
		line, err := json.Marshal(map[string]any{"what": what, "valid": valid, "event": json.RawMessage(event)})
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(line, '\n'))
	}
	for file, events := range allEvents(t) {
		for i, event := range events {
			add(fmt.Sprintf("%s:%d", file, i+1), true, event)
		}
	}
	for what, event := range mutations(t) {
		add(what, false, event)
	}
	c.write("events.jsonl", lines.Bytes())
	program, err := filepath.Abs("testdata/consumers/validate.js")
	if err != nil {
		t.Fatal(err)
	}
	wrong, counted := c.node(program, "schema.json", "events.jsonl")
	if wrong != "" {
		t.Errorf("ajv has other verdicts:\n%s", wrong)
	}
	if strings.TrimSpace(counted) != fmt.Sprint(count) {
		t.Errorf("ajv saw %q events of %d", counted, count)
	}
}

// The types that generators make of the documents narrow on the type of an
// event.
func TestTypeScriptNarrows(t *testing.T) {
	t.Parallel()
	program, err := os.ReadFile("testdata/consumers/narrow.ts")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		generator string
		args      []string
		events    string // how its types get the names that the program knows
	}{
		{
			"json-schema-to-typescript/dist/src/cli.js",
			[]string{"--input", "schema.json", "--output", "generated.d.ts", "--unreachableDefinitions"},
			`export type { ContentPart, UniversalEvent } from "./generated";`,
		},
		{
			"openapi-typescript/bin/cli.js",
			[]string{"openapi.json", "--output", "generated.d.ts"},
			`import type { components, paths } from "./generated";
			export type UniversalEvent = components["schemas"]["UniversalEvent"];
			export type ContentPart = components["schemas"]["ContentPart"];
			type Create = paths["/v1/sessions/{sessionId}"]["post"];
			export const body: NonNullable<Create["requestBody"]>["content"]["application/json"] = { agent: "mock", mcp: { files: { type: "local", command: "mcp-files" } } };
			export const turn = (r: paths["/v1/sessions/{sessionId}/messages"]["post"]["responses"][204]): string => r.headers["Turn-Id"];
			export const listed = (r: paths["/v1/sessions"]["get"]["responses"][200]): string | null => r.content["application/json"].sessions[0]?.title ?? null;
			export const kind = (r: Create["responses"][409]): "urn:sandbox-agent:error:session_already_exists" | "urn:sandbox-agent:error:session_busy" => r.content["application/json"].type;`,
		},
		{
			generator: "sandbox-agent", // our own, whose types are exported
			events:    `export type { ContentPart, UniversalEvent } from "./sandbox-agent";`,
		},
	} {
		name, _, _ := strings.Cut(tt.generator, "/")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newConsumer(t)
			if tt.args != nil {
				c.node(filepath.Join(c.modules, filepath.FromSlash(tt.generator)), tt.args...)
			}
			c.write("events.ts", []byte(tt.events))
			c.write("narrow.ts", program)
			c.node(filepath.Join(c.modules, "typescript", "bin", "tsc"),
				"--strict", "--noEmit", "--target", "es2022", "--module", "nodenext", "narrow.ts", "events.ts")
		})
	}
}

// Another reader of OpenAPI takes the document.
func TestOpenAPIIsValid(t *testing.T) {
	loader := openapi3.NewLoader()
	document, err := loader.LoadFromData(schema.Exports()[1].Content)
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if document.OpenAPI != "3.1.0" || document.Info.Version != schema.Version {
		t.Errorf("OpenAPI %s, version %s", document.OpenAPI, document.Info.Version)
	}
}
