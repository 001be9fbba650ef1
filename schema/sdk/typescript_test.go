package sdk_test

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/fixtures/agents"
	"github.com/sandbox-agent/sandbox-agent/fixtures/modelserver"
	"github.com/sandbox-agent/sandbox-agent/fixtures/nodemodules"
)

var update = flag.Bool("update", false, "write again what is generated from the schema")

// typescript is a copy of the TypeScript package with what it is developed
// with, where it can be built without leaving anything in the tree.
type typescript struct {
	t   *testing.T
	dir string
	env []string
}

func newTypeScript(t *testing.T) typescript {
	t.Helper()
	modules, err := nodemodules.Ensure(t.Context(), filepath.Join("typescript", "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	ts := typescript{t: t, dir: t.TempDir(), env: os.Environ()}
	for _, name := range []string{"package.json", "README.md", "tsconfig.json", "tsconfig.test.json", "src", "scripts", "test"} {
		ts.copy(filepath.Join("typescript", name), name)
	}
	if err := os.Symlink(modules, filepath.Join(ts.dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return ts
}

// copy copies a file, or a folder with all in it.
func (ts typescript) copy(from, to string) {
	ts.t.Helper()
	to = filepath.Join(ts.dir, to)
	info, err := os.Stat(from)
	if err != nil {
		ts.t.Fatal(err)
	}
	if info.IsDir() {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			ts.t.Fatal(err)
		}
		return
	}
	content, err := os.ReadFile(from)
	if err != nil {
		ts.t.Fatal(err)
	}
	if err := os.WriteFile(to, content, 0o644); err != nil {
		ts.t.Fatal(err)
	}
}

// run runs a program in the package's folder and returns what it prints.
func (ts typescript) run(program string, args ...string) string {
	ts.t.Helper()
	cmd := exec.CommandContext(ts.t.Context(), program, args...)
	cmd.Dir, cmd.Env = ts.dir, ts.env
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		ts.t.Fatalf("%s %s: %v\n%s%s", program, strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out)
}

func (ts typescript) build() {
	ts.t.Helper()
	ts.run("npm", "run", "--silent", "build")
}

// TestTypeScriptGenerated holds the generated sources to the exported schema.
func TestTypeScriptGenerated(t *testing.T) {
	t.Parallel()
	ts := newTypeScript(t)
	schema, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	ts.run("node", "scripts/generate.mjs", "--schema", schema)
	for _, name := range []string{"src/types.ts", "src/routes.ts"} {
		want, err := os.ReadFile(filepath.Join(ts.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		committed := filepath.Join("typescript", name)
		if *update {
			if err := os.WriteFile(committed, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(committed)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
			t.Errorf("%s is not what the schema makes; run make generate (-want +got):\n%s", name, diff)
		}
	}
}

// TestTypeScript runs the tests of the package against the program: with the
// mock, and with real agents and a scripted model.
func TestTypeScript(t *testing.T) {
	t.Parallel()
	ts := newTypeScript(t)
	ts.build()
	server, err := modelserver.Start(modelserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	home := t.TempDir()
	ts.env = append(modelserver.ClaudeEnv(server.URL(), home), modelserver.CodexEnv(server.URL(), home)...)
	ts.env = append(ts.env, "SANDBOX_AGENT_BIN="+buildProgram(t))
	for id, variable := range map[string]string{"claude": "SANDBOX_AGENT_CLAUDE_PATH", "codex": "SANDBOX_AGENT_CODEX_PATH"} {
		program, err := agents.Ensure(t.Context(), id, func(line string) { t.Log(line) })
		if err != nil {
			t.Fatal(err)
		}
		ts.env = append(ts.env, variable+"="+program)
	}
	ts.run("npm", "run", "--silent", "test")
}

// TestTypeScriptPackage packs the package as it would be published and uses it
// from a program that has nothing but it and the types of Node.js.
func TestTypeScriptPackage(t *testing.T) {
	t.Parallel()
	ts := newTypeScript(t)
	ts.build()
	var packed []struct {
		Filename string `json:"filename"`
		Files    []struct {
			Path string `json:"path"`
		} `json:"files"`
	}
	if err := json.Unmarshal([]byte(ts.run("npm", "pack", "--json", "--ignore-scripts")), &packed); err != nil {
		t.Fatal(err)
	}
	want := []string{"README.md", "package.json"}
	sources, err := filepath.Glob("typescript/src/*.ts")
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range sources {
		name := strings.TrimSuffix(filepath.Base(source), ".ts")
		want = append(want, "dist/"+name+".d.ts", "dist/"+name+".js")
	}
	var got []string
	for _, file := range packed[0].Files {
		got = append(got, file.Path)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the package holds (-want +got):\n%s", diff)
	}

	consumer := typescript{t: t, dir: t.TempDir(), env: append(os.Environ(), "SANDBOX_AGENT_BIN=")}
	consumer.copy("typescript/test/consumer", ".")
	modules := filepath.Join(consumer.dir, "node_modules")
	if err := os.MkdirAll(filepath.Join(modules, "sandbox-agent"), 0o755); err != nil {
		t.Fatal(err)
	}
	consumer.run("tar", "-xzf", filepath.Join(ts.dir, packed[0].Filename), "-C", filepath.Join(modules, "sandbox-agent"), "--strip-components=1")
	for _, name := range []string{"@types", "undici-types", "typescript"} {
		if err := os.Symlink(filepath.Join(ts.dir, "node_modules", name), filepath.Join(modules, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(consumer.dir, "package.json"), []byte(`{"type":"module"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	// The program comes from the package of the platform, and without the
	// right to run, which some package managers lose.
	binaries := filepath.Join("node_modules", "@sandbox-agent", "cli-"+consumer.run("node", "-p", "`${process.platform}-${process.arch}`"))
	binaries = filepath.Join(strings.TrimSpace(binaries), "bin")
	if err := os.MkdirAll(filepath.Join(consumer.dir, binaries), 0o755); err != nil {
		t.Fatal(err)
	}
	program := buildProgram(t)
	consumer.copy(program, filepath.Join(binaries, filepath.Base(program)))
	consumer.run("node", "node_modules/typescript/bin/tsc", "-p", ".")
	if out := consumer.run("node", "build/narrow.js"); out != "true\n" {
		t.Errorf("the program prints %q", out)
	}
}

// TestTypeScriptREADME lets the project's README show only what the package's
// README shows too, whose examples are run.
func TestTypeScriptREADME(t *testing.T) {
	t.Parallel()
	own, err := os.ReadFile("typescript/README.md")
	if err != nil {
		t.Fatal(err)
	}
	project, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "```ts\n", "\n```\n"
	for _, block := range strings.Split(string(project), begin)[1:] {
		code, _, _ := strings.Cut(block, end)
		if !strings.Contains(string(own), begin+code+end) {
			t.Errorf("README.md has an example that the package's README has not:\n%s", code)
		}
	}
}
