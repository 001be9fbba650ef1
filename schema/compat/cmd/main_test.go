package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/schema"
	"github.com/sandbox-agent/sandbox-agent/schema/compat"
)

// repository is a new repository, the working directory of the test.
func repository(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	for name, value := range map[string]string{
		"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CEILING_DIRECTORIES": filepath.Dir(dir),
		"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com",
	} {
		t.Setenv(name, value)
	}
	gitDo(t, "init", "--quiet")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t)
}

// write writes the schema, with replacements of old by new texts.
func write(t *testing.T, replace ...string) {
	t.Helper()
	for _, export := range schema.Exports() {
		content := strings.NewReplacer(replace...).Replace(string(export.Content))
		if err := os.WriteFile(filepath.Join(folder, export.Name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func commit(t *testing.T) {
	t.Helper()
	gitDo(t, "add", ".")
	gitDo(t, "commit", "--quiet", "--message", "x")
}

func gitDo(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "git", args...).CombinedOutput(); err != nil {
		t.Fatalf("git %s: %v\n%s", args[0], err, out)
	}
}

func TestCheck(t *testing.T) {
	repository(t)
	const id, higher = "urn:sandbox-agent:schema:" + schema.Version, "urn:sandbox-agent:schema:999.0"
	wants := func(step, base string, refused bool) {
		t.Helper()
		err := run(t.Context(), base)
		var breaking *compat.BreakingError
		if errors.As(err, &breaking) != refused || !refused && err != nil {
			t.Errorf("%s: %v", step, err)
		}
	}
	gitDo(t, "commit", "--quiet", "--allow-empty", "--message", "x")
	wants("there was no schema before", "", false)
	commit(t)
	wants("nothing changed", "", false)
	write(t, `"backgroundTasks"`, `"renamed"`)
	wants("a break in the working tree", "", true)
	commit(t)
	wants("a break that was committed", "", true)
	wants("compared with itself", "HEAD", false)
	write(t, `"backgroundTasks"`, `"renamed"`, id, higher)
	wants("only the number is higher, compared with the last commit", "", false)
	wants("a break with a higher number", "HEAD~1", false)
	write(t)
	commit(t)
	wants("put right", "HEAD~2", false)
}

func TestCheckCannotRun(t *testing.T) {
	repository(t)
	commit(t)
	if err := run(t.Context(), "nosuchcommit"); err == nil || !strings.Contains(err.Error(), "git show") {
		t.Errorf("an unknown commit: %v", err)
	}
	if err := os.Remove(filepath.Join(folder, "openapi.json")); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), ""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing document: %v", err)
	}

	if err := os.WriteFile(filepath.Join(folder, "openapi.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "the new schema: OpenAPI") {
		t.Errorf("a broken document: %v", err)
	}
}
