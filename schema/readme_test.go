package schema_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What the README says of other languages works as it stands there.
func TestREADME(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n## From any other language\n")
	if !ok {
		t.Fatal("README has no section for other languages")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	c := newConsumer(t)
	if err := os.Symlink(c.modules, filepath.Join(c.dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(c.dir, "bin", "sandbox-agent"), "../cmd/sandbox-agent")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	// npx with a library that is there would still ask the network.
	names := map[string]string{"json-schema-to-typescript": "json2ts"}
	for line := range strings.Lines(snippet(t, section, "sh")) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if words[0] == "npx" {
			words = words[1:]
			if name := names[words[0]]; name != "" {
				words[0] = name
			}
			words[0] = filepath.Join(c.modules, ".bin", words[0])
		} else {
			words[0] = filepath.Join(c.dir, words[0])
		}
		cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
		cmd.Dir = c.dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.TrimSpace(line), err, out)
		}
	}
	for _, name := range []string{"events.d.ts", "api.d.ts", "api/openrpc.json"} {
		if _, err := os.Stat(filepath.Join(c.dir, name)); err != nil {
			t.Error(err)
		}
	}
	c.write("validate.js", []byte(snippet(t, section, "js")))
	cmd := exec.CommandContext(t.Context(), "node", "validate.js")
	cmd.Dir = c.dir
	cmd.Stdin = strings.NewReader(string(mockEvents(t)[0]) + "\n{\"type\":\"none\"}\n")
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "session.started true\nnone false\n" {
		t.Errorf("the validator says %q, %v", out, err)
	}
}

// snippet is the first block of a language.
func snippet(t *testing.T, text, language string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, "```"+language+"\n")
	block, _, ok2 := strings.Cut(rest, "```")
	if !ok || !ok2 {
		t.Fatalf("there is no block of %s", language)
	}
	return block
}
